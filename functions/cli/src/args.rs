//! The commands and their arguments.

use clap::{Parser, Subcommand, ValueEnum};

use crate::commands::{
    cancel, completions, connect, debug, demo, destinations, disconnect, housekeeping, init, preview,
    rejected, resync, retry, run, runs, sandbox, validate,
};

/// Delivers a company's exports to TikTok: web events, offline events and audiences
///
/// Data goes to stdout, everything else to stderr.
/// Exit codes: 0 done, 1 failed, 2 wrong usage or invalid spec, 3 done with rejected or refused rows.
#[derive(Debug, Parser)]
#[command(name = "tideline", version)]
pub(crate) struct Cli {
    /// How results are written to stdout
    #[arg(long, global = true, value_enum, default_value_t = Output::Text, value_name = "FORM")]
    pub(crate) output: Output,

    /// Say on stderr what is being done
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,

    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    Text,
    /// For programs
    Json,
}

/// What to do. Each command has a file in `commands/`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Do everything on this machine: a stand-in for TikTok, a sample export, a run, its report
    Demo(demo::Arguments),
    /// Write a sync spec to start from; from an export, with its columns mapped
    Init(init::Arguments),
    /// Check sync specs: all errors of all files in one pass
    Validate(validate::Arguments),
    /// Show the API calls that an export's rows make, and the rejected rows; nothing is sent
    Preview(preview::Arguments),
    /// Run exports through a sync: check, cut into calls, send, record
    Run(run::Arguments),
    /// Do the first half of a run: up to the batches
    Ingest(run::Arguments),
    /// Do the second half of a run: from the batches to the record
    Deliver(run::Arguments),
    /// List what ran, what runs and what waits
    Runs(runs::Arguments),
    /// Show the API calls of a run, with requests and answers: the live debugger
    Debug(debug::Arguments),
    /// Show the rows that a run refused, and why
    Rejected(rejected::Arguments),
    /// Send again what TikTok refused in a run and what was left over; or corrected rows
    Retry(retry::Arguments),
    /// Forget what was sent: the next export sends everything again
    Resync(resync::Arguments),
    /// Stop a run: what TikTok has not accepted by then is not sent
    Cancel(cancel::Arguments),
    /// Do now what the schedule does: wake unfinished work, send left-over rows, delete what nobody needs
    Housekeeping(housekeeping::Arguments),
    /// Connect a TikTok account as a destination: print the link that starts OAuth, or take a token from stdin
    Connect(connect::Arguments),
    /// List what is connected, with accounts and scopes, and ask TikTok whether it still takes the tokens
    Destinations(destinations::Arguments),
    /// Revoke a destination's token at TikTok and delete it
    Disconnect(disconnect::Arguments),
    /// Serve a stand-in for TikTok's API on this machine, until SIGTERM or ctrl-c
    Sandbox(sandbox::Arguments),
    /// Print the JSON Schema of sync specs, for editors
    Schema,
    /// Print the completion script of a shell
    Completions(completions::Arguments),
}
