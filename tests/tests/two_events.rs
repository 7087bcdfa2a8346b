//! Rows that make two events each: a row counts once, and is accepted when both of its events are.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests, and what they share"
)]

use std::collections::BTreeMap;
use std::rc::Rc;

use tideline_tests::{Act, ApiCall, Bench, Export, Setup, TWO_EVENTS, World};

fn setups() -> [Setup; 2] {
    [Setup::small(), Setup::cut(3, 3)].map(|setup| Setup {
        spec: TWO_EVENTS.to_owned(),
        ..setup
    })
}

fn is_view(call: &ApiCall) -> bool {
    String::from_utf8_lossy(&call.body).contains("ViewContent")
}

/// How often each event came.
fn events(world: &World) -> BTreeMap<(String, String), u64> {
    let events = world.bench.sandbox.state().events();
    let named = events.iter().map(|event| {
        let id = event.event_id.as_deref().unwrap_or_default();
        ((id.to_owned(), event.event.to_string()), event.received)
    });
    named.collect()
}

#[tokio::test]
async fn a_row_with_two_events_counts_once() {
    let bench = Rc::new(Bench::start().await.unwrap());
    for setup in setups() {
        let mut world = World::new(&bench, setup).await.unwrap();
        let run = world.run("1.csv", &Export::rows(0, 7)).await.unwrap();
        let record = world.record(&run).await.unwrap();
        assert_eq!((record.counts.to_send, record.sums.accepted), (7, 7));
        assert_eq!((events(&world).len(), world.snapshot().unwrap().len()), (14, 7));
        world.check_no_errors().unwrap();
        world.check_rest().unwrap();
    }
}

#[tokio::test]
async fn of_a_row_only_the_event_that_was_carried_goes_again() {
    let bench = Rc::new(Bench::start().await.unwrap());
    for setup in setups() {
        let mut world = World::new(&bench, setup).await.unwrap();
        bench
            .front
            .script(|call| if is_view(call) { Act::Http(503) } else { Act::Pass });
        let run = world.run("1.csv", &Export::rows(0, 7)).await.unwrap();
        let record = world.record(&run).await.unwrap();
        assert_eq!((record.sums.accepted, record.sums.carried_out), (0, 7));
        assert!(
            world.snapshot().unwrap().is_empty(),
            "half a row is no accepted row"
        );
        bench.front.script(|_| Act::Pass);
        world.pass(30).await.unwrap();
        world.check_no_errors().unwrap();
        world.check_rest().unwrap();
        assert_eq!((events(&world).len(), world.snapshot().unwrap().len()), (14, 7));
        assert!(events(&world).values().all(|times| *times == 1));
    }
}

#[tokio::test]
async fn a_row_of_which_one_event_was_refused_is_not_accepted_by_the_other() {
    let bench = Rc::new(Bench::start().await.unwrap());
    for setup in setups() {
        let mut world = World::new(&bench, setup).await.unwrap();
        bench
            .front
            .script(|call| match call.ids.iter().position(|id| id == "k1") {
                _ if is_view(call) => Act::Http(503),
                Some(at) => Act::Answer(
                    40002,
                    format!("Invalid value for data.{at}.properties.content_type: bad."),
                ),
                None => Act::Pass,
            });
        let run = world.run("1.csv", &Export::rows(0, 4)).await.unwrap();
        let record = world.record(&run).await.unwrap();
        assert_eq!((record.sums.refused, record.sums.carried_out), (1, 3));
        // The other event is carried once more, before it goes.
        bench.front.script(|_| Act::Http(503));
        world.pass(20).await.unwrap();
        bench.front.script(|_| Act::Pass);
        world.pass(120).await.unwrap();
        world.check_rest().unwrap();
        assert!(
            !world.snapshot().unwrap().contains("k1"),
            "its purchase was refused"
        );
        world.run("2.csv", &Export::rows(0, 4)).await.unwrap();
        world.check_no_errors().unwrap();
        world.check_rest().unwrap();
        assert_eq!((events(&world).len(), world.snapshot().unwrap().len()), (8, 4));
    }
}

#[tokio::test]
async fn a_lost_batch_of_one_event_leaves_its_rows_unaccepted() {
    let bench = Rc::new(Bench::start().await.unwrap());
    for setup in setups() {
        let mut world = World::new(&bench, setup).await.unwrap();
        let run = world.land("1.csv", &Export::rows(0, 7)).await.unwrap();
        world
            .work_until(|message| message.asked.is_batch())
            .await
            .unwrap();
        let gone = world.store.keys("batches/").remove(1);
        world.store.lose(&gone);
        world.work().await.unwrap();
        let record = world.record(&run).await.unwrap();
        assert!(record.sums.lost > 0);
        assert_eq!(record.sums.accepted, world.snapshot().unwrap().len() as u64);
        world.check_rest().unwrap();
        world.run("2.csv", &Export::rows(0, 7)).await.unwrap();
        world.check_rest().unwrap();
        assert_eq!((events(&world).len(), world.snapshot().unwrap().len()), (14, 7));
    }
}
