//! One file a command: its arguments, and what it does with them.

pub(crate) mod completions;
pub(crate) mod init;
pub(crate) mod preview;
pub(crate) mod sandbox;
mod schema;
pub(crate) mod validate;

use crate::args::Command;
use crate::console::Console;
use crate::exit::Exit;

/// Does a command.
pub(crate) async fn run(command: Command, console: &mut Console) -> anyhow::Result<Exit> {
    match command {
        Command::Init(arguments) => init::run(&arguments, console),
        Command::Validate(arguments) => validate::run(&arguments, console),
        Command::Preview(arguments) => preview::run(&arguments, console),
        Command::Sandbox(arguments) => sandbox::run(&arguments, console).await,
        Command::Schema => schema::run(console),
        Command::Completions(arguments) => completions::run(&arguments, console),
    }
}
