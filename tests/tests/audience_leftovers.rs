//! What runs of an audience leave over: for corrected rows, for the next run, and when a run is closed before its end.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests, and what they share"
)]

use std::rc::Rc;

use runtime::register::{read_head, swap_head};
use runtime::store::Store as _;
use sync_core::run::{RunStatus, keys};
use tideline_tests::{Act, Bench, MIRROR, NO_ROW, People, Setup, Steps, World, add_spec, names, noted};

async fn world(setup: Setup, spec: &str) -> World {
    let bench = Rc::new(Bench::start().await.unwrap());
    let setup = Setup {
        spec: spec.to_owned(),
        ..setup
    };
    World::new(&bench, setup).await.unwrap()
}

fn setups() -> [Setup; 2] {
    [Setup::small(), Setup::cut(3, 4)]
}

fn check(world: &World, expected: &str) {
    world.check_no_errors().unwrap();
    world.check_rest().unwrap();
    world.check_members(&names(expected)).unwrap();
    world.check_audience(true).unwrap();
}

fn refusal() -> Act {
    Act::Answer(
        40002,
        "Invalid value for batch_data.0.0.id: not a valid string.".into(),
    )
}

/// TikTok gives no answer to mapping calls that remove, or that add.
fn deaf(world: &World, adds: bool) {
    world.bench.front.script(move |call| {
        if (adds && call.adds()) || (!adds && call.removes()) {
            Act::Http(503)
        } else {
            Act::Pass
        }
    });
}

#[tokio::test]
async fn corrected_rows_only_add() {
    for setup in setups() {
        let mut world = world(setup, MIRROR).await;
        world
            .people("1.csv", &People::rows(0, 4).bad("k4").bad("k5"))
            .await
            .unwrap();
        let calls = noted(&world.bench.front);
        // k0 is corrected though it was right: what it was stays until the next whole table.
        let corrected = People::rows(4, 6).row("k0", "e10").bad("k1");
        world.people("corrected/x.csv", &corrected).await.unwrap();
        check(&world, "e0 e1 e2 e3 e4 e5 e10");
        assert!(calls.lock().unwrap().iter().all(|call| call.0));
        assert!(!world.known().unwrap()["k0"] && world.known().unwrap()["k4"]);
        let newest = world.head().newest.unwrap();
        assert!(newest.key.ends_with("/1.csv"), "it is no table: {newest:?}");
        world
            .people("2.csv", &People::rows(1, 6).row("k0", "e10"))
            .await
            .unwrap();
        check(&world, "e1 e2 e3 e4 e5 e10");
    }
}

/// A removal without an answer, and rows that bring its identifier back before it goes again.
#[tokio::test]
async fn what_a_row_has_again_is_not_removed_for_the_sake_of_an_earlier_run() {
    for setup in setups() {
        let mut world = world(setup, MIRROR).await;
        world
            .people("1.csv", &People::rows(0, 4).row("k9", "e9 p9"))
            .await
            .unwrap();
        deaf(&world, false);
        world.people("2.csv", &People::rows(0, 2)).await.unwrap();
        world.bench.front.script(|_| Act::Pass);
        // e2 and p9 are held again; e3 and e9 are not.
        let corrected = People::default().row("k20", "e2").row("k21", "p9");
        world.people("corrected/x.csv", &corrected).await.unwrap();
        world.pass(30).await.unwrap();
        check(&world, "e0 e1 e2 p9");
        let holders = world.holders().unwrap();
        assert_eq!((&holders["e2"], &holders["p9"]), (&names("k20"), &names("k21")));
        assert_eq!(holders.len(), 4, "{holders:?}");
    }
}

/// The same, with rows whose own adds have no answer at first: they go together with the removal.
#[tokio::test]
async fn what_a_carried_row_has_is_not_removed_with_it() {
    for setup in setups() {
        let mut world = world(setup, MIRROR).await;
        world.people("1.csv", &People::rows(0, 4)).await.unwrap();
        deaf(&world, false);
        let table = world.people("2.csv", &People::rows(0, 2)).await.unwrap();
        world.bench.front.script(|call| match call.path.as_str() {
            "/segment/mapping/" => Act::Http(503),
            _ => Act::Pass,
        });
        world
            .people("corrected/x.csv", &People::default().row("k20", "e2"))
            .await
            .unwrap();
        world.bench.front.script(|_| Act::Pass);
        world.pass(40).await.unwrap();
        check(&world, "e0 e1 e2");
        let _ = world.ask_retry(&table, false).await.unwrap();
        world.work().await.unwrap();
        check(&world, "e0 e1 e2");
    }
}

/// A refused removal that a person retries after a corrected row has brought its identifier back.
#[tokio::test]
async fn a_retry_of_refused_removals_spares_what_has_a_row_again() {
    for setup in setups() {
        let mut world = world(setup, MIRROR).await;
        world.people("1.csv", &People::rows(0, 4)).await.unwrap();
        world
            .bench
            .front
            .script(|call| if call.removes() { refusal() } else { Act::Pass });
        let table = world.people("2.csv", &People::rows(0, 2)).await.unwrap();
        world.bench.front.script(|_| Act::Pass);
        world
            .people("corrected/x.csv", &People::default().row("k20", "e2"))
            .await
            .unwrap();
        world.quiet_time().unwrap();
        let _ = world.ask_retry(&table, false).await.unwrap();
        world.work().await.unwrap();
        check(&world, "e0 e1 e2");
    }
}

/// From mirror to add, with a removal left over: rows that are added stay.
#[tokio::test]
async fn a_removal_of_a_mirror_takes_nobody_out_who_is_added_after_the_change_of_mode() {
    for setup in setups() {
        let mut world = world(setup, MIRROR).await;
        world.people("1.csv", &People::rows(0, 4)).await.unwrap();
        deaf(&world, false);
        world.people("2.csv", &People::rows(0, 2)).await.unwrap();
        world.bench.front.script(|_| Act::Pass);
        let now = world.store.now();
        let _ = ingest::resync(&world.ingest(&Steps::default()), &world.sync, now)
            .await
            .unwrap();
        world
            .store
            .put(&keys::spec(&world.sync), add_spec().into())
            .await
            .unwrap();
        world
            .people("3.csv", &People::default().row("k20", "e2"))
            .await
            .unwrap();
        world.pass(30).await.unwrap();
        world.check_rest().unwrap();
        world.check_audience(true).unwrap();
        assert!(world.members().contains("e2"));
    }
}

/// A corrected file whose run is closed: what the table before it left over still goes.
#[tokio::test]
async fn closing_a_run_of_corrected_rows_keeps_what_the_table_left_over() {
    for setup in setups() {
        let mut world = world(setup, MIRROR).await;
        world.people("1.csv", &People::rows(0, 4)).await.unwrap();
        world.bench.front.script(|call| match call.path.as_str() {
            "/segment/mapping/" => Act::Http(503),
            _ => Act::Pass,
        });
        // e5 is to come, e0 is to go: both are left over.
        world
            .people("2.csv", &People::rows(1, 4).row("k5", "e5"))
            .await
            .unwrap();
        assert_eq!(world.head().carried.len(), 1);
        let table_rev = world.head().table_rev;
        world.quiet_time().unwrap();
        let corrected = People::default().row("k6", "e6");
        world.land_file("corrected/x.csv", corrected.csv()).await.unwrap();
        world
            .work_until(|message| message.asked.is_batch())
            .await
            .unwrap();
        let read = read_head(world.store.as_ref(), &world.sync).await.unwrap();
        let mut head = read.head.next();
        head.run.as_mut().unwrap().planner = 0;
        assert!(
            swap_head(world.store.as_ref(), &world.sync, &read, &head)
                .await
                .unwrap()
        );
        world.work().await.unwrap();
        assert_eq!(world.head().table_rev, table_rev, "corrected rows are no table");
        world.bench.front.script(|_| Act::Pass);
        world.pass(600).await.unwrap();
        check(&world, "e1 e2 e3 e5 e6");
    }
}

/// Cancelled after each message: the state knows of all that may be there, and the next export puts it right, be it the
/// same one again or the one before it.
#[tokio::test]
async fn after_a_run_that_was_closed_at_any_moment_the_next_export_puts_all_right() {
    // k10 is gone, k9 has another email, e0 moves.
    let before = People::rows(0, 6).row("k9", "e9 p1").row("k10", "e20");
    let after = People::rows(2, 8).row("k9", "e10 p1").row("k1", "e0");
    let (first, second) = ("e0 e1 e2 e3 e4 e5 e9 p1 e20", "e0 e2 e3 e4 e5 e6 e7 e10 p1");
    for spec in [MIRROR.to_owned(), add_spec()] {
        for (setup, again) in setups()
            .into_iter()
            .flat_map(|setup| [(setup.clone(), true), (setup, false)])
        {
            let (mut moment, mut cancelled) = (0, 0);
            loop {
                let mut world = world(setup.clone(), &spec).await;
                world.people("1.csv", &before).await.unwrap();
                world.quiet_time().unwrap();
                let run = world.land_file("2.csv", after.csv()).await.unwrap();
                world.collect();
                let mut handled = 0;
                while handled < moment
                    && let Some(message) = world.queue.receive(world.store.now())
                {
                    world.handle(message, None).await.unwrap();
                    handled += 1;
                }
                let ctx = world.ingest(&Steps::default());
                let _ = ingest::cancel(&ctx, &world.sync, &run).await.unwrap();
                world.work().await.unwrap();
                world.check_no_errors().unwrap();
                world.check_rest().unwrap();
                world.check_audience(true).unwrap();
                let status = world.record(&run).await.unwrap().status;
                cancelled += u32::from(status == RunStatus::Cancelled);
                let (next, expected) = if again { (&after, second) } else { (&before, first) };
                world.people("3.csv", next).await.unwrap();
                if spec == MIRROR {
                    check(&world, expected);
                } else {
                    // What was added before the run was cancelled stays, and what was not is known all the same.
                    world.check_rest().unwrap();
                    world.check_audience(false).unwrap();
                    assert!(world.members().is_superset(&names(expected)));
                }
                let held = world.holders().unwrap();
                assert!(!held.values().any(|rows| rows.contains(NO_ROW)), "{held:?}");
                if handled < moment {
                    break;
                }
                moment += 1;
            }
            assert!(cancelled > 2, "{cancelled}");
        }
    }
}
