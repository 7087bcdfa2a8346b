//! An idle sync: the next pending run is chosen and claimed.

use std::time::Duration;

use anyhow::Context as _;
use runtime::call_log::CallLog;
use runtime::connections::is_refused;
use runtime::facts;
use runtime::register::{HeadRead, read_head, swap_head};
use runtime::secrets::names;
use sync_core::names::{RunId, SyncName};
use sync_core::run::keys::CallsOf;
use sync_core::run::{
    Fit, Head, Newest, OpenRun, PLANNER, Pending, PendingRequest, RunKind, RunState, carried_run_id, keys,
};
use sync_core::spec::{Mode, SyncSpec};

use crate::audience::{self, Ready};
use crate::requests::is_cancelled;
use crate::{Context, Handled, sources, specs};

/// More waiting exports than anybody reads at once; the rest is seen when these are done.
const MAX_PENDING: usize = 1_000;

/// Begins the next run of a sync, if it is idle and something waits. With `retry`, carried rows are reason enough.
///
/// The order counts: head first, then the list, then the swap. What the list shows is at least as new as the head.
pub async fn advance(ctx: &Context, sync: &SyncName, retry: bool) -> anyhow::Result<Handled> {
    loop {
        let read = read_head(ctx.store.as_ref(), sync).await?;
        if read.head.run.is_some() {
            return Ok(Handled::Done);
        }
        let waiting = pending(ctx, sync).await?;
        if let Some(entry) = cancelled(ctx, sync, &waiting).await? {
            // It needs no spec, no token and no turn: nothing of it is ever sent.
            if claim(ctx, sync, &read, opened(entry, RunKind::Cancelled, Vec::new())).await? {
                return Ok(Handled::Done);
            }
            continue;
        }
        let spec = match specs::load(ctx, sync).await? {
            Some(Ok(loaded)) => loaded.spec,
            Some(Err(error)) => {
                tracing::error!(sync = %sync, error, "the spec is invalid: the sync waits until it is corrected");
                return Ok(Handled::Done);
            }
            None => {
                tracing::warn!(sync = %sync, "the sync has no spec any more: nothing is sent");
                return Ok(Handled::Done);
            }
        };
        if !connected(ctx, &spec).await? {
            let next = ctx.settings.token.renew();
            tracing::warn!(sync = %sync, destination = %spec.destination, next, "the destination has no living token: the sync waits");
            return Ok(Handled::Done);
        }
        let Some(mut run) = choose(&spec, &read, &waiting, retry) else {
            return Ok(Handled::Done);
        };
        if spec.mode != Mode::Insert && read.age_seconds() < ctx.settings.quiet_seconds {
            return Ok(Handled::ComeBack(
                "the quiet time between two runs of an audience is not over",
            ));
        }
        if matches!(run.kind, RunKind::Export | RunKind::Retry) {
            match begin(ctx, &spec, &read, &run, &waiting).await? {
                Begin::Go => {}
                Begin::Unfit(message) if run.input.is_some() => run.unfit = Some(message),
                Begin::Unfit(message) => {
                    tracing::error!(sync = %sync, message, "rows are left over, and wait until the spec is corrected");
                    return Ok(Handled::Done);
                }
                Begin::Not(handled) => return Ok(handled),
            }
        }
        if claim(ctx, sync, &read, run).await? {
            return Ok(Handled::Done);
        }
    }
}

/// Whether a run with rows may begin.
enum Begin {
    /// It may.
    Go,
    /// Nothing of it can be sent: why, and the way out.
    Unfit(String),
    /// Not now.
    Not(Handled),
}

/// Looks whether the run fits what the state is the state of: an audience is found, or made; event sources are compared.
async fn begin(
    ctx: &Context,
    spec: &SyncSpec,
    read: &HeadRead,
    run: &OpenRun,
    waiting: &[(String, Pending)],
) -> anyhow::Result<Begin> {
    if spec.audience.is_none() {
        let checked = sources::check(ctx, spec, &read.head).await?;
        return Ok(checked.unfit.map_or(Begin::Go, Begin::Unfit));
    }
    let sync = &spec.name;
    if uploaded_today(spec, read) {
        let another = match audience::fit(ctx, spec, read.head.forget).await? {
            // What no day mends is told at once.
            Some(Fit::No(message)) => return Ok(Begin::Unfit(message)),
            // The day's upload was that of the audience before.
            Some(Fit::Changed(locked)) => locked.audience_id.is_none(),
            Some(Fit::Same) | None => false,
        };
        if another {
            return ready(ctx, spec, read, run, waiting).await;
        }
        tracing::info!(sync = %sync, "today's file is uploaded already: the export waits for the next day (UTC)");
        return Ok(Begin::Not(Handled::Done));
    }
    ready(ctx, spec, read, run, waiting).await
}

/// Finds the audience of a run, or makes it.
async fn ready(
    ctx: &Context,
    spec: &SyncSpec,
    read: &HeadRead,
    run: &OpenRun,
    waiting: &[(String, Pending)],
) -> anyhow::Result<Begin> {
    let sync = &spec.name;
    let input = |(key, _): &&(String, Pending)| run.input.as_ref() == Some(key);
    let entry = waiting.iter().find(input).map(|(_, entry)| entry);
    let log = CallLog::new(
        ctx.store.clone(),
        (sync, &run.id),
        CallsOf::Audience,
        Duration::ZERO,
    );
    let ready = audience::ready(ctx, spec, &read.head, entry, &log).await;
    // The audience's id is written down before its calls are kept for people.
    log.keep().await;
    Ok(match ready? {
        Ready::Go => Begin::Go,
        Ready::Unfit(message) => Begin::Unfit(message),
        Ready::Later(why) => Begin::Not(Handled::ComeBack(why)),
        Ready::NotConnected => Begin::Not(Handled::Done),
    })
}

/// Writes the run into the head; `false` when somebody was faster.
async fn claim(ctx: &Context, sync: &SyncName, read: &HeadRead, run: OpenRun) -> anyhow::Result<bool> {
    let mut head = read.head.next();
    tracing::info!(sync = %sync, run = %run.id, "run claimed");
    head.run = Some(run);
    Ok(swap_head(ctx.store.as_ref(), sync, read, &head).await?)
}

/// The first entry that a person cancelled while it waited.
async fn cancelled<'w>(
    ctx: &Context,
    sync: &SyncName,
    waiting: &'w [(String, Pending)],
) -> anyhow::Result<Option<&'w (String, Pending)>> {
    for entry in waiting {
        if is_cancelled(ctx, sync, &entry.1.run).await? {
            return Ok(Some(entry));
        }
    }
    Ok(None)
}

/// The run of a pending entry.
fn opened(entry: &(String, Pending), kind: RunKind, superseded: Vec<RunId>) -> OpenRun {
    OpenRun {
        id: entry.1.run.clone(),
        kind,
        state: RunState::Open,
        why: None,
        planner: PLANNER,
        superseded,
        input: Some(entry.0.clone()),
        unfit: None,
    }
}

/// TikTok takes one file upload a day for each audience, by the days of UTC.
fn uploaded_today(spec: &SyncSpec, read: &HeadRead) -> bool {
    spec.mode == Mode::All && read.head.upload_day == Some(read.now.as_second().div_euclid(86_400))
}

/// Whether the destination has a token that was not refused.
async fn connected(ctx: &Context, spec: &SyncSpec) -> anyhow::Result<bool> {
    let name = names::destination(&ctx.bucket, spec.destination.as_str());
    let Some(secret) = ctx.secrets.get(&name).await? else {
        return Ok(false);
    };
    let refused = is_refused(ctx.store.as_ref(), &spec.destination, &spec.name, &secret.version).await?;
    Ok(!refused)
}

/// What waits, oldest first. Entries whose run has a record are done, and go.
pub(crate) async fn pending(ctx: &Context, sync: &SyncName) -> anyhow::Result<Vec<(String, Pending)>> {
    let mut waiting = Vec::new();
    for listed in ctx
        .store
        .list(&keys::pending_prefix(sync), None, MAX_PENDING)
        .await?
    {
        let Some(entry) = facts::read::<Pending>(ctx.store.as_ref(), &listed.key).await? else {
            continue;
        };
        if ctx.store.stat(&keys::record(sync, &entry.run)).await?.is_some() {
            ctx.store
                .delete(&listed.key)
                .await
                .context("deleting a pending entry that is done")?;
        } else {
            waiting.push((listed.key, entry));
        }
    }
    Ok(waiting)
}

/// insert, add: the oldest export, each counts. mirror, all: the newest whole table; what came before it is superseded.
/// Then corrected rows, the oldest first; then requests, then carried rows. A resync of an audience goes before all. Under
/// a test event code neither left-over nor refused rows go.
fn choose(spec: &SyncSpec, read: &HeadRead, waiting: &[(String, Pending)], retry: bool) -> Option<OpenRun> {
    // What an export of an audience is refused for may be just what a resync allows.
    let is_resync = |entry: &&(String, Pending)| entry.1.request == PendingRequest::Resync;
    if let Some(entry) = waiting.iter().find(is_resync).filter(|_| spec.audience.is_some()) {
        return Some(opened(entry, RunKind::Resync, Vec::new()));
    }
    let mut exports: Vec<_> = waiting
        .iter()
        .filter(|entry| matches!(entry.1.request, PendingRequest::Export { .. }))
        .collect();
    exports.sort_by_key(|entry| newest(&entry.1.request));
    let whole = matches!(spec.mode, Mode::Mirror | Mode::All);
    let is_table = |entry: &&(String, Pending)| {
        let only_adds = matches!(entry.1.request, PendingRequest::Export { only_adds: true, .. });
        whole && !only_adds
    };
    if let Some(at) = exports.iter().rposition(is_table) {
        let entry = exports.get(at)?;
        let before = exports.get(..at).unwrap_or_default();
        let superseded = before.iter().map(|other| other.1.run.clone()).collect();
        let kind = if is_late(&read.head, &entry.1.request) {
            RunKind::Late
        } else {
            RunKind::Export
        };
        return Some(opened(entry, kind, superseded));
    }
    // A file that was left over replaces the audience, so it goes before one that adds to it.
    let replaces_first = spec.mode == Mode::All && !read.head.carried.is_empty();
    if let Some(entry) = exports.first().filter(|_| !replaces_first) {
        return Some(opened(entry, RunKind::Export, Vec::new()));
    }
    // What was left over, or refused, is no part of a test: it waits until the test event code is out of the spec.
    let is_request = |entry: &&(String, Pending)| match entry.1.request {
        PendingRequest::Export { .. } => false,
        PendingRequest::Resync => true,
        PendingRequest::Retry { .. } => !spec.is_test(),
    };
    if let Some(entry) = waiting.iter().find(is_request) {
        let kind = if entry.1.request == PendingRequest::Resync {
            RunKind::Resync
        } else {
            RunKind::Retry
        };
        return Some(opened(entry, kind, Vec::new()));
    }
    let last = read.head.carried.last().filter(|_| retry && !spec.is_test())?;
    Some(OpenRun {
        id: carried_run_id(last, read.head.rev),
        kind: RunKind::Retry,
        state: RunState::Open,
        why: None,
        planner: PLANNER,
        superseded: Vec::new(),
        input: None,
        unfit: None,
    })
}

/// Whether an export is older than one that was applied. S3 tells whole seconds: of two exports of one second the one
/// that comes second is taken for the newer one.
fn is_late(head: &Head, request: &PendingRequest) -> bool {
    let applied = head.newest.as_ref().map(|newest| newest.last_modified);
    applied > newest(request).map(|newest| newest.last_modified)
}

/// How new an export is. Of those of one second that wait together, the names decide.
pub(crate) fn newest(request: &PendingRequest) -> Option<Newest> {
    match request {
        PendingRequest::Export {
            key, last_modified, ..
        } => Some(Newest {
            last_modified: *last_modified,
            key: key.clone(),
        }),
        _ => None,
    }
}
