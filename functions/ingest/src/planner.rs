//! Which code planned a run: batches are cut alike only by the same code.

use sync_core::run::{OpenRun, PLANNER};

/// The code that a run was claimed by, compared with this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Planner {
    /// This code.
    Same,
    /// Newer code: the message goes back, for a function of that version.
    Newer,
    /// Older code: the run is closed, and its export done again.
    Older,
}

pub(crate) fn planner(run: &OpenRun) -> Planner {
    match run.planner.cmp(&PLANNER) {
        std::cmp::Ordering::Less => Planner::Older,
        std::cmp::Ordering::Equal => Planner::Same,
        std::cmp::Ordering::Greater => Planner::Newer,
    }
}
