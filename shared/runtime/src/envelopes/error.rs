//! Why an envelope could not be read.

/// A malformed envelope. It names the place and never quotes what is there.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// The body is no JSON.
    #[error(
        "the message is no JSON (line {line}, column {column}); it is acknowledged, look for what writes to this queue"
    )]
    NotJson {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// A part is missing or of another form.
    #[error(
        "the message has an unknown form at `{place}`: expected {expected}; look for what writes to this queue"
    )]
    Unexpected {
        /// The place in the envelope, as a path.
        place: String,
        /// What stands there in an envelope that is known.
        expected: &'static str,
    },
}

impl EnvelopeError {
    pub(super) fn unexpected(place: impl Into<String>, expected: &'static str) -> Self {
        Self::Unexpected {
            place: place.into(),
            expected,
        }
    }
}

impl From<serde_json::Error> for EnvelopeError {
    fn from(error: serde_json::Error) -> Self {
        Self::NotJson {
            line: error.line(),
            column: error.column(),
        }
    }
}
