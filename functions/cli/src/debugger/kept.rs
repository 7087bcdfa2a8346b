//! What is kept of a run's calls, and the rows that they sent, which lie in its batch files.

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use runtime::call_log::read_calls;
use runtime::store::{Store, Timestamp};
use serde_json::Value;
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
    pub(crate) name: String,
    /// The batch whose rows were sent.
    pub(crate) batch: Option<BatchId>,
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
    /// Its calls with their names, in order, as far as they can be read; and why not further.
    pub(crate) async fn calls(
        &self,
        store: &dyn Store,
    ) -> anyhow::Result<(Vec<(String, Call)>, Option<anyhow::Error>)> {
        let mut calls = Vec::new();
        // It may have been deleted since it was listed.
        let body = store
            .get(&self.key)
            .await?
            .map_or_else(Bytes::new, |object| object.body);
        if body.is_empty() {
            return Ok((calls, None));
        }
        for (number, call) in (1..).zip(read_calls(&body)) {
            match call {
                Ok(call) => calls.push((format!("{}/{number}", self.name), call)),
                Err(error) => {
                    let error = error.context(format!("{} is not what its key says", self.key));
                    return Ok((calls, Some(error)));
                }
            }
        }
        Ok((calls, None))
    }

    /// The batch file in which the rows of its calls lie; `None` when it is gone, or the calls send none.
    pub(crate) async fn batch_file(&self, store: &dyn Store) -> anyhow::Result<Option<Bytes>> {
        let Some(batch) = &self.batch else {
            return Ok(None);
        };
        Ok(store.get(&batch.key()).await?.map(|object| object.body))
    }
}

/// The rows that a call sent.
pub(crate) struct Rows {
    /// The whole body of the call, redacted.
    pub(crate) request: Value,
    /// The rows' primary keys, as reports show them, each once. Removals are nobody's rows and have none.
    pub(crate) keys: Vec<Value>,
}

/// The rows of a call, from its batch file. `None` for a call that sends none.
///
/// # Errors
/// When the file does not hold the rows that the call names.
pub(crate) fn rows(call: &Call, batch: &Batch<'_>) -> anyhow::Result<Option<Rows>> {
    let Some(rows) = &call.rows else {
        return Ok(None);
    };
    ensure!(
        u32::try_from(batch.rows.len()).is_ok_and(|held| rows.is_valid(held)),
        "it does not hold the rows that the call names"
    );
    let body = batch.body(rows.iter().map(|row| row as usize));
    let body: Value = serde_json::from_slice(&body).context("its rows do not make a body")?;
    let mut keys: Vec<Value> = Vec::new();
    for row in rows.iter().filter_map(|row| batch.rows.get(row as usize)) {
        let key: Value = serde_json::from_str(row.shown_key.get()).context("a row's key cannot be read")?;
        // A row that makes several persons stands here several times, one behind the other.
        if !key.is_null() && keys.last() != Some(&key) {
            keys.push(key);
        }
    }
    Ok(Some(Rows {
        request: redacted(body),
        keys,
    }))
}

/// The time of a call.
pub(super) fn time(call: &Call) -> String {
    Timestamp::from_second(call.at).map_or_else(|_| String::new(), |time| time.to_string())
}
