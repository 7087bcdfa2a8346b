//! `calls/<sync>/<run>/….jsonl.gz`: the live debugger's lines, one for each API call.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ranges::RowRanges;

/// One API call, as the live debugger keeps it: redacted, and without the rows that it sent. Those lie in the batch file,
/// and `rows` says which they were.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// When its answer came, or was given up: epoch seconds by the clock of the machine that made
    /// it.
    pub at: i64,
    /// The HTTP method.
    pub method: String,
    /// The path, from `/open_api/`.
    pub path: String,
    /// The same request had been sent before without a clear answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repeated: bool,
    /// The body, the form's fields or the query, redacted. Of a call that sends rows: what stands around them.
    pub request: Value,
    /// The numbers of the rows in the batch file that the call sent, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<RowRanges>,
    /// HTTP status of the answer; `None` without one.
    pub status: Option<u16>,
    /// TikTok's `code`; `None` without a readable answer.
    pub code: Option<i64>,
    /// What the answer meant: `accepted`, `partial`, `retry`, `refused`, `split`, `unauthorized`, `misconfigured`.
    pub verdict: String,
    /// TikTok's id of the call.
    pub request_id: Option<String>,
    /// From the start of the call to the last byte of the answer, in milliseconds.
    pub milliseconds: u64,
    /// The answer, redacted: its `code`, `message`, `request_id` and `data`. Where none could be read, `message` alone
    /// says what came in its place.
    pub response: Value,
}
