//! The first fact of a run: what it works with, pinned by whoever writes it first.

use anyhow::{Context as _, bail};
use runtime::facts;
use runtime::register::HeadRead;
use sync_core::names::{RunId, SyncName};
use sync_core::run::{OpenRun, PLANNER, PartEnd, Pending, PendingRequest, Plan, Record, keys};
use sync_core::spec::SyncSpec;

use crate::cut::cut;
use crate::guards::too_few;
use crate::{Context, audience, sources, specs};

/// Reads a run's plan, or writes it. Two that write at once go on from the same one.
pub(crate) async fn pinned(
    ctx: &Context,
    sync: &SyncName,
    run: &OpenRun,
    head: &HeadRead,
) -> anyhow::Result<Plan> {
    let store = ctx.store.as_ref();
    let key = keys::plan(sync, &run.id);
    if let Some(plan) = facts::read::<Plan>(store, &key).await? {
        return Ok(plan);
    }
    let plan = make(ctx, sync, run, head).await?;
    let _ = facts::write(store, &key, &plan).await?;
    facts::read(store, &key)
        .await?
        .context("the plan that was just written is gone")
}

async fn make(ctx: &Context, sync: &SyncName, run: &OpenRun, head: &HeadRead) -> anyhow::Result<Plan> {
    let store = ctx.store.as_ref();
    let entry = match &run.input {
        None => None,
        Some(input) => match facts::read::<Pending>(store, input).await? {
            Some(entry) => Some(entry),
            None => bail!("the pending entry {input} of the open run is gone"),
        },
    };
    let ignore_guards = entry.as_ref().is_some_and(|entry| entry.ignore_guards);
    let request = entry.as_ref().map(|entry| entry.request.clone());
    let retried = match &request {
        Some(PendingRequest::Retry { of, also }) => std::iter::once(of).chain(also).cloned().collect(),
        _ => Vec::new(),
    };
    let export = request.filter(|request| matches!(request, PendingRequest::Export { .. }));
    let mut plan = Plan {
        planner: PLANNER,
        now: head.last_modified.as_second(),
        spec: String::new(),
        export,
        retry: None,
        retry_also: Vec::new(),
        cut: None,
        end: None,
        ignore_guards,
        audience: None,
        notes: Vec::new(),
    };
    match specs::load(ctx, sync).await? {
        Some(Ok(loaded)) => {
            plan.spec = loaded.text;
            plan.audience = audience::planned(ctx, &loaded.spec, &head.head).await?;
            let sources = sources::check(ctx, &loaded.spec, &head.head).await?;
            plan.notes = sources.notes;
            // The spec may have changed since the claim.
            let unfit = match run.unfit.clone().or(sources.unfit) {
                Some(message) => Some(message),
                None => audience::unfit(ctx, &loaded.spec, head.head.forget).await?,
            };
            if let Some(message) = unfit {
                // An audience is not made for a first export that is stopped.
                let generation = head.head.generation.as_ref();
                let stopped = match run.unfit {
                    None => audience::trial(ctx, &loaded.spec, entry.as_ref(), generation).await?,
                    Some(_) => None,
                };
                plan.end = Some(stopped.unwrap_or(PartEnd::Unfit { message }));
                return Ok(plan);
            }
            let mut retried = still_retried(ctx, sync, retried, &loaded.spec, head)
                .await?
                .into_iter();
            (plan.retry, plan.retry_also) = (retried.next(), retried.collect());
            match cut(
                ctx,
                &loaded.spec,
                plan.export.as_ref(),
                head.head.generation.as_ref(),
            )
            .await?
            {
                Ok(cut) => plan.cut = cut,
                Err(file) => {
                    plan.end = Some(PartEnd::Broken {
                        message: file.to_string(),
                    });
                }
            }
            if let Some(message) = plan
                .cut
                .as_ref()
                .and_then(|cut| too_few(&loaded.spec, &plan, cut.rows))
            {
                plan.end = Some(PartEnd::Guard { message });
            }
        }
        // The claim saw a valid spec. What became of it since then is for the run's record to say.
        Some(Err(message)) => plan.end = Some(PartEnd::Broken { message }),
        None => {
            plan.end = Some(PartEnd::Broken {
                message: format!(
                    "{} is gone: put the spec back, then export again",
                    keys::spec(sync)
                ),
            });
        }
    }
    Ok(plan)
}

/// Of these runs, those whose refused rows still go: what a run of an audience left has given way to a newer table, and
/// a test run takes nothing in.
async fn still_retried(
    ctx: &Context,
    sync: &SyncName,
    runs: Vec<RunId>,
    spec: &SyncSpec,
    head: &HeadRead,
) -> anyhow::Result<Vec<RunId>> {
    let mut kept = Vec::new();
    for run in runs {
        if spec.is_test() {
            continue;
        }
        if spec.audience.is_some() {
            let record: Option<Record> = facts::read(ctx.store.as_ref(), &keys::record(sync, &run)).await?;
            if record.is_none_or(|record| record.rev < head.head.table_rev) {
                continue;
            }
        }
        kept.push(run);
    }
    Ok(kept)
}
