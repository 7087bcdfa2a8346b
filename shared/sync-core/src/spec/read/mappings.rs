//! `mappings`: which column goes where.

use super::super::cursor::{Cursor, Keys};
use super::super::model::{Mapping, MappingSource, MappingTarget, PersonTarget, SyncType};
use super::super::nearest::expected_one_of;
use crate::events::Target;

const LIST: &str = "a list of mappings such as {from: email, to: user.email}";

/// Identifiers of people in audiences, with their other names.
const PERSON_TARGETS: &[(&str, PersonTarget)] = &[
    ("email", PersonTarget::Email),
    ("phone", PersonTarget::Phone),
    ("gaid", PersonTarget::Gaid),
    ("idfa", PersonTarget::Idfa),
    ("aaid", PersonTarget::Gaid),
    ("emails", PersonTarget::Email),
    ("phones", PersonTarget::Phone),
    ("phone_number", PersonTarget::Phone),
];

/// The mappings, in the order of the file.
pub(super) fn read(keys: &Keys<'_>, kind: Option<SyncType>) -> Option<Vec<Mapping>> {
    let cursor = keys.need("mappings", LIST)?;
    let cursors = cursor.list(LIST)?;
    let read: Vec<_> = cursors.iter().map(|cursor| mapping(cursor, kind)).collect();
    let complete = read.iter().all(Option::is_some);

    let mut mappings: Vec<Mapping> = Vec::with_capacity(read.len());
    let mut conflict = false;
    for (cursor, mapping) in cursors.iter().zip(read) {
        let Some(mapping) = mapping else { continue };
        if let Some(other) = mappings.iter().find(|other| conflicts(other, &mapping)) {
            conflict = true;
            cursor.error(conflict_message(other, &mapping));
        }
        mappings.push(mapping);
    }
    // What a broken mapping would have mapped is unknown: nothing is called missing beside it.
    if !complete {
        return None;
    }
    let missing = missing(&mappings, kind?);
    for message in &missing {
        cursor.error_at_key(message.as_str());
    }
    (!conflict && missing.is_empty()).then_some(mappings)
}

fn mapping(cursor: &Cursor<'_>, kind: Option<SyncType>) -> Option<Mapping> {
    let keys = cursor.keys(&["from", "value", "to"])?;
    let to = keys
        .need("to", "where the value goes, such as user.email")
        .and_then(|cursor| match kind? {
            SyncType::CustomAudience => person_target(&cursor).map(MappingTarget::Person),
            kind => event_target(&cursor, kind).map(MappingTarget::Event),
        });
    let source = match (keys.get("from"), keys.get("value")) {
        (Some(from), None) => from.column().map(MappingSource::Column),
        (None, Some(value)) => constant(&value).map(MappingSource::Value),
        (Some(_), Some(_)) => {
            keys.error(
                "expected either from, for a column, or value, for the same value in each row, found both",
            );
            None
        }
        (None, None) => {
            keys.error("expected from, for a column, or value, for the same value in each row");
            None
        }
    };
    Some(Mapping {
        source: source?,
        to: to?,
    })
}

/// A value as a column would hold it: an empty one would be absent in each row.
fn constant(cursor: &Cursor<'_>) -> Option<String> {
    let text = cursor.constant("a value")?;
    if text.is_empty() {
        cursor.error("expected a value, found an empty text, which counts as absent");
        return None;
    }
    Some(text.to_owned())
}

fn event_target(cursor: &Cursor<'_>, kind: SyncType) -> Option<Target> {
    let to = cursor.text("a field of the event, such as user.email")?;
    match Target::parse(to, kind) {
        Ok(target) => {
            if let Some(near) = target.probably_meant() {
                cursor.warning(format!(
                    "TikTok lists no such property, and it is sent as it is; did you mean {near}?"
                ));
            }
            if let Some(sources) = unusual(&target, kind) {
                cursor.warning(format!(
                    "TikTok has this field for {sources} events only; it is sent all the same"
                ));
            }
            Some(target)
        }
        Err(error) => {
            cursor.error(error.message);
            None
        }
    }
}

/// The sources of a target, where the sync's own is not among them.
fn unusual(target: &Target, kind: SyncType) -> Option<String> {
    let own = match kind {
        SyncType::WebEvents => "web",
        SyncType::OfflineEvents => "offline",
        SyncType::CrmEvents => "crm",
        SyncType::CustomAudience => return None,
    };
    let sources = target.sources().names();
    (!sources.contains(&own)).then(|| sources.join(" and "))
}

/// An identifier of a person.
pub(super) fn person_target(cursor: &Cursor<'_>) -> Option<PersonTarget> {
    let to = cursor.text("an identifier of a person: email, phone, gaid or idfa")?;
    let to = to.strip_prefix("user.").unwrap_or(to);
    if let Some((_, target)) = PERSON_TARGETS.iter().find(|(name, _)| *name == to) {
        return Some(*target);
    }
    let words: Vec<&str> = PERSON_TARGETS.iter().take(5).map(|(name, _)| *name).collect();
    cursor.error(expected_one_of(Some(to), &words));
    None
}

/// Two mappings of which one would undo, or only repeat, the other.
fn conflicts(one: &Mapping, other: &Mapping) -> bool {
    match (&one.to, &other.to) {
        (MappingTarget::Event(a), MappingTarget::Event(b)) => {
            a.conflicts_with(b) || (a.path() == b.path() && one.source == other.source)
        }
        (MappingTarget::Person(a), MappingTarget::Person(b)) => a == b && one.source == other.source,
        _ => false,
    }
}

fn conflict_message(one: &Mapping, other: &Mapping) -> String {
    match (&one.to, &other.to) {
        (MappingTarget::Event(a), MappingTarget::Event(b)) if a.path() != b.path() => {
            format!(
                "expected {} or {}, found both, which are one place",
                a.path(),
                b.path()
            )
        }
        (MappingTarget::Event(a), MappingTarget::Event(b)) if a.conflicts_with(b) => {
            format!("expected one mapping to {}, found another", a.path())
        }
        _ => "expected each mapping once, found it twice".to_owned(),
    }
}

/// What the sync cannot do without: each row would be refused.
fn missing(mappings: &[Mapping], kind: SyncType) -> Vec<String> {
    let maps = |path: &str| {
        mappings
            .iter()
            .any(|mapping| matches!(&mapping.to, MappingTarget::Event(target) if target.path() == path))
    };
    let mut missing = Vec::new();
    if kind != SyncType::CustomAudience && !maps("event_time") {
        missing.push("expected a mapping to event_time".to_owned());
    }
    match kind {
        SyncType::WebEvents => {
            // `ttclid` is read from the page's URL when no column gives it.
            let single = [
                "user.email",
                "user.phone",
                "user.external_id",
                "user.ttclid",
                "user.ttp",
                "page.url",
            ];
            let address = maps("user.ip") && maps("user.user_agent");
            if !address && !single.iter().any(|path| maps(path)) {
                missing.push(
                    "expected a mapping to an identifier: user.email, user.phone, user.external_id, user.ttclid, \
                     user.ttp, or user.ip with user.user_agent"
                        .to_owned(),
                );
            }
        }
        SyncType::OfflineEvents => {
            if !maps("user.email") && !maps("user.phone") {
                missing.push(
                    "expected a mapping to user.email or user.phone: offline events need one".to_owned(),
                );
            }
        }
        SyncType::CrmEvents => {
            if !maps("lead.lead_id") {
                missing.push("expected a mapping to lead.lead_id: CRM events need it".to_owned());
            }
        }
        SyncType::CustomAudience => {
            if mappings.is_empty() {
                missing.push("expected a mapping to an identifier: email, phone, gaid or idfa".to_owned());
            }
        }
    }
    missing
}
