//! A spec to start from: a commented one, or one that is proposed from an export's header and rows.

mod country;
mod event_names;
mod key;
mod known;
mod look;
mod propose;
mod shape;
mod template;
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
}

impl StartType {
    /// The word in a spec.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Web => "web_events",
            Self::Offline => "offline_events",
            Self::Crm => "crm_events",
        }
    }

    /// TikTok's word for the event source.
    fn source(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Offline => "offline",
            Self::Crm => "crm",
        }
    }

    /// The line that names where events go: an id that the sandbox knows.
    fn source_id(self) -> &'static str {
        match self {
            Self::Web => "pixel_code: C4A1EXAMPLEPIXEL0001",
            Self::Offline | Self::Crm => "event_set_id: \"7300000000000000001\"",
        }
    }

    /// Rows per API call, as many as TikTok takes.
    fn batch_size(self) -> u16 {
        match self {
            Self::Offline => 100,
            Self::Web | Self::Crm => 1_000,
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
