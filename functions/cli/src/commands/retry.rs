//! `tideline retry`: what TikTok refused in a run goes again, and what was left over; or corrected rows go.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use ingest::Requested;

use super::request::{Sending, now, show, show_end};
use crate::console::Console;
use crate::exit::Exit;
use crate::history;
use crate::local::{self, Exports, LocalOptions, Phase, Tally};
use crate::place::Place;
use crate::progress::with_bar;
use crate::{export_file, result, spec_file};

/// The arguments of `retry`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The run: its id, or SYNC/ID
    run: String,
    /// Rows that were corrected, with the export's columns: they go as an export of their own, and only add
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
    let loaded = spec_file::of_store(ctx.store.as_ref(), &sync).await?;
    match &arguments.sending.store {
        Place::Bucket(_) => {
            let export = local::named_corrected(file, &loaded.spec).await?;
            ctx.store.put_file(&export, file).await?;
            let run = Requested::Nothing(format!("{export} was written: it runs as an export of its own"));
            show(&run, &arguments.sending.store, console)
        }
        Place::Folder(folder) => {
            drop(ctx);
            let options = LocalOptions {
                ignore_guards: arguments.ignore_guards,
                ..arguments.sending.options(folder)
            };
            let tally = Arc::new(Tally::default());
            let exports = Exports {
                text: &loaded.text,
                spec: &loaded.spec,
                files: std::slice::from_ref(file),
                corrected: true,
                identities: Vec::new(),
            };
            let work = local::run(&options, &exports, Phase::Both, tally.clone());
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
