//! Housekeeping: what was left lying is woken again. Safe to run at any time, any number of times.

use anyhow::Context as _;
use bytes::Bytes;
use runtime::register::{HeadRead, read_head};
use runtime::settle::settle;
use runtime::store::Listed;
use sync_core::names::{RunId, SyncName};
use sync_core::run::keys::{self, BatchId};
use sync_core::run::{CloseReason, OpenRun, RunState, Wake};
use sync_core::spec::MAX_KEEP_DAYS;

use crate::{Context, ExportCreated, accept, advance, audience, closing, garbage, on_head, specs};

/// Carried rows are tried again by themselves after this many seconds, doubled with each try in vain …
const RETRY_SECONDS: i64 = 15 * 60;
/// … up to this many.
const MAX_RETRY_SECONDS: i64 = 6 * 3600;
/// More objects than one look needs to see; further ones are looked at the next time.
const MANY: usize = 100_000;
/// An open run without a new fact for so long is closed.
const STUCK_SECONDS: i64 = 86_400;
/// How often exports are looked for whose notification was lost …
const LOOK_SECONDS: i64 = 3_600;
/// … among those of the last days.
const LOST_SECONDS: i64 = 3 * 86_400;
/// How often what nobody needs any more is deleted.
const SWEEP_SECONDS: i64 = 86_400;

/// How long left-over rows wait, after so many tries in vain.
pub fn retry_seconds(retries: u32) -> i64 {
    RETRY_SECONDS
        .saturating_mul(1 << retries.min(20))
        .min(MAX_RETRY_SECONDS)
}

/// What was done for a sync.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    /// Pieces of unfinished work that were woken again.
    pub woken: usize,
    /// A run was closed, of which nothing was heard for a day.
    pub closed: Option<RunId>,
    /// Exports of the last days that were looked at for a lost notification.
    pub exports_seen: usize,
    /// Objects that nobody needs any more and that were deleted.
    pub deleted: u64,
}

/// A sync that was looked after.
#[derive(Debug)]
pub struct LookedAfter {
    /// The sync.
    pub sync: SyncName,
    /// What was done for it; else why it could not be looked after.
    pub done: Result<Done, String>,
}

/// Looks after every sync.
pub async fn housekeeping(ctx: &Context) -> anyhow::Result<Vec<LookedAfter>> {
    let specs = ctx.store.list(keys::SPECS, None, 1_000).await;
    let name = |key: &str| {
        let name = key.strip_prefix(keys::SPECS)?.strip_suffix(".yaml")?;
        SyncName::new(name).ok()
    };
    let specs = specs.context("listing the specs")?;
    Ok(housekeeping_of(ctx, specs.iter().filter_map(|spec| name(&spec.key))).await)
}

/// Looks after these syncs. What was wrong with one that could not be looked after is in the log too.
pub async fn housekeeping_of(ctx: &Context, syncs: impl Iterator<Item = SyncName>) -> Vec<LookedAfter> {
    let mut looked = Vec::new();
    for sync in syncs {
        let done = look_after(ctx, &sync).await.map_err(|error| {
            // One sync's trouble keeps nobody from looking after the others.
            let error = format!("{error:#}");
            tracing::error!(sync = %sync, error, "housekeeping failed for this sync");
            error
        });
        looked.push(LookedAfter { sync, done });
    }
    // TikTok may be slow to answer: it keeps nobody waiting whose work is here.
    for LookedAfter { sync, .. } in &looked {
        if let Err(error) = look_at_audience(ctx, sync).await {
            tracing::warn!(sync = %sync, error = format!("{error:#}"), "the audience could not be looked at");
        }
    }
    looked
}

async fn look_at_audience(ctx: &Context, sync: &SyncName) -> anyhow::Result<()> {
    if let Some(Ok(loaded)) = specs::load(ctx, sync).await? {
        let read = read_head(ctx.store.as_ref(), sync).await?;
        audience::look(ctx, &loaded.spec, &read).await?;
    }
    Ok(())
}

/// Looks after one sync: an idle one is advanced, the unfinished work of an open run is woken, lost exports are found,
/// and what nobody needs any more goes.
pub async fn look_after(ctx: &Context, sync: &SyncName) -> anyhow::Result<Done> {
    let mut done = Done::default();
    let store = ctx.store.as_ref();
    let read = read_head(store, sync).await?;
    match &read.head.run {
        None => {
            let wait = retry_seconds(read.head.retries);
            let _ = advance(ctx, sync, read.age_seconds() >= wait).await?;
        }
        Some(open) if open.state == RunState::Open && stuck(ctx, sync, &read, open).await? => {
            let _ = closing::close(ctx, sync, &read, CloseReason::Stuck).await?;
            done.closed = Some(open.id.clone());
        }
        Some(open) => {
            for wake in unfinished(ctx, sync, Some(ctx.settings.quiet_seconds)).await? {
                wake_again(ctx, wake).await?;
                done.woken += 1;
            }
            settle_parts(ctx, sync, open).await?;
        }
    }
    if ctx.settings.exports_land && due(ctx, sync, "looked", LOOK_SECONDS).await? {
        done.exports_seen = find_lost_exports(ctx, sync).await?;
    }
    if due(ctx, sync, "swept", SWEEP_SECONDS).await? {
        let deleted = garbage::collect(store, sync, keep_days(ctx, sync).await?).await?;
        tracing::info!(sync = %sync, deleted, "objects that nobody needs any more were deleted");
        done.deleted = deleted;
    }
    Ok(done)
}

/// For how many days the live debugger keeps a sync's calls. While its spec is invalid: as long as any may.
async fn keep_days(ctx: &Context, sync: &SyncName) -> anyhow::Result<u16> {
    let loaded = specs::load(ctx, sync).await?.and_then(Result::ok);
    Ok(loaded.map_or(MAX_KEEP_DAYS, |loaded| loaded.spec.debugger_keep_days))
}

async fn wake_again(ctx: &Context, wake: Wake) -> anyhow::Result<()> {
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
    Ok(())
}

async fn settle_parts(ctx: &Context, sync: &SyncName, open: &OpenRun) -> anyhow::Result<()> {
    if open.state != RunState::Open || open.kind.ends_at_once() {
        return Ok(());
    }
    let manifests = ctx
        .store
        .list(&keys::manifests_prefix(sync, &open.id), None, MANY)
        .await?;
    for listed in manifests {
        let name = listed.key.rsplit('/').next();
        let part = name.and_then(|name| name.strip_suffix(".json")?.parse().ok());
        if let Some(part) = part {
            settle(ctx.store.as_ref(), sync, &open.id, part).await?;
        }
    }
    Ok(())
}

/// What would wake the unfinished work of a sync's open run again. With `idle`, only what nobody has touched for so
/// many seconds.
pub async fn unfinished(ctx: &Context, sync: &SyncName, idle: Option<i64>) -> anyhow::Result<Vec<Wake>> {
    let store = ctx.store.as_ref();
    let read = read_head(store, sync).await?;
    let Some(open) = &read.head.run else {
        return Ok(Vec::new());
    };
    let now = read.now.as_second();
    let waits = |object: &Listed| idle.is_none_or(|idle| now - object.last_modified.as_second() >= idle);
    let mut found = Vec::new();
    let planned = store
        .list(&keys::manifests_prefix(sync, &open.id), None, 1)
        .await?;
    if planned.is_empty() || open.state == RunState::Closing {
        found.push(Wake::Head(sync.clone()));
    }
    for listed in store
        .list(&keys::batches_prefix(sync, &open.id), None, MANY)
        .await?
    {
        let Some(batch) = BatchId::parse(&listed.key).filter(|_| waits(&listed)) else {
            continue;
        };
        if store.stat(&batch.outcome()).await?.is_none() {
            found.push(Wake::Batch(batch));
        }
    }
    // A task that is done looks whether the next stage is open.
    let tasks = store
        .list(&keys::tasks_prefix(sync, &open.id), None, MANY)
        .await?;
    found.extend(
        tasks
            .iter()
            .filter(|task| waits(task))
            .filter_map(|task| Wake::parse(&task.key)),
    );
    Ok(found)
}

/// Whether no fact of the open run is younger than a day. What housekeeping itself touches does not count.
async fn stuck(ctx: &Context, sync: &SyncName, read: &HeadRead, open: &OpenRun) -> anyhow::Result<bool> {
    let run = &open.id;
    let old = |at: runtime::store::Timestamp| read.now.as_second() - at.as_second() > STUCK_SECONDS;
    if !old(read.last_modified) {
        return Ok(false);
    }
    for kind in ["outcomes", "manifests", "work", "progress", "runs"] {
        let listed = ctx
            .store
            .list(&format!("{kind}/{sync}/{run}/"), None, MANY)
            .await?;
        if listed.iter().any(|object| !old(object.last_modified)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether something is due that is done every so many seconds; if so, it is marked as done now.
async fn due(ctx: &Context, sync: &SyncName, what: &str, seconds: i64) -> anyhow::Result<bool> {
    let key = keys::housekeeping_mark(sync, what);
    let done = match ctx.store.get(&key).await? {
        Some(mark) => mark.now.as_second() - mark.last_modified.as_second() < seconds,
        None => false,
    };
    if !done {
        ctx.store.put(&key, Bytes::from_static(b"{}\n")).await?;
    }
    Ok(!done)
}

/// Exports of the last days whose notification was lost; how many exports were looked at.
async fn find_lost_exports(ctx: &Context, sync: &SyncName) -> anyhow::Result<usize> {
    let mut seen = 0;
    let Some(Ok(loaded)) = specs::load(ctx, sync).await? else {
        return Ok(seen);
    };
    let listed = ctx.store.list(&loaded.spec.model.path, None, MANY).await?;
    let Some(newest) = listed.iter().map(|object| object.last_modified).max() else {
        return Ok(seen);
    };
    let exports = listed.iter().filter(|object| {
        let ignored = keys::is_ignored(&loaded.spec.model.path, &object.key);
        !ignored && object.size > 0
    });
    for object in exports {
        // An export that landed after the newest one that is known is found by its own message first.
        if newest.as_second() - object.last_modified.as_second() <= LOST_SECONDS {
            let created = ExportCreated {
                key: object.key.clone(),
                version: None,
                ignore_guards: false,
                asked: None,
            };
            let _ = accept(ctx, &created).await?;
            seen += 1;
        }
    }
    Ok(seen)
}
