//! Whole runs on this machine: a folder in the place of the bucket, and this process in the place of the queues. The
//! handlers are the functions' own.

mod exports;
mod machine;
mod secrets;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
pub(crate) use deliver::Tally;
use ingest::{ExportCreated, LoadedSpec, Requested};
use runtime::facts;
use runtime::store::Store;
use sync_core::names::{RunId, SyncName};
use sync_core::run::{Record, keys};
use sync_core::spec::SyncSpec;

use exports::Export;
use machine::Machine;

/// Which half of a run is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Up to the batches.
    Ingest,
    /// From the batches to the record.
    Deliver,
    /// All of it.
    Both,
}

/// Where and how a run is done.
#[derive(Debug, Clone)]
pub(crate) struct LocalOptions {
    /// The folder in the place of the bucket.
    pub(crate) store: PathBuf,
    /// The sandbox in the place of TikTok.
    pub(crate) endpoint: Option<String>,
    /// A token for any destination, in the place of the folder's secrets.
    pub(crate) token: Option<runtime::secrets::SecretText>,
    /// Go on in spite of the guards.
    pub(crate) ignore_guards: bool,
}

/// What became of one file's run.
#[derive(Debug)]
pub(crate) struct RunEnd {
    /// The run.
    pub(crate) run: RunId,
    /// Its record; `None` when it has not ended.
    pub(crate) record: Option<Record>,
    /// It had ended before this command.
    pub(crate) already: bool,
    /// Where its record, rejected rows and report lie.
    pub(crate) folder: PathBuf,
    /// Why it has not ended.
    pub(crate) waiting: Option<String>,
}

/// Runs files through a sync, one after the other.
pub(crate) async fn run(
    options: &LocalOptions,
    spec_text: &str,
    spec: &SyncSpec,
    files: &[PathBuf],
    phase: Phase,
    tally: Arc<Tally>,
) -> anyhow::Result<Vec<RunEnd>> {
    let machine = Machine::open(options, tally)?;
    machine.needs_token(&spec.destination).await?;
    machine
        .store
        .put(&keys::spec(&spec.name), spec_text.as_bytes().to_vec().into())
        .await?;
    let loaded = LoadedSpec {
        spec: spec.clone(),
        text: spec_text.to_owned(),
    };
    // What an earlier, killed process left comes first.
    machine.resume(&spec.name).await?;
    let mut ends = Vec::new();
    for file in files {
        let export = exports::digest(file, spec).await?;
        let run = ingest::run_of(
            &machine.ingest,
            &loaded,
            &export.key,
            &export.version,
            options.ignore_guards,
        )
        .await?;
        let already = record(&machine, &spec.name, &run).await?.is_some();
        if !already && phase != Phase::Deliver {
            exports::bring_in(&machine.store, file, &export).await?;
            machine.accept(&created(&export, &run, options)).await?;
        }
        machine.work(phase).await?;
        let end = end(&machine, &spec.name, run, already, options, phase).await?;
        forget_export(&machine, end.record.as_ref()).await?;
        ends.push(end);
    }
    Ok(ends)
}

/// Asks something of a sync, and does what comes of it.
pub(crate) async fn request(
    options: &LocalOptions,
    sync: &SyncName,
    tally: Arc<Tally>,
    ask: impl AsyncFnOnce(&ingest::Context) -> anyhow::Result<Requested>,
) -> anyhow::Result<(Requested, Option<RunEnd>)> {
    let machine = Machine::open(options, tally)?;
    machine.resume(sync).await?;
    let requested = ask(&machine.ingest).await?;
    let Requested::Waits(run) = &requested else {
        return Ok((requested, None));
    };
    machine.work(Phase::Both).await?;
    let end = end(&machine, sync, run.clone(), false, options, Phase::Both).await?;
    forget_export(&machine, end.record.as_ref()).await?;
    Ok((requested, Some(end)))
}

/// An export stays until its run has ended; one of which nothing was sent, because something was wrong, may be asked for
/// again.
async fn forget_export(machine: &Machine, record: Option<&Record>) -> anyhow::Result<()> {
    if let Some(record) = record.filter(|record| !record.sent_nothing())
        && let Some(export) = &record.export
    {
        machine.store.delete(export).await?;
    }
    Ok(())
}

/// Does what the schedule does in a deployed installation.
pub(crate) async fn housekeeping(options: &LocalOptions, tally: Arc<Tally>) -> anyhow::Result<()> {
    let machine = Machine::open(options, tally)?;
    ingest::housekeeping(&machine.ingest).await?;
    machine.work(Phase::Both).await
}

/// The key under which a file of this machine becomes an export.
pub(crate) async fn named(file: &Path, spec: &SyncSpec) -> anyhow::Result<String> {
    Ok(exports::digest(file, spec).await?.key)
}

fn created(export: &Export, run: &RunId, options: &LocalOptions) -> ExportCreated {
    ExportCreated {
        key: export.key.clone(),
        version: Some(export.version.clone()),
        ignore_guards: options.ignore_guards,
        run: Some(run.clone()),
    }
}

async fn record(machine: &Machine, sync: &SyncName, run: &RunId) -> anyhow::Result<Option<Record>> {
    facts::read(machine.store.as_ref(), &keys::record(sync, run))
        .await
        .context("reading the run's record")
}

async fn end(
    machine: &Machine,
    sync: &SyncName,
    run: RunId,
    already: bool,
    options: &LocalOptions,
    phase: Phase,
) -> anyhow::Result<RunEnd> {
    let record = record(machine, sync, &run).await?;
    let folder = folder(&options.store, sync, &run);
    let waiting = match (&record, phase) {
        (Some(_), _) => None,
        (None, Phase::Ingest) => Some("its batches are written and wait for `tideline deliver`".to_owned()),
        (None, _) => Some(machine.why_waiting(sync, &run).await?),
    };
    if waiting.is_none() && record.is_none() {
        bail!("the run {run} neither ended nor waits: this is a fault in Tideline");
    }
    Ok(RunEnd {
        run,
        record,
        already,
        folder,
        waiting,
    })
}

fn folder(store: &Path, sync: &SyncName, run: &RunId) -> PathBuf {
    store.join(keys::runs_prefix(sync)).join(run.as_str())
}
