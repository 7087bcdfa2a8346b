//! What a run would send, worked out without sending: the same rows, rules and calls as `ingest` and `deliver`.

mod as_json;
mod as_text;
mod events;
mod joined;
mod made;
mod mapping;
mod persons;
mod pretty;
mod upload;
mod walk;

pub(crate) use as_json::JsonSink;
pub(crate) use as_text::TextSink;
pub(crate) use joined::Joined;
pub(crate) use walk::{Counts, Walk};

use std::io;

use serde::Serialize;
use sync_core::key::ShownKey;
use tiktok::Endpoint;

/// The path of an endpoint's calls.
pub(crate) fn path(endpoint: Endpoint) -> String {
    format!("/open_api/v1.3{}", endpoint.path())
}

/// What a row is rejected for, or warned about. No raw value of the row is in it.
#[derive(Debug, Serialize)]
pub(crate) struct RowProblem<'a> {
    /// The row's number, from 1, the header not counted.
    pub(crate) record: u64,
    /// Its line, from 1.
    pub(crate) line: Option<u64>,
    /// Its key, where it could be read.
    pub(crate) primary_key: Option<&'a ShownKey>,
    /// The mapping target.
    pub(crate) field: Option<&'a str>,
    /// The column.
    pub(crate) column: Option<&'a str>,
    /// The code.
    pub(crate) code: &'a str,
    /// The sentence.
    pub(crate) message: &'a str,
}

/// Takes what a preview finds, in the order of the file.
pub(crate) trait Sink {
    /// An API call, with the body that would go out; of a form, its fields as JSON.
    fn request(&mut self, endpoint: Endpoint, body: &[u8]) -> io::Result<()>;
    /// A row that is not sent.
    fn rejected(&mut self, problem: &RowProblem<'_>) -> io::Result<()>;
    /// What is odd about a row that is sent.
    fn warning(&mut self, problem: &RowProblem<'_>) -> io::Result<()>;
}
