//! What a store promises: the few requests of S3 that the run protocol is built on.

use std::fmt;
use std::ops::Range;
use std::path::Path;

use async_trait::async_trait;
use bytes::Bytes;

use super::error::{Operation, StoreError};

/// A moment by the store's clock.
pub use jiff::Timestamp;

/// The version of an object's content, as the store names it. Opaque: only equality means anything.
///
/// The quotes that S3 puts around it are taken off, so that the tag of an answer equals the one of a notification.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ETag(String);

impl ETag {
    /// Takes the tag of an answer or a notification, with or without quotes.
    pub fn new(tag: &str) -> Self {
        Self(tag.trim_matches('"').to_owned())
    }

    /// The tag without quotes.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One version of an object: only this one is read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Version {
    /// The version of its content.
    pub etag: ETag,
    /// Its id, where the bucket keeps versions: it can be read though another one was written over it.
    pub id: Option<String>,
}

impl Version {
    /// The version with this content, as long as it is the object's newest one.
    pub fn of(etag: &ETag) -> Self {
        Self {
            etag: etag.clone(),
            id: None,
        }
    }
}

/// A whole object, with what the protocol's clock rule needs: differences are only taken between
/// `last_modified` and `now`, both of which are the store's.
#[derive(Debug, Clone)]
pub struct Object {
    /// The content.
    pub body: Bytes,
    /// The version of the content.
    pub etag: ETag,
    /// When the object was written or touched last.
    pub last_modified: Timestamp,
    /// The store's clock when it answered (S3: the answer's `Date` header).
    pub now: Timestamp,
}

/// What is known of an object without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stat {
    /// The size in bytes.
    pub size: u64,
    /// The version of the content.
    pub etag: ETag,
    /// When the object was written or touched last.
    pub last_modified: Timestamp,
    /// The id of this version, where the bucket keeps versions.
    pub version_id: Option<String>,
}

/// One line of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The object's key.
    pub key: String,
    /// The size in bytes.
    pub size: u64,
    /// When the object was written or touched last.
    pub last_modified: Timestamp,
}

/// What became of a conditional write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a refused write means that something is there already: look at it"]
pub enum Put {
    /// The object now holds the body.
    Written,
    /// The condition did not hold: the object exists, is gone, or has another version.
    ///
    /// It may have been this very write that took effect, when an answer was lost and the client asked again:
    /// read the object and go on from what is there, never conclude "someone else".
    Refused,
}

/// One bucket, or a folder in its place. Facts are written once, one register changes by compare-and-set.
///
/// Keys are checked by [`check_key`](super::check_key): they come from outside.
#[async_trait]
pub trait Store: Send + Sync {
    /// Reads a whole object; `None` when there is none. For objects that fit into memory.
    async fn get(&self, key: &str) -> Result<Option<Object>, StoreError>;

    /// Reads the bytes of `range`; fewer at the end of the object, none behind it. `None` when there is no object.
    ///
    /// With `version` only that version is read.
    ///
    /// # Errors
    /// [`StoreError::Changed`] when the object has another version by now, and the old one is not kept.
    async fn get_range(
        &self,
        key: &str,
        range: Range<u64>,
        version: Option<&Version>,
    ) -> Result<Option<Bytes>, StoreError>;

    /// Looks an object up without reading it; `None` when there is none.
    async fn stat(&self, key: &str) -> Result<Option<Stat>, StoreError>;

    /// Looks up the version of this id; `None` when it is not kept. A store without versions has the newest one only.
    async fn stat_version(&self, key: &str, _id: &str) -> Result<Option<Stat>, StoreError> {
        self.stat(key).await
    }

    /// Writes a fact: refused when the key exists. Of any number of writers at once, one wins.
    async fn put_new(&self, key: &str, body: Bytes) -> Result<Put, StoreError>;

    /// Changes a register: refused when its version is not `etag` any more, or the object is gone.
    async fn put_if_match(&self, key: &str, body: Bytes, etag: &ETag) -> Result<Put, StoreError>;

    /// Writes what is derived and may be written again, whatever was there.
    async fn put(&self, key: &str, body: Bytes) -> Result<(), StoreError>;

    /// Writes the content of a local file, whatever was there, without holding it in memory where the store can.
    async fn put_file(&self, key: &str, path: &Path) -> Result<(), StoreError> {
        let body = tokio::fs::read(path).await.map_err(|source| StoreError::Local {
            operation: Operation::Put,
            key: key.to_owned(),
            source,
        })?;
        self.put(key, Bytes::from(body)).await
    }

    /// The objects whose key starts with `prefix` and comes after `start_after`, sorted by the bytes of their keys,
    /// at most `limit` of them (pages are followed).
    async fn list(
        &self,
        prefix: &str,
        start_after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Listed>, StoreError>;

    /// Deletes an object. One that is not there is no error.
    async fn delete(&self, key: &str) -> Result<(), StoreError>;

    /// Copies an object onto itself, which makes a new creation event and a new last-modified time; `false` when there
    /// is no such object. Content stays, the version may get another name: only for objects that never change.
    async fn touch(&self, key: &str) -> Result<bool, StoreError>;
}
