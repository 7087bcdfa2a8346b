//! `tideline demo`: everything on this machine, from a sample export to what the stand-in for TikTok holds.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use clap::Args;
use jiff::{Timestamp, TimestampRound, Unit};
use runtime::secrets::SecretText;
use runtime::store::LocalStore;
use serde::Serialize;
use tiktok_sandbox::{Sandbox, SandboxConfig, TOKEN};

use crate::console::Console;
use crate::demo::{self, Expected, NAME, SPEC, Summary};
use crate::exit::{Exit, WrongUsage};
use crate::interrupt::Stop;
use crate::local::{self, Exports, LocalOptions, Phase, Purpose, RunEnd, Tally};
use crate::place::Place;
use crate::plural::counted;
use crate::progress::with_progress;
use crate::spec_file;

/// The arguments of `demo`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Rows of the sample export; from about 600 on every kind of bad row is among them
    #[arg(long, default_value_t = 12_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    rows: u64,
    /// A new or empty folder for everything that is made; without it a new one for temporary files
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Connect by OAuth first, as a person with a browser would: the signed link, TikTok's page, the way back
    #[arg(long)]
    connect: bool,
}

/// The last line of the demo.
#[derive(Serialize)]
struct Line<'a> {
    queried: u64,
    accepted: u64,
    rejected: &'a BTreeMap<String, u64>,
    calls: u64,
    report: String,
}

/// What the demo made, and where.
struct Made {
    spec: PathBuf,
    export: PathBuf,
    store: PathBuf,
    expected: Expected,
}

pub(super) async fn run(arguments: &Arguments, console: &mut Console) -> anyhow::Result<Exit> {
    let folder = folder(arguments.keep.as_deref())?;
    let made = make(&folder, arguments.rows)?;
    let sandbox = Sandbox::start(SandboxConfig::default())
        .await
        .context("starting the sandbox")?;
    let token = if arguments.connect {
        connect(&made, &sandbox.url(), console).await?;
        None
    } else {
        Some(SecretText::new(TOKEN))
    };
    let end = deliver(&made, &sandbox.url(), token, console).await?;
    let record = end.record.as_ref().ok_or_else(|| {
        anyhow!(
            "the run did not end: {}",
            end.waiting
                .as_ref()
                .map_or("no reason is known", |waiting| waiting.why.as_str())
        )
    })?;
    let differences = demo::differences(record, &made.expected, sandbox.state());
    let held = sandbox.state().event_count();
    sandbox.stop().await;
    let rejected = demo::rejected(record);
    if !console.is_json() {
        let summary = Summary {
            record,
            rejected: &rejected,
            held: differences.is_empty().then_some(held),
            folder: &end.folder,
            spec: &made.spec,
            export: &made.export,
        };
        summary.write(&mut console.out)?;
    }
    console.json(&Line {
        queried: record.counts.queried,
        accepted: record.sums.accepted,
        rejected: &rejected,
        calls: record.calls.values().sum(),
        report: end.folder.join("report.html").display().to_string(),
    })?;
    if differences.is_empty() {
        return Ok(Exit::Done);
    }
    Err(anyhow!(
        "the run and the sandbox do not agree, which is a fault in Tideline: {}",
        differences.join("; ")
    ))
}

fn folder(keep: Option<&Path>) -> anyhow::Result<PathBuf> {
    let Some(folder) = keep else {
        return Ok(tempfile::Builder::new()
            .prefix("tideline-demo-")
            .tempdir()?
            .keep());
    };
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    if fs::read_dir(folder)
        .with_context(|| format!("reading {}", folder.display()))?
        .next()
        .is_some()
    {
        return Err(WrongUsage::because(format!(
            "--keep: expected a new or empty folder, and {} holds files: name another one",
            folder.display()
        )));
    }
    Ok(folder.to_owned())
}

fn make(folder: &Path, rows: u64) -> anyhow::Result<Made> {
    let (spec, export) = (
        folder.join(format!("{NAME}.yaml")),
        folder.join(format!("{NAME}.csv")),
    );
    fs::write(&spec, SPEC).with_context(|| format!("writing {}", spec.display()))?;
    let base = Timestamp::now().round(
        TimestampRound::new()
            .smallest(Unit::Hour)
            .mode(jiff::RoundMode::Trunc),
    )?;
    let writing = || format!("writing {}", export.display());
    let mut out = BufWriter::new(File::create(&export).with_context(writing)?);
    let expected = demo::write_sample(rows, base, &mut out).with_context(writing)?;
    out.flush().with_context(writing)?;
    Ok(Made {
        spec,
        export,
        store: folder.join("store"),
        expected,
    })
}

/// The token comes by OAuth, into the secrets of the demo's folder.
async fn connect(made: &Made, endpoint: &str, console: &mut Console) -> anyhow::Result<()> {
    let loaded = spec_file::load(&made.spec, console)?;
    let (name, wire) = (&loaded.spec.destination, super::wire(Some(endpoint))?);
    LocalStore::open(&made.store)?;
    let installation = Place::Folder(made.store.clone()).open().await?;
    let connection = demo::connect(&installation, wire, name).await?;
    writeln!(
        console.err,
        "The destination {name} is connected by OAuth, with {}.",
        counted(connection.accounts.len() as u64, "account")
    )?;
    Ok(())
}

async fn deliver(
    made: &Made,
    endpoint: &str,
    token: Option<SecretText>,
    console: &mut Console,
) -> anyhow::Result<RunEnd> {
    let loaded = spec_file::load(&made.spec, console)?;
    let options = LocalOptions {
        store: made.store.clone(),
        endpoint: Some(endpoint.to_owned()),
        token,
        ignore_guards: false,
        purpose: Purpose::Run,
        specs: Vec::new(),
        stop: Stop::default(),
    };
    let tally = Arc::new(Tally::default());
    let files = [made.export.clone()];
    let exports = Exports {
        text: &loaded.text,
        spec: &loaded.spec,
        spec_file: None,
        files: &files,
        corrected: false,
        identities: Vec::new(),
    };
    let work = Box::pin(local::run(&options, &exports, Phase::Both, tally.clone()));
    let ran = with_progress(console.watched, &tally, work).await?;
    ran.files.into_iter().next().context("the run has no result")
}
