//! What the rows of an export make: events, or persons.

use std::io;

use sync_core::csv::BrokenFile;
use sync_core::events::Fate;
use sync_core::key::PrimaryKey;
use sync_core::rejection::Problem;
use sync_core::row::{Header, Row};
use sync_core::spec::SyncSpec;

use super::events::Events;
use super::persons::Persons;
use super::{Joined, Sink};

/// Rows on their way into calls.
pub(super) enum Made<'a> {
    Events(Box<Events>),
    Persons(Box<Persons<'a>>),
}

impl<'a> Made<'a> {
    /// The way of a spec's rows, with the columns looked up.
    pub(super) fn new(
        spec: &'a SyncSpec,
        header: &Header,
        joined: Option<Joined>,
    ) -> Result<Self, BrokenFile> {
        match spec.audience.as_ref().zip(joined) {
            Some((audience, joined)) => {
                Persons::new(spec, audience, header, joined).map(|persons| Self::Persons(Box::new(persons)))
            }
            None => Events::new(spec, header).map(|events| Self::Events(Box::new(events))),
        }
    }

    /// What goes out before the first row.
    pub(super) fn begin(&self, sink: &mut dyn Sink) -> io::Result<()> {
        match self {
            Self::Events(_) => Ok(()),
            Self::Persons(persons) => persons.begin(sink),
        }
    }

    /// Reads a row's primary key.
    pub(super) fn key(&self, row: &Row<'_>, key: &mut PrimaryKey) -> Result<(), Problem> {
        match self {
            Self::Events(events) => events.key(row, key),
            Self::Persons(persons) => persons.key(row, key),
        }
    }

    /// Maps a row. `now` is what events' ages are measured against.
    pub(super) fn map(&mut self, row: &Row<'_>, now: i64) -> Fate {
        match self {
            Self::Events(events) => events.map(row, now),
            Self::Persons(persons) => persons.map(row),
        }
    }

    /// What is odd about the row that was mapped last.
    pub(super) fn warnings(&self) -> &[Problem] {
        match self {
            Self::Events(events) => events.warnings(),
            Self::Persons(persons) => persons.warnings(),
        }
    }

    /// Sends what the row that was mapped last has made.
    pub(super) fn send(&mut self, sink: &mut dyn Sink) -> io::Result<()> {
        match self {
            Self::Events(events) => events.send(sink),
            Self::Persons(persons) => persons.send(sink),
        }
    }

    /// What goes out behind the last row.
    pub(super) fn finish(&mut self, sink: &mut dyn Sink) -> io::Result<()> {
        match self {
            Self::Events(events) => events.finish(sink),
            Self::Persons(persons) => persons.finish(sink),
        }
    }
}
