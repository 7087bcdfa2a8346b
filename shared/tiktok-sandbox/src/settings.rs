//! Settings: where TikTok's behaviour is not known or differs between sources, a switch.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Where an event happened: the `event_source` of a call to `/event/track/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventSource {
    /// A website; its id is a pixel code.
    Web,
    /// A shop or call centre; its id is an offline event set.
    Offline,
    /// A CRM; its id is a CRM event set.
    Crm,
    /// A mobile app; only for accounts that TikTok has allowed.
    App,
}

/// How a refused row is named in the message. Which form TikTok answers for a batch is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MessageForm {
    /// `Invalid value for data.3.event_id: not a valid string.`
    WithIndex,
    /// `Invalid value for event_id: not a valid string.`
    WithoutIndex,
    /// `Batch.3.event_id: Not a valid string`
    Batch,
}

/// Whether something that is probably a fault of the client is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Strictness {
    Refuse,
    Accept,
}

/// What the authorisation page does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Authorize {
    /// Redirects at once with a code.
    Grant,
    /// Redirects at once without a code.
    Refuse,
    /// Shows a page with both links.
    Page,
}

/// Every switch but the clock, the tokens and the apps, which live in the state.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// Form of the message for a refused row.
    pub(crate) messages: MessageForm,
    /// Event sources that the account may use; the others answer 40118.
    pub(crate) allowed_sources: Vec<EventSource>,
    /// Events per call, where it is less than 1,000.
    pub(crate) max_events: BTreeMap<EventSource, usize>,
    /// Currencies beyond the published list.
    pub(crate) currencies_add: Vec<String>,
    /// 40062, or 40002.
    pub(crate) unhashed_code: u32,
    /// 40002, or 40061.
    pub(crate) batch_size_code: u32,
    /// Unknown keys outside of `properties` and `contents`.
    pub(crate) unknown_fields: Strictness,
    /// Hashes in capital letters.
    pub(crate) uppercase_hashes: Strictness,
    /// Web events without `page.url`.
    pub(crate) missing_page_url: Strictness,
    /// Off: the list of events has no bodies, for tests with millions of events.
    pub(crate) keep_event_bodies: bool,
    /// Largest body of a JSON call, in bytes.
    pub(crate) max_body_bytes: usize,
    /// What the authorisation page does.
    pub(crate) authorize: Authorize,
    /// Redirect addresses of the app; empty: any.
    pub(crate) redirect_urls: Vec<String>,
    /// Accounts that a new token reaches.
    pub(crate) authorized_advertisers: Vec<String>,
    /// Scopes that a new token gets.
    pub(crate) authorized_scopes: Vec<u64>,
    /// How long an audience computes after it was created or changed by file, in milliseconds.
    pub(crate) processing_ms: i64,
    /// A second file for an audience on one UTC day.
    pub(crate) second_upload: Strictness,
    /// How long an uploaded file waits for its use, in seconds.
    pub(crate) file_seconds: i64,
    /// Users per `/segment/mapping/` call.
    pub(crate) max_mapping_users: usize,
    /// Audiences of both kinds per advertiser.
    pub(crate) max_audiences: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            messages: MessageForm::WithIndex,
            allowed_sources: vec![EventSource::Web, EventSource::Offline, EventSource::Crm],
            max_events: BTreeMap::new(),
            currencies_add: Vec::new(),
            unhashed_code: 40062,
            batch_size_code: 40002,
            unknown_fields: Strictness::Refuse,
            uppercase_hashes: Strictness::Refuse,
            missing_page_url: Strictness::Accept,
            keep_event_bodies: true,
            max_body_bytes: 10 * 1024 * 1024,
            authorize: Authorize::Grant,
            redirect_urls: Vec::new(),
            authorized_advertisers: crate::tokens::ADVERTISERS.map(str::to_owned).to_vec(),
            authorized_scopes: crate::tokens::SCOPES.to_vec(),
            processing_ms: 0,
            second_upload: Strictness::Refuse,
            file_seconds: 86_400,
            max_mapping_users: 10_000,
            max_audiences: 400,
        }
    }
}

impl Settings {
    /// The same settings with the named ones changed, or a sentence about the key that does not fit.
    pub(crate) fn changed(&self, change: Map<String, Value>) -> Result<Self, String> {
        let Ok(Value::Object(mut all)) = serde_json::to_value(self) else {
            return Err("The present settings cannot be written as JSON".to_owned());
        };
        all.extend(change);
        serde_json::from_value(Value::Object(all)).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn change(value: Value) -> Result<Settings, String> {
        let Value::Object(change) = value else {
            panic!("an object")
        };
        Settings::default().changed(change)
    }

    #[test]
    fn a_change_leaves_the_other_settings() {
        let settings = change(json!({"messages": "batch", "max_events": {"offline": 100}})).unwrap();
        assert_eq!(settings.messages, MessageForm::Batch);
        assert_eq!(settings.max_events[&EventSource::Offline], 100);
        assert_eq!(settings.unhashed_code, 40062);
    }

    #[test]
    fn an_unknown_setting_is_named() {
        assert!(
            change(json!({"mesages": "batch"}))
                .unwrap_err()
                .contains("mesages")
        );
        assert!(change(json!({"messages": "loud"})).unwrap_err().contains("loud"));
    }
}
