//! CSV, read as it comes: chunks of bytes in, rows with positions out. Nothing is allocated for a row.
//!
//! What is wrong with one row (its number of fields, its encoding) is a problem of that row. What makes every row
//! doubtful (no header, a quote that is never closed) is a [`BrokenFile`].

mod header;
mod magic;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};
use memchr::memchr_iter;

use crate::rejection::{Code, Problem};
use crate::row::{Header, Position, Row};
use crate::spec::CsvOptions;

pub use header::MAX_COLUMNS;
use header::read_header;
use magic::check_magic;

/// A row longer than this many bytes breaks the file: most likely a quote was never closed.
pub const MAX_ROW_BYTES: usize = 1 << 20;

/// How many bytes are looked at to know a file's kind.
const PREFIX: usize = 4;
const UTF8_BOM: &[u8] = b"\xef\xbb\xbf";

/// The file as a whole cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", line.map(|line| format!("line {line}: ")).unwrap_or_default())]
pub struct BrokenFile {
    /// The line, from 1, where there is one to blame.
    pub line: Option<u64>,
    /// What is wrong, and what to do.
    pub message: String,
}

impl BrokenFile {
    /// A fault of the whole file.
    pub fn whole(message: impl Into<String>) -> Self {
        Self {
            line: None,
            message: message.into(),
        }
    }

    /// A fault that begins on a line.
    pub fn at(line: u64, message: impl Into<String>) -> Self {
        Self {
            line: Some(line),
            message: message.into(),
        }
    }
}

/// What the reader met.
#[derive(Debug)]
pub enum Parsed<'a> {
    /// The columns, once, before all rows.
    Header(&'a Header),
    /// A row.
    Row(Row<'a>),
    /// A row that cannot be taken apart.
    Bad {
        /// Where it stands.
        position: Position,
        /// What is wrong with it.
        problem: Problem,
    },
}

/// A boundary between two rows: a reader can go on from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Boundary {
    /// The next byte of the file, from 0.
    pub offset: u64,
    /// The rows before it.
    pub records: u64,
    /// The line of the next byte, from 1.
    pub line: u64,
}

impl Boundary {
    /// The file's first byte.
    pub const START: Self = Self {
        offset: 0,
        records: 0,
        line: 1,
    };
}

/// Reads CSV chunk by chunk.
pub struct CsvReader {
    core: Reader,
    null_values: Vec<String>,
    header: Option<Header>,
    /// The header was given and nobody was told yet.
    header_is_news: bool,
    /// The file's first bytes, until there are enough to know it by; `None` once it has begun.
    prefix: Option<Vec<u8>>,
    /// The current record's fields, one behind the other, unescaped.
    text: Vec<u8>,
    text_len: usize,
    ends: Vec<usize>,
    ends_len: usize,
    /// The line of the next byte.
    line: u64,
    /// The line on which the current record begins; `None` between records.
    record_line: Option<u64>,
    record_bytes: usize,
    records: u64,
    /// The next byte of the file.
    offset: u64,
    boundary: Boundary,
    /// Where the first row can begin: behind the header, or behind the byte order mark of a file without one.
    rows_begin: Boundary,
    spare: Vec<Option<&'static str>>,
}

impl CsvReader {
    /// A reader for a file of this name (`.tsv` means tabs where the spec names no delimiter).
    pub fn new(options: &CsvOptions, file_name: &str) -> Self {
        let tabs = file_name.to_ascii_lowercase().ends_with(".tsv");
        let delimiter = options.delimiter.unwrap_or(if tabs { b'\t' } else { b',' });
        Self {
            core: ReaderBuilder::new()
                .delimiter(delimiter)
                .terminator(Terminator::CRLF)
                .build(),
            null_values: options.null_values.clone(),
            header: (!options.header).then(|| Header::new(options.columns.clone())),
            header_is_news: !options.header,
            prefix: Some(Vec::new()),
            text: vec![0; 4096],
            text_len: 0,
            ends: vec![0; 64],
            ends_len: 0,
            line: 1,
            record_line: None,
            record_bytes: 0,
            records: 0,
            offset: 0,
            boundary: Boundary::START,
            rows_begin: Boundary::START,
            spare: Vec::new(),
        }
    }

    /// A reader that begins in the middle of a file whose columns are known.
    pub fn from_boundary(
        options: &CsvOptions,
        file_name: &str,
        columns: Vec<String>,
        boundary: Boundary,
    ) -> Self {
        Self {
            header: Some(Header::new(columns)),
            header_is_news: true,
            prefix: None,
            line: boundary.line,
            records: boundary.records,
            offset: boundary.offset,
            boundary,
            rows_begin: boundary,
            ..Self::new(options, file_name)
        }
    }

    /// The end of the last row that was read whole.
    pub fn boundary(&self) -> Boundary {
        self.boundary
    }

    /// Where the first row can begin: behind the header, once it was read.
    pub fn rows_begin(&self) -> Boundary {
        self.rows_begin
    }

    /// Takes the next chunk. `last` is true with the file's last chunk, which may be empty.
    pub fn read(
        &mut self,
        chunk: &[u8],
        last: bool,
        take: &mut dyn FnMut(Parsed<'_>) -> Result<(), BrokenFile>,
    ) -> Result<(), BrokenFile> {
        let Some(mut prefix) = self.prefix.take() else {
            self.announce(take)?;
            return self.rows(chunk, last, take);
        };
        if prefix.len() + chunk.len() < PREFIX && !last {
            prefix.extend_from_slice(chunk);
            self.prefix = Some(prefix);
            return Ok(());
        }
        let joined = if prefix.is_empty() {
            chunk
        } else {
            prefix.extend_from_slice(chunk);
            prefix.as_slice()
        };
        check_magic(joined)?;
        self.announce(take)?;
        let text = joined.strip_prefix(UTF8_BOM).unwrap_or(joined);
        self.offset += (joined.len() - text.len()) as u64;
        self.rows_begin.offset = self.offset;
        self.rows(text, last, take)
    }

    /// Hands out the columns, where the file itself does not begin with them.
    fn announce(
        &mut self,
        take: &mut dyn FnMut(Parsed<'_>) -> Result<(), BrokenFile>,
    ) -> Result<(), BrokenFile> {
        match self.header.as_ref() {
            Some(header) if std::mem::take(&mut self.header_is_news) => take(Parsed::Header(header)),
            _ => Ok(()),
        }
    }

    fn rows(
        &mut self,
        mut chunk: &[u8],
        last: bool,
        take: &mut dyn FnMut(Parsed<'_>) -> Result<(), BrokenFile>,
    ) -> Result<(), BrokenFile> {
        while !chunk.is_empty() {
            if self.record_line.is_none() {
                chunk = self.skip_line_ends(chunk);
                if chunk.is_empty() {
                    break;
                }
                self.record_line = Some(self.line);
                self.record_bytes = 0;
            }
            chunk = self.step(chunk, take)?;
        }
        if last { self.end(take) } else { Ok(()) }
    }

    /// The rows read so far, bad ones included.
    pub fn records(&self) -> u64 {
        self.records
    }

    fn skip_line_ends<'a>(&mut self, chunk: &'a [u8]) -> &'a [u8] {
        let blank = chunk.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        let (ends, rest) = chunk.split_at(blank);
        self.line += memchr_iter(b'\n', ends).count() as u64;
        self.offset += blank as u64;
        rest
    }

    /// Feeds the parser once; gives what is left of the chunk.
    fn step<'a>(
        &mut self,
        chunk: &'a [u8],
        take: &mut dyn FnMut(Parsed<'_>) -> Result<(), BrokenFile>,
    ) -> Result<&'a [u8], BrokenFile> {
        let (text, ends) = (
            self.text.get_mut(self.text_len..).unwrap_or_default(),
            self.ends.get_mut(self.ends_len..).unwrap_or_default(),
        );
        let (result, read, wrote, ended) = self.core.read_record(chunk, text, ends);
        let (consumed, rest) = chunk.split_at(read.min(chunk.len()));
        self.line += memchr_iter(b'\n', consumed).count() as u64;
        self.offset += consumed.len() as u64;
        self.text_len += wrote;
        self.ends_len += ended;
        self.record_bytes += read;
        if self.record_bytes > MAX_ROW_BYTES {
            let line = self.record_line.unwrap_or(self.line);
            return Err(BrokenFile::at(
                line,
                format!(
                    "the row that begins here is longer than {MAX_ROW_BYTES} bytes: probably a quote in it is never closed"
                ),
            ));
        }
        match result {
            ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
            ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
            ReadRecordResult::Record => {
                self.record(take)?;
                self.boundary = Boundary {
                    offset: self.offset,
                    records: self.records,
                    line: self.line,
                };
                if self.records == 0 {
                    self.rows_begin = self.boundary;
                }
            }
            ReadRecordResult::InputEmpty | ReadRecordResult::End => {}
        }
        Ok(rest)
    }

    /// The file ends here: its last record may lack a line end.
    fn end(&mut self, take: &mut dyn FnMut(Parsed<'_>) -> Result<(), BrokenFile>) -> Result<(), BrokenFile> {
        // A line end ends the last record too; within quotes it is text, and the quote was never closed.
        // (A probe on a clone of the parser would do, were the clone of csv-core 0.1.13 not without its tables.)
        while let Some(line) = self.record_line {
            if self.step(b"\n", take)?.is_empty() && self.record_line.is_some() {
                return Err(BrokenFile::at(
                    line,
                    "a quote that opens in the row that begins here is never closed: the file is cut off or badly quoted",
                ));
            }
        }
        if self.header.is_none() {
            return Err(BrokenFile::whole(
                "the file is empty: an export needs at least a header line with the column names",
            ));
        }
        Ok(())
    }

    /// A record is complete: it is the header, or a row.
    fn record(
        &mut self,
        take: &mut dyn FnMut(Parsed<'_>) -> Result<(), BrokenFile>,
    ) -> Result<(), BrokenFile> {
        let line = self.record_line.take().unwrap_or(self.line);
        let (text_len, ends_len) = (
            std::mem::take(&mut self.text_len),
            std::mem::take(&mut self.ends_len),
        );
        let bytes = self.text.get(..text_len).unwrap_or_default();
        let ends = self.ends.get(..ends_len).unwrap_or_default();
        let Some(header) = self.header.as_ref() else {
            let header = read_header(bytes, ends, line)?;
            take(Parsed::Header(&header))?;
            self.header = Some(header);
            return Ok(());
        };
        self.records += 1;
        let position = Position {
            record: self.records,
            line: Some(line),
        };
        let columns = header.names().len();
        if ends.len() != columns {
            let message = format!(
                "the row has {} fields, the header {columns}: quote fields that hold the delimiter or a line end",
                ends.len()
            );
            return take(Parsed::Bad {
                position,
                problem: Problem::row(Code::RaggedRow, message),
            });
        }
        let mut fields = recycle(std::mem::take(&mut self.spare));
        let whole = std::str::from_utf8(bytes)
            .ok()
            .filter(|text| !text.contains('\0'));
        let mut start = 0;
        let mut bad_column = None;
        for (column, &end) in ends.iter().enumerate() {
            let Some(value) = whole.and_then(|text| text.get(start..end)) else {
                let raw = bytes.get(start..end).unwrap_or_default();
                if bad_column.is_none()
                    && (whole.is_some() || std::str::from_utf8(raw).is_err() || raw.contains(&0))
                {
                    bad_column = Some(column);
                }
                start = end;
                continue;
            };
            start = end;
            fields.push(Some(value).filter(|v| !self.null_values.iter().any(|null| null == v)));
        }
        let result = if fields.len() == columns {
            take(Parsed::Row(Row::new(position, &fields)))
        } else {
            let name = bad_column.and_then(|column| header.name(column));
            let message = "the row is not UTF-8 text, or holds a zero byte: export the file as UTF-8";
            take(Parsed::Bad {
                position,
                problem: Problem::row(Code::InvalidUtf8, message).in_column(name),
            })
        };
        self.spare = recycle(fields);
        result
    }
}

/// Empties a vector and hands its memory on under another lifetime.
fn recycle<'b>(mut fields: Vec<Option<&str>>) -> Vec<Option<&'b str>> {
    fields.clear();
    fields.into_iter().map(|_| None).collect()
}

#[cfg(test)]
mod tests;
