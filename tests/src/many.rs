//! Many schedules, one for each seed, on several threads. `TIDELINE_SCHEDULES` says how many, `TIDELINE_SEED` with which
//! seed they begin.

use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::{Bench, Figures};

const THREADS: usize = 2;

#[expect(
    clippy::disallowed_methods,
    reason = "how many schedules there are is for the caller of the tests to say"
)]
fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// Runs schedules until the last seed is taken; what failed, with its seed.
fn work(
    one: &impl AsyncFn(&Rc<Bench>, u64, bool) -> anyhow::Result<Figures>,
    next: &AtomicU64,
    begin: u64,
    end: u64,
) -> (Figures, Vec<u64>) {
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
            match one(&bench, seed, begin + 1 == end).await {
                Ok(done) => figures.add(&done),
                Err(error) => {
                    println!("seed {seed}: {error:#}");
                    broken.push(seed);
                }
            }
        }
    })
}

/// Runs one schedule for each seed, and fails with the seeds of those that broke a promise.
pub fn hold_for_many_schedules(
    usual: u64,
    one: impl AsyncFn(&Rc<Bench>, u64, bool) -> anyhow::Result<Figures> + Sync,
) {
    let begin = number("TIDELINE_SEED", 0);
    let schedules = number("TIDELINE_SCHEDULES", usual);
    let next = AtomicU64::new(begin);
    let done: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| scope.spawn(|| work(&one, &next, begin, begin + schedules)))
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
