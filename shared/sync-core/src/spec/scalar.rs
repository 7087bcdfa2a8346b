//! Scalars of a file: text, numbers, words.

use super::cursor::Cursor;
use super::nearest::expected_one_of;
use super::yaml::Value;

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
    /// The value as text, as it is written: an unquoted number loses nothing. `expected` completes "expected …".
    pub(super) fn text(&self, expected: &str) -> Option<&'a str> {
        match self.value() {
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
        match self.value() {
            Value::Plain(text) if matches!(plain(text), Plain::Boolean(_)) => Some(text),
            _ => self.text(expected),
        }
    }

    /// The name of a column of the export, kept for the report.
    pub(super) fn column(&self) -> Option<String> {
        let name = self.foreign_column()?;
        self.names_column(&name, self.at());
        Some(name)
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
        let Value::Plain(text) = self.value() else {
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
        let Value::Plain(text) = self.value() else {
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
        let (Value::Plain(text) | Value::Quoted(text)) = self.value() else {
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
        self.choice_or(choices, &[])
    }

    /// One of these words, where something else than a word could stand too.
    pub(super) fn choice_or<T: Copy>(&self, choices: &[(&str, T)], others: &[&str]) -> Option<T> {
        let known: Vec<&str> = choices
            .iter()
            .map(|(word, _)| *word)
            .chain(others.iter().copied())
            .collect();
        let (Value::Plain(text) | Value::Quoted(text)) = self.value() else {
            return self.unexpected(expected_one_of(None, &known).trim_start_matches("expected "));
        };
        if let Some((_, value)) = choices.iter().find(|(word, _)| word == text) {
            return Some(*value);
        }
        self.error(expected_one_of(Some(text), &known));
        None
    }
}
