//! The functions and their queues in one process: each object that is created wakes a handler, as on AWS.

use std::collections::{HashSet, VecDeque};
use std::fs::{File, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use deliver::Tally;
use ingest::ExportCreated;
use runtime::connections::TokenFrom;
use runtime::register::read_head;
use runtime::secrets::{FileSecrets, Secrets, names};
use runtime::store::{LocalStore, Store as _};
use sync_core::names::{DestinationName, SyncName};
use sync_core::run::{Wake, keys};
use tiktok::{ApiBase, Client, ClientConfig, Limits, Pace};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::secrets::WithToken;
use super::{LocalOptions, Phase, belongs};
use crate::interrupt::Stop;

/// How often a wake-up is handled in one command, before its work, or the rows of its batch, are left to the next one.
const MAX_RECEIVES: u32 = 3;
/// A message that goes back is handled again after this time; the queues of AWS wait longer.
const COME_BACK: Duration = Duration::from_secs(2);

/// A wake-up with the number of times that it was handled.
struct Message {
    wake: Wake,
    receives: u32,
}

/// Everything that a run needs, in one process.
pub(crate) struct Machine {
    pub(crate) store: Arc<LocalStore>,
    pub(crate) ingest: ingest::Context,
    deliver: deliver::Context,
    created: Mutex<UnboundedReceiver<String>>,
    queue: Mutex<VecDeque<Message>>,
    came_back: Mutex<Option<&'static str>>,
    stop: Stop,
    /// Only one process works on a folder: what it finds unfinished, nobody else is at.
    _lock: File,
}

impl Machine {
    /// Opens a folder for this process alone.
    ///
    /// # Errors
    /// Where another process works on it, or where it belongs to another stand-in for TikTok than is asked for.
    pub(crate) async fn open(options: &LocalOptions, tally: Arc<Tally>) -> anyhow::Result<Self> {
        let (sender, created) = unbounded_channel();
        let store = Arc::new(LocalStore::open(&options.store)?.with_creations(sender));
        let lock = lock(&options.store).await?;
        if let Some(said) = belongs::check(&store, options.endpoint.as_deref(), options.purpose).await? {
            tracing::warn!("{said}");
        }
        // Under the lock: a process that works on the folder keeps the spec that it was given.
        for (sync, text) in &options.specs {
            store
                .put(&keys::spec(sync), text.clone().into_bytes().into())
                .await?;
        }
        let folder = FileSecrets::open(&options.store)?;
        let secrets: Arc<dyn Secrets> = match &options.token {
            Some(token) => Arc::new(WithToken::new(folder, token)),
            None => Arc::new(folder),
        };
        let base = match &options.endpoint {
            Some(endpoint) => ApiBase::loopback(endpoint)?,
            None => ApiBase::production(),
        };
        let token = match &options.token {
            Some(_) => TokenFrom::Environment,
            None => TokenFrom::Connection,
        };
        // One process at a time: nothing that was begun is still under way.
        let limits = ingest::Settings {
            quiet_seconds: 0,
            exports_land: false,
            spool: spool(&options.store)?,
            lease_seconds: 0,
            token,
            ..ingest::Settings::default()
        };
        let client = Client::new(ClientConfig::new(base))?;
        Ok(Self {
            ingest: ingest::Context::new(store.clone(), secrets.clone(), names::LOCAL.to_owned(), limits)
                .with_client(client.clone()),
            deliver: deliver::Context {
                store: store.clone(),
                secrets,
                client,
                pace: Pace::new(Limits::default()),
                bucket: names::LOCAL.to_owned(),
                settings: deliver::Settings {
                    max_receives: MAX_RECEIVES,
                    progress_calls: 1,
                    debugger_period: Duration::from_secs(1),
                    lease_seconds: 0,
                    token,
                    ..deliver::Settings::default()
                },
                tally,
            },
            store,
            created: Mutex::new(created),
            queue: Mutex::new(VecDeque::new()),
            came_back: Mutex::new(None),
            stop: options.stop.clone(),
            _lock: lock,
        })
    }

    /// Fails where a destination has no token to send with.
    pub(crate) async fn needs_token(&self, destination: &DestinationName) -> anyhow::Result<()> {
        let name = names::destination(names::LOCAL, destination.as_str());
        if self.ingest.secrets.get(&name).await?.is_none() {
            bail!(
                "there is no token for the destination {destination}: `tideline connect {destination}` stores one; for this command alone, set TIKTOK_ACCESS_TOKEN (the sandbox takes sandbox-token)"
            );
        }
        Ok(())
    }

    /// Takes up what a process that is gone left unfinished.
    pub(crate) async fn resume(&self, sync: &SyncName) -> anyhow::Result<()> {
        let mut queue = self.queue.lock().await;
        queue.extend(
            ingest::unfinished(&self.ingest, sync, None)
                .await?
                .into_iter()
                .map(|wake| Message { wake, receives: 1 }),
        );
        queue.push_back(Message {
            wake: Wake::Head(sync.clone()),
            receives: 1,
        });
        Ok(())
    }

    /// Takes an export of a sync in.
    pub(crate) async fn accept(&self, sync: &SyncName, export: &ExportCreated) -> anyhow::Result<()> {
        if let ingest::Handled::ComeBack(_) = ingest::accept(&self.ingest, export).await? {
            self.queue.lock().await.push_back(Message {
                wake: Wake::Head(sync.clone()),
                receives: 1,
            });
        }
        Ok(())
    }

    /// Handles wake-ups until there are none, or the process is to end: what is left then goes on with the next one.
    pub(crate) async fn work(&self, phase: Phase) -> anyhow::Result<()> {
        *self.came_back.lock().await = None;
        while !self.stop.is_asked() {
            self.collect().await;
            let Some(message) = self.queue.lock().await.pop_front() else {
                return Ok(());
            };
            if self.handle(&message.wake, message.receives, phase).await? || self.stop.is_asked() {
                continue;
            }
            tokio::time::sleep(COME_BACK).await;
            self.queue.lock().await.push_back(Message {
                receives: message.receives + 1,
                ..message
            });
        }
        Ok(())
    }

    /// Ends the runs of a sync that were cancelled, and begins nothing else.
    pub(crate) async fn end_cancelled(&self, sync: &SyncName) -> anyhow::Result<()> {
        let mut tries = MAX_RECEIVES;
        while tries > 0 {
            let before = read_head(self.store.as_ref(), sync).await?.head;
            let ends = match &before.run {
                Some(open) => ingest::is_cancelled(&self.ingest, sync, &open.id).await?,
                None => !ingest::cancelled(&self.ingest, sync).await?.is_empty(),
            };
            if !ends {
                return Ok(());
            }
            let _ = ingest::on_head(&self.ingest, sync).await?;
            let after = read_head(self.store.as_ref(), sync).await?.head;
            tries = if after.rev == before.rev {
                tries - 1
            } else {
                MAX_RECEIVES
            };
        }
        Ok(())
    }

    /// What was created since the last look, each key once.
    async fn collect(&self) {
        let mut created = self.created.lock().await;
        let mut queue = self.queue.lock().await;
        let mut seen = HashSet::new();
        while let Ok(key) = created.try_recv() {
            let wake = Wake::parse(&key).filter(|wake| !matches!(wake, Wake::Export(_)));
            if let Some(wake) = wake.filter(|_| seen.insert(key)) {
                queue.push_back(Message { wake, receives: 1 });
            }
        }
    }

    /// Handles one wake-up; `false` when it comes back.
    async fn handle(&self, wake: &Wake, receives: u32, phase: Phase) -> anyhow::Result<bool> {
        match wake {
            Wake::Batch(_) if phase == Phase::Ingest => Ok(true),
            Wake::Batch(batch) => {
                let handled = deliver::deliver(&self.deliver, batch, receives, self.stop.deadline()).await?;
                Ok(handled != deliver::Handled::ComeBack)
            }
            other => match ingest::handle(&self.ingest, other.clone(), None).await? {
                ingest::Handled::Done => Ok(true),
                ingest::Handled::ComeBack(why) => {
                    *self.came_back.lock().await = Some(why);
                    Ok(receives >= MAX_RECEIVES)
                }
            },
        }
    }

    /// Why the last wake-up that was given up came back.
    pub(crate) async fn came_back(&self) -> Option<&'static str> {
        *self.came_back.lock().await
    }
}

/// An empty folder for what waits to be written; a killed process may have left something there.
fn spool(root: &Path) -> anyhow::Result<PathBuf> {
    let path = root.join(".spool");
    let made = || format!("making {}", path.display());
    match std::fs::remove_dir_all(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error).with_context(made),
        _ => std::fs::create_dir(&path).with_context(made)?,
    }
    Ok(path)
}

/// Another command that only looks whether the folder is held lets it go at once.
const LOCK_TRIES: u32 = 20;
const LOCK_WAIT: Duration = Duration::from_millis(50);

/// Takes the folder for this process alone.
async fn lock(root: &Path) -> anyhow::Result<File> {
    let path = lock_path(root);
    let mut options = File::options();
    options.write(true).create(true).truncate(false).mode(0o600);
    let file = options
        .open(&path)
        .with_context(|| format!("making {}", path.display()))?;
    for _ in 0..LOCK_TRIES {
        if file.try_lock().is_ok() {
            return Ok(file);
        }
        tokio::time::sleep(LOCK_WAIT).await;
    }
    bail!(
        "another tideline process works on {}: wait until it has ended",
        root.display()
    )
}

/// Whether a process works on a folder.
pub(crate) fn is_held(root: &Path) -> bool {
    File::open(lock_path(root))
        .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

fn lock_path(root: &Path) -> PathBuf {
    root.join(".lock")
}
