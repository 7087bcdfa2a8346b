//! What the commands that ask something of a sync share.

use std::io::BufRead as _;
use std::path::Path;

use clap::Args;
use ingest::Requested;
use runtime::store::LocalStore;
use serde_json::json;
use sync_core::names::SyncName;
use sync_core::run::RunStatus;

use super::run::{endpoint, what_ran};
use crate::console::Console;
use crate::environment;
use crate::exit::{Exit, WrongUsage};
use crate::interrupt::Stop;
use crate::local::{self, LocalOptions, Phase, Purpose, RunEnd};
use crate::place::{DEFAULT_STORE, Place};
use crate::result;
use crate::spec_file::SpecFile;
use crate::way::Way;

/// Where the state lies, and where calls go when this command makes them itself.
#[derive(Debug, Args)]
pub(crate) struct Sending {
    /// Where the state lies: a folder, or `s3://BUCKET`
    #[arg(long, value_name = "PLACE", default_value = DEFAULT_STORE)]
    pub(crate) store: Place,
    /// With a folder: the sandbox in the place of TikTok, `http://127.0.0.1:PORT`
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    pub(crate) endpoint: Option<String>,
}

impl Sending {
    /// The options of a command that goes on with what is in a folder, under these specs.
    pub(crate) fn options(&self, folder: &Path, specs: Vec<(SyncName, String)>) -> LocalOptions {
        LocalOptions {
            store: folder.to_owned(),
            endpoint: self.endpoint.clone(),
            token: environment::token(),
            ignore_guards: false,
            purpose: Purpose::GoOn,
            specs,
            stop: Stop::default(),
        }
    }

    /// How proposed commands lead to the same place, and to the same spec where that is known.
    pub(crate) async fn way(&self, ctx: &ingest::Context, sync: &SyncName) -> Way {
        let way = self.store.way(ctx, self.endpoint.as_deref()).await;
        match self.store {
            Place::Folder(_) => way.with_spec(local::noted_spec(ctx.store.as_ref(), sync).await),
            Place::Bucket(_) => way,
        }
    }
}

/// The spec of a sync in a folder: the file that the last `run` was given, else the folder's copy. Which one is said.
pub(crate) async fn current_spec(
    folder: &Path,
    sync: &SyncName,
    console: &mut Console,
) -> anyhow::Result<SpecFile> {
    let (spec, said) = local::spec_of(&LocalStore::open(folder)?, sync).await?;
    writeln!(console.err, "{said}")?;
    Ok(spec)
}

/// This machine's time, epoch milliseconds: it only puts requests in order.
pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// Asks a person to type a name. Nobody there, or another answer: nothing is done.
pub(crate) fn confirm(question: &str, name: &str, console: &mut Console) -> anyhow::Result<()> {
    write!(console.err, "{question} Type {name} to confirm: ")?;
    console.err.flush()?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    if line.trim() == name {
        return Ok(());
    }
    writeln!(console.err)?;
    Err(WrongUsage::because(
        "not confirmed, and nothing was done; --yes asks nothing",
    ))
}

/// Tells what became of a request that the functions of an installation work on.
pub(crate) fn show(requested: &Requested, way: &Way, console: &mut Console) -> anyhow::Result<Exit> {
    if console.is_json() {
        let (status, runs, notes) = match requested {
            Requested::Waits(runs, notes) => (Some(RunStatus::Waiting), runs.clone(), notes.clone()),
            Requested::Done(run) => (None, vec![run.clone()], vec!["done before".to_owned()]),
            Requested::Nothing(note) | Requested::Blocked(note) => (None, Vec::new(), vec![note.clone()]),
        };
        let note = (!notes.is_empty()).then(|| notes.join("; "));
        console.json(&json!({"run": runs.first(), "runs": runs, "status": status, "note": note}))?;
        return Ok(exit(requested));
    }
    match requested {
        Requested::Waits(runs, notes) => {
            for note in notes {
                writeln!(console.out, "{}.", way.complete(&capital(note)))?;
            }
            for run in runs {
                writeln!(
                    console.out,
                    "Run {run} was asked for: `{}` shows how it stands.",
                    way.command("tideline runs")
                )?;
            }
        }
        Requested::Done(run) => writeln!(console.out, "Nothing to do: the run {run} has ended already.")?,
        Requested::Nothing(note) => writeln!(console.out, "Nothing to do: {}.", way.complete(note))?,
        Requested::Blocked(note) => writeln!(console.out, "Nothing was done: {}.", way.complete(note))?,
    }
    Ok(exit(requested))
}

/// What was asked for is done by the functions; what is blocked waits for a person.
fn exit(requested: &Requested) -> Exit {
    match requested {
        Requested::Waits(..) | Requested::Done(_) | Requested::Nothing(_) => Exit::Done,
        Requested::Blocked(_) => Exit::Failed,
    }
}

/// Tells what became of a request that this command worked on itself.
pub(crate) fn show_ends(
    requested: &Requested,
    ends: &[RunEnd],
    what: &str,
    way: &Way,
    console: &mut Console,
) -> anyhow::Result<Exit> {
    let Requested::Waits(_, notes) = requested else {
        return show(requested, way, console);
    };
    if !console.is_json() {
        for note in notes {
            writeln!(console.out, "{}.", way.complete(&capital(note)))?;
        }
    }
    let mut exit = Exit::Done;
    for end in ends {
        // Of several, each is told by what it was of.
        let name = match &end.record {
            Some(record) if ends.len() > 1 => format!("{what}: {}", what_ran(record)),
            _ => what.to_owned(),
        };
        let name = Path::new(&name);
        if console.is_json() {
            console.json(&result::as_json(name, end, way))?;
        } else {
            result::write(name, end, way, &mut console.out)?;
        }
        exit = exit.and(result::exit(end, Phase::Both));
    }
    Ok(exit)
}

/// A sentence with a capital letter at its beginning.
fn capital(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
