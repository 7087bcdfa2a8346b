//! `tideline completions SHELL`: what a shell needs to complete our commands.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::args::Cli;
use crate::console::Console;
use crate::exit::Exit;

/// The arguments of `completions`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The shell, for example: tideline completions bash > ~/.local/share/bash-completion/completions/tideline
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments, console: &mut Console) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "tideline", &mut script);
    console.out.write_all(&script)?;
    Ok(Exit::Done)
}
