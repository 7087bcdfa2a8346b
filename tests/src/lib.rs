//! A harness for the functions' own handlers: an in-memory bucket with a simulated clock, queues, faults at exact
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a harness of tests: what it does not expect is a failed test"
)]

mod audience_schedule;
mod audience_view;
mod bench;
mod checks;
mod export;
mod faulty_store;
mod figures;
mod front;
mod happenings;
mod invocation;
mod many;
mod memory_secrets;
mod memory_store;
mod people;
mod queue;
mod recorded;
mod schedule;
mod steps;
mod storm;
mod view;
mod world;

pub use audience_schedule::run_audience_schedule;
pub use audience_view::NO_ROW;
pub use bench::Bench;
pub use export::{Export, SPEC, SYNC, TWO_EVENTS};
pub use faulty_store::FaultyStore;
pub use figures::Figures;
pub use front::{Act, ApiCall, Blame, Front, refuse};
pub use invocation::{Ended, Invocation};
pub use many::hold_for_many_schedules;
pub use memory_secrets::MemorySecrets;
pub use memory_store::{Created, MemoryStore};
pub use people::{MIRROR, Mapped, People, add_spec, files_spec, hash, names, noted, refuse_adds};
pub use queue::{Asked, Message, Queue};
pub use recorded::{Case, Kept, Recording, cases};
pub use schedule::run_schedule;
pub use steps::{Fault, Steps};
pub use world::{Setup, World, one_run};
