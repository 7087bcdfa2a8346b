//! The next generation of a snapshot: the old one, and what was accepted since.

use std::collections::HashSet;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use runtime::store::Store;
use sync_core::diff::{KeyDigest, Snapshot, SnapshotEntry, SnapshotWriter};
use sync_core::names::SyncName;
use sync_core::run::{Generation, keys};

/// The day of a time, counted from 1970-01-01.
pub(crate) fn day_of(epoch_seconds: i64) -> u16 {
    u16::try_from(epoch_seconds.max(0) / 86_400).unwrap_or(u16::MAX)
}

/// A generation's objects, read into one. A missing object is an error and never "empty".
pub(crate) async fn snapshot_bytes(
    store: &dyn Store,
    sync: &SyncName,
    generation: Option<&Generation>,
) -> anyhow::Result<Bytes> {
    let Some(generation) = generation else {
        return Ok(Bytes::from(SnapshotWriter::default().finish()));
    };
    if generation.partitions != 1 {
        bail!(
            "the snapshot of {sync} has {} partitions; this version of ingest reads one",
            generation.partitions
        );
    }
    let key = keys::snapshot(sync, &generation.id, 0);
    let object = store.get(&key).await?;
    Ok(object
        .with_context(|| format!("{key} is gone: the state names a snapshot that is not there"))?
        .body)
}

/// Merges the sent keys that were accepted into the old entries. Keys older than `forget_before` are left out.
pub(crate) fn fold(
    old: Snapshot<'_>,
    sent: Snapshot<'_>,
    not_accepted: &HashSet<KeyDigest>,
    forget_before: u16,
) -> SnapshotWriter {
    let mut writer = SnapshotWriter::default();
    let mut push = |entry: SnapshotEntry| {
        if entry.day >= forget_before {
            writer.push(entry);
        }
    };
    let mut old = old.iter().peekable();
    for entry in sent.iter().filter(|entry| !not_accepted.contains(&entry.key)) {
        while let Some(before) = old.next_if(|before| before.key < entry.key) {
            push(before);
        }
        // The newer one takes the place of the older one.
        let _ = old.next_if(|same| same.key == entry.key);
        push(entry);
    }
    old.for_each(&mut push);
    writer
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_core::diff::RowFingerprint;

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
    fn accepted_keys_enter_others_do_not_and_old_ones_are_forgotten() {
        let old = snapshot(&[(1, 1, 100), (2, 2, 50), (5, 5, 100), (9, 9, 49)]);
        let sent = snapshot(&[(0, 10, 120), (2, 20, 120), (3, 30, 120), (10, 1, 120)]);
        let not_accepted = HashSet::from([KeyDigest::from_bytes([3; 12])]);
        let folded = fold(
            Snapshot::read(&old).unwrap(),
            Snapshot::read(&sent).unwrap(),
            &not_accepted,
            50,
        )
        .finish();
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
