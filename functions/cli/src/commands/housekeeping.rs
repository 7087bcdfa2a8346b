//! `tideline housekeeping`: what the schedule does, now: unfinished work is woken, left-over rows go again when it is
//! time, lost exports are found, and what nobody needs any more is deleted.

use std::sync::Arc;

use clap::Args;

use super::request::Sending;
use crate::console::Console;
use crate::exit::Exit;
use crate::local::{self, Tally};
use crate::place::Place;
use crate::plural::counted;

/// The arguments of `housekeeping`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    sending: Sending,
}

pub(super) async fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Exit> {
    let failed = match &arguments.sending.store {
        place @ Place::Bucket(_) => ingest::housekeeping(&place.open().await?).await?,
        place @ Place::Folder(folder) => {
            drop(place.open().await?);
            let options = arguments.sending.options(folder);
            local::housekeeping(&options, Arc::new(Tally::default())).await?
        }
    };
    anyhow::ensure!(
        failed == 0,
        "{} could not be looked after: the log above says why",
        counted(failed as u64, "sync")
    );
    if !console.is_json() {
        writeln!(console.out, "Done: `tideline runs` shows how things stand.")?;
    }
    Ok(Exit::Done)
}
