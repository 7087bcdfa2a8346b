//! Batch files: rows that are ready to send, one JSON line each behind a header line.
//!
//! An API call's body is the header's `head`, the rows joined by commas, and the header's `tail`: `deliver` needs to
//! know no more about what it sends.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::audience::{MAX_MAPPING_BYTES, SegmentCalls};
use crate::diff::{KeyDigest, RowFingerprint};
use crate::events::{CallBody, CallCutter, MAX_BODY_BYTES};
use crate::names::{AdvertiserId, AudienceId, DestinationName, RunId, SyncName};
use crate::spec::{EventBlock, OutOfRange};

/// At most this many rows lie in a batch file.
pub const MAX_BATCH_ROWS: usize = 20_000;
/// At most this many API calls does a batch file make.
pub const MAX_BATCH_CALLS: usize = 2_000;
/// The format that this code writes. `deliver` reads this one and the one before.
pub const BATCH_FORMAT: u32 = 1;

/// The first line of a batch file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchHeader {
    /// [`BATCH_FORMAT`].
    pub format: u32,
    /// The sync.
    pub sync: SyncName,
    /// The run.
    pub run: RunId,
    /// The connection to send through.
    pub destination: DestinationName,
    /// Which event block of the spec made the rows.
    pub block: u32,
    /// TikTok's endpoint, for example `event/track/`.
    pub endpoint: String,
    /// What comes before the rows in a call's body.
    pub head: String,
    /// What comes after them.
    pub tail: String,
    /// Rows per API call, at most.
    pub batch_size: u32,
    /// Seconds after which a row of this batch has become too old to be sent.
    pub max_age: u64,
    /// What the rows are.
    #[serde(default, skip_serializing_if = "BatchKind::is_events")]
    pub kind: BatchKind,
}

/// What the rows of a batch are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchKind {
    /// Events.
    #[default]
    Events,
    /// Persons that are added to an audience. Equal ones go once a call.
    Adds,
    /// Identifiers that are removed from an audience.
    Removals,
    /// Files that become an audience together: `head` is an [`UploadJob`], each row an
    /// [`UploadedFile`](crate::audience::UploadedFile).
    Upload,
}

impl BatchKind {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    fn is_events(&self) -> bool {
        *self == Self::Events
    }

    /// The largest body of a call, in bytes.
    fn max_bytes(self) -> usize {
        match self {
            Self::Events => MAX_BODY_BYTES,
            Self::Adds | Self::Removals | Self::Upload => MAX_MAPPING_BYTES,
        }
    }
}

/// What an upload makes of its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadJob {
    /// The advertiser account.
    pub advertiser_id: AdvertiserId,
    /// `calculate_type` of files and audience.
    pub calculate_type: String,
    /// The name under which the audience is made where there is none yet; `None`: there is one.
    pub name: Option<String>,
    /// The audience, where it was known when the batch was written.
    pub audience_id: Option<AudienceId>,
    /// `retention_in_days` of a new audience.
    pub retention_days: Option<u16>,
    /// TikTok's own half of Match Booster.
    pub audience_enhancement: bool,
    /// The files add to the audience; otherwise they replace what is in it.
    #[serde(default)]
    pub append: bool,
    /// How many people they hold.
    pub people: u64,
}

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

impl BatchHeader {
    /// The header of an event block's batches. `number` is the block's place in the spec.
    pub fn of_events(
        block: &EventBlock,
        number: u32,
        sync: &SyncName,
        run: &RunId,
        destination: &DestinationName,
    ) -> Self {
        let body = CallBody::new(block);
        Self {
            format: BATCH_FORMAT,
            sync: sync.clone(),
            run: run.clone(),
            destination: destination.clone(),
            block: number,
            endpoint: "event/track/".to_owned(),
            head: String::from_utf8_lossy(body.head()).into_owned(),
            tail: CallBody::TAIL.to_owned(),
            batch_size: u32::from(block.batch_size),
            // Events out of range that are sent with a warning never become too old.
            max_age: match block.when_out_of_range {
                OutOfRange::Refuse => block.max_age.as_secs(),
                OutOfRange::Warn => u64::MAX,
            },
            kind: BatchKind::Events,
        }
    }

    /// The header of batches that add persons to an audience or remove identifiers from it.
    pub fn of_persons(
        kind: BatchKind,
        head: String,
        persons_per_call: u16,
        sync: &SyncName,
        run: &RunId,
        destination: &DestinationName,
    ) -> Self {
        Self {
            format: BATCH_FORMAT,
            sync: sync.clone(),
            run: run.clone(),
            destination: destination.clone(),
            block: u32::from(kind == BatchKind::Removals),
            endpoint: SegmentCalls::ENDPOINT.to_owned(),
            head,
            tail: SegmentCalls::TAIL.to_owned(),
            batch_size: u32::from(persons_per_call),
            max_age: u64::MAX,
            kind,
        }
    }

    /// The header of the batch that uploads an audience's files.
    pub fn of_upload(
        job: &UploadJob,
        sync: &SyncName,
        run: &RunId,
        destination: &DestinationName,
    ) -> Result<Self, serde_json::Error> {
        Ok(Self {
            format: BATCH_FORMAT,
            sync: sync.clone(),
            run: run.clone(),
            destination: destination.clone(),
            block: 0,
            endpoint: "dmp/custom_audience/file/upload/".to_owned(),
            head: serde_json::to_string(job)?,
            tail: String::new(),
            // All files belong to one job.
            batch_size: u32::MAX,
            max_age: u64::MAX,
            kind: BatchKind::Upload,
        })
    }

    /// The `event_source` of the calls' bodies; `None` for bodies without one.
    pub fn event_source(&self) -> Option<String> {
        let empty: serde_json::Value = serde_json::from_str(&format!("{}{}", self.head, self.tail)).ok()?;
        Some(empty.get("event_source")?.as_str()?.to_owned())
    }

    /// A cutter for the calls of this batch. The same rows are always cut alike.
    fn cutter(&self) -> CallCutter {
        CallCutter::new(
            self.batch_size as usize,
            self.head.len() + self.tail.len(),
            self.kind.max_bytes(),
        )
    }
}

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

#[cfg(test)]
mod tests;
