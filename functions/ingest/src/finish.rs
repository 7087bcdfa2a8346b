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
    AudienceLooks, Figure, Generation, Head, OpenRun, Pending, PendingRequest, Plan, Record, RunKind,
    RunStatus, SentTo, Stop, keys,
};
use sync_core::spec::{Mode, SyncSpec};

use crate::advance::{newest, pending};
use crate::audience;
use crate::ending::Ending;
use crate::fold::{fold_partition, forgets};
use crate::record::{bare_record, kept, record, status, with_audience};
use crate::run::{Run, in_partitions, pinned_spec};
use crate::{Context, Handled, stages};

/// Ends the open run. What is done already is found, and not done again.
pub(crate) async fn finish(ctx: &Context, sync: &SyncName, run: &RunId) -> anyhow::Result<Handled> {
    let read = read_head(ctx.store.as_ref(), sync).await?;
    let Some(open) = read.head.open(run).cloned() else {
        return Ok(Handled::Done);
    };
    let status = match open.kind {
        RunKind::Resync => RunStatus::Resynced,
        RunKind::Late => RunStatus::Superseded,
        RunKind::Cancelled => RunStatus::Cancelled,
        RunKind::Export | RunKind::Retry => return with_rows(ctx, sync, &open, &read).await,
    };
    let mut record = Record {
        export: waiting_export(ctx, &open).await?,
        ..bare_record(sync, &open, &read, status)
    };
    if open.kind == RunKind::Late {
        record.reason = Some("a newer export of the whole audience had been applied before it came; `tideline run SPEC FILE` applies this one anyway".to_owned());
    }
    if open.kind == RunKind::Cancelled {
        record.kind = match &record.export {
            Some(_) => RunKind::Export,
            None => RunKind::Retry,
        };
        record.reason = Some("it was cancelled while it waited: nothing of it was sent".to_owned());
    }
    let head = Head {
        forget: read.head.forget || open.kind == RunKind::Resync,
        run: None,
        ..read.head.next()
    };
    // What came before an export that is late is late too.
    let applied = Applied(open.kind == RunKind::Late);
    release(ctx, sync, &open, &read, &record, (head, applied)).await
}

/// The key of the export of a run that no plan tells of.
pub(crate) async fn waiting_export(ctx: &Context, open: &OpenRun) -> anyhow::Result<Option<String>> {
    let Some(input) = &open.input else {
        return Ok(None);
    };
    let entry: Option<Pending> = facts::read(ctx.store.as_ref(), input).await?;
    Ok(entry.and_then(|entry| match entry.request {
        PendingRequest::Export { key, .. } => Some(key),
        PendingRequest::Retry { .. } | PendingRequest::Resync => None,
    }))
}

/// Whether an export was applied: its batches were written, whatever TikTok said of them. Only such a one takes the
/// place of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Applied(pub(crate) bool);

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
    let is_test = spec.as_ref().is_some_and(SyncSpec::is_test);
    let status = status(
        &ending,
        stop.as_ref(),
        &kept(ctx, sync, open, &read.head, is_test, &ending),
    );
    let record = record(sync, open, read, &plan, spec.as_ref(), &ending, status);
    let mut record = with_audience(ctx, &plan, spec.as_ref(), record).await?;
    // Files that TikTok refused took no other ones' place: what earlier runs left over still waits.
    let stands_aside = open.kind == RunKind::Export && ending.upload_refused();
    let took_in = took_in(&record, &plan) && !stands_aside;
    if stands_aside {
        record.counts.carried_superseded = 0;
    }
    if took_in && !is_test {
        record.carried_from.clone_from(&read.head.carried);
    }
    write_rejected(ctx, sync, id, plan.manifests(), &ending.refused_lines).await?;
    let applied = Applied(took_in && !ending.upload_refused());
    let Some(run) = run.filter(|_| !is_test) else {
        let head = if is_test {
            untouched(&read.head)
        } else {
            let generation = read.head.generation.clone();
            next_head(
                read,
                open,
                &plan,
                &record,
                (generation, None),
                (took_in, applied),
                ending.upload_day,
            )
        };
        return release(ctx, sync, open, read, &record, (head, applied)).await;
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
            sources: SentTo::all_of(run.spec),
        })
    } else {
        read.head.generation.clone()
    };
    let generation = (generation, Some(run.spec));
    let head = next_head(
        read,
        open,
        &plan,
        &record,
        generation,
        (took_in, applied),
        ending.upload_day,
    );
    release(ctx, sync, open, read, &record, (head, applied)).await
}

/// The head after a run that leaves no mark.
fn untouched(head: &Head) -> Head {
    Head {
        run: None,
        ..head.next()
    }
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
    // A run that is not applied has no such stage.
    let applied = Applied(true);
    let generation = (Some(generation), Some(run.spec));
    let took_in = took_in(&record, run.plan);
    let head = next_head(
        read,
        open,
        run.plan,
        &record,
        generation,
        (took_in, applied),
        upload_day,
    );
    release(run.ctx, run.sync, open, read, &record, (head, applied)).await
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

/// The head after a run of a sync: `generation` with the spec whose event sources its keys are now those of.
fn next_head(
    read: &HeadRead,
    open: &OpenRun,
    plan: &Plan,
    record: &Record,
    (generation, spec): (Option<Generation>, Option<&SyncSpec>),
    (took_in, Applied(applied)): (bool, Applied),
    upload_day: Option<i64>,
) -> Head {
    let head = &read.head;
    let mut next = untouched(head);
    next.generation = generation;
    next.upload_day = next.upload_day.max(upload_day);
    if took_in {
        next.carried = if record.carried.is_empty() {
            Vec::new()
        } else {
            vec![open.id.clone()]
        };
        if let (Some(generation), Some(spec)) = (&mut next.generation, spec) {
            generation.sources = SentTo::all_of(spec);
        }
    }
    if open.kind == RunKind::Retry && !next.carried.is_empty() {
        next.retries = head.retries.saturating_add(1);
    } else if took_in {
        next.retries = 0;
    }
    // What was stopped before anything was sent stands in nobody's way.
    if open.kind == RunKind::Export && applied && !plan.only_adds() {
        next.forget = false;
        next.newest = next.newest.max(plan.export.as_ref().and_then(newest));
        if plan.audience.as_ref().is_some_and(|audience| audience.whole) {
            next.table_rev = head.rev;
        }
    }
    // Files of a retry that TikTok took are the audience from then on.
    let files = spec.is_some_and(|spec| spec.mode == Mode::All) && record.sums.accepted > 0;
    if open.kind == RunKind::Retry && files {
        next.table_rev = head.rev;
    }
    next
}

/// Whether a run took in what earlier ones had left over, and put its rows into batches. A run that was stopped before
/// that has not, but for a large one of events, whose parts are judged one by one. Of audiences all that was prepared is
/// then dropped, in large runs too.
fn took_in(record: &Record, plan: &Plan) -> bool {
    let in_stages = plan.stages().is_some() && plan.audience.is_none();
    let stopped = matches!(record.status, RunStatus::Aborted | RunStatus::StoppedByGuard);
    let unfit = record.status == RunStatus::Misconfigured && record.sent_nothing();
    in_stages || !(stopped || unfit)
}

/// The record first, then the one write that swaps the snapshot, names what is carried and frees the sync; then the
/// pending entries go.
pub(crate) async fn release(
    ctx: &Context,
    sync: &SyncName,
    open: &OpenRun,
    read: &HeadRead,
    record: &Record,
    (head, Applied(applied)): (Head, Applied),
) -> anyhow::Result<Handled> {
    let store = ctx.store.as_ref();
    // What an export pushed aside that was not applied itself has no record: it goes on waiting.
    if applied && !open.superseded.is_empty() {
        for (_, entry) in pending(ctx, sync).await? {
            if let PendingRequest::Export { key, .. } = entry.request
                && open.superseded.contains(&entry.run)
            {
                let reason = format!(
                    "{}, which is newer, was applied in its place by the run {}; `tideline run SPEC FILE` applies the older one anyway",
                    record.export.as_deref().unwrap_or("another export"),
                    open.id
                );
                let superseded = Record {
                    run: entry.run,
                    kind: RunKind::Export,
                    export: Some(key),
                    reason: Some(reason),
                    ..bare_record(sync, open, read, RunStatus::Superseded)
                };
                let key = keys::record(sync, &superseded.run);
                let _ = facts::write(store, &key, &superseded).await?;
            }
        }
    }
    let _ = facts::write(store, &keys::record(sync, &open.id), record).await?;
    if swap_head(store, sync, read, &head).await? {
        log_end(record, &head);
    }
    if let Some(input) = &open.input {
        store.delete(input).await?;
    }
    write_report(ctx, sync, &open.id).await?;
    // What they left over is left over no more, or by this run.
    for earlier in read.head.carried.iter().filter(|run| !head.carried.contains(run)) {
        write_report(ctx, sync, earlier).await?;
    }
    Ok(Handled::Done)
}

/// Says in the log that a run has ended, with its figures under the names that they have everywhere.
fn log_end(record: &Record, head: &Head) {
    let (sync, run, status) = (&record.sync, &record.run, record.status.as_str());
    let [queried, unchanged, skipped, expired, rejected, withheld, to_send] =
        Figure::BEFORE.map(|figure| figure.of(record, 0));
    let left_over = record.left_over(head);
    let [carried_in, accepted, refused, left_over, unanswered, lost] =
        Figure::AFTER.map(|figure| figure.of(record, left_over));
    macro_rules! said {
        ($level:ident) => {
            tracing::$level!(
                sync = %sync, run = %run, status, queried, unchanged, skipped, expired, rejected, withheld, to_send,
                carried_in, accepted, refused, left_over, unanswered, lost, "run ended"
            )
        };
    }
    // The alarm that asks a person to connect again reads this line, at any log level.
    if record.status == RunStatus::NeedsReauthorisation {
        said!(error);
    } else {
        said!(info);
    }
    if record.status == RunStatus::Incomplete {
        let rows = record.sums.carried_out;
        tracing::warn!(sync = %sync, run = %run, rows, "rows are left over: TikTok gave no clear answer");
    }
}

/// The page of the record that counts, which may be another writer's.
pub(crate) async fn write_report(ctx: &Context, sync: &SyncName, run: &RunId) -> anyhow::Result<()> {
    if let Some(record) = facts::read::<Record>(ctx.store.as_ref(), &keys::record(sync, run)).await? {
        let looks: Option<AudienceLooks> = facts::read(ctx.store.as_ref(), &keys::looks(sync)).await?;
        let looks = looks.unwrap_or_default();
        let head = read_head(ctx.store.as_ref(), sync).await?.head;
        let page = Bytes::from(crate::report::page(&record, record.left_over(&head), &looks));
        ctx.store.put(&keys::report(sync, run), page).await?;
    }
    Ok(())
}
