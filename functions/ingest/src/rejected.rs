//! Rejected rows as lines of JSON: what `rejected.jsonl` is put together from.

use serde::Serialize;
use sync_core::key::ShownKey;
use sync_core::rejection::Problem;
use sync_core::row::Position;

/// One rejected row, or one warning. No raw value of the row is in it.
#[derive(Debug, Serialize)]
pub(crate) struct RejectedRow<'a> {
    record: u64,
    line: Option<u64>,
    primary_key: Option<&'a ShownKey>,
    field: Option<&'a str>,
    column: Option<&'a str>,
    code: &'a str,
    message: &'a str,
}

/// Appends a rejected row's line.
pub(crate) fn write_line(out: &mut Vec<u8>, position: Position, key: Option<&ShownKey>, problem: &Problem) {
    let row = RejectedRow {
        record: position.record,
        line: position.line,
        primary_key: key,
        field: problem.field.as_deref(),
        column: problem.column.as_deref(),
        code: problem.code.as_str(),
        message: &problem.message,
    };
    // Plain fields always serialise.
    if serde_json::to_writer(&mut *out, &row).is_ok() {
        out.push(b'\n');
    }
}
