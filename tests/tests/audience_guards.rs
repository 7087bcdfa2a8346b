//! Guards of an audience: the whole export is judged, nothing of it is sent, and a person may let it through.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests, and what they share"
)]

use std::rc::Rc;

use sync_core::run::RunStatus;
use tideline_tests::{Bench, MIRROR, People, Setup, World, names, noted, one_run};

fn guarded(guards: &str) -> String {
    MIRROR.replace(
        "{min_rows: 0, max_removed_percent: 100, max_rejected_percent: 100}",
        guards,
    )
}

/// Ten people are there; then an export is stopped, with these words, and let through.
async fn check(guards: &str, export: &People, words: &str, then: &str) {
    for setup in [Setup::small(), Setup::cut(3, 4)] {
        let bench = Rc::new(Bench::start().await.unwrap());
        let setup = Setup {
            spec: guarded(guards),
            ..setup
        };
        let mut world = World::new(&bench, setup).await.unwrap();
        world.people("1.csv", &People::rows(0, 10)).await.unwrap();
        let (before, held) = (world.members(), world.holders().unwrap());
        assert_eq!(before.len(), 10);
        let calls = noted(&bench.front);
        let run = world.people("2.csv", export).await.unwrap();
        let record = world.record(&run).await.unwrap();
        assert_eq!(record.status, RunStatus::StoppedByGuard);
        let reason = record.reason.unwrap();
        assert!(reason.contains(words), "{reason}");
        assert_eq!((record.counts.to_send, record.counts.to_delete), (0, 0));
        world.pass(60).await.unwrap();
        world.check_rest().unwrap();
        assert!(calls.lock().unwrap().is_empty(), "nothing is sent");
        assert_eq!((world.members(), world.holders().unwrap()), (before, held));
        assert!(world.known().unwrap().values().all(|sure| *sure));
        let asked = world.ask_retry(&run, true).await.unwrap();
        let again = one_run(asked);
        world.work().await.unwrap();
        assert_ne!(
            world.record(&again).await.unwrap().status,
            RunStatus::StoppedByGuard
        );
        world.check_no_errors().unwrap();
        world.check_rest().unwrap();
        world.check_members(&names(then)).unwrap();
        world.check_audience(true).unwrap();
    }
}

#[tokio::test]
async fn an_export_with_few_rows_is_stopped() {
    check(
        "{min_rows: 5, max_removed_percent: 100, max_rejected_percent: 100}",
        &People::rows(0, 4),
        "the export has 4 rows, guards.min_rows asks for 5: nothing was sent",
        "e0 e1 e2 e3",
    )
    .await;
}

#[tokio::test]
async fn an_export_that_would_remove_many_is_stopped() {
    // Seven of ten would leave: six are gone, one is rejected. A changed email is no removal of a person.
    let export = People::rows(0, 2)
        .row("k2", "e20")
        .bad("k3")
        .row("k30", "e30")
        .row("k31", "e31");
    check(
        "{min_rows: 0, max_removed_percent: 50, max_rejected_percent: 100}",
        &export,
        "the export would remove 7 of 10 people (70.0 %) from the audience, guards.max_removed_percent allows 50 %",
        "e0 e1 e20 e30 e31",
    )
    .await;
}

#[tokio::test]
async fn an_export_with_many_rejected_rows_is_stopped() {
    // In parts of three rows the first one alone would pass.
    let export = (0..7).fold(People::rows(0, 5), |people, number| {
        people.bad(&format!("b{number}"))
    });
    check(
        "{min_rows: 0, max_removed_percent: 100, max_rejected_percent: 50}",
        &export,
        "7 of 12 rows (58.3 %) were rejected, guards.max_rejected_percent allows 50 %: none of them was sent",
        "e0 e1 e2 e3 e4",
    )
    .await;
}

#[tokio::test]
async fn the_rows_are_judged_together_and_not_each_part() {
    for setup in [Setup::small(), Setup::cut(3, 4)] {
        let bench = Rc::new(Bench::start().await.unwrap());
        let setup = Setup {
            spec: guarded("{min_rows: 0, max_removed_percent: 100, max_rejected_percent: 50}"),
            ..setup
        };
        let mut world = World::new(&bench, setup).await.unwrap();
        // The last parts have bad rows alone.
        let export = (0..5).fold(People::rows(0, 9), |people, number| {
            people.bad(&format!("b{number}"))
        });
        let run = world.people("1.csv", &export).await.unwrap();
        assert_eq!(
            world.record(&run).await.unwrap().status,
            RunStatus::CompletedWithErrors
        );
        assert_eq!(world.members().len(), 9);
    }
}

/// What was stopped stands in nobody's way: not an older export that a person lets through, and not a second try.
#[tokio::test]
async fn an_older_stopped_export_is_let_through_though_a_newer_one_was_stopped_too() {
    for setup in [Setup::small(), Setup::cut(3, 4)] {
        let bench = Rc::new(Bench::start().await.unwrap());
        let setup = Setup {
            spec: guarded("{min_rows: 2, max_removed_percent: 20, max_rejected_percent: 100}"),
            ..setup
        };
        let mut world = World::new(&bench, setup).await.unwrap();
        world.people("1.csv", &People::rows(0, 10)).await.unwrap();
        let stopped = world.people("2.csv", &People::rows(0, 3)).await.unwrap();
        let empty = world.people("3.csv", &People::rows(0, 0)).await.unwrap();
        for run in [&stopped, &empty] {
            assert_eq!(world.record(run).await.unwrap().status, RunStatus::StoppedByGuard);
        }
        let mut statuses = Vec::new();
        for ignore_guards in [false, true] {
            world.quiet_time().unwrap();
            let asked = world.ask_retry(&stopped, ignore_guards).await.unwrap();
            let again = one_run(asked);
            world.work().await.unwrap();
            statuses.push(world.record(&again).await.unwrap().status);
        }
        assert_eq!(statuses, [RunStatus::StoppedByGuard, RunStatus::Completed]);
        world.check_no_errors().unwrap();
        world.check_rest().unwrap();
        world.check_members(&names("e0 e1 e2")).unwrap();
        world.check_audience(true).unwrap();
    }
}
