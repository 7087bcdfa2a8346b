//! What became of a run's rows, gathered from its manifests and outcomes.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::{Context as _, bail};
use runtime::facts;
use runtime::store::Store;
use serde::Serialize;
use serde_json::value::RawValue;
use sync_core::audience::{NOBODY, identifiers_of};
use sync_core::diff::{KeyDigest, SnapshotEntry};
use sync_core::names::{RunId, SyncName};
use sync_core::run::keys::BatchId;
use sync_core::run::{Batch, BatchKind, Counts, Manifest, Outcome, PartEnd, Refusal, Sums, keys};

use crate::audience::NotRemoved;
use crate::run::Run;

/// What the manifests and outcomes of a run say.
#[derive(Default)]
pub(crate) struct Ending {
    pub(crate) counts: Counts,
    pub(crate) calls: BTreeMap<String, u64>,
    pub(crate) end: Option<PartEnd>,
    pub(crate) carried: Vec<String>,
    pub(crate) refused: Vec<String>,
    /// Why rows are left over.
    pub(crate) carried_why: Option<String>,
    /// Why files, or removals, were refused: they are no rows that `rejected.jsonl` could name.
    pub(crate) refused_why: Option<String>,
    pub(crate) carried_keys: HashSet<KeyDigest>,
    pub(crate) refused_keys: HashSet<KeyDigest>,
    pub(crate) lost_rows: u64,
    /// Keys of the lost rows, where [`Self::find_lost_keys`] was asked for them.
    pub(crate) lost_keys: HashSet<KeyDigest>,
    parts_with_losses: BTreeMap<u32, u32>,
    pub(crate) refused_lines: Vec<u8>,
    /// Identifiers whose removal was not accepted.
    pub(crate) not_removed: NotRemoved,
    /// How many of them, or of the rows of lost batches of removals.
    not_deleted: u64,
    /// Keys of people whose removal was not accepted, and how many identifiers that nobody's row has.
    kept_people: HashSet<KeyDigest>,
    kept_nobodys: u64,
    /// What became of a file upload, which goes whole or not at all.
    upload: Option<UploadFate>,
    /// The UTC day on which TikTok took a file upload.
    pub(crate) upload_day: Option<i64>,
    /// Keys of parts that lost a batch: of a person in several batches nobody knows which were lost.
    unsure_keys: HashSet<KeyDigest>,
}

/// What became of a file upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UploadFate {
    Refused,
    Carried,
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
    /// Adds what a part's manifest and outcomes say.
    pub(crate) async fn part(
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
            self.end.clone_from(&manifest.end);
        }
        let batches = u32::try_from(manifest.batches.len())?;
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
            if outcome.lost && manifest.removes(number) {
                // Nobody knows which identifiers it held: none of the run counts as removed.
                self.not_removed.all = true;
                continue;
            }
            if outcome.lost {
                self.parts_with_losses.insert(part, batches);
            }
            self.batch(store, &batch, &outcome).await?;
        }
        Ok(())
    }

    /// Which rows were lost with a batch object that is gone: those that were put into batches of its part, and do not
    /// lie, with an event of each block, in the batches that are left.
    pub(crate) async fn find_lost_keys(&mut self, run: &Run<'_>) -> anyhow::Result<()> {
        for (part, batches) in &self.parts_with_losses {
            let mut events_left: HashMap<KeyDigest, usize> = HashMap::new();
            for number in 0..*batches {
                let batch = BatchId {
                    sync: run.sync.clone(),
                    run: run.id.clone(),
                    part: *part,
                    number,
                };
                let Some(object) = run.store().get(&batch.key()).await? else {
                    continue;
                };
                for row in Batch::read(&object.body)?.rows {
                    *events_left.entry(row.key).or_default() += 1;
                }
            }
            let key = keys::work(run.sync, run.id, "sent", *part);
            let partitions = run.plan.partitions();
            for partition in 0..partitions {
                let (_, sent) = run.slice::<SnapshotEntry>(&key, partitions, partition).await?;
                if run.spec.audience.is_some() {
                    self.unsure_keys.extend(sent.iter().map(|entry| entry.key));
                    let lost = sent.iter().map(|entry| entry.key);
                    self.lost_keys
                        .extend(lost.filter(|key| !events_left.contains_key(key)));
                    continue;
                }
                let whole = |key: &KeyDigest| events_left.get(key) == Some(&run.spec.events.len());
                let lost = sent.iter().map(|entry| entry.key).filter(|key| !whole(key));
                self.lost_keys.extend(lost);
            }
        }
        Ok(())
    }

    /// Adds what a batch's outcome says.
    pub(crate) async fn batch(
        &mut self,
        store: &dyn Store,
        id: &BatchId,
        outcome: &Outcome,
    ) -> anyhow::Result<()> {
        for (code, count) in &outcome.calls {
            *self.calls.entry(code.clone()).or_default() += count;
        }
        self.upload_day = self.upload_day.max(outcome.upload_day);
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
        match batch.header.kind {
            BatchKind::Events | BatchKind::Adds => {
                self.carried_keys
                    .extend(outcome.carried.iter().filter_map(key_of));
                self.refused_keys
                    .extend(outcome.refused_rows().filter_map(key_of));
            }
            BatchKind::Removals => {
                let empty = format!("{}{}", batch.header.head, batch.header.tail);
                for row in outcome.carried.iter().chain(outcome.refused_rows()) {
                    let Some(row) = batch.rows.get(row as usize) else {
                        continue;
                    };
                    let ids = identifiers_of(&empty, row.payload.get());
                    self.not_deleted += ids.len() as u64;
                    if row.key == NOBODY {
                        self.kept_nobodys += ids.len() as u64;
                    } else {
                        self.kept_people.insert(row.key);
                    }
                    self.not_removed.ids.extend(ids);
                }
                if let Some(refusal) = outcome.refused.first() {
                    let why = format!(
                        "TikTok refused to remove identifiers and said {}: {}; the next export removes them again",
                        refusal.code, refusal.message
                    );
                    self.refused_why.get_or_insert(why);
                }
            }
            BatchKind::Upload if outcome.carried.is_empty() => {
                self.upload = Some(UploadFate::Refused);
                let said = outcome.refused.first();
                let said = said.map(|refusal| format!("TikTok said {}: {}", refusal.code, refusal.message));
                self.refused_why = said.map(|said| {
                    format!("{said}; the files were refused, and the audience is as it was: correct what is wrong, then `tideline retry {}` sends them again", id.sync)
                });
            }
            BatchKind::Upload => self.upload = Some(UploadFate::Carried),
        }
        if !outcome.carried.is_empty() {
            self.carried.push(id.outcome());
            self.carried_why = self.carried_why.take().or_else(|| outcome.why.clone());
        }
        if !outcome.refused.is_empty() {
            self.refused.push(id.outcome());
        }
        // The rows of an upload are files, and those of removals nobody's: what TikTok said of them is told elsewhere.
        let has_rows = matches!(batch.header.kind, BatchKind::Events | BatchKind::Adds);
        for refusal in outcome.refused.iter().filter(|_| has_rows) {
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
    pub(crate) fn sums(&self) -> Sums {
        let refused = self.refused_keys.len() as u64;
        let carried_out = self.carried_keys.difference(&self.refused_keys).count() as u64;
        let sent = self.counts.to_send + self.counts.carried_in;
        let not_deleted = if self.not_removed.all {
            self.counts.to_delete
        } else {
            self.not_deleted
        };
        let deleted = self.counts.to_delete.saturating_sub(not_deleted);
        if let Some(fate) = self.upload {
            return Sums {
                refused: if fate == UploadFate::Refused { sent } else { 0 },
                carried_out: if fate == UploadFate::Carried { sent } else { 0 },
                ..Sums::default()
            };
        }
        let asked = self.counts.removed + self.counts.removed_again;
        let kept_people = if self.not_removed.all {
            asked
        } else {
            self.kept_people.len() as u64 + self.kept_nobodys
        };
        let told = |key: &&KeyDigest| self.refused_keys.contains(key) || self.carried_keys.contains(key);
        let lost = if self.lost_keys.is_empty() {
            self.lost_rows
        } else {
            self.lost_keys.iter().filter(|key| !told(key)).count() as u64
        };
        Sums {
            accepted: sent.saturating_sub(refused + carried_out + lost),
            refused,
            carried_out,
            lost,
            deleted,
            not_deleted,
            removed: asked.saturating_sub(kept_people),
        }
    }

    /// Whether the files of an upload were refused: the audience is as it was.
    pub(crate) fn upload_refused(&self) -> bool {
        self.upload == Some(UploadFate::Refused)
    }

    /// The keys of all rows that TikTok did not accept.
    pub(crate) fn not_accepted(&self) -> HashSet<KeyDigest> {
        let told = self.carried_keys.union(&self.refused_keys);
        told.chain(&self.lost_keys)
            .chain(&self.unsure_keys)
            .copied()
            .collect()
    }
}
