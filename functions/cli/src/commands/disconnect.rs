//! `tideline disconnect`: the token is revoked at TikTok, and deleted here.

use std::io::BufRead;

use anyhow::{Context as _, bail};
use clap::Args;
use runtime::secrets::names;
use serde_json::json;
use sync_core::names::DestinationName;
use tiktok::oauth::{self, Why};

use super::run::endpoint;
use super::{CALL, destination_name, wire};
use crate::console::Console;
use crate::exit::{Exit, WrongUsage};
use crate::local;
use crate::place::{DEFAULT_STORE, Place};

/// The arguments of `disconnect`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The destination's name
    #[arg(value_parser = destination_name)]
    name: DestinationName,
    /// Do not ask for a confirmation
    #[arg(long)]
    yes: bool,
    /// Delete the token here even when it cannot be revoked at TikTok
    #[arg(long)]
    here_only: bool,
    /// Where the state lies: a folder, or `s3://BUCKET`
    #[arg(long, value_name = "PLACE", default_value = DEFAULT_STORE)]
    store: Place,
    /// The sandbox in the place of TikTok: http://127.0.0.1:PORT
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    endpoint: Option<String>,
}

pub(super) async fn run(arguments: &Arguments, console: &mut Console) -> anyhow::Result<Exit> {
    let name = &arguments.name;
    let ctx = arguments.store.open().await?;
    if let Place::Folder(folder) = &arguments.store
        && !arguments.here_only
    {
        local::check_folder(folder, arguments.endpoint.as_deref()).await?;
    }
    let secrets = ctx.secrets.as_ref();
    let secret = names::destination(&ctx.bucket, name.as_str());
    let connection = match oauth_callback::read(secrets, &ctx.bucket, name).await {
        Ok(Some((connection, _))) => Some(connection),
        Ok(None) => {
            return Err(WrongUsage::because(format!(
                "there is no destination {name}: `tideline destinations` lists them"
            )));
        }
        // What holds no token can be deleted all the same.
        Err(_) if arguments.here_only => None,
        Err(error) => return Err(error.into()),
    };
    let uses = oauth_callback::uses(ctx.store.as_ref(), name).await?;
    let syncs: Vec<&str> = uses.iter().map(|each| each.sync.as_str()).collect();
    if !arguments.yes {
        confirm(name, &syncs, console)?;
    }
    let token = connection.as_ref().and_then(oauth_callback::Connection::token);
    let app = oauth_callback::app(secrets, &ctx.bucket).await?;
    let own = connection.and_then(|connection| connection.app_id);
    let app = app.filter(|app| own.as_deref() == Some(app.id()));
    let revoked = match (token, app) {
        (Some(token), Some(app)) if !arguments.here_only => {
            let (client, _) = wire(arguments.endpoint.as_deref())?;
            match oauth::revoke(&client, &app, &token, CALL).await {
                Ok(()) => true,
                Err(failed) if failed.why == Why::TokenDead => true,
                Err(failed) => bail!(
                    "the token of {name} could not be revoked, and nothing was deleted: {failed}; try again, or delete it here with --here-only"
                ),
            }
        }
        _ => false,
    };
    secrets
        .delete(&secret)
        .await
        .context("the token was revoked at TikTok, but it could not be deleted here")?;
    if console.is_json() {
        console.json(&json!({"name": name, "revoked": revoked, "deleted": true, "syncs": syncs}))?;
        return Ok(Exit::Done);
    }
    if revoked {
        writeln!(
            console.out,
            "{name} is disconnected: its token was revoked at TikTok and deleted here."
        )?;
    } else {
        writeln!(
            console.out,
            "{name} is disconnected: its token was deleted here. It was not revoked: end it in TikTok, where it was made."
        )?;
    }
    if !syncs.is_empty() {
        writeln!(
            console.out,
            "What {} would send waits until {name} is connected again.",
            syncs.join(", ")
        )?;
    }
    Ok(Exit::Done)
}

fn confirm(name: &DestinationName, syncs: &[&str], console: &mut Console) -> anyhow::Result<()> {
    if !syncs.is_empty() {
        writeln!(
            console.err,
            "These syncs send through {name}: {}",
            syncs.join(", ")
        )?;
    }
    write!(
        console.err,
        "The token is revoked at TikTok and deleted. Type the destination's name to confirm: "
    )?;
    console.err.flush()?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    if line.trim() == name.as_str() {
        return Ok(());
    }
    Err(WrongUsage::because(
        "not confirmed, and nothing was done; --yes asks nothing",
    ))
}
