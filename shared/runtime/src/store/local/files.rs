//! Files that appear whole or not at all.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

/// Holds unfinished files and locks; on the same file system as the objects, since a link cannot leave it.
pub(super) const PRIVATE: &str = ".store";

/// Unfinished files of a process that was killed are cleaned up after this time.
const LEFTOVER: Duration = Duration::from_hours(24);

/// How often a write makes its folder again, when a deletion beside it takes the empty folder away.
const FOLDER_TRIES: usize = 32;

/// The folder that stands for a bucket.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) root: PathBuf,
    unfinished: PathBuf,
    locks: PathBuf,
}

/// A file that has no object's name yet. Dropped without one, it is deleted.
pub(super) struct Unfinished {
    path: PathBuf,
    pub(super) file: File,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // After a rename there is nothing left to delete; what stays in other cases is cleaned up at the next open.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Folder {
    /// Makes the folder where it is missing, and cleans up after processes that were killed.
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        let private = root.join(PRIVATE);
        let folder = Self {
            root: root.to_owned(),
            unfinished: private.join("unfinished"),
            locks: private.join("locks"),
        };
        for path in [&folder.unfinished, &folder.locks] {
            DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        }
        folder.clean_up()?;
        Ok(folder)
    }

    fn clean_up(&self) -> io::Result<()> {
        for entry in std::fs::read_dir(&self.unfinished)? {
            let entry = entry?;
            let age = entry
                .metadata()
                .and_then(|metadata| metadata.modified())
                .map(|modified| SystemTime::now().duration_since(modified).unwrap_or_default());
            if age.is_ok_and(|age| age > LEFTOVER) {
                // Another process may be cleaning up as well.
                let _ = std::fs::remove_file(entry.path());
            }
        }
        Ok(())
    }

    pub(super) fn path(&self, key: &str) -> PathBuf {
        self.root.join(key)
    }

    /// An empty file to be filled and then named by [`Folder::name_new`] or [`Folder::rename`].
    pub(super) fn unfinished(&self) -> io::Result<Unfinished> {
        let path = self
            .unfinished
            .join(format!("{}-{:016x}", std::process::id(), rand::random::<u64>()));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        Ok(Unfinished { path, file })
    }

    /// Gives the file its name unless the name is taken (`false`), and makes it last.
    pub(super) fn name_new(&self, unfinished: &Unfinished, key: &str) -> io::Result<bool> {
        unfinished.file.sync_all()?;
        let path = self.path(key);
        match self.in_folder(key, true, || std::fs::hard_link(&unfinished.path, &path)) {
            Ok(()) => {
                sync_parent(&path)?;
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                if path.is_dir() {
                    return Err(io::Error::new(ErrorKind::IsADirectory, "a folder has this name"));
                }
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Gives the file its name in the place of what had it. The caller holds the key's lock.
    pub(super) fn rename(&self, unfinished: &Unfinished, key: &str, lasting: bool) -> io::Result<()> {
        if lasting {
            unfinished.file.sync_all()?;
        }
        let path = self.path(key);
        self.in_folder(key, lasting, || std::fs::rename(&unfinished.path, &path))?;
        if lasting {
            sync_parent(&path)?;
        }
        Ok(())
    }

    /// Deletes an object, then the folders that it leaves empty. The caller holds the key's lock.
    pub(super) fn delete(&self, key: &str) -> io::Result<()> {
        match std::fs::remove_file(self.path(key)) {
            Ok(()) => {}
            Err(error) if is_absent(&error) => return Ok(()),
            Err(error) => return Err(error),
        }
        let mut parent = Path::new(key).parent();
        while let Some(folder) = parent.filter(|folder| !folder.as_os_str().is_empty()) {
            // Refused by the system as long as something is in it.
            if std::fs::remove_dir(self.root.join(folder)).is_err() {
                break;
            }
            parent = folder.parent();
        }
        Ok(())
    }

    /// Waits until this key is nobody else's, in this process and in others. Unlocked when the file is dropped, or
    /// its process dies.
    pub(super) fn lock(&self, key: &str) -> io::Result<File> {
        let shard = Sha256::digest(key.as_bytes())
            .first()
            .copied()
            .unwrap_or_default();
        let path = self.locks.join(format!("{shard:02x}"));
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)?;
        file.lock()?;
        Ok(file)
    }

    /// Does `work` in the key's folder, made as often as a deletion beside it takes it away.
    fn in_folder(
        &self,
        key: &str,
        lasting: bool,
        mut work: impl FnMut() -> io::Result<()>,
    ) -> io::Result<()> {
        let path = self.path(key);
        let parent = path.parent().unwrap_or(&self.root);
        let mut tries = 0;
        loop {
            match work() {
                Err(error) if error.kind() == ErrorKind::NotFound && tries < FOLDER_TRIES => {
                    tries += 1;
                    match make_folders(parent, lasting) {
                        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                        _ => {}
                    }
                }
                answer => return answer,
            }
        }
    }
}

/// Whether the error says that no object has this name.
pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory
    )
}

fn make_folders(path: &Path, lasting: bool) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let parent = path.parent().ok_or(error)?;
            make_folders(parent, lasting)?;
            match DirBuilder::new().mode(0o700).create(path) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        Err(error) => return Err(error),
    }
    if lasting { sync_parent(path) } else { Ok(()) }
}

/// A new name lasts when its folder was synced.
fn sync_parent(path: &Path) -> io::Result<()> {
    let Some(parent) = path.parent() else {
        return Ok(());
    };
    match File::open(parent) {
        Ok(folder) => folder.sync_all(),
        // Taken away with what was in it.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
