//! One key partition: the rows of an export against the snapshot.

use super::{Decision, ScanEntry, Snapshot};
use crate::spec::Mode;

/// What a merge found, besides the decisions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Merged {
    /// Keys that are in the snapshot and not in the export.
    pub gone: u64,
}

/// Compares the rows of a partition with the snapshot and hands each row's decision to `decide`, by ascending key.
///
/// `rows` is sorted in place by key, part and row: of several rows with one key the first counts. `forget` treats
/// the snapshot as empty (`insert`) or all fingerprints as unequal.
pub fn merge(
    mode: Mode,
    forget: bool,
    rows: &mut [ScanEntry],
    snapshot: Snapshot<'_>,
    mut decide: impl FnMut(&ScanEntry, Decision),
) -> Merged {
    rows.sort_unstable_by_key(|row| (row.key, row.part, row.row));
    let mut merged = Merged::default();
    let mut old = snapshot.iter().peekable();
    let mut before = None;
    for row in rows.iter() {
        if before == Some(row.key) {
            decide(row, Decision::Duplicate);
            continue;
        }
        before = Some(row.key);
        while old.next_if(|entry| entry.key < row.key).is_some() {
            merged.gone += 1;
        }
        let known = old.next_if(|entry| entry.key == row.key).filter(|_| !forget);
        let decision = match (known, mode) {
            (Some(entry), _) if entry.fingerprint.same(row.fingerprint) => Decision::Unchanged,
            (Some(_), Mode::Insert) => Decision::ChangedNotSent,
            _ => Decision::Send,
        };
        decide(row, decision);
    }
    merged.gone += old.count() as u64;
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::{KeyDigest, RowFingerprint, SnapshotEntry, SnapshotWriter};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn key(n: u8) -> KeyDigest {
        KeyDigest::from_u128(u128::from(n) << 100)
    }

    fn snapshot(entries: &BTreeMap<u8, u32>) -> Vec<u8> {
        let mut writer = SnapshotWriter::default();
        for (k, fingerprint) in entries {
            writer.push(SnapshotEntry {
                key: key(*k),
                fingerprint: RowFingerprint(*fingerprint),
                day: 1,
            });
        }
        writer.finish()
    }

    fn decisions(
        mode: Mode,
        forget: bool,
        table: &[(u8, u32)],
        old: &BTreeMap<u8, u32>,
    ) -> (Vec<Decision>, Merged) {
        let mut rows: Vec<ScanEntry> = table
            .iter()
            .enumerate()
            .map(|(i, (k, f))| ScanEntry {
                key: key(*k),
                fingerprint: RowFingerprint(*f),
                part: 0,
                row: u32::try_from(i).unwrap(),
            })
            .collect();
        let mut decided = vec![None; table.len()];
        let bytes = snapshot(old);
        let merged = merge(
            mode,
            forget,
            &mut rows,
            Snapshot::read(&bytes).unwrap(),
            |row, decision| {
                assert!(
                    decided[row.row as usize].replace(decision).is_none(),
                    "a row is decided once"
                );
            },
        );
        (
            decided
                .into_iter()
                .map(|d| d.expect("each row is decided"))
                .collect(),
            merged,
        )
    }

    #[test]
    fn new_same_changed_and_double_rows_are_told_apart() {
        use Decision::{ChangedNotSent, Duplicate, Send, Unchanged};
        let old = BTreeMap::from([(1, 10), (2, 20), (9, 90)]);
        let table = [(3, 30), (1, 10), (2, 21), (3, 30), (3, 31)];
        let (decided, merged) = decisions(Mode::Insert, false, &table, &old);
        assert_eq!(decided, [Send, Unchanged, ChangedNotSent, Duplicate, Duplicate]);
        assert_eq!(merged.gone, 1);
        assert_eq!(
            decisions(Mode::Mirror, false, &table, &old).0,
            [Send, Unchanged, Send, Duplicate, Duplicate]
        );
        assert_eq!(
            decisions(Mode::Insert, true, &table, &old).0,
            [Send, Send, Send, Duplicate, Duplicate]
        );
    }

    proptest! {
        #[test]
        fn a_table_compared_with_itself_has_no_difference(table in proptest::collection::btree_map(any::<u8>(), 1u32.., 0..40)) {
            let rows: Vec<_> = table.iter().map(|(k, f)| (*k, *f)).collect();
            let (decided, merged) = decisions(Mode::Mirror, false, &rows, &table);
            prop_assert!(decided.iter().all(|d| *d == Decision::Unchanged));
            prop_assert_eq!(merged.gone, 0);
        }

        #[test]
        fn applying_the_difference_gives_the_new_table(
            old in proptest::collection::btree_map(0u8..20, 1u32..4, 0..20),
            table in proptest::collection::vec((0u8..20, 1u32..4), 0..40),
        ) {
            let (decided, merged) = decisions(Mode::Mirror, false, &table, &old);
            let mut first = BTreeMap::new();
            for (k, f) in &table {
                first.entry(*k).or_insert(*f);
            }
            let mut after: BTreeMap<u8, u32> = old.iter().filter(|(k, _)| first.contains_key(k)).map(|(k, f)| (*k, *f)).collect();
            prop_assert_eq!(merged.gone, (old.len() - after.len()) as u64);
            for ((k, f), decision) in table.iter().zip(&decided) {
                if *decision == Decision::Send {
                    after.insert(*k, *f);
                }
            }
            prop_assert_eq!(after, first);
        }
    }
}
