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
