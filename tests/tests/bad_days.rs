//! Days on which TikTok, a token or a batch object is not what it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests, and what they share"
)]

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use runtime::deadline::Deadline;
use sync_core::run::{RunStatus, Wake, keys};
use tideline_tests::{Act, Bench, Export, Fault, Setup, Steps, World};
use tiktok_sandbox::TOKEN;

async fn world(setup: Setup) -> World {
    let bench = Rc::new(Bench::start().await.unwrap());
    World::new(&bench, setup).await.unwrap()
}

fn setups() -> [Setup; 2] {
    [Setup::small(), Setup::cut(4, 4)]
}

fn keys_to(to: usize) -> impl Iterator<Item = String> {
    (0..to).map(|number| format!("k{number}"))
}

/// Housekeeping every five minutes until nothing is left to do; the minutes that passed.
async fn until_rest(world: &mut World) -> i64 {
    for minutes in 0..20_000 {
        if world.check_rest().is_ok() {
            return minutes * 5;
        }
        world.pass(5).await.unwrap();
    }
    panic!("it does not come to rest: {:?}", world.check_rest());
}

#[tokio::test]
async fn a_throttle_storm_of_200_calls_ends_with_every_row_delivered_once() {
    let mut world = world(Setup::cut(3, 16)).await;
    world.bench.front.script(|call| {
        if call.number <= 200 {
            Act::Answer(40100, "Too many requests. Please retry in some time.".into())
        } else {
            Act::Pass
        }
    });
    world.run("a.csv", &Export::rows(0, 60)).await.unwrap();
    let minutes = until_rest(&mut world).await;
    world.check_no_errors().unwrap();
    world.check_keys(keys_to(60)).unwrap();
    assert_eq!(world.resent(), 0);
    println!(
        "200 throttled calls: {} calls in all, {minutes} minutes",
        world.bench.front.calls()
    );
}

#[tokio::test]
async fn ten_minutes_without_tiktok_cost_no_row() {
    for setup in setups() {
        for silence in [Act::Http(503), Act::ResetBefore, Act::ResetAfter] {
            let mut world = world(setup.clone()).await;
            let store = Arc::clone(&world.store);
            let end = store.now() + 600_000;
            let act = silence.clone();
            world
                .bench
                .front
                .script(move |_| if store.now() < end { act.clone() } else { Act::Pass });
            world.run("a.csv", &Export::rows(0, 12)).await.unwrap();
            let minutes = until_rest(&mut world).await;
            world.check_no_errors().unwrap();
            world.check_keys(keys_to(12)).unwrap();
            let resent = world.resent();
            assert!(silence == Act::ResetAfter || resent == 0);
            println!(
                "{silence:?} for ten minutes: delivered {minutes} minutes after, {resent} rows came again"
            );
        }
    }
}

#[tokio::test]
async fn dead_letters_that_are_sent_again_finish_the_run() {
    for housekeeping in [false, true] {
        for setup in setups() {
            let mut world = world(setup).await;
            let run = world.land("a.csv", &Export::rows(0, 8)).await.unwrap();
            world.collect();
            loop {
                let now = world.store.now();
                if let Some(message) = world.queue.receive(now) {
                    let fault = message.asked.is_batch().then_some((3, Fault::DieBefore));
                    world.handle(message, fault).await.unwrap();
                } else if let Some(next) = world.queue.next_visible() {
                    world.jump(next - now).unwrap();
                } else {
                    break;
                }
            }
            assert!(!world.queue.dead_letters.is_empty());
            assert_eq!(world.head().run.as_ref().unwrap().id, run);
            if housekeeping {
                until_rest(&mut world).await;
            } else {
                world.queue.redrive();
                world.work().await.unwrap();
            }
            world.check_rest().unwrap();
            world.check_keys(keys_to(8)).unwrap();
            // The dead letters come once more, when all is over.
            world.queue.redrive();
            world.work().await.unwrap();
            world.check_rest().unwrap();
            assert_eq!(world.resent(), 0);
        }
    }
}

#[tokio::test]
async fn a_batch_that_is_gone_is_a_reported_loss_and_not_called_accepted() {
    for setup in setups() {
        let mut world = world(setup).await;
        let run = world.land("a.csv", &Export::rows(0, 8)).await.unwrap();
        world
            .work_until(|message| message.asked.is_batch())
            .await
            .unwrap();
        let gone = world.store.keys("batches/").remove(0);
        let Some(Wake::Batch(_)) = Wake::parse(&gone) else {
            panic!("{gone}")
        };
        let rows = String::from_utf8_lossy(&world.store.peek(&gone).unwrap())
            .lines()
            .count() as u64
            - 1;
        world.store.lose(&gone);
        world.work().await.unwrap();
        let record = world.record(&run).await.unwrap();
        assert_eq!((record.sums.lost, record.sums.accepted), (rows, 8 - rows));
        assert_eq!(record.status, RunStatus::CompletedWithErrors);
        world.check_rest().unwrap();
        assert_eq!(world.stored() as u64, 8 - rows);
        assert_eq!(
            world.head().generation.map_or(0, |generation| generation.keys),
            8 - rows
        );
        // The next export brings them.
        world.run("b.csv", &Export::rows(0, 8)).await.unwrap();
        world.check_rest().unwrap();
        world.check_keys(keys_to(8)).unwrap();
        assert_eq!(world.resent(), 0);
    }
}

#[tokio::test]
async fn a_dead_token_costs_one_call_and_no_row() {
    for setup in setups() {
        let mut world = world(setup).await;
        // Two rows are carried from before the token dies.
        world
            .bench
            .front
            .script(|_| Act::Answer(40100, "Too many requests.".into()));
        world.run("1.csv", &Export::rows(0, 2)).await.unwrap();
        world.bench.front.reset();
        world.revoke(TOKEN).unwrap();
        let run = world.run("2.csv", &Export::rows(2, 12)).await.unwrap();
        let record = world.record(&run).await.unwrap();
        assert_eq!(record.status, RunStatus::NeedsReauthorisation);
        assert_eq!((record.sums.carried_out, record.sums.accepted), (12, 0));
        assert_eq!(world.bench.front.calls(), 1, "one call, not one for each batch");
        // Exports wait as long as the token is dead, and nothing is tried.
        world.run("3.csv", &Export::rows(12, 14)).await.unwrap();
        world.pass(120).await.unwrap();
        assert_eq!((world.bench.front.calls(), world.records().len()), (1, 2));
        world.grant("new-token").unwrap();
        world.connect("new-token").await.unwrap();
        world.work().await.unwrap();
        until_rest(&mut world).await;
        world.check_no_errors().unwrap();
        world.check_keys(keys_to(14)).unwrap();
        assert_eq!(world.resent(), 0);
    }
}

#[tokio::test]
async fn a_missing_grant_costs_one_call_and_later_exports_wait_until_somebody_connects_again() {
    for setup in setups() {
        let mut world = world(setup).await;
        let denied = |_: &_| Act::Answer(40001, "The advertiser does not grant this to the app.".into());
        world.bench.front.script(denied);
        let run = world.run("1.csv", &Export::rows(0, 9)).await.unwrap();
        let record = world.record(&run).await.unwrap();
        assert_eq!(record.status, RunStatus::NeedsReauthorisation);
        assert_eq!((record.sums.carried_out, world.bench.front.calls()), (9, 1));
        world.run("2.csv", &Export::rows(9, 12)).await.unwrap();
        world.pass(120).await.unwrap();
        assert_eq!((world.bench.front.calls(), world.records().len()), (1, 1));
        world.bench.front.reset();
        world.connect(TOKEN).await.unwrap();
        world.work().await.unwrap();
        until_rest(&mut world).await;
        world.check_no_errors().unwrap();
        world.check_keys(keys_to(12)).unwrap();
        assert_eq!(world.resent(), 0);
    }
}

/// A pixel that the token may not use is most often a slip of the pen: the spec is blamed first, and when it is corrected
/// the rows are sent, without anybody connecting again.
#[tokio::test]
async fn a_pixel_that_is_denied_blames_the_spec_and_a_corrected_one_is_sent_to() {
    for setup in setups() {
        let right = setup.spec.clone();
        let wrong = right.replace("C4A1EXAMPLEPIXEL0001", "C4A1EXAMPLEPIXEL0009");
        let mut world = world(Setup { spec: wrong, ..setup }).await;
        world.bench.front.script(|call| {
            if String::from_utf8_lossy(&call.body).contains("PIXEL0009") {
                Act::Answer(40001, "No permission to operate pixel code.".into())
            } else {
                Act::Pass
            }
        });
        let run = world.run("1.csv", &Export::rows(0, 9)).await.unwrap();
        let record = world.record(&run).await.unwrap();
        assert_eq!(record.status, RunStatus::Misconfigured);
        assert_eq!((record.sums.carried_out, world.bench.front.calls()), (9, 1));
        let reason = record.reason.unwrap();
        let blamed = [
            "event.pixel_code of the spec first, which is C4A1EXAMPLEPIXEL0009",
            "the token lacks",
        ];
        let places = blamed.map(|words| reason.find(words).unwrap_or_else(|| panic!("{reason}")));
        assert!(places.is_sorted(), "{reason}");
        world.change_spec(&right).await.unwrap();
        until_rest(&mut world).await;
        world.check_no_errors().unwrap();
        world.check_keys(keys_to(9)).unwrap();
        assert_eq!(world.resent(), 0);
    }
}

#[tokio::test]
async fn offline_events_without_the_permission_are_kept_without_a_call_until_it_is_granted() {
    const WEB: &str = "7224195155857866754";
    const OFFLINE: &str = "7050363942434127873";
    let web = Setup::small();
    let spec = web.spec.replace("web_events", "offline_events");
    let spec = spec.replace(
        "pixel_code: C4A1EXAMPLEPIXEL0001",
        "event_set_id: \"7300000000000000001\"",
    );
    let mut world = world(Setup { spec, ..web }).await;
    world.connect_with(TOKEN, &[WEB]).await.unwrap();
    let run = world.run("1.csv", &Export::rows(0, 5)).await.unwrap();
    let record = world.record(&run).await.unwrap();
    assert_eq!(record.status, RunStatus::NeedsReauthorisation);
    assert!(record.reason.unwrap().contains("connect again"));
    assert_eq!((record.sums.carried_out, world.bench.front.calls()), (5, 0));
    world.connect_with(TOKEN, &[WEB, OFFLINE]).await.unwrap();
    world.work().await.unwrap();
    until_rest(&mut world).await;
    world.check_no_errors().unwrap();
    world.check_keys(keys_to(5)).unwrap();
    assert_eq!(world.resent(), 0);
}

#[tokio::test]
async fn a_lost_event_is_found_by_housekeeping_whichever_it_is() {
    for setup in setups() {
        let mut lost = 0;
        loop {
            let mut world = world(setup.clone()).await;
            world.land("a.csv", &Export::rows(0, 6)).await.unwrap();
            world.collect();
            let mut number = 0;
            while let Some(message) = world.queue.receive(i64::MAX) {
                if number != lost {
                    world.handle(message, None).await.unwrap();
                }
                number += 1;
            }
            until_rest(&mut world).await;
            // A lost notification leaves no trace in the state: it is found within an hour.
            world.pass(65).await.unwrap();
            until_rest(&mut world).await;
            world.check_no_errors().unwrap();
            world.check_keys(keys_to(6)).unwrap();
            if lost >= number {
                break;
            }
            lost += 1;
        }
        assert!(lost > 4);
    }
}

#[tokio::test]
async fn rows_of_unknown_fate_are_counted_when_tiktok_may_have_forgotten_them() {
    let mut world = world(Setup::small()).await;
    world.bench.front.script(|_| Act::ResetAfter);
    world.run("a.csv", &Export::rows(0, 4)).await.unwrap();
    world.bench.front.script(|_| Act::Pass);
    world.jump(50 * 3_600_000).unwrap();
    until_rest(&mut world).await;
    let counted: u64 = world
        .records()
        .iter()
        .map(|record| record.counts.resent_after_window)
        .sum();
    assert!(
        counted > 0,
        "at least once goes before once, and the record says so"
    );
    world.check_records().unwrap();
    assert!(world.store.peek(&keys::head(&world.sync)).is_some());
}

#[tokio::test]
async fn a_function_whose_time_is_up_hands_the_rest_over_and_nothing_is_sent_twice() {
    let mut world = world(Setup::small()).await;
    world.land("a.csv", &Export::rows(0, 40)).await.unwrap();
    world
        .work_until(|message| message.asked.is_batch())
        .await
        .unwrap();
    // Twenty calls of a tenth of a second do not fit into one second.
    world.bench.front.script(|_| {
        std::thread::sleep(Duration::from_millis(100));
        Act::Pass
    });
    let time = world.setup.deliver.call_timeout + Duration::from_secs(5 + 1);
    let message = world.queue.take(0);
    let mut hurried = world.start(message, Steps::default(), Deadline::after(time));
    world.advance(&mut hurried).await.unwrap();
    world.collect();
    assert!(world.store.keys("outcomes/").is_empty() && world.stored() < 40);
    let again = &world.queue.messages;
    assert!(again.len() == 1 && again[0].asked.is_batch(), "{again:?}");
    world.bench.front.script(|_| Act::Pass);
    world.work().await.unwrap();
    world.check_no_errors().unwrap();
    world.check_rest().unwrap();
    world.check_keys(keys_to(40)).unwrap();
    assert_eq!(world.resent(), 0);
}
