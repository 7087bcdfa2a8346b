//! The stages of a large run. One rule for all: a task looks whether its run is the open one and whether its result
//! is missing; writes the result; then looks whether the stage is over, and opens the next one. Whoever comes last
//! moves on; when two come last, the second meets what is there already.

use anyhow::Context as _;
use bytes::Bytes;
use runtime::facts;
use runtime::register::{HeadRead, read_head};
use runtime::settle::settle;
use runtime::store::Store;
use sync_core::diff::{KeyDigest, Snapshot};
use sync_core::names::{RunId, SyncName};
use sync_core::run::{CloseReason, Cut, Generation, Head, OpenRun, Plan, SentTo, Stage, keys};

use crate::planner::{Planner, planner};
use crate::run::{Run, pinned_spec};
use crate::{Context, Handled, audience, closing, emit_part, finish, fold, merge_partition, scan_part};

/// More results than a stage may have: a listing is one page.
const MANY: usize = 100_000;

/// Does a task of the open run.
pub(crate) async fn on_task(
    ctx: &Context,
    sync: &SyncName,
    run: &RunId,
    stage: Stage,
    index: u32,
) -> anyhow::Result<Handled> {
    let read = read_head(ctx.store.as_ref(), sync).await?;
    let Some(open) = read.head.open(run) else {
        return Ok(Handled::Done);
    };
    match planner(open) {
        Planner::Newer => return Ok(Handled::ComeBack("a newer version of ingest plans this run")),
        Planner::Older => return closing::close(ctx, sync, &read, CloseReason::NewPlanner).await,
        Planner::Same => {}
    }
    if stage == Stage::Finish {
        return finish::finish(ctx, sync, run).await;
    }
    let key = keys::plan(sync, run);
    let plan: Plan = facts::read(ctx.store.as_ref(), &key)
        .await?
        .with_context(|| format!("{key} is gone"))?;
    let Some(cut) = plan.stages() else {
        tracing::warn!(sync = %sync, run = %run, stage = stage.as_str(), "a small run has no such task");
        return Ok(Handled::Done);
    };
    let spec = pinned_spec(sync, &plan)?;
    let id = &open.id;
    let run = Run {
        ctx,
        sync,
        id,
        plan: &plan,
        spec: &spec,
    };
    let is_audience = spec.audience.is_some();
    match stage {
        Stage::Scan => scan(&run, cut, index).await,
        Stage::Merge => merge(&run, cut, &read.head, index).await,
        Stage::Emit if is_audience => audience::emit(&run, cut, &read.head, index).await,
        Stage::Emit => emit(&run, cut, &read.head, index).await,
        Stage::Sift if is_audience => audience::sift(&run, cut, &read.head, index).await,
        Stage::Publish if is_audience => audience::publish(&run, cut, &read.head, index).await,
        Stage::Fold => fold(&run, &read, open, index).await,
        Stage::Sift | Stage::Publish | Stage::Finish => Ok(Handled::Done),
    }
}

/// Opens the first stage of a large run.
pub(crate) async fn begin(
    ctx: &Context,
    sync: &SyncName,
    run: &RunId,
    plan: &Plan,
    cut: &Cut,
) -> anyhow::Result<()> {
    let store = ctx.store.as_ref();
    if cut.parts.is_empty() {
        let stage = if plan.audience.is_some() {
            Stage::Publish
        } else {
            Stage::Emit
        };
        return open_tasks(store, sync, run, stage, cut.last_part()..=cut.last_part()).await;
    }
    open_tasks(store, sync, run, Stage::Scan, 0..=cut.last_part() - 1).await
}

pub(crate) async fn open_tasks(
    store: &dyn Store,
    sync: &SyncName,
    run: &RunId,
    stage: Stage,
    indexes: std::ops::RangeInclusive<u32>,
) -> anyhow::Result<()> {
    for index in indexes {
        let key = keys::task(sync, run, stage, index);
        let _ = store.put_new(&key, Bytes::from_static(b"{}\n")).await?;
    }
    Ok(())
}

pub(crate) async fn results(run: &Run<'_>, prefix: &str) -> anyhow::Result<usize> {
    Ok(run.store().list(prefix, None, MANY).await?.len())
}

async fn scan(run: &Run<'_>, cut: &Cut, part: u32) -> anyhow::Result<Handled> {
    let Some(range) = cut.parts.get(part as usize) else {
        return Ok(Handled::Done);
    };
    if run
        .store()
        .stat(&keys::work(run.sync, run.id, "scan", part))
        .await?
        .is_none()
    {
        scan_part::scan_part(run, cut, *range, part).await?;
    }
    if results(run, &keys::work_prefix(run.sync, run.id, "scan")).await? == cut.parts.len() {
        open_tasks(
            run.store(),
            run.sync,
            run.id,
            Stage::Merge,
            0..=cut.partitions - 1,
        )
        .await?;
    }
    Ok(Handled::Done)
}

async fn merge(run: &Run<'_>, cut: &Cut, head: &Head, partition: u32) -> anyhow::Result<Handled> {
    if partition >= cut.partitions {
        return Ok(Handled::Done);
    }
    let key = keys::work(run.sync, run.id, "merge", partition);
    if run.store().stat(&key).await?.is_none() {
        merge_partition::merge_partition(run, cut, head, partition).await?;
    }
    let over = results(run, &keys::work_prefix(run.sync, run.id, "merge")).await?;
    if over as u64 == u64::from(cut.partitions) {
        open_tasks(
            run.store(),
            run.sync,
            run.id,
            Stage::Emit,
            0..=cut.last_part() - 1,
        )
        .await?;
    }
    Ok(Handled::Done)
}

/// The part of the carried rows comes last: they give way to rows of the export that pass the checks.
async fn emit(run: &Run<'_>, cut: &Cut, head: &Head, part: u32) -> anyhow::Result<Handled> {
    if part > cut.last_part() {
        return Ok(Handled::Done);
    }
    let key = keys::manifest(run.sync, run.id, part);
    if run.store().stat(&key).await?.is_none() {
        let manifest = match cut.parts.get(part as usize) {
            Some(range) => emit_part::emit_part(run, cut, head, *range, part).await?,
            None => emit_part::emit_carried(run, cut, head).await?,
        };
        let _ = facts::write(run.store(), &key, &manifest).await?;
    }
    settle(run.store(), run.sync, run.id, part).await?;
    if part < cut.last_part()
        && results(run, &keys::manifests_prefix(run.sync, run.id)).await? >= cut.parts.len()
    {
        let last = cut.last_part();
        open_tasks(run.store(), run.sync, run.id, Stage::Emit, last..=last).await?;
    }
    Ok(Handled::Done)
}

/// Opens the last stage before the end: a partition of the new snapshot each.
pub(crate) async fn open_fold(run: &Run<'_>) -> anyhow::Result<()> {
    open_tasks(
        run.store(),
        run.sync,
        run.id,
        Stage::Fold,
        0..=run.plan.partitions() - 1,
    )
    .await
}

async fn fold(run: &Run<'_>, read: &HeadRead, open: &OpenRun, partition: u32) -> anyhow::Result<Handled> {
    let partitions = run.plan.partitions();
    if partition >= partitions {
        return Ok(Handled::Done);
    }
    let head = &read.head;
    let generation = head.next_generation(run.id);
    let key = keys::snapshot(run.sync, &generation, partition);
    if run.store().stat(&key).await?.is_none() {
        let key = keys::work(run.sync, run.id, "not_accepted", 0);
        let (_, not_accepted) = run.slice::<KeyDigest>(&key, partitions, partition).await?;
        if audience::way(run.spec).is_some() {
            let not_removed = audience::not_removed(run, partition).await?;
            audience::fold_holders(run, head, partition, &not_removed).await?;
        }
        fold::fold_partition(run, head, partition, &not_accepted.into_iter().collect()).await?;
    }
    let prefix = keys::generation_prefix(run.sync, &generation);
    let mut written = run.store().list(&prefix, None, MANY).await?;
    // The keys come last: where they are, the identifiers beside them are too.
    written.retain(|object| !object.key.contains("/holders-"));
    if written.len() as u64 == u64::from(partitions) {
        let keys = written.iter().map(|object| Snapshot::keys_in(object.size)).sum();
        let generation = Generation {
            id: generation,
            partitions,
            keys,
            way: audience::way(run.spec),
            sources: SentTo::all_of(run.spec),
        };
        return finish::release_drafted(run, read, open, generation).await;
    }
    Ok(Handled::Done)
}
