//! One key partition: the rows of an export against the snapshot.

use super::{Decision, KeyDigest, ScanEntry, Snapshot};
use crate::spec::Mode;

/// Takes what a merge finds.
pub trait MergeSink {
    /// A row of the export.
    fn decide(&mut self, row: &ScanEntry, decision: Decision);
    /// A key of the snapshot that the export has not. Keys come ascending.
    fn gone(&mut self, key: KeyDigest);
}

/// Compares the rows of a partition with the snapshot and hands each row's decision to the sink, by ascending key.
///
/// `rows` is sorted in place by key, part and row: of several rows with one key the first counts. `forget` treats all
/// fingerprints as unequal, and for `insert` the snapshot as empty.
pub fn merge(
    mode: Mode,
    forget: bool,
    rows: &mut [ScanEntry],
    snapshot: Snapshot<'_>,
    sink: &mut impl MergeSink,
) {
    rows.sort_unstable_by_key(|row| (row.key, row.part, row.row));
    let mut old = snapshot.iter().peekable();
    let mut before = None;
    for row in rows.iter() {
        if before == Some(row.key) {
            sink.decide(row, Decision::Duplicate);
            continue;
        }
        before = Some(row.key);
        while let Some(entry) = old.next_if(|entry| entry.key < row.key) {
            sink.gone(entry.key);
        }
        let known = old.next_if(|entry| entry.key == row.key);
        let decision = match (known, mode) {
            (Some(entry), _) if !forget && entry.fingerprint.same(row.fingerprint) => Decision::Unchanged,
            (Some(_), Mode::Insert) if !forget => Decision::ChangedNotSent,
            (Some(_), Mode::Add | Mode::Mirror | Mode::All) => Decision::Update,
            _ => Decision::Send,
        };
        sink.decide(row, decision);
    }
    old.for_each(|entry| sink.gone(entry.key));
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

    struct Found {
        decided: Vec<Option<Decision>>,
        gone: usize,
    }

    impl MergeSink for Found {
        fn decide(&mut self, row: &ScanEntry, decision: Decision) {
            let before = self.decided[row.row as usize].replace(decision);
            assert!(before.is_none(), "a row is decided once");
        }

        fn gone(&mut self, _: KeyDigest) {
            self.gone += 1;
        }
    }

    fn decisions(
        mode: Mode,
        forget: bool,
        table: &[(u8, u32)],
        old: &BTreeMap<u8, u32>,
    ) -> (Vec<Decision>, usize) {
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
        let mut found = Found {
            decided: vec![None; table.len()],
            gone: 0,
        };
        let bytes = snapshot(old);
        merge(
            mode,
            forget,
            &mut rows,
            Snapshot::read(&bytes).unwrap(),
            &mut found,
        );
        let decided = found.decided.into_iter();
        (
            decided.map(|d| d.expect("each row is decided")).collect(),
            found.gone,
        )
    }

    #[test]
    fn new_same_changed_and_double_rows_are_told_apart() {
        use Decision::{ChangedNotSent, Duplicate, Send, Unchanged, Update};
        let old = BTreeMap::from([(1, 10), (2, 20), (9, 90)]);
        let table = [(3, 30), (1, 10), (2, 21), (3, 30), (3, 31)];
        let (decided, gone) = decisions(Mode::Insert, false, &table, &old);
        assert_eq!(decided, [Send, Unchanged, ChangedNotSent, Duplicate, Duplicate]);
        assert_eq!(gone, 1);
        assert_eq!(
            decisions(Mode::Mirror, false, &table, &old).0,
            [Send, Unchanged, Update, Duplicate, Duplicate]
        );
        assert_eq!(
            decisions(Mode::Mirror, true, &table, &old),
            (vec![Send, Update, Update, Duplicate, Duplicate], 1)
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
            let (decided, gone) = decisions(Mode::Mirror, false, &rows, &table);
            prop_assert!(decided.iter().all(|d| *d == Decision::Unchanged));
            prop_assert_eq!(gone, 0);
        }

        #[test]
        fn applying_the_difference_gives_the_new_table(
            old in proptest::collection::btree_map(0u8..20, 1u32..4, 0..20),
            table in proptest::collection::vec((0u8..20, 1u32..4), 0..40),
        ) {
            let (decided, gone) = decisions(Mode::Mirror, false, &table, &old);
            let mut first = BTreeMap::new();
            for (k, f) in &table {
                first.entry(*k).or_insert(*f);
            }
            let mut after: BTreeMap<u8, u32> = old.iter().filter(|(k, _)| first.contains_key(k)).map(|(k, f)| (*k, *f)).collect();
            prop_assert_eq!(gone, old.len() - after.len());
            for ((k, f), decision) in table.iter().zip(&decided) {
                if matches!(decision, Decision::Send | Decision::Update) {
                    after.insert(*k, *f);
                }
            }
            prop_assert_eq!(after, first);
        }
    }
}
