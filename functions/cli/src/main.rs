//! The binary `tideline`: the functions' own code from a terminal. This file only wires; see `README.md`.

mod args;
mod audience_result;
mod commands;
mod console;
mod debugger;
mod demo;
mod environment;
mod exit;
mod export_file;
mod history;
mod identities;
mod init;
mod interrupt;
mod interrupted;
mod local;
mod oauth_pages;
mod place;
mod plural;
mod preview;
mod progress;
mod result;
mod shell;
mod spec_file;
mod way;

use std::process::ExitCode;

use clap::Parser;
use tracing::Level;

use args::Cli;
use console::Console;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    runtime::logs::start_at_terminal(if cli.verbose { Level::INFO } else { Level::WARN });
    let mut console = Console::of_this_process(cli.output);
    let result = Box::pin(commands::run(cli.command, &mut console)).await;
    exit::end(result, &mut console).into()
}
