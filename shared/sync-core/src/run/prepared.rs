//! What the stages of a large run of an audience hand on.

use serde::{Deserialize, Serialize};

use super::{Counts, PartEnd};
use crate::audience::UploadedFile;

/// `work/<sync>/<run>/part/<p>`: a part's rows are checked and lie beside the batches, where nobody sends them. The
/// whole export is judged before the first batch is published.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Prepared {
    /// The rows of each prepared batch, or the lines of each file.
    pub rows: Vec<u32>,
    /// What became of the part's rows.
    pub counts: Counts,
    /// Known keys whose row was rejected: they leave the audience.
    #[serde(default)]
    pub rejected_known: u64,
    /// The files of a file upload.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<UploadedFile>,
    /// Digests of persons, up to [`MIN_PEOPLE`](crate::audience::MIN_PEOPLE) different ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<String>,
    /// Why the part ended early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<PartEnd>,
}

/// `work/<sync>/<run>/sift/<k>`: the removals of a partition of identifiers are prepared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreparedRemovals {
    /// The rows of each prepared batch.
    pub rows: Vec<u32>,
    /// How many identifiers they hold.
    pub identifiers: u64,
    /// Of these, those that nobody's row has: an earlier run had asked for their removal in vain.
    #[serde(default)]
    pub nobodys: u64,
}

/// `work/<sync>/<run>/judged/0`: whether a prepared export may be sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<PartEnd>,
    /// Keys that leave the audience.
    pub removed: u64,
}
