//! Why a secret could not be read or written. No variant holds a value.

use crate::store::BoxError;

/// Why a request about a secret failed.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// No answer, a time-out, throttling, or trouble inside Secrets Manager: it may well work later.
    #[error("the secret `{name}` could not be reached for now; the message comes back and it is tried again")]
    Transient {
        /// The secret's name.
        name: String,
        /// What came instead of an answer.
        source: BoxError,
    },
    /// This role may not. Nothing heals it but a person.
    #[error("access to the secret `{name}` was denied; check the permissions of this function's role")]
    Denied {
        /// The secret's name.
        name: String,
        /// The service's error.
        source: BoxError,
    },
    /// The service understood and will not do it.
    #[error(
        "the secret `{name}` could not be used: Secrets Manager refused the request; the cause names the reason"
    )]
    Rejected {
        /// The secret's name.
        name: String,
        /// The service's error.
        source: BoxError,
    },
    /// The text cannot name a secret.
    #[error("`{name}` is no valid name of a secret: expected letters, digits and `/_+=.@-`")]
    InvalidName {
        /// The name, as it came.
        name: String,
    },
    /// What is stored is no secret of ours.
    #[error("the secret `{name}` holds something that Tideline did not write; delete it and connect again")]
    Unreadable {
        /// The secret's name.
        name: String,
    },
    /// The local folder's error.
    #[error("the secret `{name}` could not be used in the local folder")]
    Local {
        /// The secret's name.
        name: String,
        /// The folder's error.
        source: crate::store::StoreError,
    },
}

impl SecretsError {
    /// Whether the same request may work later without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Transient { .. })
    }
}
