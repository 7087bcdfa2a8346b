//! `tideline destinations`: what is connected, and whether TikTok still takes it.

use clap::Args;
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use oauth_callback::{Connection, StoredAccount};
use runtime::secrets::names;
use serde::Serialize;
use sync_core::names::DestinationName;
use sync_core::run::keys;
use tiktok::Client;
use tiktok::oauth::{Ability, App, Why};

use super::run::endpoint;
use super::{CALL, wire};
use crate::console::Console;
use crate::exit::Exit;
use crate::local;
use crate::place::{DEFAULT_STORE, Place};
use crate::plural::counted;
use crate::way::Way;

/// The arguments of `destinations`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Where the state lies: a folder, or `s3://BUCKET`
    #[arg(long, value_name = "PLACE", default_value = DEFAULT_STORE)]
    store: Place,
    /// The sandbox in the place of TikTok: http://127.0.0.1:PORT
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    endpoint: Option<String>,
}

/// How a destination stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Health {
    /// TikTok takes its token.
    Ok,
    /// TikTok refuses its token, or has refused it in a run: connect again.
    Dead,
    /// TikTok gave no clear answer.
    Unknown,
    /// The secret holds something else.
    Unreadable,
}

/// One line of the list.
#[derive(Debug, Serialize)]
struct Line {
    name: String,
    health: Health,
    /// What TikTok said, where it is not well.
    note: Option<String>,
    accounts: Vec<StoredAccount>,
    more_accounts: usize,
    scopes: Vec<String>,
    can: Vec<&'static str>,
    connected_at: String,
}

pub(super) async fn run(arguments: &Arguments, console: &mut Console) -> anyhow::Result<Exit> {
    let ctx = arguments.store.open().await?;
    if let Place::Folder(folder) = &arguments.store {
        local::check_folder(folder, arguments.endpoint.as_deref()).await?;
    }
    let (client, _) = wire(arguments.endpoint.as_deref())?;
    let app = oauth_callback::app(ctx.secrets.as_ref(), &ctx.bucket).await?;
    let prefix = names::destinations(&ctx.bucket);
    let mut lines = Vec::new();
    for secret in ctx.secrets.list(&prefix).await? {
        let name = secret.strip_prefix(&prefix).unwrap_or(&secret).to_owned();
        let Ok(name) = DestinationName::new(name) else {
            continue;
        };
        let line = match oauth_callback::read(ctx.secrets.as_ref(), &ctx.bucket, &name).await {
            Ok(Some((connection, version))) => {
                let buried = ctx
                    .store
                    .stat(&keys::dead_token(&name, &version))
                    .await?
                    .is_some();
                line(&client, app.as_ref(), &name, connection, buried).await
            }
            Ok(None) => continue,
            Err(error) => unreadable(&name, &error),
        };
        lines.push(line);
    }
    let way = Way::new(&arguments.store, arguments.endpoint.as_deref());
    show(&lines, &way, console)?;
    let dead = lines
        .iter()
        .any(|line| matches!(line.health, Health::Dead | Health::Unreadable));
    Ok(if dead { Exit::Failed } else { Exit::Done })
}

async fn line(
    client: &Client,
    app: Option<&App>,
    name: &DestinationName,
    connection: Connection,
    buried: bool,
) -> Line {
    let (health, note) = match connection.token() {
        None => (Health::Unreadable, Some("the secret holds no token".to_owned())),
        Some(_) if buried => (
            Health::Dead,
            Some(format!("TikTok refused it in a run: `tideline connect {name}`")),
        ),
        Some(token) => {
            let app = app.filter(|app| connection.app_id.as_deref() == Some(app.id()));
            match oauth_callback::check(client, app, &token, CALL).await {
                Ok(_) => (Health::Ok, None),
                Err(failed) if failed.why == Why::TokenDead => {
                    (Health::Dead, Some(format!("{failed}: `tideline connect {name}`")))
                }
                Err(failed) => (Health::Unknown, Some(failed.to_string())),
            }
        }
    };
    let can = Ability::ALL
        .into_iter()
        .filter(|ability| connection.can(*ability) == Some(true));
    Line {
        name: name.to_string(),
        health,
        note,
        can: can.map(Ability::in_words).collect(),
        accounts: connection.accounts,
        more_accounts: connection.more_accounts,
        scopes: connection.scopes,
        connected_at: connection.connected_at,
    }
}

fn unreadable(name: &DestinationName, error: &runtime::secrets::SecretsError) -> Line {
    Line {
        name: name.to_string(),
        health: Health::Unreadable,
        note: Some(error.to_string()),
        accounts: Vec::new(),
        more_accounts: 0,
        scopes: Vec::new(),
        can: Vec::new(),
        connected_at: String::new(),
    }
}

fn show(lines: &[Line], way: &Way, console: &mut Console) -> anyhow::Result<()> {
    if console.is_json() {
        for line in lines {
            console.json(line)?;
        }
        return Ok(());
    }
    if lines.is_empty() {
        let connect = way.command("tideline connect NAME");
        writeln!(console.out, "Nothing is connected yet: `{connect}`.")?;
        return Ok(());
    }
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(["NAME", "HEALTH", "ACCOUNTS", "MAY SEND", "CONNECTED"]);
    for line in lines {
        let health = match line.health {
            Health::Ok => "ok",
            Health::Dead => "dead",
            Health::Unknown => "no clear answer",
            Health::Unreadable => "unreadable",
        };
        let can = if line.can.is_empty() {
            "not known".to_owned()
        } else {
            line.can.join(", ")
        };
        table.add_row([
            line.name.as_str(),
            health,
            &accounts(line),
            &can,
            &age(&line.connected_at),
        ]);
    }
    writeln!(console.out, "{}", table.trim_fmt())?;
    for line in lines {
        if let Some(note) = &line.note {
            writeln!(console.out, "{}: {}", line.name, way.complete(note))?;
        }
    }
    Ok(())
}

fn accounts(line: &Line) -> String {
    let shown = |account: &StoredAccount| match account.name.as_str() {
        "" => account.id.clone(),
        // A name is whatever its owner wrote: no control character reaches the terminal.
        name => format!("{} ({})", name.replace(char::is_control, " "), account.id),
    };
    match (line.accounts.as_slice(), line.more_accounts) {
        ([], _) => "not known".to_owned(),
        ([one], 0) => shown(one),
        ([first, rest @ ..], more) => format!("{} and {} more", shown(first), rest.len() + more),
    }
}

fn age(connected_at: &str) -> String {
    let Ok(then) = connected_at.parse::<jiff::Timestamp>() else {
        return "not known".to_owned();
    };
    let seconds = jiff::Timestamp::now().as_second() - then.as_second();
    let (number, unit) = match seconds {
        ..60 => return "just now".to_owned(),
        60..3_600 => (seconds / 60, "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{} ago", counted(u64::try_from(number).unwrap_or_default(), unit))
}
