//! `tideline resync`: what was sent is forgotten, so that the next export sends everything again.

use std::sync::Arc;

use clap::Args;
use sync_core::names::SyncName;

use super::request::{Sending, now, show, show_end};
use crate::console::Console;
use crate::exit::Exit;
use crate::history;
use crate::local::{self, Tally};
use crate::place::Place;

/// The arguments of `resync`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The sync
    #[arg(value_name = "SYNC", value_parser = super::sync_name)]
    sync: SyncName,
    #[command(flatten)]
    sending: Sending,
}

pub(super) async fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Exit> {
    let (sync, place) = (arguments.sync, &arguments.sending.store);
    let ctx = place.open().await?;
    history::syncs(ctx.store.as_ref(), Some(&sync)).await?;
    match place {
        Place::Bucket(_) => show(&ingest::resync(&ctx, &sync, now()).await?, place, console),
        Place::Folder(folder) => {
            drop(ctx);
            let options = arguments.sending.options(folder);
            let request = local::request(&options, &sync, Arc::new(Tally::default()), async |ctx| {
                ingest::resync(ctx, &sync, now()).await
            });
            let (requested, end) = request.await?;
            show_end(
                &requested,
                end.as_ref(),
                &format!("resync of {sync}"),
                place,
                console,
            )
        }
    }
}
