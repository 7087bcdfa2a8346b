//! The names of the events that a row makes.

use std::collections::BTreeMap;

use super::json::write_string;
use crate::columns::{Column, ColumnFinder};
use crate::rejection::{Code, Problem};
use crate::row::Row;
use crate::spec::{EventBlock, EventNameRule, EventSource};
use crate::values::ValueError;
use crate::values::event_name::{self, CheckedName};

/// How the events of a block are named.
#[derive(Debug)]
pub(super) struct Naming {
    rule: Rule,
    source: event_name::Source,
    allow_custom: bool,
    modern: bool,
    /// One of several blocks: a name that its map does not hold makes no event.
    one_of_several: bool,
}

#[derive(Debug)]
enum Rule {
    Value(String),
    From {
        column: Column,
        map: BTreeMap<String, String>,
    },
}

impl Naming {
    pub(super) fn new(block: &EventBlock, one_of_several: bool, finder: &mut ColumnFinder<'_>) -> Self {
        let rule = match &block.name {
            EventNameRule::Value(name) => Rule::Value(name.clone()),
            EventNameRule::From { column, map } => Rule::From {
                column: finder.find(column, || "event.name".to_owned()),
                map: map.clone(),
            },
        };
        let source = match block.source {
            EventSource::Web(_) => event_name::Source::Web,
            EventSource::Offline(_) => event_name::Source::Offline,
            EventSource::Crm(_) => event_name::Source::Crm,
        };
        Self {
            rule,
            source,
            allow_custom: block.allow_custom_names,
            modern: block.modern_names,
            one_of_several,
        }
    }

    /// The column that names the event, if one does.
    pub(super) fn column(&self) -> Option<&Column> {
        match &self.rule {
            Rule::Value(_) => None,
            Rule::From { column, .. } => Some(column),
        }
    }

    /// Appends the name of the row's event as a JSON string; false when the block makes no event of the row.
    pub(super) fn write(
        &self,
        row: &Row<'_>,
        warnings: &mut Vec<Problem>,
        out: &mut Vec<u8>,
    ) -> Result<bool, Problem> {
        let (name, column) = match &self.rule {
            Rule::Value(name) => (name.as_str(), None),
            Rule::From { column, map } => {
                let text = row.get(column.number).map(str::trim).unwrap_or_default();
                match map.get(text) {
                    Some(name) => (name.as_str(), Some(column)),
                    None if self.one_of_several && (text.is_empty() || !map.is_empty()) => return Ok(false),
                    None => (text, Some(column)),
                }
            }
        };
        let problem = |error: ValueError| {
            Problem::field(error.code, "event", error.message)
                .in_column(column.map(|column| column.name.as_str()))
        };
        let CheckedName { name, warning } =
            event_name::check(name, self.source, self.allow_custom, self.modern).map_err(problem)?;
        write_string(out, &name);
        warnings.extend(warning.map(problem));
        Ok(true)
    }
}

/// Why a row of several blocks makes no event at all.
#[cold]
pub(super) fn no_block<'n>(mut namings: impl Iterator<Item = &'n Naming>, row: &Row<'_>) -> Problem {
    let column = namings.find_map(Naming::column);
    let empty = column.is_some_and(|column| row.get(column.number).is_none_or(|text| text.trim().is_empty()));
    let problem = if empty {
        Problem::field(
            Code::MissingEventName,
            "event",
            "The event has no name; fill the column, or map it",
        )
    } else {
        const MESSAGE: &str = "No event block maps this event name; add it to the map of a block";
        Problem::field(Code::InvalidEventName, "event", MESSAGE)
    };
    problem.in_column(column.map(|column| column.name.as_str()))
}
