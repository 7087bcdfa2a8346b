//! Random schedules over the real handlers: functions die, fall asleep and wake up when nobody wants them any more;
//! messages are lost, doubled and mixed; answers are lost; TikTok refuses, throttles, and says nothing. Then all is
//! calm, and what was promised has to be true. The same seed is the same schedule.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{bail, ensure};
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{Rng as _, SeedableRng as _};
use runtime::deadline::Deadline;
use runtime::register::{read_head, swap_head};
use sync_core::names::RunId;
use sync_core::run::{Record, RunKind, RunState, RunStatus, Wake, again_run_id};
use tiktok_sandbox::TOKEN;

use crate::bench::Bench;
use crate::export::{Export, SPEC};
use crate::front::{Act, ApiCall};
use crate::invocation::Invocation;
use crate::queue::{Asked, Message};
use crate::steps::{Fault, Steps};
use crate::world::{Setup, World};

/// Lambda kills `deliver` at this age, in milliseconds.
const DELIVER_TIMEOUT: i64 = 300_000;
/// Keys of all exports.
const KEYS: usize = 6;

/// What schedules did, added up.
#[derive(Debug, Clone, Copy, Default)]
pub struct Figures {
    /// Schedules.
    pub schedules: u64,
    /// Requests to the bucket.
    pub requests: u64,
    /// API calls.
    pub calls: u64,
    /// Functions that died.
    pub deaths: u64,
    /// Functions that slept while their message came again.
    pub zombies: u64,
    /// Rows that TikTok accepted.
    pub accepted: u64,
    /// Rows that came to TikTok again after it had accepted them.
    pub resent: u64,
    /// Runs with a record.
    pub runs: u64,
    /// Runs that were closed: cancelled, planned by older code, stuck.
    pub closed: u64,
}

impl Figures {
    /// Adds another schedule's.
    pub fn add(&mut self, other: &Self) {
        self.schedules += other.schedules;
        self.requests += other.requests;
        self.calls += other.calls;
        self.deaths += other.deaths;
        self.zombies += other.zombies;
        self.accepted += other.accepted;
        self.resent += other.resent;
        self.runs += other.runs;
        self.closed += other.closed;
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Happening {
    Land(usize),
    Notify,
    TokenDies,
    NewToken,
    Resync,
    Retry,
    Cancel,
    OlderPlanner,
    Redrive,
    LongPause,
}

struct Planned {
    name: String,
    file: Export,
    /// The keys whose first row is valid.
    valid: Vec<String>,
    run: Option<RunId>,
}

struct Schedule {
    world: World,
    random: StdRng,
    running: Vec<Invocation>,
    exports: Vec<Planned>,
    todo: Vec<Happening>,
    calm: Arc<AtomicBool>,
    fault: f64,
    twins: f64,
    pace: f64,
    token: u32,
    notified: Vec<Asked>,
    overwritten: bool,
    resynced: bool,
    retried: bool,
    poison: BTreeSet<String>,
    /// The runs that were claimed, with what was carried then.
    claims: BTreeMap<RunId, Vec<RunId>>,
    claimed_twice: Vec<RunId>,
    open: Option<RunId>,
    figures: Figures,
    trace: Option<Vec<String>>,
}

/// Runs one schedule and checks its promises. With `trace`, an error tells what happened.
pub async fn run_schedule(bench: &Rc<Bench>, seed: u64, trace: bool) -> anyhow::Result<Figures> {
    let mut schedule = Schedule::new(bench, seed).await?;
    schedule.trace = trace.then(Vec::new);
    if let Err(error) = schedule.run().await {
        let happened = schedule.trace.unwrap_or_default().join("\n");
        return Err(error.context(happened));
    }
    let world = &schedule.world;
    let mut figures = schedule.figures;
    figures.schedules = 1;
    figures.requests = world.store.requests().values().sum();
    figures.calls = bench.front.calls();
    figures.accepted = world.accepted().len() as u64;
    figures.resent = world.resent();
    figures.runs = world.records().len() as u64;
    let closed = |record: &&Record| matches!(record.status, RunStatus::Aborted | RunStatus::Cancelled);
    figures.closed = world.records().iter().filter(closed).count() as u64;
    Ok(figures)
}

impl Schedule {
    async fn run(&mut self) -> anyhow::Result<()> {
        self.storm().await?;
        self.calm_down().await?;
        self.check()
    }

    /// Notes what happened, for whoever looks into one schedule.
    fn note(&mut self, what: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(format!(
                "{:>12} {}",
                self.world.store.now() - 1_785_585_600_000,
                what()
            ));
        }
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
        let mut exports = Vec::new();
        for number in 0..random.random_range(1..5) {
            let name = if overwritten {
                "same.csv".to_owned()
            } else {
                format!("{number}.csv")
            };
            exports.push(plan_export(name, &bad, &mut random));
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
        Ok(Self {
            world,
            random,
            running: Vec::new(),
            exports,
            todo,
            calm,
            fault,
            twins,
            pace,
            token: 1,
            notified: Vec::new(),
            overwritten,
            resynced: false,
            retried: false,
            poison,
            claims: BTreeMap::new(),
            claimed_twice: Vec::new(),
            open: None,
            figures: Figures::default(),
            trace: None,
        })
    }

    /// Everything that can go wrong goes wrong.
    async fn storm(&mut self) -> anyhow::Result<()> {
        let mut steps = *[0, 100, 300].choose(&mut self.random).unwrap_or(&0);
        while steps > 0 || !self.todo.is_empty() {
            steps -= i32::from(steps > 0);
            let idle = self.running.is_empty() && self.world.queue.messages.is_empty();
            let x: f64 = self.random.random();
            if !self.todo.is_empty() && (x < self.pace || idle) {
                self.happen().await?;
            } else if x < self.pace + self.fault {
                self.kill_one();
            } else if x < self.pace + self.fault + self.twins {
                self.put_to_sleep();
            } else if x < self.pace + self.fault + self.twins + 0.3 * self.fault {
                self.begin(Message {
                    asked: Asked::Housekeeping,
                    receives: 1,
                    visible: 0,
                });
            }
            self.end_old();
            self.receive();
            self.step(true).await?;
            self.collect();
        }
        Ok(())
    }

    /// No more faults, and housekeeping as always: all has to come to rest.
    async fn calm_down(&mut self) -> anyhow::Result<()> {
        self.calm.store(true, Ordering::Relaxed);
        let mut quiet = 0;
        for _ in 0..400_000 {
            self.end_old();
            self.receive();
            if !self.step(false).await? && self.world.queue.messages.is_empty() && self.running.is_empty() {
                let head = self.world.head();
                let waiting = self.world.store.keys("pending/").len();
                quiet = if head.run.is_none() && head.carried.is_empty() && waiting == 0 {
                    quiet + 1
                } else {
                    0
                };
                if quiet > 1 {
                    return Ok(());
                }
                if self.overwritten {
                    // A version that was written over is found by nobody but its message.
                    self.world.queue.redrive();
                }
                self.world.jump(3_700_000)?;
                self.begin(Message {
                    asked: Asked::Housekeeping,
                    receives: 1,
                    visible: 0,
                });
            }
            self.collect();
        }
        bail!(
            "it does not come to rest: {:?}; {:?}",
            self.world.head(),
            self.world.errors.last()
        );
    }

    fn begin(&mut self, message: Message) {
        let storm = !self.calm.load(Ordering::Relaxed);
        let hurried = storm && self.random.random_bool(0.03);
        let deadline = if hurried {
            Deadline::after(Duration::ZERO)
        } else {
            Deadline::never()
        };
        let invocation = self.world.start(message, Steps::one_by_one(), deadline);
        self.running.push(invocation);
    }

    /// A message that can be seen is received by a new function, any of them.
    fn receive(&mut self) {
        if !self.running.is_empty() && self.random.random_bool(0.6) {
            return;
        }
        let now = self.world.store.now();
        let seen: Vec<usize> = (0..self.world.queue.messages.len())
            .filter(|at| self.world.queue.messages[*at].visible <= now)
            .collect();
        if let Some(at) = seen.choose(&mut self.random) {
            let message = self.world.queue.take(*at);
            self.begin(message);
        }
    }

    /// Moves one function that is awake to its next stop; where there is none, the clock to the next thing.
    async fn step(&mut self, storm: bool) -> anyhow::Result<bool> {
        let now = self.world.store.now();
        let awake: Vec<usize> = (0..self.running.len())
            .filter(|at| self.running[*at].asleep <= now)
            .collect();
        let Some(at) = awake.choose(&mut self.random) else {
            let wakes = self.running.iter().map(|invocation| invocation.asleep).min();
            let next = wakes.into_iter().chain(self.world.queue.next_visible()).min();
            if let Some(next) = next {
                self.world.jump(next - now)?;
            }
            return Ok(next.is_some());
        };
        let mut invocation = self.running.swap_remove(*at);
        if storm && self.random.random_bool(self.fault) {
            let faults = [Fault::LoseAnswer, Fault::Refuse, Fault::Fail];
            invocation
                .steps
                .fault_next(*faults.choose(&mut self.random).unwrap_or(&Fault::Fail));
        }
        match self.world.advance(&mut invocation).await {
            None => self.running.push(invocation),
            Some(ended) => {
                self.figures.deaths += u64::from(matches!(ended, crate::Ended::Died));
                self.note(|| format!("{:?} {ended:?}", invocation.message));
            }
        }
        Ok(true)
    }

    fn kill_one(&mut self) {
        if self.running.is_empty() {
            return;
        }
        let at = self.random.random_range(0..self.running.len());
        let dead = self.running.swap_remove(at);
        self.figures.deaths += 1;
        self.note(|| format!("killed {:?} at {}", dead.message, dead.steps.requests()));
        let lost = self.random.random_bool(0.1) && !(self.overwritten && is_export(&dead.message.asked));
        if dead.message.asked != Asked::Housekeeping && !lost {
            let visible = self.world.store.now() + self.world.setup.visibility;
            self.world.queue.back(dead.message, visible);
        }
    }

    /// A function falls asleep, and its message comes again meanwhile.
    fn put_to_sleep(&mut self) {
        let all: Vec<usize> = (0..self.running.len()).collect();
        let batches: Vec<usize> = all
            .iter()
            .copied()
            .filter(|at| self.running[*at].message.asked.is_batch())
            .collect();
        let among = if batches.is_empty() { all } else { batches };
        if let Some(at) = among.choose(&mut self.random) {
            let asleep = self.world.store.now() + self.random.random_range(0..3 * DELIVER_TIMEOUT);
            let sleeper = &mut self.running[*at];
            sleeper.asleep = asleep;
            let message = Message {
                visible: 0,
                ..sleeper.message.clone()
            };
            if message.asked != Asked::Housekeeping {
                self.world.queue.messages.push(message);
            }
            self.figures.zombies += 1;
        }
    }

    /// Lambda kills what is too old.
    fn end_old(&mut self) {
        let now = self.world.store.now();
        let old = |invocation: &Invocation| {
            invocation.message.asked.is_batch() && now - invocation.born > DELIVER_TIMEOUT
        };
        while let Some(at) = self.running.iter().position(old) {
            let dead = self.running.swap_remove(at);
            self.world.queue.back(dead.message, now);
        }
    }

    /// Events become messages: some are lost, some come twice.
    fn collect(&mut self) {
        let storm = !self.calm.load(Ordering::Relaxed);
        for created in self.world.store.created() {
            let Some(wake) = Wake::parse(&created.key) else {
                self.note(|| format!("  {}", created.key));
                continue;
            };
            self.note(|| format!("  {}", created.key));
            if matches!(wake, Wake::Head(_)) {
                let head = self.world.head();
                self.note(|| format!("{head:?}"));
                let open = head.run.map(|run| run.id);
                if let Some(run) = open.clone().filter(|_| open != self.open) {
                    let again = self.claims.insert(run.clone(), head.carried).is_some();
                    self.claimed_twice.extend(again.then_some(run));
                }
                self.open = open;
            }
            let asked = Asked::Created(wake, created.version);
            let export = is_export(&asked);
            if export {
                self.notified.push(asked.clone());
            }
            let lost = storm && self.random.random_bool(self.fault) && !(export && self.overwritten);
            let twice = storm && self.random.random_bool(self.fault);
            for _ in 0..if lost { 0 } else { 1 + u32::from(twice) } {
                self.world.queue.send(asked.clone());
            }
        }
    }

    async fn happen(&mut self) -> anyhow::Result<()> {
        let ctx = self.world.ingest(&Steps::default());
        let (sync, now) = (self.world.sync.clone(), self.world.store.now());
        let what = self.todo.remove(0);
        self.note(|| format!("{what:?}"));
        match what {
            Happening::Land(number) => {
                let (name, file) = (
                    self.exports[number].name.clone(),
                    self.exports[number].file.clone(),
                );
                self.exports[number].run = Some(self.world.land(&name, &file).await?);
            }
            Happening::Notify => {
                if let Some(asked) = self.notified.choose(&mut self.random) {
                    self.world.queue.send(asked.clone());
                }
            }
            Happening::TokenDies => {
                self.world.revoke(&self.token_name())?;
                self.todo.push(Happening::NewToken);
            }
            Happening::NewToken => {
                self.token += 1;
                self.world.grant(&self.token_name())?;
                self.world.connect(&self.token_name()).await?;
            }
            Happening::Resync => {
                self.resynced = true;
                let _ = ingest::resync(&ctx, &sync, now).await?;
            }
            Happening::Retry => {
                if let Some(record) = self.world.records().choose(&mut self.random) {
                    self.retried = true;
                    let _ = ingest::retry(&ctx, &sync, &record.run, false, now).await?;
                }
            }
            Happening::Cancel => {
                let waiting = self.exports.iter().filter_map(|export| export.run.clone());
                let runs: Vec<RunId> = waiting.chain(self.world.head().run.map(|run| run.id)).collect();
                if let Some(run) = runs.choose(&mut self.random).cloned() {
                    let steps = Steps::one_by_one();
                    let ctx = self.world.ingest(&steps);
                    let message = Message {
                        asked: Asked::Housekeeping,
                        receives: 1,
                        visible: 0,
                    };
                    let mut cancelling = self.world.start(message, steps, Deadline::never());
                    cancelling.work =
                        Box::pin(async move { ingest::cancel(&ctx, &sync, &run).await.map(|_| true) });
                    self.running.push(cancelling);
                }
            }
            Happening::OlderPlanner => {
                let read = read_head(self.world.store.as_ref(), &sync).await?;
                let mut head = read.head.next();
                if let Some(run) = head.run.as_mut().filter(|run| run.state == RunState::Open) {
                    run.planner = 0;
                    ensure!(swap_head(self.world.store.as_ref(), &sync, &read, &head).await?);
                }
            }
            Happening::Redrive => self.world.queue.redrive(),
            Happening::LongPause => self.world.jump(25 * 3_600_000)?,
        }
        self.collect();
        Ok(())
    }

    fn token_name(&self) -> String {
        if self.token == 1 {
            TOKEN.to_owned()
        } else {
            format!("token-{}", self.token)
        }
    }

    fn check(&self) -> anyhow::Result<()> {
        let world = &self.world;
        world.check_rest()?;
        ensure!(
            self.claimed_twice.is_empty(),
            "run twice: {:?}",
            self.claimed_twice
        );
        let records: BTreeMap<RunId, Record> = world
            .records()
            .into_iter()
            .map(|record| (record.run.clone(), record))
            .collect();
        let mut given_up = false;
        for export in &self.exports {
            let mut run = export
                .run
                .clone()
                .unwrap_or_else(|| unreachable!("every export landed"));
            loop {
                let Some(record) = records.get(&run) else {
                    bail!("the export run {run} has no record")
                };
                let reason = record.reason.as_deref().unwrap_or_default();
                if !reason.contains("done again as run") {
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
        let valid: BTreeSet<String> = self
            .exports
            .iter()
            .flat_map(|export| export.valid.clone())
            .collect();
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
                self.resynced || snapshot == accepted,
                "the snapshot holds {snapshot:?}, TikTok {accepted:?}"
            );
        }
        ensure!(world.stored() == accepted.len(), "a row counts twice at TikTok");
        if !self.resynced {
            let told: u64 = records.values().map(|record| record.sums.accepted).sum();
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
        for (run, record) in records {
            let taken_in = self.claims.values().any(|before| before.contains(run));
            let told = record.sums.carried_out == 0 || record.status == RunStatus::Cancelled || taken_in;
            ensure!(
                told,
                "{run} says that rows go with the next run, and none took them in"
            );
            let whole = matches!(
                record.status,
                RunStatus::Completed | RunStatus::CompletedWithErrors
            );
            let before = self.claims.get(run).map(Vec::as_slice).unwrap_or_default();
            if !whole || before.len() > 1 || (record.kind == RunKind::Retry && self.retried) {
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
            let key = sync_core::run::keys::rejected(&self.world.sync, run);
            let body = self.world.store.peek(&key).unwrap_or_default();
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

fn is_export(asked: &Asked) -> bool {
    matches!(asked, Asked::Created(Wake::Export(_), _))
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
        name,
        file,
        valid: valid.collect(),
        run: None,
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
