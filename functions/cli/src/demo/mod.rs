//! The demo's own matter: a sample export with its spec, and the comparison with what the sandbox holds.

mod compare;
mod dance;
mod faults;
mod order;
mod people;
mod sample;
mod spec;
mod summary;

pub(crate) use compare::{differences, rejected};
pub(crate) use dance::connect;
pub(crate) use sample::{Expected, write_sample};
pub(crate) use spec::{NAME, SPEC};
pub(crate) use summary::Summary;
