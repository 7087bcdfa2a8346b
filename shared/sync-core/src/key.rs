//! Primary keys: read from a row, made into an event's id, and shown without giving a person away.

use std::fmt;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::columns::{Column, ColumnFinder};
use crate::events::json::write_string;
use crate::rejection::{Code, Problem};
use crate::row::Row;

/// The longest primary key, in bytes.
pub const MAX_KEY_BYTES: usize = 1024;

/// The columns of a sync's primary key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyColumns {
    columns: Vec<Column>,
    personal: bool,
}

impl KeyColumns {
    /// Looks the key's columns up. `identity_columns` are the columns that are mapped to an identity: a key that
    /// has one of them names a person.
    pub fn new(names: &[String], identity_columns: &[&str], finder: &mut ColumnFinder<'_>) -> Self {
        let personal = names.iter().any(|name| identity_columns.contains(&name.as_str()));
        let columns = names
            .iter()
            .map(|name| finder.find(name, || "model.primary_key".to_owned()))
            .collect();
        Self { columns, personal }
    }

    /// The columns, in order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Reads a row's key into `key`, whose buffer is used again.
    ///
    /// # Errors
    /// `missing_primary_key` when a column is empty, `row_too_large` when the key is longer than
    /// [`MAX_KEY_BYTES`].
    pub fn read(&self, row: &Row<'_>, key: &mut PrimaryKey) -> Result<(), Problem> {
        key.text.clear();
        key.several = self.columns.len() > 1;
        key.personal = self.personal;
        let mut length = 0;
        for (i, column) in self.columns.iter().enumerate() {
            let text = row.get(column.number).filter(|text| !text.trim().is_empty());
            let Some(text) = text else {
                return Err(missing(column));
            };
            length += text.len();
            if length > MAX_KEY_BYTES {
                return Err(too_large(column));
            }
            key.personal = key.personal || names_a_person(text);
            if key.several {
                key.text.push(if i == 0 { b'[' } else { b',' });
                write_string(&mut key.text, text);
            } else {
                key.text.extend_from_slice(text.as_bytes());
            }
        }
        if key.several {
            key.text.push(b']');
        }
        Ok(())
    }
}

fn missing(column: &Column) -> Problem {
    let message = "The primary key is empty: fill the column, or name another one in model.primary_key";
    Problem::field(Code::MissingPrimaryKey, "primary_key", message).in_column(Some(&column.name))
}

fn too_large(column: &Column) -> Problem {
    let message = "The primary key is longer than 1024 bytes: take a shorter column for it";
    Problem::field(Code::RowTooLarge, "primary_key", message).in_column(Some(&column.name))
}

/// A row's primary key. Its buffer is meant to be used for row after row.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PrimaryKey {
    text: Vec<u8>,
    several: bool,
    personal: bool,
}

impl PrimaryKey {
    /// What tells rows apart: the column's text, or for several columns the JSON array of their texts.
    /// It may name a person: for [`fmt::Display`] and reports take [`Self::shown`].
    pub fn bytes(&self) -> &[u8] {
        &self.text
    }

    /// True when a key column is mapped to an identity, or holds what looks like an email address or phone number.
    pub fn is_personal(&self) -> bool {
        self.personal
    }

    /// The SHA-256 of [`Self::bytes`] in lower-case hexadecimal.
    pub fn digest(&self) -> String {
        const_hex::encode(Sha256::digest(&self.text))
    }

    /// Appends the event's id as a JSON string: the key itself, or its digest when it has several columns or names
    /// a person (TikTok takes any text as `event_id`).
    pub fn write_event_id(&self, out: &mut Vec<u8>) {
        match std::str::from_utf8(&self.text) {
            Ok(text) if !self.several && !self.personal => write_string(out, text),
            _ => write_digest(out, &self.text),
        }
    }

    /// The key for reports: as it is, or its digest when it names a person.
    pub fn shown(&self) -> ShownKey {
        if self.personal {
            return ShownKey::One(self.digest());
        }
        if self.several {
            return ShownKey::Several(serde_json::from_slice(&self.text).unwrap_or_default());
        }
        ShownKey::One(String::from_utf8_lossy(&self.text).into_owned())
    }
}

/// Only what [`PrimaryKey::shown`] shows.
impl fmt::Debug for PrimaryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PrimaryKey").field(&self.shown()).finish()
    }
}

/// A key as reports show it: text, or a list for several columns; a digest where it would name a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ShownKey {
    /// The key's one column, or a digest.
    One(String),
    /// One text a column.
    Several(Vec<String>),
}

/// Appends the SHA-256 of the bytes as a JSON string.
pub(crate) fn write_digest(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut hex = [0; 64];
    out.push(b'"');
    if const_hex::encode_to_slice(Sha256::digest(bytes), &mut hex).is_ok() {
        out.extend_from_slice(&hex);
    }
    out.push(b'"');
}

/// True when the text holds an email address, or is a phone number with its `+`. Ids made of digits alone are not
/// taken for phone numbers.
pub fn names_a_person(text: &str) -> bool {
    holds_email(text) || is_phone(text)
}

fn holds_email(text: &str) -> bool {
    memchr::memchr_iter(b'@', text.as_bytes()).any(|at| {
        let (before, after) = (
            text.get(..at).unwrap_or_default(),
            text.get(at + 1..).unwrap_or_default(),
        );
        let host = after
            .split(|c: char| c.is_whitespace() || ",;:<>()[]\"/".contains(c))
            .next()
            .unwrap_or_default();
        let dot = host
            .char_indices()
            .any(|(i, c)| i > 0 && c == '.' && i + 1 < host.len());
        dot && before
            .chars()
            .next_back()
            .is_some_and(|c| !c.is_whitespace() && !",;:<>([\"@".contains(c))
    })
}

fn is_phone(text: &str) -> bool {
    let text = text.trim();
    let text = text
        .strip_prefix("tel:")
        .unwrap_or(text)
        .trim_start_matches([' ', '(']);
    let Some(rest) = text.strip_prefix(['+', '\u{ff0b}']) else {
        return false;
    };
    let mut digits = 0;
    for c in rest.chars() {
        match c {
            '0'..='9' => digits += 1,
            '-' | '.' | '/' | '(' | ')' => {}
            _ if c.is_whitespace() => {}
            _ => return false,
        }
    }
    (8..=15).contains(&digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{Header, Position};

    fn read(fields: &[Option<&str>], identity: &[&str]) -> Result<PrimaryKey, Problem> {
        let names: Vec<String> = ["a", "b"]
            .iter()
            .take(fields.len())
            .map(|&n| n.to_owned())
            .collect();
        let header = Header::new(names.clone());
        let mut finder = ColumnFinder::new(&header);
        let columns = KeyColumns::new(&names, identity, &mut finder);
        finder.finish().unwrap();
        let mut key = PrimaryKey::default();
        columns
            .read(
                &Row::new(
                    Position {
                        record: 1,
                        line: None,
                    },
                    fields,
                ),
                &mut key,
            )
            .map(|()| key)
    }

    fn event_id(key: &PrimaryKey) -> String {
        let mut out = Vec::new();
        key.write_event_id(&mut out);
        serde_json::from_slice(&out).unwrap()
    }

    fn sha256(text: &str) -> String {
        const_hex::encode(Sha256::digest(text))
    }

    #[test]
    fn one_column_is_taken_as_it_is() {
        let key = read(&[Some("order \"1\"")], &["email"]).unwrap();
        assert_eq!(key.bytes(), b"order \"1\"");
        assert_eq!(event_id(&key), "order \"1\"");
        assert_eq!(serde_json::to_string(&key.shown()).unwrap(), r#""order \"1\"""#);
    }

    #[test]
    fn several_columns_are_a_json_array_and_its_digest_the_event_id() {
        let key = read(&[Some("shop-1"), Some("Bon \"7\" é")], &[]).unwrap();
        assert_eq!(key.bytes(), r#"["shop-1","Bon \"7\" é"]"#.as_bytes());
        assert_eq!(event_id(&key), sha256(r#"["shop-1","Bon \"7\" é"]"#));
        assert_eq!(
            serde_json::to_string(&key.shown()).unwrap(),
            r#"["shop-1","Bon \"7\" é"]"#
        );
    }

    #[test]
    fn columns_do_not_run_together() {
        assert_ne!(
            read(&[Some("ab"), Some("c")], &[]).unwrap(),
            read(&[Some("a"), Some("bc")], &[]).unwrap()
        );
    }

    #[test]
    fn a_key_that_names_a_person_is_shown_and_sent_as_a_digest() {
        for (fields, identity) in [
            (&[Some("c-17")][..], &["a"][..]),
            (&[Some("jane@shop.example")], &[]),
            (&[Some("+49 30 1234567")], &[]),
            (&[Some("2026-11-01"), Some("jane@shop.example")], &[]),
            (&[Some("2026-11-01"), Some("17")], &["b"]),
        ] {
            let key = read(fields, identity).unwrap();
            let digest = const_hex::encode(Sha256::digest(key.bytes()));
            assert_eq!(event_id(&key), digest);
            assert_eq!(key.shown(), ShownKey::One(digest));
            for field in fields.iter().flatten() {
                assert!(!format!("{key:?}").contains(field));
            }
        }
    }

    #[test]
    fn only_shapes_of_people_count() {
        for text in [
            "jane@shop.example",
            "order-jane@shop.example",
            "jane@shop.example:7",
            "Jane <jane@shop.example>",
            "JANE@SHOP.EXAMPLE",
            "j@x.de",
            "+4930123456",
            "+1 (213) 373-4253",
            "(+1)2133734253",
            "tel:+4930123456",
        ] {
            assert!(names_a_person(text), "{text}");
        }
        for text in [
            "1001",
            "4930123456",
            "2133734253",
            "order-1001",
            "2026-11-01",
            "+12",
            "+1234567890123456",
            "a@b",
            "@x.de",
            "user@",
            "x @ y.z",
            "1+1234567890",
            "+123456789a",
            "5f3a2b18-9c4d-4e7f-b8e2-17d3a1e69b25",
            "",
        ] {
            assert!(!names_a_person(text), "{text}");
        }
    }

    #[test]
    fn an_empty_or_huge_key_is_refused_with_its_column() {
        let problem = read(&[Some("1"), None], &[]).unwrap_err();
        assert_eq!(
            (problem.code, problem.column.as_deref()),
            (Code::MissingPrimaryKey, Some("b"))
        );
        assert_eq!(
            read(&[Some("  ")], &[]).unwrap_err().code,
            Code::MissingPrimaryKey
        );
        assert!(read(&[Some(&"x".repeat(MAX_KEY_BYTES))], &[]).is_ok());
        assert_eq!(
            read(&[Some(&"x".repeat(MAX_KEY_BYTES + 1))], &[])
                .unwrap_err()
                .code,
            Code::RowTooLarge
        );
    }
}
