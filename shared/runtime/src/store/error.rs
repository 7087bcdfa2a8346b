//! Why a store did not do what it was asked, classified once where it happens.

use std::fmt;
use std::io;

/// The error of the layer below, kept as it was.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What was asked of the store, as the word that completes "could not be …".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `get` and `get_range`.
    Get,
    /// `stat`.
    Stat,
    /// The four ways to write.
    Put,
    /// `list`.
    List,
    /// `delete`.
    Delete,
    /// `touch`.
    Touch,
    /// Opening a local folder.
    Open,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Get => "read",
            Self::Stat => "looked up",
            Self::Put => "written",
            Self::List => "listed",
            Self::Delete => "deleted",
            Self::Touch => "copied onto itself",
            Self::Open => "opened",
        })
    }
}

/// Why a request to the store failed. The source is kept; keys are named, content never.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No answer, a time-out, throttling, or trouble inside S3: the same request may well work later.
    #[error("`{key}` could not be {operation} for now; the message comes back and it is tried again")]
    Transient {
        /// What was asked.
        operation: Operation,
        /// The key, or the prefix of a listing.
        key: String,
        /// The SDK's error.
        source: BoxError,
    },
    /// S3 says that this role may not. Nothing heals it but a person.
    #[error(
        "`{key}` could not be {operation}: access was denied; check the permissions of this function's role"
    )]
    Denied {
        /// What was asked.
        operation: Operation,
        /// The key, or the prefix of a listing.
        key: String,
        /// The SDK's error.
        source: BoxError,
    },
    /// A ranged read named a version, and the object has another one by now.
    #[error("`{key}` was replaced while it was being read; its new content has its own run")]
    Changed {
        /// The key.
        key: String,
    },
    /// The key cannot name an object.
    #[error("`{key}` is no valid key: expected {expected}")]
    InvalidKey {
        /// The key, as it came.
        key: String,
        /// What a valid key looks like.
        expected: &'static str,
    },
    /// The store understood and will not do it (no such bucket, a body too large): trying again does not help.
    #[error("`{key}` could not be {operation}: the store refused the request; the cause names the reason")]
    Rejected {
        /// What was asked.
        operation: Operation,
        /// The key, or the prefix of a listing.
        key: String,
        /// The SDK's error.
        source: BoxError,
    },
    /// The local file system's error.
    #[error("`{key}` could not be {operation} in the local folder")]
    Local {
        /// What was asked.
        operation: Operation,
        /// The key, or the prefix of a listing.
        key: String,
        /// The file system's error.
        source: io::Error,
    },
}

impl StoreError {
    /// Whether the same request may work later without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Transient { .. })
    }
}
