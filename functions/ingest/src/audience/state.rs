//! What a run knows of the audience's state.

use std::collections::{BTreeSet, HashSet};

use anyhow::Context as _;
use bytes::Bytes;
use runtime::store::Store;
use sync_core::audience::{Holder, Holders, HoldersWriter, Identifier, NOBODY, Removal};
use sync_core::diff::{KeyDigest, SlicesHead};
use sync_core::names::SyncName;
use sync_core::run::{Cut, FixedVia, Generation, Head, Plan, PlanAudience, keys};
use sync_core::spec::{Mode, SyncSpec};

use super::ready::locked;
use crate::Context;
use crate::run::{Run, in_partitions};

/// The way in of a spec's audience; `None` for events.
pub(crate) fn way(spec: &SyncSpec) -> Option<FixedVia> {
    spec.audience.as_ref().map(|audience| FixedVia::of(&audience.via))
}

/// Whether a run takes people out: the export is the whole audience.
pub(crate) fn removes(spec: &SyncSpec, plan: &Plan) -> bool {
    matches!(spec.mode, Mode::Mirror | Mode::All) && plan.export.is_some() && !plan.only_adds()
}

/// Whether the snapshot tells of another audience: this one begins empty.
pub(crate) fn is_fresh(plan: &Plan) -> bool {
    plan.audience.as_ref().is_some_and(|audience| audience.fresh)
}

/// The generation that a run goes on from.
fn generation<'a>(head: &'a Head, plan: &Plan) -> Option<&'a Generation> {
    head.generation.as_ref().filter(|_| !is_fresh(plan))
}

/// How many keys the audience has by our books.
pub(crate) fn known(head: &Head, plan: &Plan) -> u64 {
    generation(head, plan).map_or(0, |generation| generation.keys)
}

/// One object of a generation's identifiers. A missing one is an error and never "empty".
pub(crate) async fn holders_partition(
    store: &dyn Store,
    sync: &SyncName,
    generation: Option<&Generation>,
    partition: u32,
) -> anyhow::Result<Bytes> {
    let Some(generation) = generation.filter(|generation| generation.way == Some(FixedVia::Segment)) else {
        return Ok(Bytes::from(HoldersWriter::default().finish()));
    };
    let key = keys::holders(sync, &generation.id, partition);
    let object = store.get(&key).await?;
    Ok(object
        .with_context(|| format!("{key} is gone: the state names identifiers that are not there"))?
        .body)
}

/// The identifiers of a partition as a run divides them: the snapshot may be divided more coarsely.
pub(crate) async fn owned_holders(
    run: &Run<'_>,
    head: &Head,
    partitions: u32,
    partition: u32,
) -> anyhow::Result<Vec<Holder>> {
    let generation = generation(head, run.plan);
    let old = generation.map_or(1, |generation| generation.partitions).max(1);
    let each = (partitions / old).max(1);
    let bytes = holders_partition(run.store(), run.sync, generation, partition / each).await?;
    let all = Holders::read(&bytes)?.iter();
    Ok(all
        .filter(|holder| holder.id.partition(partitions) == partition)
        .collect())
}

/// Keys of a partition whose row is gone or sent again, ascending, and how many of them are gone.
pub(crate) async fn dropped(run: &Run<'_>, partition: u32) -> anyhow::Result<(u64, Vec<KeyDigest>)> {
    run.slice::<KeyDigest>(&keys::work(run.sync, run.id, "dropped", partition), 1, 0)
        .await
}

/// How many keys of a partition are gone from the export.
pub(crate) async fn gone(run: &Run<'_>, partition: u32) -> anyhow::Result<u64> {
    let key = keys::work(run.sync, run.id, "dropped", partition);
    let head = run.store().get_range(&key, 0..SlicesHead::len(1), None).await?;
    let head = head.with_context(|| format!("{key} is gone, and the run is not over"))?;
    Ok(SlicesHead::read(&head, 1).with_context(|| key.clone())?.number)
}

/// Marks each holder whose key was dropped. The lists of dropped keys are read one after the other.
pub(crate) async fn marked(
    run: &Run<'_>,
    holders: Vec<Holder>,
    partitions: u32,
) -> anyhow::Result<Vec<(Holder, bool)>> {
    let mut marked: Vec<(Holder, bool)> = holders.into_iter().map(|holder| (holder, false)).collect();
    if !removes(run.spec, run.plan) || marked.is_empty() {
        return Ok(marked);
    }
    for partition in 0..partitions {
        let (_, dropped) = dropped(run, partition).await?;
        for (holder, gone) in &mut marked {
            if holder.key.partition(partitions) == partition {
                *gone = dropped.binary_search(&holder.key).is_ok();
            }
        }
    }
    Ok(marked)
}

/// The identifiers that the rows of a run bring, of one partition, ascending.
pub(crate) async fn brought(
    run: &Run<'_>,
    parts: u32,
    partitions: u32,
    partition: u32,
) -> anyhow::Result<Vec<Holder>> {
    let mut found: Vec<Holder> = Vec::new();
    for part in 0..parts {
        let key = keys::work(run.sync, run.id, "ids", part);
        // A part without rows to send brings none.
        if run.store().stat(&key).await?.is_some() {
            found.extend(run.slice::<Holder>(&key, partitions, partition).await?.1);
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// Of these identifiers, those that a row has: one that was known before, or one of this run.
pub(crate) async fn held(
    run: &Run<'_>,
    head: &Head,
    ids: HashSet<Identifier>,
) -> anyhow::Result<HashSet<Identifier>> {
    let partitions = run.plan.partitions();
    let parts = run.plan.stages().map_or(1, Cut::last_part);
    let touched: BTreeSet<u32> = ids.iter().map(|id| id.partition(partitions)).collect();
    let mut found = HashSet::new();
    for partition in touched {
        let old = owned_holders(run, head, partitions, partition).await?;
        let old = old.into_iter().filter(|holder| holder.key != NOBODY);
        let new = brought(run, parts, partitions, partition).await?;
        let here = old.chain(new).map(|holder| holder.id);
        found.extend(here.filter(|id| ids.contains(id)));
    }
    Ok(found)
}

/// Identifiers of one partition whose removal an earlier run left over, and this one asked for again.
pub(crate) async fn removed_again(
    run: &Run<'_>,
    partitions: u32,
    partition: u32,
) -> anyhow::Result<HashSet<Identifier>> {
    let key = keys::work(run.sync, run.id, "removed", 0);
    if run.store().stat(&key).await?.is_none() {
        return Ok(HashSet::new());
    }
    let (_, found) = run.slice::<Holder>(&key, partitions, partition).await?;
    Ok(found.into_iter().map(|holder| holder.id).collect())
}

/// Writes down whose removals, left over by earlier runs, this run asks for again.
pub(crate) async fn keep_removed_again(run: &Run<'_>, removals: &[Removal]) -> anyhow::Result<()> {
    if removals.is_empty() {
        return Ok(());
    }
    let nobodys = |removal: &Removal| Holder {
        id: removal.id,
        key: NOBODY,
    };
    let mut holders: Vec<Holder> = removals.iter().map(nobodys).collect();
    holders.sort_unstable();
    let object = in_partitions_by_id(run.plan.partitions(), &holders);
    let key = keys::work(run.sync, run.id, "removed", 0);
    let _ = run.store().put_new(&key, Bytes::from(object)).await?;
    Ok(())
}

/// Identifiers in slices, one for each partition of identifiers.
pub(crate) fn in_partitions_by_id(partitions: u32, ids: &[Holder]) -> Vec<u8> {
    in_partitions(partitions, ids.iter().copied(), |holder| {
        holder.id.partition(partitions)
    })
}

/// What a run that begins now knows of its audience; `None` for events.
pub(crate) async fn planned(
    ctx: &Context,
    spec: &SyncSpec,
    head: &Head,
) -> anyhow::Result<Option<PlanAudience>> {
    let Some(way) = way(spec) else {
        return Ok(None);
    };
    let generation = head.generation.as_ref();
    let fresh = generation.is_some_and(|generation| generation.way != Some(way));
    let locked = locked(ctx, &spec.name).await?;
    let (id, replaces) = locked.map_or((None, None), |locked| (locked.audience_id, locked.replaces));
    Ok(Some(PlanAudience {
        id,
        fresh,
        whole: matches!(spec.mode, Mode::Mirror | Mode::All),
        replaces: replaces.filter(|_| fresh),
    }))
}
