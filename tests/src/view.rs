//! What a world looks like from outside: records, the snapshot, what the sandbox accepted.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use runtime::call_log::read_calls;
use runtime::facts;
use serde_json::Value;
use sync_core::diff::Snapshot;
use sync_core::names::RunId;
use sync_core::run::{Call, Head, Record, keys};

use crate::world::World;

impl World {
    /// The register, without a request.
    pub fn head(&self) -> Head {
        let body = self.store.peek(&keys::head(&self.sync));
        body.map_or_else(Head::default, |body| {
            serde_json::from_slice(&body).expect("a head")
        })
    }

    /// The record of a run.
    pub async fn record(&self, run: &RunId) -> anyhow::Result<Record> {
        let key = keys::record(&self.sync, run);
        facts::read(self.store.as_ref(), &key)
            .await?
            .with_context(|| format!("there is no {key}"))
    }

    /// What the live debugger keeps of a run: the calls of each object, by the object's name.
    pub fn kept_calls(&self, run: &RunId) -> anyhow::Result<BTreeMap<String, Vec<Call>>> {
        let prefix = keys::calls_prefix(&self.sync, run);
        let mut kept = BTreeMap::new();
        for key in self.store.keys(&prefix) {
            let body = self.store.peek(&key).unwrap_or_default();
            let calls = read_calls(&body).collect::<anyhow::Result<_>>();
            let name = key.trim_start_matches(&prefix).trim_end_matches(".jsonl.gz");
            kept.insert(name.to_owned(), calls.with_context(|| key.clone())?);
        }
        Ok(kept)
    }

    /// All records.
    pub fn records(&self) -> Vec<Record> {
        let all = self.store.keys(&keys::runs_prefix(&self.sync));
        let records = all.iter().filter(|key| key.ends_with("/run.json"));
        let read = |key: &String| serde_json::from_slice(&self.store.peek(key)?).ok();
        records.filter_map(read).collect()
    }

    /// What the sandbox accepted, with the number of times that each came. Events of the test page count for nothing.
    pub fn received(&self) -> BTreeMap<String, u64> {
        let mut received = BTreeMap::new();
        let events = self.bench.sandbox.state().events();
        for event in events.into_iter().filter(|event| !event.test) {
            let id = event.event_id.as_deref().unwrap_or_default().to_owned();
            *received.entry(id).or_default() += event.received;
        }
        received
    }

    /// The keys that the sandbox accepted.
    pub fn accepted(&self) -> BTreeSet<String> {
        self.received().into_keys().collect()
    }

    /// How many live events are stored, repeats within 48 hours left out.
    pub fn stored(&self) -> usize {
        let events = self.bench.sandbox.state().events();
        events.iter().filter(|event| !event.test).count()
    }

    /// How many rows came more than once.
    pub fn resent(&self) -> u64 {
        self.received().values().map(|times| times - 1).sum()
    }

    /// The keys of the snapshot that the head names, as the batches spell them.
    pub fn snapshot(&self) -> anyhow::Result<BTreeSet<String>> {
        let mut names = BTreeMap::new();
        for key in self.store.keys("batches/") {
            let body = self.store.peek(&key).unwrap_or_default();
            for line in String::from_utf8_lossy(&body).lines().skip(1) {
                let row: Value = serde_json::from_str(line)?;
                let name = row["p"].as_str().unwrap_or_default().to_owned();
                names.insert(row["k"].as_str().unwrap_or_default().to_owned(), name);
            }
        }
        let mut found = BTreeSet::new();
        let Some(generation) = self.head().generation else {
            return Ok(found);
        };
        for partition in 0..generation.partitions {
            let key = keys::snapshot(&self.sync, &generation.id, partition);
            let body = self.store.peek(&key).with_context(|| format!("{key} is gone"))?;
            for entry in Snapshot::read(&body)?.iter() {
                let digest = entry.key.hex().as_str().to_owned();
                found.insert(names.get(&digest).cloned().unwrap_or(digest));
            }
        }
        Ok(found)
    }

    /// All that has to be the same, byte for byte, however often functions died: batches, manifests, outcomes,
    /// snapshots, records, the head. Calls are left out: a call that was cut off is made again.
    pub fn truth(&self) -> BTreeMap<String, String> {
        let mut truth = BTreeMap::new();
        for key in self.store.keys("") {
            let kept = [
                "batches/",
                "manifests/",
                "outcomes/",
                "pending/",
                "state/",
                "runs/",
            ];
            if !kept.iter().any(|prefix| key.starts_with(prefix)) || key.ends_with("report.html") {
                continue;
            }
            let body = self.store.peek(&key).unwrap_or_default();
            let text = match serde_json::from_slice::<Value>(&body) {
                Ok(Value::Object(mut object)) => {
                    object.remove("calls");
                    Value::Object(object).to_string()
                }
                _ => format!("{body:?}"),
            };
            truth.insert(key, text);
        }
        truth
    }
}
