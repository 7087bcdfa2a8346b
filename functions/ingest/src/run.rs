//! One run, and what its steps share.

use std::collections::HashSet;

use anyhow::Context as _;
use bytes::Bytes;
use runtime::store::Store;
use sync_core::csv::BrokenFile;
use sync_core::diff::{Decision, KeyDigest, SlicesWriter, SnapshotEntry};
use sync_core::names::{RunId, SyncName};
use sync_core::run::keys::BatchId;
use sync_core::run::{Counts, Head, Manifest, PartEnd, Plan, keys};
use sync_core::spec::SyncSpec;

use crate::carried::{LeftOver, left_over};
use crate::emit::{Emission, Emitted, Emitter, Sent};
use crate::fold::{day_of, forgets};
use crate::guards::too_many_rejected;
use crate::row_log::RowLog;
use crate::rows::{self, Which};
use crate::spool::Spool;
use crate::{Context, audience, specs};

/// A run with what its plan pinned.
#[derive(Clone, Copy)]
pub(crate) struct Run<'a> {
    pub(crate) ctx: &'a Context,
    pub(crate) sync: &'a SyncName,
    pub(crate) id: &'a RunId,
    pub(crate) plan: &'a Plan,
    pub(crate) spec: &'a SyncSpec,
}

/// A part's rows after the checks, before anything is written for `deliver`.
pub(crate) struct Checked {
    pub(crate) emitted: Emitted,
    pub(crate) spool: Spool,
    /// Keys of carried rows that give way to a row of this part.
    pub(crate) superseded: HashSet<KeyDigest>,
}

/// The spec that a plan pinned.
pub(crate) fn pinned_spec(sync: &SyncName, plan: &Plan) -> anyhow::Result<SyncSpec> {
    let loaded = specs::parse(&keys::spec(sync), plan.spec.as_bytes());
    loaded
        .map(|loaded| loaded.spec)
        .map_err(|message| anyhow::anyhow!("the spec that the plan pinned is not valid: {message}"))
}

/// The manifest of a part whose file is broken.
pub(crate) fn broken(file: &BrokenFile) -> Manifest {
    ended(
        Counts::default(),
        PartEnd::Broken {
            message: file.to_string(),
        },
    )
}

/// The manifest of a part that sends nothing.
pub(crate) fn ended(counts: Counts, end: PartEnd) -> Manifest {
    Manifest {
        batches: Vec::new(),
        counts,
        end: Some(end),
        removals: 0,
    }
}

impl<'a> Run<'a> {
    pub(crate) fn store(&self) -> &'a dyn Store {
        self.ctx.store.as_ref()
    }

    /// Whether the run is compared with nothing: after a resync its export is, and so is a run whose events go to
    /// TikTok's test page, of which the state tells nothing. An audience begins anew where another one takes its place.
    pub(crate) fn begins_empty(&self, head: &Head) -> bool {
        if self.spec.audience.is_some() {
            audience::is_fresh(self.plan)
        } else {
            self.spec.is_test() || forgets(head, self.plan)
        }
    }

    /// What earlier runs left over, and what a person asked to send again. A test run takes none of it in.
    pub(crate) async fn left_over(&self, head: &Head) -> anyhow::Result<LeftOver> {
        if self.spec.is_test() {
            return Ok(LeftOver::default());
        }
        // A row of an audience may make several persons: of one that was refused, what is left makes it no accepted one.
        let events = if self.spec.audience.is_some() {
            2
        } else {
            self.spec.events.len()
        };
        left_over(self.store(), self.sync, &head.carried, self.plan, events).await
    }

    pub(crate) async fn emission(&self) -> anyhow::Result<Emission<'a>> {
        Ok(Emission {
            sync: self.sync,
            run: self.id,
            spec: self.spec,
            secret: self.ctx.fingerprint_key().await?,
            now: self.plan.now,
        })
    }

    /// Checks the rows of a part, and writes down which were rejected. The inner result is the manifest of a part
    /// that sends nothing.
    pub(crate) async fn check(
        &self,
        part: u32,
        which: Which<'_>,
        decisions: &[Decision],
        carried: &HashSet<KeyDigest>,
    ) -> anyhow::Result<Result<Checked, Manifest>> {
        let emission = self.emission().await?;
        let mut emitter = Emitter::new(
            &emission,
            decisions,
            carried,
            Spool::new(&self.ctx.settings.spool)?,
        );
        if let Some(export) = &self.plan.export {
            let read = rows::each(self.ctx, self.spec, export, which, |parsed| emitter.take(parsed));
            if let Err(file) = read.await? {
                return Ok(Err(broken(&file)));
            }
        }
        let (done, spool, superseded) = match emitter.finish() {
            Ok(parts) => parts,
            Err(file) => return Ok(Err(broken(&file))),
        };
        self.keep_log(part, &done.log).await?;
        if let Some(message) = too_many_rejected(self.spec, self.plan, &done.log.counts) {
            let mut counts = done.log.counts;
            counts.withheld += std::mem::take(&mut counts.to_send);
            return Ok(Err(ended(counts, PartEnd::Guard { message })));
        }
        Ok(Ok(Checked {
            emitted: done,
            spool,
            superseded,
        }))
    }

    /// Writes down which rows of a part were rejected, and which went with a warning.
    pub(crate) async fn keep_log(&self, part: u32, log: &RowLog) -> anyhow::Result<()> {
        for (what, lines) in [("rejected", &log.rejected), ("warnings", &log.warnings)] {
            if !lines.is_empty() {
                let key = keys::work(self.sync, self.id, what, part);
                let _ = self.store().put_new(&key, Bytes::copy_from_slice(lines)).await?;
            }
        }
        Ok(())
    }

    /// The keys that go into a part's batches: the new snapshot is the old one and these, less what was not accepted.
    /// Rows that go to TikTok's test page only are no part of it.
    pub(crate) async fn keep_sent(&self, part: u32, mut sent: Vec<Sent>) -> anyhow::Result<()> {
        if self.spec.is_test() {
            sent.clear();
        }
        sent.sort_unstable_by_key(|row| row.key);
        sent.dedup_by_key(|row| row.key);
        let day = day_of(self.plan.now);
        let partitions = self.plan.partitions();
        let object = in_partitions(
            partitions,
            sent.iter().map(|sent| SnapshotEntry {
                key: sent.key,
                fingerprint: sent.fingerprint,
                day,
            }),
            |entry| entry.key.partition(partitions),
        );
        let key = keys::work(self.sync, self.id, "sent", part);
        let _ = self.store().put_new(&key, Bytes::from(object)).await?;
        Ok(())
    }

    /// Writes the batches of a part, one spool behind the other, and gives the rows of each. Each one's creation wakes
    /// `deliver`.
    pub(crate) async fn publish(&self, part: u32, spools: Vec<Spool>) -> anyhow::Result<Vec<u32>> {
        let mut batches = Vec::new();
        for spool in spools {
            let first = u32::try_from(batches.len())?;
            let key = |number: u32| {
                let batch = BatchId {
                    sync: self.sync.clone(),
                    run: self.id.clone(),
                    part,
                    number: first + number,
                };
                batch.key()
            };
            batches.extend(spool.publish(self.store(), key).await?);
        }
        Ok(batches)
    }

    /// Reads one slice of an object that an earlier stage wrote.
    pub(crate) async fn slice<E: sync_core::diff::Entry>(
        &self,
        key: &str,
        slices: u32,
        slice: u32,
    ) -> anyhow::Result<(u64, Vec<E>)> {
        use sync_core::diff::{SlicesHead, read_entries};
        let gone = || format!("{key} is gone, and the run is not over");
        let head = self.store().get_range(key, 0..SlicesHead::len(slices), None);
        let head = head.await?.with_context(gone)?;
        let head = SlicesHead::read(&head, slices).with_context(|| key.to_owned())?;
        let range = head.range::<E>(slice)?;
        if range.is_empty() {
            return Ok((head.number, Vec::new()));
        }
        let bytes = self
            .store()
            .get_range(key, range, None)
            .await?
            .with_context(gone)?;
        Ok((head.number, read_entries(&bytes).with_context(|| key.to_owned())?))
    }
}

/// An object with a slice for each partition. Entries come in the order of their partitions.
pub(crate) fn in_partitions<E: sync_core::diff::Entry>(
    partitions: u32,
    entries: impl Iterator<Item = E>,
    partition: impl Fn(&E) -> u32,
) -> Vec<u8> {
    let mut writer = SlicesWriter::default();
    let mut current = 0;
    for entry in entries {
        let partition = partition(&entry);
        while current < partition {
            writer.end_slice();
            current += 1;
        }
        writer.push(&entry);
    }
    while current < partitions {
        writer.end_slice();
        current += 1;
    }
    writer.finish(0)
}
