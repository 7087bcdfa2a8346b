//! What an earlier version made of exports of every kind is made still, and an upgrade sends nothing again.
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
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use sync_core::run::{Manifest, Outcome, Record, Wake};
use tideline_tests::{Act, Asked, Bench, Case, Recording, World, cases};

fn json<T: serde::de::DeserializeOwned>(body: &Bytes) -> T {
    serde_json::from_slice(body).unwrap()
}

/// The keys that two buckets have to share: facts about rows, and the snapshot.
fn compared(recording: &Recording) -> BTreeSet<&String> {
    let kinds = ["batches/", "outcomes/", "manifests/", "state/", "runs/"];
    let kept = |key: &&String| {
        let is_state = key.starts_with("state/") && !key.contains("/snapshot/");
        let is_run = key.starts_with("runs/") && !key.ends_with("/run.json");
        kinds.iter().any(|kind| key.starts_with(kind)) && !is_state && !is_run
    };
    recording.objects.keys().filter(kept).collect()
}

/// Whether an object says the same of rows. Words for people and times may differ.
fn same(key: &str, before: &Bytes, now: &Bytes) -> bool {
    if key.starts_with("manifests/") {
        return json::<Manifest>(before) == json::<Manifest>(now);
    }
    if key.starts_with("outcomes/") && !key.contains("/parts/") {
        let bare = |body| Outcome {
            why: None,
            first_try: None,
            ..json(body)
        };
        return bare(before) == bare(now);
    }
    if key.ends_with("/run.json") {
        let told = |body| {
            let Record {
                counts,
                sums,
                calls,
                carried,
                refused,
                inconsistent,
                ..
            } = json(body);
            let sums = (
                sums.accepted,
                sums.refused,
                sums.carried_out,
                sums.lost,
                sums.deleted,
            );
            (counts, sums, calls, carried, refused, inconsistent)
        };
        return told(before) == told(now);
    }
    before == now
}

#[tokio::test]
async fn exports_make_what_they_made_before() {
    let bench = Rc::new(Bench::start().await.unwrap());
    for case in cases() {
        let recorded = case.recorded().unwrap();
        let mut world = case.world(&bench, None).await.unwrap();
        case.play(&mut world).await.unwrap();
        world.check_no_errors().unwrap();
        let now = world.record_all();
        assert_eq!(compared(&recorded), compared(&now), "{case:?}");
        for key in compared(&recorded) {
            let (before, after) = (&recorded.objects[key], &now.objects[key]);
            assert!(
                same(key, &before.body().unwrap(), &after.body().unwrap()),
                "{case:?}: {key}\n{before:?}\n{after:?}"
            );
        }
    }
}

/// Notes the paths of the calls that send something.
fn sends(bench: &Bench) -> Arc<Mutex<Vec<String>>> {
    let calls: Arc<Mutex<Vec<String>>> = Arc::default();
    let noted = calls.clone();
    bench.front.script(move |call| {
        if !call.path.ends_with("/list/") {
            noted.lock().unwrap().push(call.path.clone());
        }
        Act::Pass
    });
    calls
}

/// The notifications of all exports come once more, as after an upgrade they may.
fn notify_again(world: &mut World, case: &Case) {
    for (name, _) in case.exports() {
        let key = format!("models/web/{name}");
        let version = world.store.version(&key).unwrap();
        let wake = Wake::parse(&key).unwrap();
        world.queue.send(Asked::Created(wake, version));
    }
}

#[tokio::test]
async fn an_upgrade_sends_nothing_again() {
    let bench = Rc::new(Bench::start().await.unwrap());
    for case in cases() {
        let recorded = case.recorded().unwrap();
        let mut world = case.world(&bench, Some(&recorded)).await.unwrap();
        let calls = sends(&bench);
        notify_again(&mut world, &case);
        world.work().await.unwrap();
        world.check_no_errors().unwrap();
        assert!(calls.lock().unwrap().is_empty(), "{case:?}: {calls:?}");
        let Some((_, newest)) = case.exports().pop().filter(|_| case.sends_alike()) else {
            continue;
        };
        // The same rows in a new file: all of them are known.
        let again = world.land_file("again.csv", &newest).await.unwrap();
        world.work().await.unwrap();
        let record = world.record(&again).await.unwrap();
        assert!(calls.lock().unwrap().is_empty(), "{case:?}: {calls:?} {record:?}");
        assert_eq!(record.counts.to_send + record.counts.to_delete, 0, "{case:?}");
    }
}
