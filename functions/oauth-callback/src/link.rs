//! The link that starts OAuth: who has it may connect this one destination, for a short time.

use std::fmt;

use runtime::http::HttpRequest;
use runtime::secrets::{SecretText, Secrets, SecretsError, names};
use serde::Deserialize;
use sync_core::names::DestinationName;
use url::{Host, Url};

use crate::failure::Failure;
use crate::signing::{Purpose, SigningKey};

/// The longest that a link may hold, in minutes: one day.
pub const MAX_MINUTES: u32 = 24 * 60;

/// Clocks of the one who signs and of the one who checks may differ by this much, in seconds.
const SKEW: i64 = 300;

/// The shortest key that is taken, in bytes.
const MIN_KEY: usize = 32;

/// What the secret `tideline/<bucket>/link-key` holds: the key that signs, and the address that links point to. The
/// stack makes it.
#[derive(Clone)]
pub struct LinkSecret {
    address: String,
    pub(crate) key: SigningKey,
}

#[derive(Deserialize)]
struct Kept {
    url: String,
    key: String,
}

/// Why there is no link secret. It quotes nothing of it.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// It was never made, or was deleted.
    #[error("there is no secret `{0}`: the stack makes it; deploy infra/template.yaml")]
    Absent(String),
    /// It holds something else.
    #[error(
        "the secret `{0}` is not {{\"url\": an https address, \"key\": at least 32 characters}}: delete it and deploy the stack again"
    )]
    Unreadable(String),
    /// It cannot be asked for.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
}

impl LinkSecret {
    /// Reads the secret of an installation.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn load(secrets: &dyn Secrets, bucket: &str) -> Result<Self, LinkError> {
        let name = names::link_key(bucket);
        let secret = secrets
            .get(&name)
            .await?
            .ok_or_else(|| LinkError::Absent(name.clone()))?;
        Self::parse(secret.value.expose()).ok_or(LinkError::Unreadable(name))
    }

    /// The text of a fresh secret for an address, for an installation without a stack.
    pub fn fresh(address: &str) -> SecretText {
        let key = const_hex::encode(rand::random::<[u8; 32]>());
        SecretText::new(serde_json::json!({"url": address, "key": key}).to_string())
    }

    fn parse(text: &str) -> Option<Self> {
        let kept: Kept = serde_json::from_str(text).ok()?;
        let address = kept.url.trim_end_matches('/').to_owned();
        if kept.key.len() < MIN_KEY || !is_address(&address) {
            return None;
        }
        Some(Self {
            address,
            key: SigningKey::new(&kept.key)?,
        })
    }

    /// A link for this destination that holds until `expires`, in epoch seconds.
    pub fn link(&self, name: &DestinationName, expires: i64) -> String {
        let until = expires.to_string();
        let signature = self.key.sign(Purpose::Link, &[name.as_str(), &until]);
        format!(
            "{}/oauth/start?name={name}&until={until}&sig={signature}",
            self.address
        )
    }

    /// Where TikTok sends the browser back to. It has to be one of the redirect URLs of the app.
    pub fn redirect_uri(&self) -> String {
        format!("{}/oauth/callback", self.address)
    }

    /// The destination of a link that we signed and that still holds.
    pub(crate) fn check(&self, request: &HttpRequest, now: i64) -> Result<DestinationName, Failure> {
        let of = |name| request.query(name).unwrap_or_default();
        let (name, until, signature) = (of("name"), of("until"), of("sig"));
        if !self.key.verify(Purpose::Link, &[name, until], signature) {
            return Err(Failure::LinkInvalid);
        }
        let expires: i64 = until.parse().map_err(|_| Failure::LinkInvalid)?;
        if expires <= now {
            return Err(Failure::LinkExpired);
        }
        if expires - now > i64::from(MAX_MINUTES) * 60 + SKEW {
            return Err(Failure::LinkInvalid);
        }
        DestinationName::new(name).map_err(|_| Failure::LinkInvalid)
    }
}

impl fmt::Debug for LinkSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkSecret({}, …)", self.address)
    }
}

/// A code comes to this address: without TLS only inside this machine.
fn is_address(address: &str) -> bool {
    let Ok(url) = Url::parse(address) else {
        return false;
    };
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let plain = url.username().is_empty() && url.password().is_none();
    let bare = url.query().is_none() && url.fragment().is_none();
    plain && bare && (url.scheme() == "https" || (url.scheme() == "http" && here))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn secret(url: &str, key: &str) -> Option<LinkSecret> {
        LinkSecret::parse(&serde_json::json!({"url": url, "key": key}).to_string())
    }

    fn opened(link: &str) -> HttpRequest {
        HttpRequest::new("GET", "/oauth/start", link.split_once('?').unwrap().1, [])
    }

    #[test]
    fn a_link_holds_for_its_destination_and_its_time() {
        let secret = secret("https://x.example/", &"k".repeat(32)).unwrap();
        let name = DestinationName::new("acme").unwrap();
        let link = secret.link(&name, NOW + 60);
        assert!(
            link.starts_with("https://x.example/oauth/start?name=acme&until="),
            "{link}"
        );
        let check = |link: &str, now: i64| secret.check(&opened(link), now);
        assert_eq!(check(&link, NOW), Ok(name.clone()));
        assert_eq!(check(&link, NOW + 59), Ok(name.clone()));
        assert_eq!(check(&link, NOW + 60), Err(Failure::LinkExpired));
        assert_eq!(
            check(&link.replace("acme", "acne"), NOW),
            Err(Failure::LinkInvalid)
        );
        assert_eq!(
            check(
                &link.replace(&(NOW + 60).to_string(), &(NOW + 61).to_string()),
                NOW
            ),
            Err(Failure::LinkInvalid)
        );
        assert_eq!(check("?name=acme", NOW), Err(Failure::LinkInvalid));
        assert_eq!(
            check(&format!("{link}&name=acme"), NOW),
            Err(Failure::LinkInvalid)
        );
        assert_eq!(
            check(&secret.link(&name, NOW + 100_000), NOW),
            Err(Failure::LinkInvalid)
        );
        let other = LinkSecret::parse(LinkSecret::fresh("https://x.example").expose()).unwrap();
        assert_eq!(
            check(&other.link(&name, NOW + 60), NOW),
            Err(Failure::LinkInvalid)
        );
    }

    #[test]
    fn codes_come_by_tls_or_stay_on_this_machine() {
        let key = "k".repeat(32);
        for good in [
            "https://a1.execute-api.eu-west-1.amazonaws.com",
            "http://127.0.0.1:8098",
            "http://localhost:1",
            "http://[::1]:1",
            "http://a1.execute-api.localhost:4566",
            "http://127.0.0.1:4566/_aws/execute-api/a1/$default",
        ] {
            assert!(secret(good, &key).is_some(), "{good}");
        }
        for bad in [
            "",
            "http://x.example",
            "http://127.0.0.1.x.example",
            "http://127.0.0.1@x.example",
            "https://user@x.example",
            "https://x.example/?a=b",
            "https://x.example/#a",
            "http://10.0.0.1",
            "http://[::ffff:10.0.0.1]",
            "file:///etc",
        ] {
            assert!(secret(bad, &key).is_none(), "{bad}");
        }
        assert!(secret("https://x.example", "short").is_none());
        assert!(!format!("{:?}", secret("https://x.example", &key)).contains("kkk"));
    }
}
