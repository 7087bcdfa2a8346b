//! Runs that end before their end: cancelled, stuck, planned by older code.
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
use runtime::register::{read_head, swap_head};
use sync_core::run::{RunState, RunStatus, Wake};
use tideline_tests::{Act, Asked, Bench, Export, Fault, Message, Setup, Steps, World, one_run};

async fn bench() -> Rc<Bench> {
    Rc::new(Bench::start().await.unwrap())
}

fn setups() -> [Setup; 2] {
    [Setup::small(), Setup::cut(4, 4)]
}

fn keys(from: usize, to: usize) -> impl Iterator<Item = String> {
    (from..to).map(|number| format!("k{number}"))
}

fn is_finish(message: &Message) -> bool {
    matches!(&message.asked, Asked::Created(Wake::Task { stage, .. }, _) if stage.as_str() == "finish")
}

async fn cancel(world: &mut World, run: &sync_core::names::RunId) -> Requested {
    let asked = ingest::cancel(&world.ingest(&Steps::default()), &world.sync, run)
        .await
        .unwrap();
    world.collect();
    asked
}

/// The run's claim was made by older code.
async fn older(world: &mut World) {
    let read = read_head(world.store.as_ref(), &world.sync).await.unwrap();
    let mut head = read.head.next();
    head.run.as_mut().unwrap().planner = 0;
    assert!(
        swap_head(world.store.as_ref(), &world.sync, &read, &head)
            .await
            .unwrap()
    );
    world.collect();
}

#[tokio::test]
async fn a_running_run_that_is_cancelled_sends_nothing_more() {
    let bench = bench().await;
    for setup in setups() {
        let mut world = World::new(&bench, setup).await.unwrap();
        let run = world.land("a.csv", &Export::rows(0, 8)).await.unwrap();
        world
            .work_until(|message| message.asked.is_batch())
            .await
            .unwrap();
        assert_eq!(one_run(cancel(&mut world, &run).await), run);
        assert_eq!(world.head().run.unwrap().state, RunState::Closing);
        world.work().await.unwrap();
        let record = world.record(&run).await.unwrap();
        assert_eq!(
            (record.status, record.sums.carried_out),
            (RunStatus::Cancelled, 8)
        );
        world.check_no_errors().unwrap();
        world.check_rest().unwrap();
        assert_eq!((world.stored(), bench.front.calls()), (0, 0));
        world.pass(60).await.unwrap();
        assert_eq!(world.stored(), 0, "cancelled rows do not come back by themselves");
        assert_eq!(cancel(&mut world, &run).await, Requested::Done(run));
        // A later export holds them anew.
        world.run("b.csv", &Export::rows(0, 8)).await.unwrap();
        world.check_keys(keys(0, 8)).unwrap();
    }
}

#[tokio::test]
async fn a_waiting_run_that_is_cancelled_ends_when_its_turn_comes() {
    let bench = bench().await;
    for setup in setups() {
        let mut world = World::new(&bench, setup).await.unwrap();
        world.land("1.csv", &Export::rows(0, 5)).await.unwrap();
        let second = world.land("2.csv", &Export::rows(3, 9)).await.unwrap();
        world
            .work_until(|message| message.asked.is_batch())
            .await
            .unwrap();
        assert_eq!(one_run(cancel(&mut world, &second).await), second);
        world.work().await.unwrap();
        assert_eq!(world.record(&second).await.unwrap().status, RunStatus::Cancelled);
        world.check_no_errors().unwrap();
        world.check_rest().unwrap();
        world.check_keys(keys(0, 5)).unwrap();
    }
}

#[tokio::test]
async fn a_run_that_is_cancelled_at_any_moment_tells_of_every_row() {
    let bench = bench().await;
    for setup in setups() {
        for moment in 0..60 {
            let mut world = World::new(&bench, setup.clone()).await.unwrap();
            let run = world.land("a.csv", &Export::rows(0, 8)).await.unwrap();
            world.collect();
            let mut handled = 0;
            while handled < moment {
                let Some(message) = world.queue.receive(world.store.now()) else {
                    break;
                };
                world.handle(message, None).await.unwrap();
                handled += 1;
            }
            cancel(&mut world, &run).await;
            world.work().await.unwrap();
            world.check_no_errors().unwrap();
            world.check_rest().unwrap();
            let record = world.record(&run).await.unwrap();
            assert_eq!(
                record.sums.accepted,
                world.stored() as u64,
                "after {moment} messages"
            );
            let (snapshot, accepted) = (world.snapshot().unwrap(), world.accepted());
            assert_eq!(snapshot, accepted, "after {moment} messages");
            if handled < moment {
                break;
            }
        }
    }
}

/// The record is written, and its writer dies before the head: then a person cancels.
#[tokio::test]
async fn a_run_that_came_to_its_record_before_it_was_cancelled_keeps_its_word() {
    let bench = bench().await;
    let mut kept = BTreeSet::new();
    for setup in setups() {
        for request in 1..40 {
            let mut world = World::new(&bench, setup.clone()).await.unwrap();
            bench.front.script(|call| {
                if call.ids.contains(&"k1".to_owned()) {
                    Act::Http(503)
                } else {
                    Act::Pass
                }
            });
            let run = world.land("a.csv", &Export::rows(0, 6)).await.unwrap();
            world.collect();
            while !world.queue.messages.iter().any(is_finish) {
                let now = world.store.now();
                match world.queue.receive(now) {
                    Some(message) => drop(world.handle(message, None).await.unwrap()),
                    None => world.jump(world.queue.next_visible().unwrap() - now).unwrap(),
                }
            }
            // The first tasks at the end of the run go; the one that ends it dies at some request.
            while let Some(message) = world.queue.receive(world.store.now()) {
                world
                    .handle(message, Some((request, Fault::DieAfter)))
                    .await
                    .unwrap();
                if !world
                    .store
                    .keys("runs/")
                    .iter()
                    .all(|key| !key.ends_with("/run.json"))
                {
                    break;
                }
            }
            cancel(&mut world, &run).await;
            bench.front.script(|_| Act::Pass);
            world.work().await.unwrap();
            world.pass(40).await.unwrap();
            world.check_rest().unwrap();
            let record = world.record(&run).await.unwrap();
            let went = world.stored();
            if record.status == RunStatus::Cancelled {
                assert!(went < 6, "cancelled rows do not go");
            } else {
                assert_eq!(
                    went, 6,
                    "{request}: the record says that {} rows go again",
                    record.sums.carried_out
                );
            }
            kept.insert(record.status.as_str());
        }
    }
    assert_eq!(
        kept.len(),
        2,
        "some were cancelled before their record, some after: {kept:?}"
    );
}

#[tokio::test]
async fn a_run_to_which_nothing_happens_for_a_day_is_closed_and_its_rows_go_with_the_next() {
    let bench = bench().await;
    for setup in setups() {
        let mut world = World::new(&bench, setup).await.unwrap();
        let run = world.land("a.csv", &Export::rows(0, 8)).await.unwrap();
        world
            .work_until(|message| message.asked.is_batch())
            .await
            .unwrap();
        // deliver is broken: every message dies, and housekeeping's with them.
        for _ in 0..26 * 2 {
            world.jump(1_800_000).unwrap();
            world.queue.send(Asked::Housekeeping);
            while let Some(message) = world.queue.receive(i64::MAX) {
                if !message.asked.is_batch() {
                    world.handle(message, None).await.unwrap();
                }
            }
        }
        let record = world.record(&run).await.unwrap();
        assert_eq!((record.status, record.sums.carried_out), (RunStatus::Aborted, 8));
        world.check_records().unwrap();
        world.pass(60).await.unwrap();
        world.check_rest().unwrap();
        world.check_keys(keys(0, 8)).unwrap();
        assert_eq!(world.resent(), 0);
    }
}

#[tokio::test]
async fn a_run_that_older_code_planned_is_closed_at_any_moment_and_done_again() {
    let bench = bench().await;
    let mut again = 0;
    for setup in setups() {
        for moment in 1..60 {
            let mut world = World::new(&bench, setup.clone()).await.unwrap();
            world.land("a.csv", &Export::rows(0, 8).bad("b")).await.unwrap();
            world.collect();
            let mut handled = 0;
            while handled < moment {
                let Some(message) = world.queue.receive(world.store.now()) else {
                    break;
                };
                world.handle(message, None).await.unwrap();
                handled += 1;
            }
            if world.head().run.is_none() {
                continue;
            }
            older(&mut world).await;
            world.work().await.unwrap();
            world.pass(30).await.unwrap();
            world.check_rest().unwrap();
            world.check_keys(keys(0, 8)).unwrap();
            assert_eq!(world.resent(), 0, "after {moment} messages");
            again += usize::from(
                world
                    .records()
                    .iter()
                    .any(|record| record.run.as_str().ends_with(".2")),
            );
        }
    }
    assert!(again > 5, "{again}");
}
