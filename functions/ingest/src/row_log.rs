//! What is said of rows while a part is checked: counts, rejected rows, warnings.

use sync_core::csv::BrokenFile;
use sync_core::diff::Decision;
use sync_core::key::ShownKey;
use sync_core::rejection::{Code, Problem};
use sync_core::row::Position;
use sync_core::run::Counts;

use crate::rejected::write_line;

/// What is said of the rows of a part.
#[derive(Default)]
pub(crate) struct RowLog {
    pub(crate) counts: Counts,
    pub(crate) rejected: Vec<u8>,
    pub(crate) warnings: Vec<u8>,
}

impl RowLog {
    /// The next row's decision. Rows that none is told for are new.
    pub(crate) fn next(&mut self, decisions: &[Decision]) -> Decision {
        let number = usize::try_from(self.counts.queried).unwrap_or(usize::MAX);
        self.counts.queried += 1;
        let decision = decisions.get(number).copied().unwrap_or(Decision::Send);
        match decision {
            Decision::Unchanged => self.counts.unchanged += 1,
            Decision::ChangedNotSent => self.counts.changed_not_sent += 1,
            Decision::Duplicate | Decision::Send | Decision::Update => {}
        }
        decision
    }

    pub(crate) fn reject(&mut self, position: Position, key: Option<&ShownKey>, problem: &Problem) {
        self.counts.reject(problem.code);
        write_line(&mut self.rejected, position, key, problem);
    }

    pub(crate) fn reject_duplicate(&mut self, position: Position, key: Option<&ShownKey>) {
        let message = "an earlier row of this export has the same primary key; the first one counts";
        self.reject(position, key, &Problem::row(Code::DuplicatePrimaryKey, message));
    }

    pub(crate) fn warn(&mut self, position: Position, key: &ShownKey, warnings: &[Problem]) {
        for warning in warnings {
            self.counts.warn(warning.code);
            write_line(&mut self.warnings, position, Some(key), warning);
        }
    }
}

/// A key as reports show it, as JSON in a buffer that is used again.
pub(crate) fn write_shown(out: &mut Vec<u8>, key: &ShownKey) {
    out.clear();
    // A key of plain texts always serialises.
    if serde_json::to_writer(&mut *out, key).is_err() {
        out.clear();
        out.extend_from_slice(b"null");
    }
}

/// The error of a part whose results do not fit on the disk.
pub(crate) fn no_room(error: &std::io::Error) -> BrokenFile {
    BrokenFile::whole(format!(
        "the batches of the part do not fit into the temporary folder: {error}"
    ))
}
