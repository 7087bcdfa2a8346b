//! A spec to start from: a commented one, or one that is proposed from an export's header and rows.

mod audience;
mod country;
mod event_names;
mod hints;
mod key;
mod known;
mod look;
mod propose;
mod shape;
mod template;
mod text;
mod write;

pub(crate) use look::look;
pub(crate) use propose::propose;
pub(crate) use template::template;
pub(crate) use write::write;

use clap::ValueEnum;

/// The types that a spec can be started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StartType {
    /// Events of a website
    #[value(name = "web_events")]
    Web,
    /// Events of shops, call centres and the like
    #[value(name = "offline_events")]
    Offline,
    /// Events of a CRM
    #[value(name = "crm_events")]
    Crm,
    /// The people of a custom audience
    #[value(name = "custom_audience")]
    Audience,
}

/// What a sync of events starts with.
struct EventStart {
    /// TikTok's word for the event source.
    source: &'static str,
    /// The line that names where events go: an id that the sandbox knows.
    source_id: &'static str,
    /// Rows per API call, as many as TikTok takes.
    batch_size: u16,
    /// The event, where no column names it.
    name: &'static str,
}

impl StartType {
    /// The word in a spec.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Web => "web_events",
            Self::Offline => "offline_events",
            Self::Crm => "crm_events",
            Self::Audience => "custom_audience",
        }
    }

    /// `None`: people, no events.
    fn events(self) -> Option<EventStart> {
        const EVENT_SET: &str = "event_set_id: \"7300000000000000001\"";
        let start = |source, source_id, batch_size, name| EventStart {
            source,
            source_id,
            batch_size,
            name,
        };
        match self {
            Self::Web => Some(start(
                "web",
                "pixel_code: C4A1EXAMPLEPIXEL0001",
                1_000,
                "Purchase",
            )),
            Self::Offline => Some(start("offline", EVENT_SET, 100, "Purchase")),
            Self::Crm => Some(start("crm", EVENT_SET, 1_000, "Lead")),
            Self::Audience => None,
        }
    }
}

/// The name of a sync for an export of this file name: lower-case letters, digits and dashes.
pub(crate) fn sync_name(file_stem: &str) -> String {
    let dashed: String = file_stem
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let words: Vec<&str> = dashed.split('-').filter(|word| !word.is_empty()).collect();
    let name: String = words.join("-").chars().take(64).collect();
    let name = name.trim_end_matches('-');
    if name.is_empty() {
        "my-sync".to_owned()
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_become_names_of_syncs() {
        for (stem, name) in [
            ("Orders 2026_11", "orders-2026-11"),
            ("--", "my-sync"),
            ("Käufe", "k-ufe"),
            ("web", "web"),
            (&"a-".repeat(40), &format!("{}a", "a-".repeat(31))),
        ] {
            assert_eq!(sync_name(stem), name);
            assert!(sync_core::names::SyncName::new(name).is_ok());
        }
    }
}
