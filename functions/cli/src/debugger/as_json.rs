//! A call for programs.

use serde_json::{Map, Value, json};
use sync_core::names::RunId;
use sync_core::run::Call;

use super::kept::{Rows, time};

/// A call as one value. `rows`: what it sent, where that is kept.
pub(crate) fn as_json(run: &RunId, name: &str, call: &Call, rows: Option<&Rows>) -> Value {
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| shown.insert(name.to_owned(), value);
    put("run", json!(run));
    put("call", json!(name));
    put("at", json!(time(call)));
    put("method", json!(call.method));
    put("path", json!(call.path));
    put("repeated", json!(call.repeated));
    if let Some(numbers) = &call.rows {
        put("rows", json!(numbers.len()));
        put("rows_kept", json!(rows.is_some()));
        put("primary_keys", json!(rows.map_or(&[][..], |rows| &rows.keys)));
    }
    put(
        "request",
        rows.map_or(&call.request, |rows| &rows.request).clone(),
    );
    put("status", json!(call.status));
    put("code", json!(call.code));
    put("verdict", json!(call.verdict));
    put("request_id", json!(call.request_id));
    put("milliseconds", json!(call.milliseconds));
    put("response", call.response.clone());
    Value::Object(shown)
}
