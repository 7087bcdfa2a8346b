//! Creating an object is the wake-up: which key wakes whom for what.

use super::keys::{BatchId, MODELS, Stage, canonical};
use crate::names::{DestinationName, RunId, SyncName};

/// What the creation of an object asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wake {
    /// An export landed: `ingest` takes it in.
    Export(String),
    /// A head changed: `ingest` looks what comes next.
    Head(SyncName),
    /// A stage's task was opened: `ingest` does it.
    Task {
        /// The sync.
        sync: SyncName,
        /// The run.
        run: RunId,
        /// The stage.
        stage: Stage,
        /// Which part or partition.
        index: u32,
    },
    /// A batch is ready: `deliver` sends it.
    Batch(BatchId),
    /// A connection has a new token: `ingest` advances its syncs.
    Connection(DestinationName),
}

impl Wake {
    /// Reads a key; `None` for objects that wake nobody.
    pub fn parse(key: &str) -> Option<Self> {
        if key.starts_with(MODELS) && !key.ends_with('/') {
            return Some(Self::Export(key.to_owned()));
        }
        if let Some(batch) = BatchId::parse(key) {
            return Some(Self::Batch(batch));
        }
        let parts: Vec<&str> = key.split('/').collect();
        match *parts.as_slice() {
            ["state", sync, "head.json"] => Some(Self::Head(SyncName::new(sync).ok()?)),
            ["wake", name] => Some(Self::Connection(
                DestinationName::new(name.strip_suffix(".json")?).ok()?,
            )),
            ["tasks", sync, run, stage, index] => Some(Self::Task {
                sync: SyncName::new(sync).ok()?,
                run: RunId::new(run).ok()?,
                stage: Stage::parse(stage)?,
                index: canonical(index.strip_suffix(".json")?)?,
            }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::keys;

    #[test]
    fn each_key_that_wakes_is_read_back() {
        let (sync, run) = (SyncName::new("web").unwrap(), RunId::new("0a.2").unwrap());
        let batch = BatchId {
            sync: sync.clone(),
            run: run.clone(),
            part: 3,
            number: 14,
        };
        assert_eq!(Wake::parse(&batch.key()), Some(Wake::Batch(batch)));
        assert_eq!(Wake::parse(&keys::head(&sync)), Some(Wake::Head(sync.clone())));
        let task = keys::task(&sync, &run, Stage::Merge, 7);
        assert_eq!(
            Wake::parse(&task),
            Some(Wake::Task {
                sync,
                run,
                stage: Stage::Merge,
                index: 7
            })
        );
        assert_eq!(
            Wake::parse("models/a b/c.csv"),
            Some(Wake::Export("models/a b/c.csv".into()))
        );
    }

    #[test]
    fn other_keys_wake_nobody() {
        for key in [
            "",
            "models/",
            "models/x/",
            "state/web/snapshot/1-a/0",
            "state/WEB/head.json",
            "tasks/web/0a/merge/07.json",
            "tasks/web/0a/other/0.json",
            "batches/web/0a/1.jsonl",
            "batches/web/0a/1--1.jsonl",
            "batches/web/../1-1.jsonl",
            "batches/web/0a/1-4294967296.jsonl",
            "runs/web/0a/run.json",
        ] {
            assert_eq!(Wake::parse(key), None, "{key}");
        }
    }
}
