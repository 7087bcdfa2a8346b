//! Runs of custom audiences: what is different from events.
//!
//! An audience is a set of identifiers, and some of its modes take people out: so an export is prepared whole, judged
//! whole, and only then published. `ready` finds or makes the audience before a run is claimed; `prepare` makes persons
//! of rows; `removals` finds out what nobody has any more; `judge` applies the guards; `publish` writes the batches;
//! `fold` and `close` write the next state; `look` asks TikTok how the audience is.

mod calls;
mod close;
mod fold;
mod identities;
mod identity_parquet;
mod judge;
mod large;
mod look;
mod prepare;
mod ready;
mod removals;
mod small;
mod state;
mod trial;
mod upload;

pub(crate) use close::close_audience;
pub(crate) use fold::{NotRemoved, fold_holders, keep_not_removed, not_removed};
pub(crate) use identities::{Boosts, Wanted};
pub use identity_parquet::read_identity_parquet;
pub(crate) use large::{emit, publish, sift};
pub(crate) use look::look;
pub(crate) use ready::{Ready, fit, locked, ready, unfit};
pub(crate) use small::{forgets, run_part, write_dropped};
pub(crate) use state::{dropped, is_fresh, planned, removes, way};
pub(crate) use trial::trial;
