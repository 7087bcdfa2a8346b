//! One identity file, taken chunk by chunk.

use super::{Boosts, IdentityLines, IdentityMapper, identity_columns};
use crate::columns::MissingColumns;
use crate::csv::{BrokenFile, CsvReader, Parsed};
use crate::diff::FingerprintKey;
use crate::row::{Header, Row};
use crate::spec::{CsvOptions, MatchBooster, SyncSpec};

/// The first bytes of a Parquet file, which is read from its end: its columns and rows are given to [`IdentityReader`]
/// one by one.
pub const PARQUET: &[u8; 4] = b"PAR1";

/// Reads one identity file into [`Boosts`]. Its format is found by its name, or else by its first byte.
pub struct IdentityReader<'a> {
    spec: &'a SyncSpec,
    booster: &'a MatchBooster,
    name: &'a str,
    secret: &'a FingerprintKey,
    boosts: &'a mut Boosts,
    mapper: Option<IdentityMapper>,
    format: Option<Format>,
}

enum Format {
    Csv(Box<CsvReader>),
    Lines(IdentityLines),
}

impl<'a> IdentityReader<'a> {
    /// A reader of the file with this name.
    pub fn new(
        spec: &'a SyncSpec,
        booster: &'a MatchBooster,
        name: &'a str,
        secret: &'a FingerprintKey,
        boosts: &'a mut Boosts,
    ) -> Self {
        Self {
            spec,
            booster,
            name,
            secret,
            boosts,
            mapper: None,
            format: None,
        }
    }

    /// Reads a chunk; `last` is true with the last one.
    ///
    /// # Errors
    /// [`BrokenFile`] for a file that cannot be read, or lacks columns.
    pub fn read(&mut self, chunk: &[u8], last: bool) -> Result<(), BrokenFile> {
        let mut format = match self.format.take() {
            Some(format) => format,
            None => self.begin(chunk)?,
        };
        let read = match &mut format {
            Format::Csv(reader) => reader.read(chunk, last, &mut |parsed| self.csv(&parsed)),
            Format::Lines(lines) => lines.read(chunk, last, &mut |row| {
                match (row, &self.mapper) {
                    (Some(row), Some(mapper)) => self.boosts.add(mapper, row, self.secret),
                    _ => self.boosts.left_out += 1,
                }
                Ok(())
            }),
        };
        self.format = Some(format);
        read
    }

    /// Takes the columns of a file that another reader takes apart.
    ///
    /// # Errors
    /// [`BrokenFile`] for a file that lacks columns.
    pub fn columns(&mut self, header: &Header) -> Result<(), BrokenFile> {
        self.mapper = Some(self.mapper(header)?);
        Ok(())
    }

    /// Takes a row of such a file, its fields in the order of [`identity_columns`].
    pub fn row(&mut self, row: &Row<'_>) {
        if let Some(mapper) = &self.mapper {
            self.boosts.add(mapper, row, self.secret);
        }
    }

    fn begin(&mut self, chunk: &[u8]) -> Result<Format, BrokenFile> {
        let name = self.name.to_ascii_lowercase();
        let named = [".jsonl", ".ndjson", ".json"]
            .iter()
            .any(|end| name.ends_with(end));
        let first = chunk.iter().find(|byte| !byte.is_ascii_whitespace());
        if named || first == Some(&b'{') {
            let columns = identity_columns(self.spec, self.booster);
            self.mapper = Some(self.mapper(&Header::new(columns.clone()))?);
            return Ok(Format::Lines(IdentityLines::new(columns)));
        }
        let options = CsvOptions {
            delimiter: None,
            header: true,
            columns: Vec::new(),
            null_values: self.spec.model.csv.null_values.clone(),
        };
        Ok(Format::Csv(Box::new(CsvReader::new(&options, self.name))))
    }

    fn mapper(&self, header: &Header) -> Result<IdentityMapper, BrokenFile> {
        IdentityMapper::new(self.spec, self.booster, header).map_err(|missing| {
            let file = "identity file";
            BrokenFile::whole(MissingColumns { file, ..missing }.to_string())
        })
    }

    fn csv(&mut self, parsed: &Parsed<'_>) -> Result<(), BrokenFile> {
        match parsed {
            Parsed::Header(header) => self.mapper = Some(self.mapper(header)?),
            Parsed::Bad { .. } => self.boosts.left_out += 1,
            Parsed::Row(row) => {
                if let Some(mapper) = &self.mapper {
                    self.boosts.add(mapper, row, self.secret);
                }
            }
        }
        Ok(())
    }
}
