//! What a person asks of a sync: resync, cancel. A request waits its turn like an export. (`retry.rs` has the third.)

use bytes::Bytes;
use runtime::facts;
use runtime::register::read_head;
use sync_core::names::{RunId, SyncName};
use sync_core::run::{CloseReason, OpenRun, Pending, PendingRequest, RunState, keys, resync_run_id};

use crate::accept::sortable;
use crate::{Context, Handled, advance, closing};

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requested {
    /// It waits, or runs, as these runs; what a person should know of them.
    Waits(Vec<RunId>, Vec<String>),
    /// It was done already, by this run.
    Done(RunId),
    /// There is nothing to do, for this reason.
    Nothing(String),
    /// Rows wait, or an export does, and nothing can be asked for before a person has done what is said here.
    Blocked(String),
}

/// How many rows the state of a sync knows: after a resync, those of the next export are sent again.
pub async fn known_rows(ctx: &Context, sync: &SyncName) -> anyhow::Result<u64> {
    let head = read_head(ctx.store.as_ref(), sync).await?.head;
    Ok(head.generation.map_or(0, |generation| generation.keys))
}

/// Asks to forget what was sent: the next export sends everything again.
pub async fn resync(ctx: &Context, sync: &SyncName, now: i64) -> anyhow::Result<Requested> {
    let run = resync_run_id(sync, &now.to_string());
    request(ctx, sync, run, PendingRequest::Resync, false, now).await
}

/// Whether a person asked to stop a run.
pub async fn is_cancelled(ctx: &Context, sync: &SyncName, run: &RunId) -> anyhow::Result<bool> {
    Ok(ctx.store.stat(&keys::cancel(sync, run)).await?.is_some())
}

/// The runs that were cancelled while they wait for another one to end.
pub async fn cancelled(ctx: &Context, sync: &SyncName) -> anyhow::Result<Vec<RunId>> {
    let mut found = Vec::new();
    for (_, entry) in advance::pending(ctx, sync).await? {
        if is_cancelled(ctx, sync, &entry.run).await? {
            found.push(entry.run);
        }
    }
    Ok(found)
}

pub(crate) async fn request(
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
    Ok(Requested::Waits(vec![run], Vec::new()))
}

/// Asks to stop a run. One that waits ends at once where no other one runs, else as soon as that one has ended; one that
/// has ended stays as it is.
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
    let asked = || Requested::Waits(vec![run.clone()], Vec::new());
    loop {
        let read = read_head(store, sync).await?;
        let Some(open) = &read.head.run else {
            // The one that waits is taken before all others.
            let _ = advance(ctx, sync, false).await?;
            return Ok(asked());
        };
        let closing = |open: &OpenRun| {
            let sends = open.state == RunState::Open && !open.kind.ends_at_once();
            open.id == *run && sends
        };
        if !closing(open) {
            return Ok(asked());
        }
        let Handled::Done = closing::close(ctx, sync, &read, CloseReason::Cancelled).await? else {
            return Ok(asked());
        };
    }
}
