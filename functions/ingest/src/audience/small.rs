//! A small run of an audience: one invocation does all of it up to the manifest, and nothing lies anywhere before it is
//! judged. The same facts as a run of many parts, and fewer objects.

use std::collections::HashSet;

use bytes::Bytes;
use sync_core::audience::NOBODY;
use sync_core::diff::{KeyDigest, SlicesWriter, Snapshot, merge};
use sync_core::run::{Counts, FixedVia, Head, Manifest, PartEnd, keys};

use super::identities::{Boosts, Wanted};
use super::prepare::{PreparedPart, prepare};
use super::{is_fresh, judge, removals, removes, state, upload, way};
use crate::carried::{self, CarriedFate, LeftOver};
use crate::emit::Sent;
use crate::fold::{self, snapshot_partition};
use crate::guards::too_few;
use crate::rows::Which;
use crate::run::{Run, ended};
use crate::scan::{Scanned, scan};
use crate::small::Merged;
use crate::spool::Spool;

/// The one part of a small run.
const PART: u32 = 0;

/// Does the part; its manifest.
pub(crate) async fn run_part(run: &Run<'_>, head: &Head) -> anyhow::Result<Manifest> {
    let mut scanned = match &run.plan.export {
        None => Scanned::default(),
        Some(export) => match scan(run.ctx, run.spec, export, Which::All).await? {
            Ok(scanned) => scanned,
            Err(file) => return Ok(crate::run::broken(&file)),
        },
    };
    let queried = u64::from(scanned.rows);
    if let Some(message) = too_few(run.spec, run.plan, queried) {
        return Ok(stopped(queried, PartEnd::Guard { message }));
    }
    let old = snapshot_partition(run.store(), run.sync, head.generation.as_ref(), 0).await?;
    let snapshot = if run.begins_empty(head) {
        Snapshot::EMPTY
    } else {
        Snapshot::read(&old)?
    };
    let mut merged = Merged::of(scanned.rows).keeping(removes(run.spec, run.plan));
    let forget = forgets(run, head);
    merge(run.spec.mode, forget, &mut scanned.entries, snapshot, &mut merged);
    drop(scanned);
    let left = run.left_over(head).await?;
    let carried_keys = left.keys(run.store()).await?;
    let wanted = Wanted::Identifiers(&merged.decisions);
    let boosts = match Boosts::load(run.ctx, run.spec, run.plan.export.as_ref(), Which::All, wanted).await? {
        Ok(boosts) => boosts,
        Err(message) => return Ok(stopped(queried, PartEnd::Broken { message })),
    };
    let prepared = prepare(run, PART, Which::All, &merged.decisions, &carried_keys, &boosts).await?;
    let mut part = match prepared {
        Ok(part) => part,
        Err(end) => return Ok(stopped(queried, end)),
    };
    drop(boosts);
    run.keep_log(PART, &part.log).await?;
    part.prepared.counts = part.log.counts.clone();
    let judged = judge::judge(
        run,
        std::slice::from_ref(&part.prepared),
        merged.gone,
        state::known(head, run.plan),
    );
    if let Some(end) = judged.end {
        return Ok(withheld(part.log.counts, end));
    }
    part.log.counts.removed = judged.removed;
    write_dropped(run, PART, merged.gone, &merged.dropped).await?;
    let ids = state::in_partitions_by_id(1, &part.ids);
    let _ = run
        .store()
        .put_new(&keys::work(run.sync, run.id, "ids", PART), Bytes::from(ids))
        .await?;
    publish(run, head, part, &merged.dropped, &left, snapshot).await
}

async fn publish(
    run: &Run<'_>,
    head: &Head,
    mut part: PreparedPart,
    dropped: &[KeyDigest],
    left: &LeftOver,
    snapshot: Snapshot<'_>,
) -> anyhow::Result<Manifest> {
    let store = run.store();
    let carried_keys = left.keys(store).await?;
    let mut counts = std::mem::take(&mut part.log.counts);
    let mut sent: Vec<Sent> = std::mem::take(&mut part.sent);
    let mut first = Spool::new(&run.ctx.settings.spool)?;
    let done = carried::accepted_since(&carried_keys, snapshot);
    write_carried(
        run,
        head,
        left,
        (&part.superseded, &done),
        &mut first,
        &mut sent,
        &mut counts,
    )
    .await?;
    run.keep_sent(PART, sent).await?;
    let mut last = Spool::new(&run.ctx.settings.spool)?;
    if way(run.spec) == Some(FixedVia::FileUpload) {
        let key = |number| keys::audience_file(run.sync, run.id, PART, number);
        part.spool.publish(store, key).await?;
        upload::write(run, &part.prepared.files, counts.to_send, &mut last)?;
        let batches = run.publish(PART, vec![first, last]).await?;
        return Ok(manifest(batches, counts, 0));
    }
    if run.plan.export.is_some() {
        let old = state::owned_holders(run, head, 1, 0).await?;
        let takes_out = removes(run.spec, run.plan);
        let marked = old.into_iter().map(|holder| {
            let gone = takes_out && dropped.binary_search(&holder.key).is_ok();
            (holder, gone)
        });
        let gone = if takes_out {
            removals::removals(marked.collect(), std::mem::take(&mut part.ids))
        } else {
            Vec::new()
        };
        let prepared = removals::write(run, gone, &mut last)?;
        counts.to_delete += prepared.identifiers;
        counts.removed_again += prepared.nobodys;
    }
    let removal_batches = u32::try_from(last.removals() + first.removals())?;
    let batches = run.publish(PART, vec![part.spool, first, last]).await?;
    Ok(manifest(batches, counts, removal_batches))
}

fn manifest(batches: Vec<u32>, counts: Counts, removals: u32) -> Manifest {
    Manifest {
        batches,
        counts,
        end: None,
        removals,
    }
}

/// Writes the rows that were left over, or counts them where the export drops them.
pub(crate) async fn write_carried(
    run: &Run<'_>,
    head: &Head,
    left: &LeftOver,
    (superseded, done): (&HashSet<KeyDigest>, &HashSet<KeyDigest>),
    spool: &mut Spool,
    sent: &mut Vec<Sent>,
    counts: &mut Counts,
) -> anyhow::Result<()> {
    // What was meant for another audience is nobody's either.
    if removes(run.spec, run.plan) || is_fresh(run.plan) {
        counts.carried_superseded += left.people(run.store()).await?;
        return Ok(());
    }
    let fate = CarriedFate {
        now: run.plan.now,
        superseded,
        done,
    };
    let mut removed = left.write_persons(run, &fate, spool, sent, counts).await?;
    // A row may have the identifier again, by corrected rows or under another mode: then it stays.
    let ids = removed.iter().map(|removal| removal.id).collect();
    let owned = state::held(run, head, ids).await?;
    removed.retain(|removal| !owned.contains(&removal.id));
    state::keep_removed_again(run, &removed).await?;
    let keys: HashSet<KeyDigest> = removed.iter().map(|removal| removal.key).collect();
    let prepared = removals::write(run, removed, spool)?;
    counts.to_delete += prepared.identifiers;
    counts.removed_again += prepared.nobodys + keys.iter().filter(|key| **key != NOBODY).count() as u64;
    Ok(())
}

/// Whether fingerprints count as unequal: a resync was asked for, or each export is sent whole.
pub(crate) fn forgets(run: &Run<'_>, head: &Head) -> bool {
    fold::forgets(head, run.plan) || way(run.spec) == Some(FixedVia::FileUpload)
}

/// Writes down which keys of a partition are gone or sent again: the fold needs it, and the removals.
pub(crate) async fn write_dropped(
    run: &Run<'_>,
    partition: u32,
    gone: u64,
    dropped: &[KeyDigest],
) -> anyhow::Result<()> {
    let mut writer = SlicesWriter::default();
    for key in dropped {
        writer.push(key);
    }
    writer.end_slice();
    let key = keys::work(run.sync, run.id, "dropped", partition);
    let _ = run
        .store()
        .put_new(&key, Bytes::from(writer.finish(gone)))
        .await?;
    Ok(())
}

/// The manifest of an export of which nothing is sent.
fn stopped(queried: u64, end: PartEnd) -> Manifest {
    let counts = Counts {
        queried,
        withheld: queried,
        ..Counts::default()
    };
    ended(counts, end)
}

/// The same with what its rows were.
pub(crate) fn withheld(mut counts: Counts, end: PartEnd) -> Manifest {
    counts.withheld += std::mem::take(&mut counts.to_send);
    counts.changed = 0;
    counts.removed = 0;
    ended(counts, end)
}
