//! Several functions at once, their requests mixed in many ways.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests, and what they share"
)]

use std::rc::Rc;

use runtime::deadline::Deadline;
use sync_core::run::Wake;
use tideline_tests::{Asked, Bench, Export, Message, Setup, Steps, World};

const SEEDS: u64 = 25;

async fn bench() -> Rc<Bench> {
    Rc::new(Bench::start().await.unwrap())
}

fn setups() -> [Setup; 2] {
    [Setup::small(), Setup::cut(3, 3)]
}

fn keys(to: usize) -> impl Iterator<Item = String> {
    (0..to).map(|number| format!("k{number}"))
}

fn message(asked: &Asked) -> Message {
    Message {
        asked: asked.clone(),
        receives: 1,
        visible: 0,
    }
}

fn is_export(message: &Message) -> bool {
    matches!(message.asked, Asked::Created(Wake::Export(_), _))
}

#[tokio::test]
async fn the_same_notification_twice_and_ten_times_at_once_is_one_run() {
    let bench = bench().await;
    for setup in setups() {
        for (seed, copies) in (0..SEEDS).zip([2, 10].into_iter().cycle()) {
            let mut world = World::new(&bench, setup.clone()).await.unwrap();
            world.land("a.csv", &Export::rows(0, 6)).await.unwrap();
            world.collect();
            let at = world.queue.messages.iter().position(is_export).unwrap();
            let asked = world.queue.take(at).asked;
            world.at_once(vec![message(&asked); copies], seed).await;
            world.work().await.unwrap();
            // And once more, long after.
            world.queue.send(asked);
            world.work().await.unwrap();
            world.check_no_errors().unwrap();
            world.check_rest().unwrap();
            world.check_keys(keys(6)).unwrap();
            assert_eq!((world.records().len(), world.resent()), (1, 0), "seed {seed}");
        }
    }
}

#[tokio::test]
async fn every_message_handled_three_times_at_once_changes_nothing() {
    let bench = bench().await;
    for setup in setups() {
        for seed in 0..SEEDS {
            let mut world = World::new(&bench, setup.clone()).await.unwrap();
            world
                .land("a.csv", &Export::rows(0, 7).bad("b").row("k1", "again"))
                .await
                .unwrap();
            world.collect();
            while let Some(received) = world.queue.receive(i64::MAX) {
                world.at_once(vec![received; 3], seed).await;
                // Of the copies of a message, one is enough from here on.
                let mut seen: Vec<Asked> = Vec::new();
                world.queue.messages.retain(|message| {
                    let new = !seen.contains(&message.asked);
                    seen.push(message.asked.clone());
                    new
                });
            }
            world.check_no_errors().unwrap();
            world.check_rest().unwrap();
            world.check_keys(keys(7)).unwrap();
            assert_eq!(world.stored(), 7);
        }
    }
}

#[tokio::test]
async fn the_same_batch_in_two_functions_at_once_has_one_outcome() {
    let bench = bench().await;
    let mut resent = 0;
    for seed in 0..SEEDS * 2 {
        let mut world = World::new(&bench, Setup::small()).await.unwrap();
        world.land("a.csv", &Export::rows(0, 8)).await.unwrap();
        world
            .work_until(|message| message.asked.is_batch())
            .await
            .unwrap();
        let batch = world.queue.take(0);
        world.at_once(vec![batch.clone(), batch], seed).await;
        world.work().await.unwrap();
        world.check_no_errors().unwrap();
        world.check_rest().unwrap();
        world.check_keys(keys(8)).unwrap();
        resent += world.resent();
    }
    println!(
        "two functions with one batch of 8 rows: {resent} rows came twice in {} schedules",
        SEEDS * 2
    );
}

#[tokio::test]
async fn the_last_batches_that_finish_together_end_the_run_once() {
    let bench = bench().await;
    for seed in 0..SEEDS {
        let mut world = World::new(&bench, Setup::cut(3, 3)).await.unwrap();
        let run = world.land("a.csv", &Export::rows(0, 9)).await.unwrap();
        world
            .work_until(|message| message.asked.is_batch())
            .await
            .unwrap();
        let batches = std::mem::take(&mut world.queue.messages);
        assert_eq!(batches.len(), 3);
        world.at_once(batches, seed).await;
        let finishing = world.queue.messages.iter().filter(|message| {
            matches!(&message.asked, Asked::Created(Wake::Task { stage, .. }, _) if stage.as_str() == "finish")
        });
        assert_eq!(finishing.count(), 1, "seed {seed}");
        world.work().await.unwrap();
        world.check_no_errors().unwrap();
        world.check_rest().unwrap();
        world.check_keys(keys(9)).unwrap();
        assert_eq!(world.record(&run).await.unwrap().sums.accepted, 9);
        assert_eq!(world.resent(), 0);
    }
}

#[tokio::test]
async fn a_second_export_waits_while_the_first_delivers() {
    let bench = bench().await;
    for setup in setups() {
        let mut world = World::new(&bench, setup).await.unwrap();
        let first = world.land("1.csv", &Export::rows(0, 6)).await.unwrap();
        world
            .work_until(|message| message.asked.is_batch())
            .await
            .unwrap();
        let second = world.land("2.csv", &Export::rows(3, 9)).await.unwrap();
        world.collect();
        let at = world.queue.messages.iter().position(is_export).unwrap();
        let notification = world.queue.take(at);
        world.handle(notification, None).await.unwrap();
        assert_eq!(world.head().run.unwrap().id, first);
        world.work().await.unwrap();
        world.check_no_errors().unwrap();
        world.check_rest().unwrap();
        world.check_keys(keys(9)).unwrap();
        let record = world.record(&second).await.unwrap();
        assert_eq!((record.counts.unchanged, record.sums.accepted), (3, 3));
        assert_eq!(world.resent(), 0);
    }
}

#[tokio::test]
async fn exports_written_at_once_are_each_run_once() {
    let bench = bench().await;
    for setup in setups() {
        for seed in 0..SEEDS {
            let mut world = World::new(&bench, setup.clone()).await.unwrap();
            for (name, from) in [("1.csv", 0), ("2.csv", 3), ("3.csv", 6)] {
                world.land(name, &Export::rows(from, from + 5)).await.unwrap();
            }
            world.collect();
            let all = std::mem::take(&mut world.queue.messages);
            world.at_once(all, seed).await;
            world.work().await.unwrap();
            world.check_no_errors().unwrap();
            world.check_rest().unwrap();
            world.check_keys(keys(11)).unwrap();
            assert_eq!((world.records().len(), world.resent()), (3, 0), "seed {seed}");
        }
    }
}

#[tokio::test]
async fn versions_of_one_key_that_come_out_of_order_each_count() {
    let bench = bench().await;
    for setup in setups() {
        let mut world = World::new(&bench, setup).await.unwrap();
        world.land("a.csv", &Export::rows(0, 4)).await.unwrap();
        world.land("a.csv", &Export::rows(2, 7)).await.unwrap();
        world.land("a.csv", &Export::rows(5, 9)).await.unwrap();
        world.collect();
        world.queue.messages.reverse();
        world.work().await.unwrap();
        world.check_no_errors().unwrap();
        world.check_rest().unwrap();
        world.check_keys(keys(9)).unwrap();
        assert_eq!((world.records().len(), world.resent()), (3, 0));
    }
}

/// The head after a run that was cancelled before its first batch looks like the head before it, but for its revision.
#[tokio::test]
async fn a_claim_that_slept_through_its_own_run_is_not_made_again() {
    let bench = bench().await;
    let mut slept = 0;
    for stops in 1..60 {
        let mut world = World::new(&bench, Setup::small()).await.unwrap();
        world.run("1.csv", &Export::rows(0, 2)).await.unwrap();
        let run = world.land("2.csv", &Export::rows(2, 5)).await.unwrap();
        world.collect();
        let at = world.queue.messages.iter().position(is_export).unwrap();
        let message = world.queue.take(at);
        let mut sleeper = world.start(message.clone(), Steps::one_by_one(), Deadline::never());
        let mut over = false;
        for _ in 0..stops {
            over = over || world.advance(&mut sleeper).await.is_some();
        }
        if over {
            break;
        }
        world.handle(message, None).await.unwrap();
        let ctx = world.ingest(&Steps::default());
        let _ = ingest::cancel(&ctx, &world.sync, &run).await.unwrap();
        world.work().await.unwrap();
        assert!(world.head().run.is_none() && world.record(&run).await.is_ok());
        let before = world.store.version("state/web/head.json");
        while world.advance(&mut sleeper).await.is_none() {}
        world.work().await.unwrap();
        world.check_no_errors().unwrap();
        world.check_rest().unwrap();
        world.check_keys(keys(2)).unwrap();
        let after = world.store.version("state/web/head.json");
        assert_eq!(after, before, "after {stops} stops: the run was claimed again");
        slept += 1;
    }
    assert!(slept > 10);
}
