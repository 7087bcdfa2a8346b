//! What a person asks of a sync: retry, resync, cancel. A request waits its turn like an export.

use anyhow::Context as _;
use bytes::Bytes;
use runtime::facts;
use runtime::register::read_head;
use sync_core::names::{RunId, SyncName};
use sync_core::run::{
    CloseReason, Pending, PendingRequest, Plan, Record, RunState, again_run_id, keys, resync_run_id,
    retry_run_id,
};

use crate::accept::sortable;
use crate::{Context, Handled, advance, closing};

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requested {
    /// It waits, or runs, as this run.
    Waits(RunId),
    /// It was done already, by this run.
    Done(RunId),
    /// There is nothing to do, for this reason.
    Nothing(String),
}

/// Asks to send again what TikTok refused in a run; what is carried goes with it. Of a run that sent nothing, because
/// its file or spec was wrong or a guard stopped it, the whole export is done again.
pub async fn retry(
    ctx: &Context,
    sync: &SyncName,
    of: &RunId,
    ignore_guards: bool,
    now: i64,
) -> anyhow::Result<Requested> {
    let key = keys::record(sync, of);
    let record: Record = facts::read(ctx.store.as_ref(), &key).await?.with_context(|| {
        format!("there is no record of the run {of}: it has not ended, or has another sync")
    })?;
    if record.sent_nothing() {
        let plan: Option<Plan> = facts::read(ctx.store.as_ref(), &keys::plan(sync, of)).await?;
        if let Some(export) = plan.and_then(|plan| plan.export) {
            let run = next_try(ctx, sync, of).await?;
            return request(ctx, sync, run, export, ignore_guards, now).await;
        }
    }
    let head = read_head(ctx.store.as_ref(), sync).await?.head;
    if record.rev < head.table_rev {
        let reason = "a newer export of the whole audience was applied since: what this run left over has given way to it; export again";
        return Ok(Requested::Nothing(reason.to_owned()));
    }
    if record.refused.is_empty() && !head.carried.contains(of) {
        let reason = "TikTok refused no row of this run, and none of it is left over; rows that our own checks refused are corrected in the export, or with --corrected";
        return Ok(Requested::Nothing(reason.to_owned()));
    }
    let run = retry_run_id(of);
    let again = PendingRequest::Retry { of: of.clone() };
    request(ctx, sync, run, again, ignore_guards, now).await
}

/// The run that does a stopped one again: behind those that were tried already and stopped too.
async fn next_try(ctx: &Context, sync: &SyncName, of: &RunId) -> anyhow::Result<RunId> {
    let mut run = again_run_id(of);
    loop {
        let tried: Option<Record> = facts::read(ctx.store.as_ref(), &keys::record(sync, &run)).await?;
        if !tried.is_some_and(|record| record.sent_nothing()) {
            return Ok(run);
        }
        run = again_run_id(&run);
    }
}

/// Asks to forget what was sent: the next export sends everything again.
pub async fn resync(ctx: &Context, sync: &SyncName, now: i64) -> anyhow::Result<Requested> {
    let run = resync_run_id(sync, &now.to_string());
    request(ctx, sync, run, PendingRequest::Resync, false, now).await
}

async fn request(
    ctx: &Context,
    sync: &SyncName,
    run: RunId,
    request: PendingRequest,
    ignore_guards: bool,
    now: i64,
) -> anyhow::Result<Requested> {
    let store = ctx.store.as_ref();
    if store.stat(&keys::record(sync, &run)).await?.is_some() {
        return Ok(Requested::Done(run));
    }
    let entry = Pending {
        run: run.clone(),
        request,
        ignore_guards,
    };
    let _ = facts::write(store, &keys::pending(sync, &sortable(now), &run), &entry).await?;
    let _ = advance(ctx, sync, false).await?;
    Ok(Requested::Waits(run))
}

/// Asks to stop a run. One that waits ends as soon as its turn comes; one that has ended stays as it is.
pub async fn cancel(ctx: &Context, sync: &SyncName, run: &RunId) -> anyhow::Result<Requested> {
    let store = ctx.store.as_ref();
    if store.stat(&keys::record(sync, run)).await?.is_some() {
        return Ok(Requested::Done(run.clone()));
    }
    let waits = advance::pending(ctx, sync)
        .await?
        .iter()
        .any(|(_, entry)| entry.run == *run);
    let read = read_head(store, sync).await?;
    let open = read.head.run.as_ref().is_some_and(|open| open.id == *run);
    if !waits && !open {
        return Ok(Requested::Nothing(format!(
            "the sync {sync} has no run {run} that waits or runs"
        )));
    }
    // The mark first: a claim that does not see it is seen here, or sees it when it plans.
    let _ = store
        .put_new(&keys::cancel(sync, run), Bytes::from_static(b"{}\n"))
        .await?;
    loop {
        let read = read_head(store, sync).await?;
        let closing = |open: &&sync_core::run::OpenRun| open.id == *run && open.state == RunState::Open;
        if !read.head.run.as_ref().is_some_and(|run| closing(&run)) {
            return Ok(Requested::Waits(run.clone()));
        }
        let Handled::Done = closing::close(ctx, sync, &read, CloseReason::Cancelled).await? else {
            return Ok(Requested::Waits(run.clone()));
        };
    }
}
