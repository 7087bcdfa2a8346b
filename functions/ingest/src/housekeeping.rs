//! Housekeeping: what was left lying is woken again. Safe to run at any time, any number of times.

use anyhow::Context as _;
use runtime::register::read_head;
use runtime::settle::settle;
use sync_core::names::SyncName;
use sync_core::run::keys::{self, BatchId};
use sync_core::run::{RunKind, RunState, Wake};

use crate::{Context, advance, on_head};

/// Carried rows are tried again by themselves after this many seconds, doubled with each try in vain …
const RETRY_SECONDS: i64 = 15 * 60;
/// … up to this many.
const MAX_RETRY_SECONDS: i64 = 6 * 3600;
/// More objects than one run's batches of a part; further ones are looked at the next time.
const MANY: usize = 10_000;

/// Looks after every sync.
pub async fn housekeeping(ctx: &Context) -> anyhow::Result<()> {
    for listed in ctx
        .store
        .list(keys::SPECS, None, 1_000)
        .await
        .context("listing the specs")?
    {
        let name = listed
            .key
            .strip_prefix(keys::SPECS)
            .and_then(|name| name.strip_suffix(".yaml"));
        let Some(sync) = name.and_then(|name| SyncName::new(name).ok()) else {
            continue;
        };
        if let Err(error) = look_after(ctx, &sync).await {
            // One sync's trouble keeps nobody from looking after the others.
            tracing::error!(sync = %sync, error = format!("{error:#}"), "housekeeping failed for this sync");
        }
    }
    Ok(())
}

/// Looks after one sync: an idle one is advanced, the unfinished work of an open run is woken.
pub async fn look_after(ctx: &Context, sync: &SyncName) -> anyhow::Result<()> {
    let read = read_head(ctx.store.as_ref(), sync).await?;
    let Some(open) = &read.head.run else {
        let wait = RETRY_SECONDS
            .saturating_mul(1 << read.head.retries.min(20))
            .min(MAX_RETRY_SECONDS);
        let _ = advance(ctx, sync, read.age_seconds() >= wait).await?;
        return Ok(());
    };
    for wake in unfinished(ctx, sync).await? {
        match wake {
            // The register is never copied onto itself: its times are what quiet times are measured by.
            Wake::Head(sync) => {
                let _ = on_head(ctx, &sync).await?;
            }
            Wake::Batch(batch) => {
                ctx.store.touch(&batch.key()).await?;
            }
            Wake::Task {
                sync,
                run,
                stage,
                index,
            } => {
                ctx.store.touch(&keys::task(&sync, &run, stage, index)).await?;
            }
            Wake::Export(_) | Wake::Connection(_) => {}
        }
    }
    if open.state == RunState::Open && matches!(open.kind, RunKind::Export | RunKind::Retry) {
        for listed in ctx
            .store
            .list(&keys::manifests_prefix(sync, &open.id), None, MANY)
            .await?
        {
            let name = listed
                .key
                .rsplit('/')
                .next()
                .and_then(|name| name.strip_suffix(".json"));
            if let Some(part) = name.and_then(|name| name.parse().ok()) {
                settle(ctx.store.as_ref(), sync, &open.id, part).await?;
            }
        }
    }
    Ok(())
}

/// What would wake the unfinished work of a sync's open run again.
pub async fn unfinished(ctx: &Context, sync: &SyncName) -> anyhow::Result<Vec<Wake>> {
    let store = ctx.store.as_ref();
    let Some(open) = read_head(store, sync).await?.head.run else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    if store
        .list(&keys::manifests_prefix(sync, &open.id), None, 1)
        .await?
        .is_empty()
    {
        found.push(Wake::Head(sync.clone()));
    }
    for listed in store
        .list(&keys::batches_prefix(sync, &open.id), None, MANY)
        .await?
    {
        let Some(batch) = BatchId::parse(&listed.key) else {
            continue;
        };
        if store.stat(&batch.outcome()).await?.is_none() {
            found.push(Wake::Batch(batch));
        }
    }
    let tasks = store
        .list(&keys::tasks_prefix(sync, &open.id), None, MANY)
        .await?;
    found.extend(tasks.iter().filter_map(|task| Wake::parse(&task.key)));
    Ok(found)
}
