//! The words of a run: one name for one number and one status, wherever a person meets them. `docs/runs.md` is written
//! from them.

use super::{Head, Record, RunStatus};

/// A number of a run's record, under its one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Figure {
    /// Rows in the export.
    Queried,
    /// Rows that TikTok has from an earlier run.
    Unchanged,
    /// Rows that a rule of the spec leaves out.
    Skipped,
    /// Rows older than `max_age`.
    Expired,
    /// Rows that our own checks reject.
    Rejected,
    /// Rows that a guard held back.
    Withheld,
    /// Rows put into batches.
    ToSend,
    /// Rows that earlier runs left over, put into batches again.
    CarriedIn,
    /// Rows that TikTok accepted.
    Accepted,
    /// Rows that TikTok refused.
    Refused,
    /// Rows that still wait.
    LeftOver,
    /// Rows that got no clear answer in this run, and that wait no more.
    Unanswered,
    /// Rows lost with a batch object that was gone.
    Lost,
}

impl Figure {
    /// Queried is the sum of the others.
    pub const BEFORE: [Self; 7] = [
        Self::Queried,
        Self::Unchanged,
        Self::Skipped,
        Self::Expired,
        Self::Rejected,
        Self::Withheld,
        Self::ToSend,
    ];

    /// Rows to send and carried in are the sum of the others.
    pub const AFTER: [Self; 6] = [
        Self::CarriedIn,
        Self::Accepted,
        Self::Refused,
        Self::LeftOver,
        Self::Unanswered,
        Self::Lost,
    ];

    /// All of them, in the order in which they are shown.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::BEFORE.into_iter().chain(Self::AFTER)
    }

    /// Its name for people; in capitals the heading of its column.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queried => "queried",
            Self::Unchanged => "unchanged",
            Self::Skipped => "skipped",
            Self::Expired => "expired",
            Self::Rejected => "rejected",
            Self::Withheld => "withheld",
            Self::ToSend => "to send",
            Self::CarriedIn => "carried in",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::LeftOver => "left over",
            Self::Unanswered => "unanswered",
            Self::Lost => "lost",
        }
    }

    /// Where it stands in the JSON of a record.
    pub fn in_json(self) -> &'static str {
        match self {
            Self::Queried => "counts.queried",
            Self::Unchanged => "counts.unchanged + counts.changed_not_sent",
            Self::Skipped => "counts.skipped",
            Self::Expired => "counts.expired",
            Self::Rejected => "counts.rejected, by code",
            Self::Withheld => "counts.withheld",
            Self::ToSend => "counts.to_send",
            Self::CarriedIn => "counts.carried_in",
            Self::Accepted => "sums.accepted",
            Self::Refused => "sums.refused",
            Self::LeftOver => "left_over",
            Self::Unanswered => "sums.carried_out - left_over",
            Self::Lost => "sums.lost",
        }
    }

    /// What it counts, in a sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Queried => "Rows in the export",
            Self::Unchanged => {
                "Rows that TikTok has from an earlier run; under mode insert also those that changed since, which are not sent again"
            }
            Self::Skipped => "Rows that a rule of the spec leaves out; no key does so yet",
            Self::Expired => "Rows older than max_age",
            Self::Rejected => {
                "Rows that Tideline's own checks reject, duplicates of a primary key among them"
            }
            Self::Withheld => "Rows that a guard, or a fault of the file, held back",
            Self::ToSend => "Rows of the export that were put into batches",
            Self::CarriedIn => {
                "Rows that earlier runs had left over or TikTok had refused, and that this run put into batches again"
            }
            Self::Accepted => "Rows that TikTok accepted",
            Self::Refused => "Rows that TikTok refused for good",
            Self::LeftOver => "Rows without a clear answer, or not sent, that wait to be sent again",
            Self::Unanswered => {
                "Rows that got no clear answer in this run and wait no more: a later run took them in, or nobody wants them (a cancelled run, a test run, a newer table)"
            }
            Self::Lost => "Rows lost with a batch object that was gone",
        }
    }

    /// Its value for a record. `left_over` is how many of the record's rows wait still: see [`Record::left_over`].
    pub fn of(self, record: &Record, left_over: u64) -> u64 {
        let (counts, sums) = (&record.counts, &record.sums);
        match self {
            Self::Queried => counts.queried,
            Self::Unchanged => counts.unchanged + counts.changed_not_sent,
            Self::Skipped => counts.skipped,
            Self::Expired => counts.expired,
            Self::Rejected => counts.rejected_total(),
            Self::Withheld => counts.withheld,
            Self::ToSend => counts.to_send,
            Self::CarriedIn => counts.carried_in,
            Self::Accepted => sums.accepted,
            Self::Refused => sums.refused,
            Self::LeftOver => left_over,
            Self::Unanswered => sums.carried_out.saturating_sub(left_over),
            Self::Lost => sums.lost,
        }
    }
}

impl Record {
    /// How many of its rows wait to be sent again: none when the sync's head does not name the run any more. What a run
    /// that was closed had taken in still waits in the runs before it, and counts there.
    pub fn left_over(&self, head: &Head) -> u64 {
        if !head.carried.contains(&self.run) {
            return 0;
        }
        if self.carried_from.iter().any(|run| head.carried.contains(run)) {
            return self.sums.carried_out.saturating_sub(self.counts.carried_in);
        }
        self.sums.carried_out
    }
}

impl RunStatus {
    /// All of them, in the order of a run's life.
    pub const ALL: [Self; 14] = [
        Self::Waiting,
        Self::Postponed,
        Self::Running,
        Self::Interrupted,
        Self::Completed,
        Self::CompletedWithErrors,
        Self::Incomplete,
        Self::Aborted,
        Self::StoppedByGuard,
        Self::Misconfigured,
        Self::NeedsReauthorisation,
        Self::Cancelled,
        Self::Superseded,
        Self::Resynced,
    ];

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Postponed => "postponed",
            Self::Running => "running",
            Self::Interrupted => "interrupted",
            Self::Completed => "completed",
            Self::CompletedWithErrors => "completed with errors",
            Self::Incomplete => "incomplete",
            Self::Aborted => "aborted",
            Self::StoppedByGuard => "stopped by a guard",
            Self::Misconfigured => "misconfigured",
            Self::NeedsReauthorisation => "needs re-authorisation",
            Self::Cancelled => "cancelled",
            Self::Superseded => "superseded",
            Self::Resynced => "resynced",
        }
    }

    /// What it means, in a sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Waiting => "It waits for its turn, or for something that its note names",
            Self::Postponed => {
                "It waits for the next day (UTC): TikTok takes one file upload a day for each audience"
            }
            Self::Running => "It holds the sync and goes on",
            Self::Interrupted => {
                "It holds the sync, and no process works on it: the next command goes on with it"
            }
            Self::Completed => "Every row to send was accepted",
            Self::CompletedWithErrors => "It is done, and some rows were rejected, refused or lost",
            Self::Incomplete => "Some rows, or all, got no clear answer; they are kept and are sent again",
            Self::Aborted => "The export could not be read, or the run was closed before its end",
            Self::StoppedByGuard => "A guard of the spec stopped it before it sent",
            Self::Misconfigured => "The spec does not fit the TikTok account, or what the first run locked",
            Self::NeedsReauthorisation => "TikTok refuses the token, or the token lacks a permission",
            Self::Cancelled => "A person stopped it; what TikTok had not accepted is not sent",
            Self::Superseded => "A newer export of the whole audience was applied in its place",
            Self::Resynced => "A resync was noted: the next export sends everything again",
        }
    }
}
