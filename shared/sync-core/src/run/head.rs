//! `state/<sync>/head.json`: a sync's one register, and the only object that changes (by `If-Match`).

use serde::{Deserialize, Serialize};

use super::{FixedVia, SentTo};
use crate::names::{RunId, SyncName};

/// The register of a sync: its snapshot, its open run, what is carried.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Grows by one at each write, so that content, and with it the `ETag`, never comes back.
    pub rev: u64,
    /// The snapshot; `None` before the first run has ended.
    pub generation: Option<Generation>,
    /// The open run.
    pub run: Option<OpenRun>,
    /// The runs whose batches hold carried rows; several only after a run was closed.
    #[serde(default)]
    pub carried: Vec<RunId>,
    /// The newest export that was applied.
    pub newest: Option<Newest>,
    /// Set by a resync: the next export treats all fingerprints as unequal.
    #[serde(default)]
    pub forget: bool,
    /// How many runs in a row were started only for carried rows.
    #[serde(default)]
    pub retries: u32,
    /// The UTC day (since 1970-01-01) of the last file upload: TikTok takes one a day for each audience.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload_day: Option<i64>,
    /// The revision at which the newest whole table was applied (`mirror`, `all`): what earlier runs left over has
    /// given way to it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub table_rev: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(rev: &u64) -> bool {
    *rev == 0
}

/// One generation of the snapshot. Its objects never change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generation {
    /// `<rev>-<run>`, part of the keys.
    pub id: String,
    /// Into how many objects its keys are divided, by the digest's top bits. A power of two.
    pub partitions: u32,
    /// How many keys it holds.
    pub keys: u64,
    /// The way in of the audience that it tells of; `None` for events. An audience of one way is none of the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way: Option<FixedVia>,
    /// The event sources that its keys were sent to; empty for audiences, and for generations of older versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SentTo>,
}

/// The run that holds the sync.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenRun {
    /// Its id.
    pub id: RunId,
    /// What it does.
    pub kind: RunKind,
    /// Whether it still sends.
    pub state: RunState,
    /// Why it is closing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<CloseReason>,
    /// The version of the code that plans it.
    pub planner: u32,
    /// Exports that it makes obsolete.
    #[serde(default)]
    pub superseded: Vec<RunId>,
    /// The key of its pending entry; `None` for a run that housekeeping started.
    #[serde(default)]
    pub input: Option<String>,
    /// Why nothing of it can be sent, where that was known when it was claimed: the spec does not fit what the first
    /// run fixed, or not the audience.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfit: Option<String>,
}

/// What a run does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    /// Sends an export's rows.
    Export,
    /// Sends what was carried.
    Retry,
    /// Forgets what was sent, and sends nothing itself.
    Resync,
    /// An export older than the newest one applied: it ends at once.
    Late,
    /// An export or a request that a person cancelled while it waited: it ends at once.
    Cancelled,
}

impl RunKind {
    /// Whether it has no rows of its own, so that it ends as soon as it is claimed.
    pub fn ends_at_once(self) -> bool {
        matches!(self, Self::Resync | Self::Late | Self::Cancelled)
    }
}

/// Whether the open run still sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// It runs.
    Open,
    /// It is being closed: nothing more is sent for it.
    Closing,
}

/// Why a run is closed before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// A person cancelled it.
    Cancelled,
    /// It was planned by older code, which cuts batches otherwise: its export is done again.
    NewPlanner,
    /// Nothing happened to it for a day.
    Stuck,
}

/// The newest export applied.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Newest {
    /// Its last-modified time, epoch milliseconds.
    pub last_modified: i64,
    /// Its key.
    pub key: String,
}

impl Head {
    /// The head with the next revision.
    #[must_use]
    pub fn next(&self) -> Self {
        Self {
            rev: self.rev.saturating_add(1),
            ..self.clone()
        }
    }

    /// The id of the generation that the open run writes.
    pub fn next_generation(&self, run: &RunId) -> String {
        format!("{}-{run}", self.rev)
    }

    /// The open run, when it has this id and still sends.
    pub fn open(&self, run: &RunId) -> Option<&OpenRun> {
        self.run
            .as_ref()
            .filter(|open| open.id == *run && open.state == RunState::Open)
    }

    /// The key of a sync's head.
    pub fn key(sync: &SyncName) -> String {
        super::keys::head(sync)
    }
}
