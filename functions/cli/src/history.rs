//! The runs of an installation: those that ended, the one that runs, those that wait, and what is left over.

use anyhow::{Context as _, bail};
use runtime::facts;
use runtime::register::{HeadRead, read_head};
use runtime::store::{Store, Timestamp};
use sync_core::names::{RunId, SyncName};
use sync_core::run::keys::BatchId;
use sync_core::run::{
    Batch, Head, Outcome, Pending, PendingRequest, Progress, Record, RunState, RunStatus, keys,
};
use sync_core::spec::{Mode, SyncSpec};

use crate::plural::{counted, thousands};
use crate::spec_file;

/// More objects than a listing for people needs.
const MANY: usize = 100_000;

/// Why a file upload waits for the next day, and the way.
pub(crate) const POSTPONED: &str = "TikTok takes one file upload a day for each audience, and today's is done; it is sent by the schedule, on this machine by `tideline housekeeping`, after midnight UTC";

/// What is to be said of a run that was cancelled while another one holds the sync.
pub(crate) const CANCELLED: &str =
    "it was cancelled, and nothing of it will be sent: it ends when the run has ended that holds the sync";

/// Whether the audience of a sync has had its file of the day (UTC).
pub(crate) fn has_uploaded_today(read: &HeadRead, mode: Mode) -> bool {
    mode == Mode::All && read.head.upload_day == Some(read.now.as_second().div_euclid(86_400))
}

/// A run that has not ended.
#[derive(Debug)]
pub(crate) struct Unfinished {
    pub(crate) sync: SyncName,
    pub(crate) run: RunId,
    /// Waiting, postponed, running or interrupted.
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

/// The runs of a sync that have ended, the oldest first.
pub(crate) async fn ended_runs(store: &dyn Store, sync: &SyncName) -> anyhow::Result<Vec<RunId>> {
    let mut found: Vec<(Timestamp, String)> = store
        .list(&keys::runs_prefix(sync), None, MANY)
        .await?
        .into_iter()
        .filter(|object| object.key.ends_with("/run.json"))
        .map(|object| (object.last_modified, object.key))
        .collect();
    found.sort_unstable();
    let run = |key: &str| RunId::new(key.split('/').nth(2)?).ok();
    Ok(found.iter().filter_map(|(_, key)| run(key)).collect())
}

/// The records of a sync's last runs, newest first.
pub(crate) async fn ended(store: &dyn Store, sync: &SyncName, limit: usize) -> anyhow::Result<Vec<Record>> {
    let mut records = Vec::new();
    for run in ended_runs(store, sync).await?.into_iter().rev().take(limit) {
        records.extend(facts::read::<Record>(store, &keys::record(sync, &run)).await?);
    }
    Ok(records)
}

/// The runs of a sync that have not ended, the one that runs first. `at_work`: somebody may be at work; in a
/// folder, a process.
pub(crate) async fn unfinished(
    store: &dyn Store,
    sync: &SyncName,
    at_work: bool,
) -> anyhow::Result<Vec<Unfinished>> {
    let read = read_head(store, sync).await?;
    let head = &read.head;
    let mut found = Vec::new();
    if let Some(open) = &head.run {
        let far = answered(store, sync, &open.id).await?.in_words();
        let (status, note) = match (at_work, open.state) {
            (false, _) => (
                RunStatus::Interrupted,
                format!("{far}; no process works on it: `tideline housekeeping` goes on with it"),
            ),
            (true, RunState::Open) => (RunStatus::Running, far),
            (true, RunState::Closing) => (
                RunStatus::Running,
                "it is being closed: nothing more is sent for it".to_owned(),
            ),
        };
        found.push(Unfinished {
            sync: sync.clone(),
            run: open.id.clone(),
            status,
            note,
        });
    }
    let spec = spec_file::of_store(store, sync).await.ok().map(|file| file.spec);
    for listed in store.list(&keys::pending_prefix(sync), None, MANY).await? {
        let Some(entry) = facts::read::<Pending>(store, &listed.key).await? else {
            continue;
        };
        let open = head.run.as_ref().is_some_and(|open| open.id == entry.run);
        if open || store.stat(&keys::record(sync, &entry.run)).await?.is_some() {
            continue;
        }
        let cancelled = store.stat(&keys::cancel(sync, &entry.run)).await?.is_some();
        let (status, note) = if cancelled {
            (RunStatus::Waiting, CANCELLED.to_owned())
        } else {
            why_it_waits(&read, spec.as_ref(), &entry)
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

fn why_it_waits(read: &HeadRead, spec: Option<&SyncSpec>, entry: &Pending) -> (RunStatus, String) {
    if let Some(open) = &read.head.run {
        return (RunStatus::Waiting, format!("it waits for the run {}", open.id));
    }
    let Some(spec) = spec else {
        return (RunStatus::Waiting, "it waits for a valid spec".to_owned());
    };
    if has_uploaded_today(read, spec.mode) {
        return (RunStatus::Postponed, POSTPONED.to_owned());
    }
    let why = match entry.request {
        PendingRequest::Retry { .. } if spec.is_test() => {
            "it waits until the test_event_code is taken out of the spec"
        }
        _ => "it waits for a token that TikTok accepts, or for its turn",
    };
    (RunStatus::Waiting, why.to_owned())
}

/// How far the open run of a sync is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Answered {
    /// Rows in its batches: a row that makes several events or persons counts as often.
    pub(crate) rows: u64,
    /// Of these, accepted by TikTok.
    pub(crate) accepted: u64,
    /// Of these, refused by TikTok.
    pub(crate) refused: u64,
}

impl Answered {
    /// Rows without an answer.
    pub(crate) fn left(&self) -> u64 {
        self.rows.saturating_sub(self.accepted + self.refused)
    }

    fn in_words(&self) -> String {
        if self.rows == 0 {
            return "it reads the export, and has written no batch yet".to_owned();
        }
        format!(
            "of {} in its batches {} were accepted, {} refused, {} have no answer yet",
            counted(self.rows, "row"),
            thousands(self.accepted),
            thousands(self.refused),
            thousands(self.left())
        )
    }
}

/// The batches of a run.
pub(crate) async fn batches(store: &dyn Store, sync: &SyncName, run: &RunId) -> anyhow::Result<Vec<BatchId>> {
    let listed = store.list(&keys::batches_prefix(sync, run), None, MANY).await?;
    Ok(listed
        .iter()
        .filter_map(|object| BatchId::parse(&object.key))
        .collect())
}

/// How far a run is, by its batches, and what is noted of them.
pub(crate) async fn answered(store: &dyn Store, sync: &SyncName, run: &RunId) -> anyhow::Result<Answered> {
    let mut all = Answered::default();
    for batch in batches(store, sync, run).await? {
        if let Some(outcome) = facts::read::<Outcome>(store, &batch.outcome()).await? {
            let refused = outcome.refused_rows().count() as u64;
            let rows = u64::from(outcome.rows);
            all.rows += rows;
            all.refused += refused;
            all.accepted += rows.saturating_sub(refused + outcome.carried.len());
            continue;
        }
        let Some(object) = store.get(&batch.key()).await? else {
            continue;
        };
        all.rows += Batch::read(&object.body)?.rows.len() as u64;
        // Uploads note their steps in another form.
        let progress: Option<Progress> = facts::read(store, &batch.progress()).await.unwrap_or_default();
        let progress = progress.unwrap_or_default();
        all.accepted += progress.accepted.len();
        all.refused += progress
            .refused
            .iter()
            .map(|refusal| refusal.rows.len())
            .sum::<u64>();
    }
    Ok(all)
}

/// Rows of a sync that are left over, and when they are sent again.
#[derive(Debug)]
pub(crate) struct LeftOver {
    pub(crate) rows: u64,
    /// The schedule, or housekeeping, sends them from this moment on.
    pub(crate) from: Timestamp,
}

/// What is left over of a sync; `None`: nothing.
pub(crate) async fn left_over(store: &dyn Store, sync: &SyncName) -> anyhow::Result<Option<LeftOver>> {
    let read = read_head(store, sync).await?;
    let head: &Head = &read.head;
    if head.carried.is_empty() {
        return Ok(None);
    }
    let mut rows = 0;
    for run in &head.carried {
        if let Some(record) = facts::read::<Record>(store, &keys::record(sync, run)).await? {
            rows += record.left_over(head).max(record.sums.not_deleted);
        }
    }
    let from = read
        .last_modified
        .as_second()
        .saturating_add(ingest::retry_seconds(head.retries));
    Ok(Some(LeftOver {
        rows,
        from: Timestamp::from_second(from).unwrap_or(read.last_modified),
    }))
}

/// Finds the sync of a run. The run is named by its id, or by `SYNC/ID`.
pub(crate) async fn find(store: &dyn Store, text: &str) -> anyhow::Result<(SyncName, RunId)> {
    let (sync, id) = match text.split_once('/') {
        Some((sync, id)) => (
            Some(SyncName::new(sync).with_context(|| format!("`{sync}` is not the name of a sync"))?),
            id,
        ),
        None => (None, text),
    };
    let id = RunId::new(id).with_context(|| format!("`{id}` is not the id of a run"))?;
    for sync in syncs(store, sync.as_ref()).await? {
        if is_run_of(store, &sync, &id).await? {
            return Ok((sync, id));
        }
    }
    bail!("there is no run {id} here: `tideline runs` lists them")
}

async fn is_run_of(store: &dyn Store, sync: &SyncName, id: &RunId) -> anyhow::Result<bool> {
    if store.stat(&keys::record(sync, id)).await?.is_some() {
        return Ok(true);
    }
    let head = read_head(store, sync).await?.head;
    if head.run.is_some_and(|open| open.id == *id) {
        return Ok(true);
    }
    let entry = format!("-{id}.json");
    let waiting = store.list(&keys::pending_prefix(sync), None, MANY).await?;
    Ok(waiting.iter().any(|object| object.key.ends_with(&entry)))
}
