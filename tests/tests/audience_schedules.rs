//! Thousands of random sequences of exports of an audience over the real handlers. `TIDELINE_SCHEDULES` says how many, `TIDELINE_SEED` with
//! which seed they begin.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests, and what they share"
)]

use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use tideline_tests::{Bench, Figures, run_audience_schedule};

const THREADS: usize = 2;

#[expect(
    clippy::disallowed_methods,
    reason = "how many schedules there are is for the caller of the tests to say"
)]
fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// Runs schedules until the last seed is taken; what failed, with its seed.
fn work(next: &AtomicU64, begin: u64, end: u64) -> (Figures, Vec<u64>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let bench = Rc::new(Bench::start().await.unwrap());
        let (mut figures, mut broken) = (Figures::default(), Vec::new());
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end || broken.len() > 5 {
                return (figures, broken);
            }
            match run_audience_schedule(&bench, seed, begin + 1 == end).await {
                Ok(done) => figures.add(&done),
                Err(error) => {
                    println!("seed {seed}: {error:#}");
                    broken.push(seed);
                }
            }
        }
    })
}

#[test]
fn every_audience_is_what_its_mode_promises_after_every_schedule() {
    let begin = number("TIDELINE_SEED", 0);
    let schedules = number("TIDELINE_SCHEDULES", 2_000);
    let next = AtomicU64::new(begin);
    let done: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| scope.spawn(|| work(&next, begin, begin + schedules)))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut all = Figures::default();
    for (figures, _) in &done {
        all.add(figures);
    }
    println!("{all:#?}");
    let broken: Vec<&u64> = done.iter().flat_map(|(_, broken)| broken).collect();
    assert!(
        broken.is_empty(),
        "broken: seeds {broken:?}; one alone (TIDELINE_SCHEDULES=1) tells what happened"
    );
    assert_eq!(all.schedules, schedules);
}
