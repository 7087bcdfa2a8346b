//! The header line: names for the columns.

use super::BrokenFile;
use crate::row::Header;

/// A header with more columns than this is refused.
pub const MAX_COLUMNS: usize = 4_096;

/// Reads the header's fields, one behind the other, which end at `ends`.
pub(super) fn read_header(bytes: &[u8], ends: &[usize], line: u64) -> Result<Header, BrokenFile> {
    if ends.len() > MAX_COLUMNS {
        return Err(BrokenFile::at(
            line,
            format!(
                "the header has {} columns; at most {MAX_COLUMNS} are read",
                ends.len()
            ),
        ));
    }
    let mut names: Vec<String> = Vec::with_capacity(ends.len());
    let mut start = 0;
    for (column, &end) in ends.iter().enumerate() {
        let name = bytes
            .get(start..end)
            .and_then(|name| std::str::from_utf8(name).ok())
            .map(str::trim);
        let Some(name) = name else {
            return Err(BrokenFile::at(
                line,
                format!(
                    "the name of column {} is not UTF-8: export the file as UTF-8",
                    column + 1
                ),
            ));
        };
        if name.is_empty() {
            let message = format!(
                "column {} has no name: each column needs a name in the header line",
                column + 1
            );
            return Err(BrokenFile::at(line, message));
        }
        if names.iter().any(|other| other == name) {
            let message = format!("the header names the column {name:?} twice: rename or drop one of them");
            return Err(BrokenFile::at(line, message));
        }
        names.push(name.to_owned());
        start = end;
    }
    Ok(Header::new(names))
}
