//! The search for bad rows: nothing is lost, nothing is sent twice, and the cost stays within its bound.

use std::collections::BTreeSet;

use proptest::prelude::*;
use tiktok::isolate::{End, Known, Outcome};
use tiktok::{Budget, Cause, IndexTrust, Isolation, RetryReason, Verdict};

/// Which index a refusal names.
#[derive(Debug, Clone, Copy)]
enum Voice {
    /// None.
    Silent,
    /// That of the first bad row.
    First,
    /// That of the last bad row.
    Last,
    /// The next one, as if counted from 1.
    OffByOne,
    /// Always the first row.
    Zero,
    /// Any of these, and any number, as drawn.
    Drawn(u64),
}

fn index(voice: Voice, call: u64, rows: &[u32], bad: &BTreeSet<u32>) -> Option<usize> {
    let first = rows.iter().position(|row| bad.contains(row));
    let last = rows.iter().rposition(|row| bad.contains(row));
    match voice {
        Voice::Silent => None,
        Voice::First => first,
        Voice::Last => last,
        Voice::OffByOne => first.map(|index| index + 1),
        Voice::Zero => Some(0),
        Voice::Drawn(seed) => {
            let drawn = seed
                .wrapping_mul(2 * call + 1)
                .rotate_left(17)
                .wrapping_mul(0x9E37_79B9_7F4A_7C15)
                >> 32;
            match drawn % 4 {
                0 => None,
                1 => first,
                2 => last,
                _ => usize::try_from(drawn / 4)
                    .ok()
                    .map(|drawn| drawn % (rows.len() + 2)),
            }
        }
    }
}

/// A cause that tells which call it came from.
fn cause(call: u64) -> Cause {
    Cause {
        code: i64::try_from(call).ok(),
        ..Cause::default()
    }
}

#[derive(Debug, Default)]
struct Found {
    accepted: BTreeSet<u32>,
    refused: BTreeSet<u32>,
    calls: Vec<Vec<u32>>,
}

/// Runs a search to its end, and checks each step.
fn search(n: u32, bad: &BTreeSet<u32>, voice: Voice, budget: usize, trust: IndexTrust) -> (Found, Outcome) {
    let mut isolation = Isolation::new((0..n).collect(), Budget::extra_calls(budget), trust);
    let mut found = Found::default();
    while let Some(call) = isolation.next_call() {
        assert!(!call.rows.is_empty());
        for row in &call.rows {
            assert!(
                !found.accepted.contains(row) && !found.refused.contains(row),
                "row {row} is sent again"
            );
        }
        let refused = call.rows.iter().any(|row| bad.contains(row));
        let verdict = if refused {
            Verdict::Refused {
                row: index(voice, call.id, &call.rows, bad),
                cause: cause(call.id),
            }
        } else {
            Verdict::Accepted
        };
        for known in isolation.report(call.id, &verdict) {
            match known {
                Known::Accepted(rows) => found.accepted.extend(rows),
                Known::Refused { row, cause: own } => {
                    assert_eq!(
                        (&call.rows, &own),
                        (&vec![row], &cause(call.id)),
                        "a row is refused alone"
                    );
                    found.refused.insert(row);
                }
            }
        }
        found.calls.push(call.rows);
    }
    let outcome = isolation.finish();
    assert_eq!(outcome.calls, found.calls.len());
    (found, outcome)
}

/// Not a number where it does not fit, so that every comparison fails.
fn float(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::NAN, f64::from)
}

/// The most extra calls for `k` bad rows of `n`.
fn bound(n: u32, k: usize) -> f64 {
    if k == 0 {
        0.0
    } else {
        let k = float(k);
        2.0 * k * ((f64::from(n) / k).log2() + 1.0)
    }
}

#[track_caller]
fn check_all_found(n: u32, bad: &BTreeSet<u32>, voice: Voice, trust: IndexTrust) -> usize {
    let (found, outcome) = search(n, bad, voice, usize::MAX, trust);
    assert_eq!((outcome.end, outcome.left), (End::Done, vec![]));
    assert_eq!(&found.refused, bad);
    assert_eq!(found.accepted.len() + bad.len(), n as usize);
    let extra = found.calls.len() - 1;
    let bound = bound(n, bad.len());
    assert!(
        float(extra) <= bound + 1e-9,
        "{extra} extra calls, at most {bound}"
    );
    extra
}

fn rows_and_bad() -> impl Strategy<Value = (u32, BTreeSet<u32>)> {
    let few = 0_usize..6;
    let many = 0_usize..=1_000;
    (1_u32..=1_000, prop_oneof![few, many], any::<bool>(), any::<u32>()).prop_flat_map(
        |(n, k, adjacent, at)| {
            let k = k.min(n as usize);
            if adjacent {
                let first = at % n;
                Just((n, (0..n).take(k).map(|i| (first + i) % n).collect())).boxed()
            } else {
                let bad = prop::sample::subsequence((0..n).collect::<Vec<_>>(), k);
                bad.prop_map(move |bad| (n, bad.into_iter().collect())).boxed()
            }
        },
    )
}

fn voice() -> impl Strategy<Value = Voice> {
    prop_oneof![
        Just(Voice::Silent),
        Just(Voice::First),
        Just(Voice::Last),
        Just(Voice::OffByOne),
        Just(Voice::Zero),
        any::<u64>().prop_map(Voice::Drawn),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_row_is_settled_within_the_bound_whatever_index_is_named(
        (n, bad) in rows_and_bad(), voice in voice(), trusted in any::<bool>(),
    ) {
        let trust = if trusted { IndexTrust::Hint } else { IndexTrust::Ignore };
        check_all_found(n, &bad, voice, trust);
    }

    #[test]
    fn a_used_up_budget_leaves_exactly_what_is_not_known(
        (n, bad) in rows_and_bad(), voice in voice(), budget in 0_usize..40,
    ) {
        let (found, outcome) = search(n, &bad, voice, budget, IndexTrust::Hint);
        prop_assert!(found.calls.len() <= budget + 1);
        prop_assert_eq!(outcome.left.is_empty(), outcome.end == End::Done);
        prop_assert!(outcome.end == End::Done || (outcome.end == End::Budget && found.calls.len() == budget + 1));
        let mut all: Vec<u32> = found.accepted.iter().chain(&found.refused).chain(&outcome.left).copied().collect();
        all.sort_unstable();
        prop_assert_eq!(all, (0..n).collect::<Vec<_>>());
    }
}

#[test]
fn an_honest_index_costs_two_calls_for_each_bad_row() {
    let bad = BTreeSet::from([0, 17, 18, 500, 999]);
    assert_eq!(check_all_found(1_000, &bad, Voice::First, IndexTrust::Hint), 10);
    assert_eq!(check_all_found(1_000, &bad, Voice::Last, IndexTrust::Hint), 10);
}

#[test]
fn figures_stay_within_the_bound() {
    println!(
        "{:>5} {:>5} {:>7} {:>7} {:>7} {:>7}",
        "n", "k", "honest", "silent", "lying", "bound"
    );
    for (n, k) in [
        (2, 1),
        (100, 1),
        (100, 10),
        (1_000, 1),
        (1_000, 2),
        (1_000, 10),
        (1_000, 100),
        (1_000, 1_000),
    ] {
        let bad: BTreeSet<u32> = (0..k).map(|i| i * (n / k)).collect();
        let extra = |voice| check_all_found(n, &bad, voice, IndexTrust::Hint);
        let figures = [Voice::First, Voice::Silent, Voice::OffByOne].map(extra);
        let [honest, silent, lying] = figures;
        println!(
            "{n:>5} {k:>5} {honest:>7} {silent:>7} {lying:>7} {:>7.0}",
            bound(n, bad.len())
        );
    }
}

#[test]
fn an_accepted_suspect_ends_the_belief_in_indexes() {
    let bad = BTreeSet::from([9]);
    let (found, _) = search(16, &bad, Voice::Zero, 100, IndexTrust::Hint);
    assert_eq!(found.calls[1], [0]);
    assert!(found.calls[2].len() > 1, "{:?}", found.calls);
    let (ignored, _) = search(16, &bad, Voice::Zero, 100, IndexTrust::Ignore);
    let (silent, _) = search(16, &bad, Voice::Silent, 100, IndexTrust::Ignore);
    assert_eq!(ignored.calls, silent.calls);
}

#[test]
fn a_split_blames_nobody_but_a_single_row() {
    let mut isolation = Isolation::new(vec![7, 8, 9], Budget::extra_calls(10), IndexTrust::Hint);
    let split = Verdict::Split { cause: cause(40061) };
    let mut sent = Vec::new();
    let mut known = Vec::new();
    while let Some(call) = isolation.next_call() {
        let verdict = if call.rows == [9] || call.rows.len() > 1 {
            split.clone()
        } else {
            Verdict::Accepted
        };
        known.extend(isolation.report(call.id, &verdict));
        sent.push(call.rows);
    }
    assert_eq!(sent, [vec![7, 8, 9], vec![7, 8], vec![7], vec![8], vec![9]]);
    let refused = Known::Refused {
        row: 9,
        cause: cause(40061),
    };
    assert_eq!(
        known,
        [Known::Accepted(vec![7]), Known::Accepted(vec![8]), refused]
    );
}

#[test]
fn a_partial_success_refuses_the_named_rows_and_no_others() {
    fn check(named: &[usize], want: &[Known]) {
        let mut isolation = Isolation::new(vec![7, 8, 9], Budget::extra_calls(10), IndexTrust::Hint);
        let call = isolation.next_call().unwrap();
        let partial = Verdict::Partial {
            rows: named.to_vec(),
            cause: cause(20001),
        };
        assert_eq!(isolation.report(call.id, &partial), want);
        assert!(isolation.is_done());
    }
    let refused = |row| Known::Refused {
        row,
        cause: cause(20001),
    };
    check(&[], &[Known::Accepted(vec![7, 8, 9])]);
    check(&[1], &[refused(8), Known::Accepted(vec![7, 9])]);
    check(&[1, 3, 99], &[refused(8), Known::Accepted(vec![7, 9])]);
    check(&[0, 1, 2], &[refused(7), refused(8), refused(9)]);
}

#[test]
fn an_answer_about_no_row_ends_the_search_and_leaves_the_rows() {
    let retry = Verdict::Retry {
        why: RetryReason::Unclear,
        cause: cause(0),
    };
    for verdict in [retry, Verdict::Misconfigured { cause: cause(40007) }] {
        let mut isolation = Isolation::new(vec![9, 8, 7, 6], Budget::extra_calls(10), IndexTrust::Hint);
        let call = isolation.next_call().unwrap();
        let refused = Verdict::Refused {
            row: Some(0),
            cause: cause(40002),
        };
        assert_eq!(isolation.report(call.id, &refused), []);
        let suspect = isolation.next_call().unwrap();
        assert_eq!(isolation.report(suspect.id, &verdict), []);
        assert_eq!(isolation.next_call(), None);
        let outcome = isolation.finish();
        assert_eq!(
            (outcome.end, outcome.left, outcome.calls),
            (End::Stopped, vec![6, 7, 8, 9], 2)
        );
    }
}

#[test]
fn a_call_is_handed_out_until_it_is_reported_and_counted_once() {
    let mut isolation = Isolation::new(vec![1, 2], Budget::extra_calls(0), IndexTrust::Hint);
    let call = isolation.next_call().unwrap();
    assert_eq!(isolation.next_call(), Some(call.clone()));
    assert_eq!(isolation.report(call.id + 1, &Verdict::Accepted), []);
    assert!(!isolation.is_done());
    assert_eq!(
        isolation.report(call.id, &Verdict::Accepted),
        [Known::Accepted(vec![1, 2])]
    );
    assert_eq!(isolation.report(call.id, &Verdict::Accepted), []);
    assert!(isolation.is_done());
    assert_eq!(
        isolation.finish(),
        Outcome {
            end: End::Done,
            left: vec![],
            calls: 1
        }
    );
}

#[test]
fn without_rows_there_is_nothing_to_send() {
    let mut isolation = Isolation::new(Vec::new(), Budget::extra_calls(10), IndexTrust::Hint);
    assert_eq!(isolation.next_call(), None);
    assert_eq!(isolation.finish().end, End::Done);
}

#[test]
fn what_is_under_way_is_left_when_the_caller_stops() {
    let mut isolation = Isolation::new(vec![1, 2], Budget::extra_calls(10), IndexTrust::Hint);
    let _ = isolation.next_call();
    let outcome = isolation.finish();
    assert_eq!(
        (outcome.end, outcome.left, outcome.calls),
        (End::Stopped, vec![1, 2], 0)
    );
}
