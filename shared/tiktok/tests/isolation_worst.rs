//! The worst that any choice of bad rows and named indexes can cost: for few rows by trying all of them, for many
//! by a recurrence that the trials confirm.

use std::collections::BTreeMap;

use tiktok::{Budget, Cause, IndexTrust, Isolation, Verdict};

/// The dearest end of a search, in calls.
fn tried(mut isolation: Isolation, bad: u32, calls: usize) -> usize {
    let Some(call) = isolation.next_call() else {
        return calls;
    };
    if call.rows.iter().all(|row| bad >> row & 1 == 0) {
        let _ = isolation.report(call.id, &Verdict::Accepted);
        return tried(isolation, bad, calls + 1);
    }
    let indexes = std::iter::once(None).chain((0..call.rows.len()).map(Some));
    let reported = |row| {
        let mut isolation = isolation.clone();
        let cause = Cause::default();
        let _ = isolation.report(call.id, &Verdict::Refused { row, cause });
        tried(isolation, bad, calls + 1)
    };
    indexes.map(reported).max().unwrap_or(calls)
}

/// Most extra calls below a group of `rows` with `bad` ones, while `lies` (0 or 1) wrong indexes are left.
#[derive(Default)]
struct Worst {
    /// The group is known to hold a bad row without being sent.
    unsent: BTreeMap<(usize, usize, usize), usize>,
    /// The group was refused.
    refused: BTreeMap<(usize, usize, usize), usize>,
}

impl Worst {
    fn unsent(&mut self, rows: usize, bad: usize, lies: usize) -> usize {
        if rows == 1 {
            return 1;
        }
        if let Some(known) = self.unsent.get(&(rows, bad, lies)) {
            return *known;
        }
        let (larger, smaller) = (rows.div_ceil(2), rows / 2);
        let mut worst = 0;
        for in_smaller in bad.saturating_sub(larger)..=bad.min(smaller) {
            let in_larger = bad - in_smaller;
            for lies_there in 0..=lies {
                let cost = if in_smaller == 0 {
                    1 + self.unsent(larger, in_larger, lies)
                } else {
                    2 + self.refused(smaller, in_smaller, lies_there)
                        + self.refused(larger, in_larger, lies - lies_there)
                };
                worst = worst.max(cost);
            }
        }
        self.unsent.insert((rows, bad, lies), worst);
        worst
    }

    fn refused(&mut self, rows: usize, bad: usize, lies: usize) -> usize {
        if rows <= 1 || bad == 0 {
            return 0;
        }
        if let Some(known) = self.refused.get(&(rows, bad, lies)) {
            return *known;
        }
        let silent = self.unsent(rows, bad, lies);
        let right = 2 + self.refused(rows - 1, bad - 1, lies);
        let wrong = if lies > 0 && bad < rows {
            1 + self.unsent(rows - 1, bad, lies - 1)
        } else {
            0
        };
        let worst = silent.max(right).max(wrong);
        self.refused.insert((rows, bad, lies), worst);
        worst
    }
}

fn float(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::NAN, f64::from)
}

#[test]
fn no_choice_for_up_to_six_rows_is_dearer_than_the_recurrence_says() {
    let mut worst = Worst::default();
    for rows in 1..=6_u32 {
        let mut dearest = BTreeMap::new();
        for bad in 1..1_u32 << rows {
            let isolation = Isolation::new(
                (0..rows).collect(),
                Budget::extra_calls(usize::MAX),
                IndexTrust::Hint,
            );
            let extra = tried(isolation, bad, 0) - 1;
            let known = dearest.entry(bad.count_ones() as usize).or_insert(extra);
            *known = extra.max(*known);
        }
        for (bad, extra) in dearest {
            assert_eq!(
                extra,
                worst.refused(rows as usize, bad, 1),
                "{bad} bad rows of {rows}"
            );
        }
    }
}

#[test]
fn the_worst_case_is_within_the_bound_for_up_to_150_rows() {
    let mut worst = Worst::default();
    for rows in 1..=150 {
        for bad in 1..=rows {
            let extra = worst.refused(rows, bad, 1);
            let bound = 2.0 * float(bad) * ((float(rows) / float(bad)).log2() + 1.0);
            assert!(
                float(extra) <= bound,
                "{bad} bad rows of {rows}: {extra} extra calls, at most {bound}"
            );
        }
    }
}
