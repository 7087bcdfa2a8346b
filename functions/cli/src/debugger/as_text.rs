//! Calls for people: a table, or one call whole.

use std::io::Write;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use serde_json::Value;
use sync_core::run::Call;

use super::kept::{Rows, time};
use crate::plural::thousands;

/// So many primary keys are shown of a call.
const KEYS: usize = 20;

/// An empty table of calls.
pub(crate) fn table() -> Table {
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header([
            "CALL", "TIME", "REQUEST", "ROWS", "HTTP", "CODE", "VERDICT", "MS", "ANSWER",
        ]);
    for column in [3, 4, 5, 7] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// Adds a call's line.
pub(crate) fn add_to(table: &mut Table, name: &str, call: &Call) {
    let path = call.path.strip_prefix("/open_api/v1.3/").unwrap_or(&call.path);
    let again = if call.repeated { " (again)" } else { "" };
    let number = |number: Option<String>| number.unwrap_or_default();
    let message = call.response.get("message").and_then(Value::as_str);
    table.add_row([
        name.to_owned(),
        time(call),
        plain(&format!("{} {path}{again}", call.method)),
        number(call.rows.as_ref().map(|rows| thousands(rows.len()))),
        number(call.status.map(|status| status.to_string())),
        number(call.code.map(|code| code.to_string())),
        plain(&call.verdict),
        thousands(call.milliseconds),
        plain(message.unwrap_or_default()),
    ]);
}

/// Writes a call with its request and answer. `rows`: what it sent, where that is kept.
pub(crate) fn write_call(
    name: &str,
    call: &Call,
    rows: Option<&Rows>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    writeln!(out, "Call {name}, {}", time(call))?;
    writeln!(out, "{}", plain(&format!("{} {}", call.method, call.path)))?;
    if call.repeated {
        writeln!(
            out,
            "The same request had been sent before without a clear answer."
        )?;
    }
    if let Some(numbers) = &call.rows {
        writeln!(out, "Rows: {}", thousands(numbers.len()))?;
        if rows.is_none() {
            writeln!(out, "They are not kept any more: this is what stood around them.")?;
        }
    }
    if let Some(rows) = rows.filter(|rows| !rows.keys.is_empty()) {
        let keys: Vec<String> = rows.keys.iter().take(KEYS).map(Value::to_string).collect();
        let more = if rows.keys.len() > KEYS { ", …" } else { "" };
        writeln!(out, "Primary keys: {}{more}", keys.join(", "))?;
    }
    let request = rows.map_or(&call.request, |rows| &rows.request);
    writeln!(out, "\n{}\n", serde_json::to_string_pretty(request)?)?;
    let status = call
        .status
        .map_or_else(|| "no answer".to_owned(), |status| format!("HTTP {status}"));
    let verdict = plain(&call.verdict);
    writeln!(out, "{status}, {verdict}, {} ms", thousands(call.milliseconds))?;
    writeln!(out, "\n{}", serde_json::to_string_pretty(&call.response)?)?;
    Ok(())
}

/// A text that moves no cursor.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
