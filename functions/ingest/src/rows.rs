//! An export, read by ranges and taken apart into rows.

use std::ops::Range;

use runtime::store::{ETag, StoreError, Version};
use sync_core::csv::{Boundary, BrokenFile, CsvReader, Parsed};
use sync_core::run::{Cut, PartRange, PendingRequest};
use sync_core::spec::SyncSpec;

use crate::Context;

/// Which rows of an export are read.
#[derive(Clone, Copy)]
pub(crate) enum Which<'a> {
    /// All of them.
    All,
    /// Those of one part of a cut export.
    Part(&'a Cut, PartRange),
}

/// Reads rows of an export. The outer error is the machinery's, the inner one is the file's.
pub(crate) async fn each(
    ctx: &Context,
    spec: &SyncSpec,
    export: &PendingRequest,
    which: Which<'_>,
    mut take: impl FnMut(Parsed<'_>) -> Result<(), BrokenFile> + Send,
) -> anyhow::Result<Result<(), BrokenFile>> {
    let PendingRequest::Export { key, size, .. } = export else {
        return Ok(Ok(()));
    };
    let (mut reader, range) = match which {
        Which::All => (CsvReader::new(&spec.model.csv, key), 0..*size),
        Which::Part(cut, part) => {
            let boundary = Boundary {
                offset: part.from,
                records: part.records,
                line: part.line,
            };
            let columns = cut.columns.clone();
            (
                CsvReader::from_boundary(&spec.model.csv, key, columns, boundary),
                part.from..part.to,
            )
        }
    };
    chunks(ctx, export, range, |chunk, last| {
        reader.read(chunk, last, &mut take)
    })
    .await
}

/// Reads a range of an export chunk by chunk; `last` comes true once, with the last chunk.
pub(crate) async fn chunks(
    ctx: &Context,
    export: &PendingRequest,
    range: Range<u64>,
    mut take: impl FnMut(&[u8], bool) -> Result<(), BrokenFile> + Send,
) -> anyhow::Result<Result<(), BrokenFile>> {
    let PendingRequest::Export {
        key, etag, version, ..
    } = export
    else {
        return Ok(Ok(()));
    };
    // Identity files are read as they are: whatever comes under the key counts.
    let version = (!etag.is_empty()).then(|| Version {
        etag: ETag::new(etag),
        id: version.clone(),
    });
    let mut from = range.start;
    loop {
        let to = from.saturating_add(ctx.settings.chunk_bytes).min(range.end);
        let chunk = match ctx.store.get_range(key, from..to, version.as_ref()).await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => {
                return Ok(Err(BrokenFile::whole(
                    "the export was deleted before it was read: export it again",
                )));
            }
            Err(StoreError::Changed { .. }) => {
                let message = "the export was replaced before it was read, and the bucket keeps no versions: its new content has a run of its own";
                return Ok(Err(BrokenFile::whole(message)));
            }
            Err(error) => return Err(error.into()),
        };
        let last = to >= range.end;
        if let Err(broken) = take(&chunk, last) {
            return Ok(Err(broken));
        }
        if last {
            return Ok(Ok(()));
        }
        from = to;
    }
}
