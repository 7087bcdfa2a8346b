//! The requests.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::mpsc::UnboundedSender;

use super::files::{Folder, Unfinished, is_absent};
use super::listing::{self, RESERVED};
use super::version;
use crate::store::{
    ETag, Listed, Object, Operation, Put, Stat, Store, StoreError, Timestamp, Version, check_key,
};

/// A store in a local folder; any number of processes may use the same folder at once.
#[derive(Debug, Clone)]
pub struct LocalStore {
    folder: Arc<Folder>,
    created: Option<UnboundedSender<String>>,
}

impl LocalStore {
    /// Opens a folder, made where it is missing.
    ///
    /// # Errors
    /// [`StoreError::Local`] when it cannot be made or written.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let folder = Folder::open(root).map_err(|source| StoreError::Local {
            operation: Operation::Open,
            key: root.display().to_string(),
            source,
        })?;
        Ok(Self {
            folder: Arc::new(folder),
            created: None,
        })
    }

    /// Sends the key of every object that this store creates, replaces or touches: the stand-in for the notifications
    /// of a bucket. What other processes write is not seen.
    #[must_use]
    pub fn with_creations(mut self, created: UnboundedSender<String>) -> Self {
        self.created = Some(created);
        self
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.folder.root
    }

    /// Runs file work beside the async threads.
    async fn blocking<T: Send + 'static>(
        &self,
        operation: Operation,
        key: &str,
        work: impl FnOnce(&Folder, &str) -> io::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (folder, owned) = (Arc::clone(&self.folder), key.to_owned());
        let answer = tokio::task::spawn_blocking(move || work(&folder, &owned)).await;
        answer
            .map_err(io::Error::other)
            .and_then(|done| done)
            .map_err(|source| StoreError::Local {
                operation,
                key: key.to_owned(),
                source,
            })
    }

    fn announce(&self, key: &str) {
        if let Some(created) = &self.created {
            // Nobody listens any more: local running has ended.
            let _ = created.send(key.to_owned());
        }
    }
}

#[async_trait]
impl Store for LocalStore {
    async fn get(&self, key: &str) -> Result<Option<Object>, StoreError> {
        check(key)?;
        self.blocking(Operation::Get, key, |folder, key| {
            let Some((mut file, metadata)) = open(folder, key)? else {
                return Ok(None);
            };
            let mut body = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
            file.read_to_end(&mut body)?;
            Ok(Some(Object {
                etag: version::of_body(&body, &metadata),
                body: Bytes::from(body),
                last_modified: last_modified(&metadata)?,
                now: Timestamp::now(),
            }))
        })
        .await
    }

    async fn get_range(
        &self,
        key: &str,
        range: Range<u64>,
        version: Option<&Version>,
    ) -> Result<Option<Bytes>, StoreError> {
        check(key)?;
        let version = version.map(|version| version.etag.clone());
        let read = self
            .blocking(Operation::Get, key, move |folder, key| {
                let Some((mut file, metadata)) = open(folder, key)? else {
                    return Ok(None);
                };
                if let Some(version) = version
                    && version::of_file(&mut file, &metadata)? != version
                {
                    return Ok(Some(None));
                }
                let wanted = range.end.min(metadata.len()).saturating_sub(range.start);
                let mut body = Vec::with_capacity(usize::try_from(wanted).map_err(io::Error::other)?);
                file.seek(SeekFrom::Start(range.start))?;
                file.take(wanted).read_to_end(&mut body)?;
                Ok(Some(Some(Bytes::from(body))))
            })
            .await?;
        match read {
            None => Ok(None),
            Some(None) => Err(StoreError::Changed { key: key.to_owned() }),
            Some(body) => Ok(body),
        }
    }

    async fn stat(&self, key: &str) -> Result<Option<Stat>, StoreError> {
        check(key)?;
        self.blocking(Operation::Stat, key, |folder, key| {
            let Some((mut file, metadata)) = open(folder, key)? else {
                return Ok(None);
            };
            Ok(Some(Stat {
                size: metadata.len(),
                etag: version::of_file(&mut file, &metadata)?,
                last_modified: last_modified(&metadata)?,
                version_id: None,
            }))
        })
        .await
    }

    async fn put_new(&self, key: &str, body: Bytes) -> Result<Put, StoreError> {
        check(key)?;
        let written = self
            .blocking(Operation::Put, key, move |folder, key| {
                folder.name_new(&filled(folder, &body)?, key)
            })
            .await?;
        if !written {
            return Ok(Put::Refused);
        }
        self.announce(key);
        Ok(Put::Written)
    }

    async fn put_if_match(&self, key: &str, body: Bytes, etag: &ETag) -> Result<Put, StoreError> {
        check(key)?;
        let etag = etag.clone();
        let written = self
            .blocking(Operation::Put, key, move |folder, key| {
                let unfinished = filled(folder, &body)?;
                let _lock = folder.lock(key)?;
                let Some((mut file, metadata)) = open(folder, key)? else {
                    return Ok(false);
                };
                if version::of_file(&mut file, &metadata)? != etag {
                    return Ok(false);
                }
                folder.rename(&unfinished, key, true)?;
                Ok(true)
            })
            .await?;
        if !written {
            return Ok(Put::Refused);
        }
        self.announce(key);
        Ok(Put::Written)
    }

    async fn put(&self, key: &str, body: Bytes) -> Result<(), StoreError> {
        check(key)?;
        self.blocking(Operation::Put, key, move |folder, key| {
            let unfinished = filled(folder, &body)?;
            let _lock = folder.lock(key)?;
            folder.rename(&unfinished, key, false)
        })
        .await?;
        self.announce(key);
        Ok(())
    }

    async fn put_file(&self, key: &str, path: &Path) -> Result<(), StoreError> {
        check(key)?;
        let path = path.to_owned();
        self.blocking(Operation::Put, key, move |folder, key| {
            let mut unfinished = folder.unfinished()?;
            io::copy(&mut File::open(path)?, &mut unfinished.file)?;
            let _lock = folder.lock(key)?;
            folder.rename(&unfinished, key, false)
        })
        .await?;
        self.announce(key);
        Ok(())
    }

    async fn list(
        &self,
        prefix: &str,
        start_after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Listed>, StoreError> {
        let start_after = start_after.map(str::to_owned);
        self.blocking(Operation::List, prefix, move |folder, prefix| {
            listing::list(&folder.root, prefix, start_after.as_deref(), limit)
        })
        .await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        check(key)?;
        self.blocking(Operation::Delete, key, |folder, key| {
            let _lock = folder.lock(key)?;
            folder.delete(key)
        })
        .await
    }

    async fn touch(&self, key: &str) -> Result<bool, StoreError> {
        check(key)?;
        let there = self
            .blocking(Operation::Touch, key, |folder, key| {
                let _lock = folder.lock(key)?;
                let Some((file, _)) = open(folder, key)? else {
                    return Ok(false);
                };
                file.set_modified(SystemTime::now())?;
                Ok(true)
            })
            .await?;
        if there {
            self.announce(key);
        }
        Ok(there)
    }
}

fn check(key: &str) -> Result<(), StoreError> {
    check_key(key)?;
    if key
        .split('/')
        .next()
        .is_some_and(|first| RESERVED.contains(&first))
    {
        return Err(StoreError::InvalidKey {
            key: key.to_owned(),
            expected: "a first segment other than `.store` and `secrets`",
        });
    }
    Ok(())
}

/// Opens an object; `None` when no file has this name.
fn open(folder: &Folder, key: &str) -> io::Result<Option<(File, Metadata)>> {
    let file = match File::open(folder.path(key)) {
        Ok(file) => file,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let metadata = file.metadata()?;
    Ok(metadata.is_file().then_some((file, metadata)))
}

fn filled(folder: &Folder, body: &Bytes) -> io::Result<Unfinished> {
    let mut unfinished = folder.unfinished()?;
    unfinished.file.write_all(body)?;
    Ok(unfinished)
}

pub(super) fn last_modified(metadata: &Metadata) -> io::Result<Timestamp> {
    Timestamp::try_from(metadata.modified()?).map_err(io::Error::other)
}
