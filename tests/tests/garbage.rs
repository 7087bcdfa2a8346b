//! What nobody needs any more is deleted, and nothing else.
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

use tideline_tests::{Asked, Bench, Export, Fault, Message, Setup, World};

async fn bench() -> Rc<Bench> {
    Rc::new(Bench::start().await.unwrap())
}

fn setups() -> [Setup; 2] {
    [Setup::small(), Setup::cut(4, 4)]
}

const DAY: i64 = 86_400_000;

fn housekeeping() -> Message {
    Message {
        asked: Asked::Housekeeping,
        receives: 1,
        visible: 0,
    }
}

fn runs_with(world: &World, kind: &str) -> BTreeSet<String> {
    let keys = world.store.keys(&format!("{kind}/"));
    keys.iter()
        .filter_map(|key| key.split('/').nth(2))
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn what_ended_long_ago_goes_and_what_is_named_stays() {
    let bench = bench().await;
    for setup in setups() {
        let mut world = World::new(&bench, setup).await.unwrap();
        let first = world.run("1.csv", &Export::rows(0, 6)).await.unwrap();
        world.jump(2 * DAY).unwrap();
        let second = world.run("2.csv", &Export::rows(6, 9)).await.unwrap();
        world.jump(2 * DAY).unwrap();
        world.housekeeping().await.unwrap();
        let generation = world.head().generation.unwrap().id;
        let kept = world.store.keys("state/web/snapshot/");
        assert!(
            !kept.is_empty() && kept.iter().all(|key| key.contains(&generation)),
            "{kept:?}"
        );
        let both = BTreeSet::from([first.to_string(), second.to_string()]);
        assert_eq!(runs_with(&world, "batches"), both, "batches stay for thirty days");
        world.jump(40 * DAY).unwrap();
        world.housekeeping().await.unwrap();
        for kind in ["batches", "outcomes", "progress", "manifests", "work", "tasks"] {
            assert_eq!(world.store.keys(&format!("{kind}/")), Vec::<String>::new());
        }
        assert_eq!(runs_with(&world, "runs"), both, "records stay");
        assert_eq!(world.store.keys("state/web/snapshot/"), kept);
        world.check_no_errors().unwrap();
        world.check_rest().unwrap();
    }
}

#[tokio::test]
async fn carried_rows_of_long_ago_are_not_garbage() {
    let bench = bench().await;
    for mut setup in setups() {
        let warn = "  batch_size: 2\n  when_out_of_range: warn\n";
        setup.spec = setup.spec.replace("  batch_size: 2\n", warn);
        let mut world = World::new(&bench, setup).await.unwrap();
        world.revoke(tiktok_sandbox::TOKEN).unwrap();
        let run = world.run("1.csv", &Export::rows(0, 6)).await.unwrap();
        for _ in 0..3 {
            world.jump(20 * DAY).unwrap();
            world.housekeeping().await.unwrap();
        }
        assert_eq!(world.head().carried, [run]);
        world.grant("new-token").unwrap();
        world.connect("new-token").await.unwrap();
        world.work().await.unwrap();
        world.check_no_errors().unwrap();
        world.check_rest().unwrap();
        world
            .check_keys((0..6).map(|number| format!("k{number}")))
            .unwrap();
    }
}

/// A sweep that begins before a run and goes on in the middle of it, at any of its requests.
#[tokio::test]
async fn a_sweep_that_meets_a_run_in_the_middle_deletes_nothing_of_it() {
    let bench = bench().await;
    for setup in setups() {
        for seed in 0..30 {
            let mut world = World::new(&bench, setup.clone()).await.unwrap();
            world.run("1.csv", &Export::rows(0, 4)).await.unwrap();
            world.run("2.csv", &Export::rows(4, 6)).await.unwrap();
            world.jump(40 * DAY).unwrap();
            world
                .land("3.csv", &Export::default().row("k90", "a"))
                .await
                .unwrap();
            world.collect();
            // Rows of June are too old in September: only what the state says is looked at.
            let mut together = std::mem::take(&mut world.queue.messages);
            together.push(housekeeping());
            world.at_once(together, seed).await;
            while let Some(message) = world.queue.receive(i64::MAX) {
                world.at_once(vec![message, housekeeping()], seed).await;
            }
            world.work().await.unwrap();
            world.check_no_errors().unwrap();
            world.check_rest().unwrap();
            let generation = world.head().generation.unwrap();
            let prefix = format!("state/web/snapshot/{}/", generation.id);
            assert_eq!(world.store.keys(&prefix).len(), generation.partitions as usize);
            assert_eq!(world.records().len(), 3);
        }
    }
}

#[tokio::test]
async fn a_sweep_that_dies_at_any_request_is_done_by_the_next() {
    let bench = bench().await;
    let mut request = 1;
    loop {
        let mut world = World::new(&bench, Setup::small()).await.unwrap();
        world.run("1.csv", &Export::rows(0, 4)).await.unwrap();
        world.jump(40 * DAY).unwrap();
        let (_, made) = world
            .handle(housekeeping(), Some((request, Fault::DieAfter)))
            .await
            .unwrap();
        world.jump(DAY + 1_000).unwrap();
        world.housekeeping().await.unwrap();
        assert_eq!(
            world.store.keys("batches/"),
            Vec::<String>::new(),
            "died at {request}"
        );
        assert_eq!(world.store.keys("state/web/snapshot/").len(), 1);
        world.check_rest().unwrap();
        if made < request {
            break;
        }
        request += 1;
    }
    assert!(request > 10);
}
