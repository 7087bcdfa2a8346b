//! Which event names each source takes.

use std::{collections::HashSet, sync::LazyLock};

use serde::Deserialize;

use crate::settings::EventSource;

/// Longest custom name, in characters.
const CUSTOM_NAME_CHARS: usize = 50;

#[derive(Debug, Default, Deserialize)]
struct Names {
    standard: HashSet<String>,
    app_only: HashSet<String>,
    reserved: HashSet<String>,
}

static NAMES: LazyLock<Names> = LazyLock::new(|| {
    // The file is part of the program, and a test reads it: the default never comes to use.
    serde_json::from_str(include_str!("../../data/event-names.json")).unwrap_or_default()
});

static CURRENCIES: LazyLock<HashSet<String>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../data/currencies.json")).unwrap_or_default());

/// Whether this source takes this name. Names are case-sensitive; only web, app and CRM take custom names.
pub(crate) fn is_event_name(source: EventSource, name: &str) -> bool {
    let custom = || is_custom_name(name) && !NAMES.reserved.contains(name);
    match source {
        EventSource::Offline => NAMES.standard.contains(name),
        EventSource::Web | EventSource::Crm => NAMES.standard.contains(name) || custom(),
        EventSource::App => NAMES.standard.contains(name) || NAMES.app_only.contains(name) || custom(),
    }
}

/// Letters, digits, `_` and `-`, a letter first, at most 50.
fn is_custom_name(name: &str) -> bool {
    name.len() <= CUSTOM_NAME_CHARS
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// Whether TikTok's published list holds this ISO 4217 code.
pub(crate) fn is_currency(code: &str) -> bool {
    CURRENCIES.contains(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_whole() {
        assert_eq!(
            (NAMES.standard.len(), NAMES.app_only.len(), CURRENCIES.len()),
            (22, 19, 62)
        );
    }

    fn check(source: EventSource, name: &str, expected: bool) {
        assert_eq!(is_event_name(source, name), expected, "{source:?} {name}");
    }

    #[test]
    fn each_source_takes_its_names() {
        check(EventSource::Web, "Purchase", true);
        check(EventSource::Web, "CompletePayment", true);
        check(EventSource::Web, "Loyalty_Card-2", true);
        check(EventSource::Web, "2Loyalty", false);
        check(EventSource::Web, "Loyalty card", false);
        check(EventSource::Web, &"a".repeat(50), true);
        check(EventSource::Web, &"a".repeat(51), false);
        check(EventSource::Web, "StartCheckout", false);
        check(EventSource::Offline, "Purchase", true);
        check(EventSource::Offline, "Loyalty", false);
        check(EventSource::Offline, "purchase", false);
        check(EventSource::Crm, "Qualified", true);
        check(EventSource::App, "LaunchAPP", true);
    }
}
