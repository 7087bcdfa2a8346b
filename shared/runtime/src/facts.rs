//! Facts as JSON objects: read, or written once.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::store::{Put, Store, StoreError};

/// Why a fact could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FactError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The object is not what its key says.
    #[error("`{key}` does not hold what its key says: {source}")]
    Invalid {
        /// The key.
        key: String,
        /// What serde says.
        source: serde_json::Error,
    },
}

/// Reads a fact; `None` when it is not written yet.
pub async fn read<T: DeserializeOwned>(store: &dyn Store, key: &str) -> Result<Option<T>, FactError> {
    match store.get(key).await? {
        None => Ok(None),
        Some(object) => serde_json::from_slice(&object.body)
            .map(Some)
            .map_err(|source| FactError::Invalid {
                key: key.to_owned(),
                source,
            }),
    }
}

/// Writes a fact, unless it is there already: of several writers the first counts, and they all write the same.
pub async fn write<T: Serialize + Sync>(store: &dyn Store, key: &str, fact: &T) -> Result<Put, FactError> {
    let body = to_bytes(key, fact)?;
    Ok(store.put_new(key, body).await?)
}

/// A fact's JSON, indented: people read these objects.
pub fn to_bytes<T: Serialize>(key: &str, fact: &T) -> Result<Bytes, FactError> {
    serde_json::to_vec_pretty(fact)
        .map(Bytes::from)
        .map_err(|source| FactError::Invalid {
            key: key.to_owned(),
            source,
        })
}
