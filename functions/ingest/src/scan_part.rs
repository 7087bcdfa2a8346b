//! A part of a large export is read for the first time.

use bytes::Bytes;
use runtime::facts;
use sync_core::run::{Cut, PartRange, keys};

use crate::rows::Which;
use crate::run::{Run, broken, in_partitions};
use crate::scan::{Scanned, scan};

/// Writes the keys and fingerprints of a part, a slice for each partition of the keys. A part that cannot be read
/// any more ends here, and the others go on.
pub(crate) async fn scan_part(run: &Run<'_>, cut: &Cut, range: PartRange, part: u32) -> anyhow::Result<()> {
    let mut scanned = match &run.plan.export {
        None => Scanned::default(),
        Some(export) => match scan(run.ctx, run.spec, export, Which::Part(cut, range)).await? {
            Ok(scanned) => scanned,
            Err(file) => {
                let key = keys::manifest(run.sync, run.id, part);
                let _ = facts::write(run.store(), &key, &broken(&file)).await?;
                Scanned::default()
            }
        },
    };
    scanned
        .entries
        .sort_unstable_by_key(|entry| (entry.key, entry.row));
    let object = in_partitions(cut.partitions, scanned.entries.into_iter(), |entry| {
        entry.key.partition(cut.partitions)
    });
    let key = keys::work(run.sync, run.id, "scan", part);
    let _ = run.store().put_new(&key, Bytes::from(object)).await?;
    Ok(())
}
