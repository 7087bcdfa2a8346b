//! The stages of a large run of an audience, behind scan and merge: parts are prepared, identifiers compared, the whole
//! judged, and only then parts are published.

use std::collections::HashSet;

use anyhow::Context as _;
use bytes::Bytes;
use runtime::facts;
use runtime::settle::settle;
use runtime::store::Store;
use sync_core::diff::{KeyDigest, Snapshot};
use sync_core::run::{
    Counts, Cut, FixedVia, Head, Judged, Manifest, PartRange, Prepared, PreparedRemovals, Stage, keys,
};

use super::identities::{Boosts, Wanted};
use super::prepare::prepare;
use super::small::{withheld, write_carried};
use super::{is_fresh, judge, removals, removes, state, upload, way};
use crate::carried;
use crate::emit_part::decisions;
use crate::fold::snapshot_partition;
use crate::rows::Which;
use crate::run::{Run, in_partitions};
use crate::spool::Spool;
use crate::stages::{open_tasks, results};
use crate::{Handled, run};

const PART: &str = "part";
const SIFT: &str = "sift";

/// Prepares a part, or, when it was the last one, opens the next stage.
pub(crate) async fn emit(run: &Run<'_>, cut: &Cut, head: &Head, part: u32) -> anyhow::Result<Handled> {
    let Some(range) = cut.parts.get(part as usize) else {
        return Ok(Handled::Done);
    };
    let key = keys::work(run.sync, run.id, PART, part);
    if run.store().stat(&key).await?.is_none() {
        let prepared = prepare_part(run, cut, head, *range, part).await?;
        let _ = facts::write(run.store(), &key, &prepared).await?;
    }
    if results(run, &keys::work_prefix(run.sync, run.id, PART)).await? == cut.parts.len() {
        if way(run.spec) == Some(FixedVia::Segment) {
            open_tasks(run.store(), run.sync, run.id, Stage::Sift, 0..=cut.partitions - 1).await?;
        } else {
            judge_all(run, cut, head).await?;
        }
    }
    Ok(Handled::Done)
}

async fn prepare_part(
    run: &Run<'_>,
    cut: &Cut,
    head: &Head,
    range: PartRange,
    part: u32,
) -> anyhow::Result<Prepared> {
    // A part that could not be scanned any more says so in a manifest of its own.
    let key = keys::manifest(run.sync, run.id, part);
    if let Some(manifest) = facts::read::<Manifest>(run.store(), &key).await? {
        return Ok(Prepared {
            counts: manifest.counts,
            end: manifest.end,
            ..Prepared::default()
        });
    }
    let decisions = decisions(run, cut, part).await?;
    let carried_keys = if removes(run.spec, run.plan) {
        HashSet::new()
    } else {
        run.left_over(head).await?.keys(run.store()).await?
    };
    let which = Which::Part(cut, range);
    let rows = rows_of(cut, part);
    let ended = |end| Prepared {
        counts: Counts {
            queried: rows,
            withheld: rows,
            ..Counts::default()
        },
        end: Some(end),
        ..Prepared::default()
    };
    let wanted = Wanted::Identifiers(&decisions);
    let boosts = match Boosts::load(run.ctx, run.spec, run.plan.export.as_ref(), which, wanted).await? {
        Ok(boosts) => boosts,
        Err(message) => return Ok(ended(sync_core::run::PartEnd::Broken { message })),
    };
    let part_of_run = match prepare(run, part, which, &decisions, &carried_keys, &boosts).await? {
        Ok(prepared) => prepared,
        Err(end) => return Ok(ended(end)),
    };
    run.keep_log(part, &part_of_run.log).await?;
    if !part_of_run.superseded.is_empty() {
        let mut digests: Vec<KeyDigest> = part_of_run.superseded.into_iter().collect();
        digests.sort_unstable();
        let object = in_partitions(1, digests.into_iter(), |_| 0);
        let key = keys::work(run.sync, run.id, "superseded", part);
        let _ = run.store().put_new(&key, Bytes::from(object)).await?;
    }
    run.keep_sent(part, part_of_run.sent).await?;
    let ids = state::in_partitions_by_id(cut.partitions, &part_of_run.ids);
    let key = keys::work(run.sync, run.id, "ids", part);
    let _ = run.store().put_new(&key, Bytes::from(ids)).await?;
    let files = way(run.spec) == Some(FixedVia::FileUpload);
    let key = |number| {
        if files {
            keys::audience_file(run.sync, run.id, part, number)
        } else {
            keys::prepared(run.sync, run.id, part, number)
        }
    };
    let rows = part_of_run.spool.publish(run.store(), key).await?;
    Ok(Prepared {
        rows,
        counts: part_of_run.log.counts,
        ..part_of_run.prepared
    })
}

/// How many rows a part has.
fn rows_of(cut: &Cut, part: u32) -> u64 {
    let begins = |part: usize| cut.parts.get(part).map_or(cut.rows, |range| range.records);
    begins(part as usize + 1).saturating_sub(begins(part as usize))
}

/// Compares a partition of identifiers, or, when it was the last one, has the export judged.
pub(crate) async fn sift(run: &Run<'_>, cut: &Cut, head: &Head, partition: u32) -> anyhow::Result<Handled> {
    if partition >= cut.partitions {
        return Ok(Handled::Done);
    }
    let key = keys::work(run.sync, run.id, SIFT, partition);
    if run.store().stat(&key).await?.is_none() {
        let prepared = if removes(run.spec, run.plan) {
            prepare_removals(run, cut, head, partition).await?
        } else {
            PreparedRemovals::default()
        };
        let _ = facts::write(run.store(), &key, &prepared).await?;
    }
    let over = results(run, &keys::work_prefix(run.sync, run.id, SIFT)).await?;
    if over as u64 == u64::from(cut.partitions) {
        judge_all(run, cut, head).await?;
    }
    Ok(Handled::Done)
}

async fn prepare_removals(
    run: &Run<'_>,
    cut: &Cut,
    head: &Head,
    partition: u32,
) -> anyhow::Result<PreparedRemovals> {
    let partitions = cut.partitions;
    let old = state::owned_holders(run, head, partitions, partition).await?;
    let old = state::marked(run, old, partitions).await?;
    let brought = state::brought(run, cut.last_part(), partitions, partition).await?;
    let mut spool = Spool::new(&run.ctx.settings.spool)?;
    let prepared = removals::write(run, removals::removals(old, brought), &mut spool)?;
    spool
        .publish(run.store(), |number| {
            keys::removal(run.sync, run.id, partition, number)
        })
        .await?;
    Ok(prepared)
}

/// Judges the whole export, once, and opens the last stage before delivery.
async fn judge_all(run: &Run<'_>, cut: &Cut, head: &Head) -> anyhow::Result<()> {
    let parts = prepared_parts(run, cut).await?;
    let mut gone = 0;
    for partition in 0..cut.partitions {
        gone += state::gone(run, partition).await?;
    }
    let judged = judge::judge(run, &parts, gone, state::known(head, run.plan));
    let key = keys::work(run.sync, run.id, "judged", 0);
    let _ = facts::write(run.store(), &key, &judged).await?;
    open_tasks(run.store(), run.sync, run.id, Stage::Publish, 0..=cut.last_part()).await
}

async fn prepared_parts(run: &Run<'_>, cut: &Cut) -> anyhow::Result<Vec<Prepared>> {
    let mut parts = Vec::new();
    for part in 0..cut.last_part() {
        parts.push(fact::<Prepared>(run, PART, part).await?);
    }
    Ok(parts)
}

async fn fact<T: serde::de::DeserializeOwned>(run: &Run<'_>, what: &str, index: u32) -> anyhow::Result<T> {
    let key = keys::work(run.sync, run.id, what, index);
    facts::read(run.store(), &key)
        .await?
        .with_context(|| format!("{key} is gone, and the run is not over"))
}

/// Publishes the batches of a part that was judged.
pub(crate) async fn publish(run: &Run<'_>, cut: &Cut, head: &Head, part: u32) -> anyhow::Result<Handled> {
    if part > cut.last_part() {
        return Ok(Handled::Done);
    }
    let key = keys::manifest(run.sync, run.id, part);
    if run.store().stat(&key).await?.is_none() {
        let judged = if cut.parts.is_empty() {
            Judged::default()
        } else {
            fact::<Judged>(run, "judged", 0).await?
        };
        let manifest = if part < cut.last_part() {
            publish_part(run, &judged, part).await?
        } else {
            publish_last(run, cut, head, &judged).await?
        };
        let _ = facts::write(run.store(), &key, &manifest).await?;
    }
    settle(run.store(), run.sync, run.id, part).await?;
    Ok(Handled::Done)
}

async fn publish_part(run: &Run<'_>, judged: &Judged, part: u32) -> anyhow::Result<Manifest> {
    let prepared = fact::<Prepared>(run, PART, part).await?;
    if let Some(end) = &judged.end {
        return Ok(withheld(prepared.counts, end.clone()));
    }
    let mut batches = Batches::new(run, part);
    if prepared.files.is_empty() {
        for (number, rows) in (0..).zip(&prepared.rows) {
            let from = keys::prepared(run.sync, run.id, part, number);
            batches.copy(&from, *rows).await?;
        }
    }
    Ok(Manifest {
        batches: batches.rows,
        counts: prepared.counts,
        end: None,
        removals: 0,
    })
}

/// The part behind those of the export: what earlier runs left over, removals, and the upload of all files.
async fn publish_last(run: &Run<'_>, cut: &Cut, head: &Head, judged: &Judged) -> anyhow::Result<Manifest> {
    if let Some(end) = &judged.end {
        return Ok(run::ended(Counts::default(), end.clone()));
    }
    let last = cut.last_part();
    let mut counts = Counts {
        removed: judged.removed,
        ..Counts::default()
    };
    let (mut spool, mut sent) = (Spool::new(&run.ctx.settings.spool)?, Vec::new());
    let left = run.left_over(head).await?;
    let (superseded, done) = given_way(run, cut, head, &left.keys(run.store()).await?).await?;
    let given_way = (&superseded, &done);
    write_carried(run, head, &left, given_way, &mut spool, &mut sent, &mut counts).await?;
    run.keep_sent(last, sent).await?;
    let mut removals = u32::try_from(spool.removals())?;
    if way(run.spec) == Some(FixedVia::FileUpload) && !cut.parts.is_empty() {
        let parts = prepared_parts(run, cut).await?;
        let people = parts.iter().map(|part| part.counts.to_send).sum();
        let files: Vec<_> = parts.into_iter().flat_map(|part| part.files).collect();
        upload::write(run, &files, people, &mut spool)?;
    }
    let mut batches = Batches::new(run, last);
    batches.rows = run.publish(last, vec![spool]).await?;
    if way(run.spec) == Some(FixedVia::Segment) && !cut.parts.is_empty() {
        for partition in 0..cut.partitions {
            let prepared = fact::<PreparedRemovals>(run, SIFT, partition).await?;
            counts.to_delete += prepared.identifiers;
            counts.removed_again += prepared.nobodys;
            for (number, rows) in (0..).zip(&prepared.rows) {
                let from = keys::removal(run.sync, run.id, partition, number);
                batches.copy(&from, *rows).await?;
                removals += 1;
            }
        }
    }
    Ok(Manifest {
        batches: batches.rows,
        counts,
        end: None,
        removals,
    })
}

/// Keys of carried rows that give way to a row of the export, and those that were accepted since.
async fn given_way(
    run: &Run<'_>,
    cut: &Cut,
    head: &Head,
    carried: &HashSet<KeyDigest>,
) -> anyhow::Result<(HashSet<KeyDigest>, HashSet<KeyDigest>)> {
    let (mut superseded, mut done) = (HashSet::new(), HashSet::new());
    for part in 0..cut.last_part() {
        let key = keys::work(run.sync, run.id, "superseded", part);
        if run.store().stat(&key).await?.is_some() {
            superseded.extend(run.slice::<KeyDigest>(&key, 1, 0).await?.1);
        }
    }
    let generation = head.generation.as_ref();
    if let Some(generation) = generation.filter(|_| !carried.is_empty() && !is_fresh(run.plan)) {
        for partition in 0..generation.partitions {
            let old = snapshot_partition(run.store(), run.sync, Some(generation), partition).await?;
            done.extend(carried::accepted_since(carried, Snapshot::read(&old)?));
        }
    }
    Ok((superseded, done))
}

/// Batches of a part, published one by one.
struct Batches<'a> {
    run: &'a Run<'a>,
    part: u32,
    rows: Vec<u32>,
}

impl<'a> Batches<'a> {
    fn new(run: &'a Run<'a>, part: u32) -> Self {
        Self {
            run,
            part,
            rows: Vec::new(),
        }
    }

    /// Publishes what lies prepared under a key.
    async fn copy(&mut self, from: &str, rows: u32) -> anyhow::Result<()> {
        let store: &dyn Store = self.run.store();
        let object = store.get(from).await?;
        let body = object
            .with_context(|| format!("{from} is gone, and the run is not over"))?
            .body;
        let key = sync_core::run::keys::BatchId {
            sync: self.run.sync.clone(),
            run: self.run.id.clone(),
            part: self.part,
            number: u32::try_from(self.rows.len())?,
        };
        let _ = store.put_new(&key.key(), body).await?;
        self.rows.push(rows);
        Ok(())
    }
}
