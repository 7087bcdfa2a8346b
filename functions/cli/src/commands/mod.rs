//! One file a command: its arguments, and what it does with them.

pub(crate) mod cancel;
pub(crate) mod completions;
pub(crate) mod connect;
pub(crate) mod debug;
pub(crate) mod demo;
pub(crate) mod destinations;
pub(crate) mod disconnect;
pub(crate) mod housekeeping;
pub(crate) mod init;
pub(crate) mod preview;
pub(crate) mod rejected;
mod request;
pub(crate) mod resync;
pub(crate) mod retry;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod sandbox;
mod schema;
pub(crate) mod validate;

use std::time::Duration;

use sync_core::names::{DestinationName, SyncName};
use tiktok::{ApiBase, Client, ClientConfig};

use crate::args::Command;
use crate::console::Console;
use crate::exit::Exit;
use crate::local::Phase;

/// The longest that a person waits for one answer of TikTok.
const CALL: Duration = Duration::from_secs(15);

/// Does a command.
pub(crate) async fn run(command: Command, console: &mut Console) -> anyhow::Result<Exit> {
    match command {
        Command::Demo(arguments) => Box::pin(demo::run(&arguments, console)).await,
        Command::Init(arguments) => init::run(&arguments, console),
        Command::Validate(arguments) => validate::run(&arguments, console),
        Command::Preview(arguments) => preview::run(&arguments, console),
        Command::Run(arguments) => run::run(arguments, Phase::Both, console).await,
        Command::Ingest(arguments) => run::run(arguments, Phase::Ingest, console).await,
        Command::Deliver(arguments) => run::run(arguments, Phase::Deliver, console).await,
        Command::Runs(arguments) => runs::run(&arguments, console).await,
        Command::Debug(arguments) => debug::run(&arguments, console).await,
        Command::Rejected(arguments) => rejected::run(&arguments, console).await,
        Command::Retry(arguments) => retry::run(arguments, console).await,
        Command::Resync(arguments) => resync::run(arguments, console).await,
        Command::Cancel(arguments) => cancel::run(arguments, console).await,
        Command::Housekeeping(arguments) => housekeeping::run(arguments, console).await,
        Command::Connect(arguments) => connect::run(&arguments, console).await,
        Command::Destinations(arguments) => destinations::run(&arguments, console).await,
        Command::Disconnect(arguments) => disconnect::run(&arguments, console).await,
        Command::Sandbox(arguments) => sandbox::run(&arguments, console).await,
        Command::Schema => schema::run(console),
        Command::Completions(arguments) => completions::run(&arguments, console),
    }
}

/// The name of a sync, given as an argument.
fn sync_name(text: &str) -> Result<SyncName, String> {
    SyncName::new(text).map_err(|error| error.to_string())
}

/// The name of a destination, given as an argument.
fn destination_name(text: &str) -> Result<DestinationName, String> {
    DestinationName::new(text).map_err(|error| format!("expected {error}"))
}

/// The way to TikTok, or to the sandbox in its place.
fn wire(endpoint: Option<&str>) -> anyhow::Result<(Client, ApiBase)> {
    let base = match endpoint {
        Some(endpoint) => ApiBase::loopback(endpoint)?,
        None => ApiBase::production(),
    };
    Ok((Client::new(ClientConfig::new(base.clone()))?, base))
}
