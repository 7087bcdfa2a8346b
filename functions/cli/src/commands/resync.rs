//! `tideline resync`: what was sent is forgotten, so that the next export sends everything again.

use std::sync::Arc;

use clap::Args;
use sync_core::names::SyncName;

use super::request::{Sending, confirm, current_spec, now, show, show_ends};
use crate::console::Console;
use crate::exit::Exit;
use crate::history;
use crate::interrupt::until_stopped;
use crate::interrupted;
use crate::local::{self, Tally, Until};
use crate::place::Place;
use crate::plural::counted;
use crate::spec_file;

/// The arguments of `resync`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The sync
    #[arg(value_name = "SYNC", value_parser = super::sync_name)]
    sync: SyncName,
    /// Do not ask for a confirmation
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    sending: Sending,
}

pub(super) async fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Exit> {
    let (sync, place) = (arguments.sync, &arguments.sending.store);
    let ctx = place.open().await?;
    history::syncs(ctx.store.as_ref(), Some(&sync)).await?;
    let spec = match place {
        Place::Bucket(_) => spec_file::of_store(ctx.store.as_ref(), &sync).await?,
        Place::Folder(folder) => {
            // Nobody is asked for what would be refused.
            local::check_folder(folder, arguments.sending.endpoint.as_deref()).await?;
            current_spec(folder, &sync, console).await?
        }
    };
    let known = counted(ingest::known_rows(&ctx, &sync).await?, "row");
    if spec.spec.audience.is_some() {
        writeln!(
            console.err,
            "The state of {sync} knows {known}: the next export sends every row that it holds again, which changes nothing at TikTok for people who are in the audience."
        )?;
    } else {
        let said = format!(
            "The state of {sync} knows {known}: those of them that the next export holds are sent again. TikTok drops an event that it has seen within the last 48 hours, and counts an older one twice."
        );
        if arguments.yes {
            writeln!(console.err, "{said}")?;
        } else {
            confirm(&said, sync.as_str(), console)?;
        }
    }
    let way = arguments.sending.way(&ctx, &sync).await;
    let folder = match place {
        Place::Bucket(_) => return show(&ingest::resync(&ctx, &sync, now()).await?, &way, console),
        Place::Folder(folder) => folder,
    };
    drop(ctx);
    let options = arguments.sending.options(folder, vec![(sync.clone(), spec.text)]);
    let request = local::request(
        &options,
        &sync,
        Arc::new(Tally::default()),
        Until::Rest,
        async |ctx| ingest::resync(ctx, &sync, now()).await,
    );
    let done = until_stopped(&options.stop, Box::pin(request)).await?;
    let Some((requested, ends)) = done.filter(|_| !options.stop.is_asked()) else {
        return interrupted::tell(folder, &[sync], console).await;
    };
    show_ends(&requested, &ends, &format!("resync of {sync}"), &way, console)
}
