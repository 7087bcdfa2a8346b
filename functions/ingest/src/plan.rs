//! The first fact of a run: what it works with, pinned by whoever writes it first.

use anyhow::{Context as _, bail};
use runtime::facts;
use runtime::register::HeadRead;
use sync_core::names::SyncName;
use sync_core::run::{OpenRun, PLANNER, Pending, PendingRequest, Plan, keys};

use crate::{Context, specs};

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
    let entry = match &run.input {
        None => None,
        Some(input) => match facts::read::<Pending>(store, input).await? {
            Some(entry) => Some(entry),
            None => bail!("the pending entry {input} of the open run is gone"),
        },
    };
    let ignore_guards = entry.as_ref().is_some_and(|entry| entry.ignore_guards);
    let export = entry
        .map(|entry| entry.request)
        .filter(|r| matches!(r, PendingRequest::Export { .. }));
    let spec = match specs::load(ctx, sync).await? {
        Some(Ok(loaded)) => loaded.text,
        // The claim saw a valid spec. What became of it since then is for the run's record to say.
        Some(Err(_)) | None => store
            .get(&keys::spec(sync))
            .await?
            .map(|object| String::from_utf8_lossy(&object.body).into_owned())
            .unwrap_or_default(),
    };
    let plan = Plan {
        planner: PLANNER,
        now: head.last_modified.as_second(),
        spec,
        export,
        small: true,
        parts: 1,
        partitions: 1,
        ignore_guards,
    };
    let _ = facts::write(store, &key, &plan).await?;
    facts::read(store, &key)
        .await?
        .context("the plan that was just written is gone")
}
