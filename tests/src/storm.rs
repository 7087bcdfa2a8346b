//! The machinery of random schedules: functions die, fall asleep and wake up when nobody wants them any more; messages
//! are lost, doubled and mixed; answers are lost. Then all is calm. The same seed is the same schedule.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::bail;
use rand::Rng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use runtime::deadline::Deadline;
use sync_core::names::RunId;
use sync_core::run::Wake;

use crate::happenings::Happening;
use crate::invocation::Invocation;
use crate::queue::{Asked, Message};
use crate::steps::{Fault, Steps};
use crate::world::World;

/// Lambda kills `deliver` at this age, in milliseconds.
const DELIVER_TIMEOUT: i64 = 300_000;
/// Lambda kills `ingest` at this age, in milliseconds.
const INGEST_TIMEOUT: i64 = 900_000;
/// So many functions work at once where they end at their age: each request takes its time, and with more of them all
/// would be killed before their end.
const AT_ONCE: usize = 10;

/// An export of a schedule.
pub(crate) struct Landing {
    pub(crate) name: String,
    pub(crate) csv: String,
    /// The run that it gets, once it has landed.
    pub(crate) run: Option<RunId>,
}

/// How bad a storm is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weather {
    /// The chance of a fault at each request, and of a death at each step.
    pub(crate) fault: f64,
    /// The chance that a function falls asleep at each step.
    pub(crate) twins: f64,
    /// The chance that the next thing happens at each step.
    pub(crate) pace: f64,
}

/// A world in a storm.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Storm {
    pub(crate) world: World,
    pub(crate) random: StdRng,
    pub(crate) exports: Vec<Landing>,
    pub(crate) todo: Vec<Happening>,
    pub(crate) calm: Arc<AtomicBool>,
    pub(crate) weather: Weather,
    /// All exports have one key: a version that was written over is found by nobody but its message.
    pub(crate) overwritten: bool,
    /// Functions of `ingest` end at their age too, since a lease counts on it.
    pub(crate) ingest_ends: bool,
    pub(crate) resynced: bool,
    pub(crate) retried: bool,
    /// The spec had a test event code for a while.
    pub(crate) tested: bool,
    /// The runs that were claimed, with what was carried then.
    pub(crate) claims: BTreeMap<RunId, Vec<RunId>>,
    pub(crate) claimed_twice: Vec<RunId>,
    pub(crate) deaths: u64,
    pub(crate) zombies: u64,
    pub(crate) trace: Option<Vec<String>>,
    pub(crate) running: Vec<Invocation>,
    pub(crate) token: u32,
    pub(crate) notified: Vec<Asked>,
    open: Option<RunId>,
}

impl Storm {
    pub(crate) fn new(world: World, random: StdRng, weather: Weather) -> Self {
        Self {
            world,
            random,
            exports: Vec::new(),
            todo: Vec::new(),
            calm: Arc::new(AtomicBool::new(false)),
            weather,
            overwritten: false,
            ingest_ends: false,
            resynced: false,
            retried: false,
            tested: false,
            claims: BTreeMap::new(),
            claimed_twice: Vec::new(),
            deaths: 0,
            zombies: 0,
            trace: None,
            running: Vec::new(),
            token: 1,
            notified: Vec::new(),
            open: None,
        }
    }

    /// Notes what happened, for whoever looks into one schedule.
    pub(crate) fn note(&mut self, what: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(format!(
                "{:>12} {}",
                self.world.store.now() - 1_785_585_600_000,
                what()
            ));
        }
    }

    /// Everything that can go wrong goes wrong.
    pub(crate) async fn storm(&mut self) -> anyhow::Result<()> {
        let mut steps = *[0, 100, 300].choose(&mut self.random).unwrap_or(&0);
        while steps > 0 || !self.todo.is_empty() {
            steps -= i32::from(steps > 0);
            let idle = self.running.is_empty() && self.world.queue.messages.is_empty();
            let x: f64 = self.random.random();
            if !self.todo.is_empty() && (x < self.weather.pace || idle) {
                self.happen().await?;
            } else if x < self.weather.pace + self.weather.fault {
                self.kill_one();
            } else if x < self.weather.pace + self.weather.fault + self.weather.twins {
                self.put_to_sleep();
            } else if x < self.weather.pace
                + self.weather.fault
                + self.weather.twins
                + 0.3 * self.weather.fault
            {
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
    pub(crate) async fn calm_down(&mut self) -> anyhow::Result<()> {
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
        let now = self.world.store.now();
        let awake = self
            .running
            .iter()
            .filter(|invocation| invocation.asleep <= now)
            .count();
        if self.ingest_ends && awake >= AT_ONCE {
            return;
        }
        if !self.running.is_empty() && self.random.random_bool(0.6) {
            return;
        }
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
        if storm && self.random.random_bool(self.weather.fault) {
            let faults = [Fault::LoseAnswer, Fault::Refuse, Fault::Fail];
            invocation
                .steps
                .fault_next(*faults.choose(&mut self.random).unwrap_or(&Fault::Fail));
        }
        match self.world.advance(&mut invocation).await {
            None => self.running.push(invocation),
            Some(ended) => {
                self.deaths += u64::from(matches!(ended, crate::Ended::Died));
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
        self.deaths += 1;
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
            self.zombies += 1;
        }
    }

    /// Lambda kills what is too old.
    fn end_old(&mut self) {
        let now = self.world.store.now();
        let ingest = if self.ingest_ends {
            INGEST_TIMEOUT
        } else {
            i64::MAX
        };
        let old = |invocation: &Invocation| {
            let most = if invocation.message.asked.is_batch() {
                DELIVER_TIMEOUT
            } else {
                ingest
            };
            now - invocation.born > most
        };
        while let Some(at) = self.running.iter().position(old) {
            let dead = self.running.swap_remove(at);
            if dead.message.asked != Asked::Housekeeping {
                self.world.queue.back(dead.message, now);
            }
        }
    }

    /// Events become messages: some are lost, some come twice.
    pub(crate) fn collect(&mut self) {
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
            let lost = storm && self.random.random_bool(self.weather.fault) && !(export && self.overwritten);
            let twice = storm && self.random.random_bool(self.weather.fault);
            for _ in 0..if lost { 0 } else { 1 + u32::from(twice) } {
                self.world.queue.send(asked.clone());
            }
        }
    }
}

fn is_export(asked: &Asked) -> bool {
    matches!(asked, Asked::Created(Wake::Export(_), _))
}
