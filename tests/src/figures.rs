//! What schedules did, added up.

use sync_core::run::{Record, RunStatus};

use crate::storm::Storm;

/// What schedules did, added up.
#[derive(Debug, Clone, Copy, Default)]
pub struct Figures {
    /// Schedules.
    pub schedules: u64,
    /// Requests to the bucket.
    pub requests: u64,
    /// API calls.
    pub calls: u64,
    /// Functions that died.
    pub deaths: u64,
    /// Functions that slept while their message came again.
    pub zombies: u64,
    /// Rows that TikTok accepted.
    pub accepted: u64,
    /// Rows that came to TikTok again after it had accepted them.
    pub resent: u64,
    /// Runs with a record.
    pub runs: u64,
    /// Runs that were closed: cancelled, planned by older code, stuck.
    pub closed: u64,
}

impl Figures {
    /// Adds another schedule's.
    pub fn add(&mut self, other: &Self) {
        self.schedules += other.schedules;
        self.requests += other.requests;
        self.calls += other.calls;
        self.deaths += other.deaths;
        self.zombies += other.zombies;
        self.accepted += other.accepted;
        self.resent += other.resent;
        self.runs += other.runs;
        self.closed += other.closed;
    }

    /// What happened in a storm that is over.
    pub(crate) fn of(storm: &Storm) -> Self {
        let world = &storm.world;
        let records = world.records();
        let closed = |record: &&Record| matches!(record.status, RunStatus::Aborted | RunStatus::Cancelled);
        Self {
            schedules: 1,
            requests: world.store.requests().values().sum(),
            calls: world.bench.front.calls(),
            deaths: storm.deaths,
            zombies: storm.zombies,
            runs: records.len() as u64,
            closed: records.iter().filter(closed).count() as u64,
            ..Self::default()
        }
    }
}
