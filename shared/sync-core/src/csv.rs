//! CSV, read as it comes: chunks of bytes in, rows with positions out. Nothing is allocated for a row.
//!
//! What is wrong with one row (its number of fields, its encoding) is a problem of that row. What makes every row
//! doubtful (no header, a quote that is never closed) is a [`BrokenFile`].

use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};
use memchr::memchr_iter;

use crate::rejection::{Code, Problem};
use crate::row::{Header, Position, Row};
use crate::spec::CsvOptions;

/// A row longer than this many bytes breaks the file: most likely a quote was never closed.
pub const MAX_ROW_BYTES: usize = 1 << 20;

/// How many bytes are looked at to know a file's kind.
const PREFIX: usize = 4;
const UTF8_BOM: &[u8] = b"\xef\xbb\xbf";

/// A header with more columns than this is refused.
pub const MAX_COLUMNS: usize = 4_096;

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

/// Says what a file is by its first bytes, when it is not text.
fn check_magic(bytes: &[u8]) -> Result<(), BrokenFile> {
    let known = [
        (&b"\xff\xfe"[..], "the file is UTF-16: export it as UTF-8"),
        (b"\xfe\xff", "the file is UTF-16: export it as UTF-8"),
        (
            b"\x1f\x8b",
            "the file is compressed with gzip, which is not built yet: export it uncompressed",
        ),
        (
            b"\x28\xb5\x2f\xfd",
            "the file is compressed with zstd, which is not built yet: export it uncompressed",
        ),
        (b"PK\x03\x04", "the file is a zip archive: export it uncompressed"),
        (
            b"PAR1",
            "the file is Parquet, which is not built yet: export it as CSV",
        ),
        (
            b"\0",
            "the file begins with a zero byte and is no text: export it as UTF-8 CSV",
        ),
    ];
    match known.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        Some((_, message)) => Err(BrokenFile::whole(*message)),
        None => Ok(()),
    }
}

/// Empties a vector and hands its memory on under another lifetime.
fn recycle<'b>(mut fields: Vec<Option<&str>>) -> Vec<Option<&'b str>> {
    fields.clear();
    fields.into_iter().map(|_| None).collect()
}

fn read_header(bytes: &[u8], ends: &[usize], line: u64) -> Result<Header, BrokenFile> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn options() -> CsvOptions {
        let null_values = ["", "\\N", "NULL"].map(str::to_owned).to_vec();
        CsvOptions {
            delimiter: None,
            header: true,
            columns: vec![],
            null_values,
        }
    }

    /// Reads bytes in chunks of a size; shows each row as `record@line a|b|-`.
    fn read_in(bytes: &[u8], options: &CsvOptions, size: usize) -> Result<Vec<String>, BrokenFile> {
        let mut shown = Vec::new();
        let mut reader = CsvReader::new(options, "x.csv");
        let mut take = |parsed: Parsed<'_>| {
            shown.push(match parsed {
                Parsed::Header(header) => format!("# {}", header.names().join("|")),
                Parsed::Row(row) => {
                    let fields: Vec<_> = (0..row.len()).map(|c| row.get(c).unwrap_or("-")).collect();
                    format!(
                        "{}@{} {}",
                        row.position.record,
                        row.position.line.unwrap(),
                        fields.join("|")
                    )
                }
                Parsed::Bad { position, problem } => {
                    format!(
                        "{}@{} {} {:?}",
                        position.record,
                        position.line.unwrap(),
                        problem.code.as_str(),
                        problem.column
                    )
                }
            });
            Ok(())
        };
        for chunk in bytes.chunks(size.max(1)) {
            reader.read(chunk, false, &mut take)?;
        }
        reader.read(&[], true, &mut take)?;
        Ok(shown)
    }

    fn check(bytes: impl AsRef<[u8]>, expect: &[&str]) {
        for size in [1, 2, 3, 7, 1 << 20] {
            assert_eq!(
                read_in(bytes.as_ref(), &options(), size).unwrap(),
                expect,
                "chunks of {size}"
            );
        }
    }

    /// Reads the rows of a file in two parts, cut at a boundary that the reader named after `cut` bytes.
    fn read_in_parts(bytes: &[u8], options: &CsvOptions, cut: usize) -> Vec<String> {
        let mut shown = Vec::new();
        let mut columns = Vec::new();
        let (head, tail) = bytes.split_at(cut);
        let mut whole = CsvReader::new(options, "x.csv");
        whole
            .read(head, false, &mut |parsed| {
                if let Parsed::Header(header) = parsed {
                    columns = header.names().to_vec();
                }
                Ok(())
            })
            .unwrap();
        let middle = Some(whole.boundary()).filter(|boundary| boundary.records > 0);
        whole
            .read(tail, true, &mut |parsed| {
                if let Parsed::Header(header) = parsed {
                    columns = header.names().to_vec();
                }
                Ok(())
            })
            .unwrap();
        let end = usize::try_from(whole.boundary().offset).unwrap().min(bytes.len());
        let start = whole.rows_begin();
        let middle = middle.unwrap_or(start);
        for (from, to) in [(start, usize::try_from(middle.offset).unwrap()), (middle, end)] {
            let from_byte = usize::try_from(from.offset).unwrap().min(to);
            let mut reader = CsvReader::from_boundary(options, "x.csv", columns.clone(), from);
            reader
                .read(&bytes[from_byte..to], true, &mut |parsed| {
                    if let Parsed::Row(row) = parsed {
                        let fields: Vec<_> = (0..row.len()).map(|c| row.get(c).unwrap_or("-")).collect();
                        let Position { record, line } = row.position;
                        shown.push(format!("{record}@{} {}", line.unwrap(), fields.join("|")));
                    }
                    Ok(())
                })
                .unwrap();
        }
        shown
    }

    #[test]
    fn a_file_in_parts_has_the_rows_of_the_whole_file() {
        for text in [
            "a,b\n1,2\n\"3\n4\",5\n\n6,7",
            "a,b\r\n1,2\r\n\"3\r\n4\",5\r\n6,7\r\n",
            "\u{feff}a,b\n1,2\n3,\"x\"\"y\"\n5,6\n",
            "a,b\n",
        ] {
            let all = read_in(text.as_bytes(), &options(), 1 << 20).unwrap();
            let rows: Vec<_> = all.into_iter().skip(1).collect();
            for cut in 0..=text.len() {
                assert_eq!(
                    read_in_parts(text.as_bytes(), &options(), cut),
                    rows,
                    "{text:?} cut after {cut}"
                );
            }
        }
        let headless = CsvOptions {
            header: false,
            columns: vec!["a".into(), "b".into()],
            ..options()
        };
        for cut in 0..=11 {
            let parts = read_in_parts("\u{feff}1,2\n3,4\n".as_bytes(), &headless, cut);
            assert_eq!(parts, ["1@1 1|2", "2@2 3|4"], "cut after {cut}");
        }
    }

    fn broken(bytes: impl AsRef<[u8]>, expect: &str) {
        for size in [1, 3, 1 << 20] {
            let error = read_in(bytes.as_ref(), &options(), size).unwrap_err().to_string();
            assert!(error.contains(expect), "{error}");
        }
    }

    #[test]
    fn rows_carry_their_record_and_line() {
        check("a,b\n1,2\n3,4\n", &["# a|b", "1@2 1|2", "2@3 3|4"]);
        check("a,b\r\n1,2\r\n3,4", &["# a|b", "1@2 1|2", "2@3 3|4"]);
        check("a,b\n\n1,2\n\n\n3,4\n", &["# a|b", "1@3 1|2", "2@6 3|4"]);
        check("a,b\n\"x\ny\",2\n3,4\n", &["# a|b", "1@2 x\ny|2", "2@4 3|4"]);
        check(
            "a,b\r\n\"x\r\ny\",2\r\n3,4\r\n",
            &["# a|b", "1@2 x\r\ny|2", "2@4 3|4"],
        );
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_column() {
        check(b"\xef\xbb\xbfa,b\n1,2\n", &["# a|b", "1@2 1|2"]);
        check(b"\xef\xbb\xbf\"a\",b\n1,2\n", &["# a|b", "1@2 1|2"]);
    }

    #[test]
    fn null_values_are_absent_and_quotes_are_undone() {
        check(
            "a,b,c\n,\\N,\"NULL\"\n\"say \"\"hi\"\"\",5\" pipe, x \n",
            &["# a|b|c", "1@2 -|-|-", "2@3 say \"hi\"|5\" pipe| x "],
        );
    }

    #[test]
    fn a_bad_row_is_a_problem_of_that_row_alone() {
        check(
            b"a,b\n1\n1,2,3\n\xff,2\n\xc3,\xa9\n1,x\0\n3,4\n",
            &[
                "# a|b",
                "1@2 ragged_row None",
                "2@3 ragged_row None",
                "3@4 invalid_utf8 Some(\"a\")",
                "4@5 invalid_utf8 Some(\"a\")",
                "5@6 invalid_utf8 Some(\"b\")",
                "6@7 3|4",
            ],
        );
    }

    #[test]
    fn a_broken_file_says_what_where_and_what_to_do() {
        broken("", "the file is empty");
        broken("\n\n", "the file is empty");
        broken("a,,b\n1,2,3\n", "line 1: column 2 has no name");
        broken(
            "a,b,a\n1,2,3\n",
            "line 1: the header names the column \"a\" twice",
        );
        broken(
            "a,b\n1,2\n\"x,4\n5,6\n",
            "line 3: a quote that opens in the row that begins here is never closed",
        );
        broken(b"\xff\xfea\0", "UTF-16");
        broken(b"\x1f\x8b\x08", "gzip");
        broken(
            format!("a,b\n1,\"{}", "x".repeat(MAX_ROW_BYTES + 1)),
            "line 2: the row that begins here is longer than",
        );
        assert!(
            read_in(b"a,b", &options(), 9).unwrap().len() == 1,
            "a header alone is a file without rows"
        );
    }

    #[test]
    fn without_a_header_line_the_spec_names_the_columns() {
        let options = CsvOptions {
            header: false,
            columns: vec!["a".into(), "b".into()],
            delimiter: Some(b';'),
            ..options()
        };
        assert_eq!(
            read_in(b"1;2\n3;4", &options, 2).unwrap(),
            ["# a|b", "1@1 1|2", "2@2 3|4"]
        );
    }

    proptest! {
        #[test]
        fn chunks_of_any_size_read_the_same(bytes in proptest::collection::vec(prop_oneof![Just(b'"'), Just(b','), Just(b'\n'), Just(b'\r'), Just(b'a'), any::<u8>()], 0..80), size in 1usize..20) {
            prop_assert_eq!(read_in(&bytes, &options(), size), read_in(&bytes, &options(), 1 << 20));
        }

        #[test]
        fn what_a_writer_quotes_is_read_back(rows in proptest::collection::vec(proptest::collection::vec("[a-z\",\n\r é]{0,6}", 3), 0..10)) {
            let quote = |field: &String| format!("\"{}\"", field.replace('"', "\"\""));
            let mut text = "a,b,c\n".to_owned();
            for row in &rows {
                text += &(row.iter().map(quote).collect::<Vec<_>>().join(",") + "\n");
            }
            let shown = read_in(text.as_bytes(), &options(), 5).unwrap();
            prop_assert_eq!(shown.len(), rows.len() + 1);
            for (row, shown) in rows.iter().zip(&shown[1..]) {
                let fields: Vec<_> = row.iter().map(|f| if f.is_empty() { "-" } else { f }).collect();
                prop_assert_eq!(shown.split_once(' ').unwrap().1, fields.join("|"));
            }
        }
    }
}
