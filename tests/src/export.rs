//! Small exports, and the sync that they belong to.

use std::fmt::Write as _;

/// The sync of the tests.
pub const SYNC: &str = "web";

/// Its spec: two rows in a call, no guards.
pub const SPEC: &str = "\
destination: acme
type: web_events
model:
  path: models/web/
  primary_key: id
event:
  pixel_code: C4A1EXAMPLEPIXEL0001
  name: {value: Purchase}
  batch_size: 2
mappings:
  - {from: at, to: event_time}
  - {from: email, to: user.email}
  - {from: note, to: properties.content_type}
guards: {min_rows: 0, max_rejected_percent: 100}
";

/// The same sync, with two events for each row.
pub const TWO_EVENTS: &str = "\
destination: acme
type: web_events
model:
  path: models/web/
  primary_key: id
event:
  - pixel_code: C4A1EXAMPLEPIXEL0001
    name: {value: Purchase}
    batch_size: 2
  - pixel_code: C4A1EXAMPLEPIXEL0001
    name: {value: ViewContent}
    batch_size: 2
mappings:
  - {from: at, to: event_time}
  - {from: email, to: user.email}
  - {from: note, to: properties.content_type}
guards: {min_rows: 0, max_rejected_percent: 100}
";

/// An export in the making.
#[derive(Debug, Clone)]
pub struct Export(String);

impl Default for Export {
    fn default() -> Self {
        Self("id,at,email,note\n".to_owned())
    }
}

impl Export {
    /// Valid rows with these keys.
    pub fn of<K: AsRef<str>>(keys: impl IntoIterator<Item = K>) -> Self {
        keys.into_iter()
            .fold(Self::default(), |export, key| export.row(key.as_ref(), "a"))
    }

    /// Valid rows `k<from>` to before `k<to>`.
    pub fn rows(from: usize, to: usize) -> Self {
        Self::of((from..to).map(|number| format!("k{number}")))
    }

    /// Adds a valid row.
    #[must_use]
    pub fn row(mut self, key: &str, note: &str) -> Self {
        let _ = writeln!(self.0, "{key},2026-07-31T00:00:00Z,{key}@example.com,{note}");
        self
    }

    /// Adds a row that our own checks reject.
    #[must_use]
    pub fn bad(mut self, key: &str) -> Self {
        let _ = writeln!(self.0, "{key},never,{key}@example.com,a");
        self
    }

    /// Adds a row that is older than `max_age`.
    #[must_use]
    pub fn old(mut self, key: &str) -> Self {
        let _ = writeln!(self.0, "{key},2026-01-01T00:00:00Z,{key}@example.com,a");
        self
    }

    /// The file.
    pub fn csv(&self) -> &str {
        &self.0
    }
}
