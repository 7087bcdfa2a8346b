//! One installation: a bucket, secrets, queues, and the handlers that work on them.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use deliver::Tally;
use ingest::{Requested, RetryOf};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use runtime::deadline::Deadline;
use runtime::secrets::{SecretText, Secrets, names};
use runtime::store::Store;
use sync_core::names::{RunId, SyncName};
use sync_core::run::{Wake, export_run_id, keys};
use tiktok::{Limits, Pace};
use tiktok_sandbox::TOKEN;

use crate::bench::Bench;
use crate::export::{Export, SPEC, SYNC};
use crate::faulty_store::FaultyStore;
use crate::invocation::{Ended, Invocation, Work};
use crate::memory_secrets::MemorySecrets;
use crate::memory_store::MemoryStore;
use crate::queue::{Asked, Message, Queue};
use crate::steps::{Fault, Steps};

/// The bucket's name.
pub(crate) const BUCKET: &str = "b";

/// How a world is made.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The spec of the sync [`SYNC`].
    pub spec: String,
    /// Milliseconds that a request takes.
    pub tick: i64,
    /// Milliseconds until a message that was not done is seen again.
    pub visibility: i64,
    /// Limits of `ingest`.
    pub ingest: ingest::Settings,
    /// Limits of `deliver`.
    pub deliver: deliver::Settings,
}

impl Setup {
    /// Exports are done in one invocation.
    pub fn small() -> Self {
        Self {
            spec: SPEC.to_owned(),
            tick: 20,
            visibility: 60_000,
            ingest: ingest::Settings::default(),
            deliver: deliver::Settings {
                calls_in_flight: 1,
                tries: 1,
                progress_calls: 1,
                call_timeout: Duration::from_secs(20),
                ..deliver::Settings::default()
            },
        }
    }

    /// Exports are cut into parts of about `rows` rows, and keys into partitions of about `keys` keys.
    pub fn cut(rows: u64, keys: u64) -> Self {
        let mut setup = Self::small();
        setup.ingest.part_bytes = 1;
        setup.ingest.chunk_bytes = 45 * rows;
        setup.ingest.part_rows = rows;
        setup.ingest.partition_keys = keys;
        setup
    }
}

/// The one run that was asked for.
pub fn one_run(asked: Requested) -> RunId {
    match asked {
        Requested::Waits(mut runs, _) if runs.len() == 1 => runs.remove(0),
        other => panic!("{other:?}"),
    }
}

/// One installation.
pub struct World {
    /// The sandbox and the way to it.
    pub bench: Rc<Bench>,
    /// The bucket.
    pub store: Arc<MemoryStore>,
    /// Tokens and keys.
    pub secrets: Arc<MemorySecrets>,
    /// Messages.
    pub queue: Queue,
    /// How it was made.
    pub setup: Setup,
    /// What handlers failed with.
    pub errors: Vec<String>,
    /// The sync.
    pub sync: SyncName,
}

impl World {
    /// An installation with one sync and a living token.
    pub async fn new(bench: &Rc<Bench>, mut setup: Setup) -> anyhow::Result<Self> {
        bench.reset()?;
        setup.ingest.spool = bench.spool.path().to_owned();
        let world = Self {
            bench: Rc::clone(bench),
            store: Arc::new(MemoryStore::new(setup.tick)),
            secrets: Arc::new(MemorySecrets::default()),
            queue: Queue::default(),
            errors: Vec::new(),
            sync: SyncName::new(SYNC).context("the sync's name")?,
            setup,
        };
        let spec = Bytes::from(world.setup.spec.clone());
        world.store.put(&keys::spec(&world.sync), spec).await?;
        let key = SecretText::new("000102030405060708090a0b0c0d0e0f");
        world.secrets.put(&names::fingerprint_key(BUCKET), key).await?;
        world.connect(TOKEN).await?;
        Ok(world)
    }

    /// Stores a token for the destination, as the redirect endpoint does.
    pub async fn connect(&self, token: &str) -> anyhow::Result<()> {
        self.connect_with(token, &[]).await
    }

    /// The same, with the scopes that TikTok granted.
    pub async fn connect_with(&self, token: &str, scopes: &[&str]) -> anyhow::Result<()> {
        let connection = serde_json::json!({ "access_token": token, "scopes": scopes }).to_string();
        let name = names::destination(BUCKET, "acme");
        self.secrets.put(&name, SecretText::new(connection)).await?;
        self.store
            .put("wake/acme.json", Bytes::from_static(b"{}"))
            .await?;
        Ok(())
    }

    /// The spec of the sync is another one from now on.
    pub async fn change_spec(&self, spec: &str) -> anyhow::Result<()> {
        let body = Bytes::from(spec.to_owned());
        Ok(self.store.put(&keys::spec(&self.sync), body).await?)
    }

    /// The state forgets to which event sources its rows went, as older versions did not note it.
    pub async fn forget_sources(&self) -> anyhow::Result<()> {
        let mut head = self.head();
        if let Some(generation) = &mut head.generation {
            generation.sources.clear();
        }
        let body = serde_json::to_vec_pretty(&head)?;
        self.store.put(&keys::head(&self.sync), body.into()).await?;
        drop(self.store.created());
        Ok(())
    }

    /// TikTok refuses the token from now on.
    pub fn revoke(&self, token: &str) -> anyhow::Result<()> {
        let change = serde_json::json!({ "tokens": { token: { "revoked": true } } });
        let changed = self.bench.sandbox.state().change_settings(change);
        changed.map_err(|error| anyhow::anyhow!(error))
    }

    /// TikTok knows this token.
    pub fn grant(&self, token: &str) -> anyhow::Result<()> {
        let change = serde_json::json!({ "tokens": { token: {} } });
        let changed = self.bench.sandbox.state().change_settings(change);
        changed.map_err(|error| anyhow::anyhow!(error))
    }

    /// An export lands; the id of its run. Its event waits in the bucket until [`Self::collect`].
    pub async fn land(&self, name: &str, export: &Export) -> anyhow::Result<RunId> {
        self.land_file(name, export.csv()).await
    }

    /// The same with a file's content.
    pub async fn land_file(&self, name: &str, csv: &str) -> anyhow::Result<RunId> {
        let key = format!("models/web/{name}");
        self.store.put(&key, Bytes::from(csv.to_owned())).await?;
        let version = self.store.version(&key).context("the export was written")?;
        Ok(export_run_id(BUCKET, &key, &version, &self.sync))
    }

    /// A person asks to send again what this run left over or had refused.
    pub async fn ask_retry(&self, run: &RunId, ignore_guards: bool) -> anyhow::Result<Requested> {
        self.ask_retry_of(&RetryOf::Run(run.clone()), ignore_guards).await
    }

    /// The same for a run or the whole sync.
    pub async fn ask_retry_of(&self, of: &RetryOf, ignore_guards: bool) -> anyhow::Result<Requested> {
        let ctx = self.ingest(&Steps::default());
        ingest::retry(&ctx, &self.sync, of, ignore_guards, self.store.now()).await
    }

    /// A context of `ingest` for one invocation.
    pub fn ingest(&self, steps: &Steps) -> ingest::Context {
        let store = FaultyStore::new(self.store.clone(), steps.clone());
        let settings = self.setup.ingest.clone();
        ingest::Context::new(Arc::new(store), self.secrets.clone(), BUCKET.to_owned(), settings)
            .with_client(self.bench.client.clone())
    }

    /// A context of `deliver` for one invocation.
    pub fn deliver(&self, steps: &Steps) -> deliver::Context {
        deliver::Context {
            store: Arc::new(FaultyStore::new(self.store.clone(), steps.clone())),
            secrets: self.secrets.clone(),
            client: self.bench.client.clone(),
            pace: Pace::new(Limits::default()),
            bucket: BUCKET.to_owned(),
            settings: self.setup.deliver.clone(),
            tally: Arc::new(Tally::default()),
        }
    }

    /// Moves the clock, TikTok's too.
    pub fn jump(&self, milliseconds: i64) -> anyhow::Result<()> {
        self.store.jump(milliseconds);
        self.bench.clock(self.store.now().div_euclid(1_000))
    }

    /// The quiet time between two runs of an audience passes.
    pub fn quiet_time(&self) -> anyhow::Result<()> {
        self.jump(self.setup.ingest.quiet_seconds * 1_000)
    }

    /// What was created since the last time becomes messages, each once.
    pub fn collect(&mut self) {
        for created in self.store.created() {
            if let Some(wake) = Wake::parse(&created.key) {
                self.queue.send(Asked::Created(wake, created.version));
            }
        }
    }

    /// Begins to work on a message.
    pub fn start(&self, message: Message, steps: Steps, deadline: Deadline) -> Invocation {
        let receives = message.receives;
        let work: Work = match message.asked.clone() {
            Asked::Housekeeping => {
                let ctx = self.ingest(&steps);
                Box::pin(async move { ingest::housekeeping(&ctx).await.map(|_| true) })
            }
            Asked::Created(Wake::Batch(batch), _) => {
                let ctx = self.deliver(&steps);
                Box::pin(async move {
                    let handled = deliver::deliver(&ctx, &batch, receives, deadline).await?;
                    Ok(handled != deliver::Handled::ComeBack)
                })
            }
            Asked::Created(wake, version) => {
                let ctx = self.ingest(&steps);
                Box::pin(async move {
                    let handled = ingest::handle(&ctx, wake, Some(version)).await?;
                    Ok(handled == ingest::Handled::Done)
                })
            }
        };
        Invocation {
            message,
            steps,
            born: self.store.now(),
            asleep: 0,
            work,
        }
    }

    /// Moves an invocation to its next stop. When it has ended, what becomes of its message is done.
    pub async fn advance(&mut self, invocation: &mut Invocation) -> Option<Ended> {
        self.bench.front.caller(&invocation.steps);
        let ended = invocation.advance().await?;
        if let Ended::Failed(error) = &ended {
            self.errors
                .push(format!("{:?}: {error:#}", invocation.message.asked));
        }
        if !matches!(ended, Ended::Done) && invocation.message.asked != Asked::Housekeeping {
            let visible = self.store.now() + self.setup.visibility;
            self.queue.back(invocation.message.clone(), visible);
        }
        Some(ended)
    }

    /// Works on one message to its end, with a fault at one of its requests. How many requests it made.
    pub async fn handle(
        &mut self,
        message: Message,
        fault: Option<(u32, Fault)>,
    ) -> anyhow::Result<(Ended, u32)> {
        let mut invocation = self.start(message, Steps::with_fault(fault), Deadline::never());
        let ended = self.advance(&mut invocation).await;
        self.collect();
        Ok((ended.context("nothing stops it")?, invocation.steps.requests()))
    }

    /// Works on messages until there are none; the clock jumps where all of them have to wait.
    pub async fn work(&mut self) -> anyhow::Result<()> {
        self.collect();
        for _ in 0..100_000 {
            let now = self.store.now();
            if let Some(message) = self.queue.receive(now) {
                self.handle(message, None).await?;
            } else if let Some(next) = self.queue.next_visible() {
                self.jump(next - now)?;
            } else {
                return Ok(());
            }
        }
        bail!("the queue does not come to rest: {:?}", self.errors.last());
    }

    /// Works on several messages at once: their requests are mixed as the seed says, the same seed always alike.
    pub async fn at_once(&mut self, messages: Vec<Message>, seed: u64) {
        let mut random = StdRng::seed_from_u64(seed);
        let begin = |message| self.start(message, Steps::one_by_one(), Deadline::never());
        let mut running: Vec<Invocation> = messages.into_iter().map(begin).collect();
        while !running.is_empty() {
            let at = random.random_range(0..running.len());
            if self.advance(&mut running[at]).await.is_some() {
                running.swap_remove(at);
            }
            self.collect();
        }
    }

    /// Works on messages until one satisfies the condition; that one waits still.
    pub async fn work_until(&mut self, condition: impl Fn(&Message) -> bool) -> anyhow::Result<()> {
        self.collect();
        loop {
            let at = self.queue.messages.iter().position(|message| !condition(message));
            let message = self
                .queue
                .take(at.context("no message is left that does not satisfy it")?);
            self.handle(message, None).await?;
            if self.queue.messages.iter().all(&condition) {
                return Ok(());
            }
        }
    }

    /// Housekeeping every five minutes, and what comes of it, for so many minutes.
    pub async fn pass(&mut self, minutes: i64) -> anyhow::Result<()> {
        for _ in 0..minutes / 5 {
            self.jump(300_000)?;
            self.housekeeping().await?;
        }
        Ok(())
    }

    /// Housekeeping, and what comes of it.
    pub async fn housekeeping(&mut self) -> anyhow::Result<()> {
        self.queue.send(Asked::Housekeeping);
        self.work().await
    }

    /// An export lands and is worked on to its end.
    pub async fn run(&mut self, name: &str, export: &Export) -> anyhow::Result<RunId> {
        let run = self.land(name, export).await?;
        self.work().await?;
        Ok(run)
    }
}
