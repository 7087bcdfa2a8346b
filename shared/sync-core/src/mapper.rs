//! The way from rows of one export to what they make, with the columns looked up.

use crate::audience::PersonMapper;
use crate::columns::MissingColumns;
use crate::events::EventMapper;
use crate::key::PrimaryKey;
use crate::rejection::Problem;
use crate::row::{Header, Row};
use crate::spec::{SyncSpec, SyncType};

/// Rows make events, or persons of an audience. What both share is here.
#[derive(Debug)]
pub enum RowMapper {
    /// Rows make events.
    Events(Box<EventMapper>),
    /// Rows make persons.
    Persons(Box<PersonMapper>),
}

impl RowMapper {
    /// Looks up the columns of a spec in the header of an export.
    ///
    /// # Errors
    /// [`MissingColumns`] with all columns that the spec names and the export lacks.
    pub fn new(spec: &SyncSpec, header: &Header) -> Result<Self, MissingColumns> {
        if spec.kind == SyncType::CustomAudience {
            PersonMapper::new(spec, header).map(|mapper| Self::Persons(Box::new(mapper)))
        } else {
            EventMapper::new(spec, header).map(|mapper| Self::Events(Box::new(mapper)))
        }
    }

    /// Reads a row's primary key into `key`, whose buffer is used again.
    ///
    /// # Errors
    /// As [`crate::key::KeyColumns::read`].
    pub fn key(&self, row: &Row<'_>, key: &mut PrimaryKey) -> Result<(), Problem> {
        match self {
            Self::Events(mapper) => mapper.key(row, key),
            Self::Persons(mapper) => mapper.key(row, key),
        }
    }

    /// Gives `f` what the row is made of, for a fingerprint.
    pub fn hash_mapped_values(&self, row: &Row<'_>, f: &mut impl FnMut(&[u8])) {
        match self {
            Self::Events(mapper) => mapper.hash_mapped_values(row, f),
            Self::Persons(mapper) => mapper.hash_mapped_values(row, f),
        }
    }

    /// The row's values in the columns that Match Booster joins on; `None` without one.
    pub fn join<'r>(&self, row: &Row<'r>) -> Option<Vec<&'r str>> {
        match self {
            Self::Events(_) => None,
            Self::Persons(mapper) => mapper.join(row),
        }
    }
}
