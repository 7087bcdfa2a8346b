//! `tideline sandbox`: the stand-in for TikTok's API.

use std::io::Write;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use tiktok_sandbox::{SandboxConfig, TOKEN, serve_until_signal};

use crate::console::Console;
use crate::environment;
use crate::exit::Exit;

/// The arguments of `sandbox`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 8099)]
    port: u16,
}

pub(super) async fn run(arguments: &Arguments, console: &mut Console) -> anyhow::Result<Exit> {
    let port = arguments.port;
    let ready = |url: &str| {
        // The sandbox serves on when nobody reads this.
        let _ = announce(url, console);
    };
    serve_until_signal(SandboxConfig { port }, ready)
        .await
        .with_context(|| {
            format!(
                "the sandbox cannot listen on 127.0.0.1:{port}: name a free port with --port, or 0 for any"
            )
        })?;
    Ok(Exit::Done)
}

fn announce(url: &str, console: &mut Console) -> std::io::Result<()> {
    if console.is_json() {
        console.json(&json!({ "url": url, "token": TOKEN }))?;
    } else {
        writeln!(
            console.out,
            "The sandbox answers on {url} until SIGTERM or ctrl-c"
        )?;
        writeln!(
            console.out,
            "Use it with: {}={TOKEN} tideline run SPEC FILE --endpoint {url}",
            environment::TOKEN
        )?;
        writeln!(
            console.out,
            "What it holds: {url}/_sandbox/events and {url}/_sandbox/calls"
        )?;
    }
    console.out.flush()
}
