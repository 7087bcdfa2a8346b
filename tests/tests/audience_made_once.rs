//! An audience is made once, whoever dies and however many come at once; an existing one is looked at first.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests, and what they share"
)]

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use runtime::store::Store as _;
use sync_core::run::RunStatus;
use tideline_tests::{Act, Bench, Fault, MIRROR, Message, People, Setup, World, files_spec, hash, names};
use tiktok::audiences::{create_body, file_path, made_id, segment_audience, upload_fields};
use tiktok::{AccessToken, Asked, Endpoint};
use tiktok_sandbox::TOKEN;

const TIMEOUT: Duration = Duration::from_secs(20);
const MAKE: &str = "/segment/audience/";
const MAP: &str = "/segment/mapping/";

async fn world(bench: &Rc<Bench>, spec: &str) -> World {
    let setup = Setup {
        spec: spec.to_owned(),
        ..Setup::small()
    };
    World::new(bench, setup).await.unwrap()
}

fn check(world: &World) -> anyhow::Result<()> {
    world.check_rest()?;
    anyhow::ensure!(world.audiences() == 1, "{} audiences", world.audiences());
    world.check_members(&names("e0 e1 e2"))?;
    world.check_audience(true)
}

/// The first run, with a fault at a request of the n-th message; how many requests each message took.
async fn first_run(world: &mut World, place: Option<(usize, u32, Fault)>) -> Vec<u32> {
    world.land_file("a.csv", People::rows(0, 3).csv()).await.unwrap();
    world.collect();
    let mut requests = Vec::new();
    while let Some(message) = world.queue.receive(world.store.now()) {
        let fault = place.filter(|(number, ..)| *number == requests.len());
        let fault = fault.map(|(_, request, fault)| (request, fault));
        requests.push(world.handle(message, fault).await.unwrap().1);
    }
    // A lease is waited for, and messages that came too often are woken by housekeeping.
    world.work().await.unwrap();
    world.pass(30).await.unwrap();
    requests
}

#[tokio::test]
async fn the_first_run_killed_at_every_request_makes_one_audience() {
    let bench = Rc::new(Bench::start().await.unwrap());
    let mut whole = world(&bench, MIRROR).await;
    let requests = first_run(&mut whole, None).await;
    check(&whole).unwrap();
    assert_eq!(bench.sandbox.state().calls_to(MAKE), 1);
    let mut kills = 0;
    for (message, count) in requests.iter().enumerate() {
        for request in 1..=*count {
            for fault in [
                Fault::DieBefore,
                Fault::DieAfter,
                Fault::LoseAnswer,
                Fault::Fail,
                Fault::Refuse,
            ] {
                let mut killed = world(&bench, MIRROR).await;
                first_run(&mut killed, Some((message, request, fault))).await;
                if let Err(error) = check(&killed) {
                    panic!("message {message}, request {request}, {fault:?}: {error:#}");
                }
                kills += 1;
            }
        }
    }
    println!("{kills} faults");
    assert!(kills > 100);
}

#[tokio::test]
async fn the_call_that_makes_it_lost_in_any_way_makes_one_audience() {
    let bench = Rc::new(Bench::start().await.unwrap());
    for act in [
        Act::DieBefore,
        Act::DieAfter,
        Act::ResetBefore,
        Act::ResetAfter,
        Act::Answer(40100, "Too many requests.".into()),
        Act::Answer(50002, "Service error.".into()),
        Act::Http(502),
    ] {
        let mut world = world(&bench, MIRROR).await;
        let (this, mut first) = (act.clone(), true);
        bench.front.script(move |call| {
            if call.path == MAKE && std::mem::take(&mut first) {
                this.clone()
            } else {
                Act::Pass
            }
        });
        first_run(&mut world, None).await;
        if let Err(error) = check(&world) {
            panic!("{act:?}: {error:#}");
        }
        let taken = matches!(act, Act::DieAfter | Act::ResetAfter);
        let listed = bench.sandbox.state().calls_to("/dmp/custom_audience/list/");
        assert_eq!(bench.sandbox.state().calls_to(MAKE), 1, "{act:?}");
        assert!(listed > 0 || !taken, "the name is looked up");
    }
}

/// The same with the sandbox's own fault: TikTok made it, and says nothing.
#[tokio::test]
async fn an_audience_that_was_made_without_an_answer_is_found_by_its_name() {
    let bench = Rc::new(Bench::start().await.unwrap());
    for after in ["reset", "truncate"] {
        let mut world = world(&bench, MIRROR).await;
        let fault = serde_json::json!([{"path": MAKE, "times": 1, "after_store": after}]);
        bench.sandbox.state().set_faults(fault).unwrap();
        first_run(&mut world, None).await;
        check(&world).unwrap();
    }
}

/// An audience of the same name that was there before is somebody else's, whatever became of the call.
#[tokio::test]
async fn an_older_audience_of_the_name_is_never_taken_for_the_one_that_was_to_be_made() {
    let bench = Rc::new(Bench::start().await.unwrap());
    for act in [Act::ResetBefore, Act::ResetAfter, Act::DieBefore, Act::DieAfter] {
        let mut world = world(&bench, MIRROR).await;
        let older = segment_named(&bench, "7100000000000000001", "VIP").await;
        world.jump(2 * 86_400_000).unwrap();
        let (this, mut first) = (act.clone(), true);
        bench.front.script(move |call| {
            if call.path == MAKE && std::mem::take(&mut first) {
                this.clone()
            } else {
                Act::Pass
            }
        });
        first_run(&mut world, None).await;
        let audiences = bench.sandbox.state().audiences();
        assert_eq!(audiences.len(), 2, "{act:?}: {audiences:?}");
        for audience in audiences {
            let held: usize = audience.ids.values().map(Vec::len).sum();
            assert_eq!(held == 0, audience.audience_id == older, "{act:?}: {held}");
        }
    }
}

#[tokio::test]
async fn two_that_begin_at_once_make_one_audience() {
    let bench = Rc::new(Bench::start().await.unwrap());
    for seed in 0..60 {
        let mut world = world(&bench, MIRROR).await;
        world.land_file("a.csv", People::rows(0, 3).csv()).await.unwrap();
        world.collect();
        let messages: Vec<Message> = world
            .queue
            .messages
            .drain(..)
            .flat_map(|message| [message.clone(), message])
            .collect();
        world.at_once(messages, seed).await;
        world.work().await.unwrap();
        world.pass(30).await.unwrap();
        if let Err(error) = check(&world) {
            panic!("seed {seed}: {error:#}");
        }
        assert_eq!(bench.sandbox.state().calls_to(MAKE), 1, "seed {seed}");
    }
}

fn token() -> AccessToken {
    AccessToken::new(TOKEN).unwrap()
}

async fn segment_of(bench: &Bench, advertiser: &str) -> String {
    segment_named(bench, advertiser, "mine").await
}

async fn segment_named(bench: &Bench, advertiser: &str, name: &str) -> String {
    let body = segment_audience(advertiser, name);
    let answer = bench
        .client
        .post_value(Endpoint::SegmentAudience, &token(), &body, TIMEOUT)
        .await;
    made_id(answer.data.as_ref()).unwrap()
}

async fn files_of(bench: &Bench, advertiser: &str) -> String {
    let lines: Vec<String> = (0..1_000).map(|number| hash(&format!("e{number}"))).collect();
    let body = Bytes::from(lines.join("\n"));
    // The MD5 of exactly these lines.
    let md5 = "6018932984a72802f40e6e351748d8b9";
    let fields = upload_fields(advertiser, "EMAIL_SHA256", md5);
    let upload = Asked {
        endpoint: Endpoint::AudienceUpload,
        repeated: false,
    };
    let answer = bench
        .client
        .post_file(upload, Some(&token()), &fields, ("a.csv", body), TIMEOUT)
        .await;
    let path = file_path(answer.data.as_ref()).unwrap_or_else(|| panic!("{answer:?}"));
    let body = create_body(advertiser, "mine", "EMAIL_SHA256", &[&path], None, false);
    let answer = bench
        .client
        .post_value(Endpoint::AudienceCreate, &token(), &body, TIMEOUT)
        .await;
    made_id(answer.data.as_ref()).unwrap()
}

#[tokio::test]
async fn an_existing_audience_of_another_way_or_owner_is_refused_before_the_first_call() {
    let (mine, other) = ("7100000000000000001", "7100000000000000002");
    let bench = Rc::new(Bench::start().await.unwrap());
    let wrong_way = "works only on audiences";
    let not_mine = "has no audience";
    for (spec, files, owner, words) in [
        (MIRROR.to_owned(), true, mine, wrong_way),
        (files_spec(), false, mine, wrong_way),
        (MIRROR.to_owned(), false, other, not_mine),
        (files_spec(), true, other, not_mine),
    ] {
        let mut world = world(&bench, &spec).await;
        let id = if files {
            files_of(&bench, owner).await
        } else {
            segment_of(&bench, owner).await
        };
        let spec = spec.replace("name: VIP", &format!("id: \"{id}\""));
        let key = sync_core::run::keys::spec(&world.sync);
        world.store.put(&key, spec.into()).await.unwrap();
        let before = bench.sandbox.state().audiences();
        let run = world.people("a.csv", &People::rows(0, 3)).await.unwrap();
        let record = world.record(&run).await.unwrap();
        assert_eq!(record.status, RunStatus::Misconfigured);
        let reason = record.reason.unwrap();
        assert!(reason.contains(words), "{reason}");
        assert_eq!(bench.sandbox.state().calls_to(MAP), 0);
        assert!(bench.sandbox.state().audiences() == before);
        assert!(
            world.store.keys("state/web/fixed.json").is_empty(),
            "nothing is fixed by it"
        );
    }
}

#[tokio::test]
async fn an_existing_audience_is_filled() {
    let bench = Rc::new(Bench::start().await.unwrap());
    let mut world = world(&bench, MIRROR).await;
    let id = segment_of(&bench, "7100000000000000001").await;
    let key = sync_core::run::keys::spec(&world.sync);
    let spec = MIRROR.replace("name: VIP", &format!("id: \"{id}\""));
    world.store.put(&key, spec.into()).await.unwrap();
    world.people("a.csv", &People::rows(0, 3)).await.unwrap();
    check(&world).unwrap();
}
