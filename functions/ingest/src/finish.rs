//! The end of a run: what became of its rows, the new snapshot, the record, and one write of the head that frees the
//! sync.

use std::collections::{BTreeMap, HashSet};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use runtime::facts;
use runtime::register::{HeadRead, read_head, swap_head};
use runtime::store::Store;
use serde::Serialize;
use serde_json::value::RawValue;
use sync_core::diff::{KeyDigest, Snapshot};
use sync_core::names::{RunId, SyncName};
use sync_core::run::keys::BatchId;
use sync_core::run::{
    Batch, Counts, Generation, Head, Manifest, OpenRun, Outcome, PartEnd, PendingRequest, Plan, Record,
    Refusal, RunKind, RunStatus, Stop, StopStatus, Sums, keys,
};
use sync_core::spec::{OutOfRange, SyncSpec};

use crate::advance::newest;
use crate::fold::{day_of, fold, snapshot_bytes};
use crate::{Context, Handled, specs};

/// Keys are kept this many days longer than an event may be old.
const FORGET_MARGIN_DAYS: u64 = 7;

/// Ends the open run. What is done already is found, and not done again.
pub(crate) async fn finish(ctx: &Context, sync: &SyncName, run: &RunId) -> anyhow::Result<Handled> {
    let store = ctx.store.as_ref();
    let read = read_head(store, sync).await?;
    let Some(open) = read.head.open(run).cloned() else {
        return Ok(Handled::Done);
    };
    match open.kind {
        RunKind::Resync => {
            let record = bare_record(sync, &open, &read, RunStatus::Resynced);
            let head = Head {
                forget: true,
                run: None,
                ..read.head.next()
            };
            release(ctx, sync, &open, &read, &record, head).await
        }
        RunKind::Late => {
            let record = bare_record(sync, &open, &read, RunStatus::Superseded);
            let head = Head {
                run: None,
                ..read.head.next()
            };
            release(ctx, sync, &open, &read, &record, head).await
        }
        RunKind::Export | RunKind::Retry => {
            let key = keys::plan(sync, run);
            let plan: Plan = facts::read(store, &key)
                .await?
                .with_context(|| format!("{key} is gone"))?;
            let mut ending = Ending::default();
            for part in 0..plan.manifests() {
                ending.part(store, sync, run, part).await?;
            }
            let stop: Option<Stop> = facts::read(store, &keys::stop(sync, run)).await?;
            let spec = specs::parse(&keys::spec(sync), plan.spec.as_bytes())
                .ok()
                .map(|loaded| loaded.spec);
            let generation =
                new_generation(ctx, sync, &open, &read.head, &plan, spec.as_ref(), &ending).await?;
            let record = ending.record(sync, &open, &plan, spec.as_ref(), stop.as_ref(), &read);
            write_rejected(ctx, sync, run, &plan, &ending.refused_lines).await?;
            let head = next_head(&read.head, &open, &plan, &record, generation);
            release(ctx, sync, &open, &read, &record, head).await
        }
    }
}

fn bare_record(sync: &SyncName, open: &OpenRun, read: &HeadRead, status: RunStatus) -> Record {
    Record {
        run: open.id.clone(),
        sync: sync.clone(),
        kind: open.kind,
        status,
        reason: None,
        export: None,
        started: read.last_modified.as_second(),
        finished: read.now.as_second(),
        counts: Counts::default(),
        sums: Sums::default(),
        calls: BTreeMap::new(),
        carried: Vec::new(),
        refused: Vec::new(),
        inconsistent: Vec::new(),
        test_event_code: None,
    }
}

/// What the manifests and outcomes of a run say.
#[derive(Default)]
struct Ending {
    counts: Counts,
    sums: Sums,
    calls: BTreeMap<String, u64>,
    end: Option<PartEnd>,
    carried: Vec<String>,
    refused: Vec<String>,
    carried_why: Option<String>,
    not_accepted: HashSet<KeyDigest>,
    refused_keys: HashSet<KeyDigest>,
    lost_rows: u64,
    refused_lines: Vec<u8>,
}

/// A row that TikTok refused, as `rejected.jsonl` shows it.
#[derive(Serialize)]
struct RefusedRow<'a> {
    record: u64,
    line: Option<u64>,
    primary_key: &'a RawValue,
    field: Option<&'a str>,
    column: Option<&'a str>,
    code: &'a str,
    tiktok_code: i64,
    message: &'a str,
}

impl Ending {
    async fn part(
        &mut self,
        store: &dyn Store,
        sync: &SyncName,
        run: &RunId,
        part: u32,
    ) -> anyhow::Result<()> {
        let key = keys::manifest(sync, run, part);
        let manifest: Manifest = facts::read(store, &key)
            .await?
            .with_context(|| format!("{key} is gone"))?;
        self.counts.add(&manifest.counts);
        if self.end.is_none() {
            self.end = manifest.end;
        }
        for (number, rows) in (0..).zip(&manifest.batches) {
            let batch = BatchId {
                sync: sync.clone(),
                run: run.clone(),
                part,
                number,
            };
            let key = batch.outcome();
            let outcome: Outcome = facts::read(store, &key)
                .await?
                .with_context(|| format!("{key} is gone"))?;
            if outcome.rows != *rows {
                bail!("{key} speaks of {} rows, its manifest of {rows}", outcome.rows);
            }
            self.batch(store, &batch, &outcome).await?;
        }
        Ok(())
    }

    async fn batch(&mut self, store: &dyn Store, id: &BatchId, outcome: &Outcome) -> anyhow::Result<()> {
        for (code, count) in &outcome.calls {
            *self.calls.entry(code.clone()).or_default() += count;
        }
        if outcome.lost {
            self.lost_rows += u64::from(outcome.rows);
            return Ok(());
        }
        if outcome.carried.is_empty() && outcome.refused.is_empty() {
            return Ok(());
        }
        let key = id.key();
        let object = store
            .get(&key)
            .await?
            .with_context(|| format!("{key} is gone, and its outcome names rows of it"))?;
        let batch = Batch::read(&object.body)?;
        let key_of = |row: u32| batch.rows.get(row as usize).map(|row| row.key);
        self.not_accepted
            .extend(outcome.carried.iter().filter_map(key_of));
        self.refused_keys
            .extend(outcome.refused_rows().filter_map(key_of));
        if !outcome.carried.is_empty() {
            self.carried.push(id.outcome());
            self.carried_why = self.carried_why.take().or_else(|| outcome.why.clone());
        }
        if !outcome.refused.is_empty() {
            self.refused.push(id.outcome());
        }
        for refusal in &outcome.refused {
            self.describe(&batch, refusal);
        }
        Ok(())
    }

    fn describe(&mut self, batch: &Batch<'_>, refusal: &Refusal) {
        for row in refusal.rows.iter().filter_map(|row| batch.rows.get(row as usize)) {
            let line = RefusedRow {
                record: row.record,
                line: row.line,
                primary_key: row.shown_key,
                field: refusal.field.as_deref(),
                column: None,
                code: "refused_by_tiktok",
                tiktok_code: refusal.code,
                message: &refusal.message,
            };
            if serde_json::to_writer(&mut self.refused_lines, &line).is_ok() {
                self.refused_lines.push(b'\n');
            }
        }
    }

    /// Rows are counted by key: a row that makes several events is refused when one of them is, and carried when one
    /// of them is and none is refused.
    fn sums(&self) -> Sums {
        let refused = self.refused_keys.len() as u64;
        let carried_out = self.not_accepted.difference(&self.refused_keys).count() as u64;
        let sent = self.counts.to_send + self.counts.carried_in;
        Sums {
            accepted: sent.saturating_sub(refused + carried_out + self.lost_rows),
            refused,
            carried_out,
            lost: self.lost_rows,
        }
    }

    fn record(
        &self,
        sync: &SyncName,
        open: &OpenRun,
        plan: &Plan,
        spec: Option<&SyncSpec>,
        stop: Option<&Stop>,
        read: &HeadRead,
    ) -> Record {
        let sums = self.sums();
        let failed = self.counts.rejected_total() + sums.refused + sums.carried_out + sums.lost > 0;
        let (status, reason) = match (&self.end, stop) {
            (Some(PartEnd::Broken { message }), _) => (RunStatus::Aborted, Some(message.clone())),
            (Some(PartEnd::Guard { message }), _) => (RunStatus::StoppedByGuard, Some(message.clone())),
            (None, Some(stop)) => {
                let status = match stop.status {
                    StopStatus::Misconfigured => RunStatus::Misconfigured,
                    StopStatus::NeedsReauthorisation => RunStatus::NeedsReauthorisation,
                };
                (status, Some(stop.message.clone()))
            }
            (None, None) if failed => (RunStatus::CompletedWithErrors, self.carried_why.clone()),
            (None, None) => (RunStatus::Completed, None),
        };
        let export = match &plan.export {
            Some(PendingRequest::Export { key, .. }) => Some(key.clone()),
            _ => None,
        };
        // A run that was stopped before it sent has rows that are in no sum of what was sent, on purpose.
        let inconsistent = if self.end.is_some() {
            Vec::new()
        } else {
            Record::check(&self.counts, &sums)
        };
        for fault in &inconsistent {
            tracing::error!(sync = %sync, run = %open.id, fault, "the sums of the run do not add up: a fault in Tideline");
        }
        Record {
            status,
            reason,
            export,
            started: plan.now,
            counts: self.counts.clone(),
            sums,
            calls: self.calls.clone(),
            carried: self.carried.clone(),
            refused: self.refused.clone(),
            inconsistent,
            test_event_code: spec
                .and_then(|spec| spec.events.iter().find_map(|block| block.test_event_code.clone())),
            ..bare_record(sync, open, read, status)
        }
    }
}

/// Writes the snapshot that the head will name. A run that put nothing into batches keeps the old one.
async fn new_generation(
    ctx: &Context,
    sync: &SyncName,
    open: &OpenRun,
    head: &Head,
    plan: &Plan,
    spec: Option<&SyncSpec>,
    ending: &Ending,
) -> anyhow::Result<Option<Generation>> {
    let store = ctx.store.as_ref();
    let Some(sent) = store.get(&keys::work(sync, &open.id, "sent", 0)).await? else {
        return Ok(head.generation.clone());
    };
    let sent = Snapshot::read(&sent.body)?;
    if sent.is_empty() && !head.forget {
        return Ok(head.generation.clone());
    }
    let old = snapshot_bytes(store, sync, head.generation.as_ref()).await?;
    let forgotten = head.forget && plan.export.is_some();
    let old = if forgotten {
        Snapshot::EMPTY
    } else {
        Snapshot::read(&old)?
    };
    let missing: HashSet<KeyDigest> = ending.not_accepted.union(&ending.refused_keys).copied().collect();
    let folded = fold(old, sent, &missing, forget_before(spec, plan.now));
    let generation = Generation {
        id: head.next_generation(&open.id),
        partitions: 1,
        keys: folded.len() as u64,
    };
    let _ = store
        .put_new(
            &keys::snapshot(sync, &generation.id, 0),
            Bytes::from(folded.finish()),
        )
        .await?;
    Ok(Some(generation))
}

/// The day before which keys are forgotten: no event with such a key could be sent any more, since it would be older
/// than `max_age`. Where events out of range are sent with a warning, nothing is forgotten.
fn forget_before(spec: Option<&SyncSpec>, now: i64) -> u16 {
    let Some(spec) = spec else {
        return 0;
    };
    if spec.events.is_empty()
        || spec
            .events
            .iter()
            .any(|block| block.when_out_of_range == OutOfRange::Warn)
    {
        return 0;
    }
    let days = spec
        .events
        .iter()
        .map(|block| block.max_age.as_secs().div_ceil(86_400))
        .max()
        .unwrap_or(0);
    day_of(now).saturating_sub(u16::try_from(days + FORGET_MARGIN_DAYS).unwrap_or(u16::MAX))
}

async fn write_rejected(
    ctx: &Context,
    sync: &SyncName,
    run: &RunId,
    plan: &Plan,
    refused: &[u8],
) -> anyhow::Result<()> {
    let mut lines = Vec::new();
    for part in 0..plan.manifests() {
        if let Some(object) = ctx.store.get(&keys::work(sync, run, "rejected", part)).await? {
            lines.extend_from_slice(&object.body);
        }
    }
    lines.extend_from_slice(refused);
    ctx.store
        .put(&keys::rejected(sync, run), Bytes::from(lines))
        .await?;
    Ok(())
}

fn next_head(
    head: &Head,
    open: &OpenRun,
    plan: &Plan,
    record: &Record,
    generation: Option<Generation>,
) -> Head {
    let mut next = head.next();
    next.run = None;
    next.generation = generation;
    // A run that was stopped before it took the carried rows in leaves them where they are.
    let planned = !matches!(record.status, RunStatus::Aborted | RunStatus::StoppedByGuard);
    if planned {
        next.carried = if record.carried.is_empty() {
            Vec::new()
        } else {
            vec![open.id.clone()]
        };
        next.retries = if open.kind == RunKind::Retry && !next.carried.is_empty() {
            head.retries + 1
        } else {
            0
        };
    }
    if open.kind == RunKind::Export {
        if planned {
            next.forget = false;
        }
        next.newest = next.newest.max(plan.export.as_ref().and_then(newest));
    }
    next
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
        tracing::info!(sync = %sync, run = %open.id, status = record.status.as_str(), "run ended");
    }
    if let Some(input) = &open.input {
        store.delete(input).await?;
    }
    Ok(Handled::Done)
}
