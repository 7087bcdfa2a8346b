//! Batch files are written in memory, and cut where they are full.

use super::{BatchHeader, MAX_BATCH_CALLS, MAX_BATCH_ROWS};
use crate::diff::{KeyDigest, RowFingerprint};
use crate::events::CallCutter;

/// Writes one batch file in memory.
#[derive(Debug)]
pub struct BatchWriter {
    header: BatchHeader,
    cutter: CallCutter,
    bytes: Vec<u8>,
    rows: usize,
    calls: usize,
}

/// What a row of a batch is made of, before it is written.
#[derive(Debug)]
pub struct NewRow<'a> {
    /// The key's keyed digest.
    pub key: KeyDigest,
    /// The row's fingerprint.
    pub fingerprint: RowFingerprint,
    /// The row's number in the export.
    pub record: u64,
    /// Its line.
    pub line: Option<u64>,
    /// The primary key as reports show it, as JSON.
    pub shown_key: &'a [u8],
    /// The event's time.
    pub time: i64,
    /// What is sent, as JSON.
    pub payload: &'a [u8],
}

impl BatchWriter {
    /// An empty batch file.
    pub fn new(header: BatchHeader) -> Self {
        let cutter = header.cutter();
        let mut writer = Self {
            header,
            cutter,
            bytes: Vec::new(),
            rows: 0,
            calls: 0,
        };
        writer.begin();
        writer
    }

    fn begin(&mut self) {
        self.bytes.clear();
        // A header of plain fields serialises; were it ever not to, the reader would refuse the file.
        if let Ok(line) = serde_json::to_vec(&self.header) {
            self.bytes.extend_from_slice(&line);
        }
        self.bytes.push(b'\n');
        self.cutter = self.header.cutter();
        (self.rows, self.calls) = (0, 0);
    }

    /// Adds a row. When the file is full, the full file (bytes and number of rows) comes back first.
    pub fn push(&mut self, row: &NewRow<'_>) -> Option<(Vec<u8>, u32)> {
        let begins = self.cutter.begins_call(row.payload.len()) || self.rows == 0;
        let full = self.rows >= MAX_BATCH_ROWS || (begins && self.calls >= MAX_BATCH_CALLS);
        let done = if full { self.take() } else { None };
        if full {
            self.cutter.begins_call(row.payload.len());
        }
        self.calls += usize::from(begins || full);
        self.rows += 1;
        let out = &mut self.bytes;
        out.extend_from_slice(b"{\"k\":\"");
        out.extend_from_slice(row.key.hex().as_bytes());
        out.extend_from_slice(b"\",\"f\":\"");
        out.extend_from_slice(row.fingerprint.hex().as_bytes());
        out.extend_from_slice(b"\",\"r\":");
        out.extend_from_slice(itoa::Buffer::new().format(row.record).as_bytes());
        out.extend_from_slice(b",\"l\":");
        match row.line {
            Some(line) => out.extend_from_slice(itoa::Buffer::new().format(line).as_bytes()),
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b",\"p\":");
        out.extend_from_slice(row.shown_key);
        out.extend_from_slice(b",\"t\":");
        out.extend_from_slice(itoa::Buffer::new().format(row.time).as_bytes());
        out.extend_from_slice(b",\"e\":");
        out.extend_from_slice(row.payload);
        out.extend_from_slice(b"}\n");
        done
    }

    /// Whether it writes files of this header.
    pub fn is_of(&self, header: &BatchHeader) -> bool {
        self.header == *header
    }

    /// The rest, when there is one. The writer begins anew.
    pub fn take(&mut self) -> Option<(Vec<u8>, u32)> {
        if self.rows == 0 {
            return None;
        }
        let rows = u32::try_from(self.rows).unwrap_or(u32::MAX);
        let bytes = std::mem::take(&mut self.bytes);
        self.begin();
        Some((bytes, rows))
    }
}
