//! A sync's register, `state/<sync>/head.json`: read, compared, and changed by `If-Match`.

use sync_core::names::{RunId, SyncName};
use sync_core::run::{Head, OpenRun};

use crate::facts::{FactError, to_bytes};
use crate::store::{ETag, Put, Store, Timestamp};

/// A head as it was read.
#[derive(Debug, Clone)]
pub struct HeadRead {
    /// What it says.
    pub head: Head,
    /// Its version; `None` when the sync has no head yet.
    pub etag: Option<ETag>,
    /// When it was written, by the store's clock.
    pub last_modified: Timestamp,
    /// The store's clock at reading.
    pub now: Timestamp,
}

impl HeadRead {
    /// How long ago the head was written, in seconds, by the store's own clock. Without one: as long as can be.
    pub fn age_seconds(&self) -> i64 {
        match self.etag {
            Some(_) => self.now.as_second() - self.last_modified.as_second(),
            None => i64::MAX,
        }
    }
}

/// Reads a sync's head. A sync without one gets an empty one, as old as can be.
pub async fn read_head(store: &dyn Store, sync: &SyncName) -> Result<HeadRead, FactError> {
    let key = Head::key(sync);
    match store.get(&key).await? {
        None => Ok(HeadRead {
            head: Head::default(),
            etag: None,
            last_modified: Timestamp::UNIX_EPOCH,
            now: Timestamp::UNIX_EPOCH,
        }),
        Some(object) => Ok(HeadRead {
            head: serde_json::from_slice(&object.body)
                .map_err(|source| FactError::Invalid { key, source })?,
            etag: Some(object.etag),
            last_modified: object.last_modified,
            now: object.now,
        }),
    }
}

/// Swaps the head that was read for another one. `false`: somebody was faster, or this very write took effect while
/// its answer was lost; read again and go on from what is there.
pub async fn swap_head(
    store: &dyn Store,
    sync: &SyncName,
    read: &HeadRead,
    new: &Head,
) -> Result<bool, FactError> {
    let key = Head::key(sync);
    let body = to_bytes(&key, new)?;
    let put = match &read.etag {
        None => store.put_new(&key, body).await?,
        Some(etag) => store.put_if_match(&key, body, etag).await?,
    };
    Ok(put == Put::Written)
}

/// The fence: is this run the one that holds the sync, and does it still send?
pub async fn open_run(store: &dyn Store, sync: &SyncName, run: &RunId) -> Result<Option<OpenRun>, FactError> {
    Ok(read_head(store, sync).await?.head.open(run).cloned())
}
