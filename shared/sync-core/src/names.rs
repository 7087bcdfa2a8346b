//! Names and ids that can only be built valid.
//!
//! Ids of TikTok objects are opaque: non-empty text without control characters or blanks at the ends, and no more
//! is asked of them (TikTok publishes no grammar for them).

use std::fmt;

/// Why a text is no name or id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidName(pub &'static str);

/// The longest opaque id that is taken, in bytes. TikTok's longest known ids have 20 characters.
pub const MAX_ID_BYTES: usize = 128;

fn slug(text: &str) -> Result<(), InvalidName> {
    if text.is_empty() || text.len() > 64 {
        return Err(InvalidName(
            "a name of 1 to 64 lower-case letters, digits and dashes",
        ));
    }
    if !text
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    {
        return Err(InvalidName(
            "a name made of lower-case letters, digits and dashes only",
        ));
    }
    if text.starts_with('-') || text.ends_with('-') {
        return Err(InvalidName("a name that neither starts nor ends with a dash"));
    }
    Ok(())
}

fn opaque(text: &str) -> Result<(), InvalidName> {
    if text.is_empty() || text.len() > MAX_ID_BYTES {
        return Err(InvalidName("an id of 1 to 128 bytes"));
    }
    if text.chars().any(char::is_control) || text.trim() != text {
        return Err(InvalidName(
            "an id without control characters and without blanks at its ends",
        ));
    }
    Ok(())
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $check:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            /// Checks the text and takes it.
            ///
            /// # Errors
            /// [`InvalidName`] with a sentence that completes "expected …".
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidName> {
                let text = text.into();
                $check(&text)?;
                Ok(Self(text))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $type {
            type Error = InvalidName;
            fn try_from(text: String) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> Self {
                name.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// The name of a sync: 1 to 64 lower-case letters, digits and dashes. It is part of bucket keys.
    SyncName, slug
);
name!(
    /// The name of a destination: one TikTok connection. Same form as a sync's name.
    DestinationName, slug
);
name!(
    /// A pixel code, `event_source_id` of web events (TikTok reference 3.1).
    PixelCode, opaque
);
name!(
    /// An event set id, `event_source_id` of offline and CRM events (TikTok reference 3.1).
    EventSetId, opaque
);
name!(
    /// An advertiser account's id (above 2^53, so always text).
    AdvertiserId, opaque
);
name!(
    /// A custom audience's id (always text).
    AudienceId, opaque
);
name!(
    /// A run's id: lower-case letters, digits, dashes and dots (`<run>.2` is an export run again by a newer planner).
    RunId, run_id
);

fn run_id(text: &str) -> Result<(), InvalidName> {
    let valid = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    if text.is_empty()
        || text.len() > 96
        || !text.bytes().all(valid)
        || text.starts_with('.')
        || text.contains("..")
    {
        return Err(InvalidName("a run id, as `tideline runs` lists them"));
    }
    Ok(())
}

impl RunId {
    /// A run id from the first ten bytes of a digest: twenty hexadecimal digits.
    pub(crate) fn from_digest(digest: &[u8; 32]) -> Self {
        let mut hex = const_hex::encode(digest);
        hex.truncate(20);
        Self(hex)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_slugs_and_ids_are_opaque() {
        for good in ["a", "web-purchases", "2024"] {
            assert!(SyncName::new(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a_b", "ä", "a/b", &"x".repeat(65)] {
            assert!(SyncName::new(bad).is_err(), "{bad}");
        }
        for good in ["C4A1", "ö 7", "7300000000000000001", "x/y"] {
            assert!(PixelCode::new(good).is_ok(), "{good}");
        }
        for bad in ["", " a", "a ", "a\nb", "\u{7f}", &"x".repeat(129)] {
            assert!(PixelCode::new(bad).is_err(), "{bad:?}");
        }
        assert!(RunId::new("0123456789abcdef0123.2").is_ok());
        for bad in ["", "..", "a/b", ".a", "a..b", "A"] {
            assert!(RunId::new(bad).is_err(), "{bad}");
        }
    }
}
