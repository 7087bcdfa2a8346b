//! What the commands that ask something of a sync share.

use std::path::Path;

use clap::Args;
use ingest::Requested;
use serde_json::json;
use sync_core::run::RunStatus;

use super::run::endpoint;
use crate::console::Console;
use crate::environment;
use crate::exit::Exit;
use crate::local::{LocalOptions, Phase, RunEnd};
use crate::place::Place;
use crate::result;

/// Where the state lies, and where calls go when this command makes them itself.
#[derive(Debug, Args)]
pub(crate) struct Sending {
    /// Where the state lies: a folder, or `s3://BUCKET`
    #[arg(long, value_name = "PLACE", default_value = ".tideline")]
    pub(crate) store: Place,
    /// With a folder: the sandbox in the place of TikTok, `http://127.0.0.1:PORT`
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    pub(crate) endpoint: Option<String>,
}

impl Sending {
    /// The options of a run in a folder.
    pub(crate) fn options(&self, folder: &Path) -> LocalOptions {
        LocalOptions {
            store: folder.to_owned(),
            endpoint: self.endpoint.clone(),
            token: environment::token(),
            ignore_guards: false,
        }
    }
}

/// This machine's time, epoch milliseconds: it only puts requests in order.
pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// Tells what became of a request that the functions of an installation work on.
pub(crate) fn show(requested: &Requested, place: &Place, console: &mut Console) -> anyhow::Result<Exit> {
    let store = match place {
        Place::Folder(folder) => folder.display().to_string(),
        Place::Bucket(bucket) => format!("s3://{bucket}"),
    };
    if console.is_json() {
        let (status, run, note) = match requested {
            Requested::Waits(run) => (Some(RunStatus::Waiting), Some(run), None),
            Requested::Done(run) => (None, Some(run), Some("done before")),
            Requested::Nothing(note) => (None, None, Some(note.as_str())),
        };
        console.json(&json!({"run": run, "status": status, "note": note}))?;
        return Ok(Exit::Done);
    }
    match requested {
        Requested::Waits(run) => {
            writeln!(
                console.out,
                "Run {run} was asked for: `tideline runs --store {store}` shows how it stands."
            )?;
        }
        Requested::Done(run) => writeln!(console.out, "Nothing to do: the run {run} has ended already.")?,
        Requested::Nothing(note) => writeln!(console.out, "Nothing to do: {note}.")?,
    }
    Ok(Exit::Done)
}

/// Tells what became of a request that this command worked on itself.
pub(crate) fn show_end(
    requested: &Requested,
    end: Option<&RunEnd>,
    what: &str,
    place: &Place,
    console: &mut Console,
) -> anyhow::Result<Exit> {
    let (Requested::Waits(_), Some(end)) = (requested, end) else {
        return show(requested, place, console);
    };
    let name = Path::new(what);
    if console.is_json() {
        console.json(&result::as_json(name, end))?;
    } else {
        result::write(name, end, &mut console.out)?;
    }
    Ok(result::exit(end, Phase::Both))
}
