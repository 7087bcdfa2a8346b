//! Rows as the persons of an audience, joined with identity files.

use std::io;

use sync_core::audience::{MappedPersons, PersonMapper};
use sync_core::csv::BrokenFile;
use sync_core::events::Fate;
use sync_core::key::PrimaryKey;
use sync_core::rejection::Problem;
use sync_core::row::{Header, Row};
use sync_core::spec::{Audience, SyncSpec, Via};

use super::Sink;
use super::joined::Joined;
use super::mapping::MappingCalls;
use super::upload::Upload;

/// The persons of an export, on their way into calls or files.
pub(super) struct Persons<'a> {
    mapper: PersonMapper,
    mapped: MappedPersons,
    joined: Joined,
    out: Out<'a>,
}

enum Out<'a> {
    Calls(Box<MappingCalls<'a>>),
    Files(Upload<'a>),
}

impl<'a> Persons<'a> {
    pub(super) fn new(
        spec: &'a SyncSpec,
        audience: &'a Audience,
        header: &Header,
        joined: Joined,
    ) -> Result<Self, BrokenFile> {
        let mapper = PersonMapper::new(spec, header);
        let out = match audience.via {
            Via::Segment { persons_per_call } => {
                let calls = MappingCalls::new(spec, audience, persons_per_call);
                let calls = calls.map_err(|invalid| BrokenFile::whole(invalid.to_string()))?;
                Out::Calls(Box::new(calls))
            }
            Via::FileUpload { file_header, .. } => Out::Files(Upload::new(spec, audience, file_header)),
        };
        Ok(Self {
            mapper: mapper.map_err(|missing| BrokenFile::whole(missing.to_string()))?,
            mapped: MappedPersons::default(),
            joined,
            out,
        })
    }

    /// What goes out before the first row.
    pub(super) fn begin(&self, sink: &mut dyn Sink) -> io::Result<()> {
        match &self.out {
            Out::Calls(calls) => calls.begin(sink),
            Out::Files(_) => Ok(()),
        }
    }

    pub(super) fn key(&self, row: &Row<'_>, key: &mut PrimaryKey) -> Result<(), Problem> {
        self.mapper.key(row, key)
    }

    pub(super) fn map(&mut self, row: &Row<'_>) -> Fate {
        let added = self.joined.of(self.mapper.join(row).as_deref());
        match self.mapper.map(row, added, &mut self.mapped) {
            Ok(()) => Fate::Send,
            Err(problem) => Fate::Rejected(problem),
        }
    }

    /// What is odd about the row that was mapped last.
    pub(super) fn warnings(&self) -> &[Problem] {
        &self.mapped.warnings
    }

    /// Puts the persons of the row that was mapped last into calls or files.
    pub(super) fn send(&mut self, sink: &mut dyn Sink) -> io::Result<()> {
        for person in &self.mapped.persons {
            match &mut self.out {
                Out::Calls(calls) => calls.add(person, sink)?,
                Out::Files(upload) => upload.add(person, sink)?,
            }
        }
        Ok(())
    }

    /// What goes out behind the last row.
    pub(super) fn finish(&mut self, sink: &mut dyn Sink) -> io::Result<()> {
        match &mut self.out {
            Out::Calls(calls) => calls.finish(sink),
            Out::Files(upload) => upload.finish(sink),
        }
    }
}
