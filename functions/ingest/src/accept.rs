//! An export landed: it waits as `pending` until its run begins.

use runtime::facts;
use runtime::register::read_head;
use sync_core::names::{RunId, SyncName};
use sync_core::run::{Pending, PendingRequest, Plan, Record, RunStatus, again_run_id, export_run_id, keys};
use sync_core::spec::{Mode, RunOn};

use crate::{Context, Handled, LoadedSpec, advance, specs_for_export};

/// An export, as its notification names it.
#[derive(Debug, Clone)]
pub struct ExportCreated {
    /// Its key.
    pub key: String,
    /// Its version, where the bucket keeps versions.
    pub version: Option<String>,
    /// Whether a person asked to go on in spite of the guards.
    pub ignore_guards: bool,
    /// The sync and the run that a person asked for; `None`: every sync whose `model.path` holds the export, each with
    /// the run that belongs to this version of it.
    pub asked: Option<(SyncName, RunId)>,
}

/// Takes an export in: a `pending` entry for each sync that it belongs to, then the sync is advanced. The same
/// notification twice makes the same entry.
pub async fn accept(ctx: &Context, created: &ExportCreated) -> anyhow::Result<Handled> {
    let mut specs = specs_for_export(ctx, &created.key).await?;
    if let Some((sync, _)) = &created.asked {
        specs.retain(|loaded| loaded.spec.name == *sync);
    }
    if specs.is_empty() {
        tracing::warn!(
            export = created.key,
            "no sync's model.path holds this export: nothing is sent; put a spec under syncs/"
        );
        return Ok(Handled::Done);
    }
    let mut handled = Handled::Done;
    for loaded in specs {
        let sync = loaded.spec.name.clone();
        if wait(ctx, &loaded, created).await?.is_some()
            && loaded.spec.model.run_on == RunOn::EachFile
            && let Handled::ComeBack(why) = advance(ctx, &sync, false).await?
        {
            handled = Handled::ComeBack(why);
        }
    }
    Ok(handled)
}

/// Writes the `pending` entry of an export; `None` when its run is done or the export is gone.
async fn wait(ctx: &Context, loaded: &LoadedSpec, created: &ExportCreated) -> anyhow::Result<Option<RunId>> {
    let sync = &loaded.spec.name;
    let stat = match &created.version {
        Some(id) => ctx.store.stat_version(&created.key, id).await?,
        None => ctx.store.stat(&created.key).await?,
    };
    let Some(stat) = stat else {
        tracing::warn!(export = created.key, "the export is gone: nothing is sent");
        return Ok(None);
    };
    let id = created.version.clone().or(stat.version_id);
    let version = id.as_deref().unwrap_or(stat.etag.as_str());
    let run = match &created.asked {
        Some((_, run)) => run.clone(),
        None => export_run_id(&ctx.bucket, &created.key, version, sync),
    };
    if ctx.store.stat(&keys::record(sync, &run)).await?.is_some() {
        tracing::info!(sync = %sync, run = %run, "the export was run already");
        return Ok(None);
    }
    let last_modified = stat.last_modified.as_millisecond();
    let entry = Pending {
        run: run.clone(),
        request: PendingRequest::Export {
            key: created.key.clone(),
            version: id,
            etag: stat.etag.as_str().to_owned(),
            size: stat.size,
            last_modified,
            only_adds: keys::is_corrected(&loaded.spec.model.path, &created.key),
        },
        ignore_guards: created.ignore_guards,
    };
    let key = keys::pending(sync, &sortable(last_modified), &run);
    let _ = facts::write(ctx.store.as_ref(), &key, &entry).await?;
    Ok(Some(run))
}

/// A time that sorts as text: epoch milliseconds in thirteen digits.
pub(crate) fn sortable(milliseconds: i64) -> String {
    format!("{:013}", milliseconds.max(0))
}

/// The run that an export of a sync gets when a person asks for it. An export of which nothing was sent, because its
/// file or its spec was wrong or a guard stopped it, is done again once the spec has changed or the guards are let go;
/// so is every export after a resync, and one of an audience that is not what its audience was last made equal to: as
/// `<run>.2`, then `<run>.3`.
pub async fn run_of(
    ctx: &Context,
    loaded: &LoadedSpec,
    key: &str,
    version: &str,
    ignore_guards: bool,
) -> anyhow::Result<RunId> {
    let sync = &loaded.spec.name;
    let mut run = export_run_id(&ctx.bucket, key, version, sync);
    let head = read_head(ctx.store.as_ref(), sync).await?.head;
    let whole = matches!(loaded.spec.mode, Mode::Mirror | Mode::All)
        && !keys::is_corrected(&loaded.spec.model.path, key);
    loop {
        let record: Option<Record> = facts::read(ctx.store.as_ref(), &keys::record(sync, &run)).await?;
        let Some(record) = record else {
            return Ok(run);
        };
        let (sums, cancelled) = (&record.sums, record.status == RunStatus::Cancelled);
        let undone = sums.not_deleted + sums.carried_out > 0 || cancelled;
        if head.forget || (whole && (undone || record.rev < head.table_rev)) {
            run = again_run_id(&run);
            continue;
        }
        let sent_nothing = record.sent_nothing();
        if !sent_nothing && loaded.spec.audience.is_none() {
            return Ok(run);
        }
        let plan: Option<Plan> = facts::read(ctx.store.as_ref(), &keys::plan(sync, &run)).await?;
        let again = match plan {
            None => sent_nothing,
            Some(plan) => plan.spec != loaded.text || (sent_nothing && plan.ignore_guards != ignore_guards),
        };
        if !again {
            return Ok(run);
        }
        run = again_run_id(&run);
    }
}
