//! What is asked for a run: what it left over or TikTok refused in it, or its export.

use runtime::facts;
use sync_core::names::RunId;
use sync_core::rejection::Code;
use sync_core::run::{PendingRequest, Plan, Record, RunKind, RunStatus, keys, retry_run_id};

use super::{Asking, STILL_A_TEST};
use crate::again::{Tries, first_of, gave_way, was_closed};
use crate::fate::{Fate, records, took_in};
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
        if record.status == RunStatus::Superseded || gave_way(self.head(), record, plan) {
            return Ok(Requested::Nothing(format!(
                "a newer export of the whole audience was applied since, and the run {run} has given way to it; {} applies the older one anyway",
                self.way_of_export(record)
            )));
        }
        if is_test {
            return Ok(Requested::Blocked(STILL_A_TEST.to_owned()));
        }
        let fate = Fate::of(self.store(), self.read, record).await?;
        if self.is_done_again(record, plan, &fate).await? {
            return self.export_again(record, plan).await;
        }
        let Fate { waits, refused, .. } = fate;
        if waits.is_none() && refused == 0 {
            return Ok(Requested::Nothing(self.nothing_of(record, plan).await?));
        }
        let mut retried = run.clone();
        let mut notes = Vec::new();
        if let Some(carried) = waits.filter(|carried| carried != run) {
            notes.push(format!("the rows that the run {run} left over went on to the run {carried}, which left them over again"));
        } else if refused > 0 && record.sums.refused == 0 {
            // A later run took them in, and had them refused.
            let later = took_in(self.store(), record).await?;
            if let Some(last) = later.into_iter().rfind(|later| later.sums.refused > 0) {
                notes.push(format!("the rows that the run {run} left over went on to the run {}, in which TikTok refused some", last.run));
                retried = last.run;
            }
        }
        if let Some(blocked) = self.made_otherwise(std::slice::from_ref(&retried)).await? {
            return Ok(Requested::Blocked(blocked));
        }
        let asked = PendingRequest::Retry {
            of: retried,
            also: Vec::new(),
        };
        let id = retry_run_id(run, self.head().rev);
        Ok(self.request(id, asked).await?.noted(notes))
    }

    /// Whether the whole export is done again, and not only what it left: where what is missing is in no batch, or the spec
    /// was changed since and would make something else of it.
    async fn is_done_again(&self, record: &Record, plan: Option<&Plan>, fate: &Fate) -> anyhow::Result<bool> {
        if record.kind != RunKind::Export {
            return Ok(false);
        }
        let undone = record.sent_nothing() || record.status == RunStatus::Cancelled;
        if undone || fate.gone || record.sums.lost > 0 || was_closed(self.store(), record).await? {
            return Ok(true);
        }
        let Some(plan) = plan.filter(|plan| plan.export.is_some()) else {
            return Ok(false);
        };
        let counts = &record.counts;
        let bad_rows = counts.rejected_total() + counts.expired + counts.skipped + fate.refused > 0;
        let changed = plan.spec != self.loaded.text && (bad_rows || fate.waits.is_some());
        // A row that lay ahead of its time passes when the time has come.
        let too_early = counts.rejected.contains_key(Code::FutureTime.as_str());
        Ok((changed || too_early) && self.is_there(plan).await?)
    }

    /// What to say of a run of which nothing waits.
    async fn nothing_of(&self, record: &Record, plan: Option<&Plan>) -> anyhow::Result<String> {
        let run = &record.run;
        let (left_over, refused) = (record.sums.carried_out > 0, record.sums.refused > 0);
        if left_over || refused {
            let what = if left_over { "left over" } else { "had refused" };
            return Ok(match self.went_on(record).await? {
                Some(later) => format!(
                    "the rows that the run {run} {what} went on to the run {}, of whose rows TikTok accepted {} and refused {}",
                    later.run, later.sums.accepted, later.sums.refused
                ),
                None => format!(
                    "the rows that the run {run} {what} wait no more: TikTok has accepted them, or they have given way to newer ones"
                ),
            });
        }
        let rejected = record.counts.rejected_total();
        if rejected > 0 {
            let next = if plan.is_some_and(|plan| plan.export.is_some() && plan.spec != self.loaded.text) {
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

    /// The last run that sent again what a run had left over or TikTok had refused in it.
    async fn went_on(&self, record: &Record) -> anyhow::Result<Option<Record>> {
        if let Some(last) = took_in(self.store(), record).await?.pop() {
            return Ok(Some(last));
        }
        let later = records(self.store(), self.sync(), record.finished).await?;
        Ok(later
            .into_iter()
            .rfind(|later| later.retried.contains(&record.run)))
    }
}
