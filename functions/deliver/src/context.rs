//! What the handler depends on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use runtime::connections::TokenFrom;
use runtime::secrets::Secrets;
use runtime::store::Store;
use sync_core::run::keys::BatchId;
use tiktok::{Client, Pace};

/// What the handler depends on. Made once, at cold start.
pub struct Context {
    /// The bucket, or the folder in its place.
    pub store: Arc<dyn Store>,
    /// Where tokens lie.
    pub secrets: Arc<dyn Secrets>,
    /// The way to TikTok.
    pub client: Client,
    /// How fast calls may go.
    pub pace: Pace,
    /// The bucket's name, a part of secrets' names.
    pub bucket: String,
    /// Limits and times.
    pub settings: Settings,
    /// How far the work is.
    pub tally: Arc<Tally>,
}

/// How far the work is, for whoever watches. A batch that is begun again counts once.
#[derive(Debug, Default)]
pub struct Tally(Mutex<HashMap<BatchId, (u64, u64)>>);

impl Tally {
    /// A batch of so many rows was begun, of which so many have an answer.
    pub fn begun(&self, batch: &BatchId, rows: u64, answered: u64) {
        self.batches().insert(batch.clone(), (rows, answered));
    }

    /// Further rows of a batch have an answer.
    pub fn answered(&self, batch: &BatchId, rows: u64) {
        if let Some((_, answered)) = self.batches().get_mut(batch) {
            *answered += rows;
        }
    }

    /// Rows in the batches that were begun, and those with an answer.
    pub fn totals(&self) -> (u64, u64) {
        let add = |(rows, answered): (u64, u64), batch: &(u64, u64)| (rows + batch.0, answered + batch.1);
        self.batches().values().fold((0, 0), add)
    }

    fn batches(&self) -> MutexGuard<'_, HashMap<BatchId, (u64, u64)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Limits and times.
#[derive(Debug, Clone)]
pub struct Settings {
    /// API calls at once, 1 to 64.
    pub calls_in_flight: usize,
    /// The longest a call may take.
    pub call_timeout: Duration,
    /// Tries of one call in one invocation, before the message goes back.
    pub tries: u32,
    /// The queue's `maxReceiveCount`: on the last receive what could not be sent is carried.
    pub max_receives: u32,
    /// Extra calls that one API call's rows may cost to find the bad ones among them.
    pub isolation_calls: usize,
    /// Progress is written after this many answers …
    pub progress_calls: u32,
    /// … or after this time.
    pub progress_time: Duration,
    /// While calls are made, what the live debugger keeps of a batch is written no more often than this.
    pub debugger_period: Duration,
    /// Seconds after which an invocation that began to make an audience of files is surely dead.
    pub lease_seconds: i64,
    /// Where the token comes from: what a person does when TikTok refuses it.
    pub token: TokenFrom,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            calls_in_flight: 16,
            call_timeout: Duration::from_secs(30),
            tries: 5,
            max_receives: 5,
            isolation_calls: 2_000,
            progress_calls: 100,
            progress_time: Duration::from_secs(10),
            debugger_period: Duration::from_secs(10),
            lease_seconds: 360,
            token: TokenFrom::Connection,
        }
    }
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Handled {
    /// The batch has an outcome, or is nobody's any more.
    Done,
    /// Time was up: a new message was made, with a fresh time.
    HandedOver,
    /// TikTok has to be waited for: the message comes back after the queue's visibility time.
    ComeBack,
}
