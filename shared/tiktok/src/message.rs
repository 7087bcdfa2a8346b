//! Reads what TikTok's messages name: a row, a field.
//!
//! The forms seen in the field (Events API 2.0 and its forerunners):
//! `Invalid value for event_source_id: not a valid string.`,
//! `Batch.0.properties.contents.0.content_id: Not a valid string`, `Invalid Price Field`,
//! `Missing required field(s): advertiser_id.` The text is free and may quote values of rows, so that
//! everything read here is a guess: a row is confirmed by [`crate::Isolation`], a field only shown.

use std::sync::LazyLock;

use regex_lite::Regex;

use crate::pattern::pattern;
use crate::redact::redact_text;

/// Longest field path that is kept, in bytes.
const MAX_FIELD: usize = 128;

/// A row by its index in the call, counted from 0, and the path below it.
static ROW: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)\b(?:batch_data|batch|data)[.\[](\d{1,9})(?:[.\]:,\s]|$)([\w.\[\]]*)"));

/// A field by the phrases that come before or behind it.
static FIELDS: LazyLock<[Regex; 4]> = LazyLock::new(|| {
    [
        pattern(r#"(?i)\binvalid value (?:for|of)\s+["'`]?([a-z_][\w.\[\]-]*)"#),
        pattern(r#"(?i)\bmissing required field\(?s?\)?:?\s+["'`]?([a-z_][\w.\[\]-]*)"#),
        pattern(r"(?i)\binvalid ([a-z_]\w*) field\b"),
        pattern(r"^([A-Za-z]+[_.\[][\w.\[\]]*):\s"),
    ]
});

/// What a message names. Both are guesses.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Named {
    /// Index of a row in the call, from 0.
    pub(crate) row: Option<usize>,
    /// Path of a field; below the row when there is one.
    pub(crate) field: Option<String>,
}

/// Reads the first row and field that a message names.
pub(crate) fn named(message: &str) -> Named {
    if let Some(found) = ROW.captures(message) {
        let text = |group| found.get(group).map_or("", |m| m.as_str());
        return Named {
            row: text(1).parse().ok(),
            field: field(text(2)),
        };
    }
    let phrase = FIELDS.iter().find_map(|form| form.captures(message));
    let found = phrase
        .as_ref()
        .and_then(|found| found.get(1))
        .and_then(|m| field(m.as_str()));
    Named {
        row: None,
        field: found,
    }
}

/// Every row that a message names.
pub(crate) fn rows(message: &str) -> impl Iterator<Item = usize> {
    ROW.captures_iter(message)
        .filter_map(|found| found.get(1)?.as_str().parse().ok())
}

/// A field's path as it may be kept: `a.0.b` for `a[0].b`, short, and nothing that looks like a value.
fn field(path: &str) -> Option<String> {
    let path = path.replace('[', ".").replace(']', "");
    let path = path.trim_matches(['.', '-']);
    let kept = !path.is_empty() && path.len() <= MAX_FIELD && redact_text(path) == path;
    kept.then(|| path.to_ascii_lowercase())
}

/// The one of `names` that stands in the text as a word of its own.
pub(crate) fn mentions(text: &str, names: &[&'static str]) -> Option<&'static str> {
    let words = || text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    names
        .iter()
        .copied()
        .find(|name| name.contains('_') && words().any(|word| word == *name))
}

/// The text speaks of too many calls.
pub(crate) fn speaks_of_too_many_calls(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["too many requests", "qps limit", "rate limit", "too frequent"]
        .iter()
        .any(|text| message.contains(text))
}

/// The text speaks of the pixel or event set of the call.
pub(crate) fn speaks_of_event_source(message: &str) -> bool {
    let message = message.to_ascii_lowercase().replace('_', " ");
    ["pixel", "event set", "event source"]
        .iter()
        .any(|text| message.contains(text))
}

/// The text says that an audience is still being worked on, or empty.
pub(crate) fn speaks_of_audience_at_work(message: &str) -> bool {
    message.to_ascii_lowercase().contains("not editable")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &str, row: Option<usize>, field: Option<&str>) {
        assert_eq!(
            named(message),
            Named {
                row,
                field: field.map(str::to_owned)
            },
            "{message}"
        );
    }

    #[test]
    fn messages_with_an_index_name_row_and_field() {
        let content_id = Some("properties.contents.0.content_id");
        check(
            "Batch.0.properties.contents.0.content_id: Not a valid string",
            Some(0),
            content_id,
        );
        check(
            "Invalid value for data.12.user.email: not a valid string.",
            Some(12),
            Some("user.email"),
        );
        check(
            "data[3].event_time: Not a valid integer",
            Some(3),
            Some("event_time"),
        );
        check("Missing required field(s): data.7.event.", Some(7), Some("event"));
        check("batch_data.4.0.id: not hashed", Some(4), Some("0.id"));
        check("Invalid value for data.5: bad", Some(5), None);
        check("DATA.999999999.x", Some(999_999_999), Some("x"));
    }

    #[test]
    fn messages_without_an_index_name_a_field_at_most() {
        check(
            "Invalid value for event_source_id: not a valid string.",
            None,
            Some("event_source_id"),
        );
        check(
            "Invalid value for event_id: not a valid string.",
            None,
            Some("event_id"),
        );
        check("Invalid value for event_source", None, Some("event_source"));
        check(
            "Missing required field(s): advertiser_id, event.",
            None,
            Some("advertiser_id"),
        );
        check("Invalid Price Field", None, Some("price"));
        check("event_time: Not a valid integer", None, Some("event_time"));
        check("Error: something went wrong", None, None);
        check("Parameter error", None, None);
        check("", None, None);
        check("metadata.3.x and userdata[4]", None, None);
        check("data.1234567890123.x", None, None);
    }

    #[test]
    fn values_are_not_kept_as_fields() {
        check(
            "Invalid value for aa11bb22cc33dd44ee55ff6677889900aa11bb22: x",
            None,
            None,
        );
        check(&format!("Invalid value for {}: x", "ab.".repeat(60)), None, None);
        check("data.3.4915112345678", Some(3), None);
    }

    #[test]
    fn all_rows_of_a_message_are_read() {
        assert_eq!(
            rows("data.1.x: bad; data.7.y: bad, Batch.3.z").collect::<Vec<_>>(),
            [1, 7, 3]
        );
    }

    #[test]
    fn names_count_only_as_whole_words() {
        let names = &["event_source_id", "event_source"];
        assert_eq!(
            mentions("the event_source_id is unknown", names),
            Some("event_source_id")
        );
        assert_eq!(mentions("lead_event_source is unknown", names), None);
    }
}
