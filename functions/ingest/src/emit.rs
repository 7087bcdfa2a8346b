//! A part is read for the second time: rows that are to be sent are checked, hashed and written as batches.

use std::collections::HashSet;

use sync_core::csv::{BrokenFile, Parsed};
use sync_core::diff::{Decision, FingerprintKey, KeyDigest, RowFingerprint};
use sync_core::events::{EventMapper, Fate, MappedRow};
use sync_core::key::PrimaryKey;
use sync_core::names::{RunId, SyncName};
use sync_core::row::Row;
use sync_core::run::{BatchHeader, BatchWriter, NewRow};
use sync_core::spec::{SyncSpec, mapping_version};

use crate::row_log::{RowLog, no_room, write_shown};
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
    pub(crate) log: RowLog,
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
                log: RowLog::default(),
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
                self.out.log.counts.queried += 1;
                self.out.log.reject(position, None, &problem);
                Ok(())
            }
            Parsed::Row(row) => self.row(&row),
        }
    }

    fn row(&mut self, row: &Row<'_>) -> Result<(), BrokenFile> {
        let decision = self.out.log.next(self.decisions);
        let Some(mapper) = self.mapper.take() else {
            return Ok(());
        };
        let result = match decision {
            Decision::Unchanged | Decision::ChangedNotSent => Ok(()),
            Decision::Duplicate => {
                let has_key = mapper.key(row, &mut self.key).is_ok();
                let shown = has_key.then(|| self.key.shown());
                self.out.log.reject_duplicate(row.position, shown.as_ref());
                Ok(())
            }
            Decision::Send | Decision::Update => self.send(&mapper, row),
        };
        self.mapper = Some(mapper);
        result
    }

    fn send(&mut self, mapper: &EventMapper, row: &Row<'_>) -> Result<(), BrokenFile> {
        // Rows without a readable key were not compared with anything.
        if let Err(problem) = mapper.key(row, &mut self.key) {
            self.out.log.reject(row.position, None, &problem);
            return Ok(());
        }
        match mapper.map(row, self.emission.now, &mut self.mapped) {
            Fate::Expired => {
                self.out.log.counts.expired += 1;
                Ok(())
            }
            Fate::Rejected(problem) => {
                self.out
                    .log
                    .reject(row.position, Some(&self.key.shown()), &problem);
                Ok(())
            }
            Fate::Send => self.write(mapper, row),
        }
    }

    fn write(&mut self, mapper: &EventMapper, row: &Row<'_>) -> Result<(), BrokenFile> {
        let shown = self.key.shown();
        write_shown(&mut self.shown, &shown);
        self.out.log.warn(row.position, &shown, &self.mapped.warnings);
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
                self.spool.keep(&bytes, rows).map_err(|error| no_room(&error))?;
            }
        }
        if self.carried.contains(&sent.key) {
            self.superseded.insert(sent.key);
        }
        self.out.sent.push(sent);
        self.out.log.counts.to_send += 1;
        Ok(())
    }

    /// The last batches go to the spool.
    pub(crate) fn finish(mut self) -> Result<(Emitted, Spool, HashSet<KeyDigest>), BrokenFile> {
        for writer in &mut self.writers {
            if let Some((bytes, rows)) = writer.take() {
                self.spool.keep(&bytes, rows).map_err(|error| no_room(&error))?;
            }
        }
        Ok((self.out, self.spool, self.superseded))
    }
}
