//! A part of a large export is read for the second time, and its batches are written.

use std::collections::HashSet;

use bytes::Bytes;
use sync_core::diff::{Decision, KeyDigest, NotNew, Snapshot};
use sync_core::run::{Counts, Cut, Head, Manifest, PartRange, keys};

use crate::carried::{self, CarriedFate};
use crate::fold::snapshot_partition;
use crate::rows::Which;
use crate::run::{Checked, Run, in_partitions};
use crate::spool::Spool;

/// Writes the batches of a part of the export; its manifest.
pub(crate) async fn emit_part(
    run: &Run<'_>,
    cut: &Cut,
    head: &Head,
    range: PartRange,
    part: u32,
) -> anyhow::Result<Manifest> {
    let decisions = decisions(run, cut, part).await?;
    let left = run.left_over(head).await?;
    let carried_keys = left.keys(run.store()).await?;
    let checked = run
        .check(part, Which::Part(cut, range), &decisions, &carried_keys)
        .await?;
    let Checked {
        emitted,
        spool,
        superseded,
    } = match checked {
        Ok(checked) => checked,
        Err(manifest) => return Ok(manifest),
    };
    if !superseded.is_empty() {
        let mut digests: Vec<KeyDigest> = superseded.into_iter().collect();
        digests.sort_unstable();
        let object = in_partitions(1, digests.into_iter(), |_| 0);
        let key = keys::work(run.sync, run.id, "superseded", part);
        let _ = run.store().put_new(&key, Bytes::from(object)).await?;
    }
    run.keep_sent(part, emitted.sent).await?;
    Ok(Manifest {
        batches: run.publish(part, vec![spool]).await?,
        counts: emitted.log.counts,
        end: None,
        removals: 0,
    })
}

/// What the merges decided for a part's rows. Rows that none of them names are new.
pub(crate) async fn decisions(run: &Run<'_>, cut: &Cut, part: u32) -> anyhow::Result<Vec<Decision>> {
    let mut decisions = Vec::new();
    for partition in 0..cut.partitions {
        let key = keys::work(run.sync, run.id, "merge", partition);
        let (_, rows) = run.slice::<NotNew>(&key, cut.last_part(), part).await?;
        for NotNew { row, decision } in rows {
            let row = row as usize;
            if decisions.len() <= row {
                decisions.resize(row + 1, Decision::Send);
            }
            if let Some(slot) = decisions.get_mut(row) {
                *slot = decision;
            }
        }
    }
    Ok(decisions)
}

/// Writes the batches of the carried rows; the manifest of the last part.
pub(crate) async fn emit_carried(run: &Run<'_>, cut: &Cut, head: &Head) -> anyhow::Result<Manifest> {
    let store = run.store();
    let left = run.left_over(head).await?;
    let carried_keys = left.keys(store).await?;
    let mut superseded = HashSet::new();
    for part in 0..cut.last_part() {
        let key = keys::work(run.sync, run.id, "superseded", part);
        if store.stat(&key).await?.is_some() {
            superseded.extend(run.slice::<KeyDigest>(&key, 1, 0).await?.1);
        }
    }
    let mut done = HashSet::new();
    let compared = !carried_keys.is_empty() && !run.begins_empty(head);
    if let Some(generation) = head.generation.as_ref().filter(|_| compared) {
        for partition in 0..generation.partitions {
            let old = snapshot_partition(store, run.sync, Some(generation), partition).await?;
            done.extend(carried::accepted_since(&carried_keys, Snapshot::read(&old)?));
        }
    }
    let fate = CarriedFate {
        now: run.plan.now,
        superseded: &superseded,
        done: &done,
    };
    let mut spool = Spool::new(&run.ctx.settings.spool)?;
    let (mut sent, mut counts) = (Vec::new(), Counts::default());
    let headers = run.emission().await?.headers();
    left.write(store, &fate, &headers, &mut spool, &mut sent, &mut counts)
        .await?;
    run.keep_sent(cut.last_part(), sent).await?;
    Ok(Manifest {
        batches: run.publish(cut.last_part(), vec![spool]).await?,
        counts,
        end: None,
        removals: 0,
    })
}
