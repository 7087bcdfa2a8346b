//! One partition of the keys: the rows of all parts against the snapshot.

use bytes::Bytes;
use sync_core::diff::{Decision, KeyDigest, MergeSink, NotNew, ScanEntry, SlicesWriter, Snapshot, merge};
use sync_core::run::{Cut, Head, keys};

use crate::audience;
use crate::fold::owned_keys;
use crate::run::Run;

/// What a merge found of a partition.
#[derive(Default)]
struct MergedPartition {
    /// Rows that are not simply new, with their part.
    found: Vec<(u32, NotNew)>,
    gone: u64,
    /// Keys that are gone, and known ones whose row is sent again, ascending; empty unless asked for.
    dropped: Vec<KeyDigest>,
    keeps: bool,
}

impl MergeSink for MergedPartition {
    fn decide(&mut self, row: &ScanEntry, decision: Decision) {
        if decision != Decision::Send {
            self.found.push((
                row.part,
                NotNew {
                    row: row.row,
                    decision,
                },
            ));
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

/// Writes which rows of each part are not simply new, a slice for each part.
pub(crate) async fn merge_partition(
    run: &Run<'_>,
    cut: &Cut,
    head: &Head,
    partition: u32,
) -> anyhow::Result<()> {
    let mut rows: Vec<ScanEntry> = Vec::new();
    for part in 0..cut.last_part() {
        let key = keys::work(run.sync, run.id, "scan", part);
        let (_, entries) = run.slice::<ScanEntry>(&key, cut.partitions, partition).await?;
        rows.extend(entries.into_iter().map(|entry| ScanEntry { part, ..entry }));
    }
    let old = owned_keys(run.store(), run.sync, head, cut.partitions, partition).await?;
    let is_audience = run.spec.audience.is_some();
    let snapshot = if run.begins_empty(head) {
        Snapshot::EMPTY
    } else {
        Snapshot::read(&old)?
    };
    let mut merged = MergedPartition {
        keeps: audience::removes(run.spec, run.plan),
        ..MergedPartition::default()
    };
    let forget = is_audience && audience::forgets(run, head);
    merge(run.spec.mode, forget, &mut rows, snapshot, &mut merged);
    drop(rows);
    let MergedPartition {
        mut found,
        gone,
        dropped,
        ..
    } = merged;
    if is_audience {
        audience::write_dropped(run, partition, gone, &dropped).await?;
    }
    found.sort_unstable_by_key(|(part, row)| (*part, row.row));
    let mut writer = SlicesWriter::default();
    let mut found = found.into_iter().peekable();
    for part in 0..cut.last_part() {
        while let Some((_, row)) = found.next_if(|(of, _)| *of == part) {
            writer.push(&row);
        }
        writer.end_slice();
    }
    let key = keys::work(run.sync, run.id, "merge", partition);
    let _ = run.store().put_new(&key, Bytes::from(writer.finish(0))).await?;
    Ok(())
}
