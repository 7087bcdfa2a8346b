//! Takes out of text and JSON what must not be kept: identities, tokens, secrets.
//!
//! TikTok's messages echo the values they complain about, so nothing of an answer is logged or stored before
//! it went through here. The rules take too much rather than too little: any seven digits may be a phone.

mod echo;
mod json;
mod runs;
mod text;

pub(crate) use echo::Sent;
pub use json::{redact_json, redacted};
pub use text::redact_text;

use serde::Serialize;

/// Longest text that [`Redacted`] keeps, in characters.
pub const MAX_REDACTED_CHARS: usize = 300;

/// Foreign text that may be logged, stored and shown: redacted, on one line, at most
/// [`MAX_REDACTED_CHARS`] characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(transparent)]
pub struct Redacted(String);

impl Redacted {
    /// Redacts untrusted text.
    pub fn new(untrusted: &str) -> Self {
        // Redact first and cut then: a cut could leave a piece of a value that no rule knows any more.
        let redacted = redact_text(untrusted);
        let mut kept: String = redacted
            .chars()
            .map(|c| if unprintable(c) { ' ' } else { c })
            .take(MAX_REDACTED_CHARS + 1)
            .collect();
        if let Some((at, _)) = kept.char_indices().nth(MAX_REDACTED_CHARS - 1)
            && kept.chars().count() > MAX_REDACTED_CHARS
        {
            kept.truncate(at);
            kept.push('…');
        }
        Self(kept)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Redacted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Redacted> for String {
    fn from(text: Redacted) -> Self {
        text.0
    }
}

/// Control characters and those that turn the direction of writing: they forge lines in logs.
fn unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}')
}

/// A request id of TikTok (`20260801120000ABCDEF0123456789ABCD`), if that is what the text can be: letters,
/// digits and dashes, 16 to 64 of them, and not the length of a token (40) or of a hash (32, 64).
pub(crate) fn request_id(untrusted: &str) -> Option<String> {
    let shaped = untrusted.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let hash_or_token =
        matches!(untrusted.len(), 32 | 40 | 64) && untrusted.bytes().all(|b| b.is_ascii_hexdigit());
    (shaped && !hash_or_token && (16..=64).contains(&untrusted.len())).then(|| untrusted.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redacted_text_is_one_line_and_short() {
        let text = Redacted::new(&format!("first\r\nsecond \u{202E}{}", "word ".repeat(1000)));
        assert!(text.as_str().starts_with("first  second  word word"));
        assert_eq!(text.as_str().chars().count(), MAX_REDACTED_CHARS);
        assert!(text.as_str().ends_with('…'));
        let exact = "ab ".repeat(MAX_REDACTED_CHARS / 3);
        assert_eq!(Redacted::new(&exact).as_str(), exact);
    }

    #[test]
    fn a_cut_leaves_no_piece_of_a_value() {
        for at in 200..=MAX_REDACTED_CHARS + 10 {
            let text = Redacted::new(&format!("{} alice@shop.example", "x ".repeat(at / 2)));
            assert!(!text.as_str().contains("alice"), "{at}: {text}");
        }
    }

    #[test]
    fn request_ids_are_told_from_tokens() {
        fn check(text: &str, kept: bool) {
            assert_eq!(request_id(text).is_some(), kept, "{text}");
        }
        check("20260801120000ABCDEF0123456789ABCD", true);
        check("a1b2c3d4-e5f6-0001", true);
        check("4915112345678", false);
        check("aa11bb22cc33dd44ee55ff6677889900aa11bb22", false);
        check(
            "848a771458438fc2ec420560d769fb9b9b86851ee338ec56517baabd79d3bb4f",
            false,
        );
        check("alice@shop.example", false);
        check("", false);
        check(&"a".repeat(65), false);
    }
}
