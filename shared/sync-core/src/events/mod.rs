//! Events: mapping targets, and a row's way to an event's JSON.
//!
//! [`Target`] reads the `to` of a mapping, against the table [`FIELDS`]. [`EventMapper`] looks a spec's columns up
//! once and turns row after row into events: a bad value refuses the row or is left out with a warning, and raw
//! identity values end here. [`CallBody`] cuts events into the bodies of API calls.

mod call;
mod compile;
mod fields;
pub(crate) mod json;
mod mapper;
mod members;
mod naming;
mod people;
mod scalar;
mod source;
mod sources;
mod table;
mod targets;
mod tree;
mod ttclid;

pub use call::{CallBody, CallCutter, MAX_BODY_BYTES};
pub use mapper::{EventMapper, Fate, MAX_EVENT_BYTES, MappedEvent, MappedRow};
pub use sources::Sources;
pub use table::{EventField, FIELDS, ValueKind};
pub use targets::{ALIASES, MAX_DEPTH, MAX_PATH_BYTES, MAX_POSITION, Step, Target, UnknownTarget};
