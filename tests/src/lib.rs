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

mod bench;
mod checks;
mod export;
mod faulty_store;
mod front;
mod invocation;
mod memory_secrets;
mod memory_store;
mod queue;
mod schedule;
mod steps;
mod view;
mod world;

pub use bench::Bench;
pub use export::{Export, SPEC, SYNC, TWO_EVENTS};
pub use faulty_store::FaultyStore;
pub use front::{Act, ApiCall, Blame, Front, refuse};
pub use invocation::{Ended, Invocation};
pub use memory_secrets::MemorySecrets;
pub use memory_store::{Created, MemoryStore};
pub use queue::{Asked, Message, Queue};
pub use schedule::{Figures, run_schedule};
pub use steps::{Fault, Steps};
pub use world::{Setup, World};
