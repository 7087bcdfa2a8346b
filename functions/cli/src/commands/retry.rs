//! `tideline retry`: what TikTok refused in a run goes again, and what was left over; or corrected rows go.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use ingest::Requested;
use sync_core::run::keys;

use super::request::{Sending, now, show, show_end};
use crate::console::Console;
use crate::exit::{Exit, WrongUsage};
use crate::history;
use crate::local::{self, Phase, Tally};
use crate::place::Place;
use crate::progress::with_bar;
use crate::{export_file, result};

/// The arguments of `retry`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The run: its id, or SYNC/ID
    run: String,
    /// Rows that were corrected, with the export's columns: they go as an export of their own
    #[arg(long, value_name = "FILE")]
    corrected: Option<PathBuf>,
    /// Send even where a guard of the spec would stop the run
    #[arg(long)]
    ignore_guards: bool,
    #[command(flatten)]
    sending: Sending,
}

pub(super) async fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Exit> {
    let ctx = arguments.sending.store.open().await?;
    let (sync, of) = history::find(ctx.store.as_ref(), &arguments.run).await?;
    let Some(file) = &arguments.corrected else {
        return match &arguments.sending.store {
            Place::Bucket(_) => {
                let requested = ingest::retry(&ctx, &sync, &of, arguments.ignore_guards, now()).await?;
                show(&requested, &arguments.sending.store, console)
            }
            Place::Folder(folder) => {
                drop(ctx);
                let options = arguments.sending.options(folder);
                let tally = Arc::new(Tally::default());
                let work = local::request(&options, &sync, tally.clone(), async |ctx| {
                    ingest::retry(ctx, &sync, &of, arguments.ignore_guards, now()).await
                });
                let (requested, end) = with_bar(console.watched, &tally, work).await?;
                show_end(
                    &requested,
                    end.as_ref(),
                    &format!("retry of {of}"),
                    &arguments.sending.store,
                    console,
                )
            }
        };
    };
    export_file::open(file)?;
    let text = ctx.store.get(&keys::spec(&sync)).await?;
    let text = text
        .map(|object| String::from_utf8_lossy(&object.body).into_owned())
        .unwrap_or_default();
    let spec = sync_core::spec::read(&keys::spec(&sync), &text)
        .map_err(WrongUsage::InvalidSpec)?
        .spec;
    match &arguments.sending.store {
        Place::Bucket(_) => {
            let export = local::named(file, &spec).await?;
            ctx.store.put_file(&export, file).await?;
            let run = Requested::Nothing(format!("{export} was written: it runs as an export of its own"));
            show(&run, &arguments.sending.store, console)
        }
        Place::Folder(folder) => {
            drop(ctx);
            let options = arguments.sending.options(folder);
            let tally = Arc::new(Tally::default());
            let files = std::slice::from_ref(file);
            let work = local::run(&options, &text, &spec, files, Phase::Both, tally.clone());
            let ends = with_bar(console.watched, &tally, work).await?;
            let mut exit = Exit::Done;
            for end in &ends {
                if console.is_json() {
                    console.json(&result::as_json(file, end))?;
                } else {
                    result::write(file, end, &mut console.out)?;
                }
                exit = exit.and(result::exit(end, Phase::Both));
            }
            Ok(exit)
        }
    }
}
