//! The end of an audience's run that was closed before its own end.
//!
//! Nobody knows how far it came: removals may be done and the adds that belong to them not, or the other way round. So
//! what lay in its batches counts as possible, nothing of it as sure, and the next whole export looks again.

use std::collections::HashSet;

use anyhow::Context as _;
use bytes::Bytes;
use runtime::store::Store;
use sync_core::audience::{Holder, Holders, HoldersWriter, Identifier, NOBODY, identifiers_of};
use sync_core::diff::{KeyDigest, RowFingerprint, Snapshot, SnapshotEntry};
use sync_core::names::SyncName;
use sync_core::run::keys::BatchId;
use sync_core::run::{Batch, BatchKind, FixedVia, Generation, Head, Plan, keys};

use super::fold::NotRemoved;
use super::{is_fresh, state};
use crate::fold::{day_of, fold, snapshot_partition};

/// What lay in the batches of a closed run.
#[derive(Default)]
struct Touched {
    /// Identifiers that may have been added, with the keys that brought them.
    added: Vec<Holder>,
    /// Identifiers whose removal was asked for.
    removed: HashSet<Identifier>,
    /// Keys of added persons.
    keys: HashSet<KeyDigest>,
}

/// Writes the generation behind a closed run.
pub(crate) async fn close_audience(
    store: &dyn Store,
    (sync, id): (&SyncName, String),
    head: &Head,
    plan: &Plan,
    way: FixedVia,
    batches: &[BatchId],
    not_removed: &NotRemoved,
) -> anyhow::Result<Generation> {
    let touched = touched(store, batches).await?;
    let old = head.generation.as_ref().filter(|_| !is_fresh(plan));
    let partitions = old.map_or(1, |generation| generation.partitions);
    let mut unsure = touched.keys.clone();
    for partition in 0..partitions {
        if way != FixedVia::Segment {
            continue;
        }
        let bytes = state::holders_partition(store, sync, old, partition).await?;
        let mut next: Vec<Holder> = Vec::new();
        for holder in Holders::read(&bytes)?.iter() {
            if touched.removed.contains(&holder.id) {
                unsure.insert(holder.key);
                if not_removed.all || not_removed.ids.contains(&holder.id) {
                    next.push(holder);
                }
            } else {
                next.push(holder);
            }
        }
        let here = |holder: &&Holder| holder.id.partition(partitions) == partition;
        next.extend(touched.added.iter().filter(here).copied());
        next.sort_unstable();
        next.dedup();
        let mut writer = HoldersWriter::default();
        for holder in next {
            writer.push(holder);
        }
        let _ = store
            .put_new(&keys::holders(sync, &id, partition), Bytes::from(writer.finish()))
            .await?;
    }
    unsure.remove(&NOBODY);
    let mut keys_in_all = 0;
    for partition in 0..partitions {
        let bytes = snapshot_partition(store, sync, old, partition).await?;
        let snapshot = Snapshot::read(&bytes)?;
        let mut entries: Vec<SnapshotEntry> = touched
            .keys
            .iter()
            .filter(|key| key.partition(partitions) == partition)
            .map(|key| SnapshotEntry {
                key: *key,
                fingerprint: RowFingerprint::UNSURE,
                day: day_of(plan.now),
            })
            .collect();
        entries.sort_unstable_by_key(|entry| entry.key);
        let shaken = snapshot.iter().map(|entry| SnapshotEntry {
            fingerprint: if unsure.contains(&entry.key) {
                RowFingerprint::UNSURE
            } else {
                entry.fingerprint
            },
            ..entry
        });
        let folded = fold(shaken, &entries, 0);
        keys_in_all += folded.len() as u64;
        let key = keys::snapshot(sync, &id, partition);
        let _ = store.put_new(&key, Bytes::from(folded.finish())).await?;
    }
    Ok(Generation {
        id,
        partitions,
        keys: keys_in_all,
        way: Some(way),
        sources: Vec::new(),
    })
}

async fn touched(store: &dyn Store, batches: &[BatchId]) -> anyhow::Result<Touched> {
    let mut touched = Touched::default();
    for id in batches {
        let object = store.get(&id.key()).await?;
        let body = object.with_context(|| format!("{} is gone", id.key()))?.body;
        let batch = Batch::read(&body)?;
        let empty = format!("{}{}", batch.header.head, batch.header.tail);
        for row in &batch.rows {
            let ids = identifiers_of(&empty, row.payload.get());
            match batch.header.kind {
                BatchKind::Adds => {
                    touched.keys.insert(row.key);
                    let holders = ids.into_iter().map(|id| Holder { id, key: row.key });
                    touched.added.extend(holders);
                }
                BatchKind::Removals => touched.removed.extend(ids),
                BatchKind::Events | BatchKind::Upload => {}
            }
        }
    }
    Ok(touched)
}
