//! What people ask of an audience: retries, a resync, another mode; and the quiet time between two runs.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests, and what they share"
)]

use std::collections::BTreeSet;
use std::rc::Rc;

use ingest::Requested;
use runtime::store::Store as _;
use sync_core::run::RunStatus;
use tideline_tests::{
    Act, Bench, MIRROR, People, Setup, Steps, World, add_spec, names, noted, one_run, refuse_adds,
};

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

/// Nothing waits, the audience is that, and the state agrees.
fn check(world: &World, expected: &str) {
    world.check_no_errors().unwrap();
    world.check_rest().unwrap();
    world.check_members(&names(expected)).unwrap();
    world.check_audience(true).unwrap();
}

async fn resync(world: &mut World) {
    let now = world.store.now();
    let _ = ingest::resync(&world.ingest(&Steps::default()), &world.sync, now)
        .await
        .unwrap();
    world.work().await.unwrap();
}

#[tokio::test]
async fn a_retry_of_a_run_that_is_older_than_the_newest_table_does_nothing() {
    for setup in setups() {
        let mut world = world(setup, MIRROR).await;
        world.bench.front.script(refuse_adds("e2"));
        let first = world.people("1.csv", &People::rows(0, 4)).await.unwrap();
        world.bench.front.script(|_| Act::Pass);
        world.quiet_time().unwrap();
        // Asked for while the next table is on its way, and done after it.
        world.land_file("2.csv", People::rows(0, 2).csv()).await.unwrap();
        world
            .work_until(|message| message.asked.is_batch())
            .await
            .unwrap();
        let asked = world.ask_retry(&first, false).await.unwrap();
        let waiting = one_run(asked);
        world.work().await.unwrap();
        world.pass(20).await.unwrap();
        check(&world, "e0 e1");
        let record = world.record(&waiting).await.unwrap();
        assert_eq!(record.counts.carried_in, 0);
        let again = world.ask_retry(&first, false).await.unwrap();
        let Requested::Nothing(why) = again else {
            panic!("{again:?}")
        };
        assert!(
            why.contains("a newer export of the whole audience was applied"),
            "{why}"
        );
    }
}

#[tokio::test]
async fn a_retry_sends_refused_people_again() {
    for setup in setups() {
        let mut world = world(setup, MIRROR).await;
        world.bench.front.script(refuse_adds("e2"));
        let first = world.people("1.csv", &People::rows(0, 4)).await.unwrap();
        world.bench.front.script(|_| Act::Pass);
        world.quiet_time().unwrap();
        let _ = world.ask_retry(&first, false).await.unwrap();
        world.work().await.unwrap();
        check(&world, "e0 e1 e2 e3");
        assert!(world.known().unwrap()["k2"]);
    }
}

#[tokio::test]
async fn after_a_resync_everybody_goes_again_and_whoever_is_gone_leaves() {
    for setup in setups() {
        let mut world = world(setup, MIRROR).await;
        world.people("1.csv", &People::rows(0, 6)).await.unwrap();
        resync(&mut world).await;
        let calls = noted(&world.bench.front);
        let run = world.people("2.csv", &People::rows(0, 4)).await.unwrap();
        let counts = world.record(&run).await.unwrap().counts;
        assert_eq!((counts.to_send, counts.unchanged, counts.to_delete), (4, 0, 2));
        check(&world, "e0 e1 e2 e3");
        let removed: BTreeSet<String> = calls
            .lock()
            .unwrap()
            .iter()
            .filter(|call| !call.0)
            .flat_map(|call| call.1.clone())
            .collect();
        assert_eq!(removed, names("e4 e5"));
        let run = world.people("3.csv", &People::rows(0, 4)).await.unwrap();
        assert_eq!(world.record(&run).await.unwrap().counts.unchanged, 4, "once");
    }
}

#[tokio::test]
async fn another_mode_needs_a_resync_and_then_holds() {
    for setup in setups() {
        let mut world = world(setup, &add_spec()).await;
        world.people("1.csv", &People::rows(0, 6)).await.unwrap();
        world
            .people("2.csv", &People::default().row("k1", "e9"))
            .await
            .unwrap();
        let key = sync_core::run::keys::spec(&world.sync);
        world.store.put(&key, MIRROR.into()).await.unwrap();
        let calls = noted(&world.bench.front);
        let run = world.people("3.csv", &People::rows(0, 2)).await.unwrap();
        let record = world.record(&run).await.unwrap();
        assert_eq!(record.status, RunStatus::Misconfigured);
        let reason = record.reason.unwrap();
        assert!(
            reason.contains("mode is mirror, and earlier runs of this sync used add: a change needs a full resync; run `tideline resync web`"),
            "{reason}"
        );
        assert!(calls.lock().unwrap().is_empty());
        check(&world, "e0 e1 e2 e3 e4 e5 e9");
        resync(&mut world).await;
        world.people("4.csv", &People::rows(0, 2)).await.unwrap();
        check(&world, "e0 e1");
    }
}

#[tokio::test]
async fn a_run_begins_when_the_quiet_time_after_the_one_before_is_over() {
    for spec in [MIRROR.to_owned(), add_spec()] {
        for setup in setups() {
            let mut world = world(setup, &spec).await;
            let first = world.land_file("1.csv", People::rows(0, 3).csv()).await.unwrap();
            world
                .work_until(|message| message.asked.is_batch())
                .await
                .unwrap();
            let second = world.people("2.csv", &People::rows(0, 4)).await.unwrap();
            let (first, second) = (
                world.record(&first).await.unwrap(),
                world.record(&second).await.unwrap(),
            );
            let waited = second.started - first.finished;
            assert!(
                waited >= world.setup.ingest.quiet_seconds,
                "it waited for {waited} seconds"
            );
        }
    }
}

/// Nothing is begun any more for a cancelled run, and functions that had begun are dead before its end is written down.
#[tokio::test]
async fn a_cancelled_run_ends_when_the_quiet_time_is_over() {
    for setup in setups() {
        let mut world = world(setup, MIRROR).await;
        let run = world.land_file("1.csv", People::rows(0, 3).csv()).await.unwrap();
        world
            .work_until(|message| message.asked.is_batch())
            .await
            .unwrap();
        let ctx = world.ingest(&Steps::default());
        let _ = ingest::cancel(&ctx, &world.sync, &run).await.unwrap();
        let cancelled = world.store.now() / 1_000;
        let calls = noted(&world.bench.front);
        world.work().await.unwrap();
        assert!(calls.lock().unwrap().is_empty(), "nothing more is sent");
        let record = world.record(&run).await.unwrap();
        assert_eq!(record.status, RunStatus::Cancelled);
        let waited = record.finished - cancelled;
        assert!(
            waited >= world.setup.ingest.quiet_seconds - 1,
            "it waited for {waited} seconds"
        );
    }
}
