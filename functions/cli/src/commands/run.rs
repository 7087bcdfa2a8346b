//! `tideline run`, `ingest` and `deliver`: whole runs, and their two halves, with a folder in the place of the bucket.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use sync_core::names::SyncName;
use sync_core::run::{Record, RunKind};
use sync_core::spec::{Mode, SyncSpec};
use tiktok::ApiBase;

use crate::console::Console;
use crate::environment;
use crate::exit::{Exit, WrongUsage};
use crate::export_file;
use crate::identities;
use crate::interrupt::{Stop, until_stopped};
use crate::interrupted;
use crate::local::{self, Exports, LocalOptions, Phase, Purpose, RunEnd, Tally};
use crate::place::{DEFAULT_STORE, Place};
use crate::progress::with_progress;
use crate::result;
use crate::spec_file;
use crate::way::Way;

/// The arguments of `run`, `ingest` and `deliver`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The sync spec
    spec: PathBuf,
    /// Exports, each a run of its own; with mode mirror or all one, the whole audience
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The folder in the place of the bucket: state, batches, records
    #[arg(long, value_name = "DIR", default_value = DEFAULT_STORE)]
    store: PathBuf,
    /// The sandbox in the place of TikTok: http://127.0.0.1:PORT
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    endpoint: Option<String>,
    /// Send even where a guard of the spec would stop the run
    #[arg(long)]
    ignore_guards: bool,
}

/// Only this machine may stand in for TikTok: tokens go there without encryption.
pub(super) fn endpoint(text: &str) -> Result<String, String> {
    ApiBase::loopback(text)
        .map(|_| text.to_owned())
        .map_err(|error| error.to_string())
}

pub(super) async fn run(arguments: Arguments, phase: Phase, console: &mut Console) -> anyhow::Result<Exit> {
    if arguments.store.to_string_lossy().starts_with("s3://") {
        return Err(WrongUsage::because(
            "--store: expected a folder; on a bucket the functions run: put the file under the spec's model.path there",
        ));
    }
    let loaded = spec_file::load(&arguments.spec, console)?;
    let files = export_file::only_exports(&arguments.files, console)?;
    one_whole_table(&loaded.spec, &files)?;
    let options = LocalOptions {
        store: arguments.store,
        endpoint: arguments.endpoint,
        token: environment::token(),
        ignore_guards: arguments.ignore_guards,
        purpose: Purpose::Run,
        specs: Vec::new(),
        stop: Stop::default(),
    };
    let exports = Exports {
        text: &loaded.text,
        spec: &loaded.spec,
        spec_file: Some(&arguments.spec),
        files: &files,
        corrected: false,
        identities: identities::before_store(&arguments.spec),
    };
    let place = Place::Folder(options.store.clone());
    let way = Way::new(&place, options.endpoint.as_deref()).with_spec(Some(arguments.spec.clone()));
    run_files(&options, &exports, phase, &way, console).await
}

/// Runs files, and tells what became of each: of those that were done, where the command was interrupted.
pub(super) async fn run_files(
    options: &LocalOptions,
    exports: &Exports<'_>,
    phase: Phase,
    way: &Way,
    console: &mut Console,
) -> anyhow::Result<Exit> {
    let tally = Arc::new(Tally::default());
    let work = Box::pin(local::run(options, exports, phase, tally.clone()));
    let work = until_stopped(&options.stop, work);
    let ran = with_progress(console.watched, &tally, work)
        .await?
        .unwrap_or_default();
    for end in &ran.others {
        show_other(end, way, console)?;
    }
    let mut exit = Exit::Done;
    for (file, end) in exports.files.iter().zip(&ran.files) {
        show(file, end, way, console)?;
        exit = exit.and(result::exit(end, phase));
    }
    if options.stop.is_asked() {
        let syncs: &[SyncName] = std::slice::from_ref(&exports.spec.name);
        return interrupted::tell(&options.store, syncs, console).await;
    }
    Ok(exit)
}

/// Of several whole audiences only the last one would stay.
fn one_whole_table(spec: &SyncSpec, files: &[PathBuf]) -> anyhow::Result<()> {
    let mode = match spec.mode {
        Mode::Mirror => "mirror",
        Mode::All => "all",
        Mode::Insert | Mode::Add => return Ok(()),
    };
    if files.len() < 2 {
        return Ok(());
    }
    Err(WrongUsage::because(format!(
        "expected one FILE, found {}: with mode {mode} each file is the whole audience, so that each would replace the one before and only the people of the last one stayed; put all people into one file, or use mode add (a marker or a schedule that puts several files together is not built yet)",
        files.len()
    )))
}

/// A run that ended by the way: programs get a line for each of their files and no other.
fn show_other(end: &RunEnd, way: &Way, console: &mut Console) -> anyhow::Result<()> {
    let Some(record) = &end.record else {
        return Ok(());
    };
    let name = format!("{}, which had waited", what_ran(record));
    if console.is_json() {
        let (run, status) = (&record.run, record.status.name());
        writeln!(console.err, "{name}: {status} (run {run})")?;
    } else {
        result::write(Path::new(&name), end, way, &mut console.out)?;
    }
    Ok(())
}

/// What a run was of, in a word: the file of its export, without the digest that a folder puts before its name.
pub(super) fn what_ran(record: &Record) -> String {
    let Some(export) = &record.export else {
        let what = match record.kind {
            RunKind::Resync => "resync",
            _ => "left-over rows",
        };
        return what.to_owned();
    };
    let name = export.rsplit('/').next().unwrap_or(export);
    let plain = name
        .split_once('-')
        .filter(|(digest, _)| digest.len() == 16 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    plain.map_or(name, |(_, name)| name).to_owned()
}

fn show(file: &Path, end: &RunEnd, way: &Way, console: &mut Console) -> anyhow::Result<()> {
    let way = way.with_file(file);
    if console.is_json() {
        console.json(&result::as_json(file, end, &way))?;
    } else {
        result::write(file, end, &way, &mut console.out)?;
    }
    Ok(())
}
