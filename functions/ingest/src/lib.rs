#![doc = include_str!("../README.md")]

mod accept;
mod advance;
mod again;
mod audience;
mod carried;
mod closing;
mod context;
mod cut;
mod emit;
mod emit_part;
mod ending;
mod fate;
mod finish;
mod fold;
mod garbage;
mod guards;
mod handle;
mod housekeeping;
mod merge_partition;
mod message;
mod plan;
mod planner;
mod record;
mod rejected;
mod report;
mod requests;
mod retry;
mod row_log;
mod rows;
mod run;
mod scan;
mod scan_part;
mod small;
mod sources;
mod specs;
mod spool;
mod stages;

pub use accept::{ExportCreated, accept};
pub use advance::advance;
pub use again::{Turn, taken_over_by, turn};
pub use audience::read_identity_parquet;
pub use context::{Context, Handled, Settings};
pub use handle::{handle, on_head};
pub use housekeeping::{
    Done, LookedAfter, housekeeping, housekeeping_of, look_after, retry_seconds, unfinished,
};
pub use message::on_message;
pub use requests::{Requested, cancel, cancelled, is_cancelled, known_rows, resync};
pub use retry::{RetryOf, retry, retry_export};
pub use specs::{LoadedSpec, specs_for_export};
