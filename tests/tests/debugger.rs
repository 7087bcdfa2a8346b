//! The live debugger keeps every call, and keeps nobody from sending.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests, and what they share"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sync_core::names::RunId;
use sync_core::run::Call;
use tideline_tests::{
    Act, Bench, Blame, Ended, Export, Fault, MIRROR, People, Setup, World, files_spec, refuse,
};

const DAY: i64 = 86_400_000;

fn setups() -> [Setup; 2] {
    [Setup::small(), Setup::cut(4, 4)]
}

async fn world(bench: &Rc<Bench>, setup: Setup, spec: &str) -> World {
    let setup = Setup {
        spec: spec.to_owned(),
        visibility: 600_000,
        ..setup
    };
    World::new(bench, setup).await.unwrap()
}

fn all(kept: &BTreeMap<String, Vec<Call>>) -> Vec<&Call> {
    kept.values().flatten().collect()
}

/// The calls of a run's batches are those that its record counts.
async fn check_counts(world: &World, run: &RunId) {
    let kept = world.kept_calls(run).unwrap();
    let of_batches = kept
        .iter()
        .filter(|(name, _)| name.starts_with(|c: char| c.is_ascii_digit()));
    let mut counted: BTreeMap<String, u64> = BTreeMap::new();
    for call in of_batches.flat_map(|(_, calls)| calls) {
        let http = || call.status.map(|status| format!("http_{status}"));
        let code = call.code.map(|code| code.to_string());
        let label = code.or_else(http).unwrap_or_else(|| "no_answer".to_owned());
        *counted.entry(label).or_default() += 1;
    }
    assert_eq!(counted, world.record(run).await.unwrap().calls);
}

#[tokio::test]
async fn each_call_of_events_is_kept_those_that_find_a_bad_row_too() {
    let bench = Rc::new(Bench::start().await.unwrap());
    for setup in setups() {
        let mut world = World::new(&bench, setup).await.unwrap();
        world.bench.front.script(refuse(&["k3", "k6"], Blame::Nobody));
        let run = world.run("1.csv", &Export::rows(0, 9)).await.unwrap();
        let kept = world.kept_calls(&run).unwrap();
        let calls = all(&kept);
        assert_eq!(calls.len() as u64, bench.front.calls());
        check_counts(&world, &run).await;
        let refused: Vec<_> = calls.iter().filter(|call| call.verdict == "refused").collect();
        assert!(refused.iter().all(|call| call.code == Some(40002)), "{refused:?}");
        let accepted = calls.iter().filter(|call| call.verdict == "accepted");
        let rows = |call: &&&Call| call.rows.as_ref().unwrap().len();
        assert_eq!(accepted.map(|call| rows(&call)).sum::<u64>(), 7);
        for call in calls {
            assert_eq!(call.path, "/open_api/v1.3/event/track/");
            assert_eq!(call.request["event_source"], "web");
            assert_eq!(
                call.request["data"],
                serde_json::json!([]),
                "the rows lie in the batch file"
            );
            assert!(call.request_id.is_some() || call.code != Some(0));
        }
    }
}

#[tokio::test]
async fn the_calls_of_an_audience_are_kept_like_all_others() {
    let bench = Rc::new(Bench::start().await.unwrap());
    for setup in setups() {
        let mut world = world(&bench, setup, MIRROR).await;
        let first = world.people("1.csv", &People::rows(0, 6)).await.unwrap();
        let before = bench.front.calls();
        let kept = world.kept_calls(&first).unwrap();
        let made: Vec<_> = kept["audience"].iter().map(|call| call.path.as_str()).collect();
        assert_eq!(made, ["/open_api/v1.3/segment/audience/"]);
        assert_eq!(kept["audience"][0].request["action"], "create");
        assert_eq!(all(&kept).len() as u64, before);
        check_counts(&world, &first).await;
        // The look at the audience belongs to the run before it.
        world.housekeeping().await.unwrap();
        let looks = world.kept_calls(&first).unwrap();
        let look = looks
            .iter()
            .find(|(name, _)| name.starts_with("look-"))
            .unwrap()
            .1;
        let asked = (look[0].method.as_str(), look[0].path.as_str());
        assert_eq!(asked, ("GET", "/open_api/v1.3/dmp/custom_audience/list/"));
        assert_eq!(look[0].request["custom_audience_ids"], "[\"160000001\"]");
        let before = bench.front.calls();
        let second = world.people("2.csv", &People::rows(3, 8)).await.unwrap();
        let kept = world.kept_calls(&second).unwrap();
        assert_eq!(all(&kept).len() as u64, bench.front.calls() - before);
        let mut actions: Vec<_> = all(&kept)
            .iter()
            .map(|call| call.request["action"].clone())
            .collect();
        actions.sort_by_key(ToString::to_string);
        actions.dedup();
        assert_eq!(actions, ["add", "delete"]);
    }
}

#[tokio::test]
async fn the_steps_of_a_file_upload_are_kept_without_the_file() {
    let bench = Rc::new(Bench::start().await.unwrap());
    for setup in [Setup::small(), Setup::cut(700, 4_000)] {
        let mut world = world(&bench, setup, &files_spec()).await;
        let run = world.people("1.csv", &People::rows(0, 1_100)).await.unwrap();
        let kept = world.kept_calls(&run).unwrap();
        assert_eq!(all(&kept).len() as u64, bench.front.calls());
        check_counts(&world, &run).await;
        let paths: Vec<_> = all(&kept)
            .iter()
            .map(|call| {
                call.path
                    .trim_start_matches("/open_api/v1.3/dmp/custom_audience/")
                    .to_owned()
            })
            .collect();
        let (last, uploads) = paths.split_last().unwrap();
        assert_eq!(last, "create/");
        assert!(
            !uploads.is_empty() && uploads.iter().all(|path| path == "file/upload/"),
            "{paths:?}"
        );
        for call in all(&kept) {
            if call.path.ends_with("/file/upload/") {
                assert!(call.request["file"]["bytes"].as_u64().unwrap() > 0);
                assert!(call.response["data"]["file_path"].is_string());
            }
        }
        let text = serde_json::to_string(&all(&kept)).unwrap();
        assert!(!text.contains(&tideline_tests::hash("e0")), "a person came out");
    }
}

/// Nothing that happens to the debugger's own writes costs a call, a row, or the debugger the rest.
#[tokio::test]
async fn a_write_of_the_debugger_that_fails_costs_nothing() {
    let bench = Rc::new(Bench::start().await.unwrap());
    let (mut unharmed, mut left_out) = (0, 0);
    for request in 1.. {
        let mut world = World::new(&bench, Setup::small()).await.unwrap();
        let run = world.land("1.csv", &Export::rows(0, 6)).await.unwrap();
        world
            .work_until(|message| message.asked.is_batch())
            .await
            .unwrap();
        let message = world.queue.take(0);
        let (_, requests) = world.handle(message, Some((request, Fault::Fail))).await.unwrap();
        if request > requests {
            break;
        }
        if world.errors.is_empty() {
            unharmed += 1;
            // Written with the next ones; where the last write fails, the one before it stays: of the first call.
            let kept = all(&world.kept_calls(&run).unwrap()).len() as u64;
            let calls = bench.front.calls();
            assert!(kept == calls || kept == 1, "{kept} of {calls}");
            left_out += usize::from(kept < calls);
        }
        world.errors.clear();
        world.work().await.unwrap();
        world.check_rest().unwrap();
        world
            .check_keys((0..6).map(|number| format!("k{number}")))
            .unwrap();
    }
    // After the first call, and at the end. A progress that cannot be read is a third request that costs nothing.
    assert!(
        (2..=3).contains(&unharmed) && left_out == 1,
        "{unharmed} {left_out}"
    );
}

/// Who goes on with a batch writes an object of its own, so the calls of the one before stay; and nobody takes the write
/// of its own, whose answer was lost, for another's.
#[tokio::test]
async fn calls_before_a_fault_stay_and_none_is_kept_twice() {
    let bench = Rc::new(Bench::start().await.unwrap());
    for fault in [
        Fault::DieBefore,
        Fault::DieAfter,
        Fault::LoseAnswer,
        Fault::Refuse,
    ] {
        let mut several = 0;
        for request in 1.. {
            let mut world = World::new(&bench, Setup::small()).await.unwrap();
            let run = world.land("1.csv", &Export::rows(0, 6)).await.unwrap();
            world
                .work_until(|message| message.asked.is_batch())
                .await
                .unwrap();
            let message = world.queue.take(0);
            let (_, requests) = world.handle(message, Some((request, fault))).await.unwrap();
            if request > requests {
                break;
            }
            let before = world.kept_calls(&run).unwrap();
            world.work().await.unwrap();
            let after = world.kept_calls(&run).unwrap();
            for (name, calls) in &before {
                assert_eq!(after.get(name), Some(calls), "{fault:?} at {request}");
            }
            // Calls since the last write, which is the first one here, are lost with their function.
            let kept = all(&after).len() as u64;
            assert!(
                (1..=bench.front.calls()).contains(&kept),
                "{fault:?} at {request}: {kept}"
            );
            let ids: BTreeSet<_> = all(&after).iter().map(|call| call.request_id.clone()).collect();
            assert_eq!(
                ids.len() as u64,
                kept,
                "{fault:?} at {request}: a call is kept twice"
            );
            several += usize::from(after.len() > 1);
        }
        assert!(several > 2 || fault == Fault::Refuse, "{fault:?}: {several}");
    }
}

#[tokio::test]
async fn calls_are_kept_for_as_many_days_as_the_spec_says() {
    let bench = Rc::new(Bench::start().await.unwrap());
    for (line, days) in [("", 7), ("debugger: {keep_days: 2}\n", 2)] {
        let mut setup = Setup::small();
        setup.spec.push_str(line);
        let mut world = World::new(&bench, setup).await.unwrap();
        let run = world.run("1.csv", &Export::rows(0, 4)).await.unwrap();
        world.jump(days * DAY - DAY / 2).unwrap();
        world.housekeeping().await.unwrap();
        assert_eq!(
            world.kept_calls(&run).unwrap().len(),
            1,
            "{days} days are not over"
        );
        world.jump(2 * DAY).unwrap();
        world.housekeeping().await.unwrap();
        assert_eq!(world.kept_calls(&run).unwrap().len(), 0, "{days} days are over");
        assert!(!world.store.keys("batches/").is_empty(), "batches stay");
    }
}

#[tokio::test]
async fn calls_without_an_answer_are_kept_and_so_are_their_repeats() {
    let bench = Rc::new(Bench::start().await.unwrap());
    let mut setup = Setup::small();
    setup.deliver.tries = 3;
    let mut world = World::new(&bench, setup).await.unwrap();
    let mut calls = 0;
    world.bench.front.script(move |_| {
        calls += 1;
        match calls {
            1 => Act::ResetAfter,
            2 => Act::Http(503),
            _ => Act::Pass,
        }
    });
    let run = world.run("1.csv", &Export::rows(0, 2)).await.unwrap();
    let kept = world.kept_calls(&run).unwrap();
    let seen: Vec<_> = all(&kept)
        .iter()
        .map(|call| (call.status, call.code, call.verdict.as_str(), call.repeated))
        .collect();
    assert_eq!(
        seen,
        [
            (None, None, "retry", false),
            (Some(503), None, "retry", true),
            (Some(200), Some(0), "accepted", true)
        ]
    );
    for call in all(&kept) {
        assert!(call.response["message"].is_string());
    }
    check_counts(&world, &run).await;
}

/// A person who looks while TikTok gives no answer sees the calls that got none.
#[tokio::test]
async fn calls_are_seen_while_there_is_no_answer() {
    let bench = Rc::new(Bench::start().await.unwrap());
    let mut setup = Setup::small();
    setup.deliver.debugger_period = Duration::ZERO;
    let mut world = World::new(&bench, setup).await.unwrap();
    let (counts, store) = (Arc::new(Mutex::new(Vec::new())), world.store.clone());
    let seen = counts.clone();
    world.bench.front.script(move |_| {
        seen.lock().unwrap().push(store.keys("calls/").len());
        Act::Http(503)
    });
    world.land("1.csv", &Export::rows(0, 6)).await.unwrap();
    world
        .work_until(|message| message.asked.is_batch())
        .await
        .unwrap();
    let message = world.queue.take(0);
    world.handle(message, None).await.unwrap();
    assert_eq!(
        *counts.lock().unwrap(),
        [0, 1, 1],
        "each call, from the second one on, finds the first one kept"
    );
}

/// TikTok's words may hold what a row said of a person: no rule for text knows a click id or a user agent.
#[tokio::test]
async fn what_tiktok_echoes_of_a_person_is_not_kept() {
    let bench = Rc::new(Bench::start().await.unwrap());
    let mut setup = Setup::small();
    setup.spec = setup.spec.replace(
        "mappings:\n",
        "mappings:\n  - {value: zclick-k1, to: user.ttclid}\n  - {value: Zagent/1.0 (zbrowser), to: user.user_agent}\n",
    );
    let mut world = World::new(&bench, setup).await.unwrap();
    world.bench.front.script(|call| match call.ids.len() {
        0 => Act::Pass,
        _ => Act::Answer(
            40002,
            "Invalid value for data.0.user.ttclid: zclick-k1 of Zagent/1.0 (zbrowser).".to_owned(),
        ),
    });
    let run = world.run("1.csv", &Export::rows(0, 3)).await.unwrap();
    let record = world.record(&run).await.unwrap();
    assert_eq!(record.sums.refused, 3);
    let kept = serde_json::to_string(&all(&world.kept_calls(&run).unwrap())).unwrap();
    assert!(
        kept.contains("data.0.user.ttclid: [identity] of [identity]"),
        "{kept}"
    );
    for key in world
        .store
        .keys("")
        .iter()
        .filter(|key| !key.starts_with("batches/"))
    {
        let body = world.store.peek(key).unwrap_or_default();
        let spec = key.starts_with("syncs/") || key.ends_with("plan.json");
        assert!(
            spec || !String::from_utf8_lossy(&body).contains("zclick"),
            "{key}"
        );
    }
}

/// A run whose function dies before the `at`-th of its store's requests for one batch, and then goes on: how many calls
/// it made, and how many requests the batch took where nobody died (`at` is 0).
async fn calls_when_killed_at(bench: &Rc<Bench>, at: u32) -> (u64, u32) {
    let mut setup = Setup::small();
    setup.deliver.debugger_period = Duration::ZERO;
    let mut world = World::new(bench, setup).await.unwrap();
    world.land("1.csv", &Export::rows(0, 8)).await.unwrap();
    world
        .work_until(|message| message.asked.is_batch())
        .await
        .unwrap();
    let message = world.queue.take(0);
    let fault = (at > 0).then_some((at, Fault::DieBefore));
    let (ended, requests) = world.handle(message, fault).await.unwrap();
    assert_eq!(at > 0, matches!(ended, Ended::Died));
    world.work().await.unwrap();
    world.check_rest().unwrap();
    (bench.front.calls(), requests)
}

/// Of all the moments in which a function may die, just one for each call makes the call come twice: the one between its
/// answer and the noting of it. Nothing that is written for people stands there.
#[tokio::test]
async fn what_was_answered_is_noted_before_it_is_kept_for_people() {
    let bench = Rc::new(Bench::start().await.unwrap());
    let (calls, requests) = calls_when_killed_at(&bench, 0).await;
    let mut twice = 0;
    for at in 1..=requests {
        twice += calls_when_killed_at(&bench, at).await.0 - calls;
    }
    assert_eq!((calls, twice), (4, 4));
}
