//! The live debugger: the API calls of a run, joined with the rows that they sent.

use anyhow::Context as _;
use runtime::call_log::read_calls;
use runtime::store::{Store, Timestamp};
use serde_json::{Map, Value, json};
use sync_core::names::{RunId, SyncName};
use sync_core::run::keys::{self, BatchId, CallsOf};
use sync_core::run::{Batch, Call};
use tiktok::redact::redacted;

/// More objects than a run has.
const MANY: usize = 1_000_000;

/// The calls of one object.
pub(crate) struct CallsObject {
    key: String,
    /// Whose calls they are, as names of calls say it: `0-3`, or `0-3.2` of who went on with that batch.
    name: String,
    /// The batch whose rows were sent.
    batch: Option<BatchId>,
}

/// The objects of a run, in the order in which its calls are made.
pub(crate) async fn objects(
    store: &dyn Store,
    sync: &SyncName,
    run: &RunId,
) -> anyhow::Result<Vec<CallsObject>> {
    let listed = store.list(&keys::calls_prefix(sync, run), None, MANY).await?;
    let parsed = listed.into_iter().filter_map(|object| {
        let parsed = keys::parse_calls(&object.key)?;
        Some((parsed, object.key))
    });
    let mut found: Vec<_> = parsed.collect();
    found.sort_unstable();
    let object = |((of, number), key): ((CallsOf, u32), String)| {
        let batch = match of {
            CallsOf::Batch { part, number } => Some(BatchId {
                sync: sync.clone(),
                run: run.clone(),
                part,
                number,
            }),
            CallsOf::Audience | CallsOf::Look(_) => None,
        };
        let name = match number {
            1 => of.to_string(),
            number => format!("{of}.{number}"),
        };
        CallsObject { key, name, batch }
    };
    Ok(found.into_iter().map(object).collect())
}

impl CallsObject {
    /// The name of its call at a place, from 1.
    pub(crate) fn call_name(&self, number: usize) -> String {
        format!("{}/{number}", self.name)
    }

    /// Its calls, in order.
    pub(crate) async fn calls(&self, store: &dyn Store) -> anyhow::Result<Vec<Call>> {
        // Deleted between the list and now.
        let Some(object) = store.get(&self.key).await? else {
            return Ok(Vec::new());
        };
        let calls: anyhow::Result<Vec<Call>> = read_calls(&object.body).collect();
        calls.with_context(|| format!("{} is not what its key says", self.key))
    }

    /// The rows of its calls, which lie in the batch file; `None` when it is gone, or the calls send none.
    pub(crate) async fn rows(&self, store: &dyn Store) -> anyhow::Result<Option<bytes::Bytes>> {
        let Some(batch) = &self.batch else {
            return Ok(None);
        };
        Ok(store.get(&batch.key()).await?.map(|object| object.body))
    }
}

/// The rows that a call sent.
pub(crate) struct Rows {
    /// The whole body of the call, redacted; `None` when the batch file is gone.
    pub(crate) request: Option<Value>,
    /// The rows' primary keys, as reports show them.
    pub(crate) keys: Vec<Value>,
}

/// Puts the rows back into a call. `None` for one that sends none.
pub(crate) fn rows(call: &Call, batch: Option<&Batch<'_>>) -> anyhow::Result<Option<Rows>> {
    let Some(rows) = &call.rows else {
        return Ok(None);
    };
    let Some(batch) = batch else {
        return Ok(Some(Rows {
            request: None,
            keys: Vec::new(),
        }));
    };
    let body = batch.body(rows.iter().map(|row| row as usize));
    let body: Value = serde_json::from_slice(&body).context("the batch file does not fit the call")?;
    let shown = |row: u32| batch.rows.get(row as usize).map(|row| row.shown_key.get());
    // Removals are nobody's rows.
    let keys = rows.iter().filter_map(shown).filter(|key| *key != "null");
    let keys = keys.map(serde_json::from_str);
    Ok(Some(Rows {
        request: Some(redacted(body)),
        keys: keys.collect::<Result<_, _>>()?,
    }))
}

/// The time of a call, for people and programs.
pub(crate) fn time(call: &Call) -> String {
    Timestamp::from_second(call.at).map_or_else(|_| String::new(), |time| time.to_string())
}

/// A call as programs get it.
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
        put(
            "rows_kept",
            json!(rows.is_some_and(|rows| rows.request.is_some())),
        );
        put("primary_keys", json!(rows.map_or(&[][..], |rows| &rows.keys)));
    }
    let whole = rows.and_then(|rows| rows.request.as_ref());
    put("request", whole.unwrap_or(&call.request).clone());
    put("status", json!(call.status));
    put("code", json!(call.code));
    put("verdict", json!(call.verdict));
    put("request_id", json!(call.request_id));
    put("milliseconds", json!(call.milliseconds));
    put("response", call.response.clone());
    Value::Object(shown)
}
