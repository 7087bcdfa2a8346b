//! `tideline retry`: what earlier runs left over, or TikTok refused in them, is sent again; an export of which nothing was
//! sent, or whose spec was corrected since, is done again.

mod export;
mod of_run;
mod of_sync;

use runtime::facts;
use runtime::register::{HeadRead, read_head};
use runtime::store::Store;
use sync_core::names::{RunId, SyncName};
use sync_core::run::{Head, PendingRequest, Plan, keys};
use sync_core::spec::payload_version;

pub use export::retry_export;

use crate::requests::request;
use crate::run::pinned_spec;
use crate::{Context, LoadedSpec, Requested, specs};

/// What is to be sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RetryOf {
    /// What this run left over or had refused.
    Run(RunId),
    /// What any run of the sync left over, or had refused within the last 30 days.
    Sync,
}

/// Asks to send again what was left over or refused. Left-over and refused rows keep the payload that they were made
/// with; the event source and the batch size are those of the current spec.
pub async fn retry(
    ctx: &Context,
    sync: &SyncName,
    of: &RetryOf,
    ignore_guards: bool,
    now: i64,
) -> anyhow::Result<Requested> {
    let loaded = match specs::load(ctx, sync).await? {
        Some(Ok(loaded)) => loaded,
        Some(Err(error)) => return Ok(Requested::Blocked(format!("the spec is not valid: {error}"))),
        None => {
            return Ok(Requested::Blocked(format!(
                "the sync {sync} has no spec any more: put it back"
            )));
        }
    };
    let read = read_head(ctx.store.as_ref(), sync).await?;
    let asking = Asking {
        ctx,
        loaded: &loaded,
        read: &read,
        ignore_guards,
        now,
    };
    match of {
        RetryOf::Run(run) => asking.of_run(run).await,
        RetryOf::Sync => asking.of_sync().await,
    }
}

struct Asking<'a> {
    ctx: &'a Context,
    loaded: &'a LoadedSpec,
    read: &'a HeadRead,
    ignore_guards: bool,
    now: i64,
}

const STILL_A_TEST: &str = "the spec has a test_event_code, and nothing of a test is left over or sent live: take the key out of the spec, then ask again";

impl Asking<'_> {
    fn sync(&self) -> &SyncName {
        &self.loaded.spec.name
    }

    fn store(&self) -> &dyn Store {
        self.ctx.store.as_ref()
    }

    fn head(&self) -> &Head {
        &self.read.head
    }

    async fn plan(&self, run: &RunId) -> anyhow::Result<Option<Plan>> {
        Ok(facts::read(self.store(), &keys::plan(self.sync(), run)).await?)
    }

    /// Whether the version of the export that a run worked on is still there.
    async fn is_there(&self, plan: &Plan) -> anyhow::Result<bool> {
        let Some(PendingRequest::Export {
            key, version, etag, ..
        }) = &plan.export
        else {
            return Ok(false);
        };
        let stat = match version {
            Some(id) => self.store().stat_version(key, id).await?,
            None => self.store().stat(key).await?,
        };
        Ok(stat.is_some_and(|stat| stat.etag.as_str() == etag))
    }

    /// Why rows of these runs are not sent again as they were made: the spec makes something else of them by now, and
    /// their exports are not kept.
    async fn made_otherwise(&self, runs: &[RunId]) -> anyhow::Result<Option<String>> {
        if self.ctx.settings.exports_land {
            return Ok(None);
        }
        let now = payload_version(&self.loaded.spec);
        for run in runs {
            let Some(plan) = self.plan(run).await? else {
                continue;
            };
            let differs = pinned_spec(self.sync(), &plan).is_ok_and(|spec| payload_version(&spec) != now);
            if differs {
                return Ok(Some(format!(
                    "the rows of the run {run} were made by another mapping than the spec has now, and nothing was sent: `tideline run SPEC FILE` does the file again, and its valid rows take the place of those that are left over"
                )));
            }
        }
        Ok(None)
    }

    async fn request(&self, run: RunId, asked: PendingRequest) -> anyhow::Result<Requested> {
        request(self.ctx, self.sync(), run, asked, self.ignore_guards, self.now).await
    }
}

impl Requested {
    /// The same with what a person should know.
    fn noted(self, more: Vec<String>) -> Self {
        match self {
            Self::Waits(runs, mut notes) => {
                notes.extend(more);
                Self::Waits(runs, notes)
            }
            other => other,
        }
    }

    /// Both, where several things were asked for at once.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Waits(mut runs, mut notes), Self::Waits(more, said)) => {
                runs.extend(more);
                notes.extend(said);
                Self::Waits(runs, notes)
            }
            (Self::Waits(runs, mut notes), Self::Blocked(why) | Self::Nothing(why))
            | (Self::Blocked(why) | Self::Nothing(why), Self::Waits(runs, mut notes))
                if !runs.is_empty() =>
            {
                notes.push(why);
                Self::Waits(runs, notes)
            }
            (Self::Waits(..), other) => other,
            (this, _) => this,
        }
    }
}
