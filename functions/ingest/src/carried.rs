//! Rows that earlier runs left over: they go first, unless a newer row of their key takes their place.

use std::collections::{HashMap, HashSet};

use anyhow::{Context as _, bail};
use md5::{Digest as _, Md5};
use runtime::facts;
use runtime::store::Store;
use sync_core::audience::{Removal, identifiers_of};
use sync_core::diff::{KeyDigest, RowFingerprint, Snapshot};
use sync_core::names::{RunId, SyncName};
use sync_core::run::keys::BatchId;
use sync_core::run::{
    Batch, BatchHeader, BatchKind, BatchRow, BatchWriter, Counts, NewRow, Outcome, Plan, Record, RowRanges,
    SentTo, UploadJob, follow, keys,
};
use sync_core::spec::Via;

use crate::emit::Sent;
use crate::run::{Run, pinned_spec};
use crate::spool::Spool;

/// A row of unknown fate that was first tried longer ago than this is sent again past TikTok's memory of `event_id`s
/// (48 hours), and counted as such.
const WINDOW_SECONDS: i64 = 47 * 3600;

/// Which rows of which batches go again.
#[derive(Debug, Default)]
pub(crate) struct LeftOver {
    /// Batches with the rows in question, the newest run last.
    batches: Vec<Rest>,
    /// Keys of which TikTok refused another event: what is left of such a row does not make it an accepted one.
    refused: HashSet<KeyDigest>,
    /// The event sources of each run's blocks, as its spec had them.
    blocks: HashMap<RunId, Vec<SentTo>>,
}

#[derive(Debug)]
struct Rest {
    batch: BatchId,
    rows: RowRanges,
    unknown: RowRanges,
    first_try: Option<i64>,
}

/// Finds what the runs of `head.carried` left over, and the refused rows that a plan sends again. `events` is how many
/// events a row makes.
pub(crate) async fn left_over(
    store: &dyn Store,
    sync: &SyncName,
    carried: &[RunId],
    plan: &Plan,
    events: usize,
) -> anyhow::Result<LeftOver> {
    let mut found = LeftOver::default();
    let mut runs: Vec<(Record, bool)> = Vec::new();
    for run in plan.retries() {
        runs.push((record(store, sync, run).await?, true));
    }
    for run in carried {
        runs.push((record(store, sync, run).await?, false));
    }
    // The newest comes last: of two rows of one key, or two whole tables, it is the one that goes.
    runs.sort_by_key(|(record, _)| record.rev);
    for (record, retried) in runs {
        found.follow_blocks(store, &record).await?;
        if retried {
            found.refused_of(store, &record).await?;
            continue;
        }
        if events > 1 && plan.retries().all(|retried| *retried != record.run) {
            for key in &record.refused {
                let (batch, outcome) = outcome(store, key).await?;
                let bytes = read_batch(store, &batch).await?;
                let rows = Batch::read(&bytes)?.rows;
                let refused = outcome.refused_rows().filter_map(|row| rows.get(row as usize));
                found.refused.extend(refused.map(|row| row.key));
            }
        }
        found.carried_of(store, &record).await?;
    }
    Ok(found)
}

async fn record(store: &dyn Store, sync: &SyncName, run: &RunId) -> anyhow::Result<Record> {
    let key = keys::record(sync, run);
    facts::read(store, &key)
        .await?
        .with_context(|| format!("{key} is gone, but its rows are still to be sent"))
}

async fn outcome(store: &dyn Store, key: &str) -> anyhow::Result<(BatchId, Outcome)> {
    let name = key
        .strip_prefix("outcomes/")
        .and_then(|rest| rest.strip_suffix(".json"));
    let batch = name.and_then(|name| BatchId::parse(&format!("batches/{name}.jsonl")));
    let batch = batch.with_context(|| format!("{key} is no outcome of a batch"))?;
    let outcome = facts::read(store, key).await?;
    Ok((
        batch,
        outcome.with_context(|| format!("{key} is gone, but its rows are still to be sent"))?,
    ))
}

/// The keys of the rows that TikTok refused in a run.
pub(crate) async fn refused_keys(store: &dyn Store, record: &Record) -> anyhow::Result<HashSet<KeyDigest>> {
    let mut found = LeftOver::default();
    found.refused_of(store, record).await?;
    found.keys(store).await
}

/// The keys of the rows that a run left over, and that are not too old by now, epoch seconds.
pub(crate) async fn carried_keys(
    store: &dyn Store,
    record: &Record,
    now: i64,
) -> anyhow::Result<HashSet<KeyDigest>> {
    let mut found = LeftOver::default();
    found.carried_of(store, record).await?;
    found.keys_at(store, Some(now)).await
}

impl LeftOver {
    async fn refused_of(&mut self, store: &dyn Store, record: &Record) -> anyhow::Result<()> {
        for key in &record.refused {
            let (batch, outcome) = outcome(store, key).await?;
            let rows = outcome.refused_rows().collect();
            self.batches.push(Rest {
                batch,
                rows,
                unknown: RowRanges::default(),
                first_try: None,
            });
        }
        Ok(())
    }

    async fn carried_of(&mut self, store: &dyn Store, record: &Record) -> anyhow::Result<()> {
        for key in &record.carried {
            let (batch, outcome) = outcome(store, key).await?;
            let Outcome {
                carried: rows,
                unknown,
                first_try,
                ..
            } = outcome;
            self.batches.push(Rest {
                batch,
                rows,
                unknown,
                first_try,
            });
        }
        Ok(())
    }

    /// Notes which event sources a run's blocks had. Without its plan each block keeps its place.
    async fn follow_blocks(&mut self, store: &dyn Store, record: &Record) -> anyhow::Result<()> {
        let plan: Option<Plan> = facts::read(store, &keys::plan(&record.sync, &record.run)).await?;
        if let Some(spec) = plan.and_then(|plan| pinned_spec(&record.sync, &plan).ok()) {
            let sources = spec.events.iter().map(|block| SentTo::of(&block.source));
            self.blocks.insert(record.run.clone(), sources.collect());
        }
        Ok(())
    }

    /// The keys of all rows that make events or add persons.
    pub(crate) async fn keys(&self, store: &dyn Store) -> anyhow::Result<HashSet<KeyDigest>> {
        self.keys_at(store, None).await
    }

    async fn keys_at(&self, store: &dyn Store, now: Option<i64>) -> anyhow::Result<HashSet<KeyDigest>> {
        let mut found = HashSet::new();
        for rest in &self.batches {
            let bytes = read_batch(store, &rest.batch).await?;
            let batch = Batch::read(&bytes)?;
            if !matches!(batch.header.kind, BatchKind::Events | BatchKind::Adds) {
                continue;
            }
            let rows = rest.rows.iter().filter_map(|row| batch.rows.get(row as usize));
            let fresh = rows.filter(|row| now.is_none_or(|now| !is_too_old(now, row, &batch.header)));
            found.extend(fresh.map(|row| row.key));
        }
        Ok(found)
    }

    /// How many people the rows add: keys of added persons, and those of files.
    pub(crate) async fn people(&self, store: &dyn Store) -> anyhow::Result<u64> {
        let mut of_files = 0;
        for rest in &self.batches {
            let bytes = read_batch(store, &rest.batch).await?;
            let header = Batch::read(&bytes)?.header;
            if header.kind == BatchKind::Upload {
                of_files = upload_job(&header)?.people;
            }
        }
        Ok(of_files + self.keys(store).await?.len() as u64)
    }

    /// Writes persons and uploads into the spool as they were made, in that order. Nobody's row comes twice. Gives the
    /// identifiers that were to be removed, each once: whether they still are is for the caller to say.
    pub(crate) async fn write_persons(
        &self,
        run: &Run<'_>,
        fate: &CarriedFate<'_>,
        spool: &mut Spool,
        sent: &mut Vec<Sent>,
        counts: &mut Counts,
    ) -> anyhow::Result<Vec<Removal>> {
        let mut removed: Vec<Removal> = Vec::new();
        let mut writers: Vec<BatchWriter> = Vec::new();
        let mut seen = HashSet::new();
        let mut counted = HashSet::new();
        for kind in [BatchKind::Adds, BatchKind::Removals, BatchKind::Upload] {
            for rest in self.batches.iter().rev() {
                let bytes = read_batch(run.store(), &rest.batch).await?;
                let batch = Batch::read(&bytes)?;
                if batch.header.kind != kind {
                    continue;
                }
                // The newest upload holds the whole audience.
                if kind == BatchKind::Upload {
                    if !seen.insert((KeyDigest::from_bytes([0; 12]), [0; 16])) {
                        continue;
                    }
                    counts.carried_in += upload_job(&batch.header)?.people;
                }
                let header = renewed(run, &batch.header);
                let at = writers.iter().position(|writer| writer.is_of(&header));
                let at = at.unwrap_or_else(|| {
                    writers.push(BatchWriter::new(header));
                    writers.len() - 1
                });
                let Some(writer) = writers.get_mut(at) else {
                    continue;
                };
                for number in rest.rows.iter() {
                    let Some(row) = batch.rows.get(number as usize) else {
                        bail!("{} has no row {number}", rest.batch.key());
                    };
                    let payload = row.payload.get();
                    if !seen.insert((row.key, short_digest(payload))) {
                        continue;
                    }
                    match kind {
                        BatchKind::Adds => {
                            let first = counted.insert(row.key);
                            if let Some(count) = fate.gives_way(row, &batch.header, counts) {
                                *count += u64::from(first);
                                continue;
                            }
                            counts.carried_in += u64::from(first);
                            let whole =
                                row.fingerprint != RowFingerprint::UNSURE && !self.refused.contains(&row.key);
                            if first && whole {
                                sent.push(Sent {
                                    key: row.key,
                                    fingerprint: row.fingerprint,
                                });
                            }
                        }
                        BatchKind::Removals => {
                            let empty = format!("{}{}", batch.header.head, batch.header.tail);
                            let ids = identifiers_of(&empty, payload).into_iter();
                            removed.extend(ids.map(|id| Removal { id, key: row.key }));
                            continue;
                        }
                        BatchKind::Upload | BatchKind::Events => {}
                    }
                    let full = writer.push(&NewRow {
                        key: row.key,
                        fingerprint: row.fingerprint,
                        record: row.record,
                        line: row.line,
                        shown_key: row.shown_key.get().as_bytes(),
                        time: row.time,
                        payload: payload.as_bytes(),
                    });
                    if let Some((bytes, rows)) = full {
                        spool.keep(&bytes, rows)?;
                    }
                }
            }
            for mut writer in writers.drain(..) {
                if let Some((bytes, rows)) = writer.take() {
                    spool.keep(&bytes, rows)?;
                }
            }
        }
        removed.sort_unstable();
        removed.dedup_by_key(|removal| removal.id);
        Ok(removed)
    }

    /// Writes the rows into the spool, newest run first where two have a row of one key.
    pub(crate) async fn write(
        &self,
        store: &dyn Store,
        fate: &CarriedFate<'_>,
        headers: &[BatchHeader],
        spool: &mut Spool,
        sent: &mut Vec<Sent>,
        counts: &mut Counts,
    ) -> anyhow::Result<()> {
        let mut writers: Vec<BatchWriter> = headers.iter().cloned().map(BatchWriter::new).collect();
        let mut seen = HashSet::new();
        let mut counted = HashSet::new();
        let mut dropped = HashSet::new();
        let now: Vec<SentTo> = headers.iter().filter_map(BatchHeader::sent_to).collect();
        for rest in self.batches.iter().rev() {
            let bytes = read_batch(store, &rest.batch).await?;
            let batch = Batch::read(&bytes)?;
            let block = batch.header.block as usize;
            let block = match self.blocks.get(&rest.batch.run) {
                Some(before) => follow(before, &now).get(block).copied().flatten(),
                None => Some(block),
            };
            let goes = block.and_then(|block| Some((block, writers.get_mut(block)?)));
            let Some((block, writer)) = goes else {
                // The spec lacks the event block that made these rows: nobody wants their events any more.
                let rows = rest.rows.iter().filter_map(|row| batch.rows.get(row as usize));
                dropped.extend(rows.map(|row| row.key));
                continue;
            };
            for number in rest.rows.iter() {
                let Some(row) = batch.rows.get(number as usize) else {
                    bail!("{} has no row {number}", rest.batch.key());
                };
                if !seen.insert((row.key, block)) {
                    continue;
                }
                // Rows are counted once, however many events they make.
                let first = counted.insert(row.key);
                if let Some(count) = fate.gives_way(row, &batch.header, counts) {
                    *count += u64::from(first);
                    continue;
                }
                let whole = row.fingerprint != RowFingerprint::UNSURE && !self.refused.contains(&row.key);
                let fingerprint = if whole {
                    row.fingerprint
                } else {
                    RowFingerprint::UNSURE
                };
                if first {
                    counts.carried_in += 1;
                }
                if first && whole {
                    sent.push(Sent {
                        key: row.key,
                        fingerprint,
                    });
                }
                let late = rest.first_try.is_some_and(|at| fate.now - at > WINDOW_SECONDS);
                counts.resent_after_window += u64::from(first && late && rest.unknown.contains(number));
                let full = writer.push(&NewRow {
                    key: row.key,
                    fingerprint,
                    record: row.record,
                    line: row.line,
                    shown_key: row.shown_key.get().as_bytes(),
                    time: row.time,
                    payload: row.payload.get().as_bytes(),
                });
                if let Some((bytes, rows)) = full {
                    spool.keep(&bytes, rows)?;
                }
            }
        }
        counts.carried_dropped += dropped.difference(&counted).count() as u64;
        for mut writer in writers {
            if let Some((bytes, rows)) = writer.take() {
                spool.keep(&bytes, rows)?;
            }
        }
        Ok(())
    }
}

/// What tells the payloads of one key apart.
fn short_digest(payload: &str) -> [u8; 16] {
    Md5::digest(payload).into()
}

/// What an upload was to make.
fn upload_job(header: &BatchHeader) -> anyhow::Result<UploadJob> {
    serde_json::from_str(&header.head).context("an upload's batch does not say what it makes")
}

/// The header of left-over persons: what they are stays as it was made, how they go is the spec's.
fn renewed(run: &Run<'_>, header: &BatchHeader) -> BatchHeader {
    let batch_size = match run.spec.audience.as_ref().map(|audience| &audience.via) {
        Some(Via::Segment { persons_per_call }) if header.kind != BatchKind::Upload => {
            u32::from(*persons_per_call)
        }
        _ => header.batch_size,
    };
    BatchHeader {
        run: run.id.clone(),
        destination: run.spec.destination.clone(),
        batch_size,
        ..header.clone()
    }
}

fn is_too_old(now: i64, row: &BatchRow<'_>, header: &BatchHeader) -> bool {
    let max_age = i64::try_from(header.max_age).unwrap_or(i64::MAX);
    now.saturating_sub(row.time) > max_age
}

/// What decides whether a carried row still goes.
pub(crate) struct CarriedFate<'a> {
    pub(crate) now: i64,
    /// Keys with a valid row in the new export.
    pub(crate) superseded: &'a HashSet<KeyDigest>,
    /// Keys accepted since they were carried.
    pub(crate) done: &'a HashSet<KeyDigest>,
}

impl CarriedFate<'_> {
    /// The count under which a row does not go; `None` when it goes.
    fn gives_way<'c>(
        &self,
        row: &BatchRow<'_>,
        header: &BatchHeader,
        counts: &'c mut Counts,
    ) -> Option<&'c mut u64> {
        if self.done.contains(&row.key) {
            Some(&mut counts.carried_done)
        } else if self.superseded.contains(&row.key) {
            Some(&mut counts.carried_superseded)
        } else if is_too_old(self.now, row, header) {
            Some(&mut counts.carried_expired)
        } else {
            None
        }
    }
}

/// Of these keys, those that the snapshot holds: accepted since they were carried.
pub(crate) fn accepted_since(keys: &HashSet<KeyDigest>, snapshot: Snapshot<'_>) -> HashSet<KeyDigest> {
    if keys.is_empty() {
        return HashSet::new();
    }
    snapshot
        .iter()
        .filter(|entry| entry.fingerprint != RowFingerprint::UNSURE)
        .map(|entry| entry.key)
        .filter(|key| keys.contains(key))
        .collect()
}

async fn read_batch(store: &dyn Store, batch: &BatchId) -> anyhow::Result<bytes::Bytes> {
    let key = batch.key();
    let object = store.get(&key).await?;
    Ok(object
        .with_context(|| format!("{key} is gone, but its rows are still to be sent"))?
        .body)
}
