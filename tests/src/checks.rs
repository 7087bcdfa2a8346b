//! What has to be true of a world that has come to rest.

use std::collections::BTreeSet;

use anyhow::ensure;
use sync_core::run::{Record, RunStatus, keys};

use crate::world::World;

impl World {
    /// Nothing runs, nothing waits, nothing is carried, and every record adds up.
    pub fn check_rest(&self) -> anyhow::Result<()> {
        let head = self.head();
        ensure!(
            head.run.is_none(),
            "the run {:?} has not ended; {:?}",
            head.run,
            self.errors.last()
        );
        ensure!(
            head.carried.is_empty(),
            "rows are carried still: {:?}",
            head.carried
        );
        let waiting = self.store.keys(&keys::pending_prefix(&self.sync));
        ensure!(waiting.is_empty(), "waiting: {waiting:?}");
        self.check_records()
    }

    /// Every record adds up.
    pub fn check_records(&self) -> anyhow::Result<()> {
        for record in self.records() {
            check_record(&record)?;
        }
        Ok(())
    }

    /// The sandbox holds these keys, each once, and the snapshot the same ones.
    pub fn check_keys<K: Into<String>>(&self, keys: impl IntoIterator<Item = K>) -> anyhow::Result<()> {
        let expected: BTreeSet<String> = keys.into_iter().map(Into::into).collect();
        let accepted = self.accepted();
        let lost: Vec<_> = expected.difference(&accepted).collect();
        let extra: Vec<_> = accepted.difference(&expected).collect();
        ensure!(lost.is_empty(), "lost: {lost:?}; {:?}", self.errors.last());
        ensure!(extra.is_empty(), "nobody asked for {extra:?}");
        ensure!(self.stored() == expected.len(), "a row counts twice at TikTok");
        let snapshot = self.snapshot()?;
        ensure!(
            snapshot == expected,
            "the snapshot holds {snapshot:?}, TikTok {expected:?}"
        );
        Ok(())
    }

    /// No handler failed.
    pub fn check_no_errors(&self) -> anyhow::Result<()> {
        ensure!(self.errors.is_empty(), "{:#?}", self.errors);
        Ok(())
    }
}

fn check_record(record: &Record) -> anyhow::Result<()> {
    let (counts, sums, run) = (&record.counts, &record.sums, &record.run);
    ensure!(record.inconsistent.is_empty(), "{run}: {:?}", record.inconsistent);
    let before = counts.unchanged + counts.changed_not_sent + counts.expired + counts.withheld;
    let before = before + counts.rejected_total() + counts.to_send;
    ensure!(
        counts.queried == before,
        "{run}: {} rows came, {before} are told of",
        counts.queried
    );
    let after = sums.accepted + sums.refused + sums.carried_out + sums.lost;
    let sent = counts.to_send + counts.carried_in;
    ensure!(sent == after, "{run}: {sent} rows were sent, {after} are told of");
    if record.status == RunStatus::Completed {
        ensure!(
            after == sums.accepted && counts.rejected_total() == 0,
            "{run}: completed with errors"
        );
    }
    Ok(())
}
