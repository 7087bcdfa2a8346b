//! The vocabulary of runs: bucket keys, and the facts that are written under them.
//!
//! Everything but `head.json` is a fact: written once, a function of earlier facts. See `ARCHITECTURE.md`.

mod again;
mod batch;
mod call;
mod facts;
mod fixed;
mod head;
mod id;
pub mod keys;
mod look;
mod prepared;
mod ranges;
mod record;
mod sources;
mod wake;
mod words;

pub use again::{Again, LastRun, Since};
pub use batch::{
    BATCH_FORMAT, Batch, BatchHeader, BatchKind, BatchRow, BatchWriter, InvalidBatch, MAX_BATCH_CALLS,
    MAX_BATCH_ROWS, NewRow, UploadJob, call_body,
};
pub use call::Call;
pub use facts::{
    Closed, Cut, Manifest, Outcome, PartEnd, PartRange, Pending, PendingRequest, Plan, PlanAudience,
    Progress, Refusal, Stop, StopStatus,
};
pub use fixed::{Fit, Fixed, FixedVia};
pub use head::{CloseReason, Generation, Head, Newest, OpenRun, RunKind, RunState};
pub use id::{
    again_run_id, carried_run_id, export_run_id, input_run_id, resync_run_id, retry_run_id, retry_sync_run_id,
};
pub use keys::Stage;
pub use look::{AudienceLook, AudienceLooks, MAX_LOOKS};
pub use prepared::{Judged, Prepared, PreparedRemovals};
pub use ranges::RowRanges;
pub use record::{BoosterCounts, Counts, Record, RecordAudience, RunStatus, Sums};
pub use sources::{SentTo, SourcesFit, follow, named};
pub use wake::Wake;
pub use words::Figure;

/// The version of the planning code. It changes whenever the same input would be cut into other batches: runs that
/// were planned by another version are never mixed with this one's.
pub const PLANNER: u32 = 3;
