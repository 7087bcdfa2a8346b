//! The next generation of an audience's identifiers.

use std::collections::HashSet;

use bytes::Bytes;
use sync_core::audience::{Holder, HoldersWriter, Identifier, NOBODY, Sifted, sift};
use sync_core::run::{Cut, FixedVia, Head, keys};

use super::{removes, state, way};
use crate::run::Run;

/// Identifiers whose removal was not accepted.
#[derive(Debug, Default)]
pub(crate) struct NotRemoved {
    /// These.
    pub(crate) ids: HashSet<Identifier>,
    /// A batch of removals was lost: nobody knows which, so none counts as removed.
    pub(crate) all: bool,
}

impl NotRemoved {
    fn holds(&self, id: &Identifier) -> bool {
        self.all || self.ids.contains(id)
    }
}

/// Writes one partition of the identifiers that may be at TikTok when a run has ended: those so far and those that its
/// rows bring, less those whose removal was accepted. What was not accepted and is nobody's stays as nobody's, so that
/// the next whole export removes it again.
pub(crate) async fn fold_holders(
    run: &Run<'_>,
    head: &Head,
    partition: u32,
    not_removed: &NotRemoved,
) -> anyhow::Result<()> {
    if way(run.spec) != Some(FixedVia::Segment) {
        return Ok(());
    }
    let partitions = run.plan.partitions();
    let old = state::owned_holders(run, head, partitions, partition).await?;
    let mut writer = HoldersWriter::default();
    let old = state::marked(run, old, partitions).await?;
    let parts = run.plan.cut.as_ref().map_or(1, Cut::last_part);
    let brought = state::brought(run, parts, partitions, partition).await?;
    let again: HashSet<Identifier> = state::removed_again(run, partitions, partition).await?;
    let takes_out = removes(run.spec, run.plan);
    sift(old, brought, |sifted| match sifted {
        Sifted::Held(holder) => writer.push(holder),
        Sifted::Removed(removal) => {
            let asked = takes_out || again.contains(&removal.id);
            if !asked || not_removed.holds(&removal.id) {
                writer.push(Holder {
                    id: removal.id,
                    key: NOBODY,
                });
            }
        }
    });
    let key = keys::holders(run.sync, &head.next_generation(run.id), partition);
    let _ = run.store().put_new(&key, Bytes::from(writer.finish())).await?;
    Ok(())
}

/// Writes down which removals of a large run were not accepted, for its folds.
pub(crate) async fn keep_not_removed(run: &Run<'_>, not_removed: &NotRemoved) -> anyhow::Result<()> {
    let mut holders: Vec<Holder> = not_removed
        .ids
        .iter()
        .map(|id| Holder { id: *id, key: NOBODY })
        .collect();
    holders.sort_unstable();
    let object = state::in_partitions_by_id(run.plan.partitions(), &holders);
    let key = keys::work(run.sync, run.id, "not_removed", u32::from(not_removed.all));
    let _ = run.store().put_new(&key, Bytes::from(object)).await?;
    Ok(())
}

/// What [`keep_not_removed`] wrote, of one partition.
pub(crate) async fn not_removed(run: &Run<'_>, partition: u32) -> anyhow::Result<NotRemoved> {
    let all_key = keys::work(run.sync, run.id, "not_removed", 1);
    if run.store().stat(&all_key).await?.is_some() {
        return Ok(NotRemoved {
            all: true,
            ..NotRemoved::default()
        });
    }
    let key = keys::work(run.sync, run.id, "not_removed", 0);
    let (_, found) = run
        .slice::<Holder>(&key, run.plan.partitions(), partition)
        .await?;
    Ok(NotRemoved {
        ids: found.into_iter().map(|holder| holder.id).collect(),
        all: false,
    })
}
