//! An export that is asked for again: the runs that it has had, and whether it is run once more.

use std::collections::HashSet;

use runtime::facts;
use runtime::register::{HeadRead, read_head};
use runtime::store::Store;
use sync_core::names::{RunId, SyncName};
use sync_core::run::{
    Again, Fit, Head, LastRun, Pending, Plan, Record, RunStatus, Since, again_run_id, export_run_id, keys,
};
use sync_core::spec::{SyncSpec, mapping_version};

use crate::advance::newest;
use crate::fate::Fate;
use crate::run::pinned_spec;
use crate::{Context, LoadedSpec, advance, audience, sources};

/// What asking for an export comes to.
#[derive(Debug)]
pub enum Turn {
    /// It is run, or a run of it that was cut off or waits goes on, under this id.
    Go(RunId),
    /// Nothing is left to do, for the reason that the record of its newest run tells.
    Nothing(Again, Box<Record>),
}

/// What `tideline run SPEC FILE` has to do for an export of this key and version.
pub async fn turn(
    ctx: &Context,
    loaded: &LoadedSpec,
    key: &str,
    version: &str,
    ignore_guards: bool,
) -> anyhow::Result<Turn> {
    let sync = &loaded.spec.name;
    let read = read_head(ctx.store.as_ref(), sync).await?;
    let first = export_run_id(&ctx.bucket, key, version, sync);
    let tries = Tries::of(ctx, sync, &read.head, first).await?;
    if let Some(run) = tries.unfinished {
        return Ok(Turn::Go(run));
    }
    let Some((record, plan)) = tries.last.filter(|_| !loaded.spec.is_test()) else {
        return Ok(Turn::Go(tries.next));
    };
    let again = judge(ctx, loaded, &read, (&record, plan.as_ref()), ignore_guards).await?;
    Ok(match again {
        Again::Run => Turn::Go(tries.next),
        nothing => Turn::Nothing(nothing, Box::new(record)),
    })
}

/// The run that does the export of a run that was closed before its end: a newer version of Tideline closes what an
/// older one has planned, and does the export again. Else the run itself.
pub async fn taken_over_by(ctx: &Context, sync: &SyncName, mut run: RunId) -> anyhow::Result<RunId> {
    let store = ctx.store.as_ref();
    loop {
        let record: Option<Record> = facts::read(store, &keys::record(sync, &run)).await?;
        let closed = match &record {
            Some(record) => was_closed(store, record).await?,
            None => false,
        };
        if !closed {
            return Ok(run);
        }
        let next = again_run_id(&run);
        let head = read_head(store, sync).await?.head;
        let known = store.stat(&keys::record(sync, &next)).await?.is_some()
            || head.run.is_some_and(|open| open.id == next)
            || pending_runs(ctx, sync).await?.contains(&next);
        if !known {
            return Ok(run);
        }
        run = next;
    }
}

/// Whether the newest run of an export is followed by another one.
pub(crate) async fn judge(
    ctx: &Context,
    loaded: &LoadedSpec,
    read: &HeadRead,
    (record, plan): (&Record, Option<&Plan>),
    ignore_guards: bool,
) -> anyhow::Result<Again> {
    let (store, head) = (ctx.store.as_ref(), &read.head);
    let fate = Fate::of(store, read, record).await?;
    let closed = was_closed(store, record).await?;
    let is_audience = loaded.spec.audience.is_some();
    let since = [
        (
            Since::Spec,
            plan.is_none_or(|plan| plan.spec != loaded.text || plan.ignore_guards != ignore_guards),
        ),
        (
            Since::People,
            is_audience && plan.is_some_and(|plan| is_mapped_otherwise(loaded, plan)),
        ),
        (Since::Place, is_sent_elsewhere(ctx, &loaded.spec, head).await?),
        (Since::NewerTable, gave_way(head, record, plan)),
        (Since::Resync, head.forget),
    ];
    let last = LastRun {
        record,
        closed,
        left_over: fate.waits.is_some(),
        gone: fate.gone,
        refused: fate.refused,
        since: since
            .into_iter()
            .filter(|(_, is)| *is)
            .map(|(since, _)| since)
            .collect(),
    };
    Ok(last.again())
}

/// Whether a run was closed before its own end: not all of its export may have been read.
pub(crate) async fn was_closed(store: &dyn Store, record: &Record) -> anyhow::Result<bool> {
    if record.status != RunStatus::Aborted {
        return Ok(false);
    }
    Ok(store
        .stat(&keys::closed(&record.sync, &record.run))
        .await?
        .is_some())
}

/// Whether a row becomes something else by today's spec than by the one that a run pinned.
fn is_mapped_otherwise(loaded: &LoadedSpec, plan: &Plan) -> bool {
    pinned_spec(&loaded.spec.name, plan)
        .is_ok_and(|pinned| mapping_version(&pinned) != mapping_version(&loaded.spec))
}

/// Whether a spec sends somewhere else than the known rows were sent to.
async fn is_sent_elsewhere(ctx: &Context, spec: &SyncSpec, head: &Head) -> anyhow::Result<bool> {
    let checked = sources::check(ctx, spec, head).await?;
    if checked.unfit.is_some() || checked.added {
        return Ok(true);
    }
    let fit = audience::fit(ctx, spec, head.forget).await?;
    Ok(fit.is_some_and(|fit| fit != Fit::Same))
}

/// Whether a run was of a whole table, and a newer one was applied since.
pub(crate) fn gave_way(head: &Head, record: &Record, plan: Option<&Plan>) -> bool {
    let Some(plan) = plan.filter(|plan| plan.audience.as_ref().is_some_and(|audience| audience.whole)) else {
        return false;
    };
    let time = plan.export.as_ref().and_then(newest);
    // One that TikTok refused may be newer than the one that was applied after it.
    let newer = time.is_some_and(|time| head.newest.as_ref().is_none_or(|applied| time > *applied));
    record.rev < head.table_rev && !newer
}

/// The runs that one export has had: `<run>`, `<run>.2` and so on.
pub(crate) struct Tries {
    /// The newest one that has ended, with its plan. Test runs do not count.
    pub(crate) last: Option<(Record, Option<Plan>)>,
    /// One that runs or waits, and is no test.
    pub(crate) unfinished: Option<RunId>,
    /// The id of the next one.
    pub(crate) next: RunId,
}

impl Tries {
    pub(crate) async fn of(
        ctx: &Context,
        sync: &SyncName,
        head: &Head,
        first: RunId,
    ) -> anyhow::Result<Self> {
        let store = ctx.store.as_ref();
        let waiting: HashSet<RunId> = pending_runs(ctx, sync).await?;
        let mut tries = Self {
            last: None,
            unfinished: None,
            next: first,
        };
        loop {
            let run = tries.next.clone();
            if let Some(record) = facts::read::<Record>(store, &keys::record(sync, &run)).await? {
                if !record.is_test() {
                    let plan = facts::read(store, &keys::plan(sync, &run)).await?;
                    tries.last = Some((record, plan));
                }
            } else {
                let open = head.run.as_ref().is_some_and(|open| open.id == run);
                if !open && !waiting.contains(&run) {
                    return Ok(tries);
                }
                if !is_planned_test(store, sync, &run).await? {
                    tries.unfinished = Some(run.clone());
                }
            }
            tries.next = again_run_id(&run);
        }
    }
}

/// The first id of the runs of one export.
pub(crate) fn first_of(run: &RunId) -> Option<RunId> {
    let text = run.as_str();
    RunId::new(text.split_once('.').map_or(text, |(first, _)| first)).ok()
}

async fn pending_runs(ctx: &Context, sync: &SyncName) -> anyhow::Result<HashSet<RunId>> {
    let waiting: Vec<(String, Pending)> = advance::pending(ctx, sync).await?;
    Ok(waiting.into_iter().map(|(_, entry)| entry.run).collect())
}

/// Whether a run that has not ended was planned as a test: what the spec says by now does not change it.
async fn is_planned_test(store: &dyn Store, sync: &SyncName, run: &RunId) -> anyhow::Result<bool> {
    let plan: Option<Plan> = facts::read(store, &keys::plan(sync, run)).await?;
    let spec = plan.and_then(|plan| pinned_spec(sync, &plan).ok());
    Ok(spec.is_some_and(|spec| spec.is_test()))
}
