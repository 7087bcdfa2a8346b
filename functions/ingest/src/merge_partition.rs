//! One partition of the keys: the rows of all parts against the snapshot.

use bytes::Bytes;
use sync_core::diff::{Decision, NotSent, ScanEntry, SlicesWriter, Snapshot, merge};
use sync_core::run::{Cut, Head, keys};

use crate::fold::owned_keys;
use crate::run::Run;

/// Writes which rows of each part are not to be sent, a slice for each part.
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
    let snapshot = if head.forget {
        Snapshot::EMPTY
    } else {
        Snapshot::read(&old)?
    };
    let mut found: Vec<(u32, NotSent)> = Vec::new();
    merge(run.spec.mode, false, &mut rows, snapshot, |entry, decision| {
        if decision != Decision::Send {
            found.push((
                entry.part,
                NotSent {
                    row: entry.row,
                    decision,
                },
            ));
        }
    });
    drop(rows);
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
