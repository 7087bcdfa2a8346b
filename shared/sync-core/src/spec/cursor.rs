//! A place in the tree with its path. What is asked of it and not there becomes an error of the report, and `None`.

use super::nearest::expected_one_of;
use super::report::{NamedColumn, Report};
use super::yaml::{Node, Position, Value};

/// A value of the file, where it stands and what it is called.
#[derive(Clone)]
pub(super) struct Cursor<'a> {
    report: &'a Report,
    node: &'a Node,
    /// Where its key stands; for elements of lists, where they begin.
    key_at: Position,
    path: String,
}

/// A map whose keys are known.
pub(super) struct Keys<'a> {
    report: &'a Report,
    at: Position,
    path: String,
    entries: Vec<(&'a str, Cursor<'a>)>,
}

/// What an unquoted scalar means (YAML 1.2, core schema).
pub(super) enum Plain {
    Null,
    Boolean(bool),
    Number,
    Text,
}

pub(super) fn plain(text: &str) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Plain::Null,
        "true" | "True" | "TRUE" => Plain::Boolean(true),
        "false" | "False" | "FALSE" => Plain::Boolean(false),
        _ if is_number(text) => Plain::Number,
        _ => Plain::Text,
    }
}

fn is_number(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b))
        && text.parse::<f64>().is_ok()
}

impl<'a> Cursor<'a> {
    pub(super) fn root(report: &'a Report, node: &'a Node) -> Self {
        Self {
            report,
            node,
            key_at: node.at,
            path: String::new(),
        }
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn report(&self) -> &'a Report {
        self.report
    }

    /// An error at the value.
    pub(super) fn error(&self, message: impl Into<String>) {
        self.report.error(self.at(), &self.path, message);
    }

    /// An error at the key.
    pub(super) fn error_at_key(&self, message: impl Into<String>) {
        self.report.error(self.key_at, &self.path, message);
    }

    /// A warning at the value.
    pub(super) fn warning(&self, message: impl Into<String>) {
        self.report.warning(self.at(), &self.path, message);
    }

    /// Nothing stands nowhere: its key is what can be pointed at.
    fn at(&self) -> Position {
        if self.is_null() { self.key_at } else { self.node.at }
    }

    fn is_null(&self) -> bool {
        matches!(&self.node.value, Value::Plain(text) if matches!(plain(text), Plain::Null))
    }

    /// Something else stands here than was expected.
    fn unexpected<T>(&self, expected: &str) -> Option<T> {
        let found = match &self.node.value {
            Value::List(_) => "a list",
            Value::Map(_) => "keys",
            Value::Quoted(_) => "text",
            Value::Plain(text) => match plain(text) {
                Plain::Null => "nothing (leave the key out to get its default)",
                Plain::Boolean(_) => "true or false",
                Plain::Number => "a number",
                Plain::Text => "text",
            },
        };
        self.error(format!("expected {expected}, found {found}"));
        None
    }

    pub(super) fn is_map(&self) -> bool {
        matches!(self.node.value, Value::Map(_))
    }

    pub(super) fn is_list(&self) -> bool {
        matches!(self.node.value, Value::List(_))
    }

    /// The value as a map of these keys. Any other key is an error, as is a repeated one (the first counts).
    pub(super) fn keys(&self, known: &[&'static str]) -> Option<Keys<'a>> {
        let entries = self.entries(&format!("the keys {}", known.join(", ")))?;
        #[cfg(test)]
        self.report
            .keys
            .borrow_mut()
            .taken
            .extend(known.iter().map(|key| pattern(&join(&self.path, key))));
        let (known_entries, unknown) = entries
            .into_iter()
            .partition::<Vec<_>, _>(|(name, _)| known.contains(name));
        for (name, cursor) in unknown {
            cursor.error_at_key(expected_one_of(Some(name), known));
        }
        Some(Keys {
            report: self.report,
            at: self.node.at,
            path: self.path.clone(),
            entries: known_entries,
        })
    }

    /// The value as a map of any keys, each once. `expected` completes "expected …".
    pub(super) fn entries(&self, expected: &str) -> Option<Vec<(&'a str, Cursor<'a>)>> {
        let Value::Map(entries) = &self.node.value else {
            return self.unexpected(expected);
        };
        let mut cursors: Vec<(&'a str, Cursor<'a>)> = Vec::with_capacity(entries.len());
        let mut seen = std::collections::BTreeMap::new();
        for (key, node) in entries {
            let Some(name) = key.name.as_deref() else {
                self.report
                    .error(key.at, &self.path, "expected a text as key, found a list or keys");
                continue;
            };
            let path = join(&self.path, name);
            if let Some(first) = seen.get(name) {
                let message = format!("expected each key once; it stands on line {first} already");
                self.report.error(key.at, &path, message);
                continue;
            }
            seen.insert(name, key.at.line);
            cursors.push((
                name,
                Self {
                    report: self.report,
                    node,
                    key_at: key.at,
                    path,
                },
            ));
        }
        Some(cursors)
    }

    /// The value as a list. `expected` completes "expected …".
    pub(super) fn list(&self, expected: &str) -> Option<Vec<Self>> {
        let Value::List(nodes) = &self.node.value else {
            return self.unexpected(expected);
        };
        Some(self.elements(nodes))
    }

    /// The elements of a list, or the one value that stands for a list of itself.
    pub(super) fn one_or_list(&self) -> Vec<Self> {
        match &self.node.value {
            Value::List(nodes) => self.elements(nodes),
            _ => vec![self.clone()],
        }
    }

    fn elements(&self, nodes: &'a [Node]) -> Vec<Self> {
        let cursor = |(n, node): (usize, &'a Node)| Self {
            report: self.report,
            node,
            key_at: node.at,
            path: format!("{}[{n}]", self.path),
        };
        nodes.iter().enumerate().map(cursor).collect()
    }

    /// The value as text, as it is written: an unquoted number loses nothing. `expected` completes "expected …".
    pub(super) fn text(&self, expected: &str) -> Option<&'a str> {
        match &self.node.value {
            Value::Quoted(text) => Some(text),
            Value::Plain(text) => match plain(text) {
                Plain::Number | Plain::Text => Some(text),
                Plain::Null if text.is_empty() => self.unexpected(expected),
                Plain::Null | Plain::Boolean(_) => {
                    self.error(format!(
                        "expected {expected}; if the text {text} is meant, write \"{text}\" in quotes"
                    ));
                    None
                }
            },
            Value::List(_) | Value::Map(_) => self.unexpected(expected),
        }
    }

    /// The value as text; `true` and `false` are taken as they are written.
    pub(super) fn constant(&self, expected: &str) -> Option<&'a str> {
        match &self.node.value {
            Value::Plain(text) if matches!(plain(text), Plain::Boolean(_)) => Some(text),
            _ => self.text(expected),
        }
    }

    /// The name of a column of the export, kept for the report.
    pub(super) fn column(&self) -> Option<String> {
        let name = self.foreign_column()?;
        self.report.column(NamedColumn {
            name: name.clone(),
            at: self.node.at,
            path: self.path.clone(),
        });
        Some(name)
    }

    /// Notes that the key itself is the name of a column of the export.
    pub(super) fn name_column(&self, name: &str) {
        self.report.column(NamedColumn {
            name: name.to_owned(),
            at: self.key_at,
            path: self.path.clone(),
        });
    }

    /// The name of a column of another file.
    pub(super) fn foreign_column(&self) -> Option<String> {
        let name = self.text("the name of a column")?;
        if name.is_empty() {
            self.error("expected the name of a column, found an empty text");
            return None;
        }
        Some(name.to_owned())
    }

    /// `true` or `false`.
    pub(super) fn boolean(&self) -> Option<bool> {
        let Value::Plain(text) = &self.node.value else {
            return self.unexpected("true or false");
        };
        if let Plain::Boolean(value) = plain(text) {
            return Some(value);
        }
        match text.to_ascii_lowercase().as_str() {
            "yes" | "y" | "on" | "1" => self.error("expected true or false; did you mean true?"),
            "no" | "n" | "off" | "0" => self.error("expected true or false; did you mean false?"),
            _ => return self.unexpected("true or false"),
        }
        None
    }

    /// A whole number of a range, both ends included.
    pub(super) fn whole(&self, least: u64, most: u64) -> Option<u64> {
        let expected = if most == u64::MAX {
            format!("a whole number from {least}")
        } else {
            format!("a whole number from {least} to {most}")
        };
        let Value::Plain(text) = &self.node.value else {
            return self.unexpected(&expected);
        };
        if !matches!(plain(text), Plain::Number) {
            return self.unexpected(&expected);
        }
        match text.parse::<u64>() {
            Ok(number) if (least..=most).contains(&number) => Some(number),
            _ => {
                self.error(format!("expected {expected}"));
                None
            }
        }
    }

    /// A percentage, 0 to 100; the sign is optional.
    pub(super) fn percent(&self) -> Option<f64> {
        let expected = "a number from 0 to 100, in percent";
        let (Value::Plain(text) | Value::Quoted(text)) = &self.node.value else {
            return self.unexpected(expected);
        };
        let digits = text.strip_suffix('%').unwrap_or(text).trim_end();
        match digits.parse::<f64>() {
            Ok(percent) if is_number(digits) && (0.0..=100.0).contains(&percent) => Some(percent),
            _ if is_number(digits) => {
                self.error(format!("expected {expected}"));
                None
            }
            _ => self.unexpected(expected),
        }
    }

    /// One of these words.
    pub(super) fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Option<T> {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let (Value::Plain(text) | Value::Quoted(text)) = &self.node.value else {
            return self.unexpected(expected_one_of(None, &words).trim_start_matches("expected "));
        };
        if let Some((_, value)) = choices.iter().find(|(word, _)| word == text) {
            return Some(*value);
        }
        self.error(expected_one_of(Some(text), &words));
        None
    }
}

impl<'a> Cursor<'a> {
    /// Visits this value and all below it that have a path. Says nothing about what it finds.
    pub(super) fn walk(&self, visit: &mut dyn FnMut(&Self, &'a Node)) {
        visit(self, self.node);
        match &self.node.value {
            Value::Plain(_) | Value::Quoted(_) => {}
            Value::List(nodes) => self
                .elements(nodes)
                .iter()
                .for_each(|element| element.walk(visit)),
            Value::Map(entries) => {
                for (key, node) in entries {
                    let Some(name) = key.name.as_deref() else { continue };
                    let path = join(&self.path, name);
                    Self {
                        report: self.report,
                        node,
                        key_at: key.at,
                        path,
                    }
                    .walk(visit);
                }
            }
        }
    }
}

impl<'a> Keys<'a> {
    /// The value of a key, where the file has it.
    pub(super) fn get(&self, key: &'static str) -> Option<Cursor<'a>> {
        #[cfg(test)]
        self.report
            .keys
            .borrow_mut()
            .asked
            .insert(pattern(&join(&self.path, key)));
        self.entries
            .iter()
            .find(|(name, _)| *name == key)
            .map(|(_, cursor)| cursor.clone())
    }

    /// The value of a key that cannot be left out. `expected` completes "expected …".
    pub(super) fn need(&self, key: &'static str, expected: &str) -> Option<Cursor<'a>> {
        let found = self.get(key);
        if found.is_none() {
            self.missing(key, expected);
        }
        found
    }

    /// The error that a key is missing.
    pub(super) fn missing(&self, key: &str, expected: &str) {
        let message = format!("expected {expected}, but the key is missing");
        self.report.error(self.at, &join(&self.path, key), message);
    }

    /// An error about the map as a whole.
    pub(super) fn error(&self, message: impl Into<String>) {
        self.report.error(self.at, &self.path, message);
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// `mappings[3].to` → `mappings[].to`.
pub(super) fn pattern(path: &str) -> String {
    let mut pattern = String::with_capacity(path.len());
    let mut inside = false;
    for c in path.chars() {
        inside = inside && c != ']';
        if !inside {
            pattern.push(c);
        }
        inside = inside || c == '[';
    }
    pattern
}
