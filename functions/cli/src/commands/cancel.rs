//! `tideline cancel`: a run that runs or waits is stopped; what TikTok has not accepted by then is not sent.

use std::sync::Arc;

use clap::Args;

use super::request::{Sending, show, show_ends};
use crate::console::Console;
use crate::exit::Exit;
use crate::history;
use crate::local::{self, LocalOptions, Purpose, Tally, Until};
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
    let way = arguments.sending.way(&ctx, &sync).await;
    match place {
        Place::Bucket(_) => show(&ingest::cancel(&ctx, &sync, &run).await?, &way, console),
        Place::Folder(folder) => {
            drop(ctx);
            let options = LocalOptions {
                purpose: Purpose::Other,
                ..arguments.sending.options(folder, Vec::new())
            };
            let tally = Arc::new(Tally::default());
            let request = local::request(&options, &sync, tally, Until::Ended, async |ctx| {
                ingest::cancel(ctx, &sync, &run).await
            });
            let (requested, ends) = Box::pin(request).await?;
            show_ends(&requested, &ends, &format!("cancel {run}"), &way, console)?;
            // The command did what it was asked to, however the run ended.
            Ok(Exit::Done)
        }
    }
}
