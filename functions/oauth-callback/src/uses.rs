//! Which syncs send through a destination, and from which account.

use runtime::store::{Store, StoreError};
use sync_core::names::{AdvertiserId, DestinationName, SyncName};
use sync_core::run::keys;

/// At most this many specs are looked at.
const MAX_SPECS: usize = 1_000;

/// A sync that sends through a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The sync.
    pub sync: SyncName,
    /// The advertiser account that its audience belongs to.
    pub advertiser: Option<AdvertiserId>,
}

/// The syncs of a destination. Specs that cannot be read are left out: validation tells about those.
///
/// # Errors
/// The store cannot be read.
pub async fn uses(store: &dyn Store, destination: &DestinationName) -> Result<Vec<Use>, StoreError> {
    let mut found = Vec::new();
    for listed in store.list(keys::SPECS, None, MAX_SPECS).await? {
        let Some(object) = store.get(&listed.key).await? else {
            continue;
        };
        let Ok(text) = std::str::from_utf8(&object.body) else {
            continue;
        };
        let Ok(read) = sync_core::spec::read(&listed.key, text) else {
            continue;
        };
        if read.spec.destination == *destination {
            found.push(Use {
                sync: read.spec.name,
                advertiser: read.spec.audience.map(|audience| audience.advertiser_id),
            });
        }
    }
    Ok(found)
}
