//! Sets of row numbers, kept and written as ranges.

use serde::{Deserialize, Serialize};

/// A set of row numbers as ascending, separate, half-open ranges: `[[0, 3], [7, 8]]` is 0, 1, 2 and 7.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RowRanges(Vec<(u32, u32)>);

impl RowRanges {
    /// Adds one row number.
    pub fn insert(&mut self, row: u32) {
        self.insert_range(row, row.saturating_add(1));
    }

    /// Adds the rows from `from` to before `to`.
    pub fn insert_range(&mut self, from: u32, to: u32) {
        if from >= to {
            return;
        }
        let start = self.0.partition_point(|&(_, end)| end < from);
        let end = self.0.partition_point(|&(begin, _)| begin <= to);
        let mut merged = (from, to);
        for &(a, b) in self.0.get(start..end).unwrap_or_default() {
            merged = (merged.0.min(a), merged.1.max(b));
        }
        self.0.splice(start..end.max(start), [merged]);
    }

    /// True when the row is in the set.
    pub fn contains(&self, row: u32) -> bool {
        let at = self.0.partition_point(|&(_, end)| end <= row);
        self.0.get(at).is_some_and(|&(begin, _)| begin <= row)
    }

    /// How many rows the set has.
    pub fn len(&self) -> u64 {
        self.0.iter().map(|&(a, b)| u64::from(b.saturating_sub(a))).sum()
    }

    /// True for the empty set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The row numbers, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().flat_map(|&(a, b)| a..b)
    }

    /// True when the ranges are ascending, separate and below `rows`: what was read from outside is checked so.
    pub fn is_valid(&self, rows: u32) -> bool {
        let mut before = None;
        self.0.iter().all(|&(a, b)| {
            let ok = a < b && b <= rows && before.is_none_or(|end| end < a);
            before = Some(b);
            ok
        })
    }
}

impl FromIterator<u32> for RowRanges {
    fn from_iter<I: IntoIterator<Item = u32>>(rows: I) -> Self {
        let mut ranges = Self::default();
        for row in rows {
            ranges.insert(row);
        }
        ranges
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn ranges_hold_what_a_set_holds(rows in proptest::collection::vec(0u32..60, 0..80)) {
            let ranges: RowRanges = rows.iter().copied().collect();
            let set: BTreeSet<u32> = rows.into_iter().collect();
            prop_assert_eq!(ranges.iter().collect::<Vec<_>>(), set.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(ranges.len(), set.len() as u64);
            prop_assert!(ranges.is_valid(60));
            for row in 0..61 {
                prop_assert_eq!(ranges.contains(row), set.contains(&row));
            }
        }

        #[test]
        fn whole_ranges_merge_like_their_rows(spans in proptest::collection::vec((0u32..40, 0u32..12), 0..12)) {
            let mut ranges = RowRanges::default();
            let mut set = BTreeSet::new();
            for (from, len) in spans {
                ranges.insert_range(from, from + len);
                set.extend(from..from + len);
            }
            prop_assert_eq!(ranges.iter().collect::<Vec<_>>(), set.into_iter().collect::<Vec<_>>());
            prop_assert!(ranges.is_valid(60));
        }
    }
}
