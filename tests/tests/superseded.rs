//! Folders of exports as warehouses leave them: marks and broken files between good ones, some of them pushed aside.
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

use ingest::RetryOf;
use sync_core::names::RunId;
use sync_core::run::RunStatus;
use tideline_tests::{Act, Bench, MIRROR, People, Setup, Steps, World, add_spec, files_spec, one_run};

const DAY: i64 = 86_400_000;

async fn world(setup: Setup, spec: &str) -> World {
    let bench = Rc::new(Bench::start().await.unwrap());
    let setup = Setup {
        spec: spec.to_owned(),
        visibility: 600_000,
        ..setup
    };
    World::new(&bench, setup).await.unwrap()
}

fn setups() -> [Setup; 2] {
    [Setup::small(), Setup::cut(3, 4)]
}

async fn status(world: &World, run: &RunId) -> Option<RunStatus> {
    world.record(run).await.ok().map(|record| record.status)
}

fn people(numbers: std::ops::Range<usize>) -> BTreeSet<String> {
    numbers.map(|number| format!("e{number}")).collect()
}

#[tokio::test]
async fn marks_of_a_warehouse_are_no_exports_and_push_nothing_aside() {
    for (spec, days) in [(MIRROR.to_owned(), 0), (files_spec(), 1)] {
        let setup = if days > 0 {
            Setup::cut(700, 4_000)
        } else {
            Setup::small()
        };
        for setup in [Setup::small(), setup] {
            let mut world = world(setup, &spec).await;
            let rows = if days > 0 { 1_100 } else { 6 };
            world.people("mon.csv", &People::rows(0, 2 * rows)).await.unwrap();
            world.quiet_time().unwrap();
            let tuesday = world
                .land_file("tue.csv", People::rows(0, rows).csv())
                .await
                .unwrap();
            for mark in [
                "_SUCCESS",
                "_started_17",
                ".tue.csv.crc",
                "_temporary/0/part-0.csv",
                "empty.csv",
            ] {
                world.land_file(mark, "").await.unwrap();
            }
            world
                .land_file("_committed_17", "{\"added\":[\"tue.csv\"]}")
                .await
                .unwrap();
            world.jump(days * DAY).unwrap();
            world.work().await.unwrap();
            world.pass(60).await.unwrap();
            world.check_no_errors().unwrap();
            assert_eq!(status(&world, &tuesday).await, Some(RunStatus::Completed));
            assert_eq!(world.members().len(), rows);
            assert_eq!(world.records().len(), 2, "a mark has no run");
            world.check_rest().unwrap();
        }
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_read_supersedes_nothing() {
    for setup in setups() {
        for broken in ["id,mail\nk1,e1@shop.example\n", "\u{0}\u{1}", "id,email,phone\n"] {
            let guarded = MIRROR.replace("min_rows: 0", "min_rows: 1");
            let mut world = world(setup.clone(), &guarded).await;
            world.people("mon.csv", &People::rows(0, 8)).await.unwrap();
            let tuesday = world
                .land_file("tue.csv", People::rows(0, 6).csv())
                .await
                .unwrap();
            let broken = world.land_file("wed.csv", broken).await.unwrap();
            world.work().await.unwrap();
            assert!(matches!(
                status(&world, &broken).await,
                Some(RunStatus::Aborted | RunStatus::StoppedByGuard)
            ));
            assert_eq!(status(&world, &tuesday).await, Some(RunStatus::Completed));
            assert_eq!(world.members(), people(0..6));
            world.check_rest().unwrap();
        }
    }
}

#[tokio::test]
async fn an_export_that_a_guard_stops_supersedes_nothing_and_an_applied_one_does() {
    for setup in setups() {
        let guarded = MIRROR.replace("max_removed_percent: 100", "max_removed_percent: 50");
        let mut world = world(setup, &guarded).await;
        world.people("mon.csv", &People::rows(0, 8)).await.unwrap();
        let tuesday = world
            .land_file("tue.csv", People::rows(0, 7).csv())
            .await
            .unwrap();
        let wednesday = world
            .land_file("wed.csv", People::rows(0, 6).csv())
            .await
            .unwrap();
        let stopped = world
            .land_file("xtra.csv", People::rows(0, 1).csv())
            .await
            .unwrap();
        world.work().await.unwrap();
        assert_eq!(status(&world, &stopped).await, Some(RunStatus::StoppedByGuard));
        assert_eq!(status(&world, &wednesday).await, Some(RunStatus::Completed));
        assert_eq!(status(&world, &tuesday).await, Some(RunStatus::Superseded));
        assert_eq!(world.members(), people(0..6));
        world.check_rest().unwrap();
    }
}

#[tokio::test]
async fn files_that_tiktok_refuses_supersede_nothing_and_the_newest_good_ones_are_applied() {
    for setup in [Setup::small(), Setup::cut(700, 4_000)] {
        let mut world = world(setup, &files_spec()).await;
        world.people("mon.csv", &People::rows(0, 1_100)).await.unwrap();
        let tuesday = world
            .land_file("tue.csv", People::rows(0, 1_200).csv())
            .await
            .unwrap();
        let wednesday = world
            .land_file("wed.csv", People::rows(0, 1_300).csv())
            .await
            .unwrap();
        world.work().await.unwrap();
        // The call that replaces the audience is refused, once.
        let mut refused = 0;
        world.bench.front.script(move |call| {
            let update = call.path.ends_with("/update/");
            refused += usize::from(update);
            if update && refused == 1 {
                Act::Answer(40002, "Invalid value for file_paths: not good.".into())
            } else {
                Act::Pass
            }
        });
        world.jump(DAY).unwrap();
        world.pass(30).await.unwrap();
        assert_eq!(world.record(&wednesday).await.unwrap().sums.refused, 1_300);
        assert_eq!(status(&world, &tuesday).await, Some(RunStatus::Completed));
        assert_eq!(world.members().len(), 1_200);
        world.check_rest().unwrap();
    }
}

#[tokio::test]
async fn an_export_that_was_superseded_or_stopped_is_applied_when_a_person_asks_for_it_by_name() {
    for setup in setups() {
        let mut world = world(setup, MIRROR).await;
        world.people("mon.csv", &People::rows(0, 8)).await.unwrap();
        let tuesday = world
            .land_file("tue.csv", People::rows(0, 7).csv())
            .await
            .unwrap();
        world
            .land_file("wed.csv", People::rows(0, 6).csv())
            .await
            .unwrap();
        world.work().await.unwrap();
        assert_eq!(status(&world, &tuesday).await, Some(RunStatus::Superseded));
        assert_eq!(world.members(), people(0..6));
        let asked = world.ask_retry(&tuesday, false).await.unwrap();
        let ingest::Requested::Nothing(why) = asked else {
            panic!("{asked:?}")
        };
        assert!(
            why.contains("`tideline retry --export models/web/tue.csv`"),
            "{why}"
        );
        world.quiet_time().unwrap();
        let ctx = world.ingest(&Steps::default());
        let now = world.store.now();
        let asked = ingest::retry_export(&ctx, "models/web/tue.csv", None, false, now)
            .await
            .unwrap();
        let [(_, asked)] = <[_; 1]>::try_from(asked).unwrap();
        let again = one_run(asked);
        world.work().await.unwrap();
        assert_eq!(status(&world, &again).await, Some(RunStatus::Completed));
        assert_eq!(world.members(), people(0..7));
        let none = ingest::retry_export(&ctx, "models/web/none.csv", None, false, now).await;
        assert!(none.unwrap_err().to_string().contains("there is no object"));
        world.check_rest().unwrap();
    }
}

#[tokio::test]
async fn an_export_that_did_not_fit_can_run_again_after_a_resync() {
    for setup in setups() {
        let mut world = world(setup, &add_spec()).await;
        world.people("1.csv", &People::rows(0, 6)).await.unwrap();
        world.change_spec(MIRROR).await.unwrap();
        world.quiet_time().unwrap();
        let run = world.people("2.csv", &People::rows(0, 4)).await.unwrap();
        assert_eq!(status(&world, &run).await, Some(RunStatus::Misconfigured));
        let ctx = world.ingest(&Steps::default());
        let _ = ingest::resync(&ctx, &world.sync, world.store.now())
            .await
            .unwrap();
        world.work().await.unwrap();
        world.quiet_time().unwrap();
        let again = one_run(world.ask_retry(&run, false).await.unwrap());
        world.work().await.unwrap();
        assert_eq!(status(&world, &again).await, Some(RunStatus::Completed));
        assert_eq!(world.members(), people(0..4));
    }
}

#[tokio::test]
async fn an_export_that_waits_is_cancelled_though_nothing_can_begin() {
    for setup in [Setup::small(), Setup::cut(700, 4_000)] {
        let mut world = world(setup, &files_spec()).await;
        world.people("mon.csv", &People::rows(0, 1_100)).await.unwrap();
        let tuesday = world
            .land_file("tue.csv", People::rows(0, 1_200).csv())
            .await
            .unwrap();
        let wednesday = world
            .land_file("wed.csv", People::rows(0, 1_300).csv())
            .await
            .unwrap();
        world.work().await.unwrap();
        // Today's file is uploaded: both wait for tomorrow.
        assert_eq!(status(&world, &wednesday).await, None);
        let ctx = world.ingest(&Steps::default());
        assert_eq!(
            one_run(ingest::cancel(&ctx, &world.sync, &wednesday).await.unwrap()),
            wednesday
        );
        world.work().await.unwrap();
        let record = world.record(&wednesday).await.unwrap();
        assert_eq!(
            (record.status, record.export.as_deref()),
            (RunStatus::Cancelled, Some("models/web/wed.csv"))
        );
        world.jump(DAY).unwrap();
        world.pass(30).await.unwrap();
        assert_eq!(status(&world, &tuesday).await, Some(RunStatus::Completed));
        assert_eq!(world.members().len(), 1_200);
        world.check_rest().unwrap();
        // What was cancelled is run again when a person asks for it.
        world.jump(DAY).unwrap();
        let again = world.ask_retry_of(&RetryOf::Run(wednesday), false).await.unwrap();
        assert!(matches!(again, ingest::Requested::Waits(..)), "{again:?}");
    }
}
