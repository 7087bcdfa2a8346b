//! What is wrong with a spec, and where.

use std::fmt;

use super::SyncSpec;

/// A spec that was read, with what its writer should know about it.
#[derive(Debug, Clone, PartialEq)]
pub struct SpecRead {
    /// The spec.
    pub spec: SyncSpec,
    /// Warnings, in the order of the file.
    pub warnings: Vec<SpecIssue>,
}

/// One error or warning about a spec.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct SpecIssue {
    /// The file, as the caller named it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// The key, for example `event.batch_size` or `mappings[2].to`. Empty when the whole file is meant.
    pub path: String,
    /// What was expected, with the nearest valid value.
    pub message: String,
}

/// `file:line:column: path: what was expected`.
impl fmt::Display for SpecIssue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.file, self.line, self.column)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

/// Every error of a spec, in the order of the file. Its text has one line for each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct SpecErrors {
    /// The errors, at least one.
    pub errors: Vec<SpecIssue>,
    /// The warnings that were found beside them.
    pub warnings: Vec<SpecIssue>,
}

impl fmt::Display for SpecErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, error) in self.errors.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}
