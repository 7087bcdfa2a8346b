//! What the reader collects on its way through a file.

use std::cell::RefCell;

use super::issue::{SpecErrors, SpecIssue};
use super::yaml::Position;

/// A column that the spec names, and where it does so.
#[derive(Debug, Clone)]
pub(super) struct NamedColumn {
    pub(super) name: String,
    pub(super) at: Position,
    pub(super) path: String,
}

/// Collects errors, warnings and named columns while a file is read: reading goes on after an error, so that one
/// pass tells all.
#[derive(Debug)]
pub(super) struct Report {
    file: String,
    errors: RefCell<Vec<SpecIssue>>,
    warnings: RefCell<Vec<SpecIssue>>,
    columns: RefCell<Vec<NamedColumn>>,
    #[cfg(test)]
    pub(super) keys: RefCell<Keys>,
}

/// The keys that the reader takes and asks for, as paths with `[]` for any index: the schema's test compares.
#[cfg(test)]
#[derive(Debug, Default)]
pub(super) struct Keys {
    pub(super) taken: std::collections::BTreeSet<String>,
    pub(super) asked: std::collections::BTreeSet<String>,
}

impl Report {
    pub(super) fn new(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            errors: RefCell::default(),
            warnings: RefCell::default(),
            columns: RefCell::default(),
            #[cfg(test)]
            keys: RefCell::default(),
        }
    }

    pub(super) fn error(&self, at: Position, path: &str, message: impl Into<String>) {
        self.errors
            .borrow_mut()
            .push(self.issue(at, path, message.into()));
    }

    pub(super) fn warning(&self, at: Position, path: &str, message: impl Into<String>) {
        self.warnings
            .borrow_mut()
            .push(self.issue(at, path, message.into()));
    }

    pub(super) fn column(&self, column: NamedColumn) {
        self.columns.borrow_mut().push(column);
    }

    pub(super) fn columns(&self) -> Vec<NamedColumn> {
        self.columns.borrow().clone()
    }

    pub(super) fn has_errors(&self) -> bool {
        !self.errors.borrow().is_empty()
    }

    /// The warnings, in the order of the file.
    pub(super) fn into_warnings(self) -> Vec<SpecIssue> {
        in_order(self.warnings.into_inner())
    }

    /// The errors, in the order of the file.
    pub(super) fn into_errors(self) -> SpecErrors {
        SpecErrors {
            errors: in_order(self.errors.into_inner()),
            warnings: in_order(self.warnings.into_inner()),
        }
    }

    fn issue(&self, at: Position, path: &str, message: String) -> SpecIssue {
        SpecIssue {
            file: self.file.clone(),
            line: at.line,
            column: at.column,
            path: path.to_owned(),
            message,
        }
    }
}

/// By place. A value behind an alias is read at each use: what is wrong with it is said once for each path.
fn in_order(mut issues: Vec<SpecIssue>) -> Vec<SpecIssue> {
    issues.sort_by_key(|issue| (issue.line, issue.column));
    let mut seen = std::collections::BTreeSet::new();
    issues.retain(|issue| seen.insert(issue.clone()));
    issues
}
