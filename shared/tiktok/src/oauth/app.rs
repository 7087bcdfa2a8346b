//! The developer app that the company registered at TikTok.

use std::fmt;

/// The longest id or secret that is taken, in bytes. TikTok's have 19 digits and 40 hex digits.
const MAX: usize = 256;

/// A developer app: its id, which is public, and its secret, which no `Debug` shows.
#[derive(Clone, PartialEq, Eq)]
pub struct App {
    id: String,
    secret: String,
}

/// Why texts are no app. It quotes neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppError {
    /// The id is not one.
    #[error("the app's id is not made of digits: copy it from the app's page in TikTok's developer portal")]
    Id,
    /// The secret is not one.
    #[error(
        "the app's secret is empty, or holds blanks or characters outside of ASCII: copy it from the app's page in TikTok's developer portal"
    )]
    Secret,
}

impl App {
    /// Takes an app: the id is digits, the secret is visible ASCII. White space around both is dropped.
    pub fn new(id: &str, secret: &str) -> Result<Self, AppError> {
        let (id, secret) = (id.trim(), secret.trim());
        let fits = |text: &str| !text.is_empty() && text.len() <= MAX;
        if !fits(id) || !id.bytes().all(|b| b.is_ascii_digit()) {
            return Err(AppError::Id);
        }
        if !fits(secret) || !secret.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(AppError::Secret);
        }
        Ok(Self {
            id: id.to_owned(),
            secret: secret.to_owned(),
        })
    }

    /// The id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The secret, for the body or query of a call.
    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "App({}, …)", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_is_digits_and_a_word_and_shows_no_secret() {
        let app = App::new(" 7400000000000000001\n", "canary-secret\n").unwrap();
        assert_eq!((app.id(), app.secret()), ("7400000000000000001", "canary-secret"));
        assert!(!format!("{app:?}").contains("canary"));
        for (id, secret, error) in [
            ("", "s", AppError::Id),
            ("74x", "s", AppError::Id),
            ("74", "", AppError::Secret),
            ("74", "a b", AppError::Secret),
            ("74", "é", AppError::Secret),
        ] {
            assert_eq!(App::new(id, secret), Err(error));
        }
    }
}
