//! Rows as events, and events put together into calls as the batches of a run are cut.

use std::io;

use sync_core::csv::BrokenFile;
use sync_core::events::{CallBody, CallCutter, EventMapper, Fate, MappedRow};
use sync_core::key::PrimaryKey;
use sync_core::rejection::Problem;
use sync_core::row::{Header, Row};
use sync_core::spec::{EventBlock, SyncSpec};
use tiktok::Endpoint;

use super::Sink;

/// The events of an export, on their way into calls.
pub(super) struct Events {
    mapper: EventMapper,
    mapped: MappedRow,
    /// One for each event block.
    calls: Vec<OpenCall>,
}

impl Events {
    pub(super) fn new(spec: &SyncSpec, header: &Header) -> Result<Self, BrokenFile> {
        let mapper = EventMapper::new(spec, header);
        Ok(Self {
            mapper: mapper.map_err(|missing| BrokenFile::whole(missing.to_string()))?,
            mapped: MappedRow::default(),
            calls: spec.events.iter().map(OpenCall::new).collect(),
        })
    }

    pub(super) fn key(&self, row: &Row<'_>, key: &mut PrimaryKey) -> Result<(), Problem> {
        self.mapper.key(row, key)
    }

    pub(super) fn map(&mut self, row: &Row<'_>, now: i64) -> Fate {
        self.mapper.map(row, now, &mut self.mapped)
    }

    /// What is odd about the row that was mapped last.
    pub(super) fn warnings(&self) -> &[Problem] {
        &self.mapped.warnings
    }

    /// Puts the events of the row that was mapped last into calls.
    pub(super) fn send(&mut self, sink: &mut dyn Sink) -> io::Result<()> {
        for event in &self.mapped.events {
            let full = self
                .calls
                .get_mut(event.block)
                .and_then(|call| call.add(self.mapped.event_json(event)));
            if let Some(body) = full {
                sink.request(Endpoint::EventTrack, &body)?;
            }
        }
        Ok(())
    }

    /// The calls that are not full.
    pub(super) fn finish(&mut self, sink: &mut dyn Sink) -> io::Result<()> {
        for call in &mut self.calls {
            if let Some(body) = call.take() {
                sink.request(Endpoint::EventTrack, &body)?;
            }
        }
        Ok(())
    }
}

/// The call of one event block that is being filled.
struct OpenCall {
    body: CallBody,
    cutter: CallCutter,
    text: Vec<u8>,
}

impl OpenCall {
    fn new(block: &EventBlock) -> Self {
        let body = CallBody::new(block);
        Self {
            cutter: body.cutter(),
            body,
            text: Vec::new(),
        }
    }

    /// Adds an event. Where it does not fit any more, the call before it is given back.
    fn add(&mut self, event: &[u8]) -> Option<Vec<u8>> {
        let full = if self.cutter.begins_call(event.len()) {
            self.take()
        } else {
            None
        };
        if self.text.is_empty() {
            self.text.extend_from_slice(self.body.head());
        } else {
            self.text.push(b',');
        }
        self.text.extend_from_slice(event);
        full
    }

    /// The call as far as it is filled; `None` when it is empty.
    fn take(&mut self) -> Option<Vec<u8>> {
        if self.text.is_empty() {
            return None;
        }
        self.text.extend_from_slice(CallBody::TAIL.as_bytes());
        Some(std::mem::take(&mut self.text))
    }
}
