//! A local folder in the place of a bucket.
//!
//! | Promise | How |
//! |---|---|
//! | Half an object is never seen, not even after SIGKILL | bodies are written to a file of their own under `.store/`, which then gets the object's name in one step |
//! | `put_new` has one winner | a hard link, which fails when the name is taken |
//! | `put_if_match` compares and writes in one step, between processes too | an advisory lock on a file under `.store/` around both; every way to replace or delete an object takes it |
//! | Facts outlive a power cut | the file and its folder are synced for `put_new` and `put_if_match`; `put` (what is derived) leaves that to the system |
//! | Only the owner reads the data | files 0600, folders 0700 |
//!
//! **Versions.** Up to 1 MiB an object's version is a digest of its content, as in S3. Larger objects (exports) are not
//! read for it: their version is size, modification time and inode. That changes with every replacement and with
//! `touch`, and misses only a change in place within the resolution of the file system's clock.
//!
//! **Folders and objects share names.** `a` and `a/b` cannot both be objects, as they can in S3; the keys of the
//! protocol never ask for it. Links to files are followed, links to folders are not listed. `.store` and `secrets` at
//! the root are no objects: they hold locks and unfinished files, and the secrets beside the store.
//!
//! For Unix: it relies on hard links, modes and inodes.

mod files;
mod listing;
mod store;
mod version;

pub use store::LocalStore;
