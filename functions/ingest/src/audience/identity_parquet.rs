//! Identity files as Parquet: the columns that a spec names, as the texts that a CSV file would hold.
//!
//! Rows are read one after the other, a row group at a time, and only the named columns. Texts, numbers, booleans,
//! dates and times are values; a list becomes a JSON array, so that it fans out; other nested values are absent.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::record::reader::RowIter;
use parquet::schema::types::Type;

use sync_core::audience::IdentityReader;
use sync_core::csv::BrokenFile;
use sync_core::row::{Header, Position, Row};

/// Gives the columns and rows of a Parquet file to a reader of identities. `columns` are those that the spec names.
///
/// # Errors
/// [`BrokenFile`] where the file is no Parquet file, is damaged, or lacks columns.
pub fn read_identity_parquet(
    file: File,
    columns: &[String],
    reader: &mut IdentityReader<'_>,
) -> Result<(), BrokenFile> {
    // The reader's own checks of damaged files are not complete: it may panic.
    let read = catch_unwind(AssertUnwindSafe(|| read(file, columns, reader)));
    read.unwrap_or_else(|_| Err(damaged("its pages do not fit together")))
}

/// The library's own words may quote a value: they are never shown.
fn damaged(what: &str) -> BrokenFile {
    BrokenFile::whole(format!("the Parquet file cannot be read: {what}; write it again"))
}

fn read(file: File, columns: &[String], reader: &mut IdentityReader<'_>) -> Result<(), BrokenFile> {
    let table = SerializedFileReader::new(file).map_err(|_| damaged("it has no footer of a Parquet file"))?;
    let schema = table.metadata().file_metadata().schema();
    let wanted: Vec<_> = schema
        .get_fields()
        .iter()
        .filter(|field| columns.iter().any(|column| column == field.name()))
        .cloned()
        .collect();
    let has = |column: &&String| wanted.iter().any(|field| field.name() == column.as_str());
    let columns: Vec<String> = columns.iter().filter(has).cloned().collect();
    reader.columns(&Header::new(columns.clone()))?;
    let projection = Type::group_type_builder(schema.name())
        .with_fields(wanted)
        .build()
        .map_err(|_| damaged("its schema is not one"))?;
    let rows = RowIter::from_file_into(Box::new(table))
        .project(Some(projection))
        .map_err(|_| damaged("its columns cannot be read by themselves"))?;
    for (number, row) in (1..).zip(rows) {
        let row = row.map_err(|_| {
            damaged(&format!(
                "row {number} is damaged, or holds text that is not UTF-8"
            ))
        })?;
        let mut values: Vec<Option<String>> = vec![None; columns.len()];
        for (name, field) in row.get_column_iter() {
            if let Some(at) = columns.iter().position(|column| column == name)
                && let Some(value) = values.get_mut(at)
            {
                *value = text(field);
            }
        }
        let fields: Vec<Option<&str>> = values.iter().map(Option::as_deref).collect();
        let position = Position {
            record: number,
            line: None,
        };
        reader.row(&Row::new(position, &fields));
    }
    Ok(())
}

/// A value as the text of a cell; `None` where it is absent, or nested in a way that no cell is.
fn text(field: &Field) -> Option<String> {
    match field {
        Field::Null | Field::Group(_) | Field::MapInternal(_) => None,
        Field::Str(text) => Some(text.clone()),
        Field::Bytes(bytes) => bytes.as_utf8().ok().map(str::to_owned),
        Field::ListInternal(list) => {
            let members: Vec<Option<String>> = list.elements().iter().map(text).collect();
            serde_json::to_string(&members).ok()
        }
        // A whole number without a point, however the warehouse stores it.
        Field::Double(number) if number.fract() == 0.0 && number.abs() < 9e15 => Some(format!("{number:.0}")),
        Field::Float(number) if number.fract() == 0.0 => Some(format!("{number:.0}")),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::column::writer::ColumnWriter;
    use parquet::data_type::ByteArray;
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;
    use std::io::{Seek, SeekFrom, Write};
    use std::sync::Arc;
    use sync_core::audience::{Boosts, Gather, identity_columns};
    use sync_core::diff::FingerprintKey;

    fn written() -> File {
        let schema = "message people { REQUIRED INT64 id; OPTIONAL BYTE_ARRAY email (UTF8); OPTIONAL BYTE_ARRAY other (UTF8); }";
        let schema = Arc::new(parse_message_type(schema).unwrap());
        let mut file = tempfile::tempfile().unwrap();
        let properties = Arc::new(WriterProperties::builder().build());
        let mut writer = SerializedFileWriter::new(file.try_clone().unwrap(), schema, properties).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let mut at = 0;
        while let Some(mut column) = group.next_column().unwrap() {
            match column.untyped() {
                ColumnWriter::Int64ColumnWriter(ids) => {
                    ids.write_batch(&[7, 8], None, None).unwrap();
                }
                ColumnWriter::ByteArrayColumnWriter(texts) if at == 1 => {
                    texts
                        .write_batch(&[ByteArray::from("a@x.de")], Some(&[1, 0]), None)
                        .unwrap();
                }
                ColumnWriter::ByteArrayColumnWriter(texts) => {
                    texts
                        .write_batch(&[ByteArray::from("x"), ByteArray::from("y")], Some(&[1, 1]), None)
                        .unwrap();
                }
                _ => panic!("another column"),
            }
            column.close().unwrap();
            at += 1;
        }
        group.close().unwrap();
        writer.close().unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        file
    }

    const SPEC: &str = "\
destination: acme
type: custom_audience
mode: add
model: {path: models/vip/, primary_key: id}
audience: {advertiser_id: \"7\", name: VIP, via: segment}
mappings: [{from: phone, to: phone}]
match_booster: {identities: identities/a.parquet, on: {id: id}, add: [{from: email, to: email}]}
";

    fn joined(file: File, spec: &str) -> Result<(u64, usize), BrokenFile> {
        let spec = sync_core::spec::read("vip.yaml", spec).unwrap().spec;
        let booster = spec.match_booster.clone().unwrap();
        let secret = FingerprintKey::new([1; 16]);
        let mut boosts = Boosts::new(Gather::Identifiers);
        boosts.ask(&["7"], &secret);
        boosts.ask(&["8"], &secret);
        let mut reader = IdentityReader::new(&spec, &booster, "a.parquet", &secret, &mut boosts);
        read_identity_parquet(file, &identity_columns(&spec, &booster), &mut reader)?;
        assert!(boosts.of(Some(&["8"]), &secret).found);
        Ok((
            boosts.of(Some(&["7"]), &secret).ids.len() as u64,
            boosts.of(Some(&["8"]), &secret).ids.len(),
        ))
    }

    #[test]
    fn named_columns_are_joined() {
        assert_eq!(joined(written(), SPEC), Ok((1, 0)));
    }

    #[test]
    fn a_missing_column_is_an_error_with_its_name() {
        let error = joined(
            written(),
            &SPEC.replace("{from: email, to: email}]", "{from: mail, to: email}]"),
        )
        .unwrap_err();
        assert!(error.to_string().contains("`mail`"), "{error}");
    }

    #[test]
    fn a_damaged_file_is_an_error() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"PAR1 and nothing that follows").unwrap();
        assert!(joined(file, SPEC).unwrap_err().to_string().contains("Parquet"));
    }
}
