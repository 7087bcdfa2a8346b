//! Whole runs without faults.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests, and what they share"
)]

use std::rc::Rc;

use sync_core::run::RunStatus;
use tideline_tests::{Bench, Export, Setup, World};

#[tokio::test]
async fn a_small_export_is_delivered_once() {
    let bench = Rc::new(Bench::start().await.unwrap());
    let mut world = World::new(&bench, Setup::small()).await.unwrap();
    let run = world
        .run("a.csv", &Export::rows(0, 9).bad("b").row("k0", "again").old("o"))
        .await
        .unwrap();
    world.check_no_errors().unwrap();
    world.check_rest().unwrap();
    world.check_keys((0..9).map(|n| format!("k{n}"))).unwrap();
    let record = world.record(&run).await.unwrap();
    assert_eq!(record.status, RunStatus::CompletedWithErrors);
    assert_eq!(
        (
            record.counts.queried,
            record.counts.expired,
            record.counts.rejected_total()
        ),
        (12, 1, 2)
    );
    assert_eq!(world.resent(), 0);
}

#[tokio::test]
async fn a_cut_export_is_delivered_once() {
    let bench = Rc::new(Bench::start().await.unwrap());
    let mut world = World::new(&bench, Setup::cut(3, 4)).await.unwrap();
    let run = world
        .run("a.csv", &Export::rows(0, 12).bad("b").row("k0", "again").old("o"))
        .await
        .unwrap();
    world.check_no_errors().unwrap();
    world.check_rest().unwrap();
    world.check_keys((0..12).map(|n| format!("k{n}"))).unwrap();
    let record = world.record(&run).await.unwrap();
    assert_eq!(
        (
            record.counts.queried,
            record.counts.expired,
            record.counts.rejected_total()
        ),
        (15, 1, 2)
    );
    assert!(world.store.keys("batches/").len() >= 3);
    assert!(world.head().generation.unwrap().partitions >= 2);
    assert_eq!(world.resent(), 0);
}
