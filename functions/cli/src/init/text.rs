//! A spec line by line, with notes behind the lines.

use std::fmt::Write as _;

use super::propose::{Mapping, Source};

/// Where the notes begin.
const NOTES: usize = 52;

/// A spec's text.
#[derive(Default)]
pub(super) struct Text(pub(super) String);

impl Text {
    pub(super) fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    pub(super) fn noted(&mut self, line: &str, note: Option<&str>) {
        match note {
            None => self.line(line),
            // Writing to a `String` never fails.
            Some(note) => {
                let _ = writeln!(self.0, "{line:<NOTES$} # {note}");
            }
        }
    }

    pub(super) fn mapping(&mut self, mapping: &Mapping, to: &str) {
        let source = match &mapping.source {
            Source::Column(column) => format!("from: {}", scalar(column)),
            Source::Value(value) => format!("value: {}", scalar(value)),
        };
        let to = if to.contains('[') {
            scalar(to)
        } else {
            to.to_owned()
        };
        let check = mapping.check.map(|check| format!("CHECK: {check}"));
        self.noted(&format!("  - {{{source}, to: {to}}}"), check.as_deref());
    }
}

/// A text as YAML: plain where nothing can be mistaken, else in quotes.
pub(super) fn scalar(text: &str) -> String {
    const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    if plain {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}

/// A text in a comment: it ends no line.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
