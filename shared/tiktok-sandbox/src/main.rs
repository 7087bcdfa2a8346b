//! The binary `tiktok-sandbox`: the stand-in for TikTok's Business API on a port of this machine.

use std::io::Write as _;

use anyhow::Context as _;
use clap::Parser;
use tiktok_sandbox::{SandboxConfig, serve_until_signal};

/// A strict stand-in for TikTok's Business API, on 127.0.0.1 until SIGTERM or SIGINT
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 8099)]
    port: u16,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Arguments { port } = Arguments::parse();
    let ready = |url: &str| {
        // The sandbox serves on when nobody reads this line.
        let _ = writeln!(std::io::stderr(), "tiktok-sandbox answers on {url}");
    };
    serve_until_signal(SandboxConfig { port }, ready)
        .await
        .with_context(|| {
            format!("The sandbox cannot listen on 127.0.0.1:{port}; name a free port with --port")
        })
}
