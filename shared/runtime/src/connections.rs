//! What is known of a connection's token.

use sync_core::names::{DestinationName, SyncName};
use sync_core::run::keys;

use crate::store::{Store, StoreError};

/// Whether TikTok refused this version of the token, for every sync or for this one.
pub async fn is_refused(
    store: &dyn Store,
    destination: &DestinationName,
    sync: &SyncName,
    version: &str,
) -> Result<bool, StoreError> {
    let dead = store.stat(&keys::dead_token(destination, version)).await?;
    let denied = store
        .stat(&keys::denied_token(destination, sync, version))
        .await?;
    Ok(dead.is_some() || denied.is_some())
}
