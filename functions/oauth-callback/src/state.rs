//! The state that travels through TikTok: random, expiring, signed, and bound to one browser and one destination.
//!
//! `name.expires.nonce.binding.signature`: the binding is a signature over the nonce and the secret value of a cookie,
//! so that only the browser that was sent to TikTok can come back with it. A nonce is used once.

use runtime::http::HttpRequest;
use sha2::{Digest, Sha256};
use sync_core::names::DestinationName;

use crate::failure::Failure;
use crate::signing::{Purpose, SigningKey};

/// How long TikTok's page may take, in seconds: as long as an authorisation code lives.
const LIFETIME: i64 = 3_600;

/// The state and the cookie that a browser takes along to TikTok's page.
pub(crate) struct Journey {
    /// The state, a parameter of TikTok's page.
    pub(crate) state: String,
    /// The value of `Set-Cookie`.
    pub(crate) cookie: String,
}

/// A state that came back to the browser that it was given to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Returned {
    /// The destination that is being connected.
    pub(crate) name: DestinationName,
    nonce: String,
}

/// Makes both, for one destination.
pub(crate) fn begin(key: &SigningKey, name: &DestinationName, now: i64) -> Journey {
    let nonce = const_hex::encode(rand::random::<[u8; 16]>());
    let value = const_hex::encode(rand::random::<[u8; 32]>());
    let expires = (now + LIFETIME).to_string();
    let binding = key.sign(Purpose::Binding, &[&nonce, &value]);
    let signature = key.sign(Purpose::State, &[name.as_str(), &expires, &nonce, &binding]);
    Journey {
        state: format!("{name}.{expires}.{nonce}.{binding}.{signature}"),
        cookie: set_cookie(&cookie_name(&nonce), &value, LIFETIME),
    }
}

/// Checks what came back. Nothing of a state is looked at before its signature was found to be ours.
pub(crate) fn check(key: &SigningKey, request: &HttpRequest, now: i64) -> Result<Returned, Failure> {
    let state = request.query("state").ok_or(Failure::NoState)?;
    let parts: Vec<&str> = state.split('.').collect();
    let &[name, expires, nonce, binding, signature] = parts.as_slice() else {
        return Err(Failure::Forged);
    };
    if !key.verify(Purpose::State, &[name, expires, nonce, binding], signature) {
        return Err(Failure::Forged);
    }
    let name = DestinationName::new(name).map_err(|_| Failure::Forged)?;
    if expires.parse::<i64>().map_err(|_| Failure::Forged)? <= now {
        return Err(Failure::Expired);
    }
    let value = request.cookie(&cookie_name(nonce)).unwrap_or_default();
    if !key.verify(Purpose::Binding, &[nonce, value], binding) {
        return Err(Failure::OtherBrowser);
    }
    Ok(Returned {
        name,
        nonce: nonce.to_owned(),
    })
}

impl Returned {
    /// `oauth/used/<digest>`: written once, when the state is used.
    pub(crate) fn used(&self) -> String {
        let digest: [u8; 32] = Sha256::digest(self.nonce.as_bytes()).into();
        format!("oauth/used/{}", const_hex::encode(digest))
    }
}

/// Several destinations may be on their way in one browser: each has a cookie of its own. It stays after its use, for its
/// hour: whoever loads the page again is told that the state was used, and not that the browser is another one.
fn cookie_name(nonce: &str) -> String {
    format!("__Host-tideline-{}", nonce.get(..8).unwrap_or_default())
}

/// A cookie for this host alone, that no script reads. `Lax`: TikTok's redirect brings it along.
pub(crate) fn set_cookie(name: &str, value: &str, seconds: i64) -> String {
    format!("{name}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    struct Bench {
        key: SigningKey,
        journey: Journey,
    }

    impl Bench {
        fn new() -> Self {
            let key = SigningKey::new(&"k".repeat(32)).unwrap();
            let journey = begin(&key, &DestinationName::new("acme").unwrap(), NOW);
            Self { key, journey }
        }

        fn cookie(&self) -> &str {
            self.journey.cookie.split(';').next().unwrap()
        }

        fn check(&self, state: &str, cookie: &str, now: i64) -> Result<Returned, Failure> {
            let query = format!("state={state}&auth_code=c");
            check(
                &self.key,
                &HttpRequest::new("GET", "/oauth/callback", &query, [cookie]),
                now,
            )
        }
    }

    #[test]
    fn a_state_comes_back_to_its_browser_within_its_time() {
        let bench = Bench::new();
        let returned = bench
            .check(&bench.journey.state, bench.cookie(), NOW + 3_599)
            .unwrap();
        assert_eq!(returned.name.as_str(), "acme");
        assert!(returned.used().starts_with("oauth/used/") && returned.used().len() == 75);
        let late = bench.check(&bench.journey.state, bench.cookie(), NOW + 3_600);
        assert_eq!(late, Err(Failure::Expired));
    }

    #[test]
    fn every_changed_character_of_a_state_is_noticed() {
        let bench = Bench::new();
        let state = &bench.journey.state;
        for at in 0..state.len() {
            let mut changed = state.clone().into_bytes();
            changed[at] = if changed[at] == b'1' { b'2' } else { b'1' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(
                bench.check(&changed, bench.cookie(), NOW),
                Err(Failure::Forged),
                "{at}"
            );
        }
        for forged in ["", "....", "acme", state.get(1..).unwrap(), &format!("{state}.")] {
            assert_eq!(bench.check(forged, bench.cookie(), NOW), Err(Failure::Forged));
        }
    }

    #[test]
    fn a_forged_state_says_nothing_about_its_other_faults() {
        let bench = Bench::new();
        let other = SigningKey::new(&"o".repeat(32)).unwrap();
        let forged = begin(&other, &DestinationName::new("acme").unwrap(), 0);
        assert_eq!(bench.check(&forged.state, "", NOW), Err(Failure::Forged));
    }

    #[test]
    fn a_state_is_of_no_use_in_another_browser() {
        let (bench, other) = (Bench::new(), Bench::new());
        let state = &bench.journey.state;
        let (name, value) = bench.cookie().split_once('=').unwrap();
        for cookie in [
            "",
            other.cookie(),
            &format!("{name}="),
            &format!("{name}={}0", value.get(..63).unwrap()),
            &format!("x={value}"),
        ] {
            let expected = if cookie == bench.cookie() {
                Ok(())
            } else {
                Err(Failure::OtherBrowser)
            };
            assert_eq!(bench.check(state, cookie, NOW).map(|_| ()), expected, "{cookie}");
        }
        assert_eq!(
            bench.check(&other.journey.state, bench.cookie(), NOW),
            Err(Failure::OtherBrowser)
        );
    }

    #[test]
    fn no_two_states_or_cookies_are_alike_and_the_cookie_is_for_this_host_alone() {
        let (one, other) = (Bench::new(), Bench::new());
        assert_ne!(one.journey.state, other.journey.state);
        assert_ne!(one.cookie(), other.cookie());
        assert!(one.journey.cookie.starts_with("__Host-tideline-"));
        assert!(
            one.journey
                .cookie
                .ends_with("; Path=/; Max-Age=3600; Secure; HttpOnly; SameSite=Lax")
        );
        assert!(
            !one.journey
                .state
                .contains(one.cookie().split_once('=').unwrap().1)
        );
    }
}
