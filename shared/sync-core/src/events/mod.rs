//! Events: mapping targets, and a row's way to an event's JSON.

pub(crate) mod json;
mod sources;
mod table;
mod targets;

pub use sources::Sources;
pub use table::{EventField, FIELDS, ValueKind};
pub use targets::{ALIASES, MAX_DEPTH, MAX_PATH_BYTES, MAX_POSITION, Step, Target, UnknownTarget};
