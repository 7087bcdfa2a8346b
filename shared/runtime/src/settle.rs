//! After a manifest or an outcome: is the part over, and is the run over? Whoever comes last moves on.

use bytes::Bytes;
use sync_core::names::{RunId, SyncName};
use sync_core::run::{Manifest, Plan, Stage, keys};

use crate::facts::{self, FactError};
use crate::store::Store;

/// More parts than a run may have: a listing is one page.
const PAGE: usize = 1_001;

/// Looks whether all batches of a part have an outcome, and then whether all parts are over; if so, opens the run's
/// last task. Safe to call at any time, any number of times.
pub async fn settle(store: &dyn Store, sync: &SyncName, run: &RunId, part: u32) -> Result<(), FactError> {
    let Some(manifest) = facts::read::<Manifest>(store, &keys::manifest(sync, run, part)).await? else {
        return Ok(());
    };
    if !manifest.batches.is_empty() {
        let batches = manifest.batches.len();
        let prefix = keys::outcomes_of_part(sync, run, part);
        let outcomes = store.list(&prefix, None, batches + 1).await?;
        if outcomes.len() < batches {
            return Ok(());
        }
    }
    let _ = store
        .put_new(&keys::part_done(sync, run, part), Bytes::from_static(b"{}\n"))
        .await?;
    let Some(plan) = facts::read::<Plan>(store, &keys::plan(sync, run)).await? else {
        return Ok(());
    };
    let over = store
        .list(&keys::parts_done_prefix(sync, run), None, PAGE)
        .await?;
    if over.len() as u64 == u64::from(plan.manifests()) {
        let _ = store
            .put_new(
                &keys::task(sync, run, Stage::Finish, 0),
                Bytes::from_static(b"{}\n"),
            )
            .await?;
    }
    Ok(())
}
