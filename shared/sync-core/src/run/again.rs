//! When an export that was run before is run again: one rule, for events and audiences, a folder and a bucket.

use super::{Record, RunStatus};
use crate::rejection::Code;

/// What is known of the newest run of an export. Test runs do not count.
#[derive(Debug, Clone)]
pub struct LastRun<'a> {
    /// Its record.
    pub record: &'a Record,
    /// It was closed before its own end: not all of the export may have been read.
    pub closed: bool,
    /// Rows of it wait to be sent again, in its own batches or in those of a later run.
    pub left_over: bool,
    /// Rows of it are neither accepted nor refused, and none of them waits.
    pub gone: bool,
    /// How many of its rows TikTok refused, in this run or in one that took them in, and has not accepted since.
    pub refused: u64,
    /// What is another now.
    pub since: Vec<Since>,
}

/// What may be another than when an export was run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// The spec's text, or whether guards are ignored, is another one than the run pinned.
    Spec,
    /// The export is of an audience, and by today's mapping its people have other identifiers.
    People,
    /// Today's spec sends to another event source, or to another audience, than the known rows were sent to.
    Place,
    /// The export is a whole table, and a newer one was applied.
    NewerTable,
    /// A resync was asked for.
    Resync,
}

/// What asking for an export again comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// It is run again.
    Run,
    /// Nothing is left to do: TikTok holds every row that passes the spec.
    Held,
    /// Nothing has changed since rows were rejected, or refused by TikTok.
    Rejected {
        /// How many TikTok refused, and has not accepted since.
        refused: u64,
    },
    /// Nothing has changed since a guard stopped it, or its file could not be read.
    Stopped,
}

impl LastRun<'_> {
    /// Whether the export is run again.
    pub fn again(&self) -> Again {
        let record = self.record;
        let (counts, sums) = (&record.counts, &record.sums);
        let undone = match record.status {
            RunStatus::Cancelled
            | RunStatus::Misconfigured
            | RunStatus::NeedsReauthorisation
            | RunStatus::Superseded => true,
            RunStatus::Aborted => self.closed,
            _ => false,
        };
        let missing = self.left_over || self.gone || sums.lost + sums.not_deleted > 0;
        // A row that lay ahead of its time passes when the time has come.
        let too_early = counts.rejected.contains_key(Code::FutureTime.as_str());
        // Each but a change of the spec's text is reason enough, whatever became of the rows.
        let another = self.since.iter().any(|since| *since != Since::Spec);
        if undone || missing || too_early || another {
            return Again::Run;
        }
        let stopped = matches!(record.status, RunStatus::StoppedByGuard | RunStatus::Aborted);
        let bad_rows = counts.rejected_total() + self.refused > 0;
        // Another spec may make something of what was too old, or was left out.
        let left_out = counts.expired + counts.skipped > 0;
        if self.since.contains(&Since::Spec) && (stopped || bad_rows || left_out) {
            return Again::Run;
        }
        match (stopped, bad_rows) {
            (true, _) => Again::Stopped,
            (false, true) => Again::Rejected {
                refused: self.refused,
            },
            (false, false) => Again::Held,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::{RunId, SyncName};
    use crate::run::{Counts, RunKind, Sums};

    fn record(status: RunStatus) -> Record {
        let (run, sync) = (RunId::new("0a").unwrap(), SyncName::new("web").unwrap());
        Record::bare(run, sync, RunKind::Export, status)
    }

    fn of(record: &Record) -> LastRun<'_> {
        LastRun {
            record,
            closed: false,
            left_over: false,
            gone: false,
            refused: record.sums.refused,
            since: Vec::new(),
        }
    }

    fn check(record: &Record, same: Again, differs: Again) {
        let last = of(record);
        assert_eq!(last.again(), same, "{record:?}");
        let last = LastRun {
            since: vec![Since::Spec],
            ..last
        };
        assert_eq!(last.again(), differs, "{record:?}, and the spec differs");
    }

    #[test]
    fn a_run_that_was_stopped_from_outside_is_done_again() {
        for status in [
            RunStatus::Cancelled,
            RunStatus::Misconfigured,
            RunStatus::NeedsReauthorisation,
            RunStatus::Superseded,
        ] {
            check(&record(status), Again::Run, Again::Run);
        }
        let aborted = record(RunStatus::Aborted);
        let closed = LastRun {
            closed: true,
            ..of(&aborted)
        };
        assert_eq!(closed.again(), Again::Run);
    }

    #[test]
    fn what_is_missing_at_tiktok_is_sent() {
        let completed = record(RunStatus::Completed);
        let left_over = LastRun {
            left_over: true,
            ..of(&completed)
        };
        assert_eq!(left_over.again(), Again::Run);
        let gone = LastRun {
            gone: true,
            ..of(&completed)
        };
        assert_eq!(gone.again(), Again::Run);
        for since in [Since::People, Since::Place, Since::NewerTable, Since::Resync] {
            let last = LastRun {
                since: vec![since],
                ..of(&completed)
            };
            assert_eq!(last.again(), Again::Run, "{last:?}");
        }
        let mut lost = record(RunStatus::CompletedWithErrors);
        lost.sums.lost = 1;
        check(&lost, Again::Run, Again::Run);
        let mut early = record(RunStatus::CompletedWithErrors);
        early.counts.reject(Code::FutureTime);
        check(&early, Again::Run, Again::Run);
    }

    #[test]
    fn bad_rows_and_stops_wait_for_a_change() {
        let mut rejected = record(RunStatus::CompletedWithErrors);
        rejected.counts.reject(Code::InvalidEmail);
        check(&rejected, Again::Rejected { refused: 0 }, Again::Run);
        let mut refused = record(RunStatus::CompletedWithErrors);
        refused.sums = Sums {
            refused: 1,
            ..Sums::default()
        };
        check(&refused, Again::Rejected { refused: 1 }, Again::Run);
        // A later run has sent them, or had them refused in its turn.
        let sent = LastRun {
            refused: 0,
            ..of(&refused)
        };
        assert_eq!(sent.again(), Again::Held);
        let mut left_over = record(RunStatus::Incomplete);
        left_over.sums.carried_out = 2;
        let refused_later = LastRun {
            refused: 2,
            ..of(&left_over)
        };
        assert_eq!(refused_later.again(), Again::Rejected { refused: 2 });
        let mut expired = record(RunStatus::Completed);
        expired.counts.expired = 1;
        check(&expired, Again::Held, Again::Run);
        check(&record(RunStatus::StoppedByGuard), Again::Stopped, Again::Run);
        check(&record(RunStatus::Aborted), Again::Stopped, Again::Run);
    }

    #[test]
    fn otherwise_there_is_nothing_to_do() {
        check(&record(RunStatus::Completed), Again::Held, Again::Held);
        // Rows that were left over and that a later run has sent.
        let mut incomplete = record(RunStatus::Incomplete);
        incomplete.sums.carried_out = 3;
        check(&incomplete, Again::Held, Again::Held);
        // Changed rows under insert count as held.
        let mut changed = record(RunStatus::Completed);
        changed.counts = Counts {
            queried: 1,
            changed_not_sent: 1,
            ..Counts::default()
        };
        check(&changed, Again::Held, Again::Held);
    }
}
