//! Custom audiences: the Segment API (ids come and go) and the customer file API (files replace each other).

mod apply;
mod audience;
mod customer_file;
mod form;
mod id_kind;
mod listing;
mod mapping;
mod segment;
mod store;
mod upload;

pub(crate) use apply::{apply, delete};
pub use audience::AudienceRecord;
pub(crate) use customer_file::{create, update};
pub(crate) use listing::{get, list};
pub(crate) use mapping::segment_mapping;
pub(crate) use segment::segment_audience;
pub(crate) use store::Audiences;
pub(crate) use upload::{MAX_FILE_BYTES, upload};
