//! A wake-up comes in: what it asks for is done.

use anyhow::Context as _;
use runtime::register::read_head;
use sync_core::names::{DestinationName, SyncName};
use sync_core::run::{CloseReason, RunState, Wake, keys};

use crate::planner::{Planner, planner};
use crate::{Context, ExportCreated, Handled, accept, advance, closing, finish, plan, small, specs, stages};

/// Handles the creation of an object. `version` is the created version, where the bucket keeps versions.
pub async fn handle(ctx: &Context, wake: Wake, version: Option<String>) -> anyhow::Result<Handled> {
    match wake {
        Wake::Export(key) => {
            let created = ExportCreated {
                key,
                version,
                ignore_guards: false,
                asked: None,
            };
            accept(ctx, &created).await
        }
        Wake::Head(sync) => on_head(ctx, &sync).await,
        Wake::Task {
            sync,
            run,
            stage,
            index,
        } => stages::on_task(ctx, &sync, &run, stage, index).await,
        Wake::Connection(name) => connected(ctx, &name).await,
        Wake::Batch(_) => Ok(Handled::Done),
    }
}

/// A head was written: whatever comes next for its sync.
pub async fn on_head(ctx: &Context, sync: &SyncName) -> anyhow::Result<Handled> {
    let store = ctx.store.as_ref();
    let read = read_head(store, sync).await?;
    let Some(open) = &read.head.run else {
        return advance(ctx, sync, false).await;
    };
    if open.state == RunState::Closing {
        return closing::go_on(ctx, sync, &read, open).await;
    }
    if open.kind.ends_at_once() {
        return finish::finish(ctx, sync, &open.id).await;
    }
    if store.stat(&keys::cancel(sync, &open.id)).await?.is_some() {
        return closing::close(ctx, sync, &read, CloseReason::Cancelled).await;
    }
    match planner(open) {
        Planner::Newer => return Ok(Handled::ComeBack("a newer version of ingest plans this run")),
        Planner::Older => return closing::close(ctx, sync, &read, CloseReason::NewPlanner).await,
        Planner::Same => {}
    }
    let plan = plan::pinned(ctx, sync, open, &read).await?;
    match plan.stages() {
        None => small::run(ctx, sync, open, &read.head, &plan).await?,
        Some(cut) => stages::begin(ctx, sync, &open.id, &plan, cut).await?,
    }
    Ok(Handled::Done)
}

/// A destination has a new token: its syncs go on.
async fn connected(ctx: &Context, name: &DestinationName) -> anyhow::Result<Handled> {
    let listed = ctx.store.list(keys::SPECS, None, 1_000).await;
    for listed in listed.context("listing the specs")? {
        let Some(object) = ctx.store.get(&listed.key).await? else {
            continue;
        };
        if let Ok(loaded) = specs::parse(&listed.key, &object.body)
            && loaded.spec.destination == *name
        {
            let _ = advance(ctx, &loaded.spec.name, true).await?;
        }
    }
    Ok(Handled::Done)
}
