//! One file a command: its arguments, and what it does with them.

pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod init;
pub(crate) mod preview;
pub(crate) mod run;
pub(crate) mod sandbox;
mod schema;
pub(crate) mod validate;

use crate::args::Command;
use crate::console::Console;
use crate::exit::Exit;
use crate::local::Phase;

/// Does a command.
pub(crate) async fn run(command: Command, console: &mut Console) -> anyhow::Result<Exit> {
    match command {
        Command::Demo(arguments) => demo::run(&arguments, console).await,
        Command::Init(arguments) => init::run(&arguments, console),
        Command::Validate(arguments) => validate::run(&arguments, console),
        Command::Preview(arguments) => preview::run(&arguments, console),
        Command::Run(arguments) => run::run(arguments, Phase::Both, console).await,
        Command::Ingest(arguments) => run::run(arguments, Phase::Ingest, console).await,
        Command::Deliver(arguments) => run::run(arguments, Phase::Deliver, console).await,
        Command::Sandbox(arguments) => sandbox::run(&arguments, console).await,
        Command::Schema => schema::run(console),
        Command::Completions(arguments) => completions::run(&arguments, console),
    }
}
