//! The live debugger: the API calls of a run, joined with the rows that they sent.

mod as_json;
mod as_text;
mod kept;

pub(crate) use as_json::as_json;
pub(crate) use as_text::{add_to, table, write_call};
pub(crate) use kept::{CallsObject, objects, rows};
