//! Persons as calls of the Segment API: written and cut as a run's batches are, equal persons once a call.

use std::collections::HashSet;
use std::io;

use sync_core::audience::{Person, SegmentCalls, kinds_of};
use sync_core::diff::{KeyDigest, RowFingerprint};
use sync_core::names::{AudienceId, InvalidName, RunId};
use sync_core::run::{Batch, BatchHeader, BatchKind, BatchWriter, NewRow};
use sync_core::spec::{Audience, AudienceRef, SyncSpec};
use tiktok::Endpoint;
use tiktok::audiences::segment_audience;

use super::Sink;

/// Stands for the id of an audience that a run makes.
const NEW: &str = "NEW";

/// The mapping calls of an audience.
pub(super) struct MappingCalls<'a> {
    audience: &'a Audience,
    calls: SegmentCalls,
    writer: BatchWriter,
    payload: Vec<u8>,
}

impl<'a> MappingCalls<'a> {
    pub(super) fn new(
        spec: &SyncSpec,
        audience: &'a Audience,
        persons_per_call: u16,
    ) -> Result<Self, InvalidName> {
        let id = match &audience.audience {
            AudienceRef::Id(id) => id.clone(),
            AudienceRef::Name(_) => AudienceId::new(NEW)?,
        };
        let calls = SegmentCalls::new(&audience.advertiser_id, &id, kinds_of(spec));
        let run = RunId::new("preview")?;
        let header = BatchHeader::of_persons(
            BatchKind::Adds,
            calls.add_head(),
            persons_per_call,
            &spec.name,
            &run,
            &spec.destination,
        );
        Ok(Self {
            audience,
            calls,
            writer: BatchWriter::new(header),
            payload: Vec::new(),
        })
    }

    /// An audience that is given by its name is made before anything else.
    pub(super) fn begin(&self, sink: &mut dyn Sink) -> io::Result<()> {
        let AudienceRef::Name(name) = &self.audience.audience else {
            return Ok(());
        };
        let body = segment_audience(self.audience.advertiser_id.as_str(), name);
        sink.request(Endpoint::SegmentAudience, body.to_string().as_bytes())
    }

    pub(super) fn add(&mut self, person: &Person, sink: &mut dyn Sink) -> io::Result<()> {
        self.payload.clear();
        self.calls.write_person(person, &mut self.payload);
        let full = self.writer.push(&NewRow {
            key: KeyDigest::from_u128(0),
            fingerprint: RowFingerprint::UNSURE,
            record: 0,
            line: None,
            shown_key: b"null",
            time: 0,
            payload: &self.payload,
        });
        full.map_or(Ok(()), |(bytes, _)| requests(&bytes, sink))
    }

    pub(super) fn finish(&mut self, sink: &mut dyn Sink) -> io::Result<()> {
        let rest = self.writer.take();
        rest.map_or(Ok(()), |(bytes, _)| requests(&bytes, sink))
    }
}

/// The calls that `deliver` makes of a batch.
fn requests(batch: &[u8], sink: &mut dyn Sink) -> io::Result<()> {
    let batch = Batch::read(batch).map_err(io::Error::other)?;
    for call in batch.calls() {
        let mut seen = HashSet::new();
        let first = |row: &usize| {
            let person = batch.rows.get(*row).map(|row| row.payload.get());
            person.is_some_and(|person| seen.insert(person))
        };
        let rows: Vec<usize> = call.filter(first).collect();
        sink.request(Endpoint::SegmentMapping, &batch.body(rows.into_iter()))?;
    }
    Ok(())
}
