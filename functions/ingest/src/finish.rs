//! The end of a run: what became of its rows, the new snapshot, the record, and one write of the head that frees the
//! sync.

use std::collections::HashSet;
use std::io::Write as _;

use anyhow::Context as _;
use bytes::Bytes;
use runtime::facts;
use runtime::register::{HeadRead, read_head, swap_head};
use serde::{Deserialize, Serialize};
use sync_core::diff::KeyDigest;
use sync_core::names::{RunId, SyncName};
use sync_core::run::{
    AudienceLooks, Generation, Head, OpenRun, Plan, Record, RunKind, RunStatus, Stop, keys,
};

use crate::advance::newest;
use crate::audience;
use crate::ending::Ending;
use crate::fold::{fold_partition, forgets};
use crate::record::{bare_record, record, status};
use crate::run::{Run, in_partitions, pinned_spec};
use crate::{Context, Handled, stages};

/// Ends the open run. What is done already is found, and not done again.
pub(crate) async fn finish(ctx: &Context, sync: &SyncName, run: &RunId) -> anyhow::Result<Handled> {
    let read = read_head(ctx.store.as_ref(), sync).await?;
    let Some(open) = read.head.open(run).cloned() else {
        return Ok(Handled::Done);
    };
    let without_rows = |status, forget| {
        let record = bare_record(sync, &open, &read, status);
        let head = Head {
            forget: read.head.forget || forget,
            run: None,
            ..read.head.next()
        };
        (record, head)
    };
    let (record, head) = match open.kind {
        RunKind::Resync => without_rows(RunStatus::Resynced, true),
        RunKind::Late => without_rows(RunStatus::Superseded, false),
        RunKind::Export | RunKind::Retry => return with_rows(ctx, sync, &open, &read).await,
    };
    release(ctx, sync, &open, &read, &record, head).await
}

async fn with_rows(
    ctx: &Context,
    sync: &SyncName,
    open: &OpenRun,
    read: &HeadRead,
) -> anyhow::Result<Handled> {
    let store = ctx.store.as_ref();
    let id = &open.id;
    let key = keys::plan(sync, id);
    let plan: Plan = facts::read(store, &key)
        .await?
        .with_context(|| format!("{key} is gone"))?;
    let mut ending = Ending::default();
    for part in 0..plan.manifests() {
        ending.part(store, sync, id, part).await?;
    }
    let stop: Option<Stop> = facts::read(store, &keys::stop(sync, id)).await?;
    let spec = pinned_spec(sync, &plan).ok();
    let run = spec.as_ref().map(|spec| Run {
        ctx,
        sync,
        id,
        plan: &plan,
        spec,
    });
    if let Some(run) = &run {
        ending.find_lost_keys(run).await?;
    }
    let status = status(&ending, stop.as_ref());
    let mut record = record(sync, open, read, &plan, spec.as_ref(), &ending, status);
    if let Some(audience) = record.audience.as_mut().filter(|audience| audience.id.is_none()) {
        audience.id = audience::fixed_id(ctx, sync).await?;
    }
    write_rejected(ctx, sync, id, plan.manifests(), &ending.refused_lines).await?;
    let Some(run) = run else {
        let head = next_head(
            &read.head,
            open,
            &plan,
            &record,
            read.head.generation.clone(),
            ending.upload_day,
        );
        return release(ctx, sync, open, read, &record, head).await;
    };
    let not_accepted = ending.not_accepted();
    // An audience's export that was judged unfit to be sent leaves nothing behind.
    let judged_unfit = plan.audience.is_some() && ending.end.is_some();
    let as_it_was = judged_unfit || ending.upload_refused();
    if plan.stages().is_some() && !as_it_was {
        return draft(&run, &record, not_accepted, &ending).await;
    }
    // A run that put nothing into batches keeps the snapshot that there is; one of an audience may have dropped keys.
    let sent = ending.counts.to_send + ending.counts.carried_in + ending.counts.to_delete > 0;
    let anew = ending.end.is_none() && (forgets(&read.head, &plan) || audience::way(run.spec).is_some());
    let generation = if (sent || anew) && !as_it_was {
        let keys = fold_partition(&run, &read.head, 0, &not_accepted).await?;
        audience::fold_holders(&run, &read.head, 0, &ending.not_removed).await?;
        let id = read.head.next_generation(id);
        Some(Generation {
            id,
            partitions: 1,
            keys,
            way: audience::way(run.spec),
        })
    } else {
        read.head.generation.clone()
    };
    let head = next_head(&read.head, open, &plan, &record, generation, ending.upload_day);
    release(ctx, sync, open, read, &record, head).await
}

/// The end of a large run has a stage of its own: the record waits as a draft until the new snapshot is written.
async fn draft(
    run: &Run<'_>,
    record: &Record,
    not_accepted: HashSet<KeyDigest>,
    ending: &Ending,
) -> anyhow::Result<Handled> {
    let mut digests: Vec<KeyDigest> = not_accepted.into_iter().collect();
    digests.sort_unstable();
    let partitions = run.plan.partitions();
    let object = in_partitions(partitions, digests.into_iter(), |key| key.partition(partitions));
    let key = keys::work(run.sync, run.id, "not_accepted", 0);
    let _ = run.store().put_new(&key, Bytes::from(object)).await?;
    audience::keep_not_removed(run, &ending.not_removed).await?;
    let upload_day = Drafted {
        upload_day: ending.upload_day,
    };
    let _ = facts::write(
        run.store(),
        &keys::work(run.sync, run.id, "upload_day", 0),
        &upload_day,
    )
    .await?;
    let _ = facts::write(run.store(), &keys::work(run.sync, run.id, "record", 0), record).await?;
    stages::open_fold(run).await?;
    Ok(Handled::Done)
}

/// What the head takes from a large run's outcomes, beside the record.
#[derive(Serialize, Deserialize)]
struct Drafted {
    upload_day: Option<i64>,
}

/// Ends a large run whose new snapshot is written.
pub(crate) async fn release_drafted(
    run: &Run<'_>,
    read: &HeadRead,
    open: &OpenRun,
    generation: Generation,
) -> anyhow::Result<Handled> {
    let key = keys::work(run.sync, run.id, "record", 0);
    let record: Record = facts::read(run.store(), &key)
        .await?
        .with_context(|| format!("{key} is gone"))?;
    let key = keys::work(run.sync, run.id, "upload_day", 0);
    let drafted: Option<Drafted> = facts::read(run.store(), &key).await?;
    let upload_day = drafted.and_then(|drafted| drafted.upload_day);
    let head = next_head(&read.head, open, run.plan, &record, Some(generation), upload_day);
    release(run.ctx, run.sync, open, read, &record, head).await
}

/// `rejected.jsonl`: what each part refused, then what TikTok refused. Derived: it may be written again.
pub(crate) async fn write_rejected(
    ctx: &Context,
    sync: &SyncName,
    run: &RunId,
    parts: u32,
    refused: &[u8],
) -> anyhow::Result<()> {
    let file = tempfile::NamedTempFile::new_in(&ctx.settings.spool).context("making a temporary file")?;
    let mut out = file.as_file();
    for part in 0..parts {
        if let Some(object) = ctx.store.get(&keys::work(sync, run, "rejected", part)).await? {
            out.write_all(&object.body)
                .context("putting the rejected rows together")?;
        }
    }
    out.write_all(refused)
        .context("putting the rejected rows together")?;
    ctx.store
        .put_file(&keys::rejected(sync, run), file.path())
        .await?;
    Ok(())
}

fn next_head(
    head: &Head,
    open: &OpenRun,
    plan: &Plan,
    record: &Record,
    generation: Option<Generation>,
    upload_day: Option<i64>,
) -> Head {
    let mut next = head.next();
    next.run = None;
    next.generation = generation;
    next.upload_day = next.upload_day.max(upload_day);
    // A small run that ended early has not taken the carried rows in: they stay where they are.
    let in_stages = plan.stages().is_some() && plan.audience.is_none();
    let planned = in_stages || !ended_early(record, plan);
    if planned {
        next.carried = if record.carried.is_empty() {
            Vec::new()
        } else {
            vec![open.id.clone()]
        };
        next.retries = if open.kind == RunKind::Retry && !next.carried.is_empty() {
            head.retries.saturating_add(1)
        } else {
            0
        };
    }
    if open.kind == RunKind::Export {
        if planned && !plan.only_adds() {
            next.forget = false;
        }
        // What was stopped before anything was sent stands in nobody's way.
        if planned && !plan.only_adds() {
            next.newest = next.newest.max(plan.export.as_ref().and_then(newest));
        }
        let whole = plan.audience.as_ref().is_some_and(|audience| audience.whole);
        if planned && !plan.only_adds() && whole {
            next.table_rev = head.rev;
        }
    }
    next
}

/// Whether a run ended before it had put anything into batches. Of audiences all that was prepared is then dropped, in
/// large runs too.
fn ended_early(record: &Record, plan: &Plan) -> bool {
    let stopped = matches!(record.status, RunStatus::Aborted | RunStatus::StoppedByGuard);
    let unfit = record.status == RunStatus::Misconfigured && record.sent_nothing();
    stopped || (plan.audience.is_some() && unfit)
}

/// The record first, then the one write that swaps the snapshot, names what is carried and frees the sync; then the
/// pending entries go.
pub(crate) async fn release(
    ctx: &Context,
    sync: &SyncName,
    open: &OpenRun,
    read: &HeadRead,
    record: &Record,
    head: Head,
) -> anyhow::Result<Handled> {
    let store = ctx.store.as_ref();
    for other in &open.superseded {
        let mut superseded = bare_record(sync, open, read, RunStatus::Superseded);
        superseded.run = other.clone();
        let _ = facts::write(store, &keys::record(sync, other), &superseded).await?;
    }
    let _ = facts::write(store, &keys::record(sync, &open.id), record).await?;
    if swap_head(store, sync, read, &head).await? {
        let status = record.status.as_str();
        // The alarm that asks a person to connect again reads this line, at any log level.
        if record.status == RunStatus::NeedsReauthorisation {
            tracing::error!(sync = %sync, run = %open.id, status, "run ended");
        } else {
            tracing::info!(sync = %sync, run = %open.id, status, "run ended");
        }
    }
    if let Some(input) = &open.input {
        store.delete(input).await?;
    }
    write_report(ctx, sync, &open.id).await?;
    Ok(Handled::Done)
}

/// The page of the record that counts, which may be another writer's.
pub(crate) async fn write_report(ctx: &Context, sync: &SyncName, run: &RunId) -> anyhow::Result<()> {
    if let Some(record) = facts::read::<Record>(ctx.store.as_ref(), &keys::record(sync, run)).await? {
        let looks: Option<AudienceLooks> = facts::read(ctx.store.as_ref(), &keys::looks(sync)).await?;
        let looks = looks.unwrap_or_default();
        let page = Bytes::from(crate::report::page(&record, &looks));
        ctx.store.put(&keys::report(sync, run), page).await?;
    }
    Ok(())
}
