//! What became of the rows of an ended run that TikTok did not accept in it: they wait, were refused, or nobody sends them
//! any more.

use std::collections::{BTreeSet, HashSet};

use runtime::facts;
use runtime::register::HeadRead;
use runtime::store::Store;
use sync_core::diff::{KeyDigest, Snapshot};
use sync_core::names::{RunId, SyncName};
use sync_core::run::{Head, Record, RunStatus, keys};

use crate::carried::{accepted_since, carried_keys, refused_keys};
use crate::fold::snapshot_partition;

/// Batches live this long after the record of their run: what TikTok refused can be sent again as long.
pub(crate) const BATCH_SECONDS: i64 = 30 * 86_400;
/// More objects than a listing for people needs.
const MANY: usize = 100_000;

/// What became of the rows that TikTok did not accept in a run.
#[derive(Debug, Default)]
pub(crate) struct Fate {
    /// The run of `head.carried` in which rows of it wait.
    pub(crate) waits: Option<RunId>,
    /// How many of its rows TikTok refused, in this run or in one that took them in, and has not accepted since. Of files,
    /// people; of removals, one for all.
    pub(crate) refused: u64,
    /// Rows of it are neither accepted nor refused, and none of them waits.
    pub(crate) gone: bool,
}

impl Fate {
    /// Looks what became of a run's rows.
    pub(crate) async fn of(store: &dyn Store, read: &HeadRead, record: &Record) -> anyhow::Result<Self> {
        let sums = &record.sums;
        if record.is_test() || sums.carried_out + sums.refused + sums.not_deleted == 0 {
            return Ok(Self::default());
        }
        let (head, now) = (&read.head, read.now.as_second());
        let waits = waits(store, head, record).await?;
        let kept = record.finished >= now.saturating_sub(BATCH_SECONDS);
        if kept {
            let (refused, carried) = (
                refused_keys(store, record).await?,
                carried_keys(store, record, now).await?,
            );
            if !refused.is_empty() || !carried.is_empty() {
                return by_keys(store, head, record, waits, (refused, carried)).await;
            }
        }
        by_records(store, record, waits, kept).await
    }
}

/// Each key is looked up in the snapshot, and among those that later runs had refused.
async fn by_keys(
    store: &dyn Store,
    head: &Head,
    record: &Record,
    waits: Option<RunId>,
    (mut refused, mut carried): (HashSet<KeyDigest>, HashSet<KeyDigest>),
) -> anyhow::Result<Fate> {
    forget_accepted(store, &record.sync, head, &mut refused).await?;
    forget_accepted(store, &record.sync, head, &mut carried).await?;
    if waits.is_none() && !carried.is_empty() {
        for later in took_in(store, record).await? {
            let keys = refused_keys(store, &later).await?;
            refused.extend(carried.intersection(&keys).copied());
        }
    }
    let gone = carried.difference(&refused).next().is_some();
    Ok(Fate {
        gone: gone && waits.is_none(),
        refused: refused.len() as u64,
        waits,
    })
}

/// Files and removals have no rows of their own, and of a run of long ago the batches are gone: the records tell.
async fn by_records(
    store: &dyn Store,
    record: &Record,
    waits: Option<RunId>,
    kept: bool,
) -> anyhow::Result<Fate> {
    let mut fate = Fate {
        refused: not_accepted_since(store, record).await?,
        waits,
        gone: false,
    };
    if fate.waits.is_none()
        && record.sums.carried_out > 0
        && let Some(later) = took_in(store, record).await?.last()
    {
        fate.refused += not_accepted_since(store, later).await?;
        fate.gone = later.status == RunStatus::Cancelled;
    }
    if !kept && fate.refused > 0 {
        // What cannot be sent again by itself is sent with its file.
        fate.gone = true;
        fate.refused = 0;
    }
    Ok(fate)
}

/// What a run had refused, until a later one has sent it again.
async fn not_accepted_since(store: &dyn Store, record: &Record) -> anyhow::Result<u64> {
    let refused = record.sums.refused.max(record.sums.not_deleted.min(1));
    if refused == 0 {
        return Ok(0);
    }
    let sent =
        |later: &Record| later.retried.contains(&record.run) && later.sums.accepted + later.sums.deleted > 0;
    let later = records(store, &record.sync, record.finished).await?;
    Ok(if later.iter().any(sent) { 0 } else { refused })
}

/// Takes out the keys that the snapshot holds.
async fn forget_accepted(
    store: &dyn Store,
    sync: &SyncName,
    head: &Head,
    keys: &mut HashSet<KeyDigest>,
) -> anyhow::Result<()> {
    let Some(generation) = &head.generation else {
        return Ok(());
    };
    let touched: BTreeSet<u32> = keys
        .iter()
        .map(|key| key.partition(generation.partitions))
        .collect();
    for partition in touched {
        let old = snapshot_partition(store, sync, Some(generation), partition).await?;
        for done in accepted_since(keys, Snapshot::read(&old)?) {
            keys.remove(&done);
        }
    }
    Ok(())
}

/// The run of `head.carried` in which rows that a run left over wait; `None` when none of them does.
pub(crate) async fn waits(store: &dyn Store, head: &Head, record: &Record) -> anyhow::Result<Option<RunId>> {
    if head.carried.contains(&record.run) {
        return Ok(Some(record.run.clone()));
    }
    if record.sums.carried_out == 0 || record.is_test() {
        return Ok(None);
    }
    // Back from the runs whose rows wait, by what each of them took in.
    for carried in &head.carried {
        let (mut open, mut seen) = (vec![carried.clone()], HashSet::new());
        while let Some(run) = open.pop() {
            if !seen.insert(run.clone()) {
                continue;
            }
            let Some(later) = facts::read::<Record>(store, &keys::record(&record.sync, &run)).await? else {
                continue;
            };
            // Records of older versions do not tell whose rows they took in.
            let untold =
                later.carried_from.is_empty() && later.counts.carried_in > 0 && later.rev > record.rev;
            if untold || later.carried_from.contains(&record.run) {
                return Ok(Some(carried.clone()));
            }
            open.extend(later.carried_from);
        }
    }
    Ok(None)
}

/// The runs to which the rows went that a run left over, one after the other.
pub(crate) async fn took_in(store: &dyn Store, record: &Record) -> anyhow::Result<Vec<Record>> {
    let mut chain: Vec<Record> = Vec::new();
    for later in records(store, &record.sync, record.finished).await? {
        let of = chain.last().map_or(&record.run, |last| &last.run);
        if later.carried_from.contains(of) {
            chain.push(later);
        }
    }
    Ok(chain)
}

/// Records of a sync that were written since a time, epoch seconds, in the order of their runs.
pub(crate) async fn records(store: &dyn Store, sync: &SyncName, since: i64) -> anyhow::Result<Vec<Record>> {
    let listed = store.list(&keys::runs_prefix(sync), None, MANY).await?;
    let mut found: Vec<Record> = Vec::new();
    for object in listed {
        if object.key.ends_with("/run.json") && object.last_modified.as_second() >= since {
            found.extend(facts::read(store, &object.key).await?);
        }
    }
    found.sort_by(|a, b| (a.rev, &a.run).cmp(&(b.rev, &b.run)));
    Ok(found)
}
