//! What is asked for a run: what it left over or TikTok refused in it, or its export.

use runtime::facts;
use sync_core::names::RunId;
use sync_core::run::{PendingRequest, Plan, Record, RunKind, RunStatus, keys, retry_run_id};

use super::{Asking, STILL_A_TEST};
use crate::again::{Tries, first_of, waits, was_closed};
use crate::{Requested, advance};

impl Asking<'_> {
    pub(super) async fn of_run(&self, of: &RunId) -> anyhow::Result<Requested> {
        let key = keys::record(self.sync(), of);
        let Some(record) = facts::read::<Record>(self.store(), &key).await? else {
            return self.not_ended(of).await;
        };
        let plan = self.plan(of).await?;
        let export = plan.as_ref().and_then(|plan| plan.export.as_ref());
        let tries = match export.and_then(|_| first_of(of)) {
            Some(first) => Some(Tries::of(self.ctx, self.sync(), self.head(), first).await?),
            None => None,
        };
        if let Some(run) = tries.as_ref().and_then(|tries| tries.unfinished.clone()) {
            return Ok(Requested::Waits(vec![run], Vec::new()));
        }
        // A later run of the same export takes the place of the one that was asked for.
        if let Some((last, _)) = tries.as_ref().and_then(|tries| tries.last.as_ref())
            && last.run != *of
        {
            let said = format!(
                "the export of the run {of} was done again as the run {}",
                last.run
            );
            return Ok(
                match self.ended(last, self.plan(&last.run).await?.as_ref()).await? {
                    Requested::Waits(runs, mut notes) => {
                        notes.insert(0, said);
                        Requested::Waits(runs, notes)
                    }
                    Requested::Nothing(why) => Requested::Nothing(format!("{said}; {why}")),
                    other => other,
                },
            );
        }
        self.ended(&record, plan.as_ref()).await
    }

    /// A run without a record: it runs or waits.
    async fn not_ended(&self, of: &RunId) -> anyhow::Result<Requested> {
        let open = self.head().run.as_ref().is_some_and(|open| open.id == *of);
        let waiting = advance::pending(self.ctx, self.sync()).await?;
        let waits = waiting.iter().any(|(_, entry)| entry.run == *of);
        anyhow::ensure!(open || waits, "there is no run {of} of the sync {}", self.sync());
        Ok(Requested::Waits(
            vec![of.clone()],
            vec![format!("the run {of} has not ended, and goes on")],
        ))
    }

    /// A run that has ended, and that no later run of its export has followed.
    async fn ended(&self, record: &Record, plan: Option<&Plan>) -> anyhow::Result<Requested> {
        let run = &record.run;
        let is_test = self.loaded.spec.is_test();
        if record.is_test() {
            if is_test {
                let why = format!(
                    "the run {run} went to TikTok's test page, and the spec still has its test_event_code"
                );
                return Ok(Requested::Blocked(format!(
                    "{why}: take the key out of the spec, then ask again; {} sends the export to the test page once more",
                    self.way_of_export(record)
                )));
            }
            return self.export_again(record, plan).await;
        }
        let table = plan
            .and_then(|plan| plan.audience.as_ref())
            .is_some_and(|audience| audience.whole);
        if record.status == RunStatus::Superseded || (table && record.rev < self.head().table_rev) {
            return Ok(Requested::Nothing(format!(
                "a newer export of the whole audience was applied since, and the run {run} has given way to it; {} applies the older one anyway",
                self.way_of_export(record)
            )));
        }
        if is_test {
            return Ok(Requested::Blocked(STILL_A_TEST.to_owned()));
        }
        let left_over = waits(self.store(), self.head(), record).await?;
        let refused = self.has_refused(record).await?;
        if self
            .is_done_again(record, plan, left_over.is_some() || refused)
            .await?
        {
            return self.export_again(record, plan).await;
        }
        if left_over.is_none() && !refused {
            return Ok(Requested::Nothing(self.nothing_of(record).await?));
        }
        let mut notes = Vec::new();
        if let Some(carried) = left_over.filter(|carried| carried != run) {
            notes.push(format!("the rows that the run {run} left over went on to the run {carried}, which left them over again"));
        }
        if let Some(blocked) = self.made_otherwise(std::slice::from_ref(run)).await? {
            return Ok(Requested::Blocked(blocked));
        }
        let asked = PendingRequest::Retry {
            of: run.clone(),
            also: Vec::new(),
        };
        let id = retry_run_id(run, self.head().rev);
        Ok(self.request(id, asked).await?.noted(notes))
    }

    /// Whether the whole export is done again, and not only what it left.
    async fn is_done_again(
        &self,
        record: &Record,
        plan: Option<&Plan>,
        has_rows: bool,
    ) -> anyhow::Result<bool> {
        let undone = record.sent_nothing() || record.status == RunStatus::Cancelled;
        if record.kind == RunKind::Export && (undone || was_closed(self.store(), record).await?) {
            return Ok(true);
        }
        let Some(plan) = plan.filter(|plan| plan.export.is_some()) else {
            return Ok(false);
        };
        let differs = plan.spec != self.loaded.text;
        let bad_rows = record.counts.rejected_total() > 0;
        Ok(differs && (has_rows || bad_rows) && self.is_there(plan).await?)
    }

    /// What to say of a run of which nothing waits.
    async fn nothing_of(&self, record: &Record) -> anyhow::Result<String> {
        let run = &record.run;
        if record.sums.carried_out > 0 {
            if let Some(later) = self.took_in(record).await? {
                let sums = &later.sums;
                return Ok(format!(
                    "the rows that the run {run} left over went on to the run {}, of whose rows TikTok accepted {} and refused {}",
                    later.run, sums.accepted, sums.refused
                ));
            }
            return Ok(format!(
                "the rows that the run {run} left over wait no more: they were sent, or have given way to newer ones"
            ));
        }
        if record.sums.refused > 0 {
            if let Some(later) = self.sent_again(record).await? {
                let sums = &later.sums;
                return Ok(format!(
                    "the rows that TikTok refused in the run {run} went again with the run {}, of whose rows it accepted {} and refused {}",
                    later.run, sums.accepted, sums.refused
                ));
            }
            return Ok(format!(
                "TikTok has accepted since what it refused in the run {run}, or the batches of the run are gone, which live 30 days"
            ));
        }
        let rejected = record.counts.rejected_total();
        if rejected > 0 {
            let plan = self.plan(run).await?;
            let differs = plan.is_some_and(|plan| plan.export.is_some() && plan.spec != self.loaded.text);
            let next = if differs {
                format!(
                    "the spec was changed since, and {} does the export again",
                    self.way_of_export(record)
                )
            } else {
                "correct them in the export, or with --corrected".to_owned()
            };
            return Ok(format!(
                "TikTok refused no row of the run {run}, and none is left over; Tideline's own checks rejected {rejected}: {next}"
            ));
        }
        Ok(format!(
            "TikTok refused no row of the run {run}, and none is left over"
        ))
    }

    /// The last run that sent again what TikTok refused in a run.
    async fn sent_again(&self, record: &Record) -> anyhow::Result<Option<Record>> {
        let later = self.records(record.finished).await?;
        Ok(later
            .into_iter()
            .rfind(|later| later.retried.contains(&record.run)))
    }

    /// The last of the runs to which the rows went that a run left over.
    async fn took_in(&self, record: &Record) -> anyhow::Result<Option<Record>> {
        let mut last = None;
        let mut of = record.run.clone();
        for later in self.records(record.finished).await? {
            if later.carried_from.contains(&of) {
                of = later.run.clone();
                last = Some(later);
            }
        }
        Ok(last)
    }
}
