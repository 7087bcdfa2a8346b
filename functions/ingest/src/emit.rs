//! A part is read for the second time: rows that are to be sent are checked, hashed and written as batches.

use std::collections::HashSet;

use sync_core::csv::{BrokenFile, Parsed};
use sync_core::diff::{Decision, FingerprintKey, KeyDigest, RowFingerprint};
use sync_core::events::{EventMapper, Fate, MappedRow};
use sync_core::key::PrimaryKey;
use sync_core::names::{RunId, SyncName};
use sync_core::rejection::{Code, Problem};
use sync_core::row::{Position, Row};
use sync_core::run::{BatchHeader, BatchWriter, Counts, NewRow};
use sync_core::spec::{SyncSpec, mapping_version};

use crate::rejected::write_line;
use crate::spool::Spool;

/// What a run's rows are made with.
pub(crate) struct Emission<'a> {
    pub(crate) sync: &'a SyncName,
    pub(crate) run: &'a RunId,
    pub(crate) spec: &'a SyncSpec,
    pub(crate) secret: &'a FingerprintKey,
    /// The time that ages are measured against, epoch seconds.
    pub(crate) now: i64,
}

impl Emission<'_> {
    /// The batch header of each event block.
    pub(crate) fn headers(&self) -> Vec<BatchHeader> {
        let blocks = self.spec.events.iter().zip(0..);
        let header = |(block, number)| {
            BatchHeader::of_events(block, number, self.sync, self.run, &self.spec.destination)
        };
        blocks.map(header).collect()
    }
}

/// A row that was put into a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) key: KeyDigest,
    pub(crate) fingerprint: RowFingerprint,
}

/// What emitting a part gave, besides the batches in the spool.
pub(crate) struct Emitted {
    pub(crate) counts: Counts,
    pub(crate) rejected: Vec<u8>,
    pub(crate) warnings: Vec<u8>,
    pub(crate) sent: Vec<Sent>,
}

/// Takes the rows of one part.
pub(crate) struct Emitter<'a> {
    emission: &'a Emission<'a>,
    decisions: &'a [Decision],
    /// Keys of carried rows: where a new row of such a key is sent, the carried one gives way.
    carried: &'a HashSet<KeyDigest>,
    /// The carried keys that gave way.
    pub(crate) superseded: HashSet<KeyDigest>,
    version: [u8; 16],
    mapper: Option<EventMapper>,
    mapped: MappedRow,
    key: PrimaryKey,
    writers: Vec<BatchWriter>,
    shown: Vec<u8>,
    spool: Spool,
    out: Emitted,
}

impl<'a> Emitter<'a> {
    pub(crate) fn new(
        emission: &'a Emission<'a>,
        decisions: &'a [Decision],
        carried: &'a HashSet<KeyDigest>,
        spool: Spool,
    ) -> Self {
        Self {
            emission,
            decisions,
            carried,
            superseded: HashSet::new(),
            version: mapping_version(emission.spec),
            mapper: None,
            mapped: MappedRow::default(),
            key: PrimaryKey::default(),
            writers: emission.headers().into_iter().map(BatchWriter::new).collect(),
            shown: Vec::new(),
            spool,
            out: Emitted {
                counts: Counts::default(),
                rejected: Vec::new(),
                warnings: Vec::new(),
                sent: Vec::new(),
            },
        }
    }

    pub(crate) fn take(&mut self, parsed: Parsed<'_>) -> Result<(), BrokenFile> {
        match parsed {
            Parsed::Header(header) => {
                let mapper = EventMapper::new(self.emission.spec, header);
                self.mapper = Some(mapper.map_err(|missing| BrokenFile::whole(missing.to_string()))?);
                Ok(())
            }
            Parsed::Bad { position, problem } => {
                self.out.counts.queried += 1;
                self.reject(position, false, &problem);
                Ok(())
            }
            Parsed::Row(row) => self.row(&row),
        }
    }

    fn row(&mut self, row: &Row<'_>) -> Result<(), BrokenFile> {
        let number = usize::try_from(self.out.counts.queried).unwrap_or(usize::MAX);
        self.out.counts.queried += 1;
        let Some(mapper) = self.mapper.take() else {
            return Ok(());
        };
        let result = match self.decisions.get(number).copied().unwrap_or(Decision::Send) {
            Decision::Unchanged => {
                self.out.counts.unchanged += 1;
                Ok(())
            }
            Decision::ChangedNotSent => {
                self.out.counts.changed_not_sent += 1;
                Ok(())
            }
            Decision::Duplicate => {
                let has_key = mapper.key(row, &mut self.key).is_ok();
                let message = "an earlier row of this export has the same primary key; the first one counts";
                self.reject(
                    row.position,
                    has_key,
                    &Problem::row(Code::DuplicatePrimaryKey, message),
                );
                Ok(())
            }
            Decision::Send => self.send(&mapper, row),
        };
        self.mapper = Some(mapper);
        result
    }

    fn send(&mut self, mapper: &EventMapper, row: &Row<'_>) -> Result<(), BrokenFile> {
        // Rows without a readable key were not compared with anything.
        if let Err(problem) = mapper.key(row, &mut self.key) {
            self.reject(row.position, false, &problem);
            return Ok(());
        }
        match mapper.map(row, self.emission.now, &mut self.mapped) {
            Fate::Expired => {
                self.out.counts.expired += 1;
                Ok(())
            }
            Fate::Rejected(problem) => {
                self.reject(row.position, true, &problem);
                Ok(())
            }
            Fate::Send => self.write(mapper, row),
        }
    }

    fn write(&mut self, mapper: &EventMapper, row: &Row<'_>) -> Result<(), BrokenFile> {
        let shown = self.key.shown();
        self.shown.clear();
        // A key of plain texts always serialises.
        if serde_json::to_writer(&mut self.shown, &shown).is_err() {
            self.shown.extend_from_slice(b"null");
        }
        for warning in &self.mapped.warnings {
            self.out.counts.warn(warning.code);
            write_line(&mut self.out.warnings, row.position, Some(&shown), warning);
        }
        let mut hasher = self.emission.secret.row(&self.version);
        mapper.hash_mapped_values(row, &mut |piece| hasher.write(piece));
        let sent = Sent {
            key: self.emission.secret.key_digest(self.key.bytes()),
            fingerprint: hasher.finish(),
        };
        for event in &self.mapped.events {
            let (Some(writer), Some(payload)) = (
                self.writers.get_mut(event.block),
                self.mapped.json.get(event.range.clone()),
            ) else {
                continue;
            };
            let full = writer.push(&NewRow {
                key: sent.key,
                fingerprint: sent.fingerprint,
                record: row.position.record,
                line: row.position.line,
                shown_key: &self.shown,
                time: self.mapped.time,
                payload,
            });
            if let Some((bytes, rows)) = full {
                keep(&mut self.spool, &bytes, rows)?;
            }
        }
        if self.carried.contains(&sent.key) {
            self.superseded.insert(sent.key);
        }
        self.out.sent.push(sent);
        self.out.counts.to_send += 1;
        Ok(())
    }

    fn reject(&mut self, position: Position, has_key: bool, problem: &Problem) {
        self.out.counts.reject(problem.code);
        let shown = has_key.then(|| self.key.shown());
        write_line(&mut self.out.rejected, position, shown.as_ref(), problem);
    }

    /// The last batches go to the spool.
    pub(crate) fn finish(mut self) -> Result<(Emitted, Spool, HashSet<KeyDigest>), BrokenFile> {
        for writer in &mut self.writers {
            if let Some((bytes, rows)) = writer.take() {
                keep(&mut self.spool, &bytes, rows)?;
            }
        }
        Ok((self.out, self.spool, self.superseded))
    }
}

fn keep(spool: &mut Spool, bytes: &[u8], rows: u32) -> Result<(), BrokenFile> {
    spool.keep(bytes, rows).map_err(|error| {
        BrokenFile::whole(format!(
            "the batches of the part do not fit into the temporary folder: {error}"
        ))
    })
}
