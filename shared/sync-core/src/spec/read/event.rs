//! `event`: the events that a row makes.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::cursor::{Cursor, Keys};
use super::super::duration::{duration, written};
use super::super::model::{EventBlock, EventNameRule, EventSource, OutOfRange, SyncType};
use super::file::checked;
use crate::names::{EventSetId, PixelCode};
use crate::values::event_name;

/// What may happen to events out of range.
pub(in super::super) const OUT_OF_RANGE: &[(&str, OutOfRange)] =
    &[("refuse", OutOfRange::Refuse), ("warn", OutOfRange::Warn)];

/// TikTok matches and reports no event older than this (TikTok Events API 2.0, age of `event_time`).
const MATCHED_AGE: Duration = Duration::from_hours(28 * 24);
pub(in super::super) const DEFAULT_MAX_AGE: Duration = MATCHED_AGE;
pub(in super::super) const DEFAULT_MAX_FUTURE: Duration = Duration::from_mins(10);
/// Ten years: what lies beyond is a slip of the pen.
const LONGEST_AGE: Duration = Duration::from_hours(3_650 * 24);
const LONGEST_FUTURE: Duration = Duration::from_hours(28 * 24);

/// The most blocks: each row makes an event of each.
const MAX_BLOCKS: usize = 20;

/// The blocks of an event sync; none for an audience.
pub(super) fn read(keys: &Keys<'_>, kind: Option<SyncType>) -> Option<Vec<EventBlock>> {
    let cursor = match (kind, keys.get("event")) {
        (Some(SyncType::CustomAudience), Some(cursor)) => {
            cursor.error_at_key("expected no event in a custom audience; it has the key audience");
            return None;
        }
        (Some(SyncType::CustomAudience), None) => return Some(Vec::new()),
        (_, Some(cursor)) => cursor,
        (Some(_), None) => {
            keys.missing(
                "event",
                "an event block, for example {pixel_code: C4A1, name: {value: Purchase}}",
            );
            return None;
        }
        (None, None) => return None,
    };
    let blocks = cursor.one_or_list();
    if blocks.is_empty() || blocks.len() > MAX_BLOCKS {
        cursor.error(format!("expected 1 to {MAX_BLOCKS} event blocks"));
        return None;
    }
    let read: Vec<_> = blocks.iter().map(|block| read_block(block, kind)).collect();
    let read: Vec<EventBlock> = read.into_iter().collect::<Option<_>>()?;
    all_or_none_is_a_test(&blocks, &read)?;
    Some(read)
}

/// A run is a test as a whole: what it sends to TikTok's test page leaves no mark, and what goes live does.
fn all_or_none_is_a_test(cursors: &[Cursor<'_>], blocks: &[EventBlock]) -> Option<()> {
    let tests = |block: &&EventBlock| block.test_event_code.is_some();
    let number = blocks.iter().filter(tests).count();
    if number == 0 || number == blocks.len() {
        return Some(());
    }
    let live = blocks.iter().position(|block| block.test_event_code.is_none());
    if let Some(cursor) = live.and_then(|at| cursors.get(at)) {
        cursor.error("expected test_event_code in every event block or in none: a run goes to TikTok's test page as a whole, or live as a whole");
    }
    None
}

fn read_block(cursor: &Cursor<'_>, kind: Option<SyncType>) -> Option<EventBlock> {
    let keys = cursor.keys(&[
        "pixel_code",
        "event_set_id",
        "name",
        "allow_custom_names",
        "modern_names",
        "batch_size",
        "test_event_code",
        "max_age",
        "max_future",
        "when_out_of_range",
    ])?;
    let source = source(&keys, kind);
    let allow_custom_names = allow_custom_names(&keys, kind);
    let modern_names = match keys.get("modern_names") {
        Some(cursor) => cursor.boolean(),
        None => Some(false),
    };
    let names = Names {
        kind,
        custom: allow_custom_names,
        modern: modern_names.unwrap_or(false),
    };
    let name = keys
        .need("name", "{value: Purchase} or {from: column}")
        .and_then(|cursor| name_rule(&cursor, &names));
    let batch_size = batch_size(&keys, kind);
    let test_event_code = match keys.get("test_event_code") {
        Some(cursor) => test_event_code(&cursor).map(Some),
        None => Some(None),
    };
    let max_age = match keys.get("max_age") {
        Some(cursor) => max_age(&cursor),
        None => Some(DEFAULT_MAX_AGE),
    };
    let max_future = match keys.get("max_future") {
        Some(cursor) => duration(&cursor, Duration::ZERO, LONGEST_FUTURE),
        None => Some(DEFAULT_MAX_FUTURE),
    };
    let when_out_of_range = match keys.get("when_out_of_range") {
        Some(cursor) => cursor.choice(OUT_OF_RANGE),
        None => Some(OutOfRange::Refuse),
    };
    Some(EventBlock {
        source: source?,
        name: name?,
        allow_custom_names: allow_custom_names?,
        modern_names: modern_names?,
        batch_size: batch_size?,
        test_event_code: test_event_code?,
        max_age: max_age?,
        max_future: max_future?,
        when_out_of_range: when_out_of_range?,
    })
}

fn source(keys: &Keys<'_>, kind: Option<SyncType>) -> Option<EventSource> {
    let pixel = keys.get("pixel_code");
    let set = keys.get("event_set_id");
    let pixel_code = pixel
        .as_ref()
        .map(|cursor| checked(cursor, "a pixel code", PixelCode::new));
    let event_set = set
        .as_ref()
        .map(|cursor| checked(cursor, "the id of an event set", EventSetId::new));
    match kind? {
        SyncType::WebEvents => {
            if let Some(set) = set {
                set.error_at_key(
                    "expected no event set in web_events; a website's events go to a pixel, by pixel_code",
                );
            }
            if pixel_code.is_none() {
                keys.missing("pixel_code", "the code of the pixel, as Events Manager shows it");
            }
            pixel_code.flatten().map(EventSource::Web)
        }
        kind @ (SyncType::OfflineEvents | SyncType::CrmEvents) => {
            if let Some(pixel) = pixel {
                pixel.error_at_key("expected no pixel, for only web_events have one; these events go to an event set, by event_set_id");
            }
            if event_set.is_none() {
                keys.missing(
                    "event_set_id",
                    "the id of the event set, as Events Manager shows it, in quotes",
                );
            }
            let source = if kind == SyncType::OfflineEvents {
                EventSource::Offline
            } else {
                EventSource::Crm
            };
            event_set.flatten().map(source)
        }
        SyncType::CustomAudience => None,
    }
}

/// TikTok takes custom names for web and app; offline events have the standard ones only; for CRM its texts
/// disagree, so that it is left to the spec (TikTok Events API 2.0, event names).
fn allow_custom_names(keys: &Keys<'_>, kind: Option<SyncType>) -> Option<bool> {
    let Some(cursor) = keys.get("allow_custom_names") else {
        return Some(false);
    };
    let allowed = cursor.boolean()?;
    if allowed && kind == Some(SyncType::OfflineEvents) {
        cursor.error("expected false: TikTok takes only its own names for offline events");
        return None;
    }
    Some(allowed)
}

/// What decides whether a name is right. `custom` is `None` where the file does not say it validly.
struct Names {
    kind: Option<SyncType>,
    custom: Option<bool>,
    modern: bool,
}

fn name_rule(cursor: &Cursor<'_>, names: &Names) -> Option<EventNameRule> {
    if !cursor.is_map() && !cursor.is_list() {
        let text = cursor.text("{value: Purchase} or {from: column}")?;
        cursor.error(format!(
            "expected {{value: {text}}} for a name, or {{from: {text}}} for a column"
        ));
        return None;
    }
    let keys = cursor.keys(&["value", "from", "map"])?;
    let map = keys.get("map");
    match (keys.get("value"), keys.get("from")) {
        (Some(value), None) => {
            if let Some(map) = map {
                map.error_at_key(
                    "expected no map beside value; it translates the names of a column, named by from",
                );
            }
            event_name(&value, names).map(EventNameRule::Value)
        }
        (None, Some(from)) => {
            let column = from.column();
            let map = match map {
                Some(map) => name_map(&map, names),
                None => Some(BTreeMap::new()),
            };
            Some(EventNameRule::From {
                column: column?,
                map: map?,
            })
        }
        (Some(_), Some(_)) => {
            keys.error("expected either value or from, found both");
            None
        }
        (None, None) => {
            keys.none_of(&["value", "from"], "expected {value: Purchase} or {from: column}");
            None
        }
    }
}

fn name_map(cursor: &Cursor<'_>, names: &Names) -> Option<BTreeMap<String, String>> {
    let entries = cursor.entries("a map of your names to TikTok's, such as {order_completed: Purchase}")?;
    let entries: Vec<_> = entries
        .into_iter()
        .map(|(own, cursor)| event_name(&cursor, names).map(|name| (own.to_owned(), name)))
        .collect();
    entries.into_iter().collect()
}

/// The name as it is sent: without blanks at its ends, and under its new name with `modern_names`.
fn event_name(cursor: &Cursor<'_>, names: &Names) -> Option<String> {
    let name = cursor.text("the name of an event, such as Purchase")?;
    let source = match names.kind? {
        SyncType::WebEvents => event_name::Source::Web,
        SyncType::OfflineEvents => event_name::Source::Offline,
        SyncType::CrmEvents => event_name::Source::Crm,
        SyncType::CustomAudience => return None,
    };
    match event_name::check(name, source, names.custom?, names.modern) {
        Ok(checked) => {
            if let Some(warning) = checked.warning {
                cursor.warning(warning.message);
            }
            Some(checked.name.into_owned())
        }
        Err(error) => {
            cursor.error(format!("expected the name of an event. {}", error.message));
            None
        }
    }
}

/// Rows per API call: TikTok takes 1,000 events in one, the offline sync at most 100 of them.
fn batch_size(keys: &Keys<'_>, kind: Option<SyncType>) -> Option<u16> {
    let (default, most) = batch_sizes(kind);
    match keys.get("batch_size") {
        Some(cursor) => cursor
            .whole(1, most.into())
            .and_then(|size| u16::try_from(size).ok()),
        None => Some(default),
    }
}

/// The default batch size and the largest.
pub(in super::super) fn batch_sizes(kind: Option<SyncType>) -> (u16, u16) {
    match kind {
        Some(SyncType::OfflineEvents) => (100, 100),
        _ => (1, 1_000),
    }
}

fn test_event_code(cursor: &Cursor<'_>) -> Option<String> {
    let expected = "the code that the test page of Events Manager shows, such as TEST12345";
    let code = cursor.text(expected)?;
    if code.is_empty() || code.len() > 128 || code.trim() != code || code.chars().any(char::is_control) {
        cursor.error(format!("expected {expected}"));
        return None;
    }
    cursor.warning(
        "these events go to TikTok's test page only and count for nothing; take the key out to go live",
    );
    Some(code.to_owned())
}

fn max_age(cursor: &Cursor<'_>) -> Option<Duration> {
    let age = duration(cursor, Duration::from_secs(1), LONGEST_AGE)?;
    if age > MATCHED_AGE {
        cursor.warning(format!(
            "TikTok neither matches nor reports events older than {}",
            written(MATCHED_AGE)
        ));
    }
    Some(age)
}
