//! Audiences of files: made once, a file a day, gone on with where a function died.
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
use tideline_tests::{Act, Bench, Fault, People, Setup, Steps, World, files_spec};

const UPLOAD: &str = "/dmp/custom_audience/file/upload/";
const CREATE: &str = "/dmp/custom_audience/create/";
const UPDATE: &str = "/dmp/custom_audience/update/";
const DAY: i64 = 86_400_000;

async fn world(bench: &Rc<Bench>, setup: Setup) -> World {
    let setup = Setup {
        spec: files_spec(),
        // As the queue of `deliver` has it: longer than the lease of whoever makes the audience, with what a function
        // may take.
        visibility: 600_000,
        ..setup
    };
    World::new(bench, setup).await.unwrap()
}

fn setups() -> [Setup; 2] {
    [Setup::small(), Setup::cut(700, 4_000)]
}

/// Notes the paths of all calls, and decides about each.
fn note(bench: &Bench, mut act: impl FnMut(&str, usize) -> Act + Send + 'static) -> Arc<Mutex<Vec<String>>> {
    let calls: Arc<Mutex<Vec<String>>> = Arc::default();
    let noted = calls.clone();
    bench.front.script(move |call| {
        let mut calls = noted.lock().unwrap();
        calls.push(call.path.clone());
        act(&call.path, calls.len())
    });
    calls
}

fn count(calls: &Mutex<Vec<String>>, path: &str) -> usize {
    calls.lock().unwrap().iter().filter(|call| *call == path).count()
}

fn check(world: &World, people: usize) -> anyhow::Result<()> {
    world.check_rest()?;
    anyhow::ensure!(world.audiences() == 1, "{} audiences", world.audiences());
    let members = world.members().len();
    anyhow::ensure!(members == people, "{members} people; {:?}", world.errors.last());
    Ok(())
}

#[tokio::test]
async fn an_export_makes_the_audience_and_the_next_days_replaces_what_is_in_it() {
    let bench = Rc::new(Bench::start().await.unwrap());
    for setup in setups() {
        let mut world = world(&bench, setup).await;
        let calls = note(&bench, |_, _| Act::Pass);
        let run = world
            .people("1.csv", &People::rows(0, 1_500).bad("x"))
            .await
            .unwrap();
        check(&world, 1_500).unwrap();
        world.check_no_errors().unwrap();
        assert_eq!(world.record(&run).await.unwrap().sums.accepted, 1_500);
        assert_eq!((count(&calls, CREATE), count(&calls, UPDATE)), (1, 0));
        world.jump(DAY).unwrap();
        let run = world.people("2.csv", &People::rows(500, 1_700)).await.unwrap();
        check(&world, 1_200).unwrap();
        assert_eq!(world.record(&run).await.unwrap().sums.accepted, 1_200);
        assert_eq!((count(&calls, CREATE), count(&calls, UPDATE)), (1, 1));
    }
}

#[tokio::test]
async fn fewer_than_a_thousand_people_stop_the_run_before_any_call() {
    let bench = Rc::new(Bench::start().await.unwrap());
    for setup in setups() {
        let mut world = world(&bench, setup).await;
        // A person twice is one.
        let export = People::rows(0, 999).row("again", "e5");
        let run = world.people("1.csv", &export).await.unwrap();
        let record = world.record(&run).await.unwrap();
        assert_eq!(record.status, RunStatus::StoppedByGuard);
        let reason = record.reason.unwrap();
        assert!(reason.contains("the export has 999 different people"), "{reason}");
        assert_eq!(bench.front.calls(), 0);
        world
            .people("2.csv", &export.row("one more", "e1000"))
            .await
            .unwrap();
        check(&world, 1_000).unwrap();
    }
}

#[tokio::test]
async fn a_second_export_on_one_day_waits_and_the_newest_goes_on_the_next() {
    let bench = Rc::new(Bench::start().await.unwrap());
    for setup in setups() {
        let mut world = world(&bench, setup).await;
        world.people("1.csv", &People::rows(0, 1_100)).await.unwrap();
        let second = world.people("2.csv", &People::rows(0, 1_200)).await.unwrap();
        let third = world.people("3.csv", &People::rows(0, 1_300)).await.unwrap();
        world.pass(60).await.unwrap();
        assert_eq!(world.members().len(), 1_100, "it waits");
        assert_eq!(world.store.keys("pending/").len(), 2);
        let calls = note(&bench, |_, _| Act::Pass);
        // Noon to midnight and a little more.
        world.pass(12 * 60).await.unwrap();
        check(&world, 1_300).unwrap();
        world.check_no_errors().unwrap();
        assert_eq!((count(&calls, CREATE), count(&calls, UPDATE)), (0, 1));
        assert_eq!(world.record(&second).await.unwrap().status, RunStatus::Superseded);
        assert_eq!(world.record(&third).await.unwrap().sums.accepted, 1_300);
    }
}

#[tokio::test]
async fn an_audience_that_is_still_computed_is_waited_for() {
    let bench = Rc::new(Bench::start().await.unwrap());
    for setup in setups() {
        let mut world = world(&bench, setup).await;
        let slow = serde_json::json!({"processing_ms": 26 * 3_600_000});
        bench.sandbox.state().change_settings(slow).unwrap();
        world.people("1.csv", &People::rows(0, 1_100)).await.unwrap();
        world.jump(13 * 3_600_000).unwrap();
        let run = world.people("2.csv", &People::rows(0, 1_200)).await.unwrap();
        let record = world.record(&run).await.unwrap();
        assert_eq!(record.sums.carried_out, 1_200);
        let reason = record.reason.unwrap();
        assert!(
            reason.contains("TikTok still works on the audience; the rows are kept"),
            "{reason}"
        );
        assert_eq!(world.members().len(), 1_100);
        let before = world.store.now();
        while !world.head().carried.is_empty() {
            world.pass(60).await.unwrap();
            assert!(world.store.now() - before < 3 * DAY, "it does not go by itself");
        }
        check(&world, 1_200).unwrap();
    }
}

/// Faults at each request of both functions.
#[tokio::test]
async fn killed_at_every_request_there_is_one_audience_and_hardly_a_file_goes_twice() {
    let bench = Rc::new(Bench::start().await.unwrap());
    for setup in setups() {
        let files = if setup.ingest.part_bytes == 1 { 2 } else { 1 };
        let (mut kills, mut twice, mut message) = (0, 0, 0);
        let export = People::rows(0, 1_100);
        'messages: loop {
            for request in 1.. {
                let mut ended = None;
                for fault in [
                    Fault::DieBefore,
                    Fault::DieAfter,
                    Fault::LoseAnswer,
                    Fault::Refuse,
                ] {
                    let mut world = world(&bench, setup.clone()).await;
                    let calls = note(&bench, |_, _| Act::Pass);
                    world.land_file("1.csv", export.csv()).await.unwrap();
                    world.collect();
                    let (mut handled, mut requests) = (0, None);
                    while let Some(next) = world.queue.receive(world.store.now()) {
                        let is_batch = next.asked.is_batch();
                        let this = handled == message;
                        let place = this.then_some((request, fault));
                        let (_, made) = world.handle(next, place).await.unwrap();
                        if this {
                            requests = Some((made, is_batch));
                        }
                        handled += 1;
                    }
                    let Some((made, is_batch)) = requests else {
                        break 'messages;
                    };
                    ended = Some((made, is_batch));
                    if !is_batch {
                        break;
                    }
                    world.work().await.unwrap();
                    world.pass(30).await.unwrap();
                    if let Err(error) = check(&world, 1_100) {
                        panic!("message {message}, request {request}, {fault:?}: {error:#}");
                    }
                    let uploads = count(&calls, UPLOAD);
                    assert!(
                        uploads <= files + 1,
                        "message {message}, request {request}, {fault:?}: {uploads} files"
                    );
                    assert!(count(&calls, CREATE) + count(&calls, UPDATE) <= 2);
                    twice += usize::from(uploads > files);
                    kills += 1;
                }
                let (made, is_batch) = ended.unwrap();
                if !is_batch || request >= made {
                    break;
                }
            }
            message += 1;
        }
        println!("{kills} faults, after {twice} of them a file went twice");
        assert!(kills > 30, "{kills}");
        // Only where the note that it was taken was not written.
        assert!(twice <= 3 * files, "{twice} of {kills}");
    }
}

/// Each call lost in each way.
#[tokio::test]
async fn killed_at_every_call_there_is_one_audience_with_all_people() {
    let bench = Rc::new(Bench::start().await.unwrap());
    for setup in setups() {
        let mut whole = world(&bench, setup.clone()).await;
        let calls = note(&bench, |_, _| Act::Pass);
        whole.people("1.csv", &People::rows(0, 1_100)).await.unwrap();
        let all = calls.lock().unwrap().len();
        for number in 1..=all {
            for act in [
                Act::DieBefore,
                Act::DieAfter,
                Act::ResetBefore,
                Act::ResetAfter,
                Act::Answer(40100, "Too many requests.".into()),
                Act::Answer(50002, "Service error.".into()),
                Act::Http(502),
            ] {
                let mut world = world(&bench, setup.clone()).await;
                let this = act.clone();
                let calls = note(
                    &bench,
                    move |_, at| if at == number { this.clone() } else { Act::Pass },
                );
                world.people("1.csv", &People::rows(0, 1_100)).await.unwrap();
                world.pass(30).await.unwrap();
                if let Err(error) = check(&world, 1_100) {
                    panic!("call {number}, {act:?}: {error:#}; {:?}", calls.lock().unwrap());
                }
            }
        }
        assert!(all >= 2);
    }
}

/// The same on another day, when the files replace what is in the audience. What TikTok took without saying so counts
/// as the day's file: then the run is done again on the next day, by itself.
#[tokio::test]
async fn a_replacement_killed_at_every_call_comes_about_by_itself() {
    let bench = Rc::new(Bench::start().await.unwrap());
    for setup in setups() {
        for number in 1..=4 {
            for act in [
                Act::DieBefore,
                Act::DieAfter,
                Act::ResetBefore,
                Act::ResetAfter,
                Act::Http(502),
            ] {
                let mut world = world(&bench, setup.clone()).await;
                world.people("1.csv", &People::rows(0, 1_100)).await.unwrap();
                world.jump(DAY).unwrap();
                let this = act.clone();
                note(
                    &bench,
                    move |_, at| if at == number { this.clone() } else { Act::Pass },
                );
                world.people("2.csv", &People::rows(500, 1_700)).await.unwrap();
                let begun = world.store.now();
                while !world.head().carried.is_empty() {
                    world.pass(60).await.unwrap();
                    assert!(
                        world.store.now() - begun < 2 * DAY,
                        "call {number}, {act:?}: it does not go by itself"
                    );
                }
                if let Err(error) = check(&world, 1_200) {
                    panic!("call {number}, {act:?}: {error:#}");
                }
            }
        }
    }
}

#[tokio::test]
async fn after_a_run_that_was_cancelled_at_any_moment_the_next_export_puts_all_right() {
    let bench = Rc::new(Bench::start().await.unwrap());
    for setup in setups() {
        for moment in 0.. {
            let mut world = world(&bench, setup.clone()).await;
            let run = world
                .land_file("1.csv", People::rows(0, 1_100).csv())
                .await
                .unwrap();
            world.collect();
            let mut handled = 0;
            while handled < moment
                && let Some(message) = world.queue.receive(world.store.now())
            {
                world.handle(message, None).await.unwrap();
                handled += 1;
            }
            let _ = ingest::cancel(&world.ingest(&Steps::default()), &world.sync, &run)
                .await
                .unwrap();
            world.work().await.unwrap();
            world.check_rest().unwrap();
            world.people("2.csv", &People::rows(500, 1_700)).await.unwrap();
            world.pass(13 * 60).await.unwrap();
            if let Err(error) = check(&world, 1_200) {
                panic!("after {moment} messages: {error:#}");
            }
            if handled < moment {
                break;
            }
        }
    }
}
