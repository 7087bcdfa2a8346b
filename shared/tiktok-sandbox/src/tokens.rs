//! Tokens and apps: who may call what.

use std::collections::HashMap;

use serde::Deserialize;

use crate::{codes, refusal::Refusal};

/// The app that is known without configuration.
pub const APP_ID: &str = "7400000000000000001";
/// Its secret.
pub const APP_SECRET: &str = "sandbox-secret";
/// The token that is known without configuration.
pub const TOKEN: &str = "sandbox-token";
/// The advertiser accounts that the token reaches.
pub const ADVERTISERS: [&str; 2] = ["7100000000000000001", "7100000000000000002"];
/// The pixel code that tests and the demo use.
pub const PIXEL_CODE: &str = "C4A1EXAMPLEPIXEL0001";
/// The offline event set that tests and the demo use.
pub const EVENT_SET_ID: &str = "7300000000000000001";

/// Every scope that the served endpoints ask for.
pub(crate) const SCOPES: [u64; 9] = [
    3,
    READ_AUDIENCES,
    WRITE_AUDIENCES,
    5,
    51,
    8,
    TRACK_EVENTS,
    OFFLINE_EVENTS,
    CRM_EVENTS,
];
/// `/dmp/custom_audience/list/` and `/get/`.
pub(crate) const READ_AUDIENCES: u64 = 30;
/// The other audience endpoints.
pub(crate) const WRITE_AUDIENCES: u64 = 31;
/// `/event/track/`.
pub(crate) const TRACK_EVENTS: u64 = 7_224_195_155_857_866_754;
/// Offline event sets; the parent of four scopes.
pub(crate) const OFFLINE_EVENTS: u64 = 7_043_626_160_646_946_818;
/// CRM event sets.
pub(crate) const CRM_EVENTS: u64 = 7_294_180_478_502_830_081;

const OFFLINE_PARTS: [u64; 4] = [
    7_050_363_942_434_127_873,
    7_068_127_621_543_919_617,
    7_050_363_942_434_095_105,
    7_224_195_155_857_833_986,
];

/// What one token may do.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    pub(crate) app_id: String,
    pub(crate) scopes: Vec<u64>,
    pub(crate) revoked: bool,
    /// The accounts that `/oauth2/advertiser/get/` names.
    pub(crate) listed: Vec<String>,
    /// The only advertisers it reaches; without: every well-formed id.
    pub(crate) advertisers: Option<Vec<String>>,
    /// The only pixels and event sets it reaches; without: every well-formed id.
    pub(crate) event_sources: Option<Vec<String>>,
}

impl Grant {
    pub(crate) fn new(app_id: &str, scopes: &[u64], listed: &[String]) -> Self {
        Self {
            app_id: app_id.to_owned(),
            scopes: scopes.to_vec(),
            revoked: false,
            listed: listed.to_vec(),
            advertisers: None,
            event_sources: None,
        }
    }

    /// Whether the token has this scope, itself or by its parent.
    pub(crate) fn has_scope(&self, wanted: u64) -> bool {
        self.scopes.iter().any(|&scope| match scope {
            3 => [3, READ_AUDIENCES, WRITE_AUDIENCES].contains(&wanted),
            OFFLINE_EVENTS => wanted == OFFLINE_EVENTS || OFFLINE_PARTS.contains(&wanted),
            scope => scope == wanted || (wanted == OFFLINE_EVENTS && OFFLINE_PARTS.contains(&scope)),
        })
    }

    pub(crate) fn reaches_advertiser(&self, id: &str) -> bool {
        self.advertisers
            .as_ref()
            .is_none_or(|only| only.iter().any(|known| known == id))
    }

    pub(crate) fn reaches_source(&self, id: &str) -> bool {
        self.event_sources
            .as_ref()
            .is_none_or(|only| only.iter().any(|known| known == id))
    }
}

/// A change of one token by the settings; what is not named stays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantChange {
    scopes: Option<Vec<u64>>,
    revoked: Option<bool>,
    advertisers: Option<Vec<String>>,
    event_sources: Option<Vec<String>>,
}

/// All tokens and apps that the sandbox knows.
#[derive(Debug)]
pub(crate) struct Tokens {
    grants: HashMap<String, Grant>,
    apps: HashMap<String, String>,
}

impl Default for Tokens {
    fn default() -> Self {
        let listed = ADVERTISERS.map(str::to_owned);
        Self {
            grants: HashMap::from([(TOKEN.to_owned(), Grant::new(APP_ID, &SCOPES, &listed))]),
            apps: HashMap::from([(APP_ID.to_owned(), APP_SECRET.to_owned())]),
        }
    }
}

impl Tokens {
    /// The live grant of a token: 40104 without a token, 40105 for an unknown or revoked one.
    pub(crate) fn grant(&self, token: Option<&str>) -> Result<&Grant, Refusal> {
        let Some(token) = token.filter(|token| !token.is_empty()) else {
            return Err(Refusal::new(40104, codes::message(40104)));
        };
        let grant = self.grants.get(token).filter(|grant| !grant.revoked);
        grant.ok_or_else(|| Refusal::new(40105, codes::message(40105)))
    }

    pub(crate) fn insert(&mut self, token: String, grant: Grant) {
        self.grants.insert(token, grant);
    }

    /// Makes a token dead and tells the accounts it reached.
    pub(crate) fn revoke(&mut self, token: &str) -> Option<Vec<String>> {
        let grant = self.grants.get_mut(token).filter(|grant| !grant.revoked)?;
        grant.revoked = true;
        Some(grant.listed.clone())
    }

    pub(crate) fn secret(&self, app_id: &str) -> Option<&str> {
        self.apps.get(app_id).map(String::as_str)
    }

    pub(crate) fn set_app(&mut self, app_id: String, secret: String) {
        self.apps.insert(app_id, secret);
    }

    /// Changes a token, or adds it with all scopes first.
    pub(crate) fn change(&mut self, token: String, change: GrantChange) {
        let grant = self
            .grants
            .entry(token)
            .or_insert_with(|| Grant::new(APP_ID, &SCOPES, &ADVERTISERS.map(str::to_owned)));
        if let Some(scopes) = change.scopes {
            grant.scopes = scopes;
        }
        if let Some(revoked) = change.revoked {
            grant.revoked = revoked;
        }
        if let Some(advertisers) = change.advertisers {
            grant.listed.clone_from(&advertisers);
            grant.advertisers = Some(advertisers);
        }
        if let Some(sources) = change.event_sources {
            grant.event_sources = Some(sources);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(scopes: &[u64], wanted: u64, expected: bool) {
        assert_eq!(
            Grant::new(APP_ID, scopes, &[]).has_scope(wanted),
            expected,
            "{scopes:?} {wanted}"
        );
    }

    #[test]
    fn a_parent_scope_includes_its_children() {
        check(&[3], WRITE_AUDIENCES, true);
        check(&[READ_AUDIENCES], WRITE_AUDIENCES, false);
        check(&[TRACK_EVENTS], OFFLINE_EVENTS, false);
        check(&[OFFLINE_PARTS[0]], OFFLINE_EVENTS, true);
        check(&[], TRACK_EVENTS, false);
    }
}
