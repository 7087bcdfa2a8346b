//! What nobody needs any more is deleted: LIST first, then GET head, then delete. A finished run never becomes current
//! again, so what was nobody's at the GET was nobody's for ever; the other order would delete what is just being built.

use std::collections::{BTreeMap, BTreeSet};

use runtime::register::{HeadRead, read_head};
use runtime::store::{Listed, Store};
use sync_core::names::{RunId, SyncName};
use sync_core::run::{Head, keys};

/// A generation stays this long after it was replaced, for those who are reading it.
const GENERATION_SECONDS: i64 = 86_400;
/// Batches, outcomes and the rest of a run stay this long after its record.
const RUN_SECONDS: i64 = 30 * 86_400;
/// More objects than one sync may have; further ones are looked at the next day.
const MANY: usize = 1_000_000;

/// What lies under `<kind>/<sync>/<run>/`.
const OF_RUNS: [&str; 6] = ["batches", "outcomes", "progress", "manifests", "work", "tasks"];

/// Deletes what is nobody's any more; how many objects. The live debugger's calls go `keep_days` after they were
/// written.
pub(crate) async fn collect(store: &dyn Store, sync: &SyncName, keep_days: u16) -> anyhow::Result<u64> {
    let generations = store.list(&keys::snapshots(sync), None, MANY).await?;
    let mut of_runs = Vec::new();
    for kind in OF_RUNS {
        of_runs.extend(store.list(&format!("{kind}/{sync}/"), None, MANY).await?);
    }
    let calls = store.list(&keys::calls_of_sync(sync), None, MANY).await?;
    let read = read_head(store, sync).await?;
    let mut deleted = 0;
    let keep = i64::from(keep_days) * 86_400;
    for object in calls.iter().filter(|object| older_than(object, keep, &read)) {
        store.delete(&object.key).await?;
        deleted += 1;
    }
    for object in stale_generations(sync, &generations, &read) {
        store.delete(&object.key).await?;
        deleted += 1;
    }
    for (run, objects) in by_run(&of_runs) {
        if in_use(&read.head, &run) || !ended_long_ago(store, sync, &run, &objects, &read).await? {
            continue;
        }
        for object in objects {
            store.delete(&object.key).await?;
            deleted += 1;
        }
    }
    Ok(deleted)
}

fn older_than(object: &Listed, seconds: i64, read: &HeadRead) -> bool {
    read.now
        .as_second()
        .saturating_sub(object.last_modified.as_second())
        > seconds
}

/// The generations that the head does not name, that the open run does not write, and that were replaced long ago:
/// another one, with a higher revision, was written a day ago.
fn stale_generations<'a>(sync: &SyncName, objects: &'a [Listed], read: &HeadRead) -> Vec<&'a Listed> {
    let prefix = keys::snapshots(sync);
    let rev = |id: &str| {
        id.split('-')
            .next()
            .and_then(|rev| rev.parse::<u64>().ok())
            .unwrap_or(u64::MAX)
    };
    let current = read.head.generation.as_ref().map(|current| current.id.as_str());
    let writing = read.head.run.as_ref().map(|run| run.id.as_str());
    let stale = |object: &&Listed| {
        let generation = generation_of(&prefix, object);
        let written_now =
            writing.is_some_and(|run| generation.split_once('-').is_some_and(|(_, of)| of == run));
        let replaced = objects
            .iter()
            .filter(|other| rev(generation_of(&prefix, other)) > rev(generation))
            .map(|other| other.last_modified)
            .min();
        let since = replaced.unwrap_or(object.last_modified);
        let age = read.now.as_second().saturating_sub(since.as_second());
        Some(generation) != current && !written_now && age > GENERATION_SECONDS
    };
    objects.iter().filter(stale).collect()
}

fn generation_of<'a>(prefix: &str, object: &'a Listed) -> &'a str {
    let rest = object.key.strip_prefix(prefix).unwrap_or_default();
    rest.split('/').next().unwrap_or_default()
}

fn by_run(objects: &[Listed]) -> BTreeMap<RunId, Vec<&Listed>> {
    let mut runs: BTreeMap<RunId, Vec<&Listed>> = BTreeMap::new();
    for object in objects {
        let run = object.key.split('/').nth(2).and_then(|run| RunId::new(run).ok());
        if let Some(run) = run {
            runs.entry(run).or_default().push(object);
        }
    }
    runs
}

fn in_use(head: &Head, run: &RunId) -> bool {
    let used: BTreeSet<&RunId> = head
        .carried
        .iter()
        .chain(head.run.as_ref().map(|open| &open.id))
        .collect();
    used.contains(run)
}

/// A run with a record is over since it was written; what has none, and is not open, a zombie left behind.
async fn ended_long_ago(
    store: &dyn Store,
    sync: &SyncName,
    run: &RunId,
    objects: &[&Listed],
    read: &HeadRead,
) -> anyhow::Result<bool> {
    let now = read.now.as_second();
    Ok(match store.stat(&keys::record(sync, run)).await? {
        Some(record) => now.saturating_sub(record.last_modified.as_second()) > RUN_SECONDS,
        None => objects.iter().all(|object| older_than(object, RUN_SECONDS, read)),
    })
}
