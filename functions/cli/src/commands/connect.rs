//! `tideline connect`: a link that starts OAuth, or a pasted token, becomes a destination.

use std::io::Read;

use anyhow::Context as _;
use clap::Args;
use oauth_callback::{LinkSecret, MAX_MINUTES, StoredAccount};
use runtime::secrets::{SecretText, names};
use runtime::store::LocalStore;
use serde_json::json;
use sync_core::names::DestinationName;
use sync_core::run::keys;
use tiktok::oauth::{App, NewToken};

use super::run::endpoint;
use super::{destination_name, wire};
use crate::console::Console;
use crate::exit::{Exit, WrongUsage};
use crate::local;
use crate::oauth_pages;
use crate::place::{DEFAULT_STORE, Place};
use crate::plural::counted;
use crate::way::Way;

/// The most that is read of a secret from stdin, in bytes.
const MAX_SECRET: u64 = 4_096;

/// The arguments of `connect`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The destination's name, as specs write it: lower-case letters, digits and dashes
    #[arg(value_parser = destination_name)]
    name: DestinationName,
    /// Take a token from stdin, in the place of OAuth: one that was made in Events Manager, or another tool's
    #[arg(long, value_name = "-")]
    token: Option<String>,
    /// Store the developer app first: its id, with its secret on stdin. Needed once
    #[arg(long, value_name = "ID", conflicts_with = "token")]
    app_id: Option<String>,
    /// So long the link holds, in minutes
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_MINUTES)))]
    minutes: u32,
    /// Where the state lies: a folder, or `s3://BUCKET`
    #[arg(long, value_name = "PLACE", default_value = DEFAULT_STORE)]
    store: Place,
    /// The sandbox in the place of TikTok: http://127.0.0.1:PORT
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    endpoint: Option<String>,
    /// With a folder: the port on this machine where the pages are served meanwhile
    #[arg(long, value_name = "N", default_value_t = 8098)]
    port: u16,
}

pub(super) async fn run(arguments: &Arguments, console: &mut Console) -> anyhow::Result<Exit> {
    // A token among the arguments would stand in the list of processes and in the shell's history. It is not quoted.
    if arguments.token.as_ref().is_some_and(|token| token != "-") {
        return Err(WrongUsage::because(
            "write --token - and give the token on stdin: arguments can be seen by others",
        ));
    }
    if let Place::Folder(folder) = &arguments.store {
        LocalStore::open(folder)?;
        local::check_folder(folder, arguments.endpoint.as_deref()).await?;
    }
    let ctx = arguments.store.open().await?;
    if arguments.token.is_some() {
        return paste(arguments, &ctx, console).await;
    }
    if let Some(id) = &arguments.app_id {
        let secret = from_stdin("the app's secret")?;
        let app = App::new(id, &secret).map_err(|error| WrongUsage::because(error.to_string()))?;
        let text = json!({"app_id": app.id(), "secret": secret.trim()}).to_string();
        ctx.secrets
            .put(&names::app(&ctx.bucket), SecretText::new(text))
            .await?;
    } else if oauth_callback::app(ctx.secrets.as_ref(), &ctx.bucket)
        .await?
        .is_none()
    {
        return Err(WrongUsage::because(
            "no developer app is stored: add --app-id ID and give its secret on stdin (both from TikTok's developer portal)",
        ));
    }
    let seconds = i64::from(arguments.minutes) * 60;
    let expires = jiff::Timestamp::now().as_second() + seconds;
    match &arguments.store {
        Place::Bucket(_) => {
            let secret = LinkSecret::load(ctx.secrets.as_ref(), &ctx.bucket).await?;
            show_link(&secret, arguments, expires, console)?;
            Ok(Exit::Done)
        }
        Place::Folder(_) => here(arguments, &ctx, expires, console).await,
    }
}

/// Without a stack this command serves the pages itself, until the destination is connected.
async fn here(
    arguments: &Arguments,
    ctx: &ingest::Context,
    expires: i64,
    console: &mut Console,
) -> anyhow::Result<Exit> {
    let listener = oauth_pages::listen(arguments.port).await?;
    let address = format!("http://localhost:{}", listener.local_addr()?.port());
    ctx.secrets
        .put(&names::link_key(&ctx.bucket), LinkSecret::fresh(&address))
        .await?;
    let secret = LinkSecret::load(ctx.secrets.as_ref(), &ctx.bucket).await?;
    show_link(&secret, arguments, expires, console)?;
    let (client, base) = wire(arguments.endpoint.as_deref())?;
    let pages = oauth_callback::Context {
        store: ctx.store.clone(),
        secrets: ctx.secrets.clone(),
        client,
        base,
        bucket: ctx.bucket.clone(),
    };
    let minutes = u64::from(arguments.minutes) * 60;
    let connected = oauth_pages::serve(listener, pages, std::time::Duration::from_secs(minutes)).await?;
    anyhow::ensure!(
        connected,
        "the link has expired and nothing was connected: begin again with `tideline connect {}`",
        arguments.name
    );
    let (connection, _) = oauth_callback::read(ctx.secrets.as_ref(), &ctx.bucket, &arguments.name)
        .await?
        .with_context(|| format!("{} is not connected", arguments.name))?;
    show_connected(arguments, &connection.accounts, console)?;
    Ok(Exit::Done)
}

async fn paste(arguments: &Arguments, ctx: &ingest::Context, console: &mut Console) -> anyhow::Result<Exit> {
    let token = from_stdin("the token")?;
    let token = NewToken::new(&token).map_err(|error| WrongUsage::because(error.to_string()))?;
    let (client, _) = wire(arguments.endpoint.as_deref())?;
    let app = oauth_callback::app(ctx.secrets.as_ref(), &ctx.bucket).await?;
    let checked = oauth_callback::check(&client, app.as_ref(), &token, super::CALL)
        .await
        .context("TikTok does not take this token, and nothing was stored")?;
    let now = jiff::Timestamp::now().as_second();
    let connection = oauth_callback::connect_token(
        ctx.secrets.as_ref(),
        &ctx.bucket,
        &arguments.name,
        &token,
        checked,
        app.as_ref(),
        now,
    )
    .await?;
    // Its syncs go on.
    ctx.store
        .put(&keys::wake(&arguments.name), b"{}".as_slice().into())
        .await?;
    show_connected(arguments, &connection.accounts, console)?;
    Ok(Exit::Done)
}

/// A secret never stands among the arguments.
fn from_stdin(what: &str) -> anyhow::Result<String> {
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .take(MAX_SECRET)
        .read_to_string(&mut text)
        .map_err(|_| WrongUsage::because(format!("{what} on stdin is no text")))?;
    Ok(text)
}

fn show_link(
    secret: &LinkSecret,
    arguments: &Arguments,
    expires: i64,
    console: &mut Console,
) -> anyhow::Result<()> {
    let link = secret.link(&arguments.name, expires);
    if console.is_json() {
        let redirect = secret.redirect_uri();
        console.json(
            &json!({"name": arguments.name, "url": link, "expires": expires, "redirect_uri": redirect}),
        )?;
    } else {
        writeln!(console.out, "{link}")?;
        writeln!(
            console.err,
            "Open this link in the browser in which you sign in to TikTok, within {}.\n\
             The app has to have this redirect URL: {}",
            counted(u64::from(arguments.minutes), "minute"),
            secret.redirect_uri()
        )?;
    }
    console.out.flush()?;
    Ok(())
}

fn show_connected(
    arguments: &Arguments,
    accounts: &[StoredAccount],
    console: &mut Console,
) -> anyhow::Result<()> {
    if console.is_json() {
        console.json(&json!({"name": arguments.name, "connected": true, "accounts": accounts}))?;
        return Ok(());
    }
    let way = Way::new(&arguments.store, arguments.endpoint.as_deref());
    let accounts = match accounts.len() {
        0 => String::new(),
        number => format!(", with {}", counted(number as u64, "account")),
    };
    writeln!(
        console.out,
        "{} is connected{accounts}. Name it in your specs: `destination: {}`. `{}` shows how it stands.",
        arguments.name,
        arguments.name,
        way.command("tideline destinations")
    )?;
    Ok(())
}
