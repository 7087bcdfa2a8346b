//! What the stages of a diff hand on: a row's digest and fingerprint, and what is decided for it.

use super::{KeyDigest, RowFingerprint};

/// One row of an export, before the dear work: 24 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanEntry {
    /// The primary key's digest.
    pub key: KeyDigest,
    /// The fingerprint of the mapped values.
    pub fingerprint: RowFingerprint,
    /// The part of the export.
    pub part: u32,
    /// The row's number in the part, from 0.
    pub row: u32,
}

/// What happens to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It is new: it is checked, and sent when it is valid.
    Send,
    /// Its key is known and the row has changed, or nobody knows what TikTok has of it: it is checked and sent.
    Update,
    /// It was accepted before, and is the same.
    Unchanged,
    /// It was accepted before and has changed; `insert` does not send it again.
    ChangedNotSent,
    /// An earlier row of the export has its key.
    Duplicate,
}
