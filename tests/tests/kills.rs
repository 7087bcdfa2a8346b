//! Functions die at every request that they make: after the same messages came again, nothing is missing, nothing is
//! there twice, and every fact is the same, byte for byte.
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

use anyhow::{Context as _, ensure};
use tideline_tests::{Act, Bench, Export, Fault, Setup, World};

/// Where a function dies: in the n-th message that is handled, at its n-th request.
#[derive(Debug, Clone, Copy)]
struct Place {
    message: usize,
    request: u32,
    fault: Fault,
}

struct Whole {
    world: World,
    /// How many requests each message took, and whether it was one of a batch.
    requests: Vec<(u32, bool)>,
}

/// One run with at most one death; messages come again at once, behind those that wait.
async fn run(
    bench: &Rc<Bench>,
    setup: &Setup,
    export: &Export,
    place: Option<Place>,
) -> anyhow::Result<Whole> {
    let mut world = World::new(bench, setup.clone()).await?;
    world.land("a.csv", export).await?;
    world.collect();
    let mut requests = Vec::new();
    while let Some(message) = world.queue.receive(world.store.now()) {
        let fault = place.filter(|place| place.message == requests.len());
        let is_batch = message.asked.is_batch();
        let (_, count) = world
            .handle(message, fault.map(|place| (place.request, place.fault)))
            .await?;
        requests.push((count, is_batch));
    }
    Ok(Whole { world, requests })
}

fn still(mut setup: Setup) -> Setup {
    // Time stands still, so that what is written down of it is the same.
    (setup.tick, setup.visibility) = (0, 0);
    setup
}

fn export(rows: usize) -> Export {
    let middle = rows / 2;
    Export::rows(0, middle)
        .bad("b1")
        .row("k0", "a second time")
        .old("o1")
        .row("k1", "and another")
        .bad("b2")
        .row(&format!("k{middle}"), "a")
}

fn good(rows: usize) -> Vec<String> {
    (0..=rows / 2).map(|number| format!("k{number}")).collect()
}

fn compare(undisturbed: &World, killed: &World) -> anyhow::Result<()> {
    let (expected, found) = (undisturbed.truth(), killed.truth());
    for (key, content) in &expected {
        let other = found.get(key).with_context(|| format!("{key} is missing"))?;
        ensure!(content == other, "{key} differs:\n{content}\n{other}");
    }
    let extra = found.keys().find(|key| !expected.contains_key(*key));
    ensure!(extra.is_none(), "{extra:?} is there besides");
    Ok(())
}

/// A death at each request of each message, before it and after it, and each answer lost.
async fn at_every_request(setup: Setup, rows: usize, batches: bool) {
    let bench = Rc::new(Bench::start().await.unwrap());
    let (setup, export) = (still(setup), export(rows));
    let whole = run(&bench, &setup, &export, None).await.unwrap();
    whole.world.check_no_errors().unwrap();
    whole.world.check_rest().unwrap();
    whole.world.check_keys(good(rows)).unwrap();
    if setup.ingest.part_bytes == 1 {
        assert!(
            whole.world.store.keys("manifests/").len() >= 4,
            "three parts and the carried rows"
        );
        assert!(whole.world.head().generation.unwrap().partitions >= 2);
    }
    let truth = whole.world;
    let (mut kills, mut resent, mut most) = (0_u64, 0, 0);
    for (message, (requests, is_batch)) in whole.requests.iter().enumerate() {
        if *is_batch != batches {
            continue;
        }
        for request in 1..=*requests {
            for fault in [
                Fault::DieBefore,
                Fault::DieAfter,
                Fault::LoseAnswer,
                Fault::Fail,
                Fault::Refuse,
            ] {
                let place = Place {
                    message,
                    request,
                    fault,
                };
                let killed = run(&bench, &setup, &export, Some(place)).await.unwrap().world;
                let judged = killed
                    .check_rest()
                    .and_then(|()| killed.check_keys(good(rows)))
                    .and_then(|()| compare(&truth, &killed));
                if let Err(error) = judged {
                    panic!("{place:?}: {error:#}");
                }
                kills += 1;
                resent += killed.resent();
                most = most.max(killed.resent());
            }
        }
    }
    let function = if batches { "deliver" } else { "ingest" };
    println!("{function}: {kills} faults, {resent} rows came again, {most} at most after one of them");
    assert!(kills > 50);
    assert!(most <= 2, "one call's rows at most come again");
}

#[tokio::test]
async fn ingest_killed_at_every_request_of_a_small_run_changes_nothing() {
    at_every_request(Setup::small(), 10, false).await;
}

#[tokio::test]
async fn deliver_killed_at_every_request_of_a_small_run_changes_nothing() {
    at_every_request(Setup::small(), 10, true).await;
}

#[tokio::test]
async fn ingest_killed_at_every_request_of_a_cut_run_changes_nothing() {
    let setup = Setup::cut(4, 4);
    at_every_request(setup, 12, false).await;
}

#[tokio::test]
async fn deliver_killed_at_every_request_of_a_cut_run_changes_nothing() {
    let setup = Setup::cut(4, 4);
    at_every_request(setup, 12, true).await;
}

#[tokio::test]
async fn deliver_killed_at_every_call_changes_nothing() {
    for setup in [Setup::small(), Setup::cut(4, 4)] {
        let bench = Rc::new(Bench::start().await.unwrap());
        let (setup, rows) = (still(setup), 12);
        let export = export(rows);
        let truth = run(&bench, &setup, &export, None).await.unwrap().world;
        let calls = bench.front.calls();
        let facts = truth.truth();
        assert!(calls > 3);
        for number in 1..=calls {
            for act in [
                Act::DieBefore,
                Act::DieAfter,
                Act::ResetBefore,
                Act::ResetAfter,
                Act::Answer(40100, "Too many requests.".into()),
                Act::Answer(50002, "Service error.".into()),
                Act::Http(502),
            ] {
                let mut killed = World::new(&bench, setup.clone()).await.unwrap();
                let hit = Arc::new(Mutex::new(false));
                let (this, seen) = (act.clone(), hit.clone());
                bench.front.script(move |call| {
                    let due = call.number == number;
                    *seen.lock().unwrap() |= due;
                    if due { this.clone() } else { Act::Pass }
                });
                killed.run("a.csv", &export).await.unwrap();
                assert!(*hit.lock().unwrap());
                let judged = killed.check_rest().and_then(|()| killed.check_keys(good(rows)));
                if let Err(error) = judged {
                    panic!("call {number}, {act:?}: {error:#}");
                }
                // Whether rows were of unknown fate is told by outcomes of rows that are carried; here none is.
                assert_eq!(facts, killed.truth(), "call {number}, {act:?}");
                let again = u64::from(matches!(act, Act::DieAfter | Act::ResetAfter)) * 2;
                assert!(
                    killed.resent() <= again,
                    "call {number}, {act:?}: {} rows came again",
                    killed.resent()
                );
            }
        }
    }
}
