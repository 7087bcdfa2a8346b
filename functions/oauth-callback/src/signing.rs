//! HMAC-SHA-256 over what we give out and get back.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What a signature is for: one that was made for another purpose is none.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    /// The link that starts OAuth.
    Link,
    /// The state that comes back from TikTok.
    State,
    /// The cookie that a state is bound to.
    Binding,
    /// The cookie that shows the page of success.
    Done,
}

impl Purpose {
    const fn label(self) -> &'static str {
        match self {
            Self::Link => "tideline oauth link 1",
            Self::State => "tideline oauth state 1",
            Self::Binding => "tideline oauth binding 1",
            Self::Done => "tideline oauth done 1",
        }
    }
}

/// The key of an installation. `Debug` shows nothing of it.
#[derive(Clone)]
pub(crate) struct SigningKey(Hmac<Sha256>);

impl SigningKey {
    pub(crate) fn new(key: &str) -> Option<Self> {
        Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok().map(Self)
    }

    /// 64 hexadecimal digits.
    pub(crate) fn sign(&self, purpose: Purpose, parts: &[&str]) -> String {
        const_hex::encode(self.mac(purpose, parts).finalize().into_bytes())
    }

    /// Whether this is the signature, compared in constant time.
    pub(crate) fn verify(&self, purpose: Purpose, parts: &[&str], signature: &str) -> bool {
        let given: Option<[u8; 32]> = const_hex::decode_to_array(signature).ok();
        let mac = self.mac(purpose, parts);
        // Something is compared in any case.
        mac.verify_slice(&given.unwrap_or_default()).is_ok() && given.is_some()
    }

    /// Each part is preceded by its length, so that no two lists of parts are one text.
    fn mac(&self, purpose: Purpose, parts: &[&str]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        for part in std::iter::once(&purpose.label()).chain(parts) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_purpose_its_parts_and_its_key_alone() {
        let key = SigningKey::new("k1").unwrap();
        let signature = key.sign(Purpose::Link, &["acme", "17"]);
        assert_eq!(signature.len(), 64);
        assert!(key.verify(Purpose::Link, &["acme", "17"], &signature));
        assert!(!key.verify(Purpose::State, &["acme", "17"], &signature));
        assert!(!key.verify(Purpose::Link, &["acme1", "7"], &signature));
        assert!(!key.verify(Purpose::Link, &["acme", "17", ""], &signature));
        let other = SigningKey::new("k2").unwrap();
        assert!(!other.verify(Purpose::Link, &["acme", "17"], &signature));
        for wrong in [
            "",
            "00",
            "zz",
            &"0".repeat(64),
            signature.get(..62).unwrap(),
            &format!("{signature}00"),
        ] {
            assert!(!key.verify(Purpose::Link, &["acme", "17"], wrong), "{wrong}");
        }
    }
}
