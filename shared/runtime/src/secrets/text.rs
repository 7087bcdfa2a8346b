//! Text that is never shown.

use std::fmt;

/// A token, a key, or another text that no log, error or report may hold.
///
/// It has no `Display` and no `Serialize`, its `Debug` is masked, and [`SecretText::expose`] is the one way out: each
/// place that lets a secret go is found by that word.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(String);

impl SecretText {
    /// Takes the text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the request or the digest that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_neither_the_text_nor_its_length() {
        let shown = format!(
            "{:?} {:#?}",
            SecretText::new("a"),
            Some(SecretText::new("act.12345"))
        );
        assert!(!shown.contains("12345") && !shown.contains("act"), "{shown}");
        assert_eq!(
            format!("{:?}", SecretText::new("a")),
            format!("{:?}", SecretText::new("a much longer secret"))
        );
    }
}
