//! What one run leaves for the next: rejected, refused and carried rows.
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

use ingest::Requested;
use sync_core::run::{RunKind, RunStatus};
use tideline_tests::{Act, Bench, Blame, Export, Setup, Steps, World, one_run, refuse};

async fn world(setup: Setup) -> World {
    let bench = Rc::new(Bench::start().await.unwrap());
    World::new(&bench, setup).await.unwrap()
}

fn setups() -> [Setup; 2] {
    [Setup::small(), Setup::cut(2, 2)]
}

#[tokio::test]
async fn a_row_that_was_corrected_is_delivered_and_then_left_alone() {
    for setup in setups() {
        let mut world = world(setup).await;
        let first = world.run("1.csv", &Export::rows(0, 4).bad("k4")).await.unwrap();
        assert_eq!(world.record(&first).await.unwrap().counts.rejected_total(), 1);
        world.check_keys(["k0", "k1", "k2", "k3"]).unwrap();
        let second = world.run("2.csv", &Export::rows(0, 5)).await.unwrap();
        let record = world.record(&second).await.unwrap();
        assert_eq!((record.sums.accepted, record.counts.unchanged), (1, 4));
        let third = world.run("3.csv", &Export::rows(0, 5)).await.unwrap();
        let record = world.record(&third).await.unwrap();
        assert_eq!((record.sums.accepted, record.counts.unchanged), (0, 5));
        world.check_rest().unwrap();
        world.check_keys(["k0", "k1", "k2", "k3", "k4"]).unwrap();
        assert_eq!(world.resent(), 0);
    }
}

#[tokio::test]
async fn a_row_that_changed_is_counted_and_not_sent_again() {
    for setup in setups() {
        let mut world = world(setup).await;
        world.run("1.csv", &Export::rows(0, 4)).await.unwrap();
        let changed = Export::rows(0, 3).row("k3", "changed");
        let second = world.run("2.csv", &changed).await.unwrap();
        let record = world.record(&second).await.unwrap();
        assert_eq!((record.counts.changed_not_sent, record.counts.unchanged), (1, 3));
        world.check_rest().unwrap();
        assert_eq!(world.resent(), 0);
    }
}

#[tokio::test]
async fn carried_rows_of_a_small_run_go_before_the_new_ones() {
    let mut world = world(Setup::small()).await;
    world.bench.front.script(|call| {
        if call.ids.contains(&"k2".to_owned()) {
            Act::Answer(40100, "Too many requests.".into())
        } else {
            Act::Pass
        }
    });
    let first = world.run("1.csv", &Export::rows(0, 6)).await.unwrap();
    let record = world.record(&first).await.unwrap();
    assert_eq!((record.sums.carried_out, record.sums.accepted), (2, 4));
    assert_eq!(record.status, RunStatus::Incomplete);
    let order = Arc::new(Mutex::new(Vec::new()));
    let seen = order.clone();
    world.bench.front.script(move |call| {
        seen.lock().unwrap().extend(call.ids.clone());
        Act::Pass
    });
    let second = world.run("2.csv", &Export::rows(4, 9)).await.unwrap();
    assert_eq!(*order.lock().unwrap(), ["k2", "k3", "k6", "k7", "k8"]);
    let record = world.record(&second).await.unwrap();
    assert_eq!((record.counts.carried_in, record.counts.to_send), (2, 3));
    world.check_rest().unwrap();
    world
        .check_keys((0..9).map(|number| format!("k{number}")))
        .unwrap();
}

#[tokio::test]
async fn carried_rows_give_way_to_valid_new_rows_of_their_keys_and_to_no_others() {
    for setup in setups() {
        let mut world = world(setup).await;
        world
            .bench
            .front
            .script(|_| Act::Answer(40100, "Too many requests.".into()));
        let first = world.run("1.csv", &Export::rows(0, 4)).await.unwrap();
        assert_eq!(world.record(&first).await.unwrap().sums.carried_out, 4);
        world.bench.front.script(|_| Act::Pass);
        // k0 comes anew, k1 comes as a row that we reject, k2 and k3 do not come.
        let second = world.run("2.csv", &Export::of(["k0"]).bad("k1")).await.unwrap();
        let record = world.record(&second).await.unwrap();
        assert_eq!(
            (record.counts.carried_superseded, record.counts.carried_in),
            (1, 3)
        );
        assert_eq!((record.sums.accepted, record.counts.rejected_total()), (4, 1));
        world.check_rest().unwrap();
        world.check_keys(["k0", "k1", "k2", "k3"]).unwrap();
    }
}

#[tokio::test]
async fn carried_rows_go_by_themselves_without_a_new_export() {
    for setup in setups() {
        let mut world = world(setup).await;
        world.bench.front.script(|_| Act::Http(503));
        world.run("1.csv", &Export::rows(0, 5)).await.unwrap();
        world.bench.front.script(|_| Act::Pass);
        world.pass(10).await.unwrap();
        assert!(
            world.accepted().is_empty(),
            "not before a quarter of an hour is over"
        );
        world.pass(15).await.unwrap();
        world.check_rest().unwrap();
        world
            .check_keys((0..5).map(|number| format!("k{number}")))
            .unwrap();
        assert!(world.records().iter().any(|record| record.kind == RunKind::Retry));
    }
}

#[tokio::test]
async fn a_refused_row_goes_again_when_a_person_asks_and_not_by_itself() {
    for setup in setups() {
        let mut world = world(setup).await;
        world.bench.front.script(refuse(&["k2"], Blame::Index));
        let first = world.run("1.csv", &Export::rows(0, 5)).await.unwrap();
        let record = world.record(&first).await.unwrap();
        assert_eq!((record.sums.refused, record.sums.accepted), (1, 4));
        world.bench.front.script(|_| Act::Pass);
        world.run("2.csv", &Export::rows(5, 7)).await.unwrap();
        world.pass(60).await.unwrap();
        assert!(!world.accepted().contains("k2"));
        let asked = world.ask_retry(&first, false).await.unwrap();
        let retry = one_run(asked);
        world.work().await.unwrap();
        let record = world.record(&retry).await.unwrap();
        assert_eq!((record.counts.carried_in, record.sums.accepted), (1, 1));
        world.check_rest().unwrap();
        world
            .check_keys((0..7).map(|number| format!("k{number}")))
            .unwrap();
        let asked = world.ask_retry(&first, false).await.unwrap();
        let Requested::Nothing(why) = asked else {
            panic!("{asked:?}")
        };
        assert!(
            why.contains("had refused went on to the run") && why.contains("accepted 1 and refused 0"),
            "{why}"
        );
    }
}

#[tokio::test]
async fn a_refused_row_goes_again_with_a_later_export() {
    for setup in setups() {
        let mut world = world(setup).await;
        world.bench.front.script(refuse(&["k2"], Blame::Nobody));
        world.run("1.csv", &Export::rows(0, 5)).await.unwrap();
        world.bench.front.script(|_| Act::Pass);
        world.run("2.csv", &Export::rows(0, 5)).await.unwrap();
        world.check_rest().unwrap();
        world
            .check_keys((0..5).map(|number| format!("k{number}")))
            .unwrap();
        assert_eq!(world.resent(), 0);
    }
}

#[tokio::test]
async fn after_a_resync_the_next_export_sends_everything_once_more() {
    for setup in setups() {
        let mut world = world(setup).await;
        world.run("1.csv", &Export::rows(0, 5)).await.unwrap();
        let ctx = world.ingest(&Steps::default());
        let _ = ingest::resync(&ctx, &world.sync, world.store.now())
            .await
            .unwrap();
        world.work().await.unwrap();
        assert_eq!(world.resent(), 0, "a resync sends nothing itself");
        let second = world.run("2.csv", &Export::rows(0, 5)).await.unwrap();
        assert_eq!(world.record(&second).await.unwrap().sums.accepted, 5);
        assert_eq!((world.resent(), world.stored()), (5, 5));
        let third = world.run("3.csv", &Export::rows(0, 5)).await.unwrap();
        assert_eq!(world.record(&third).await.unwrap().counts.unchanged, 5);
        world.check_rest().unwrap();
        world
            .check_keys((0..5).map(|number| format!("k{number}")))
            .unwrap();
    }
}

/// A resync is for exports: what a retry sends is compared with what TikTok has, before and after.
#[tokio::test]
async fn after_a_resync_a_retry_sends_nothing_that_was_accepted_meanwhile() {
    for setup in setups() {
        let mut world = world(setup).await;
        world.bench.front.script(refuse(&["k2"], Blame::Index));
        let first = world.run("1.csv", &Export::rows(0, 5)).await.unwrap();
        assert_eq!(world.record(&first).await.unwrap().sums.refused, 1);
        world.bench.front.script(|_| Act::Pass);
        // The export is claimed at once; both requests wait until it has ended, the resync first.
        world.land("2.csv", &Export::rows(0, 5)).await.unwrap();
        let (ctx, now) = (world.ingest(&Steps::default()), world.store.now());
        world.collect();
        let export = world.queue.take(0);
        world.handle(export, None).await.unwrap();
        let _ = ingest::resync(&ctx, &world.sync, now).await.unwrap();
        let asked = world.ask_retry(&first, false).await.unwrap();
        let retry = one_run(asked);
        world.work().await.unwrap();
        world.check_rest().unwrap();
        let record = world.record(&retry).await.unwrap();
        assert!(world.head().forget, "no export has run since the resync");
        assert_eq!((record.counts.carried_in, record.counts.carried_done), (0, 1));
        assert_eq!(world.resent(), 0);
    }
}
