//! `tideline retry`: what TikTok refused is sent again, and what was left over; or an export of a bucket is done again; or
//! corrected rows are sent.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use ingest::{Requested, RetryOf};
use sync_core::names::SyncName;

use super::request::{Sending, current_spec, now, show, show_ends};
use super::run::run_files;
use crate::console::Console;
use crate::exit::{Exit, WrongUsage};
use crate::interrupt::until_stopped;
use crate::interrupted;
use crate::local::{self, Exports, LocalOptions, Phase, Tally, Until};
use crate::place::Place;
use crate::progress::with_progress;
use crate::{export_file, history, spec_file};

/// The arguments of `retry`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A sync: what any of its runs left over, or had refused within the last 30 days, as long as batches live; or a run:
    /// its id, or SYNC/ID
    #[arg(value_name = "RUN or SYNC", required_unless_present = "export")]
    of: Option<String>,
    /// Rows that were corrected, with the export's columns: they are sent as an export of their own, and only add
    #[arg(long, value_name = "FILE", conflicts_with = "export")]
    corrected: Option<PathBuf>,
    /// With a bucket: do this export once more, for each sync that it belongs to, or for SYNC
    #[arg(long, value_name = "KEY")]
    export: Option<String>,
    /// Send even where a guard of the spec would stop the run
    #[arg(long)]
    ignore_guards: bool,
    #[command(flatten)]
    sending: Sending,
}

pub(super) async fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Exit> {
    let ctx = arguments.sending.store.open().await?;
    if let Some(key) = &arguments.export {
        return export(&arguments, &ctx, key, console).await;
    }
    let asked = arguments.of.as_deref().unwrap_or_default();
    let (sync, of) = find(&ctx, asked).await?;
    if let Some(file) = &arguments.corrected {
        return corrected(&arguments, ctx, &sync, file, console).await;
    }
    let way = arguments.sending.way(&ctx, &sync).await;
    let folder = match &arguments.sending.store {
        Place::Bucket(_) => {
            let requested = ingest::retry(&ctx, &sync, &of, arguments.ignore_guards, now()).await?;
            return show(&requested, &way, console);
        }
        Place::Folder(folder) => folder,
    };
    drop(ctx);
    let spec = current_spec(folder, &sync, console).await?;
    let options = arguments.sending.options(folder, vec![(sync.clone(), spec.text)]);
    let tally = Arc::new(Tally::default());
    let work = local::request(&options, &sync, tally.clone(), Until::Rest, async |ctx| {
        ingest::retry(ctx, &sync, &of, arguments.ignore_guards, now()).await
    });
    let done = with_progress(
        console.watched,
        &tally,
        until_stopped(&options.stop, Box::pin(work)),
    )
    .await?;
    let Some((requested, ends)) = done.filter(|_| !options.stop.is_asked()) else {
        return interrupted::tell(folder, &[sync], console).await;
    };
    show_ends(&requested, &ends, &format!("retry of {asked}"), &way, console)
}

/// A sync's name goes before a run's id.
async fn find(ctx: &ingest::Context, asked: &str) -> anyhow::Result<(SyncName, RetryOf)> {
    let store = ctx.store.as_ref();
    if let Ok(sync) = SyncName::new(asked)
        && history::syncs(store, None).await?.contains(&sync)
    {
        return Ok((sync, RetryOf::Sync));
    }
    let (sync, run) = history::find(store, asked).await?;
    Ok((sync, RetryOf::Run(run)))
}

/// An export of a bucket is done once more.
async fn export(
    arguments: &Arguments,
    ctx: &ingest::Context,
    key: &str,
    console: &mut Console,
) -> anyhow::Result<Exit> {
    let Place::Bucket(_) = arguments.sending.store else {
        return Err(WrongUsage::because(
            "--export: expected a bucket in --store; a folder keeps no exports: `tideline run SPEC FILE` does a file again",
        ));
    };
    let only = arguments.of.as_deref().map(SyncName::new).transpose();
    let only = only.map_err(|error| {
        WrongUsage::because(format!("expected the name of a sync beside --export: {error}"))
    })?;
    let asked = ingest::retry_export(ctx, key, only.as_ref(), arguments.ignore_guards, now()).await?;
    let mut exit = Exit::Done;
    for (sync, requested) in asked {
        let way = arguments.sending.way(ctx, &sync).await;
        exit = exit.and(show(&requested, &way, console)?);
    }
    Ok(exit)
}

/// Corrected rows are sent as an export of their own.
async fn corrected(
    arguments: &Arguments,
    ctx: ingest::Context,
    sync: &SyncName,
    file: &PathBuf,
    console: &mut Console,
) -> anyhow::Result<Exit> {
    export_file::only_exports(std::slice::from_ref(file), console)?;
    let way = arguments.sending.way(&ctx, sync).await;
    match &arguments.sending.store {
        Place::Bucket(_) => {
            let loaded = spec_file::of_store(ctx.store.as_ref(), sync).await?;
            let export = local::named_corrected(file, &loaded.spec).await?;
            ctx.store.put_file(&export, file).await?;
            let note = format!("{export} was written, and runs as an export of its own");
            show(&Requested::Waits(Vec::new(), vec![note]), &way, console)
        }
        Place::Folder(folder) => {
            drop(ctx);
            let loaded = current_spec(folder, sync, console).await?;
            let options = LocalOptions {
                ignore_guards: arguments.ignore_guards,
                ..arguments.sending.options(folder, Vec::new())
            };
            let exports = Exports {
                text: &loaded.text,
                spec: &loaded.spec,
                spec_file: None,
                files: std::slice::from_ref(file),
                corrected: true,
                identities: Vec::new(),
            };
            run_files(&options, &exports, Phase::Both, &way, console).await
        }
    }
}
