//! Random sequences of exports of an audience, under `add` and `mirror`, in the same storms as events. Then all is calm
//! and another export lands: the audience has to be what its mode promises.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::ensure;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{Rng as _, SeedableRng as _};
use sync_core::run::{Record, RunStatus};

use crate::bench::Bench;
use crate::figures::Figures;
use crate::front::{Act, ApiCall};
use crate::happenings::Happening;
use crate::people::{MIRROR, People, add_spec, persons_of};
use crate::storm::{Landing, Storm, Weather};
use crate::world::{Setup, World};

/// Keys of all exports.
const KEYS: usize = 6;
/// Email addresses of all exports: fewer than keys with several each, so that rows share them.
const EMAILS: usize = 6;
/// Phone numbers of all exports.
const PHONES: usize = 3;

/// A person: its identifiers.
type Person = BTreeSet<String>;

struct Schedule {
    storm: Storm,
    mirrors: bool,
    /// The persons of each export's valid rows.
    persons: Vec<Vec<Person>>,
    /// Identifiers of persons that TikTok refuses to add.
    poison: BTreeSet<String>,
    /// The last export, which lands when all is calm.
    last: Landing,
}

/// Runs one schedule and checks its promises. With `trace`, an error tells what happened.
pub async fn run_audience_schedule(bench: &Rc<Bench>, seed: u64, trace: bool) -> anyhow::Result<Figures> {
    let mut schedule = Schedule::new(bench, seed).await?;
    schedule.storm.trace = trace.then(Vec::new);
    if let Err(error) = schedule.run().await {
        let world = &schedule.storm.world;
        let state = format!(
            "held {:?}, known {:?}, in it {:?}",
            world.holders(),
            world.known(),
            world.members()
        );
        let mut happened = schedule.storm.trace.unwrap_or_default().join("\n");
        happened.push_str(&state);
        return Err(error.context(happened));
    }
    let mut figures = Figures::of(&schedule.storm);
    figures.accepted = schedule.storm.world.members().len() as u64;
    Ok(figures)
}

impl Schedule {
    async fn new(bench: &Rc<Bench>, seed: u64) -> anyhow::Result<Self> {
        let mut random = StdRng::seed_from_u64(seed);
        let mirrors = random.random_bool(0.7);
        let mut setup = if random.random_bool(0.5) {
            Setup::small()
        } else {
            Setup::cut(random.random_range(1..4), random.random_range(2..5))
        };
        let spec = if mirrors { MIRROR.to_owned() } else { add_spec() };
        let persons = format!("persons_per_call: {}", random.random_range(1..4));
        setup.spec = spec.replace("persons_per_call: 2", &persons);
        setup.tick = pick(&[20, 500, 2_000], &mut random);
        setup.deliver.progress_calls = random.random_range(1..4);
        setup.deliver.max_receives = random.random_range(2..6);
        let weather = Weather {
            fault: pick(&[0.0, 0.01, 0.03, 0.08], &mut random),
            twins: pick(&[0.0, 0.02, 0.06], &mut random),
            pace: pick(&[0.06, 0.015, 0.004], &mut random),
        };
        let mut chosen =
            |chance: f64| -> BTreeSet<String> { ids().filter(|_| random.random_bool(chance)).collect() };
        let (poison, stubborn) = (chosen(0.08), chosen(0.1));
        let deaf = random.random_bool(0.3);
        let overwritten = random.random_bool(0.15);
        let (mut exports, mut persons) = (Vec::new(), Vec::new());
        for number in 0..random.random_range(1..7) {
            let corrected = number > 0 && random.random_bool(0.35);
            let name = match (corrected, overwritten) {
                (true, _) => format!("corrected/{number}.csv"),
                (false, true) => "same.csv".to_owned(),
                (false, false) => format!("{number}.csv"),
            };
            let (landing, of_export) = plan_export(name, &mut random);
            exports.push(landing);
            persons.push(of_export);
        }
        let again = exports
            .last()
            .zip(persons.last())
            .filter(|_| random.random_bool(0.5));
        let (last, of_last) = if let Some((before, persons)) = again {
            (before.csv.clone(), persons.clone())
        } else {
            let (landing, persons) = plan_export(String::new(), &mut random);
            (landing.csv, persons)
        };
        persons.push(of_last);
        let todo = plan_happenings(exports.len(), &mut random);
        let calm = Arc::new(AtomicBool::new(false));
        let world = World::new(bench, setup).await?;
        let flaky = pick(&[0.0, 0.2, 0.5, 0.8], &mut random);
        let api = StdRng::seed_from_u64(seed ^ 0xA91);
        let tiktok = TikTok {
            random: api,
            flaky,
            fault: weather.fault,
            poison: poison.clone(),
            stubborn,
            deaf,
            calm: calm.clone(),
        };
        bench.front.script(tiktok.script());
        let mut storm = Storm::new(world, random, weather);
        (storm.exports, storm.todo, storm.calm) = (exports, todo, calm);
        (storm.overwritten, storm.ingest_ends) = (overwritten, true);
        Ok(Self {
            storm,
            mirrors,
            persons,
            poison,
            last: Landing {
                name: "last.csv".to_owned(),
                csv: last,
                run: None,
            },
        })
    }

    async fn run(&mut self) -> anyhow::Result<()> {
        let planned = format!("poison {:?}, last {:?}", self.poison, self.persons.last());
        let exports: Vec<_> = self
            .storm
            .exports
            .iter()
            .map(|export| (&export.name, &export.csv))
            .collect();
        let planned = format!("{planned}, exports {exports:?}");
        self.storm.note(|| planned);
        self.storm.storm().await?;
        self.storm.calm_down().await?;
        self.check_rest()?;
        let run = self
            .storm
            .world
            .land_file(&self.last.name, &self.last.csv)
            .await?;
        self.last.run = Some(run);
        self.storm.note(|| "the last export lands".to_owned());
        self.storm.calm_down().await?;
        self.check_rest()?;
        self.check_promise()
    }

    fn check_rest(&self) -> anyhow::Result<()> {
        self.storm.world.check_rest()?;
        self.storm.world.check_audience(self.mirrors)?;
        let twice = &self.storm.claimed_twice;
        ensure!(twice.is_empty(), "run twice: {twice:?}");
        Ok(())
    }

    fn check_promise(&self) -> anyhow::Result<()> {
        let world = &self.storm.world;
        let records: BTreeMap<_, Record> = world
            .records()
            .into_iter()
            .map(|record| (record.run.clone(), record))
            .collect();
        for export in self.storm.exports.iter().chain([&self.last]) {
            let ended = export.run.as_ref().is_some_and(|run| records.contains_key(run));
            ensure!(ended, "the export {} has no record", export.name);
        }
        let (newest, all) = (&self.persons[self.persons.len() - 1..], &self.persons[..]);
        if self.mirrors {
            return self.check_between(newest, newest);
        }
        // A row that was left over gives way to a newer one of its key, and cancelled rows do not go.
        let given_up = |record: &Record| {
            record.counts.carried_superseded > 0
                || matches!(record.status, RunStatus::Cancelled | RunStatus::Aborted)
        };
        let least = if records.values().any(given_up) {
            newest
        } else {
            all
        };
        self.check_between(least, all)
    }

    /// The audience holds all persons of some exports, and nothing that others do not hold. Of a person that TikTok
    /// refuses, what came with another one may be there.
    fn check_between(&self, least: &[Vec<Person>], most: &[Vec<Person>]) -> anyhow::Result<()> {
        let members = self.storm.world.members();
        let taken = |person: &&Person| person.is_disjoint(&self.poison);
        let least: Person = least.iter().flatten().filter(taken).flatten().cloned().collect();
        let most: Person = most.iter().flatten().flatten().cloned().collect();
        let missing: Vec<_> = least.difference(&members).collect();
        ensure!(
            missing.is_empty(),
            "not in the audience: {missing:?}; {:?}",
            self.storm.world.errors.last()
        );
        let extra: Vec<_> = members.difference(&most).collect();
        ensure!(extra.is_empty(), "nobody wants {extra:?} in the audience");
        let poison: Vec<_> = members.intersection(&self.poison).collect();
        ensure!(poison.is_empty(), "TikTok refuses {poison:?}, and has it");
        Ok(())
    }
}

fn ids() -> impl Iterator<Item = String> {
    let emails = (0..EMAILS).map(|number| format!("e{number}"));
    emails.chain((0..PHONES).map(|number| format!("p{number}")))
}

fn pick<T: Clone>(among: &[T], random: &mut StdRng) -> T {
    among.choose(random).unwrap_or(&among[0]).clone()
}

fn plan_happenings(exports: usize, random: &mut StdRng) -> Vec<Happening> {
    let mut todo: Vec<Happening> = (0..exports).map(Happening::Land).collect();
    for (what, chance) in [
        (Happening::Notify, 0.4),
        (Happening::TokenDies, 0.2),
        (Happening::Resync, 0.2),
        (Happening::Retry, 0.3),
        (Happening::OlderPlanner, 0.25),
        (Happening::Cancel, 0.25),
        (Happening::Redrive, 0.2),
        (Happening::LongPause, 0.04),
    ] {
        if random.random_bool(chance) {
            let at = random.random_range(0..=todo.len());
            todo.insert(at, what);
        }
    }
    todo
}

/// An export with rows of some keys: of several rows of one key the first counts.
fn plan_export(name: String, random: &mut StdRng) -> (Landing, Vec<Person>) {
    let mut rows: Vec<(usize, Option<String>)> = Vec::new();
    for key in 0..KEYS {
        if random.random_bool(0.6) {
            rows.push((key, plan_row(random)));
        }
    }
    if random.random_bool(0.3)
        && let Some((key, _)) = rows.choose(random).cloned()
    {
        rows.push((key, plan_row(random)));
    }
    rows.shuffle(random);
    let mut first: BTreeMap<usize, Option<String>> = BTreeMap::new();
    let mut people = People::default();
    for (key, names) in rows {
        first.entry(key).or_insert_with(|| names.clone());
        let key = format!("k{key}");
        people = match &names {
            Some(names) => people.row(&key, names),
            None => people.bad(&key),
        };
    }
    // No two exports are the same file.
    people = people.bad(&format!("b{}", random.random::<u64>()));
    let persons = first.into_values().flatten().flat_map(|names| persons_of(&names));
    let landing = Landing {
        name,
        csv: people.csv().to_owned(),
        run: None,
    };
    (landing, persons.collect())
}

/// The identifiers of a row; `None` for one that our own checks reject.
fn plan_row(random: &mut StdRng) -> Option<String> {
    if random.random_bool(0.1) {
        return None;
    }
    let mut names = vec![format!("e{}", random.random_range(0..EMAILS))];
    if random.random_bool(0.2) {
        let second = format!("e{}", random.random_range(0..EMAILS));
        names.extend((!names.contains(&second)).then_some(second));
    }
    if random.random_bool(0.4) {
        names.push(format!("p{}", random.random_range(0..PHONES)));
    }
    if names.len() == 2 && random.random_bool(0.1) {
        names.remove(0);
    }
    Some(names.join(" "))
}

/// What TikTok does with each call.
struct TikTok {
    random: StdRng,
    flaky: f64,
    fault: f64,
    poison: BTreeSet<String>,
    /// Identifiers whose removal is refused until all is calm.
    stubborn: BTreeSet<String>,
    /// Calls that remove somebody get no answer until all is calm.
    deaf: bool,
    calm: Arc<AtomicBool>,
}

impl TikTok {
    fn script(mut self) -> impl FnMut(&ApiCall) -> Act + Send + 'static {
        move |call| self.act(call)
    }

    fn act(&mut self, call: &ApiCall) -> Act {
        let is_calm = self.calm.load(Ordering::Relaxed);
        let x: f64 = if is_calm { 1.0 } else { self.random.random() };
        if x < 0.5 * self.flaky {
            let throttled = Act::Answer(40100, "Too many requests.".into());
            return pick(&[throttled, Act::Http(503), Act::ResetBefore], &mut self.random);
        }
        if self.deaf && !is_calm && call.removes() {
            return pick(
                &[Act::Http(503), Act::ResetAfter, Act::ResetBefore],
                &mut self.random,
            );
        }
        let refused = if call.adds() {
            call.refusal(&self.poison)
        } else if call.removes() && !is_calm {
            call.refusal(&self.stubborn)
        } else {
            None
        };
        if let Some(refused) = refused {
            return refused;
        }
        if x < self.flaky {
            return Act::ResetAfter;
        }
        if !is_calm && self.random.random_bool(self.fault / 2.0) {
            return if self.random.random_bool(0.5) {
                Act::DieBefore
            } else {
                Act::DieAfter
            };
        }
        Act::Pass
    }
}
