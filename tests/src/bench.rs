//! What the worlds of one thread share: a sandbox, the server before it, a client.

use anyhow::anyhow;
use tempfile::TempDir;
use tiktok::{ApiBase, Client, ClientConfig};
use tiktok_sandbox::{Running, Sandbox, SandboxConfig};

use crate::front::Front;

/// A sandbox, the server before it, and a client for both. One world at a time uses it.
pub struct Bench {
    /// The stand-in for TikTok.
    pub sandbox: Running,
    /// The server before it.
    pub front: Front,
    /// The way to both.
    pub client: Client,
    /// Where `ingest` spools batches.
    pub spool: TempDir,
}

impl Bench {
    /// Starts all of it in the present runtime.
    pub async fn start() -> anyhow::Result<Self> {
        let sandbox = Sandbox::start(SandboxConfig::default()).await?;
        let front = Front::start(sandbox.port()).await?;
        let client = Client::new(ClientConfig::new(ApiBase::loopback(front.url())?))?;
        Ok(Self {
            sandbox,
            front,
            client,
            spool: TempDir::new()?,
        })
    }

    /// Forgets what an earlier world did.
    pub fn reset(&self) -> anyhow::Result<()> {
        self.sandbox.state().reset();
        self.front.reset();
        self.clock(1_785_585_600)
    }

    /// Sets the sandbox's clock, in seconds since 1970.
    pub fn clock(&self, seconds: i64) -> anyhow::Result<()> {
        let clock = serde_json::json!({ "clock": seconds });
        self.sandbox
            .state()
            .change_settings(clock)
            .map_err(|error| anyhow!(error))
    }
}
