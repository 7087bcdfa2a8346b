//! An export, read by ranges and taken apart into rows.

use runtime::store::{ETag, StoreError};
use sync_core::csv::{BrokenFile, CsvReader, Parsed};
use sync_core::run::PendingRequest;
use sync_core::spec::SyncSpec;

use crate::Context;

/// Reads all rows of an export. The outer error is the machinery's, the inner one is the file's.
pub(crate) async fn each(
    ctx: &Context,
    spec: &SyncSpec,
    export: &PendingRequest,
    mut take: impl FnMut(Parsed<'_>) -> Result<(), BrokenFile> + Send,
) -> anyhow::Result<Result<(), BrokenFile>> {
    let PendingRequest::Export { key, etag, size, .. } = export else {
        return Ok(Ok(()));
    };
    let version = ETag::new(etag);
    let mut reader = CsvReader::new(&spec.model.csv, key);
    let mut from: u64 = 0;
    loop {
        let to = from.saturating_add(ctx.settings.chunk_bytes).min(*size);
        let chunk = match ctx.store.get_range(key, from..to, Some(&version)).await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => {
                return Ok(Err(BrokenFile::whole(
                    "the export was deleted before it was read: export it again",
                )));
            }
            Err(StoreError::Changed { .. }) => {
                let message =
                    "the export was replaced while it was being read: its new content has a run of its own";
                return Ok(Err(BrokenFile::whole(message)));
            }
            Err(error) => return Err(error.into()),
        };
        let last = to >= *size;
        if let Err(broken) = reader.read(&chunk, last, &mut take) {
            return Ok(Err(broken));
        }
        if last {
            return Ok(Ok(()));
        }
        from = to;
    }
}
