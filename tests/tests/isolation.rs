//! Rows that TikTok refuses take no other row with them, and finding them costs few calls.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests, and what they share"
)]

use std::rc::Rc;
use std::sync::{Arc, Mutex};

use sync_core::run::RunStatus;
use tideline_tests::{Act, Bench, Blame, Export, SPEC, Setup, World, refuse};

fn setup(batch_size: usize) -> Setup {
    let mut setup = Setup::small();
    setup.spec = SPEC.replace("batch_size: 2", &format!("batch_size: {batch_size}"));
    setup
}

/// Rows in the call whose bad rows are looked for.
const ROWS: usize = 200;

/// The most extra calls for `bad` bad rows of `rows`: 2k(log2(n/k) + 1).
#[expect(clippy::cast_precision_loss, reason = "a few hundred rows")]
fn bound(rows: usize, bad: usize) -> f64 {
    let (rows, bad) = (rows as f64, bad as f64);
    2.0 * bad * ((rows / bad).log2() + 1.0)
}

#[tokio::test]
async fn only_bad_rows_are_refused_and_few_calls_find_them() {
    let bench = Rc::new(Bench::start().await.unwrap());
    println!(
        "{:>24} {:>6} {:>10} {:>11} {:>6}",
        "of 200 rows in a call", "bad", "message", "extra calls", "bound"
    );
    let places: [(&str, Vec<usize>); 7] = [
        ("first", vec![0]),
        ("middle", vec![97]),
        ("last", vec![199]),
        ("several, apart", vec![0, 31, 64, 97, 150, 199]),
        ("several, together", (120..128).collect()),
        ("every second", (0..ROWS).step_by(2).collect()),
        ("all", (0..ROWS).collect()),
    ];
    for (place, bad) in &places {
        for blame in [Blame::Index, Blame::Nobody, Blame::WrongIndex] {
            let mut world = World::new(&bench, setup(ROWS)).await.unwrap();
            let names: Vec<String> = bad.iter().map(|row| format!("k{row}")).collect();
            let refused: Vec<&str> = names.iter().map(String::as_str).collect();
            world.bench.front.script(refuse(&refused, blame));
            let run = world.run("a.csv", &Export::rows(0, ROWS)).await.unwrap();
            let extra = bench.front.calls() - 1;
            let most = bound(ROWS, bad.len());
            println!(
                "{place:>24} {:>6} {:>10} {extra:>11} {most:>6.0}",
                bad.len(),
                format!("{blame:?}")
            );
            #[expect(clippy::cast_precision_loss, reason = "a few hundred calls")]
            let within = extra as f64 <= most;
            assert!(within, "{place}, {blame:?}: {extra} calls, at most {most}");
            let record = world.record(&run).await.unwrap();
            assert_eq!(record.sums.refused, bad.len() as u64);
            world.check_no_errors().unwrap();
            world.check_rest().unwrap();
            world
                .check_keys(
                    (0..ROWS)
                        .filter(|row| !bad.contains(row))
                        .map(|row| format!("k{row}")),
                )
                .unwrap();
            assert_eq!(world.resent(), 0);
            let lines = world
                .store
                .peek(&sync_core::run::keys::rejected(&world.sync, &run))
                .unwrap();
            assert_eq!(String::from_utf8_lossy(&lines).lines().count(), bad.len());
        }
    }
}

#[tokio::test]
async fn a_search_that_costs_too_many_calls_ends_and_carries_the_rest() {
    let bench = Rc::new(Bench::start().await.unwrap());
    let mut setup = setup(64);
    setup.deliver.isolation_calls = 10;
    let mut world = World::new(&bench, setup).await.unwrap();
    let names: Vec<String> = (0..64).step_by(2).map(|row| format!("k{row}")).collect();
    let refused: Vec<&str> = names.iter().map(String::as_str).collect();
    world.bench.front.script(refuse(&refused, Blame::Nobody));
    let run = world.run("a.csv", &Export::rows(0, 64)).await.unwrap();
    assert!(bench.front.calls() <= 11);
    let record = world.record(&run).await.unwrap();
    assert!(record.sums.carried_out > 0);
    world.check_records().unwrap();
    // The next tries go on where this one ended.
    world.bench.front.script(|_| Act::Pass);
    world.pass(30).await.unwrap();
    world.check_rest().unwrap();
    assert_eq!(world.stored() as u64 + record.sums.refused, 64);
}

#[tokio::test]
async fn a_field_that_all_rows_share_stops_the_run_after_one_call() {
    for setup in [Setup::small(), Setup::cut(3, 3)] {
        let bench = Rc::new(Bench::start().await.unwrap());
        let mut world = World::new(&bench, setup).await.unwrap();
        let words = "Invalid value for event_source_id: not a valid string.";
        world
            .bench
            .front
            .script(move |_| Act::Answer(40002, words.into()));
        let run = world.run("a.csv", &Export::rows(0, 9)).await.unwrap();
        let record = world.record(&run).await.unwrap();
        assert_eq!(
            (record.status, bench.front.calls()),
            (RunStatus::Misconfigured, 1)
        );
        assert_eq!((record.sums.carried_out, record.sums.refused), (9, 0));
        assert!(record.reason.unwrap().contains("event_source_id"));
        world.bench.front.script(|_| Act::Pass);
        world.pass(20).await.unwrap();
        world.check_rest().unwrap();
        world.check_keys((0..9).map(|row| format!("k{row}"))).unwrap();
    }
}

#[tokio::test]
async fn of_a_partial_success_only_the_named_rows_are_refused() {
    let bench = Rc::new(Bench::start().await.unwrap());
    let mut world = World::new(&bench, setup(10)).await.unwrap();
    let first = Arc::new(Mutex::new(true));
    world.bench.front.script(move |_| {
        if std::mem::take(&mut *first.lock().unwrap()) {
            let words = "Partial success: data.3.event is invalid; data.7.event_time is invalid.";
            Act::Partial(vec![3, 7], 20001, words.into())
        } else {
            Act::Pass
        }
    });
    let run = world.run("a.csv", &Export::rows(0, 20)).await.unwrap();
    let record = world.record(&run).await.unwrap();
    assert_eq!(
        (record.sums.refused, record.sums.accepted, bench.front.calls()),
        (2, 18, 2)
    );
    world.check_rest().unwrap();
    world
        .check_keys(
            (0..20)
                .filter(|row| ![3, 7].contains(row))
                .map(|row| format!("k{row}")),
        )
        .unwrap();
    assert_eq!(world.resent(), 0);
}
