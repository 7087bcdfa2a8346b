//! A large export is cut into parts of whole rows, so that several invocations can work on it.

use sync_core::csv::{Boundary, BrokenFile, CsvReader, Parsed};
use sync_core::mapper::RowMapper;
use sync_core::run::{Cut, Generation, PartRange, PendingRequest};
use sync_core::spec::SyncSpec;

use crate::{Context, rows};

/// A run has at most this many parts: a listing of them is one page.
const MAX_PARTS: u64 = 1_000;

/// A part of an audience's export is by so much smaller.
const AUDIENCE_SHARE: u64 = 4;

/// How an export is cut; `None` for a small run. The inner error is the file's.
pub(crate) async fn cut(
    ctx: &Context,
    spec: &SyncSpec,
    export: Option<&PendingRequest>,
    generation: Option<&Generation>,
) -> anyhow::Result<Result<Option<Cut>, BrokenFile>> {
    let settings = &ctx.settings;
    let (known, partitions) =
        generation.map_or((0, 1), |generation| (generation.keys, generation.partitions));
    let size = match export {
        Some(PendingRequest::Export { size, .. }) => *size,
        _ => 0,
    };
    // Persons leave more behind than events: their identifiers are kept until they are compared.
    let part_bytes = if spec.audience.is_some() {
        settings.part_bytes / AUDIENCE_SHARE
    } else {
        settings.part_bytes
    };
    if size <= part_bytes && partitions == 1 && known <= settings.partition_keys {
        return Ok(Ok(None));
    }
    let bytes_each = size.div_ceil(MAX_PARTS).max(part_bytes);
    let mut cutter = Cutter::new(size, bytes_each, settings.part_rows);
    if let Some(export @ PendingRequest::Export { key, .. }) = export {
        let mut reader = CsvReader::new(&spec.model.csv, key);
        let read = rows::chunks(ctx, export, 0..size, |chunk, last| {
            reader.read(chunk, last, &mut |parsed| {
                if let Parsed::Header(header) = parsed {
                    RowMapper::new(spec, header).map_err(|missing| BrokenFile::whole(missing.to_string()))?;
                    cutter.columns = header.names().to_vec();
                }
                Ok(())
            })?;
            cutter.at(reader.rows_begin(), reader.boundary(), last);
            Ok(())
        });
        if let Err(file) = read.await? {
            return Ok(Err(file));
        }
    }
    let keys = known.saturating_add(cutter.rows);
    let wanted = keys
        .div_ceil(settings.partition_keys.max(1))
        .max(1)
        .next_power_of_two();
    let partitions = partitions
        .max(u32::try_from(wanted).unwrap_or(1 << 16))
        .min(1 << 16);
    Ok(Ok(Some(Cut {
        columns: cutter.columns,
        parts: cutter.parts,
        rows: cutter.rows,
        partitions,
    })))
}

/// Cuts at the row boundaries that it is shown.
struct Cutter {
    columns: Vec<String>,
    parts: Vec<PartRange>,
    /// Where the current part begins; `None` before the first one.
    begin: Option<Boundary>,
    rows: u64,
    size: u64,
    bytes_each: u64,
    rows_each: u64,
}

impl Cutter {
    fn new(size: u64, bytes_each: u64, rows_each: u64) -> Self {
        Self {
            columns: Vec::new(),
            parts: Vec::new(),
            begin: None,
            rows: 0,
            size,
            bytes_each,
            rows_each,
        }
    }

    fn at(&mut self, rows_begin: Boundary, boundary: Boundary, last: bool) {
        self.rows = boundary.records;
        let begin = self.begin.unwrap_or(rows_begin);
        let records = boundary.records.saturating_sub(begin.records);
        let bytes = boundary.offset.saturating_sub(begin.offset);
        let full = bytes >= self.bytes_each || records >= self.rows_each;
        if records > 0 && (full || last) {
            self.parts.push(PartRange {
                from: begin.offset,
                // The reader ends a last line that has no end of its own.
                to: boundary.offset.min(self.size),
                records: begin.records,
                line: begin.line,
            });
            self.begin = Some(boundary);
        }
    }
}
