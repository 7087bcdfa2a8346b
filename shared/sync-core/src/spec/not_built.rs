//! The parts of a spec whose feature is not built yet. The issue that builds one deletes its line here: the reader's
//! answer and the schema's mark go with it.

use super::cursor::{Cursor, pattern};
use super::yaml::{Node, Value};

/// A part of a spec without its feature.
#[derive(Debug, Clone, Copy)]
pub(super) struct NotBuilt {
    /// The key, with `[]` for any index of a list.
    pub(super) path: &'static str,
    /// The value that is not built; `None`: the whole key.
    pub(super) value: Option<&'static str>,
    /// The feature, as it completes "not built yet: …".
    pub(super) feature: &'static str,
}

const fn key(path: &'static str, feature: &'static str) -> NotBuilt {
    NotBuilt {
        path,
        value: None,
        feature,
    }
}

const fn value(path: &'static str, value: &'static str, feature: &'static str) -> NotBuilt {
    NotBuilt {
        path,
        value: Some(value),
        feature,
    }
}

/// What answers "not built yet".
pub(super) const NOT_BUILT: &[NotBuilt] = &[
    value("model.format", "jsonl", "exports as JSON lines"),
    value("model.format", "parquet", "exports as Parquet"),
    key("model.run_on.marker", "runs that a marker file starts"),
    value("model.run_on", "schedule", "runs by schedule"),
    key("alerts", "alerts"),
    value("rejected_file", "true", "the file of rejected rows"),
];

/// Reports each part of the file that is in the table.
pub(super) fn refuse(root: &Cursor<'_>, table: &[NotBuilt]) {
    root.walk(&mut |cursor: &Cursor<'_>, node: &Node| {
        let path = pattern(cursor.path());
        for part in table.iter().filter(|part| part.path == path) {
            let found = match (part.value, &node.value) {
                (None, _) => true,
                (Some(value), Value::Plain(text) | Value::Quoted(text)) => text == value,
                (Some(_), _) => false,
            };
            if found {
                cursor.error_at_key(format!("not built yet: {}", part.feature));
            }
        }
    });
}
