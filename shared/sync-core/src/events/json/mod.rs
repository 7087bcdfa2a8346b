//! JSON, without a tree in between: writing into a reused buffer, and reading what a column holds while it is
//! written again. Numbers keep their digits.

mod read;
mod write;

pub(crate) use read::{JsonError, Kind, Reader, Text};
pub(crate) use write::{write_key, write_string};
