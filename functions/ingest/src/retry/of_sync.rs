//! What is asked for a whole sync: whatever is left over or was refused, of whichever run.

use std::collections::BTreeSet;

use sync_core::names::RunId;
use sync_core::run::{
    Again, Newest, PendingRequest, Plan, Record, RunKind, RunStatus, again_run_id, keys, retry_sync_run_id,
};
use sync_core::spec::Mode;

use super::{Asking, STILL_A_TEST};
use crate::advance::newest;
use crate::again::{Tries, first_of, gave_way, judge, was_closed};
use crate::fate::{BATCH_SECONDS, Fate, records};
use crate::{Requested, advance};

/// What a whole sync's retry does for one of its runs.
enum Part {
    Nothing,
    /// Its export is done again.
    Again,
    /// Its refused rows are sent again.
    Rows,
}

impl Asking<'_> {
    pub(super) async fn of_sync(&self) -> anyhow::Result<Requested> {
        if self.loaded.spec.is_test() {
            return Ok(Requested::Blocked(STILL_A_TEST.to_owned()));
        }
        let sync = self.sync();
        let unfinished = self.unfinished().await?;
        let since = self.read.now.as_second().saturating_sub(BATCH_SECONDS);
        let records = records(self.store(), sync, since).await?;
        let mut asked = Requested::Waits(Vec::new(), Vec::new());
        let mut retried: Vec<&Record> = Vec::new();
        for record in &records {
            match self.part_of_sync(record, &records).await? {
                Part::Nothing => {}
                Part::Again => {
                    let plan = self.plan(&record.run).await?;
                    asked = asked.and(self.export_again(record, plan.as_ref()).await?);
                }
                Part::Rows => retried.push(record),
            }
        }
        let carried = !self.head().carried.is_empty();
        // An export that is done again takes in what is left over.
        let done_again = matches!(&asked, Requested::Waits(runs, _) if !runs.is_empty());
        if !retried.is_empty() || (carried && !done_again) {
            let runs: BTreeSet<RunId> = retried
                .iter()
                .map(|record| record.run.clone())
                .chain(self.head().carried.iter().cloned())
                .collect();
            let runs: Vec<RunId> = runs.into_iter().collect();
            if let Some(blocked) = self.made_otherwise(&runs).await? {
                return Ok(asked.and(Requested::Blocked(blocked)));
            }
            // Rows that are left over go with any run; one of them names the request where nothing was refused.
            let mut of = retried.iter().map(|record| record.run.clone());
            let first = of.next().or_else(|| self.head().carried.last().cloned());
            if let Some(first) = first {
                let request = PendingRequest::Retry {
                    of: first,
                    also: of.collect(),
                };
                let id = retry_sync_run_id(sync, self.head().rev);
                asked = asked.and(self.request(id, request).await?);
            }
        }
        Ok(match asked {
            Requested::Waits(runs, _) if runs.is_empty() && !unfinished.is_empty() => {
                let note = format!("nothing else of the sync {sync} waits to be sent again");
                let goes_on = |run: &RunId| format!("the run {run} has not ended, and goes on");
                let notes = unfinished.iter().map(goes_on).chain([note]).collect();
                Requested::Waits(unfinished, notes)
            }
            Requested::Waits(runs, _) if runs.is_empty() => Requested::Nothing(format!(
                "nothing of the sync {sync} is left over, and TikTok has refused no row in the last 30 days, as long as batches live, that it has not accepted since"
            )),
            asked => asked,
        })
    }

    /// The runs that hold the sync or wait for it.
    async fn unfinished(&self) -> anyhow::Result<Vec<RunId>> {
        let mut runs: Vec<RunId> = self.head().run.iter().map(|open| open.id.clone()).collect();
        for (_, entry) in advance::pending(self.ctx, self.sync()).await? {
            let ended = self
                .store()
                .stat(&keys::record(self.sync(), &entry.run))
                .await?
                .is_some();
            if !ended && !runs.contains(&entry.run) {
                runs.push(entry.run);
            }
        }
        Ok(runs)
    }

    /// What a whole sync's retry does for one of its runs.
    async fn part_of_sync(&self, record: &Record, records: &[Record]) -> anyhow::Result<Part> {
        let plan = self.plan(&record.run).await?;
        // A run that was closed before it was planned knows the name of its export alone.
        let has_export = record.export.is_some();
        if has_export && !self.is_newest_try(record).await? {
            return Ok(Part::Nothing);
        }
        if record.is_test() {
            return Ok(if has_export { Part::Again } else { Part::Nothing });
        }
        if gave_way(self.head(), record, plan.as_ref()) {
            return Ok(Part::Nothing);
        }
        if has_export && was_closed(self.store(), record).await? {
            return Ok(Part::Again);
        }
        let fate = Fate::of(self.store(), self.read, record).await?;
        // What a person cancelled is not wanted, whatever came of it.
        let gone = fate.gone && record.status != RunStatus::Cancelled;
        if has_export && (gone || record.sums.lost > 0) {
            return Ok(Part::Again);
        }
        let left_over = self.head().carried.contains(&record.run);
        let refused = fate.refused > 0 && !(record.refused.is_empty() && record.sums.not_deleted == 0);
        let differs = plan.as_ref().is_some_and(|plan| plan.spec != self.loaded.text);
        if let Some(plan) = plan.as_ref().filter(|_| (left_over || refused) && differs)
            && plan.export.is_some()
            && self.is_there(plan).await?
        {
            return Ok(Part::Again);
        }
        if refused {
            return Ok(Part::Rows);
        }
        if has_export && record.sent_nothing() && self.is_still_wanted(record, plan.as_ref(), records).await?
        {
            return Ok(Part::Again);
        }
        Ok(Part::Nothing)
    }

    /// Whether an export of which nothing was sent is done again. One that did not fit waits for a spec that does; what a
    /// guard stopped, or could not be read, only as the last export of all. Of whole tables the newest counts.
    async fn is_still_wanted(
        &self,
        record: &Record,
        plan: Option<&Plan>,
        records: &[Record],
    ) -> anyhow::Result<bool> {
        let whole = matches!(self.loaded.spec.mode, Mode::Mirror | Mode::All);
        let unfit = record.status == RunStatus::Misconfigured && !whole;
        if !unfit && self.newest_export(records, whole).await? != Some(record.run.clone()) {
            return Ok(false);
        }
        let judged = judge(
            self.ctx,
            self.loaded,
            self.read,
            (record, plan),
            self.ignore_guards,
        );
        Ok(judged.await? == Again::Run)
    }

    /// The newest export: of whole tables by its own time, since the newest of several is run first.
    async fn newest_export(&self, records: &[Record], whole: bool) -> anyhow::Result<Option<RunId>> {
        let mut exports = records
            .iter()
            .filter(|record| record.kind == RunKind::Export && !record.is_test());
        if !whole {
            return Ok(exports.next_back().map(|record| record.run.clone()));
        }
        let mut found: Option<(Newest, RunId)> = None;
        for record in exports {
            let plan = self.plan(&record.run).await?;
            let time = plan.and_then(|plan| plan.export.as_ref().and_then(newest));
            if let Some(time) = time
                && found.as_ref().is_none_or(|(newest, _)| time >= *newest)
            {
                found = Some((time, record.run.clone()));
            }
        }
        Ok(found.map(|(_, run)| run))
    }

    /// Whether no later run of the same export counts more than this one.
    async fn is_newest_try(&self, record: &Record) -> anyhow::Result<bool> {
        let Some(first) = first_of(&record.run) else {
            return Ok(true);
        };
        let tries = Tries::of(self.ctx, self.sync(), self.head(), first).await?;
        if tries.unfinished.is_some() {
            return Ok(false);
        }
        Ok(match &tries.last {
            Some((last, _)) => last.run == record.run,
            // Of tests alone the last one counts.
            None => again_run_id(&record.run) == tries.next,
        })
    }
}
