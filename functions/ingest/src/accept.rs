//! An export landed: it waits as `pending` until its run begins.

use runtime::facts;
use sync_core::names::{RunId, SyncName};
use sync_core::run::{Pending, PendingRequest, export_run_id, keys};
use sync_core::spec::RunOn;

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
    let found = specs.len();
    specs.retain(|loaded| {
        let ignored = keys::is_ignored(&loaded.spec.model.path, &created.key);
        if ignored {
            let sync = &loaded.spec.name;
            tracing::info!(sync = %sync, key = created.key, "ignored: a name that begins with _ or . is no export");
        }
        !ignored
    });
    if specs.is_empty() && found > 0 {
        return Ok(Handled::Done);
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
    if stat.size == 0 {
        tracing::info!(sync = %sync, key = created.key, "ignored: an object of no bytes is no export");
        return Ok(None);
    }
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
