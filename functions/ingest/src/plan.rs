//! The first fact of a run: what it works with, pinned by whoever writes it first.

use anyhow::{Context as _, bail};
use runtime::facts;
use runtime::register::HeadRead;
use sync_core::names::SyncName;
use sync_core::run::{OpenRun, PLANNER, PartEnd, Pending, PendingRequest, Plan, Record, keys};

use crate::cut::cut;
use crate::guards::too_few;
use crate::{Context, audience, specs};

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
    let retry = match &request {
        Some(PendingRequest::Retry { of }) => Some(of.clone()),
        _ => None,
    };
    // What a run left over has given way to a newer table: it is not sent any more.
    let still_retried = match &retry {
        Some(of) => {
            let record: Option<Record> = facts::read(store, &keys::record(sync, of)).await?;
            record.is_some_and(|record| record.rev >= head.head.table_rev)
        }
        None => false,
    };
    let export = request.filter(|request| matches!(request, PendingRequest::Export { .. }));
    let mut plan = Plan {
        planner: PLANNER,
        now: head.last_modified.as_second(),
        spec: String::new(),
        export,
        retry,
        cut: None,
        end: None,
        ignore_guards,
        audience: None,
    };
    match specs::load(ctx, sync).await? {
        Some(Ok(loaded)) => {
            plan.spec = loaded.text;
            plan.audience = audience::planned(ctx, &loaded.spec, &head.head).await?;
            // The spec may have changed since the claim.
            let unfit = match &run.unfit {
                Some(message) => Some(message.clone()),
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
            plan.retry = plan
                .retry
                .take()
                .filter(|_| loaded.spec.audience.is_none() || still_retried);
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
