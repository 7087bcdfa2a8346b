//! The access token.

use reqwest::header::HeaderValue;

/// Longest token that is taken, in bytes. TikTok's have 40 hex digits, but are to be treated as opaque.
const MAX_TOKEN: usize = 2_048;

/// An access token: the value of the header `Access-Token` (reference, 2.1). `Debug` shows nothing of it, and
/// only the client can read it.
#[derive(Clone)]
pub struct AccessToken(HeaderValue);

/// Why a text is no access token. It quotes nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Nothing but white space.
    #[error("the access token is empty: connect the destination again, or paste the token")]
    Empty,
    /// Over 2,048 bytes.
    #[error("the access token is longer than 2,048 characters: paste the token alone")]
    TooLong,
    /// Space, control or other characters that no header may hold.
    #[error("the access token holds spaces or characters outside of ASCII: paste the token alone")]
    Unprintable,
}

impl AccessToken {
    /// Takes a token: visible ASCII, at most 2,048 bytes. White space around it is dropped.
    pub fn new(token: &str) -> Result<Self, TokenError> {
        let token = token.trim();
        if token.is_empty() {
            return Err(TokenError::Empty);
        }
        if token.len() > MAX_TOKEN {
            return Err(TokenError::TooLong);
        }
        if !token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(TokenError::Unprintable);
        }
        let mut value = HeaderValue::from_str(token).map_err(|_| TokenError::Unprintable)?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    /// The header's value, marked as sensitive.
    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl std::fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccessToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_fit_into_a_header() {
        fn check(token: &str, want: Result<&str, TokenError>) {
            let got = AccessToken::new(token);
            let got = got
                .as_ref()
                .map(|token| token.0.to_str().unwrap())
                .map_err(|error| *error);
            assert_eq!(got, want);
        }
        check(
            "aa11bb22cc33dd44ee55ff6677889900aa11bb22",
            Ok("aa11bb22cc33dd44ee55ff6677889900aa11bb22"),
        );
        check(" sandbox-token\r\n", Ok("sandbox-token"));
        check("", Err(TokenError::Empty));
        check(" \n", Err(TokenError::Empty));
        check("two words", Err(TokenError::Unprintable));
        check("a\r\nX-Injected: 1", Err(TokenError::Unprintable));
        check("tokén", Err(TokenError::Unprintable));
        check(&"a".repeat(2_049), Err(TokenError::TooLong));
    }

    #[test]
    fn debug_shows_nothing_of_a_token() {
        let token = AccessToken::new("sandbox-token").unwrap();
        assert_eq!(
            format!("{token:?} {:?}", token.header()),
            "AccessToken(…) Sensitive"
        );
    }
}
