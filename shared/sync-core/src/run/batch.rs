//! Batch files: rows that are ready to send, one JSON line each behind a header line.
//!
//! An API call's body is the header's `head`, the rows joined by commas, and the header's `tail`: `deliver` needs to
//! know no more about what it sends.

mod header;
mod writer;

pub use header::{BatchHeader, BatchKind, UploadJob};
pub use writer::{BatchWriter, NewRow};

use std::ops::Range;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::diff::{KeyDigest, RowFingerprint};

/// At most this many rows lie in a batch file.
pub const MAX_BATCH_ROWS: usize = 20_000;
/// At most this many API calls does a batch file make.
pub const MAX_BATCH_CALLS: usize = 2_000;
/// The format that this code writes and reads; a file of another one is refused.
pub const BATCH_FORMAT: u32 = 1;

/// One row of a batch file.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct BatchRow<'a> {
    /// The key's keyed digest.
    #[serde(rename = "k")]
    pub key: KeyDigest,
    /// The row's fingerprint.
    #[serde(rename = "f")]
    pub fingerprint: RowFingerprint,
    /// The row's number in the export, from 1.
    #[serde(rename = "r")]
    pub record: u64,
    /// Its line, from 1.
    #[serde(rename = "l")]
    pub line: Option<u64>,
    /// The primary key as reports show it: text, or a list of texts.
    #[serde(rename = "p", borrow)]
    pub shown_key: &'a RawValue,
    /// The event's time, epoch seconds.
    #[serde(rename = "t")]
    pub time: i64,
    /// What is sent.
    #[serde(rename = "e", borrow)]
    pub payload: &'a RawValue,
}

/// A batch file that was read.
#[derive(Debug)]
pub struct Batch<'a> {
    /// Its header.
    pub header: BatchHeader,
    /// Its rows.
    pub rows: Vec<BatchRow<'a>>,
}

/// Why a file is no batch file.
#[derive(Debug, thiserror::Error)]
pub enum InvalidBatch {
    /// A line is not what it should be.
    #[error("line {line} of the batch file is not valid: {source}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What serde says.
        source: serde_json::Error,
    },
    /// Written by a newer version.
    #[error("the batch file has format {0}; this version of deliver reads format {BATCH_FORMAT}")]
    Format(u32),
    /// Not text, or without a header.
    #[error("the batch file has no header line")]
    Empty,
}

impl<'a> Batch<'a> {
    /// Reads a batch file.
    pub fn read(bytes: &'a [u8]) -> Result<Self, InvalidBatch> {
        let text = std::str::from_utf8(bytes).map_err(|_| InvalidBatch::Empty)?;
        let mut lines = text.lines().enumerate();
        let (_, first) = lines.next().ok_or(InvalidBatch::Empty)?;
        let header: BatchHeader =
            serde_json::from_str(first).map_err(|source| InvalidBatch::Line { line: 1, source })?;
        if header.format != BATCH_FORMAT {
            return Err(InvalidBatch::Format(header.format));
        }
        let rows = lines
            .map(|(at, line)| {
                serde_json::from_str(line).map_err(|source| InvalidBatch::Line { line: at + 1, source })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { header, rows })
    }

    /// The calls that the rows make, as ranges of row numbers.
    pub fn calls(&self) -> Vec<Range<usize>> {
        let mut cutter = self.header.cutter();
        let mut calls: Vec<Range<usize>> = Vec::new();
        for (at, row) in self.rows.iter().enumerate() {
            let begins = cutter.begins_call(row.payload.get().len());
            match calls.last_mut() {
                Some(call) if !begins => call.end = at + 1,
                _ => calls.push(at..at + 1),
            }
        }
        calls
    }

    /// The body of a call that sends these rows.
    pub fn body(&self, rows: impl Iterator<Item = usize>) -> Vec<u8> {
        let payloads = rows
            .filter_map(|row| self.rows.get(row))
            .map(|row| row.payload.get().as_bytes());
        call_body(&self.header, payloads)
    }
}

/// The body of an API call.
pub fn call_body<'a>(header: &BatchHeader, payloads: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut body = Vec::with_capacity(4096);
    body.extend_from_slice(header.head.as_bytes());
    for (at, payload) in payloads.enumerate() {
        if at > 0 {
            body.push(b',');
        }
        body.extend_from_slice(payload);
    }
    body.extend_from_slice(header.tail.as_bytes());
    body
}

#[cfg(test)]
mod tests;
