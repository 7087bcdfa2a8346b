//! A wake-up comes in: what it asks for is done.

use anyhow::Context as _;
use runtime::register::read_head;
use sync_core::names::{DestinationName, SyncName};
use sync_core::run::{RunKind, RunState, Stage, Wake, keys};

use crate::{Context, ExportCreated, Handled, accept, advance, finish, plan, small, specs};

/// Handles the creation of an object. `version` is the created version, where the bucket keeps versions.
pub async fn handle(ctx: &Context, wake: Wake, version: Option<String>) -> anyhow::Result<Handled> {
    match wake {
        Wake::Export(key) => {
            accept(
                ctx,
                &ExportCreated {
                    key,
                    version,
                    ignore_guards: false,
                },
            )
            .await
        }
        Wake::Head(sync) => on_head(ctx, &sync).await,
        Wake::Task {
            sync,
            run,
            stage: Stage::Finish,
            ..
        } => finish::finish(ctx, &sync, &run).await,
        Wake::Task {
            sync,
            run,
            stage,
            index,
        } => {
            tracing::warn!(sync = %sync, run = %run, stage = stage.as_str(), index, "this version plans no such task");
            Ok(Handled::Done)
        }
        Wake::Connection(name) => connected(ctx, &name).await,
        Wake::Batch(_) => Ok(Handled::Done),
    }
}

/// A head was written: whatever comes next for its sync.
pub async fn on_head(ctx: &Context, sync: &SyncName) -> anyhow::Result<Handled> {
    let read = read_head(ctx.store.as_ref(), sync).await?;
    let Some(open) = &read.head.run else {
        return advance(ctx, sync, false).await;
    };
    if open.state == RunState::Closing {
        return Ok(Handled::Done);
    }
    match open.kind {
        RunKind::Resync | RunKind::Late => finish::finish(ctx, sync, &open.id).await,
        RunKind::Export | RunKind::Retry => {
            let plan = plan::pinned(ctx, sync, open, &read).await?;
            small::run(ctx, sync, open, &read.head, &plan).await?;
            Ok(Handled::Done)
        }
    }
}

/// A destination has a new token: its syncs go on.
async fn connected(ctx: &Context, name: &DestinationName) -> anyhow::Result<Handled> {
    for listed in ctx
        .store
        .list(keys::SPECS, None, 1_000)
        .await
        .context("listing the specs")?
    {
        let Some(object) = ctx.store.get(&listed.key).await? else {
            continue;
        };
        if let Ok(loaded) = specs::parse(&listed.key, &object.body) {
            if loaded.spec.destination == *name {
                let _ = advance(ctx, &loaded.spec.name, true).await?;
            }
        }
    }
    Ok(Handled::Done)
}
