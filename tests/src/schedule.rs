//! Random schedules over the real handlers: all that can go wrong does, and TikTok refuses, throttles, and says
//! nothing. Then all is calm, and what was promised has to be true. The same seed is the same schedule.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{bail, ensure};
use ingest::RetryOf;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{Rng as _, SeedableRng as _};
use sync_core::names::RunId;
use sync_core::run::{Record, RunKind, RunStatus, again_run_id};

use crate::bench::Bench;
use crate::export::{Export, SPEC};
use crate::figures::Figures;
use crate::front::{Act, ApiCall};
use crate::happenings::Happening;
use crate::steps::Steps;
use crate::storm::{Landing, Storm, Weather};
use crate::world::{Setup, World};

/// Keys of all exports.
const KEYS: usize = 6;

struct Planned {
    landing: Landing,
    /// The keys whose first row is valid.
    valid: Vec<String>,
}

struct Schedule {
    storm: Storm,
    /// The valid keys of each export.
    valid: Vec<Vec<String>>,
    poison: BTreeSet<String>,
}

/// Runs one schedule and checks its promises. With `trace`, an error tells what happened.
pub async fn run_schedule(bench: &Rc<Bench>, seed: u64, trace: bool) -> anyhow::Result<Figures> {
    let mut schedule = Schedule::new(bench, seed).await?;
    schedule.storm.trace = trace.then(Vec::new);
    if let Err(error) = schedule.run().await {
        let happened = schedule.storm.trace.unwrap_or_default().join("\n");
        return Err(error.context(happened));
    }
    let mut figures = Figures::of(&schedule.storm);
    figures.accepted = schedule.storm.world.accepted().len() as u64;
    figures.resent = schedule.storm.world.resent();
    Ok(figures)
}

impl Schedule {
    async fn run(&mut self) -> anyhow::Result<()> {
        self.storm.storm().await?;
        self.storm.calm_down().await?;
        if self.storm.tested {
            self.go_live().await?;
        }
        self.check()
    }

    /// A person asks for what went to the test page only: it goes live.
    async fn go_live(&mut self) -> anyhow::Result<()> {
        self.storm.retried = true;
        let ctx = self.storm.world.ingest(&Steps::default());
        let (sync, now) = (self.storm.world.sync.clone(), self.storm.world.store.now());
        let asked = ingest::retry(&ctx, &sync, &RetryOf::Sync, false, now).await?;
        self.storm.note(|| format!("{asked:?}"));
        self.storm.collect();
        self.storm.calm_down().await
    }

    async fn new(bench: &Rc<Bench>, seed: u64) -> anyhow::Result<Self> {
        let mut random = StdRng::seed_from_u64(seed);
        let mut setup = if random.random_bool(0.5) {
            Setup::small()
        } else {
            Setup::cut(random.random_range(1..4), random.random_range(2..5))
        };
        setup.spec = SPEC.replace(
            "batch_size: 2",
            &format!("batch_size: {}", random.random_range(1..4)),
        );
        setup.tick = *[20, 500, 3_000].choose(&mut random).unwrap_or(&20);
        setup.deliver.progress_calls = random.random_range(1..4);
        setup.deliver.max_receives = random.random_range(2..6);
        let fault = *[0.0, 0.01, 0.03, 0.08].choose(&mut random).unwrap_or(&0.0);
        let twins = *[0.0, 0.02, 0.06].choose(&mut random).unwrap_or(&0.0);
        let pace = *[0.08, 0.04, 0.02].choose(&mut random).unwrap_or(&0.02);
        let poison = (0..KEYS)
            .filter(|_| random.random_bool(0.12))
            .map(|key| format!("k{key}"));
        let poison: BTreeSet<String> = poison.collect();
        let bad: BTreeSet<(usize, usize)> = (0..KEYS)
            .flat_map(|key| [(key, 0), (key, 1)])
            .filter(|_| random.random_bool(0.1))
            .collect();
        let overwritten = random.random_bool(0.2);
        let (mut exports, mut valid) = (Vec::new(), Vec::new());
        for number in 0..random.random_range(1..5) {
            let name = if overwritten {
                "same.csv".to_owned()
            } else {
                format!("{number}.csv")
            };
            let planned = plan_export(name, &bad, &mut random);
            exports.push(planned.landing);
            valid.push(planned.valid);
        }
        let mut todo: Vec<Happening> = (0..exports.len()).map(Happening::Land).collect();
        for (what, chance) in [
            (Happening::Notify, 0.4),
            (Happening::TokenDies, 0.25),
            (Happening::Resync, 0.15),
            (Happening::Retry, 0.2),
            (Happening::OlderPlanner, 0.25),
            (Happening::Cancel, 0.2),
            (Happening::Redrive, 0.2),
            (Happening::LongPause, 0.04),
            (Happening::TestBegins, 0.15),
        ] {
            if random.random_bool(chance) {
                let at = random.random_range(0..=todo.len());
                todo.insert(at, what);
            }
        }
        let calm = Arc::new(AtomicBool::new(false));
        let world = World::new(bench, setup).await?;
        let flaky = *[0.0, 0.2, 0.6, 0.9].choose(&mut random).unwrap_or(&0.0);
        let api = StdRng::seed_from_u64(seed ^ 0xA91);
        bench
            .front
            .script(tiktok(api, flaky, fault, poison.clone(), calm.clone()));
        let mut storm = Storm::new(world, random, Weather { fault, twins, pace });
        (storm.exports, storm.todo, storm.calm) = (exports, todo, calm);
        storm.overwritten = overwritten;
        Ok(Self { storm, valid, poison })
    }

    fn check(&self) -> anyhow::Result<()> {
        let world = &self.storm.world;
        world.check_rest()?;
        ensure!(
            self.storm.claimed_twice.is_empty(),
            "run twice: {:?}",
            self.storm.claimed_twice
        );
        let records: BTreeMap<RunId, Record> = world
            .records()
            .into_iter()
            .map(|record| (record.run.clone(), record))
            .collect();
        let mut given_up = false;
        for export in &self.storm.exports {
            let mut run = export
                .run
                .clone()
                .unwrap_or_else(|| unreachable!("every export landed"));
            loop {
                let Some(record) = records.get(&run) else {
                    bail!("the export run {run} has no record")
                };
                let reason = record.reason.as_deref().unwrap_or_default();
                if !record.is_test() && !reason.contains("done again as run") {
                    given_up |= matches!(record.status, RunStatus::Cancelled | RunStatus::Aborted);
                    break;
                }
                run = again_run_id(&run);
            }
        }
        given_up |= records.values().any(|record| {
            matches!(record.status, RunStatus::Cancelled | RunStatus::Aborted)
                && record.kind == RunKind::Retry
        });
        let (accepted, snapshot) = (world.accepted(), world.snapshot()?);
        let valid: BTreeSet<String> = self.valid.iter().flatten().cloned().collect();
        let wanted: BTreeSet<String> = valid.difference(&self.poison).cloned().collect();
        let extra: Vec<_> = accepted.difference(&wanted).collect();
        ensure!(extra.is_empty(), "nobody asked for {extra:?}");
        let falsely: Vec<_> = snapshot.difference(&accepted).collect();
        ensure!(
            falsely.is_empty(),
            "called accepted, and TikTok never had {falsely:?}"
        );
        if !given_up {
            let lost: Vec<_> = wanted.difference(&accepted).collect();
            ensure!(lost.is_empty(), "lost: {lost:?}");
            // A resync forgets keys that no later export holds.
            ensure!(
                self.storm.resynced || snapshot == accepted,
                "the snapshot holds {snapshot:?}, TikTok {accepted:?}"
            );
        }
        ensure!(world.stored() == accepted.len(), "a row counts twice at TikTok");
        if !self.storm.resynced {
            let live = records.values().filter(|record| !record.is_test());
            let told: u64 = live.map(|record| record.sums.accepted).sum();
            ensure!(
                told == snapshot.len() as u64,
                "records tell of {told} accepted rows, the snapshot holds {snapshot:?}"
            );
        }
        self.check_carried(&records)?;
        self.check_refused(&records)
    }

    /// What a run left over is told of by the run that took it in.
    fn check_carried(&self, records: &BTreeMap<RunId, Record>) -> anyhow::Result<()> {
        for (run, record) in records.iter().filter(|(_, record)| !record.is_test()) {
            let taken_in = self.storm.claims.values().any(|before| before.contains(run));
            let told = record.sums.carried_out == 0 || record.status == RunStatus::Cancelled || taken_in;
            ensure!(
                told,
                "{run} says that rows go with the next run, and none took them in"
            );
            let whole = matches!(
                record.status,
                RunStatus::Completed | RunStatus::CompletedWithErrors | RunStatus::Incomplete
            );
            let before = self.storm.claims.get(run).map(Vec::as_slice).unwrap_or_default();
            if !whole || before.len() > 1 || (record.kind == RunKind::Retry && self.storm.retried) {
                continue;
            }
            let left: u64 = before
                .iter()
                .filter_map(|run| records.get(run))
                .map(|record| record.sums.carried_out)
                .sum();
            let counts = &record.counts;
            let told = counts.carried_in
                + counts.carried_superseded
                + counts.carried_expired
                + counts.carried_done
                + counts.carried_dropped;
            ensure!(
                left == told,
                "{left} rows were carried into {run}, which tells of {told}: {counts:?}"
            );
        }
        Ok(())
    }

    fn check_refused(&self, records: &BTreeMap<RunId, Record>) -> anyhow::Result<()> {
        for run in records.keys() {
            let key = sync_core::run::keys::rejected(&self.storm.world.sync, run);
            let body = self.storm.world.store.peek(&key).unwrap_or_default();
            for line in String::from_utf8_lossy(&body).lines() {
                let line: serde_json::Value = serde_json::from_str(line)?;
                let key = line["primary_key"].as_str().unwrap_or_default();
                let refused = line["code"] == "refused_by_tiktok";
                ensure!(
                    !refused || self.poison.contains(key),
                    "the good row {key} was refused with a bad one"
                );
            }
        }
        Ok(())
    }
}

fn plan_export(name: String, bad: &BTreeSet<(usize, usize)>, random: &mut StdRng) -> Planned {
    let mut rows: Vec<(usize, usize)> = Vec::new();
    for key in 0..KEYS {
        if random.random_bool(0.6) {
            rows.push((key, random.random_range(0..2)));
        }
    }
    if random.random_bool(0.4) {
        rows.extend(rows.choose(random).copied());
    }
    rows.shuffle(random);
    let mut first: BTreeMap<usize, bool> = BTreeMap::new();
    let mut file = Export::default();
    for (key, note) in rows {
        let valid = !bad.contains(&(key, note));
        first.entry(key).or_insert(valid);
        let (key, note) = (format!("k{key}"), format!("note {note}"));
        file = if valid {
            file.row(&key, &note)
        } else {
            file.bad(&key)
        };
    }
    // No two exports are the same file.
    file = file.old(&format!("o{}", random.random::<u64>()));
    let valid = first
        .into_iter()
        .filter(|(_, valid)| *valid)
        .map(|(key, _)| format!("k{key}"));
    Planned {
        valid: valid.collect(),
        landing: Landing {
            name,
            csv: file.csv().to_owned(),
            run: None,
        },
    }
}

/// What TikTok does with each call.
fn tiktok(
    mut random: StdRng,
    flaky: f64,
    fault: f64,
    poison: BTreeSet<String>,
    calm: Arc<AtomicBool>,
) -> impl FnMut(&ApiCall) -> Act + Send + 'static {
    move |call| {
        let x: f64 = if calm.load(Ordering::Relaxed) {
            1.0
        } else {
            random.random()
        };
        let bad: Vec<usize> = (0..call.ids.len())
            .filter(|at| poison.contains(&call.ids[*at]))
            .collect();
        if x < 0.5 * flaky {
            let acts = [
                Act::Answer(40100, "Too many requests.".into()),
                Act::Http(503),
                Act::ResetBefore,
            ];
            return acts.choose(&mut random).cloned().unwrap_or(Act::Pass);
        }
        if !bad.is_empty() {
            if random.random_bool(0.2) {
                let words: Vec<String> = bad.iter().map(|at| format!("data.{at}.event")).collect();
                return Act::Partial(bad, 20001, words.join("; "));
            }
            let at = *bad.first().unwrap_or(&0);
            let blamed = if random.random_bool(0.1) {
                (at + 1) % call.ids.len()
            } else {
                at
            };
            let place = if random.random_bool(0.4) {
                String::new()
            } else {
                format!("data.{blamed}.")
            };
            return Act::Answer(
                40002,
                format!("Invalid value for {place}properties.content_type: not a valid string."),
            );
        }
        if x < flaky {
            return Act::ResetAfter;
        }
        if !calm.load(Ordering::Relaxed) && random.random_bool(fault / 2.0) {
            return if random.random_bool(0.5) {
                Act::DieBefore
            } else {
                Act::DieAfter
            };
        }
        Act::Pass
    }
}
