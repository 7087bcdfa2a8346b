//! Events API 2.0: `POST /event/track/`.

mod names;
mod properties;
mod row;
mod store;
mod track;
mod user;

pub use store::EventRecord;
pub(crate) use store::EventStore;
pub(crate) use track::track;
