#![doc = include_str!("../README.md")]

mod accept;
mod advance;
mod carried;
mod context;
mod emit;
mod finish;
mod fold;
mod handle;
mod housekeeping;
mod message;
mod plan;
mod rejected;
mod rows;
mod scan;
mod small;
mod specs;
mod spool;

pub use accept::{ExportCreated, accept, run_of};
pub use advance::advance;
pub use context::{Context, Handled, Settings};
pub use handle::{handle, on_head};
pub use housekeeping::{housekeeping, look_after, unfinished};
pub use message::on_message;
pub use specs::{LoadedSpec, specs_for_export};
