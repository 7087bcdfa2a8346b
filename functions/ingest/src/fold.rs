//! The next generation of a snapshot: the old one, and what was accepted since.

use std::collections::HashSet;

use anyhow::Context as _;
use bytes::Bytes;
use runtime::store::Store;
use sync_core::diff::{KeyDigest, RowFingerprint, Snapshot, SnapshotEntry, SnapshotWriter};
use sync_core::names::SyncName;
use sync_core::run::{Generation, Head, Plan, keys};
use sync_core::spec::{OutOfRange, SyncSpec};

use crate::audience;
use crate::run::Run;

/// Keys are kept this many days longer than an event may be old.
const FORGET_MARGIN_DAYS: u64 = 7;

/// The day of a time, counted from 1970-01-01.
pub(crate) fn day_of(epoch_seconds: i64) -> u16 {
    u16::try_from(epoch_seconds.max(0) / 86_400).unwrap_or(u16::MAX)
}

/// One object of a generation. A missing one is an error and never "empty".
pub(crate) async fn snapshot_partition(
    store: &dyn Store,
    sync: &SyncName,
    generation: Option<&Generation>,
    partition: u32,
) -> anyhow::Result<Bytes> {
    let Some(generation) = generation else {
        return Ok(Bytes::from(SnapshotWriter::default().finish()));
    };
    let key = keys::snapshot(sync, &generation.id, partition);
    let object = store.get(&key).await?;
    Ok(object
        .with_context(|| format!("{key} is gone: the state names a snapshot that is not there"))?
        .body)
}

/// The keys of a partition as a run divides them: the snapshot may be divided more coarsely.
pub(crate) async fn owned_keys(
    store: &dyn Store,
    sync: &SyncName,
    head: &Head,
    partitions: u32,
    partition: u32,
) -> anyhow::Result<Bytes> {
    let generation = head.generation.as_ref();
    let old = generation.map_or(1, |generation| generation.partitions).max(1);
    let each = (partitions / old).max(1);
    let bytes = snapshot_partition(store, sync, generation, partition / each).await?;
    if each == 1 {
        return Ok(bytes);
    }
    let mut writer = SnapshotWriter::default();
    let snapshot = Snapshot::read(&bytes)?;
    snapshot
        .iter()
        .filter(|entry| entry.key.partition(partitions) == partition)
        .for_each(|entry| writer.push(entry));
    Ok(Bytes::from(writer.finish()))
}

/// Whether a resync counts for a run: it is for the next export. A retry, and corrected rows, are compared with what
/// TikTok has as before.
pub(crate) fn forgets(head: &Head, plan: &Plan) -> bool {
    head.forget && plan.export.is_some() && !plan.only_adds()
}

/// Writes one partition of the generation that a run makes; how many keys it holds.
pub(crate) async fn fold_partition(
    run: &Run<'_>,
    head: &Head,
    partition: u32,
    not_accepted: &HashSet<KeyDigest>,
) -> anyhow::Result<u64> {
    let partitions = run.plan.partitions();
    let mut sent: Vec<SnapshotEntry> = Vec::new();
    for part in 0..run.plan.manifests() {
        let key = keys::work(run.sync, run.id, "sent", part);
        // A part that ended early sent nothing.
        if run.store().stat(&key).await?.is_some() {
            sent.extend(run.slice::<SnapshotEntry>(&key, partitions, partition).await?.1);
        }
    }
    sent.sort_unstable_by_key(|entry| entry.key);
    sent.dedup_by_key(|entry| entry.key);
    let is_audience = run.spec.audience.is_some();
    if is_audience {
        // TikTok may have what it did not accept: the key stays known, and equal to nothing.
        for entry in sent.iter_mut().filter(|entry| not_accepted.contains(&entry.key)) {
            entry.fingerprint = RowFingerprint::UNSURE;
        }
    } else {
        sent.retain(|entry| !not_accepted.contains(&entry.key));
    }
    let old = owned_keys(run.store(), run.sync, head, partitions, partition).await?;
    let old = if run.begins_empty(head) {
        Snapshot::EMPTY
    } else {
        Snapshot::read(&old)?
    };
    let dropped = if audience::removes(run.spec, run.plan) {
        audience::dropped(run, partition).await?.1
    } else {
        Vec::new()
    };
    let stays = |entry: &SnapshotEntry| dropped.binary_search(&entry.key).is_err();
    let old = old.iter().filter(stays);
    let folded = fold(old, &sent, forget_before(run.spec, run.plan.now));
    let keys = folded.len() as u64;
    let key = keys::snapshot(run.sync, &head.next_generation(run.id), partition);
    let _ = run.store().put_new(&key, Bytes::from(folded.finish())).await?;
    Ok(keys)
}

/// Merges accepted keys, in ascending order, into the old entries. Keys older than `forget_before` are left out.
pub(crate) fn fold(
    old: impl Iterator<Item = SnapshotEntry>,
    accepted: &[SnapshotEntry],
    forget_before: u16,
) -> SnapshotWriter {
    let mut writer = SnapshotWriter::default();
    let mut push = |entry: SnapshotEntry| {
        if entry.day >= forget_before {
            writer.push(entry);
        }
    };
    let mut old = old.peekable();
    for entry in accepted {
        while let Some(before) = old.next_if(|before| before.key < entry.key) {
            push(before);
        }
        // The newer one takes the place of the older one.
        let _ = old.next_if(|same| same.key == entry.key);
        push(*entry);
    }
    old.for_each(&mut push);
    writer
}

/// The day before which keys are forgotten: no event with such a key could be sent any more, since it would be older
/// than `max_age`. Where events out of range are sent with a warning, nothing is forgotten.
pub(crate) fn forget_before(spec: &SyncSpec, now: i64) -> u16 {
    let blocks = &spec.events;
    if blocks.is_empty()
        || blocks
            .iter()
            .any(|block| block.when_out_of_range == OutOfRange::Warn)
    {
        return 0;
    }
    let days = blocks
        .iter()
        .map(|block| block.max_age.as_secs().div_ceil(86_400))
        .max()
        .unwrap_or(0);
    day_of(now).saturating_sub(u16::try_from(days + FORGET_MARGIN_DAYS).unwrap_or(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(entries: &[(u8, u32, u16)]) -> Vec<u8> {
        let mut writer = SnapshotWriter::default();
        for (key, fingerprint, day) in entries {
            writer.push(entry(*key, *fingerprint, *day));
        }
        writer.finish()
    }

    fn entry(key: u8, fingerprint: u32, day: u16) -> SnapshotEntry {
        SnapshotEntry {
            key: KeyDigest::from_bytes([key; 12]),
            fingerprint: RowFingerprint(fingerprint),
            day,
        }
    }

    #[test]
    fn accepted_keys_enter_and_old_ones_are_forgotten() {
        let old = snapshot(&[(1, 1, 100), (2, 2, 50), (5, 5, 100), (9, 9, 49)]);
        let accepted = [entry(0, 10, 120), entry(2, 20, 120), entry(10, 1, 120)];
        let folded = fold(Snapshot::read(&old).unwrap().iter(), &accepted, 50).finish();
        let expect = [
            entry(0, 10, 120),
            entry(1, 1, 100),
            entry(2, 20, 120),
            entry(5, 5, 100),
            entry(10, 1, 120),
        ];
        assert_eq!(
            Snapshot::read(&folded).unwrap().iter().collect::<Vec<_>>(),
            expect
        );
    }
}
