//! What happens in the midst of a storm: exports land, tokens die, people ask for something.

use anyhow::ensure;
use ingest::RetryOf;
use rand::Rng as _;
use rand::seq::IndexedRandom as _;
use runtime::deadline::Deadline;
use runtime::register::{read_head, swap_head};
use sync_core::names::RunId;
use sync_core::run::RunState;
use tiktok_sandbox::TOKEN;

use crate::queue::{Asked, Message};
use crate::steps::Steps;
use crate::storm::Storm;

/// Something that happens in the midst of the storm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Happening {
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
    /// The spec gets a test event code, for a while.
    TestBegins,
    TestEnds,
}

impl Storm {
    pub(crate) async fn happen(&mut self) -> anyhow::Result<()> {
        let ctx = self.world.ingest(&Steps::default());
        let (sync, now) = (self.world.sync.clone(), self.world.store.now());
        let what = self.todo.remove(0);
        self.note(|| format!("{what:?}"));
        match what {
            Happening::Land(number) => {
                let export = &mut self.exports[number];
                export.run = Some(self.world.land_file(&export.name, &export.csv).await?);
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
                    let run = RetryOf::Run(record.run.clone());
                    let of = if self.random.random_bool(0.5) {
                        run
                    } else {
                        RetryOf::Sync
                    };
                    let _ = ingest::retry(&ctx, &sync, &of, false, now).await?;
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
            Happening::TestBegins => {
                self.tested = true;
                let live = "  batch_size:";
                let test = self
                    .world
                    .setup
                    .spec
                    .replace(live, "  test_event_code: TEST1\n  batch_size:");
                self.world.change_spec(&test).await?;
                self.todo.push(Happening::TestEnds);
            }
            Happening::TestEnds => self.world.change_spec(&self.world.setup.spec).await?,
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
}
