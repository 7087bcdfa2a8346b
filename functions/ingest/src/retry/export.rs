//! An export that is done again.

use anyhow::Context as _;
use runtime::register::{HeadRead, read_head};
use runtime::store::Stat;
use sync_core::names::{RunId, SyncName};
use sync_core::run::{PendingRequest, Plan, Record, again_run_id, export_run_id, keys};

use super::Asking;
use crate::again::{Tries, first_of};
use crate::requests::request;
use crate::{Context, LoadedSpec, Requested, specs};

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
    let read = read_head(ctx.store.as_ref(), sync).await?;
    let version = stat.version_id.as_deref().unwrap_or(stat.etag.as_str());
    let first = export_run_id(&ctx.bucket, key, version, sync);
    let tries = Tries::of(ctx, sync, &read.head, first).await?;
    if let Some(run) = tries.unfinished {
        return Ok(Requested::Waits(vec![run], Vec::new()));
    }
    let export = PendingRequest::Export {
        key: key.to_owned(),
        version: stat.version_id.clone(),
        etag: stat.etag.as_str().to_owned(),
        size: stat.size,
        last_modified: asked_now(&read),
        only_adds: keys::is_corrected(&loaded.spec.model.path, key),
    };
    request(ctx, sync, tries.next, export, ignore_guards, now).await
}

/// What a person asks for now is the newest, by the store's clock and in its whole seconds: a clock of another machine must
/// not make the next exports late.
fn asked_now(read: &HeadRead) -> i64 {
    let applied = read.head.newest.as_ref().map_or(0, |newest| newest.last_modified);
    read.now.as_second().saturating_mul(1_000).max(applied)
}

impl Asking<'_> {
    pub(super) async fn export_again(
        &self,
        record: &Record,
        plan: Option<&Plan>,
    ) -> anyhow::Result<Requested> {
        let run = &record.run;
        let planned = match plan.filter(|plan| plan.export.is_some()) {
            Some(plan) => Some(plan.clone()),
            None => self.planned_by_another_try(run).await?,
        };
        let Some(plan) = planned else {
            return self.unplanned_export(record).await;
        };
        if !self.is_there(&plan).await? {
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
            *last_modified = (*last_modified).max(asked_now(self.read));
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

    /// The plan of another run of the same export, which names the same version.
    async fn planned_by_another_try(&self, run: &RunId) -> anyhow::Result<Option<Plan>> {
        let mut next = first_of(run);
        while let Some(run) = next {
            if let Some(plan) = self.plan(&run).await? {
                return Ok(plan.export.is_some().then_some(plan));
            }
            let ended = self
                .store()
                .stat(&keys::record(self.sync(), &run))
                .await?
                .is_some();
            next = ended.then(|| again_run_id(&run));
        }
        Ok(None)
    }

    /// The export of a run that ended before it was planned: its name alone is known.
    async fn unplanned_export(&self, record: &Record) -> anyhow::Result<Requested> {
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
    pub(super) fn way_of_export(&self, record: &Record) -> String {
        match &record.export {
            Some(key) if self.ctx.settings.exports_land => format!("`tideline retry --export {key}`"),
            _ => "`tideline run SPEC FILE`".to_owned(),
        }
    }
}
