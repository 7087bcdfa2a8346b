//! An export's header and first rows.

use std::collections::HashSet;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};
use sync_core::csv::{BrokenFile, Parsed};
use sync_core::spec::CsvOptions;

use crate::export_file;

/// How many rows are looked at.
const ROWS: u64 = 5_000;
/// How many values of a column are kept.
const SAMPLES: usize = 500;
/// How many bytes are looked at for the delimiter.
const FIRST: u64 = 64 * 1024;

/// What was seen.
pub(crate) struct Look {
    /// The delimiter, where the file's name does not say it.
    pub(super) delimiter: Option<u8>,
    /// The rows that were looked at, without those that cannot be taken apart.
    pub(super) rows: u64,
    pub(super) columns: Vec<Column>,
}

/// A column of the export.
pub(super) struct Column {
    pub(super) name: String,
    /// Values that are there, the first ones.
    pub(super) samples: Vec<String>,
    /// Digests of all values.
    values: HashSet<[u8; 16]>,
}

impl Column {
    /// Each row has a value, and no two have the same.
    pub(super) fn tells_rows_apart(&self, rows: u64) -> bool {
        rows > 0 && self.values.len() as u64 == rows
    }

    /// The share of different values among those that are there, from 0 to 1, by the first ones.
    pub(super) fn different_of_those_there(&self) -> f64 {
        let different: HashSet<&String> = self.samples.iter().collect();
        // At most `SAMPLES`: the counts fit a small number.
        let count = |number: usize| u32::try_from(number).map_or(f64::MAX, f64::from);
        if self.samples.is_empty() {
            1.0
        } else {
            count(different.len()) / count(self.samples.len())
        }
    }

    /// The share of rows with a value of their own, from 0 to 1; an export without rows speaks against nothing.
    pub(super) fn different(&self, rows: u64) -> f64 {
        // At most `ROWS`: the counts fit a small number.
        let count = |number: u64| u32::try_from(number).map_or(f64::MAX, f64::from);
        if rows == 0 {
            1.0
        } else {
            count(self.values.len() as u64) / count(rows)
        }
    }
}

/// Looks at an export. The outer error is the machine's, the inner one the file's.
pub(crate) fn look(path: &Path) -> anyhow::Result<Result<Look, BrokenFile>> {
    let delimiter = delimiter(path)?;
    let csv = CsvOptions {
        delimiter,
        header: true,
        columns: Vec::new(),
        null_values: ["", "\\N", "NULL"].map(str::to_owned).to_vec(),
    };
    let mut look = Look {
        delimiter,
        rows: 0,
        columns: Vec::new(),
    };
    let mut enough = false;
    let read = export_file::each(path, &csv, &mut |parsed| {
        enough = look.rows >= ROWS;
        if enough {
            return Err(BrokenFile::whole("enough was seen"));
        }
        look.take(&parsed);
        Ok(())
    })?;
    Ok(match read {
        Err(broken) if !enough => Err(broken),
        _ => Ok(look),
    })
}

impl Look {
    fn take(&mut self, parsed: &Parsed<'_>) {
        match parsed {
            Parsed::Header(header) => {
                let column = |name: &String| Column {
                    name: name.clone(),
                    samples: Vec::new(),
                    values: HashSet::new(),
                };
                self.columns = header.names().iter().map(column).collect();
            }
            Parsed::Bad { .. } => {}
            Parsed::Row(row) => {
                self.rows += 1;
                for (number, column) in self.columns.iter_mut().enumerate() {
                    let Some(value) = row.get(number).filter(|value| !value.trim().is_empty()) else {
                        continue;
                    };
                    let digest: [u8; 32] = Sha256::digest(value.as_bytes()).into();
                    column
                        .values
                        .insert(digest.first_chunk().copied().unwrap_or_default());
                    if column.samples.len() < SAMPLES {
                        column.samples.push(value.trim().to_owned());
                    }
                }
            }
        }
    }
}

/// The delimiter of the header, unless it is the one that the file's name stands for.
fn delimiter(path: &Path) -> anyhow::Result<Option<u8>> {
    let mut first = Vec::new();
    export_file::open(path)?.take(FIRST).read_to_end(&mut first)?;
    let line = first
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    let count = |delimiter: u8| line.split(|byte| *byte == delimiter).count() - 1;
    let tabs = path.to_string_lossy().to_ascii_lowercase().ends_with(".tsv");
    let usual = if tabs { b'\t' } else { b',' };
    let best = [usual, b';', b'\t', b'|', b',']
        .into_iter()
        .max_by_key(|delimiter| (count(*delimiter), *delimiter == usual));
    Ok(best.filter(|best| *best != usual && count(*best) > 0))
}
