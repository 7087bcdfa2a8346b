//! Whole runs on this machine: a folder in the place of the bucket, and this process in the place of the queues. The
//! handlers are the functions' own.

mod belongs;
mod exports;
mod identities;
mod machine;
mod secrets;
mod spec_path;
mod waiting;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
pub(crate) use belongs::{Purpose, check_folder, endpoint_of};
pub(crate) use deliver::Tally;
use ingest::{ExportCreated, LoadedSpec, LookedAfter, Requested, Turn};
use runtime::facts;
use runtime::register::read_head;
use runtime::settings::LATE_CALL;
use runtime::store::Store;
use sync_core::names::{RunId, SyncName};
use sync_core::run::{Again, Fixed, FixedVia, Record, keys};
use sync_core::spec::{Mode, SyncSpec};

use exports::{Export, Naming, WaitingExport};
use machine::Machine;
pub(crate) use machine::is_held;
pub(crate) use spec_path::{noted_spec, spec_of};
pub(crate) use waiting::Waiting;

use crate::history;
use crate::interrupt::Stop;

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
    /// What the command does in the folder.
    pub(crate) purpose: Purpose,
    /// Specs that count from now on: the folder's copies become equal to them.
    pub(crate) specs: Vec<(SyncName, String)>,
    /// Whether this process is to end.
    pub(crate) stop: Stop,
}

/// What is run.
#[derive(Debug, Clone)]
pub(crate) struct Exports<'a> {
    /// The spec's text.
    pub(crate) text: &'a str,
    /// The spec.
    pub(crate) spec: &'a SyncSpec,
    /// The spec's file; `None` where the folder's own copy was taken.
    pub(crate) spec_file: Option<&'a Path>,
    /// The files, each a run of its own.
    pub(crate) files: &'a [PathBuf],
    /// They hold corrected rows of an export, and only add.
    pub(crate) corrected: bool,
    /// Where Match Booster's identity files are looked for before the store.
    pub(crate) identities: Vec<PathBuf>,
}

/// What became of one file's run.
#[derive(Debug)]
pub(crate) struct RunEnd {
    /// The run.
    pub(crate) run: RunId,
    /// Its record; `None` when it has not ended.
    pub(crate) record: Option<Record>,
    /// Why nothing is left to do, where the file was run before.
    pub(crate) nothing: Option<Again>,
    /// How many of its rows wait to be sent again.
    pub(crate) left_over: u64,
    /// Where its record, rejected rows and report lie.
    pub(crate) folder: PathBuf,
    /// Why it has not ended.
    pub(crate) waiting: Option<Waiting>,
}

/// What became of the files of a command.
#[derive(Debug, Default)]
pub(crate) struct Ran {
    /// Runs of the sync that had waited, or were cut off, and ended by the way.
    pub(crate) others: Vec<RunEnd>,
    /// The files' own, in their order; fewer where the process was asked to end.
    pub(crate) files: Vec<RunEnd>,
}

/// Runs files through a sync, one after the other.
pub(crate) async fn run(
    options: &LocalOptions,
    exports: &Exports<'_>,
    phase: Phase,
    tally: Arc<Tally>,
) -> anyhow::Result<Ran> {
    let (spec, spec_text) = (exports.spec, exports.text);
    let machine = Machine::open(options, tally).await?;
    machine.needs_token(&spec.destination).await?;
    let identities = bring_in_identities(&machine, options, exports, phase).await?;
    let naming = Naming {
        corrected: exports.corrected,
        identities: identities.as_deref(),
    };
    machine
        .store
        .put(&keys::spec(&spec.name), spec_text.as_bytes().to_vec().into())
        .await?;
    if let Some(file) = exports.spec_file {
        spec_path::note(&machine.store, &spec.name, file).await?;
    }
    let loaded = LoadedSpec {
        spec: spec.clone(),
        text: spec_text.to_owned(),
    };
    // What an earlier, killed process left comes first.
    if spec.mode == Mode::Mirror && phase != Phase::Deliver {
        await_late_calls(&machine, &spec.name).await?;
    }
    let store = machine.store.as_ref();
    let mut before: HashSet<RunId> = history::ended_runs(store, &spec.name)
        .await?
        .into_iter()
        .collect();
    machine.resume(&spec.name).await?;
    let mut ran = Ran::default();
    for file in exports.files {
        if options.stop.is_asked() {
            break;
        }
        let export = exports::digest(file, spec, naming).await?;
        let turn = ingest::turn(
            &machine.ingest,
            &loaded,
            &export.key,
            &export.version,
            options.ignore_guards,
        )
        .await?;
        let (run, nothing) = match turn {
            Turn::Go(run) => (run, None),
            // It had been cut off, and was ended by this command: that is no "nothing to do".
            Turn::Nothing(_, record) if !before.contains(&record.run) => (record.run, None),
            Turn::Nothing(why, record) => (record.run.clone(), Some(why)),
        };
        let ended = store.stat(&keys::record(&spec.name, &run)).await?.is_some();
        if !ended && phase != Phase::Deliver {
            exports::bring_in(&machine.store, file, &export, (&spec.name, &run)).await?;
            let created = created(&export, (&spec.name, &run), options);
            Box::pin(machine.accept(&spec.name, &created)).await?;
        }
        let waiting = exports::waiting(&machine.store, &spec.name).await?;
        // Boxed: the handlers' states are large.
        Box::pin(machine.work(phase)).await?;
        if options.stop.is_asked() {
            break;
        }
        let run = ingest::taken_over_by(&machine.ingest, &spec.name, run).await?;
        let end = end(&machine, &spec.name, run, nothing, options, phase).await?;
        forget_export(&machine, end.record.as_ref()).await?;
        forget_ended(&machine, &spec.name, waiting).await?;
        before.insert(end.run.clone());
        ran.files.push(end);
    }
    for run in history::ended_runs(store, &spec.name).await? {
        if !before.contains(&run) && !options.stop.is_asked() {
            let end = end(&machine, &spec.name, run, None, options, phase).await?;
            ran.others.push(end);
        }
    }
    belongs::bind(&machine.store).await?;
    Ok(ran)
}

/// A killed process may have left a call under way: people whom it adds late would stay after a later run has removed
/// them. In a deployed installation the time between two runs keeps them apart.
async fn await_late_calls(machine: &Machine, sync: &SyncName) -> anyhow::Result<()> {
    let head = read_head(machine.store.as_ref(), sync).await?.head;
    let Some(run) = head.run else {
        return Ok(());
    };
    let batches = keys::batches_prefix(sync, &run.id);
    if !machine.store.list(&batches, None, 1).await?.is_empty() {
        tracing::info!(sync = %sync, run = %run.id, "the run was interrupted: its last call is given five seconds to end");
        tokio::time::sleep(LATE_CALL).await;
    }
    Ok(())
}

/// Match Booster's identity files, as one digest; `None` without a Match Booster. The second half of a run finds what
/// the first one has brought in.
async fn bring_in_identities(
    machine: &Machine,
    options: &LocalOptions,
    exports: &Exports<'_>,
    phase: Phase,
) -> anyhow::Result<Option<String>> {
    let Some(booster) = &exports.spec.match_booster else {
        return Ok(None);
    };
    let folders = match phase {
        Phase::Deliver => &[][..],
        Phase::Ingest | Phase::Both => &exports.identities,
    };
    let digest = identities::bring_in(&machine.store, &options.store, booster, folders).await?;
    Ok(Some(digest))
}

/// How far the work on a request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// Until nothing is left to do.
    Rest,
    /// Until what was asked for has ended, and nothing else is begun.
    Ended,
}

/// Asks something of a sync, and does what comes of it: how each run ended that was asked for.
pub(crate) async fn request(
    options: &LocalOptions,
    sync: &SyncName,
    tally: Arc<Tally>,
    until: Until,
    ask: impl AsyncFnOnce(&ingest::Context) -> anyhow::Result<Requested>,
) -> anyhow::Result<(Requested, Vec<RunEnd>)> {
    let machine = Machine::open(options, tally).await?;
    if until == Until::Rest {
        machine.resume(sync).await?;
    }
    let waiting = exports::waiting(&machine.store, sync).await?;
    let requested = Box::pin(ask(&machine.ingest)).await?;
    let Requested::Waits(runs, _) = &requested else {
        return Ok((requested, Vec::new()));
    };
    match until {
        Until::Rest => Box::pin(machine.work(Phase::Both)).await?,
        Until::Ended => Box::pin(machine.end_cancelled(sync)).await?,
    }
    let mut ends = Vec::new();
    for run in runs {
        if options.stop.is_asked() {
            break;
        }
        let run = ingest::taken_over_by(&machine.ingest, sync, run.clone()).await?;
        let end = end(&machine, sync, run, None, options, Phase::Both).await?;
        forget_export(&machine, end.record.as_ref()).await?;
        ends.push(end);
    }
    forget_ended(&machine, sync, waiting).await?;
    belongs::bind(&machine.store).await?;
    Ok((requested, ends))
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

/// What housekeeping did in a folder.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// The syncs, with what was done for each.
    pub(crate) looked: Vec<LookedAfter>,
    /// The runs that ended meanwhile.
    pub(crate) ended: Vec<RunEnd>,
}

/// Does for these syncs what the schedule does in a deployed installation.
pub(crate) async fn housekeeping(
    options: &LocalOptions,
    syncs: &[SyncName],
    tally: Arc<Tally>,
) -> anyhow::Result<Kept> {
    let machine = Machine::open(options, tally).await?;
    let store = machine.store.as_ref();
    let (mut waiting, mut before) = (Vec::new(), HashSet::new());
    for sync in syncs {
        before.extend(history::ended_runs(store, sync).await?);
        let exports = exports::waiting(&machine.store, sync).await?;
        waiting.push((sync, exports));
    }
    let looked = Box::pin(ingest::housekeeping_of(&machine.ingest, syncs.iter().cloned())).await;
    Box::pin(machine.work(Phase::Both)).await?;
    let mut ended = Vec::new();
    for (sync, exports) in waiting {
        for run in history::ended_runs(store, sync).await? {
            if !options.stop.is_asked() && !before.contains(&run) {
                ended.push(end(&machine, sync, run, None, options, Phase::Both).await?);
            }
        }
        forget_ended(&machine, sync, exports).await?;
    }
    belongs::bind(&machine.store).await?;
    Ok(Kept { looked, ended })
}

/// Exports that waited stay no longer than their runs: one that was postponed may have ended, or given way to a newer
/// one.
async fn forget_ended(machine: &Machine, sync: &SyncName, waiting: Vec<WaitingExport>) -> anyhow::Result<()> {
    for export in waiting {
        let record = record(machine, sync, &export.run).await?;
        if record.is_some_and(|record| !record.sent_nothing()) {
            machine.store.delete(&export.key).await?;
        }
    }
    Ok(())
}

/// The key under which a file of corrected rows becomes an export.
pub(crate) async fn named_corrected(file: &Path, spec: &SyncSpec) -> anyhow::Result<String> {
    let naming = Naming {
        corrected: true,
        identities: None,
    };
    Ok(exports::digest(file, spec, naming).await?.key)
}

fn created(export: &Export, asked: (&SyncName, &RunId), options: &LocalOptions) -> ExportCreated {
    let (sync, run) = asked;
    ExportCreated {
        key: export.key.clone(),
        version: Some(export.version.clone()),
        ignore_guards: options.ignore_guards,
        asked: Some((sync.clone(), run.clone())),
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
    nothing: Option<Again>,
    options: &LocalOptions,
    phase: Phase,
) -> anyhow::Result<RunEnd> {
    let mut record = record(machine, sync, &run).await?;
    if let Some(record) = &mut record {
        name_audience(machine, record).await?;
    }
    let folder = folder(&options.store, sync, &run);
    let waiting = match (&record, phase) {
        (Some(_), _) => None,
        (None, Phase::Ingest) if is_open(machine, sync, &run).await? => Some(Waiting::because(
            "its batches are written and wait for `tideline deliver SPEC FILE`",
        )),
        (None, _) => Some(waiting::why(machine, sync, &run).await?),
    };
    if waiting.is_none() && record.is_none() {
        bail!("the run {run} neither ended nor waits: this is a fault in Tideline");
    }
    let head = read_head(machine.store.as_ref(), sync).await?.head;
    let left_over = record.as_ref().map_or(0, |record| record.left_over(&head));
    Ok(RunEnd {
        run,
        record,
        nothing,
        left_over,
        folder,
        waiting,
    })
}

/// Whether the run holds its sync.
async fn is_open(machine: &Machine, sync: &SyncName, run: &RunId) -> anyhow::Result<bool> {
    let head = read_head(machine.store.as_ref(), sync).await?.head;
    Ok(head.run.is_some_and(|open| open.id == *run))
}

/// The first upload of files makes its audience: its record was planned without an id.
async fn name_audience(machine: &Machine, record: &mut Record) -> anyhow::Result<()> {
    if let Some(audience) = record.audience.as_mut().filter(|audience| audience.id.is_none()) {
        let fixed: Option<Fixed> = facts::read(machine.store.as_ref(), &keys::fixed(&record.sync)).await?;
        let fixed = fixed.filter(|fixed| fixed.via == FixedVia::FileUpload);
        audience.id = fixed.and_then(|fixed| fixed.audience_id);
    }
    Ok(())
}

fn folder(store: &Path, sync: &SyncName, run: &RunId) -> PathBuf {
    store.join(keys::runs_prefix(sync)).join(run.as_str())
}
