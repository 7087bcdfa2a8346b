//! A row becomes events.
//!
//! One problem refuses a row, the first in this order: primary key; age (a row too old for every block is expired,
//! whatever else is wrong with it); event name; time; identifiers; the other fields, in the order of the event's JSON.

use std::ops::Range;

use jiff::tz::TimeZone;

use super::fields::write_object_members;
use super::json::write_string;
use super::naming::{Naming, no_block};
use super::people::{Found, Identifiers, UserFields};
use super::scalar::Context;
use super::source::Slot;
use super::tree::Object;
use crate::key::{KeyColumns, PrimaryKey, names_a_person, write_digest};
use crate::rejection::{Code, Problem};
use crate::row::Row;
use crate::source::{Source, hash_values};
use crate::spec::OutOfRange;
use crate::values::{Currencies, EventTime, ValueError, event_time};

/// The largest event, in bytes of JSON. Far beyond what events need, and small enough that a call of one stays below
/// [`super::MAX_BODY_BYTES`].
pub const MAX_EVENT_BYTES: usize = 200 * 1024;

/// What becomes of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It makes the events of [`MappedRow::events`].
    Send,
    /// It is older than `event.max_age`.
    Expired,
    /// It is refused, for this reason.
    Rejected(Problem),
}

/// An event of a row: the block of the spec that made it, and its JSON in [`MappedRow::json`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedEvent {
    /// The position of the event block in the spec, from 0.
    pub block: usize,
    /// Its bytes in [`MappedRow::json`].
    pub range: Range<usize>,
}

/// What a row became. One is used for row after row, so that its buffers are made once.
#[derive(Default)]
pub struct MappedRow {
    /// The JSON of the events.
    pub json: Vec<u8>,
    /// The events, in the order of the spec's blocks. Empty unless the row is sent.
    pub events: Vec<MappedEvent>,
    /// What is odd about a row that is sent. Empty otherwise.
    pub warnings: Vec<Problem>,
    /// The primary key; empty when it could not be read.
    pub key: PrimaryKey,
    /// The time of the events, in Unix seconds; 0 unless the row is sent.
    pub time: i64,
    found: Found,
    names: Vec<u8>,
    named: Vec<(usize, Range<usize>)>,
    scratch: String,
    notes: Vec<ValueError>,
}

impl MappedRow {
    /// The JSON of an event.
    pub fn event_json(&self, event: &MappedEvent) -> &[u8] {
        self.json.get(event.range.clone()).unwrap_or_default()
    }

    fn clear(&mut self) {
        self.json.clear();
        self.events.clear();
        self.warnings.clear();
        self.found.clear();
        self.names.clear();
        self.named.clear();
        self.notes.clear();
        self.time = 0;
    }
}

/// The way from rows of one export to events, with the columns looked up. [`EventMapper::new`] makes one.
#[derive(Debug)]
pub struct EventMapper {
    pub(super) key: KeyColumns,
    pub(super) blocks: Vec<Block>,
    pub(super) kind: EventKind,
    pub(super) time: Option<Slot>,
    pub(super) time_zone: TimeZone,
    pub(super) event_id: Option<Slot>,
    /// The column of `event_id` is mapped to an identity too.
    pub(super) event_id_is_personal: bool,
    pub(super) user: UserFields,
    /// What an event has behind `user`.
    pub(super) rest: Object,
    pub(super) lead_id: Option<Source>,
    pub(super) value_column: Option<String>,
    pub(super) currencies: Currencies,
    /// What a row's fingerprint is made of.
    pub(super) fingerprint: Vec<Source>,
}

/// What the mapper needs of an event block.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) naming: Naming,
    /// In seconds.
    pub(super) max_age: i64,
    /// In seconds.
    pub(super) max_future: i64,
    pub(super) when_out_of_range: OutOfRange,
}

/// Whose events: it decides what a row must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EventKind {
    Web,
    Offline,
    Crm,
}

impl EventMapper {
    /// Reads a row's primary key into `key`, whose buffer is used again.
    ///
    /// # Errors
    /// `missing_primary_key`, or `row_too_large` for a key beyond [`crate::key::MAX_KEY_BYTES`].
    pub fn key(&self, row: &Row<'_>, key: &mut PrimaryKey) -> Result<(), Problem> {
        self.key.read(row, key)
    }

    /// Gives `f` what the row's events are made of, for a fingerprint: each mapped value with its length before it,
    /// in the order of the mappings, then the columns of names and country. An absent value differs from every text.
    /// Constants are not among it: the spec's version stands for them.
    pub fn hash_mapped_values(&self, row: &Row<'_>, f: &mut impl FnMut(&[u8])) {
        hash_values(&self.fingerprint, row, f);
    }

    /// Makes the events of a row, in `out`. `now` is the current time in Unix seconds.
    pub fn map(&self, row: &Row<'_>, now: i64, out: &mut MappedRow) -> Fate {
        out.clear();
        let fate = self.make(row, now, out).unwrap_or_else(Fate::Rejected);
        if fate != Fate::Send {
            out.clear();
        }
        fate
    }

    fn make(&self, row: &Row<'_>, now: i64, out: &mut MappedRow) -> Result<Fate, Problem> {
        self.key.read(row, &mut out.key)?;
        let time = self.time(row);
        let age = time.as_ref().ok().map(|time| now.saturating_sub(time.seconds()));
        let too_old = |block: &Block| {
            block.when_out_of_range == OutOfRange::Refuse && age.is_some_and(|age| age > block.max_age)
        };
        if self.blocks.iter().all(too_old) {
            return Ok(Fate::Expired);
        }
        for (number, block) in self.blocks.iter().enumerate() {
            let start = out.names.len();
            if block.naming.write(row, &mut out.warnings, &mut out.names)? {
                out.named.push((number, start..out.names.len()));
            }
        }
        if out.named.is_empty() {
            return Err(no_block(self.blocks.iter().map(|block| &block.naming), row));
        }
        let time = time?;
        if let Some(fate) = self.drop_out_of_range(now.saturating_sub(time.seconds()), out)? {
            return Ok(fate);
        }
        self.write_events(row, time, out)?;
        out.time = time.seconds();
        Ok(Fate::Send)
    }

    fn time(&self, row: &Row<'_>) -> Result<EventTime, Problem> {
        let missing = |slot: Option<&Slot>| {
            const MESSAGE: &str = "The event has no time; map a column to event_time and fill it";
            Problem::field(Code::MissingEventTime, "event_time", MESSAGE)
                .in_column(slot.and_then(|slot| slot.source.column()))
        };
        let slot = self.time.as_ref().ok_or_else(|| missing(None))?;
        let text = slot.source.get(row).ok_or_else(|| missing(Some(slot)))?;
        event_time(text, &self.time_zone).map_err(|error| slot.problem(error))
    }

    /// Takes out the blocks for which the event is too old or too far ahead. `Some`: none is left.
    fn drop_out_of_range(&self, age: i64, out: &mut MappedRow) -> Result<Option<Fate>, Problem> {
        const OLD: &str =
            "The event is older than event.max_age; it is sent all the same, as event.when_out_of_range says";
        const AHEAD: &str = "The event lies further in the future than event.max_future";
        const AHEAD_SENT: &str = "The event lies further in the future than event.max_future; it is sent all the same, as \
                                  event.when_out_of_range says";
        let problem = |code, message: &'static str| {
            let column = self.time.as_ref().and_then(|slot| slot.source.column());
            Problem::field(code, "event_time", message).in_column(column)
        };
        let mut ahead = false;
        let warnings = &mut out.warnings;
        out.named.retain(|(number, _)| {
            let Some(block) = self.blocks.get(*number) else {
                return false;
            };
            let (old, future) = (age > block.max_age, age.saturating_neg() > block.max_future);
            match block.when_out_of_range {
                OutOfRange::Refuse => {
                    ahead |= future;
                    !old && !future
                }
                OutOfRange::Warn => {
                    if old || future {
                        let (code, message) = if old {
                            (Code::Expired, OLD)
                        } else {
                            (Code::FutureTime, AHEAD_SENT)
                        };
                        warnings.push(problem(code, message));
                    }
                    true
                }
            }
        });
        if !out.named.is_empty() {
            return Ok(None);
        }
        if ahead {
            Err(problem(Code::FutureTime, AHEAD))
        } else {
            Ok(Some(Fate::Expired))
        }
    }

    /// Writes the event of the first block, and for each other block the same behind its own name.
    fn write_events(&self, row: &Row<'_>, time: EventTime, out: &mut MappedRow) -> Result<(), Problem> {
        let MappedRow {
            json,
            events,
            warnings,
            key,
            found,
            names,
            named,
            scratch,
            notes,
            time: _,
        } = out;
        let mut tail = 0..0;
        for (block, name) in named.iter() {
            let start = json.len();
            json.extend_from_slice(b"{\"event\":");
            json.extend_from_slice(names.get(name.clone()).unwrap_or_default());
            if events.is_empty() {
                tail.start = json.len();
                json.extend_from_slice(b",\"event_time\":");
                json.extend_from_slice(itoa::Buffer::new().format(time.seconds()).as_bytes());
                json.extend_from_slice(b",\"event_id\":");
                self.write_event_id(row, key, json);
                let mut context = Context {
                    currencies: &self.currencies,
                    scratch: std::mem::take(scratch),
                    notes: std::mem::take(notes),
                    warnings: std::mem::take(warnings),
                    value_given: false,
                    currency_given: false,
                };
                let written = self.write_body(row, found, &mut context, json);
                (*scratch, *notes, *warnings) = (context.scratch, context.notes, context.warnings);
                written?;
                json.push(b'}');
                tail.end = json.len();
            } else {
                json.extend_from_within(tail.clone());
            }
            let range = start..json.len();
            if range.len() > MAX_EVENT_BYTES {
                const MESSAGE: &str = "The row's event is larger than 200 KiB; shorten its longest columns";
                return Err(Problem::row(Code::RowTooLarge, MESSAGE));
            }
            events.push(MappedEvent { block: *block, range });
        }
        Ok(())
    }

    fn write_event_id(&self, row: &Row<'_>, key: &PrimaryKey, out: &mut Vec<u8>) {
        match self.event_id.as_ref().and_then(|slot| slot.source.get(row)) {
            None => key.write_event_id(out),
            Some(text) if self.event_id_is_personal || names_a_person(text) => {
                write_digest(out, text.as_bytes());
            }
            Some(text) => write_string(out, text),
        }
    }

    fn write_body(
        &self,
        row: &Row<'_>,
        found: &mut Found,
        context: &mut Context<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Problem> {
        self.user.write(row, found, context, out);
        self.check_identifiers(row, found)?;
        context
            .warnings
            .extend(found.bad.drain(..).map(|(_, problem)| problem));
        write_object_members(&self.rest, row, true, context, out)?;
        if self.kind == EventKind::Web {
            let url = self.user.page_url.as_ref();
            if url.is_none_or(|source| source.get(row).is_none()) {
                const MESSAGE: &str =
                    "A web event should name its page; map a column to page.url and fill it";
                let warning = Problem::field(Code::MissingPageUrl, "page.url", MESSAGE);
                context
                    .warnings
                    .push(warning.in_column(url.and_then(Source::column)));
            }
        }
        if context.value_given && !context.currency_given {
            const MESSAGE: &str = "The event has a value and no currency; map properties.currency";
            let warning = Problem::field(Code::ValueWithoutCurrency, "properties.value", MESSAGE);
            context
                .warnings
                .push(warning.in_column(self.value_column.as_deref()));
        }
        Ok(())
    }

    /// Whether the row has what its event source asks for. If a bad value is all that it has, that one is to blame.
    fn check_identifiers(&self, row: &Row<'_>, found: &mut Found) -> Result<(), Problem> {
        let (suffices, counts, message) = match self.kind {
            EventKind::Web => (
                found.identifiers.suffice_for_web(),
                Identifiers::WEB,
                "The row has no identifier; a web event needs an email, phone, external_id, ttclid, ttp, or an IP \
                 address with its user agent",
            ),
            EventKind::Offline => (
                found.identifiers.suffice_for_offline(),
                Identifiers::OFFLINE,
                "The row has no identifier; an offline event needs an email or a phone",
            ),
            EventKind::Crm => {
                if self
                    .lead_id
                    .as_ref()
                    .is_some_and(|source| source.get(row).is_some())
                {
                    return Ok(());
                }
                let message = "A CRM event needs its lead's id; map a column to lead.lead_id and fill it";
                let problem = Problem::field(Code::MissingField, "lead.lead_id", message);
                return Err(problem.in_column(self.lead_id.as_ref().and_then(Source::column)));
            }
        };
        if suffices {
            return Ok(());
        }
        let blame = found
            .bad
            .iter()
            .position(|(identifier, _)| counts.holds(*identifier));
        Err(blame.map_or_else(
            || Problem::row(Code::NoIdentifier, message),
            |at| found.bad.swap_remove(at).1,
        ))
    }
}
