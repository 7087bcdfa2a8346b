//! The runs of an installation: those that ended, the one that runs, those that wait.

use anyhow::{Context as _, bail};
use runtime::facts;
use runtime::register::{HeadRead, read_head};
use runtime::store::{Store, Timestamp};
use sync_core::names::{RunId, SyncName};
use sync_core::run::{Pending, Record, RunState, RunStatus, keys};
use sync_core::spec::Mode;

use crate::spec_file;

/// More objects than a listing for people needs.
const MANY: usize = 100_000;

/// Why a file upload waits for the next day, and the way.
pub(crate) const POSTPONED: &str = "TikTok takes one file upload a day for each audience, and today's is done; it goes by itself with the schedule, on this machine by `tideline housekeeping` after midnight UTC";

/// Whether the audience of a sync has had its file of the day (UTC).
pub(crate) fn has_uploaded_today(read: &HeadRead, mode: Mode) -> bool {
    mode == Mode::All && read.head.upload_day == Some(read.now.as_second().div_euclid(86_400))
}

/// A run that has not ended.
#[derive(Debug)]
pub(crate) struct Unfinished {
    pub(crate) sync: SyncName,
    pub(crate) run: RunId,
    /// Waiting, postponed or running.
    pub(crate) status: RunStatus,
    /// What is known besides.
    pub(crate) note: String,
}

/// The syncs that have a spec, or one of this name.
pub(crate) async fn syncs(store: &dyn Store, only: Option<&SyncName>) -> anyhow::Result<Vec<SyncName>> {
    let listed = store.list(keys::SPECS, None, MANY).await?;
    let name = |key: &str| {
        let name = key.strip_prefix(keys::SPECS)?.strip_suffix(".yaml")?;
        SyncName::new(name).ok()
    };
    let found: Vec<SyncName> = listed.iter().filter_map(|object| name(&object.key)).collect();
    match only {
        None => Ok(found),
        Some(only) if found.contains(only) => Ok(vec![only.clone()]),
        Some(only) => {
            let known: Vec<_> = found.iter().map(SyncName::as_str).collect();
            bail!(
                "there is no sync {only} here; there are: {}",
                if known.is_empty() {
                    "none".to_owned()
                } else {
                    known.join(", ")
                }
            )
        }
    }
}

/// The records of a sync's last runs, newest first.
pub(crate) async fn ended(store: &dyn Store, sync: &SyncName, limit: usize) -> anyhow::Result<Vec<Record>> {
    let listed = store.list(&keys::runs_prefix(sync), None, MANY).await?;
    let mut found: Vec<(Timestamp, String)> = listed
        .into_iter()
        .filter(|object| object.key.ends_with("/run.json"))
        .map(|object| (object.last_modified, object.key))
        .collect();
    found.sort_unstable_by(|a, b| b.cmp(a));
    let mut records = Vec::new();
    for (_, key) in found.into_iter().take(limit) {
        records.extend(facts::read::<Record>(store, &key).await?);
    }
    Ok(records)
}

/// The runs of a sync that have not ended, the one that runs first.
pub(crate) async fn unfinished(store: &dyn Store, sync: &SyncName) -> anyhow::Result<Vec<Unfinished>> {
    let read = read_head(store, sync).await?;
    let head = &read.head;
    let mut found = Vec::new();
    if let Some(open) = &head.run {
        let note = match open.state {
            RunState::Open => "it sends what lies in its batches",
            RunState::Closing => "it is being closed: nothing more is sent for it",
        };
        found.push(Unfinished {
            sync: sync.clone(),
            run: open.id.clone(),
            status: RunStatus::Running,
            note: note.to_owned(),
        });
    }
    for listed in store.list(&keys::pending_prefix(sync), None, MANY).await? {
        let Some(entry) = facts::read::<Pending>(store, &listed.key).await? else {
            continue;
        };
        let open = head.run.as_ref().is_some_and(|open| open.id == entry.run);
        if open || store.stat(&keys::record(sync, &entry.run)).await?.is_some() {
            continue;
        }
        let (status, note) = match &head.run {
            Some(open) => (RunStatus::Waiting, format!("it waits for the run {}", open.id)),
            None if postponed(store, sync, &read).await => (
                RunStatus::Postponed,
                "today's file is uploaded already: it goes by itself after midnight UTC".to_owned(),
            ),
            None => (
                RunStatus::Waiting,
                "it waits for its destination to be connected, or for its turn".to_owned(),
            ),
        };
        found.push(Unfinished {
            sync: sync.clone(),
            run: entry.run,
            status,
            note,
        });
    }
    Ok(found)
}

/// Whether what waits goes on the next day. Whoever has no valid spec waits for that one first.
async fn postponed(store: &dyn Store, sync: &SyncName, read: &HeadRead) -> bool {
    let spec = spec_file::of_store(store, sync).await;
    spec.is_ok_and(|file| has_uploaded_today(read, file.spec.mode))
}

/// Finds the sync of a run. The run is named by its id, or by `SYNC/ID`.
pub(crate) async fn find(store: &dyn Store, text: &str) -> anyhow::Result<(SyncName, RunId)> {
    let (sync, id) = match text.split_once('/') {
        Some((sync, id)) => (
            Some(SyncName::new(sync).with_context(|| format!("`{sync}` is no name of a sync"))?),
            id,
        ),
        None => (None, text),
    };
    let id = RunId::new(id).with_context(|| format!("`{id}` is no id of a run"))?;
    for sync in syncs(store, sync.as_ref()).await? {
        let ended = store.stat(&keys::record(&sync, &id)).await?.is_some();
        if ended || unfinished(store, &sync).await?.iter().any(|run| run.run == id) {
            return Ok((sync, id));
        }
    }
    bail!("there is no run {id} here: `tideline runs` lists them")
}
