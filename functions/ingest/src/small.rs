//! A small run: one invocation scans, compares, checks and writes the batches of an export. The same facts as a run
//! of many parts, and fewer objects.

use runtime::{facts, settle};
use sync_core::diff::{Decision, KeyDigest, MergeSink, ScanEntry, Snapshot, merge};
use sync_core::names::SyncName;
use sync_core::run::{Counts, Head, Manifest, OpenRun, PartEnd, Plan, keys};

use crate::Context;
use crate::audience;
use crate::carried::{self, CarriedFate};
use crate::fold::snapshot_partition;
use crate::guards::too_few;
use crate::rows::Which;
use crate::run::{Checked, Run, broken, ended, pinned_spec};
use crate::scan::{Scanned, scan};
use crate::spool::Spool;

/// The one part of a small run.
const PART: u32 = 0;

/// Does all of a small run up to its manifest. What is done already is not done again.
pub(crate) async fn run(
    ctx: &Context,
    sync: &SyncName,
    open: &OpenRun,
    head: &Head,
    plan: &Plan,
) -> anyhow::Result<()> {
    let store = ctx.store.as_ref();
    let key = keys::manifest(sync, &open.id, PART);
    if store.stat(&key).await?.is_none() {
        let manifest = if let Some(end) = &plan.end {
            not_begun(plan, end)
        } else {
            let spec = pinned_spec(sync, plan)?;
            let id = &open.id;
            let run = Run {
                ctx,
                sync,
                id,
                plan,
                spec: &spec,
            };
            if spec.audience.is_some() {
                audience::run_part(&run, head).await?
            } else {
                run_part(&run, head).await?
            }
        };
        let _ = facts::write(store, &key, &manifest).await?;
    }
    settle::settle(store, sync, &open.id, PART).await?;
    Ok(())
}

/// What a merge found of an export that is one part.
#[derive(Default)]
pub(crate) struct Merged {
    /// What happens to each row.
    pub(crate) decisions: Vec<Decision>,
    /// How many keys of the snapshot the export has not.
    pub(crate) gone: u64,
    /// Those keys, and the known ones whose row is sent again, ascending; empty unless asked for.
    pub(crate) dropped: Vec<KeyDigest>,
    keeps: bool,
}

impl Merged {
    pub(crate) fn of(rows: u32) -> Self {
        Self {
            decisions: vec![Decision::Send; rows as usize],
            ..Self::default()
        }
    }

    /// The same, and keys that were dropped are kept.
    pub(crate) fn keeping(self, keeps: bool) -> Self {
        Self { keeps, ..self }
    }
}

impl MergeSink for Merged {
    fn decide(&mut self, row: &ScanEntry, decision: Decision) {
        if let Some(slot) = self.decisions.get_mut(row.row as usize) {
            *slot = decision;
        }
        if self.keeps && decision == Decision::Update {
            self.dropped.push(row.key);
        }
    }

    fn gone(&mut self, key: KeyDigest) {
        self.gone += 1;
        if self.keeps {
            self.dropped.push(key);
        }
    }
}

/// What is said of an export that was given up before any of its rows was compared.
fn not_begun(plan: &Plan, end: &PartEnd) -> Manifest {
    let queried = plan.cut.as_ref().map_or(0, |cut| cut.rows);
    let counts = Counts {
        queried,
        withheld: queried,
        ..Counts::default()
    };
    ended(counts, end.clone())
}

async fn run_part(run: &Run<'_>, head: &Head) -> anyhow::Result<Manifest> {
    let store = run.store();
    let mut scanned = match &run.plan.export {
        None => Scanned::default(),
        Some(export) => match scan(run.ctx, run.spec, export, Which::All).await? {
            Ok(scanned) => scanned,
            Err(file) => return Ok(broken(&file)),
        },
    };
    let queried = u64::from(scanned.rows);
    if let Some(message) = too_few(run.spec, run.plan, queried) {
        let counts = Counts {
            queried,
            withheld: queried,
            ..Counts::default()
        };
        return Ok(ended(counts, PartEnd::Guard { message }));
    }
    let old = snapshot_partition(store, run.sync, head.generation.as_ref(), 0).await?;
    let snapshot = if run.begins_empty(head) {
        Snapshot::EMPTY
    } else {
        Snapshot::read(&old)?
    };
    let mut merged = Merged::of(scanned.rows);
    merge(run.spec.mode, false, &mut scanned.entries, snapshot, &mut merged);
    let Merged { decisions, .. } = merged;
    drop(scanned);
    let left = run.left_over(head).await?;
    let carried_keys = left.keys(store).await?;
    let done = carried::accepted_since(&carried_keys, snapshot);
    let Checked {
        mut emitted,
        spool,
        superseded,
    } = match run.check(PART, Which::All, &decisions, &carried_keys).await? {
        Ok(checked) => checked,
        Err(manifest) => return Ok(manifest),
    };
    let fate = CarriedFate {
        now: run.plan.now,
        superseded: &superseded,
        done: &done,
    };
    let mut first = Spool::new(&run.ctx.settings.spool)?;
    let headers = run.emission().await?.headers();
    left.write(
        store,
        &fate,
        &headers,
        &mut first,
        &mut emitted.sent,
        &mut emitted.log.counts,
    )
    .await?;
    run.keep_sent(PART, emitted.sent).await?;
    Ok(Manifest {
        batches: run.publish(PART, vec![first, spool]).await?,
        counts: emitted.log.counts,
        end: None,
        removals: 0,
    })
}
