//! Closing a run before its end: a person cancelled it, newer code took over, or nothing happened for a day.
//!
//! From the write that says `closing` no `deliver` begins to send for the run; after the quiet time all that had begun
//! are dead. Then the run ends with what its batches and outcomes say.

use anyhow::Context as _;
use bytes::Bytes;
use runtime::facts;
use runtime::register::{HeadRead, swap_head};
use sync_core::audience::identifiers_of;
use sync_core::diff::{KeyDigest, RowFingerprint, Snapshot, SnapshotEntry};
use sync_core::names::SyncName;
use sync_core::run::keys::BatchId;
use sync_core::run::{
    Batch, BatchKind, BatchRow, CloseReason, Closed, Counts, Generation, Head, Manifest, OpenRun, Outcome,
    Pending, Plan, Progress, Record, RunKind, RunState, RunStatus, SentTo, again_run_id, keys,
};
use sync_core::spec::{Mode, SyncSpec};

use crate::audience;
use crate::ending::Ending;
use crate::finish::{Applied, release, waiting_export, write_rejected};
use crate::fold::{day_of, fold, forget_before, snapshot_partition};
use crate::record::{bare_record, record, with_audience};
use crate::run::pinned_spec;
use crate::{Context, Handled};

/// More batches than a run may have.
const MANY: usize = 1_000_000;

/// Begins to close the open run that was read.
pub(crate) async fn close(
    ctx: &Context,
    sync: &SyncName,
    read: &HeadRead,
    why: CloseReason,
) -> anyhow::Result<Handled> {
    let mut head = read.head.next();
    if let Some(run) = head.run.as_mut().filter(|run| run.state == RunState::Open) {
        run.state = RunState::Closing;
        run.why = Some(why);
        tracing::warn!(sync = %sync, run = %run.id, why = ?why, "the run is being closed");
        // When somebody was faster, the head's own message shows what is to be done.
        swap_head(ctx.store.as_ref(), sync, read, &head).await?;
    }
    Ok(Handled::Done)
}

/// Ends a run that is being closed.
pub(crate) async fn go_on(
    ctx: &Context,
    sync: &SyncName,
    read: &HeadRead,
    open: &OpenRun,
) -> anyhow::Result<Handled> {
    if read.age_seconds() < ctx.settings.quiet_seconds {
        return Ok(Handled::ComeBack(
            "functions that had begun to send for the closed run may still be alive",
        ));
    }
    let closing = Closing {
        ctx,
        sync,
        read,
        open,
    };
    closing.end().await
}

struct Closing<'a> {
    ctx: &'a Context,
    sync: &'a SyncName,
    read: &'a HeadRead,
    open: &'a OpenRun,
}

impl Closing<'_> {
    async fn end(&self) -> anyhow::Result<Handled> {
        let (store, sync, id) = (self.ctx.store.as_ref(), self.sync, &self.open.id);
        let batches = self.batches().await?;
        let plan: Option<Plan> = facts::read(store, &keys::plan(sync, id)).await?;
        let spec = plan.as_ref().and_then(|plan| pinned_spec(sync, plan).ok());
        let mut ending = Ending::default();
        for batch in &batches {
            let outcome = self.outcome(batch, plan.as_ref()).await?;
            ending.batch(store, batch, &outcome).await?;
        }
        self.count(&mut ending, &batches, plan.as_ref()).await?;
        let again = self.again().await?;
        let (status, reason) = self.status(again.as_deref());
        let record = match &plan {
            None => Record {
                reason,
                export: waiting_export(self.ctx, self.open).await?,
                ..bare_record(sync, self.open, self.read, status)
            },
            Some(plan) => {
                write_rejected(self.ctx, sync, id, plan.manifests(), &ending.refused_lines).await?;
                let status = (status, reason);
                let mut record = record(sync, self.open, self.read, plan, spec.as_ref(), &ending, status);
                if record.counts.carried_in > 0 {
                    record.carried_from.clone_from(&self.read.head.carried);
                }
                with_audience(self.ctx, plan, spec.as_ref(), record).await?
            }
        };
        let generation = match (&plan, &spec) {
            (Some(plan), Some(spec)) if !batches.is_empty() => {
                self.fold(plan, spec, &batches, &ending).await?
            }
            _ => self.read.head.generation.clone(),
        };
        // The run may have come to its record before it was closed. That record counts, and so what it says of the rows
        // that are left over.
        let key = keys::record(sync, id);
        let first = facts::read::<Record>(store, &key)
            .await?
            .unwrap_or_else(|| record.clone());
        let only_adds = plan.as_ref().is_some_and(Plan::only_adds);
        // Of an export that came to no batch nothing was applied.
        let applied = Applied(!batches.is_empty());
        let spec = (spec.as_ref(), only_adds, applied);
        let head = self.next_head(generation, spec, &first, ending.upload_day);
        release(self.ctx, sync, self.open, self.read, &record, (head, applied)).await
    }

    /// The batches that count, in order: what was there when the quiet time was over.
    async fn batches(&self) -> anyhow::Result<Vec<BatchId>> {
        let (store, sync, run) = (self.ctx.store.as_ref(), self.sync, &self.open.id);
        let key = keys::closed(sync, run);
        if store.stat(&key).await?.is_none() {
            let listed = store.list(&keys::batches_prefix(sync, run), None, MANY).await?;
            let mut batches: Vec<(u32, u32)> = listed
                .iter()
                .filter_map(|object| BatchId::parse(&object.key))
                .map(|batch| (batch.part, batch.number))
                .collect();
            batches.sort_unstable();
            let _ = facts::write(store, &key, &Closed { batches }).await?;
        }
        let closed: Closed = facts::read(store, &key)
            .await?
            .with_context(|| format!("{key} is gone"))?;
        let batch = |(part, number)| BatchId {
            sync: sync.clone(),
            run: run.clone(),
            part,
            number,
        };
        Ok(closed.batches.into_iter().map(batch).collect())
    }

    /// The outcome of a batch; one without is given what its progress says, and the rest is carried: TikTok may or
    /// may not have taken it.
    async fn outcome(&self, batch: &BatchId, plan: Option<&Plan>) -> anyhow::Result<Outcome> {
        let store = self.ctx.store.as_ref();
        let key = batch.outcome();
        if let Some(outcome) = facts::read(store, &key).await? {
            return Ok(outcome);
        }
        let object = store.get(&batch.key()).await?;
        let body = object.with_context(|| format!("{} is gone", batch.key()))?.body;
        let rows = u32::try_from(Batch::read(&body)?.rows.len())?;
        let progress: Option<Progress> = facts::read(store, &batch.progress()).await.unwrap_or_default();
        let why = "the run was closed before TikTok had answered for these rows".to_owned();
        let mut outcome =
            Outcome::of_progress(rows, &progress.unwrap_or_default().plausible(rows), Some(why));
        outcome.unknown = outcome.carried.clone();
        outcome.first_try = outcome.first_try.or(plan.map(|plan| plan.now));
        let _ = facts::write(store, &key, &outcome).await?;
        facts::read(store, &key)
            .await?
            .with_context(|| format!("{key} is gone"))
    }

    /// The counts of the parts that were planned to their end; of the others, what lies in batches.
    async fn count(
        &self,
        ending: &mut Ending,
        batches: &[BatchId],
        plan: Option<&Plan>,
    ) -> anyhow::Result<()> {
        let store = self.ctx.store.as_ref();
        for part in 0..plan.map_or(0, Plan::manifests) {
            let key = keys::manifest(self.sync, &self.open.id, part);
            if let Some(manifest) = facts::read::<Manifest>(store, &key).await? {
                ending.counts.add(&manifest.counts);
                for (number, rows) in (0_u32..).zip(&manifest.batches) {
                    // Batches that the list does not name were gone when it was made.
                    let here = batches
                        .iter()
                        .any(|batch| (batch.part, batch.number) == (part, number));
                    match (here, manifest.removes(number)) {
                        (true, _) => {}
                        (false, true) => ending.not_removed.all = true,
                        (false, false) => ending.lost_rows += u64::from(*rows),
                    }
                }
                continue;
            }
            let mut found = std::collections::HashSet::new();
            let mut to_delete = 0;
            for batch in batches.iter().filter(|batch| batch.part == part) {
                let object = store.get(&batch.key()).await?;
                let body = object.with_context(|| format!("{} is gone", batch.key()))?.body;
                let batch = Batch::read(&body)?;
                if batch.header.kind == BatchKind::Removals {
                    let empty = format!("{}{}", batch.header.head, batch.header.tail);
                    let ids = |row: &BatchRow<'_>| identifiers_of(&empty, row.payload.get()).len() as u64;
                    to_delete += batch.rows.iter().map(ids).sum::<u64>();
                } else {
                    found.extend(batch.rows.iter().map(|row| row.key));
                }
            }
            let rows = found.len() as u64;
            ending.counts.add(&Counts {
                queried: rows,
                to_send: rows,
                to_delete,
                ..Counts::default()
            });
        }
        Ok(())
    }

    /// Newer code does the export again, under an id of its own.
    async fn again(&self) -> anyhow::Result<Option<String>> {
        let (store, run) = (self.ctx.store.as_ref(), self.open);
        let (Some(CloseReason::NewPlanner), Some(input)) = (run.why, &run.input) else {
            return Ok(None);
        };
        if store.stat(&keys::record(self.sync, &run.id)).await?.is_some() {
            return Ok(None);
        }
        let Some(mut entry) = facts::read::<Pending>(store, input).await? else {
            return Ok(None);
        };
        let again = again_run_id(&run.id);
        entry.run = again.clone();
        let time = input
            .rsplit('/')
            .next()
            .and_then(|name| name.split_once('-'))
            .map_or("0", |(time, _)| time);
        let _ = facts::write(store, &keys::pending(self.sync, time, &again), &entry).await?;
        Ok(Some(again.to_string()))
    }

    fn status(&self, again: Option<&str>) -> (RunStatus, Option<String>) {
        let (status, reason) = match self.open.why {
            Some(CloseReason::Cancelled) => (
                RunStatus::Cancelled,
                "it was cancelled: what TikTok had not accepted by then is not sent".to_owned(),
            ),
            Some(CloseReason::NewPlanner) => (
                RunStatus::Aborted,
                match again {
                    Some(run) => format!("a newer version of Tideline took over: the export is done again as run {run}"),
                    None => "a newer version of Tideline took over: the rows that were left go with the next run".to_owned(),
                },
            ),
            Some(CloseReason::Stuck) | None => (
                RunStatus::Aborted,
                "nothing had happened for 24 hours: what lay in batches goes with the next run; export again what did not".to_owned(),
            ),
        };
        (status, Some(reason))
    }

    /// The new snapshot, from the batches themselves: what earlier steps wrote down may name rows that never came into
    /// a batch.
    async fn fold(
        &self,
        plan: &Plan,
        spec: &SyncSpec,
        batches: &[BatchId],
        ending: &Ending,
    ) -> anyhow::Result<Option<Generation>> {
        let (store, sync, head) = (self.ctx.store.as_ref(), self.sync, &self.read.head);
        if spec.is_test() {
            return Ok(head.generation.clone());
        }
        if let Some(way) = audience::way(spec) {
            let id = head.next_generation(&self.open.id);
            let ended =
                audience::close_audience(store, (sync, id), head, plan, way, batches, &ending.not_removed);
            return Ok(Some(ended.await?));
        }
        let not_accepted = ending.not_accepted();
        let partitions = head
            .generation
            .as_ref()
            .map_or(1, |generation| generation.partitions);
        let id = head.next_generation(&self.open.id);
        let mut keys_in_all = 0;
        for partition in 0..partitions {
            let mut accepted = self
                .accepted(batches, partitions, partition, day_of(plan.now))
                .await?;
            accepted.retain(|entry| !not_accepted.contains(&entry.key));
            accepted.sort_unstable_by_key(|entry| entry.key);
            accepted.dedup_by_key(|entry| entry.key);
            let old = snapshot_partition(store, sync, head.generation.as_ref(), partition).await?;
            let folded = fold(
                Snapshot::read(&old)?.iter(),
                &accepted,
                forget_before(spec, plan.now),
            );
            keys_in_all += folded.len() as u64;
            let key = keys::snapshot(sync, &id, partition);
            let _ = store.put_new(&key, Bytes::from(folded.finish())).await?;
        }
        Ok(Some(Generation {
            id,
            partitions,
            keys: keys_in_all,
            way: None,
            sources: SentTo::all_of(spec),
        }))
    }

    async fn accepted(
        &self,
        batches: &[BatchId],
        partitions: u32,
        partition: u32,
        day: u16,
    ) -> anyhow::Result<Vec<SnapshotEntry>> {
        let mut found = Vec::new();
        for batch in batches {
            let object = self.ctx.store.get(&batch.key()).await?;
            let body = object.with_context(|| format!("{} is gone", batch.key()))?.body;
            let here = |key: &KeyDigest| key.partition(partitions) == partition;
            found.extend(
                Batch::read(&body)?
                    .rows
                    .iter()
                    // What is left of a row of which another event was refused makes no accepted row.
                    .filter(|row| here(&row.key) && row.fingerprint != RowFingerprint::UNSURE)
                    .map(|row| SnapshotEntry {
                        key: row.key,
                        fingerprint: row.fingerprint,
                        day,
                    }),
            );
        }
        Ok(found)
    }

    /// What is carried: the old list stays, since rows carried into this run may not have been planned yet, and what they
    /// were left over by is another run. A retry that a person cancelled, and a whole table that the next export brings
    /// anew, carry nothing; of an export that was cancelled its own rows are not wanted.
    fn next_head(
        &self,
        generation: Option<Generation>,
        (spec, only_adds, Applied(applied)): (Option<&SyncSpec>, bool, Applied),
        record: &Record,
        upload_day: Option<i64>,
    ) -> Head {
        let mut next = self.read.head.next();
        next.run = None;
        next.generation = generation;
        next.upload_day = next.upload_day.max(upload_day);
        // A test run was nothing to the state, and stays it.
        if spec.is_some_and(SyncSpec::is_test) {
            return next;
        }
        let whole = spec.is_some_and(|spec| matches!(spec.mode, Mode::Mirror | Mode::All));
        // Corrected rows are no table: what the one before left over still goes.
        let table = whole && self.open.kind == RunKind::Export && !only_adds && applied;
        // Before its first batch was written a run has taken nothing in.
        let cancelled = record.status == RunStatus::Cancelled;
        let dropped = applied && (table || (cancelled && self.open.kind == RunKind::Retry));
        if table {
            next.table_rev = self.read.head.rev;
        }
        let carries = !record.carried.is_empty() && !cancelled;
        if dropped {
            next.carried.clear();
        } else if carries && next.carried.last() != Some(&self.open.id) {
            next.carried.push(self.open.id.clone());
        }
        next
    }
}
