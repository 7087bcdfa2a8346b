//! A small run: one invocation scans, compares, checks and writes the batches of an export. The same facts as a run
//! of many parts, and fewer objects.

use std::collections::HashSet;

use anyhow::Context as _;
use bytes::Bytes;
use runtime::{facts, settle};
use sync_core::csv::BrokenFile;
use sync_core::diff::{Decision, Snapshot, SnapshotEntry, SnapshotWriter, merge};
use sync_core::names::{RunId, SyncName};
use sync_core::run::{Counts, Head, Manifest, OpenRun, PartEnd, Pending, PendingRequest, Plan, keys};
use sync_core::spec::SyncSpec;

use crate::carried::{self, CarriedFate, LeftOver};
use crate::emit::{Emission, Emitter, Sent};
use crate::fold::{day_of, snapshot_bytes};
use crate::scan::{Scanned, scan};
use crate::spool::Spool;
use crate::{Context, rows, specs};

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
        let manifest = match specs::parse(&keys::spec(sync), plan.spec.as_bytes()) {
            Ok(loaded) => {
                let small = Small {
                    ctx,
                    sync,
                    run: &open.id,
                    spec: &loaded.spec,
                    head,
                    plan,
                };
                let of = retried(ctx, open).await?;
                small.plan(of.as_ref()).await?
            }
            Err(message) => broken(Counts::default(), &BrokenFile::whole(message)),
        };
        let _ = facts::write(store, &key, &manifest).await?;
    }
    settle::settle(store, sync, &open.id, PART).await?;
    Ok(())
}

/// The run whose refused rows this one was asked to send again.
async fn retried(ctx: &Context, open: &OpenRun) -> anyhow::Result<Option<RunId>> {
    let Some(input) = &open.input else {
        return Ok(None);
    };
    let entry = facts::read::<Pending>(ctx.store.as_ref(), input).await?;
    let entry = entry.with_context(|| format!("the pending entry {input} of the open run is gone"))?;
    Ok(match entry.request {
        PendingRequest::Retry { of } => Some(of),
        _ => None,
    })
}

fn broken(counts: Counts, file: &BrokenFile) -> Manifest {
    Manifest {
        batches: Vec::new(),
        counts,
        end: Some(PartEnd::Broken {
            message: file.to_string(),
        }),
    }
}

fn guarded(counts: Counts, message: String) -> Manifest {
    Manifest {
        batches: Vec::new(),
        counts,
        end: Some(PartEnd::Guard { message }),
    }
}

struct Small<'a> {
    ctx: &'a Context,
    sync: &'a SyncName,
    run: &'a RunId,
    spec: &'a SyncSpec,
    head: &'a Head,
    plan: &'a Plan,
}

impl Small<'_> {
    async fn plan(&self, retry: Option<&RunId>) -> anyhow::Result<Manifest> {
        let (ctx, store) = (self.ctx, self.ctx.store.as_ref());
        let mut scanned = match &self.plan.export {
            None => Scanned::default(),
            Some(export) => match scan(ctx, self.spec, export).await? {
                Ok(scanned) => scanned,
                Err(file) => return Ok(broken(Counts::default(), &file)),
            },
        };
        let queried = u64::from(scanned.rows);
        if let Some(message) = self.too_few(queried) {
            return Ok(guarded(
                Counts {
                    queried,
                    ..Counts::default()
                },
                message,
            ));
        }
        let old = snapshot_bytes(store, self.sync, self.head.generation.as_ref()).await?;
        let snapshot = if self.head.forget {
            Snapshot::EMPTY
        } else {
            Snapshot::read(&old)?
        };
        let mut decisions: Vec<Option<Decision>> = vec![None; scanned.rows as usize];
        merge(
            self.spec.mode,
            false,
            &mut scanned.entries,
            snapshot,
            |entry, decision| {
                if let Some(slot) = decisions.get_mut(entry.row as usize) {
                    *slot = Some(decision);
                }
            },
        );
        drop(scanned);
        let left = carried::left_over(store, self.sync, &self.head.carried, retry).await?;
        let carried_keys = left.keys(store).await?;
        let done = carried::accepted_since(&carried_keys, snapshot);
        self.emit(&decisions, &left, &carried_keys, &done).await
    }

    fn too_few(&self, queried: u64) -> Option<String> {
        let least = self.spec.guards.min_rows;
        let judged = self.plan.export.is_some() && !self.plan.ignore_guards && queried < least;
        judged.then(|| {
            format!(
                "the export has {queried} rows, guards.min_rows asks for {least}: nothing was sent; export again, lower the guard, or let it through with --ignore-guards"
            )
        })
    }

    fn too_many_rejected(&self, counts: &Counts) -> Option<String> {
        let judged = counts.queried.saturating_sub(counts.expired);
        let rejected = counts.rejected_total();
        let most = self.spec.guards.max_rejected_percent;
        #[expect(
            clippy::cast_precision_loss,
            reason = "a percentage of row counts needs no more than 52 bits"
        )]
        let percent = if judged == 0 {
            0.0
        } else {
            100.0 * rejected as f64 / judged as f64
        };
        (!self.plan.ignore_guards && percent > most).then(|| {
            format!(
                "{rejected} of {judged} rows ({percent:.1} %) were rejected, guards.max_rejected_percent allows {most} %: nothing was sent; look at the rejected rows, raise the guard, or let it through with --ignore-guards"
            )
        })
    }

    async fn emit(
        &self,
        decisions: &[Option<Decision>],
        left: &LeftOver,
        carried_keys: &HashSet<sync_core::diff::KeyDigest>,
        done: &HashSet<sync_core::diff::KeyDigest>,
    ) -> anyhow::Result<Manifest> {
        let (ctx, store) = (self.ctx, self.ctx.store.as_ref());
        let secret = ctx.fingerprint_key().await?;
        let emission = Emission {
            sync: self.sync,
            run: self.run,
            spec: self.spec,
            secret,
            now: self.plan.now,
        };
        let mut emitter = Emitter::new(
            &emission,
            decisions,
            carried_keys,
            Spool::new(&ctx.settings.spool)?,
        );
        if let Some(export) = &self.plan.export {
            if let Err(file) = rows::each(ctx, self.spec, export, |parsed| emitter.take(parsed)).await? {
                return Ok(broken(Counts::default(), &file));
            }
        }
        let (mut emitted, spool, superseded) = match emitter.finish() {
            Ok(parts) => parts,
            Err(file) => return Ok(broken(Counts::default(), &file)),
        };
        self.keep_rejected(&emitted.rejected, &emitted.warnings).await?;
        if let Some(message) = self.too_many_rejected(&emitted.counts) {
            let counts = Counts {
                to_send: 0,
                ..emitted.counts
            };
            return Ok(guarded(counts, message));
        }
        let mut first = Spool::new(&ctx.settings.spool)?;
        if !left.is_empty() {
            let fate = CarriedFate {
                now: self.plan.now,
                superseded: &superseded,
                done,
            };
            let headers = emission.headers();
            left.write(
                store,
                &fate,
                &headers,
                &mut first,
                &mut emitted.sent,
                &mut emitted.counts,
            )
            .await?;
        }
        self.keep_sent(emitted.sent).await?;
        let behind = first.len();
        let mut batches = first.publish(store, self.sync, self.run, PART, 0).await?;
        batches.extend(spool.publish(store, self.sync, self.run, PART, behind).await?);
        Ok(Manifest {
            batches,
            counts: emitted.counts,
            end: None,
        })
    }

    async fn keep_rejected(&self, rejected: &[u8], warnings: &[u8]) -> anyhow::Result<()> {
        for (what, lines) in [("rejected", rejected), ("warnings", warnings)] {
            if !lines.is_empty() {
                let key = keys::work(self.sync, self.run, what, PART);
                let _ = self
                    .ctx
                    .store
                    .put_new(&key, Bytes::copy_from_slice(lines))
                    .await?;
            }
        }
        Ok(())
    }

    /// The keys that go into batches: the new snapshot is the old one and these, less what was not accepted. Rows that
    /// go to TikTok's test page only are no part of it.
    async fn keep_sent(&self, mut sent: Vec<Sent>) -> anyhow::Result<()> {
        if self
            .spec
            .events
            .iter()
            .any(|block| block.test_event_code.is_some())
        {
            sent.clear();
        }
        sent.sort_unstable_by_key(|row| row.key);
        sent.dedup_by_key(|row| row.key);
        let day = day_of(self.plan.now);
        let mut writer = SnapshotWriter::default();
        for Sent { key, fingerprint } in sent {
            writer.push(SnapshotEntry {
                key,
                fingerprint,
                day,
            });
        }
        let key = keys::work(self.sync, self.run, "sent", PART);
        let _ = self.ctx.store.put_new(&key, Bytes::from(writer.finish())).await?;
        Ok(())
    }
}
