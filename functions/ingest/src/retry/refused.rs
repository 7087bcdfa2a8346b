//! What TikTok refused, and has not accepted since.

use std::collections::BTreeSet;

use runtime::facts;
use sync_core::diff::Snapshot;
use sync_core::run::{Record, keys};

use super::{Asking, BATCH_SECONDS};
use crate::carried::{accepted_since, refused_keys};
use crate::fold::snapshot_partition;

/// More objects than a listing for people needs.
const MANY: usize = 100_000;

impl Asking<'_> {
    /// Records of the sync that were written since a time, epoch seconds, the oldest first.
    pub(super) async fn records(&self, since: i64) -> anyhow::Result<Vec<Record>> {
        let listed = self
            .store()
            .list(&keys::runs_prefix(self.sync()), None, MANY)
            .await?;
        let mut found: Vec<_> = listed
            .into_iter()
            .filter(|object| object.key.ends_with("/run.json") && object.last_modified.as_second() >= since)
            .collect();
        found.sort_by(|a, b| (a.last_modified, &a.key).cmp(&(b.last_modified, &b.key)));
        let mut records: Vec<Record> = Vec::new();
        for object in found {
            records.extend(facts::read(self.store(), &object.key).await?);
        }
        records.sort_by_key(|record| record.rev);
        Ok(records)
    }

    /// Whether TikTok refused something in a run that it has not accepted since. Batches that are gone count for nothing.
    pub(super) async fn has_refused(&self, record: &Record) -> anyhow::Result<bool> {
        let oldest = self.read.now.as_second().saturating_sub(BATCH_SECONDS);
        if record.refused.is_empty() || record.finished < oldest {
            return Ok(false);
        }
        let mut keys = refused_keys(self.store(), record).await?;
        if keys.is_empty() {
            return self.others_were_refused(record).await;
        }
        if let Some(generation) = &self.head().generation {
            let touched: BTreeSet<u32> = keys
                .iter()
                .map(|key| key.partition(generation.partitions))
                .collect();
            for partition in touched {
                let old = snapshot_partition(self.store(), self.sync(), Some(generation), partition).await?;
                for done in accepted_since(&keys, Snapshot::read(&old)?) {
                    keys.remove(&done);
                }
            }
        }
        Ok(!keys.is_empty())
    }

    /// What has no rows of its own, files and removals, counts as refused until a later run has sent it again.
    async fn others_were_refused(&self, record: &Record) -> anyhow::Result<bool> {
        if record.sums.refused + record.sums.not_deleted == 0 {
            return Ok(false);
        }
        let later = self.records(record.finished).await?;
        let sent = |later: &Record| {
            later.retried.contains(&record.run) && later.sums.accepted + later.sums.deleted > 0
        };
        Ok(!later.iter().any(sent))
    }
}
