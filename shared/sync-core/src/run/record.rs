//! `runs/<sync>/<run>/run.json`: the record, written once at the end. Its existence proves that the export is done.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::RunKind;
use crate::names::{AdvertiserId, AudienceId, RunId, SyncName};
use crate::rejection::Code;

/// What became of the rows before sending. Summed over the parts of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Rows in the export.
    pub queried: u64,
    /// Sent before, and the same.
    pub unchanged: u64,
    /// Sent before, changed since, and not sent again (`insert`).
    pub changed_not_sent: u64,
    /// Left out by a rule of the spec; no key of a spec does so yet.
    pub skipped: u64,
    /// Older than `max_age`.
    pub expired: u64,
    /// Refused by our own checks, by code. Duplicates of a key are among them.
    pub rejected: BTreeMap<String, u64>,
    /// Valid, but held back by a guard or by the state of the file: nothing of their part was sent.
    pub withheld: u64,
    /// Put into batches.
    pub to_send: u64,
    /// Of these, rows whose key was known before: they changed, or TikTok may not have them (audiences).
    #[serde(skip_serializing_if = "is_zero")]
    pub changed: u64,
    /// Keys that leave the audience: gone from the export, or in it with a row that was rejected (`mirror`, `all`).
    #[serde(skip_serializing_if = "is_zero")]
    pub removed: u64,
    /// People whose removal an earlier run had asked for in vain. Whose identifier it was may be known no more: then each
    /// identifier counts.
    #[serde(skip_serializing_if = "is_zero")]
    pub removed_again: u64,
    /// Identifiers put into batches to be removed from the audience.
    #[serde(skip_serializing_if = "is_zero")]
    pub to_delete: u64,
    /// Put into batches from earlier runs' carried rows.
    pub carried_in: u64,
    /// Carried rows that gave way to a newer row of their key.
    pub carried_superseded: u64,
    /// Carried rows that had become too old.
    pub carried_expired: u64,
    /// Carried rows whose key had been accepted since.
    pub carried_done: u64,
    /// Carried rows whose event block the spec has no more.
    #[serde(skip_serializing_if = "is_zero")]
    pub carried_dropped: u64,
    /// Of the rows put into batches, those of unknown fate whose first try is beyond TikTok's 48 hours of memory.
    pub resent_after_window: u64,
    /// Rows that go with a warning, by code.
    pub warnings: BTreeMap<String, u64>,
    /// What Match Booster did for the rows to send.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub booster: Option<BoosterCounts>,
}

/// What Match Booster did, in rows to send.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BoosterCounts {
    /// Rows that were looked up: those to send.
    pub rows: u64,
    /// Rows whose key the identity files have.
    pub found: u64,
    /// Rows that gained at least one identifier.
    pub gained: u64,
    /// Rows with an identifier of a kind before, by kind.
    pub before: BTreeMap<String, u64>,
    /// Rows with one after.
    pub after: BTreeMap<String, u64>,
    /// Identifiers added, by kind.
    pub added: BTreeMap<String, u64>,
    /// Values of identity files that are no identifiers, and rows of them beyond what one person may gain.
    pub left_out: u64,
}

impl BoosterCounts {
    /// Adds another part's counts.
    pub fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        self.found += other.found;
        self.gained += other.gained;
        self.left_out += other.left_out;
        for (to, from) in [
            (&mut self.before, &other.before),
            (&mut self.after, &other.after),
            (&mut self.added, &other.added),
        ] {
            for (kind, count) in from {
                *to.entry(kind.clone()).or_default() += count;
            }
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Counts {
    /// All rejected rows.
    pub fn rejected_total(&self) -> u64 {
        self.rejected.values().sum()
    }

    /// Counts one rejected row.
    pub fn reject(&mut self, code: Code) {
        *self.rejected.entry(code.as_str().to_owned()).or_default() += 1;
    }

    /// Counts one warning.
    pub fn warn(&mut self, code: Code) {
        *self.warnings.entry(code.as_str().to_owned()).or_default() += 1;
    }

    /// Adds another part's counts.
    pub fn add(&mut self, other: &Self) {
        self.queried += other.queried;
        self.unchanged += other.unchanged;
        self.changed_not_sent += other.changed_not_sent;
        self.skipped += other.skipped;
        self.expired += other.expired;
        self.withheld += other.withheld;
        self.to_send += other.to_send;
        self.changed += other.changed;
        self.removed += other.removed;
        self.removed_again += other.removed_again;
        self.to_delete += other.to_delete;
        if let Some(booster) = &other.booster {
            self.booster.get_or_insert_default().add(booster);
        }
        self.carried_in += other.carried_in;
        self.carried_superseded += other.carried_superseded;
        self.carried_expired += other.carried_expired;
        self.carried_done += other.carried_done;
        self.carried_dropped += other.carried_dropped;
        self.resent_after_window += other.resent_after_window;
        for (code, count) in &other.rejected {
            *self.rejected.entry(code.clone()).or_default() += count;
        }
        for (code, count) in &other.warnings {
            *self.warnings.entry(code.clone()).or_default() += count;
        }
    }
}

/// How a run stands or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Its export is pending, another run holds the sync.
    Waiting,
    /// It holds the sync.
    Running,
    /// It holds the sync of a local folder, and no process works on it.
    Interrupted,
    /// All rows were accepted.
    Completed,
    /// Done, with rejected, refused or lost rows.
    CompletedWithErrors,
    /// It left rows over, some or all, and nothing stopped it: TikTok gave no clear answer.
    Incomplete,
    /// The export could not be read, or the run was closed.
    Aborted,
    /// A guard stopped it before it sent.
    StoppedByGuard,
    /// TikTok does not know what the spec names.
    Misconfigured,
    /// The token is dead, or lacks a scope or role.
    NeedsReauthorisation,
    /// A person stopped it.
    Cancelled,
    /// A newer export took its place.
    Superseded,
    /// It waits for the next day (file uploads).
    Postponed,
    /// A resync was noted: the next export sends everything again.
    Resynced,
}

impl RunStatus {
    /// The text in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Interrupted => "interrupted",
            Self::Completed => "completed",
            Self::CompletedWithErrors => "completed_with_errors",
            Self::Incomplete => "incomplete",
            Self::Aborted => "aborted",
            Self::StoppedByGuard => "stopped_by_guard",
            Self::Misconfigured => "misconfigured",
            Self::NeedsReauthorisation => "needs_reauthorisation",
            Self::Cancelled => "cancelled",
            Self::Superseded => "superseded",
            Self::Postponed => "postponed",
            Self::Resynced => "resynced",
        }
    }
}

/// What became of the rows that were put into batches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sums {
    /// Accepted by TikTok.
    pub accepted: u64,
    /// Refused by TikTok for good.
    pub refused: u64,
    /// Not sent, or without a clear answer: they go with the next run.
    pub carried_out: u64,
    /// Lost with a batch object that was gone.
    pub lost: u64,
    /// Identifiers removed from the audience.
    #[serde(skip_serializing_if = "is_zero")]
    pub deleted: u64,
    /// Identifiers whose removal TikTok refused, or of which nobody knows whether it was taken: the next export
    /// removes them again.
    #[serde(skip_serializing_if = "is_zero")]
    pub not_deleted: u64,
    /// People who left the audience, as far as TikTok confirmed it.
    #[serde(skip_serializing_if = "is_zero")]
    pub removed: u64,
}

/// The record of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The run.
    pub run: RunId,
    /// Its sync.
    pub sync: SyncName,
    /// What it did.
    pub kind: RunKind,
    /// How it ended.
    pub status: RunStatus,
    /// Why, in words, where the status alone does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The export's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export: Option<String>,
    /// The head's revision while it ran.
    #[serde(default)]
    pub rev: u64,
    /// When it was claimed, epoch seconds.
    pub started: i64,
    /// When the record was written, epoch seconds.
    pub finished: i64,
    /// What became of the rows before sending.
    pub counts: Counts,
    /// What became of them after.
    pub sums: Sums,
    /// API calls, by return code.
    pub calls: BTreeMap<String, u64>,
    /// Outcomes that hold carried rows: the next run starts from them.
    #[serde(default)]
    pub carried: Vec<String>,
    /// The runs whose left-over rows it took in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub carried_from: Vec<RunId>,
    /// The runs whose refused rows it sent again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retried: Vec<RunId>,
    /// Outcomes that hold refused rows: `retry` starts from them.
    #[serde(default)]
    pub refused: Vec<String>,
    /// Where the sums do not add up, in words. Empty, or there is a fault in Tideline.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inconsistent: Vec<String>,
    /// The test event code that the events went under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_event_code: Option<String>,
    /// The audience.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<RecordAudience>,
    /// What a person should know beside the numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// The audience that a run worked on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordAudience {
    /// The advertiser account.
    pub advertiser_id: AdvertiserId,
    /// TikTok's id of it; `None`: a file upload that has not come to making it.
    pub id: Option<AudienceId>,
    /// Its name, where the spec gave one when the first run locked it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The audience that it took the place of when `audience.via` was changed. Campaigns still point at that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<AudienceId>,
}

impl Record {
    /// A record without rows.
    pub fn bare(run: RunId, sync: SyncName, kind: RunKind, status: RunStatus) -> Self {
        Self {
            run,
            sync,
            kind,
            status,
            reason: None,
            export: None,
            rev: 0,
            started: 0,
            finished: 0,
            counts: Counts::default(),
            sums: Sums::default(),
            calls: BTreeMap::new(),
            carried: Vec::new(),
            carried_from: Vec::new(),
            retried: Vec::new(),
            refused: Vec::new(),
            inconsistent: Vec::new(),
            test_event_code: None,
            audience: None,
            notes: Vec::new(),
        }
    }

    /// People who left the audience, as far as TikTok confirmed it. Records of older versions tell it where everything
    /// was accepted.
    pub fn people_removed(&self) -> u64 {
        let Sums {
            refused,
            carried_out,
            lost,
            not_deleted,
            removed,
            ..
        } = self.sums;
        if refused + carried_out + lost + not_deleted == 0 {
            self.counts.removed + self.counts.removed_again
        } else {
            removed
        }
    }

    /// Whether its events went to TikTok's test page only. Such a run leaves no mark: it is not the run of its export.
    pub fn is_test(&self) -> bool {
        self.test_event_code.is_some()
    }

    /// The run ended before any row was put into a batch, and another try may end better.
    pub fn sent_nothing(&self) -> bool {
        let ended = matches!(
            self.status,
            RunStatus::Aborted | RunStatus::StoppedByGuard | RunStatus::Misconfigured
        );
        ended && self.counts.to_send + self.counts.carried_in + self.counts.to_delete == 0
    }

    /// Compares the sums of design promise "every row is accounted for exactly once"; each sentence is a fault.
    pub fn check(counts: &Counts, sums: &Sums) -> Vec<String> {
        let mut faults = Vec::new();
        let before = counts.unchanged
            + counts.changed_not_sent
            + counts.skipped
            + counts.expired
            + counts.rejected_total()
            + counts.withheld
            + counts.to_send;
        if counts.queried != before {
            faults.push(format!(
                "{} rows were queried, but {before} are accounted for",
                counts.queried
            ));
        }
        let (sent, after) = (
            counts.to_send + counts.carried_in,
            sums.accepted + sums.refused + sums.carried_out + sums.lost,
        );
        if counts.to_delete != sums.deleted + sums.not_deleted {
            faults.push(format!(
                "{} identifiers were to be removed, but {} have an outcome",
                counts.to_delete,
                sums.deleted + sums.not_deleted
            ));
        }
        if sent != after {
            faults.push(format!(
                "{sent} rows were put into batches, but {after} have an outcome"
            ));
        }
        faults
    }
}
