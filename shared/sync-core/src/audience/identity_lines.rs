//! Identity files of JSON lines: one object a line.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::value::RawValue;

use crate::csv::BrokenFile;
use crate::row::{Position, Row};

/// A line beyond this is no row of anybody's identity.
const MAX_LINE: usize = 1 << 20;

/// Takes a file chunk by chunk and gives its rows in the order of `columns`. Other members are skipped; texts and
/// numbers are values, arrays stay JSON text, `null` and what is missing is absent.
pub struct IdentityLines {
    columns: Vec<String>,
    rest: Vec<u8>,
    line: u64,
}

impl IdentityLines {
    /// A reader of these columns.
    pub fn new(columns: Vec<String>) -> Self {
        Self {
            columns,
            rest: Vec::new(),
            line: 0,
        }
    }

    /// Reads a chunk; `last` is true with the last one. `f` gets each row, or nothing for a line that is no object.
    ///
    /// # Errors
    /// [`BrokenFile`] for a line of more than 1 MiB.
    pub fn read(
        &mut self,
        chunk: &[u8],
        last: bool,
        f: &mut dyn FnMut(Option<&Row<'_>>) -> Result<(), BrokenFile>,
    ) -> Result<(), BrokenFile> {
        let mut chunk = chunk;
        while let Some(end) = memchr::memchr(b'\n', chunk) {
            let (line, behind) = chunk.split_at(end);
            chunk = behind.get(1..).unwrap_or_default();
            if self.rest.is_empty() {
                self.one(line, f)?;
            } else {
                let mut whole = std::mem::take(&mut self.rest);
                whole.extend_from_slice(line);
                self.one(&whole, f)?;
            }
        }
        self.rest.extend_from_slice(chunk);
        if self.rest.len() > MAX_LINE {
            return Err(BrokenFile::whole(format!(
                "line {} has more than 1 MiB: write one JSON object a line",
                self.line + 1
            )));
        }
        if last && !self.rest.is_empty() {
            let whole = std::mem::take(&mut self.rest);
            self.one(&whole, f)?;
        }
        Ok(())
    }

    fn one(
        &mut self,
        line: &[u8],
        f: &mut dyn FnMut(Option<&Row<'_>>) -> Result<(), BrokenFile>,
    ) -> Result<(), BrokenFile> {
        self.line += 1;
        let Ok(text) = std::str::from_utf8(line) else {
            return f(None);
        };
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() {
            return Ok(());
        }
        let Ok(object) = serde_json::from_str::<HashMap<Cow<'_, str>, &RawValue>>(text) else {
            return f(None);
        };
        let values: Vec<Option<Cow<'_, str>>> = self
            .columns
            .iter()
            .map(|column| object.get(column.as_str()).and_then(|raw| value(raw.get())))
            .collect();
        let fields: Vec<Option<&str>> = values.iter().map(Option::as_deref).collect();
        let position = Position {
            record: self.line,
            line: Some(self.line),
        };
        f(Some(&Row::new(position, &fields)))
    }
}

fn value(raw: &str) -> Option<Cow<'_, str>> {
    match raw.as_bytes().first()? {
        b'"' => serde_json::from_str::<String>(raw).ok().map(Cow::Owned),
        b'n' => None,
        _ => Some(Cow::Borrowed(raw)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(chunks: &[&str]) -> Vec<Option<Vec<Option<String>>>> {
        let mut lines = IdentityLines::new(vec!["id".to_owned(), "emails".to_owned()]);
        let mut found = Vec::new();
        for (at, chunk) in chunks.iter().enumerate() {
            let last = at + 1 == chunks.len();
            lines
                .read(chunk.as_bytes(), last, &mut |row| {
                    found.push(row.map(|row| (0..2).map(|at| row.get(at).map(str::to_owned)).collect()));
                    Ok(())
                })
                .unwrap();
        }
        found
    }

    #[test]
    fn objects_become_rows_wherever_chunks_are_cut() {
        let text = "{\"id\":7,\"emails\":[\"a@x.de\",\"b@x.de\"],\"z\":1}\n\n{\"emails\":\"c@x.de\",\"id\":\"x\\u00e9\"}\r\nno object\n{\"id\":null}";
        let text_of = |id: &str, emails: &str| Some(vec![Some(id.to_owned()), Some(emails.to_owned())]);
        let expected = vec![
            text_of("7", "[\"a@x.de\",\"b@x.de\"]"),
            text_of("xé", "c@x.de"),
            None,
            Some(vec![None, None]),
        ];
        for cut in 0..text.len() {
            if text.is_char_boundary(cut) {
                let (one, other) = text.split_at(cut);
                assert_eq!(rows(&[one, other]), expected, "{cut}");
            }
        }
    }
}
