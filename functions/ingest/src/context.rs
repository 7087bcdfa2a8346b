//! What the handlers depend on.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use runtime::connections::TokenFrom;
use runtime::secrets::{SecretText, Secrets, names};
use runtime::store::Store;
use sync_core::diff::FingerprintKey;
use tiktok::Client;
use tokio::sync::OnceCell;

/// What the handlers depend on. Made once, at cold start.
pub struct Context {
    /// The bucket, or the folder in its place.
    pub store: Arc<dyn Store>,
    /// Where tokens and keys lie.
    pub secrets: Arc<dyn Secrets>,
    /// The bucket's name: a part of run ids and of secrets' names.
    pub bucket: String,
    /// Limits and times.
    pub settings: Settings,
    /// The way to TikTok, to find, make and look at audiences; `None` in a process that does not talk to it: such work
    /// waits for one that does.
    pub client: Option<Client>,
    key: OnceCell<FingerprintKey>,
}

/// Limits and times.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Seconds after which a `deliver` that had begun is surely dead and TikTok has applied its last call.
    pub quiet_seconds: i64,
    /// Where batches are spooled until the guards have passed.
    pub spool: PathBuf,
    /// How many bytes of an export are read at a time.
    pub chunk_bytes: u64,
    /// Whether exports land by themselves, so that one whose notification was lost has to be looked for.
    pub exports_land: bool,
    /// An export of no more bytes is done in one invocation; larger ones are cut into parts of about this size.
    pub part_bytes: u64,
    /// A part has about this many rows at most.
    pub part_rows: u64,
    /// A partition of the snapshot holds about this many keys at most.
    pub partition_keys: u64,
    /// Seconds after which an invocation that began to make an audience is surely dead.
    pub lease_seconds: i64,
    /// The longest a call to TikTok may take.
    pub call_timeout: Duration,
    /// Where the token comes from: what a person does when TikTok refuses it.
    pub token: TokenFrom,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            quiet_seconds: 360,
            spool: std::env::temp_dir(),
            chunk_bytes: 8 << 20,
            exports_land: true,
            part_bytes: 256 << 20,
            part_rows: 1_000_000,
            partition_keys: 4_000_000,
            lease_seconds: 960,
            call_timeout: Duration::from_secs(30),
            token: TokenFrom::Connection,
        }
    }
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Handled {
    /// Nothing is left to do: the message may go.
    Done,
    /// It is too early: the message comes back.
    ComeBack(&'static str),
}

impl Context {
    /// A context.
    pub fn new(store: Arc<dyn Store>, secrets: Arc<dyn Secrets>, bucket: String, settings: Settings) -> Self {
        Self {
            store,
            secrets,
            bucket,
            settings,
            client: None,
            key: OnceCell::new(),
        }
    }

    /// The same context with a way to TikTok.
    #[must_use]
    pub fn with_client(self, client: Client) -> Self {
        Self {
            client: Some(client),
            ..self
        }
    }

    /// The installation's key for fingerprints. The first to ask makes it; of two at once, one wins.
    pub(crate) async fn fingerprint_key(&self) -> anyhow::Result<&FingerprintKey> {
        self.key.get_or_try_init(|| self.load_key()).await
    }

    async fn load_key(&self) -> anyhow::Result<FingerprintKey> {
        let name = names::fingerprint_key(&self.bucket);
        if self.secrets.get(&name).await?.is_none() {
            let fresh: [u8; 16] = rand::random();
            self.secrets
                .put_new(&name, SecretText::new(const_hex::encode(fresh)))
                .await?;
        }
        let secret = self.secrets.get(&name).await?;
        let secret =
            secret.with_context(|| format!("the secret `{name}` was deleted while it was being made"))?;
        FingerprintKey::from_hex(secret.value.expose())
            .with_context(|| format!("the secret `{name}` does not hold 32 hexadecimal digits"))
    }
}
