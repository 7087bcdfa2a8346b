//! Where a mapped value comes from, and what it is for.

use std::borrow::Cow;

use super::table::ValueKind;
use super::targets::Target;
use crate::columns::{Column, ColumnFinder};
use crate::rejection::{Code, Problem};
use crate::row::Row;
use crate::spec::MappingSource;
use crate::values::ValueError;

/// A column of the export, or the same text for each row.
#[derive(Debug, Clone)]
pub(super) enum Source {
    Column(Column),
    Value(String),
}

impl Source {
    pub(super) fn new(source: &MappingSource, named_by: &str, finder: &mut ColumnFinder<'_>) -> Self {
        match source {
            MappingSource::Column(name) => {
                Self::Column(finder.find(name, || format!("mappings: {named_by}")))
            }
            MappingSource::Value(text) => Self::Value(text.trim().to_owned()),
        }
    }

    /// The row's value without blanks at its ends; `None` when nothing is left.
    pub(super) fn get<'r>(&'r self, row: &Row<'r>) -> Option<&'r str> {
        match self {
            Self::Column(column) => row.get(column.number).map(str::trim),
            Self::Value(text) => Some(text.as_str()),
        }
        .filter(|text| !text.is_empty())
    }

    pub(super) fn column(&self) -> Option<&str> {
        match self {
            Self::Column(column) => Some(&column.name),
            Self::Value(_) => None,
        }
    }
}

/// One mapping: its source and its target.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) source: Source,
    pub(super) path: Cow<'static, str>,
    pub(super) kind: ValueKind,
    /// TikTok names the field for other event sources only.
    pub(super) unusual: bool,
}

impl Slot {
    pub(super) fn new(source: Source, target: &Target, unusual: bool) -> Self {
        let path = match target.field() {
            Some(field) if field.path == target.path() => Cow::Borrowed(field.path),
            _ => Cow::Owned(target.path().to_owned()),
        };
        Self {
            source,
            path,
            kind: target.kind(),
            unusual,
        }
    }

    pub(super) fn problem(&self, error: ValueError) -> Problem {
        Problem::field(error.code, self.path.clone(), error.message).in_column(self.source.column())
    }

    pub(super) fn warning(&self, code: Code, message: &'static str) -> Problem {
        Problem::field(code, self.path.clone(), message).in_column(self.source.column())
    }

    /// Notes that TikTok names the field for other event sources, when it does.
    pub(super) fn note_unusual(&self, warnings: &mut Vec<Problem>) {
        if self.unusual {
            const MESSAGE: &str =
                "TikTok has this field for other event sources only; it is sent all the same";
            warnings.push(self.warning(Code::UnusualField, MESSAGE));
        }
    }
}
