//! `tideline retry`: what earlier runs left over, or TikTok refused in them, is sent again; an export of which nothing was
//! sent, or whose spec was corrected since, is done again.

use std::collections::BTreeSet;

use anyhow::Context as _;
use runtime::facts;
use runtime::register::{HeadRead, read_head};
use runtime::store::{Stat, Store};
use sync_core::diff::Snapshot;
use sync_core::names::{RunId, SyncName};
use sync_core::run::{
    Again, Head, PendingRequest, Plan, Record, RunKind, RunStatus, export_run_id, keys, retry_run_id,
    retry_sync_run_id,
};
use sync_core::spec::payload_version;

use crate::again::{Tries, first_of, is_whole, judge, waits};
use crate::carried::{accepted_since, refused_keys};
use crate::fold::snapshot_partition;
use crate::requests::request;
use crate::run::pinned_spec;
use crate::{Context, LoadedSpec, Requested, advance, specs};

/// Batches live this long after the record of their run: what TikTok refused can be sent again as long.
const BATCH_SECONDS: i64 = 30 * 86_400;
/// More objects than a listing for people needs.
const MANY: usize = 100_000;

/// What is to be sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RetryOf {
    /// What this run left over or had refused.
    Run(RunId),
    /// What any run of the sync left over, or had refused within the last 30 days.
    Sync,
}

/// Asks to send again what was left over or refused. Left-over and refused rows keep the payload that they were made
/// with; the event source and the batch size are those of the current spec.
pub async fn retry(
    ctx: &Context,
    sync: &SyncName,
    of: &RetryOf,
    ignore_guards: bool,
    now: i64,
) -> anyhow::Result<Requested> {
    let loaded = match specs::load(ctx, sync).await? {
        Some(Ok(loaded)) => loaded,
        Some(Err(error)) => return Ok(Requested::Blocked(format!("the spec is not valid: {error}"))),
        None => {
            return Ok(Requested::Blocked(format!(
                "the sync {sync} has no spec any more: put it back"
            )));
        }
    };
    let read = read_head(ctx.store.as_ref(), sync).await?;
    let asking = Asking {
        ctx,
        loaded: &loaded,
        read: &read,
        ignore_guards,
        now,
    };
    match of {
        RetryOf::Run(run) => asking.of_run(run).await,
        RetryOf::Sync => asking.of_sync().await,
    }
}

/// Asks to do an export of a bucket once more, for each sync that it belongs to, or for one of them.
pub async fn retry_export(
    ctx: &Context,
    key: &str,
    only: Option<&SyncName>,
    ignore_guards: bool,
    now: i64,
) -> anyhow::Result<Vec<(SyncName, Requested)>> {
    let stat = ctx.store.stat(key).await?;
    let stat = stat.with_context(|| format!("there is no object {key} in the bucket"))?;
    let mut found = specs::specs_for_export(ctx, key).await?;
    found.retain(|loaded| only.is_none_or(|only| loaded.spec.name == *only));
    found.retain(|loaded| !keys::is_ignored(&loaded.spec.model.path, key));
    anyhow::ensure!(
        !found.is_empty() && stat.size > 0,
        "{key} is no export of {}: names that begin with _ or ., and objects of no bytes, are none",
        only.map_or_else(|| "any sync".to_owned(), |only| format!("the sync {only}"))
    );
    let mut asked = Vec::new();
    for loaded in found {
        let requested = export_now(ctx, &loaded, key, &stat, ignore_guards, now).await?;
        asked.push((loaded.spec.name, requested));
    }
    Ok(asked)
}

/// Asks to do the newest version of an export once more, or to go on where it is on its way.
async fn export_now(
    ctx: &Context,
    loaded: &LoadedSpec,
    key: &str,
    stat: &Stat,
    ignore_guards: bool,
    now: i64,
) -> anyhow::Result<Requested> {
    let sync = &loaded.spec.name;
    let head = read_head(ctx.store.as_ref(), sync).await?.head;
    let version = stat.version_id.as_deref().unwrap_or(stat.etag.as_str());
    let first = export_run_id(&ctx.bucket, key, version, sync);
    let tries = Tries::of(ctx, sync, &head, first).await?;
    if let Some(run) = tries.unfinished {
        return Ok(Requested::Waits(vec![run], Vec::new()));
    }
    let export = PendingRequest::Export {
        key: key.to_owned(),
        version: stat.version_id.clone(),
        etag: stat.etag.as_str().to_owned(),
        size: stat.size,
        // What a person asks for now is the newest.
        last_modified: now,
        only_adds: keys::is_corrected(&loaded.spec.model.path, key),
    };
    request(ctx, sync, tries.next, export, ignore_guards, now).await
}

struct Asking<'a> {
    ctx: &'a Context,
    loaded: &'a LoadedSpec,
    read: &'a HeadRead,
    ignore_guards: bool,
    now: i64,
}

const STILL_A_TEST: &str = "the spec has a test_event_code, and nothing of a test is left over or sent live: take the key out of the spec, then ask again";

impl Asking<'_> {
    fn sync(&self) -> &SyncName {
        &self.loaded.spec.name
    }

    fn store(&self) -> &dyn Store {
        self.ctx.store.as_ref()
    }

    fn head(&self) -> &Head {
        &self.read.head
    }

    async fn of_run(&self, of: &RunId) -> anyhow::Result<Requested> {
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
        Ok(Requested::Blocked(format!(
            "the run {of} has not ended: it goes on by itself, and on one machine with the next command"
        )))
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
        if let Some(blocked) = self.made_otherwise(&[run.clone()]).await? {
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
        if record.kind == RunKind::Export && (record.sent_nothing() || record.status == RunStatus::Cancelled)
        {
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

    /// Records of the sync that were written since a time, epoch seconds, the oldest first.
    async fn records(&self, since: i64) -> anyhow::Result<Vec<Record>> {
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

    async fn of_sync(&self) -> anyhow::Result<Requested> {
        if self.loaded.spec.is_test() {
            return Ok(Requested::Blocked(STILL_A_TEST.to_owned()));
        }
        let sync = self.sync();
        let since = self.read.now.as_second().saturating_sub(BATCH_SECONDS);
        let records = self.records(since).await?;
        let mut asked = Requested::Waits(Vec::new(), Vec::new());
        let mut retried: Vec<&Record> = Vec::new();
        for record in &records {
            match self.part_of_sync(record, &records).await? {
                Part::Nothing => {}
                Part::Again(plan) => asked = asked.and(self.export_again(record, plan.as_ref()).await?),
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
            Requested::Waits(runs, _) if runs.is_empty() => Requested::Nothing(format!(
                "nothing of the sync {sync} is left over, and TikTok has refused no row in the last 30 days, as long as batches live, that it has not accepted since"
            )),
            asked => asked,
        })
    }

    /// What a whole sync's retry does for one of its runs.
    async fn part_of_sync(&self, record: &Record, records: &[Record]) -> anyhow::Result<Part> {
        let plan = self.plan(&record.run).await?;
        let has_export = plan.as_ref().is_some_and(|plan| plan.export.is_some());
        if has_export && !self.is_newest_try(record).await? {
            return Ok(Part::Nothing);
        }
        if record.is_test() {
            return Ok(if has_export {
                Part::Again(plan)
            } else {
                Part::Nothing
            });
        }
        let table = plan
            .as_ref()
            .and_then(|plan| plan.audience.as_ref())
            .is_some_and(|audience| audience.whole);
        if table && record.rev < self.head().table_rev {
            return Ok(Part::Nothing);
        }
        let left_over = self.head().carried.contains(&record.run);
        let refused = self.has_refused(record).await?;
        let differs = plan.as_ref().is_some_and(|plan| plan.spec != self.loaded.text);
        if let Some(plan) = plan.as_ref().filter(|_| (left_over || refused) && differs)
            && plan.export.is_some()
            && self.is_there(plan).await?
        {
            return Ok(Part::Again(Some(plan.clone())));
        }
        if refused {
            return Ok(Part::Rows);
        }
        // The last export, where it was stopped before it sent and something is another now.
        let newest = records
            .iter()
            .rev()
            .find(|record| record.kind == RunKind::Export && !record.is_test());
        let is_newest = newest.is_some_and(|newest| newest.run == record.run);
        if let Some(export) = plan
            .as_ref()
            .and_then(|plan| plan.export.as_ref())
            .filter(|_| is_newest && record.sent_nothing())
            && let PendingRequest::Export { key, .. } = export
        {
            let whole = is_whole(&self.loaded.spec, key);
            let judged = judge(
                self.ctx,
                self.loaded,
                self.head(),
                (record, plan.as_ref()),
                whole,
                self.ignore_guards,
            );
            if judged.await? == Again::Run {
                return Ok(Part::Again(plan));
            }
        }
        Ok(Part::Nothing)
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
            None => sync_core::run::again_run_id(&record.run) == tries.next,
        })
    }

    async fn plan(&self, run: &RunId) -> anyhow::Result<Option<Plan>> {
        Ok(facts::read(self.store(), &keys::plan(self.sync(), run)).await?)
    }

    /// Whether the version of the export that a run worked on is still there.
    async fn is_there(&self, plan: &Plan) -> anyhow::Result<bool> {
        let Some(PendingRequest::Export {
            key, version, etag, ..
        }) = &plan.export
        else {
            return Ok(false);
        };
        let stat = match version {
            Some(id) => self.store().stat_version(key, id).await?,
            None => self.store().stat(key).await?,
        };
        Ok(stat.is_some_and(|stat| stat.etag.as_str() == etag))
    }

    /// Whether TikTok refused something in a run that it has not accepted since. Batches that are gone count for nothing.
    async fn has_refused(&self, record: &Record) -> anyhow::Result<bool> {
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

    /// Why rows of these runs are not sent again as they were made: the spec makes something else of them by now, and
    /// their exports are not kept.
    async fn made_otherwise(&self, runs: &[RunId]) -> anyhow::Result<Option<String>> {
        if self.ctx.settings.exports_land {
            return Ok(None);
        }
        let now = payload_version(&self.loaded.spec);
        for run in runs {
            let Some(plan) = self.plan(run).await? else {
                continue;
            };
            let differs = pinned_spec(self.sync(), &plan).is_ok_and(|spec| payload_version(&spec) != now);
            if differs {
                return Ok(Some(format!(
                    "the rows of the run {run} were made by another mapping than the spec has now, and nothing was sent: `tideline run SPEC FILE` does the file again, and its valid rows take the place of those that are left over"
                )));
            }
        }
        Ok(None)
    }

    async fn export_again(&self, record: &Record, plan: Option<&Plan>) -> anyhow::Result<Requested> {
        let run = &record.run;
        let Some(plan) = plan.filter(|plan| plan.export.is_some()) else {
            return self.cancelled_export(record).await;
        };
        if !self.is_there(plan).await? {
            let next = if self.ctx.settings.exports_land {
                "the export of the run is not in the bucket any more: write it there again"
            } else {
                "a folder keeps no export of a run that has ended: `tideline run SPEC FILE` does it again"
            };
            return Ok(Requested::Blocked(format!(
                "the run {run} cannot be done again, since {next}"
            )));
        }
        let Some(first) = first_of(run) else {
            return Ok(Requested::Nothing(format!("the run {run} had no export")));
        };
        let tries = Tries::of(self.ctx, self.sync(), self.head(), first).await?;
        let mut export = plan.export.clone();
        if let Some(PendingRequest::Export { last_modified, .. }) = &mut export {
            // What a person asks for now is the newest.
            *last_modified = (*last_modified).max(self.now);
        }
        let Some(export) = export else {
            return Ok(Requested::Nothing(format!("the run {run} had no export")));
        };
        let note = format!(
            "the export of the run {run} is done again as the run {}",
            tries.next
        );
        Ok(self.request(tries.next, export).await?.noted(vec![note]))
    }

    /// The export of a run that was cancelled before it had begun: its name alone is known.
    async fn cancelled_export(&self, record: &Record) -> anyhow::Result<Requested> {
        let run = &record.run;
        let key = record.export.as_ref().filter(|_| self.ctx.settings.exports_land);
        let stat = match key {
            Some(key) => self.store().stat(key).await?,
            None => None,
        };
        Ok(match (key, stat) {
            (Some(key), Some(stat)) => {
                export_now(self.ctx, self.loaded, key, &stat, self.ignore_guards, self.now).await?
            }
            _ => Requested::Blocked(format!(
                "nothing of the run {run} was read, and its export is not kept: {} does it",
                self.way_of_export(record)
            )),
        })
    }

    /// How an export is done again by its name.
    fn way_of_export(&self, record: &Record) -> String {
        match &record.export {
            Some(key) if self.ctx.settings.exports_land => format!("`tideline retry --export {key}`"),
            _ => "`tideline run SPEC FILE`".to_owned(),
        }
    }

    async fn request(&self, run: RunId, asked: PendingRequest) -> anyhow::Result<Requested> {
        request(self.ctx, self.sync(), run, asked, self.ignore_guards, self.now).await
    }
}

/// What a whole sync's retry does for one of its runs.
enum Part {
    Nothing,
    /// Its export is done again.
    Again(Option<Plan>),
    /// Its refused rows are sent again.
    Rows,
}

impl Requested {
    /// The same with what a person should know.
    fn noted(self, more: Vec<String>) -> Self {
        match self {
            Self::Waits(runs, mut notes) => {
                notes.extend(more);
                Self::Waits(runs, notes)
            }
            other => other,
        }
    }

    /// Both, where several things were asked for at once.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Waits(mut runs, mut notes), Self::Waits(more, said)) => {
                runs.extend(more);
                notes.extend(said);
                Self::Waits(runs, notes)
            }
            (Self::Waits(runs, mut notes), Self::Blocked(why) | Self::Nothing(why)) if !runs.is_empty() => {
                notes.push(why);
                Self::Waits(runs, notes)
            }
            (Self::Waits(..), other) => other,
            (this, _) => this,
        }
    }
}
