//! The state tells what was sent where it went: not what went to TikTok's test page, and not what went to another event
//! source.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests, and what they share"
)]

use std::rc::Rc;

use ingest::{Requested, RetryOf};
use sync_core::run::{Head, RunKind, RunStatus, SentTo, again_run_id};
use tideline_tests::{Act, Bench, Export, SPEC, Setup, Steps, TWO_EVENTS, World, one_run};

const PIXEL: &str = "C4A1EXAMPLEPIXEL0001";

async fn world(setup: Setup) -> World {
    let bench = Rc::new(Bench::start().await.unwrap());
    World::new(&bench, setup).await.unwrap()
}

fn setups() -> [Setup; 2] {
    [Setup::small(), Setup::cut(2, 2)]
}

fn test_spec() -> String {
    SPEC.replace("batch_size: 2", "batch_size: 2\n  test_event_code: TEST12345")
}

fn to_pixel(pixel: &str) -> String {
    SPEC.replace(PIXEL, pixel)
}

fn web(pixel: &str) -> SentTo {
    SentTo {
        event_source: "web".to_owned(),
        event_source_id: pixel.to_owned(),
    }
}

/// How many events went to the test page, and how many live.
fn test_and_live(world: &World) -> (usize, usize) {
    let events = world.bench.sandbox.state().events();
    let test = events.iter().filter(|event| event.test).count();
    (test, events.len() - test)
}

fn without_run(head: &Head) -> Head {
    Head {
        rev: 0,
        run: None,
        ..head.clone()
    }
}

#[tokio::test]
async fn a_test_run_leaves_no_mark_and_its_export_goes_live_when_the_code_is_taken_out() {
    for setup in setups() {
        let mut world = world(Setup {
            spec: test_spec(),
            ..setup
        })
        .await;
        let first = world.run("1.csv", &Export::rows(0, 5).bad("b")).await.unwrap();
        let record = world.record(&first).await.unwrap();
        assert_eq!(record.test_event_code.as_deref(), Some("TEST12345"));
        assert_eq!((record.sums.accepted, record.counts.rejected_total()), (5, 1));
        assert_eq!(without_run(&world.head()), Head::default());
        assert_eq!(test_and_live(&world), (5, 0));

        // While the code is there the same export is not sent live by a retry, of run or sync.
        for of in [RetryOf::Run(first.clone()), RetryOf::Sync] {
            let asked = world.ask_retry_of(&of, false).await.unwrap();
            assert!(
                matches!(asked, Requested::Blocked(_) | Requested::Nothing(_)),
                "{asked:?}"
            );
        }
        world.change_spec(SPEC).await.unwrap();
        let asked = world.ask_retry(&first, false).await.unwrap();
        let live = one_run(asked);
        assert_eq!(live, again_run_id(&first), "a test is not the export's run");
        world.work().await.unwrap();
        assert_eq!(world.record(&live).await.unwrap().sums.accepted, 5);
        assert_eq!(test_and_live(&world), (5, 5));
        world.check_rest().unwrap();
        // Asked for again, it was done.
        let again = world.ask_retry(&first, false).await.unwrap();
        assert!(matches!(again, Requested::Nothing(_)), "{again:?}");
    }
}

#[tokio::test]
async fn a_whole_sync_s_retry_takes_its_tests_live() {
    for setup in setups() {
        let mut world = world(Setup {
            spec: test_spec(),
            ..setup
        })
        .await;
        for (name, export) in [("1.csv", Export::rows(0, 3)), ("2.csv", Export::rows(3, 5))] {
            world.run(name, &export).await.unwrap();
        }
        world.change_spec(SPEC).await.unwrap();
        let asked = world.ask_retry_of(&RetryOf::Sync, false).await.unwrap();
        let Requested::Waits(runs, _) = asked else {
            panic!("{asked:?}")
        };
        assert_eq!(runs.len(), 2);
        world.work().await.unwrap();
        world.check_rest().unwrap();
        world
            .check_keys((0..5).map(|number| format!("k{number}")))
            .unwrap();
        assert_eq!(test_and_live(&world), (5, 5));
        let again = world.ask_retry_of(&RetryOf::Sync, false).await.unwrap();
        assert!(matches!(again, Requested::Nothing(_)), "{again:?}");
    }
}

#[tokio::test]
async fn a_test_run_takes_nothing_in_and_leaves_nothing_over() {
    for setup in setups() {
        let mut world = world(setup).await;
        world.run("1.csv", &Export::rows(0, 3)).await.unwrap();
        world.bench.front.script(|_| Act::Http(503));
        world.run("2.csv", &Export::rows(3, 6)).await.unwrap();
        let before = world.head();
        assert_eq!(before.carried.len(), 1);
        world.change_spec(&test_spec()).await.unwrap();
        // No call of the test gets an answer either.
        let test = world.run("3.csv", &Export::rows(0, 4)).await.unwrap();
        let record = world.record(&test).await.unwrap();
        assert_eq!(
            (record.status, record.sums.carried_out),
            (RunStatus::Incomplete, 4)
        );
        assert_eq!(
            (record.counts.carried_in, record.left_over(&world.head())),
            (0, 0)
        );
        assert!(record.reason.unwrap().contains("a test run leaves none over"));
        assert_eq!(without_run(&world.head()), without_run(&before));
        // With answers: known rows go to the test page too, which has never seen them.
        world.bench.front.script(|_| Act::Pass);
        let test = world.run("4.csv", &Export::rows(0, 4)).await.unwrap();
        assert_eq!(world.record(&test).await.unwrap().sums.accepted, 4);
        assert_eq!(without_run(&world.head()), without_run(&before));
        assert_eq!(test_and_live(&world), (4, 3));
        // As long as the code is there, what was left over waits.
        world.pass(120).await.unwrap();
        let asked = world.ask_retry_of(&RetryOf::Sync, false).await.unwrap();
        let Requested::Blocked(why) = asked else {
            panic!("{asked:?}")
        };
        assert!(why.contains("test_event_code"), "{why}");
        assert_eq!(test_and_live(&world), (4, 3));
        world.change_spec(SPEC).await.unwrap();
        world.pass(30).await.unwrap();
        world.check_rest().unwrap();
        assert_eq!(test_and_live(&world), (4, 6));
    }
}

#[tokio::test]
async fn a_test_run_that_is_closed_leaves_no_mark_either() {
    for setup in setups() {
        let mut world = world(setup).await;
        world.run("1.csv", &Export::rows(0, 3)).await.unwrap();
        let before = world.head();
        world.change_spec(&test_spec()).await.unwrap();
        let test = world.land("2.csv", &Export::rows(3, 6)).await.unwrap();
        world
            .work_until(|message| message.asked.is_batch())
            .await
            .unwrap();
        let ctx = world.ingest(&Steps::default());
        let _ = ingest::cancel(&ctx, &world.sync, &test).await.unwrap();
        world.work().await.unwrap();
        assert_eq!(world.record(&test).await.unwrap().status, RunStatus::Cancelled);
        assert_eq!(without_run(&world.head()), without_run(&before));
    }
}

#[tokio::test]
async fn rows_that_went_to_one_pixel_are_not_called_sent_to_another() {
    for setup in setups() {
        let mut world = world(setup).await;
        world.run("1.csv", &Export::rows(0, 4)).await.unwrap();
        assert_eq!(world.head().generation.unwrap().sources, [web(PIXEL)]);
        world.change_spec(&to_pixel("OTHER")).await.unwrap();
        let calls = world.bench.front.calls();
        let run = world.run("2.csv", &Export::rows(0, 6)).await.unwrap();
        let record = world.record(&run).await.unwrap();
        assert_eq!(
            (record.status, world.bench.front.calls()),
            (RunStatus::Misconfigured, calls)
        );
        let reason = record.reason.unwrap();
        for words in [
            "the pixel OTHER",
            "4 rows",
            PIXEL,
            "make a new sync",
            "`tideline resync web`",
        ] {
            assert!(reason.contains(words), "{words}: {reason}");
        }
        // The way out: after a resync every row of the next export goes to the new one.
        let ctx = world.ingest(&Steps::default());
        let _ = ingest::resync(&ctx, &world.sync, world.store.now())
            .await
            .unwrap();
        world.work().await.unwrap();
        let again = world.ask_retry(&run, false).await.unwrap();
        world.work().await.unwrap();
        let record = world.record(&one_run(again)).await.unwrap();
        assert_eq!((record.status, record.sums.accepted), (RunStatus::Completed, 6));
        assert_eq!(world.head().generation.unwrap().sources, [web("OTHER")]);
        world.check_rest().unwrap();
    }
}

#[tokio::test]
async fn rows_left_over_wait_while_the_source_is_another_and_follow_a_resync() {
    for setup in setups() {
        let mut world = world(setup).await;
        world.run("1.csv", &Export::rows(0, 4)).await.unwrap();
        world.bench.front.script(|_| Act::Http(503));
        let left = world.run("2.csv", &Export::rows(4, 6)).await.unwrap();
        world.bench.front.script(|_| Act::Pass);
        world.change_spec(&to_pixel("OTHER")).await.unwrap();
        let (calls, records) = (world.bench.front.calls(), world.records().len());
        world.pass(24 * 60).await.unwrap();
        assert_eq!(
            (world.bench.front.calls(), world.records().len()),
            (calls, records)
        );
        // A person who asks for them is told.
        let asked = one_run(world.ask_retry_of(&RetryOf::Sync, false).await.unwrap());
        world.work().await.unwrap();
        let record = world.record(&asked).await.unwrap();
        // The export is still there and its spec another one: it is done again, and does not fit.
        assert_eq!(
            (record.status, record.kind),
            (RunStatus::Misconfigured, RunKind::Export)
        );
        assert_eq!(world.head().carried, [left]);
        let ctx = world.ingest(&Steps::default());
        let _ = ingest::resync(&ctx, &world.sync, world.store.now())
            .await
            .unwrap();
        world.work().await.unwrap();
        world.pass(30).await.unwrap();
        world.check_rest().unwrap();
        let events = world.bench.sandbox.state().events();
        let of_other = events
            .iter()
            .filter(|event| event.event_source_id.as_ref() == "OTHER");
        assert_eq!(
            of_other.count(),
            2,
            "what was left over is sent to the new source"
        );
    }
}

#[tokio::test]
async fn while_no_row_is_known_any_source_fits() {
    for setup in setups() {
        let mut world = world(setup).await;
        world.bench.front.script(|_| Act::Http(503));
        world.run("1.csv", &Export::rows(0, 4)).await.unwrap();
        world.bench.front.script(|_| Act::Pass);
        world.change_spec(&to_pixel("OTHER")).await.unwrap();
        world.pass(30).await.unwrap();
        world.check_rest().unwrap();
        world
            .check_keys((0..4).map(|number| format!("k{number}")))
            .unwrap();
        assert_eq!(world.head().generation.unwrap().sources, [web("OTHER")]);
    }
}

#[tokio::test]
async fn an_added_block_is_allowed_and_the_run_says_what_does_not_go_to_it() {
    let two = TWO_EVENTS.replacen(PIXEL, "SECOND", 1);
    for setup in setups() {
        let mut world = world(setup).await;
        world.run("1.csv", &Export::rows(0, 4)).await.unwrap();
        world.change_spec(&two).await.unwrap();
        let run = world.run("2.csv", &Export::rows(0, 6)).await.unwrap();
        let record = world.record(&run).await.unwrap();
        assert_eq!((record.sums.accepted, record.counts.changed_not_sent), (2, 4));
        let note = record.notes.join(" ");
        for words in [
            "the pixel SECOND",
            "4 rows",
            "do not go there",
            "`tideline resync web`",
        ] {
            assert!(note.contains(words), "{words}: {note}");
        }
        assert_eq!(
            world.head().generation.unwrap().sources,
            [web(PIXEL), web("SECOND")]
        );
        // From now on both belong to it, in any order; one of them is enough.
        let run = world.run("3.csv", &Export::rows(0, 6)).await.unwrap();
        assert_eq!(world.record(&run).await.unwrap().notes, [""; 0]);
        world.change_spec(&to_pixel("SECOND")).await.unwrap();
        let run = world.run("4.csv", &Export::rows(5, 8)).await.unwrap();
        assert_eq!(world.record(&run).await.unwrap().status, RunStatus::Completed);
        assert_eq!(world.head().generation.unwrap().sources, [web("SECOND")]);
    }
}

/// A state of an older version does not name its sources: the plan of its run tells them.
#[tokio::test]
async fn an_older_state_takes_its_sources_from_the_plan_of_its_run() {
    for setup in setups() {
        for plan_is_there in [true, false] {
            let mut world = world(setup.clone()).await;
            let first = world.run("1.csv", &Export::rows(0, 4)).await.unwrap();
            world.forget_sources().await.unwrap();
            if !plan_is_there {
                world.store.lose(&sync_core::run::keys::plan(&world.sync, &first));
            }
            world.change_spec(&to_pixel("OTHER")).await.unwrap();
            let run = world.run("2.csv", &Export::rows(2, 6)).await.unwrap();
            let record = world.record(&run).await.unwrap();
            if plan_is_there {
                assert_eq!(record.status, RunStatus::Misconfigured, "{record:?}");
            } else {
                assert_eq!(record.status, RunStatus::Completed);
                assert!(
                    record.notes[0].contains("that of the spec is taken, the pixel OTHER"),
                    "{record:?}"
                );
                assert_eq!(world.head().generation.unwrap().sources, [web("OTHER")]);
            }
        }
    }
}
