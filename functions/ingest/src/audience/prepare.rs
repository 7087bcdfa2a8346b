//! Rows that are to be sent become persons, and these calls or files. Nothing of it is seen by `deliver` yet.

use std::collections::HashSet;

use md5::{Digest as _, Md5};
use sync_core::audience::{
    FileLayout, FileWriter, Holder, IdKind, MAX_FILE_BYTES, MIN_PEOPLE, MappedPersons, Person, PersonMapper,
    SegmentCalls, UploadedFile, kinds_of,
};
use sync_core::csv::{BrokenFile, Parsed};
use sync_core::diff::{Decision, KeyDigest, RowFingerprint};
use sync_core::key::PrimaryKey;
use sync_core::row::Row;
use sync_core::run::{BatchHeader, BatchKind, BatchWriter, BoosterCounts, NewRow, PartEnd, Prepared, keys};
use sync_core::spec::{Via, mapping_version};

use super::identities::Boosts;
use super::removes;
use crate::emit::Sent;
use crate::row_log::{RowLog, no_room, write_shown};
use crate::rows::{self, Which};
use crate::run::Run;
use crate::spool::Spool;

/// A part whose rows are checked.
pub(crate) struct PreparedPart {
    pub(crate) log: RowLog,
    pub(crate) sent: Vec<Sent>,
    /// The identifiers that its rows bring, ascending.
    pub(crate) ids: Vec<Holder>,
    /// Batches, or files.
    pub(crate) spool: Spool,
    /// What the part says of itself; its rows and counts are filled in when it is kept.
    pub(crate) prepared: Prepared,
    /// Keys of carried rows that give way to a row of this part.
    pub(crate) superseded: HashSet<KeyDigest>,
}

/// Checks the rows of a part. The inner error is the file's.
pub(crate) async fn prepare(
    run: &Run<'_>,
    part: u32,
    which: Which<'_>,
    decisions: &[Decision],
    carried: &HashSet<KeyDigest>,
    boosts: &Boosts,
) -> anyhow::Result<Result<PreparedPart, PartEnd>> {
    let broken = |file: &BrokenFile| PartEnd::Broken {
        message: file.to_string(),
    };
    let mut preparer = Preparer {
        run,
        part,
        decisions,
        carried,
        boosts,
        secret: run.ctx.fingerprint_key().await?,
        version: mapping_version(run.spec),
        out: Out::new(run)?,
        mapper: None,
        mapped: MappedPersons::default(),
        key: PrimaryKey::default(),
        shown: Vec::new(),
        payload: Vec::new(),
        people: HashSet::new(),
        done: PreparedPart {
            log: RowLog::default(),
            sent: Vec::new(),
            ids: Vec::new(),
            spool: Spool::new(&run.ctx.settings.spool)?,
            prepared: Prepared::default(),
            superseded: HashSet::new(),
        },
    };
    if let Some(export) = &run.plan.export {
        let read = rows::each(run.ctx, run.spec, export, which, |parsed| preparer.take(parsed));
        if let Err(file) = read.await? {
            return Ok(Err(broken(&file)));
        }
    }
    Ok(preparer.finish().map_err(|file| broken(&file)))
}

/// Where persons go.
enum Out {
    Calls(Box<(SegmentCalls, BatchWriter)>),
    Files(FileWriter),
}

impl Out {
    fn new(run: &Run<'_>) -> anyhow::Result<Self> {
        let kinds = kinds_of(run.spec);
        let via = run.spec.audience.as_ref().map(|audience| &audience.via);
        if let Some(Via::FileUpload { file_header, .. }) = via {
            let layout = FileLayout::new(kinds, *file_header);
            return Ok(Self::Files(FileWriter::new(layout, MAX_FILE_BYTES)));
        }
        let calls = calls(run, kinds)?;
        let header = header(run, BatchKind::Adds, calls.add_head());
        Ok(Self::Calls(Box::new((calls, BatchWriter::new(header)))))
    }
}

/// The calls of a run's audience.
pub(crate) fn calls(run: &Run<'_>, kinds: Vec<IdKind>) -> anyhow::Result<SegmentCalls> {
    let audience = run.spec.audience.as_ref();
    let id = run
        .plan
        .audience
        .as_ref()
        .and_then(|audience| audience.id.as_ref());
    match (audience, id) {
        (Some(audience), Some(id)) => Ok(SegmentCalls::new(&audience.advertiser_id, id, kinds)),
        _ => anyhow::bail!("the plan of the run {} names no audience", run.id),
    }
}

/// The header of a run's mapping calls.
pub(crate) fn header(run: &Run<'_>, kind: BatchKind, head: String) -> BatchHeader {
    let persons = match run.spec.audience.as_ref().map(|audience| &audience.via) {
        Some(Via::Segment { persons_per_call }) => *persons_per_call,
        _ => 1,
    };
    BatchHeader::of_persons(kind, head, persons, run.sync, run.id, &run.spec.destination)
}

struct Preparer<'a> {
    run: &'a Run<'a>,
    part: u32,
    decisions: &'a [Decision],
    carried: &'a HashSet<KeyDigest>,
    boosts: &'a Boosts,
    secret: &'a sync_core::diff::FingerprintKey,
    version: [u8; 16],
    out: Out,
    mapper: Option<PersonMapper>,
    mapped: MappedPersons,
    key: PrimaryKey,
    shown: Vec<u8>,
    payload: Vec<u8>,
    people: HashSet<KeyDigest>,
    done: PreparedPart,
}

impl Preparer<'_> {
    fn take(&mut self, parsed: Parsed<'_>) -> Result<(), BrokenFile> {
        match parsed {
            Parsed::Header(header) => {
                let mapper = PersonMapper::new(self.run.spec, header);
                self.mapper = Some(mapper.map_err(|missing| BrokenFile::whole(missing.to_string()))?);
                Ok(())
            }
            Parsed::Bad { position, problem } => {
                self.done.log.counts.queried += 1;
                self.done.log.reject(position, None, &problem);
                Ok(())
            }
            Parsed::Row(row) => self.row(&row),
        }
    }

    fn row(&mut self, row: &Row<'_>) -> Result<(), BrokenFile> {
        let decision = self.done.log.next(self.decisions);
        let Some(mapper) = self.mapper.take() else {
            return Ok(());
        };
        let result = match decision {
            Decision::Unchanged | Decision::ChangedNotSent => Ok(()),
            Decision::Duplicate => {
                let has_key = mapper.key(row, &mut self.key).is_ok();
                let shown = has_key.then(|| self.key.shown());
                self.done.log.reject_duplicate(row.position, shown.as_ref());
                Ok(())
            }
            Decision::Send => self.send(&mapper, row, false),
            Decision::Update => self.send(&mapper, row, true),
        };
        self.mapper = Some(mapper);
        result
    }

    fn send(&mut self, mapper: &PersonMapper, row: &Row<'_>, known: bool) -> Result<(), BrokenFile> {
        if let Err(problem) = mapper.key(row, &mut self.key) {
            self.done.log.reject(row.position, None, &problem);
            return Ok(());
        }
        let boost = self.boosts.of(mapper.join(row).as_deref(), self.secret);
        let shown = self.key.shown();
        if let Err(problem) = mapper.map(row, boost.ids, &mut self.mapped) {
            self.done.log.reject(row.position, Some(&shown), &problem);
            self.done.prepared.rejected_known += u64::from(known);
            return Ok(());
        }
        self.count_boost(boost.found);
        write_shown(&mut self.shown, &shown);
        self.done.log.warn(row.position, &shown, &self.mapped.warnings);
        let mut hasher = self.secret.row(&self.version);
        mapper.hash_mapped_values(row, &mut |piece| hasher.write(piece));
        let mut sent = Sent {
            key: self.secret.key_digest(self.key.bytes()),
            fingerprint: hasher.finish_with(boost.mark),
        };
        // What an earlier row of the key brought stays where rows only add: the next whole export looks again.
        if known && !removes(self.run.spec, self.run.plan) && self.run.plan.only_adds() {
            sent.fingerprint = RowFingerprint::UNSURE;
        }
        self.write(row, sent)?;
        if self.carried.contains(&sent.key) {
            self.done.superseded.insert(sent.key);
        }
        self.done.sent.push(sent);
        self.done.log.counts.to_send += 1;
        self.done.log.counts.changed += u64::from(known);
        Ok(())
    }

    fn write(&mut self, row: &Row<'_>, sent: Sent) -> Result<(), BrokenFile> {
        for person in &self.mapped.persons {
            match &mut self.out {
                Out::Calls(out) => {
                    let (calls, writer) = out.as_mut();
                    self.payload.clear();
                    calls.write_person(person, &mut self.payload);
                    let full = writer.push(&NewRow {
                        key: sent.key,
                        fingerprint: sent.fingerprint,
                        record: row.position.record,
                        line: row.position.line,
                        shown_key: &self.shown,
                        time: 0,
                        payload: &self.payload,
                    });
                    if let Some((bytes, rows)) = full {
                        self.done
                            .spool
                            .keep(&bytes, rows)
                            .map_err(|error| no_room(&error))?;
                    }
                    let held = person.identifiers().map(|id| Holder { id, key: sent.key });
                    self.done.ids.extend(held);
                }
                Out::Files(writer) => {
                    if let Some(file) = writer.push(person) {
                        keep_file(self.run, self.part, &file, &mut self.done)?;
                    }
                }
            }
        }
        // A row is one of the people, however many forms and lists make persons of it.
        if let Some(first) = self.mapped.persons.first()
            && (self.people.len() as u64) < MIN_PEOPLE
        {
            self.people.insert(self.secret.key_digest(&bytes_of(first)));
        }
        Ok(())
    }

    fn count_boost(&mut self, found: bool) {
        if self.run.spec.match_booster.is_none() {
            return;
        }
        let counts: &mut BoosterCounts = self.done.log.counts.booster.get_or_insert_default();
        counts.rows += 1;
        counts.found += u64::from(found);
        let persons = &self.mapped.persons;
        for kind in IdKind::ALL {
            let name = || kind.as_str().to_owned();
            let before = self.mapped.own.contains(&kind);
            let gained = self.mapped.gained.iter();
            let added = gained.filter(|gained| **gained == kind).count() as u64;
            let after = persons.iter().any(|person| person.get(kind).is_some());
            *counts.before.entry(name()).or_default() += u64::from(before);
            *counts.after.entry(name()).or_default() += u64::from(after);
            if added > 0 {
                *counts.added.entry(name()).or_default() += added;
            }
        }
        counts.gained += u64::from(!self.mapped.gained.is_empty());
    }

    fn finish(mut self) -> Result<PreparedPart, BrokenFile> {
        match &mut self.out {
            Out::Calls(out) => {
                if let Some((bytes, rows)) = out.1.take() {
                    self.done
                        .spool
                        .keep(&bytes, rows)
                        .map_err(|error| no_room(&error))?;
                }
            }
            Out::Files(writer) => {
                if let Some(file) = writer.take() {
                    keep_file(self.run, self.part, &file, &mut self.done)?;
                }
            }
        }
        if let Some(booster) = &mut self.done.log.counts.booster {
            booster.left_out += self.boosts.left_out;
        }
        let mut people: Vec<KeyDigest> = self.people.into_iter().collect();
        people.sort_unstable();
        self.done.prepared.people = people.iter().map(|person| person.hex().to_string()).collect();
        self.done.ids.sort_unstable();
        self.done.ids.dedup();
        Ok(self.done)
    }
}

fn keep_file(
    run: &Run<'_>,
    part: u32,
    file: &sync_core::audience::AudienceFile,
    done: &mut PreparedPart,
) -> Result<(), BrokenFile> {
    let number = done.spool.len();
    let digest: [u8; 16] = Md5::digest(&file.bytes).into();
    done.prepared.files.push(UploadedFile {
        key: keys::audience_file(run.sync, run.id, part, number),
        name: format!("{}-{}-{part}-{number}.csv", run.sync, run.id),
        md5: const_hex::encode(digest),
        bytes: file.bytes.len() as u64,
        lines: file.lines,
    });
    let lines = u32::try_from(file.lines).unwrap_or(u32::MAX);
    done.spool
        .keep(&file.bytes, lines)
        .map_err(|error| no_room(&error))
}

/// What tells persons apart.
fn bytes_of(person: &Person) -> Vec<u8> {
    person
        .identifiers()
        .flat_map(sync_core::audience::Identifier::to_bytes)
        .collect()
}
