//! The facts of a run. Each is written once (`If-None-Match: *`) and is a function of earlier facts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Counts, RowRanges};
use crate::names::{AudienceId, RunId};

/// `pending/<sync>/<time>-<id>.json`: an export, or a request, that waits for its run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// The run's id.
    pub run: RunId,
    /// What waits.
    pub request: PendingRequest,
    /// Whether a person asked to go on in spite of the guards.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ignore_guards: bool,
}

/// What waits for its run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum PendingRequest {
    /// An export.
    Export {
        /// Its key.
        key: String,
        /// Its version, where the bucket keeps versions.
        version: Option<String>,
        /// Its entity tag: it is read with `If-Match`.
        etag: String,
        /// Its size in bytes.
        size: u64,
        /// When it was written, epoch milliseconds.
        last_modified: i64,
        /// It holds corrected rows of an export, and not the whole table: nobody is removed for it (`mirror`).
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        only_adds: bool,
    },
    /// Forget what was sent.
    Resync,
    /// Send again what TikTok refused in a run.
    Retry {
        /// That run.
        of: RunId,
        /// Further ones, where a whole sync was asked for.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        also: Vec<RunId>,
    },
}

/// `runs/<sync>/<run>/plan.json`: what a run works with, pinned by its first writer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The version of the planning code.
    pub planner: u32,
    /// The time that events' ages are measured against, epoch seconds.
    pub now: i64,
    /// The sync spec's text.
    pub spec: String,
    /// The export; `None` where there is none.
    pub export: Option<PendingRequest>,
    /// The run whose refused rows go again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RunId>,
    /// Further runs whose refused rows go again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retry_also: Vec<RunId>,
    /// How the export is cut; `None` for a small run, which one invocation does: one part, one partition, carried rows
    /// at the front of the part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<Cut>,
    /// Why nothing of the export is sent, where reading it to cut it showed that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<PartEnd>,
    /// Whether a person asked to go on in spite of the guards.
    #[serde(default)]
    pub ignore_guards: bool,
    /// The audience that the run works on; `None` for events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<PlanAudience>,
    /// What a person should know of the run beside its numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// What a run knows of its audience.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanAudience {
    /// TikTok's id; `None` for a file upload that is still to make it.
    pub id: Option<AudienceId>,
    /// The snapshot tells of another audience, of the way that was used before: this one begins empty.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fresh: bool,
    /// The export is the whole audience (`mirror`, `all`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
    /// The audience of the way that was used before, where this run is the first of another way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<AudienceId>,
}

impl Plan {
    /// The runs whose refused rows go again.
    pub fn retries(&self) -> impl Iterator<Item = &RunId> {
        self.retry.iter().chain(&self.retry_also)
    }

    /// Whether the export's rows only add to what is there: corrected rows of a whole table.
    pub fn only_adds(&self) -> bool {
        matches!(self.export, Some(PendingRequest::Export { only_adds: true, .. }))
    }

    /// How the export is cut, for a run that goes through all stages.
    pub fn stages(&self) -> Option<&Cut> {
        self.cut.as_ref().filter(|_| self.end.is_none())
    }

    /// How many manifests the run has when all its batches are written: one for each part, and one for carried rows
    /// and removals behind them.
    pub fn manifests(&self) -> u32 {
        self.stages().map_or(1, |cut| cut.last_part().saturating_add(1))
    }

    /// Into how many partitions the keys are divided.
    pub fn partitions(&self) -> u32 {
        self.stages().map_or(1, |cut| cut.partitions)
    }
}

/// How a large export is cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// The export's columns.
    pub columns: Vec<String>,
    /// Its parts, in order.
    pub parts: Vec<PartRange>,
    /// How many rows it has.
    pub rows: u64,
    /// Into how many partitions the keys are divided. A power of two, and no fewer than the snapshot has.
    pub partitions: u32,
}

impl Cut {
    /// The number of the part behind those of the export: carried rows and removals.
    pub fn last_part(&self) -> u32 {
        u32::try_from(self.parts.len()).unwrap_or(u32::MAX)
    }
}

/// A part of an export: whole rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartRange {
    /// Its first byte.
    pub from: u64,
    /// The byte behind its last one.
    pub to: u64,
    /// The rows before it.
    pub records: u64,
    /// The line of its first byte, from 1.
    pub line: u64,
}

/// `manifests/<sync>/<run>/<p>.json`: a part's batches are all written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The rows of each batch, in order.
    pub batches: Vec<u32>,
    /// What became of the part's rows before sending.
    pub counts: Counts,
    /// Why the part ended early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<PartEnd>,
    /// How many of the batches, the last ones, remove identifiers from an audience.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub removals: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl Manifest {
    /// Whether a batch removes identifiers.
    pub fn removes(&self, number: u32) -> bool {
        let batches = u32::try_from(self.batches.len()).unwrap_or(u32::MAX);
        number >= batches.saturating_sub(self.removals)
    }
}

/// Why a part ended before its last row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum PartEnd {
    /// The export cannot be read.
    Broken {
        /// What is wrong, where, and what to do.
        message: String,
    },
    /// A guard stopped it.
    Guard {
        /// Which one, with the figures, and the way to let it through.
        message: String,
    },
    /// The spec does not fit what the first run fixed, or not the audience.
    Unfit {
        /// What does not fit, and the way out.
        message: String,
    },
}

/// Rows that TikTok refused for good, for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The rows, by their number in the batch.
    pub rows: RowRanges,
    /// TikTok's return code.
    pub code: i64,
    /// The field that the message names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// TikTok's message, redacted.
    pub message: String,
}

/// `outcomes/<sync>/<run>/<p>-<n>.json`: a batch is done. Rows in neither list were accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// How many rows the batch has.
    pub rows: u32,
    /// Refused for good.
    #[serde(default)]
    pub refused: Vec<Refusal>,
    /// Not sent, or without a clear answer: they go again.
    #[serde(default)]
    pub carried: RowRanges,
    /// Of the carried ones, those that TikTok may have taken.
    #[serde(default)]
    pub unknown: RowRanges,
    /// When the first of the unknown ones was tried, epoch seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_try: Option<i64>,
    /// Why rows are carried, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// API calls made, by TikTok's return code (or what came in its place).
    #[serde(default)]
    pub calls: BTreeMap<String, u64>,
    /// The batch object was gone: its rows are a reported loss.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lost: bool,
    /// The UTC day on which TikTok took a file upload, or said that it had taken the day's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload_day: Option<i64>,
}

impl Outcome {
    /// All refused rows.
    pub fn refused_rows(&self) -> impl Iterator<Item = u32> + '_ {
        self.refused.iter().flat_map(|refusal| refusal.rows.iter())
    }
}

/// `progress/<sync>/<run>/<p>-<n>.json`: a hint that saves calls, never truth.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Rows that TikTok accepted.
    pub accepted: RowRanges,
    /// Rows that TikTok refused for good.
    #[serde(default)]
    pub refused: Vec<Refusal>,
    /// Rows that were tried without a clear answer.
    #[serde(default)]
    pub unknown: RowRanges,
    /// When the first of those was tried, epoch seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_try: Option<i64>,
    /// API calls made so far.
    #[serde(default)]
    pub calls: BTreeMap<String, u64>,
}

impl Progress {
    /// Progress is a hint: what does not fit a batch of this many rows is thrown away.
    #[must_use]
    pub fn plausible(self, rows: u32) -> Self {
        let fits = |ranges: &RowRanges| ranges.is_valid(rows);
        let valid = fits(&self.accepted)
            && fits(&self.unknown)
            && self.refused.iter().all(|refusal| fits(&refusal.rows));
        if valid { self } else { Self::default() }
    }
}

impl Outcome {
    /// The outcome that the progress of a batch amounts to: what is neither accepted nor refused is carried.
    pub fn of_progress(rows: u32, progress: &Progress, why: Option<String>) -> Self {
        let refused: RowRanges = progress
            .refused
            .iter()
            .flat_map(|refusal| refusal.rows.iter())
            .collect();
        let carried: RowRanges = (0..rows)
            .filter(|row| !progress.accepted.contains(*row) && !refused.contains(*row))
            .collect();
        let unknown: RowRanges = carried
            .iter()
            .filter(|row| progress.unknown.contains(*row))
            .collect();
        Self {
            rows,
            refused: progress.refused.clone(),
            first_try: progress.first_try.filter(|_| !unknown.is_empty()),
            why: why.filter(|_| !carried.is_empty()),
            carried,
            unknown,
            calls: progress.calls.clone(),
            lost: false,
            upload_day: None,
        }
    }
}

/// `runs/<sync>/<run>/closed.json`: the batches that a closed run is made of, as part and number. What a function that
/// was asleep adds later is nobody's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// The batches.
    pub batches: Vec<(u32, u32)>,
}

/// `runs/<sync>/<run>/stop.json`: the run cannot go on; what is not sent yet is carried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// What is wrong.
    pub status: StopStatus,
    /// What TikTok said, and what to do.
    pub message: String,
}

/// Why a run stopped sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopStatus {
    /// The spec names something that TikTok does not know or does not let us use.
    Misconfigured,
    /// The token is dead, or lacks a scope or role.
    NeedsReauthorisation,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_neither_accepted_nor_refused_is_carried() {
        let refusal = Refusal {
            rows: [4].into_iter().collect(),
            code: 40002,
            field: None,
            message: "no".into(),
        };
        let progress = Progress {
            accepted: (0..3).collect(),
            refused: vec![refusal],
            unknown: [1, 5].into_iter().collect(),
            first_try: Some(7),
            ..Progress::default()
        };
        let outcome = Outcome::of_progress(7, &progress, Some("why".into()));
        assert_eq!(outcome.carried.iter().collect::<Vec<_>>(), [3, 5, 6]);
        assert_eq!(outcome.unknown.iter().collect::<Vec<_>>(), [5]);
        assert_eq!(
            (outcome.first_try, outcome.why.as_deref()),
            (Some(7), Some("why"))
        );
    }

    #[test]
    fn without_carried_rows_there_is_nothing_to_explain() {
        let progress = Progress {
            accepted: (0..3).collect(),
            unknown: (0..3).collect(),
            first_try: Some(7),
            ..Progress::default()
        };
        let outcome = Outcome::of_progress(3, &progress, Some("why".into()));
        assert_eq!(
            (outcome.carried.len(), outcome.first_try, outcome.why),
            (0, None, None)
        );
    }

    #[test]
    fn progress_that_does_not_fit_its_batch_is_thrown_away() {
        let progress = Progress {
            accepted: (0..3).collect(),
            ..Progress::default()
        };
        assert_eq!(progress.clone().plausible(3), progress);
        assert_eq!(progress.plausible(2), Progress::default());
    }
}
