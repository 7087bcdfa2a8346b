//! `tideline cancel`: a run that runs or waits is stopped; what TikTok has not accepted by then is not sent.

use std::sync::Arc;

use clap::Args;

use super::request::{Sending, show, show_end};
use crate::console::Console;
use crate::exit::Exit;
use crate::history;
use crate::local::{self, Tally};
use crate::place::Place;

/// The arguments of `cancel`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The run: its id, or SYNC/ID
    run: String,
    #[command(flatten)]
    sending: Sending,
}

pub(super) async fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Exit> {
    let place = &arguments.sending.store;
    let ctx = place.open().await?;
    let (sync, run) = history::find(ctx.store.as_ref(), &arguments.run).await?;
    match place {
        Place::Bucket(_) => show(&ingest::cancel(&ctx, &sync, &run).await?, place, console),
        Place::Folder(folder) => {
            drop(ctx);
            let options = arguments.sending.options(folder);
            let request = local::request(&options, &sync, Arc::new(Tally::default()), async |ctx| {
                ingest::cancel(ctx, &sync, &run).await
            });
            let (requested, end) = request.await?;
            show_end(&requested, end.as_ref(), &format!("cancel {run}"), place, console)?;
            // The command did what it was asked to, however the run ended.
            Ok(Exit::Done)
        }
    }
}
