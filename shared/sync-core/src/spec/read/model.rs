//! `model`: where exports come from and how they are read.

use super::super::cursor::{Cursor, Keys};
use super::super::model::{CsvOptions, Format, Mode, Model, RunOn};
use super::super::nearest::{expected_one_of, nearest};
use super::super::report::Report;

/// The formats that can be named.
pub(in super::super) const FORMATS: &[(&str, Format)] = &[
    ("csv", Format::Csv),
    ("jsonl", Format::Jsonl),
    ("parquet", Format::Parquet),
];

/// What may start a run, apart from a marker file.
#[derive(Clone, Copy)]
pub(in super::super) enum RunOnWord {
    EachFile,
    Schedule,
}

pub(in super::super) const RUN_ON: &[(&str, RunOnWord)] = &[
    ("each_file", RunOnWord::EachFile),
    ("schedule", RunOnWord::Schedule),
];

/// Where the bucket holds exports. Its notification covers this prefix and no other: an export elsewhere would wake
/// nobody, and a prefix among the product's own objects would make exports of them.
const EXPORTS: &str = "models/";
const PATH: &str = "a folder of exports, models/<model>/";
/// Far below S3's 1,024 bytes for a key, so that the export's own name has room.
const MAX_PATH_BYTES: usize = 512;

/// Texts that warehouses write for "no value".
pub(in super::super) const NULL_VALUES: &[&str] = &["", "\\N", "NULL"];

/// The model. `mode` decides what `run_on` is by default.
pub(super) fn read(keys: &Keys<'_>, mode: Option<Mode>) -> Option<Model> {
    let known = &["path", "primary_key", "format", "csv", "run_on", "time_zone"];
    let keys = keys
        .need("model", "where the exports lie and their primary key")?
        .keys(known)?;
    let path = keys.need("path", PATH).and_then(|cursor| path(&cursor));
    let primary_key = keys
        .need(
            "primary_key",
            "the column, or list of columns, that tells rows apart",
        )
        .and_then(|cursor| primary_key(&cursor));
    let format = match keys.get("format") {
        Some(cursor) => cursor.choice(FORMATS).map(Some),
        None => Some(None),
    };
    let csv = match keys.get("csv") {
        Some(cursor) => csv(&cursor),
        None => Some(CsvOptions {
            delimiter: None,
            header: true,
            columns: Vec::new(),
            null_values: NULL_VALUES.iter().map(ToString::to_string).collect(),
        }),
    };
    let run_on = run_on(&keys, mode);
    let time_zone = match keys.get("time_zone") {
        Some(cursor) => time_zone(&cursor),
        None => Some(jiff::tz::TimeZone::UTC),
    };
    Some(Model {
        path: path?,
        primary_key: primary_key?,
        format: format?,
        csv: csv?,
        run_on: run_on?,
        time_zone: time_zone?,
    })
}

/// A folder: `models/web` as a bare prefix would hold the exports of `models/web-offline/` too, so a missing slash is
/// added, with a warning for those who meant a prefix of file names.
fn path(cursor: &Cursor<'_>) -> Option<String> {
    let path = cursor.text(PATH)?;
    let refuse = |why: &str| {
        cursor.error(format!("expected {PATH}; {why}"));
        None
    };
    if path.len() > MAX_PATH_BYTES {
        return refuse("it has more than 512 bytes");
    }
    if path.chars().any(char::is_control) {
        return refuse("it holds a control character");
    }
    if path.contains(['*', '?']) {
        return refuse("every file in the folder counts, so leave * and ? out");
    }
    let Some(model) = path.strip_prefix(EXPORTS) else {
        let inside = path.find(EXPORTS).and_then(|at| path.get(at..)).unwrap_or(path);
        let inside = inside.trim_start_matches(['.', '/']);
        let model = inside.strip_prefix(EXPORTS).unwrap_or(inside).trim_matches('/');
        let plausible = !model.is_empty() && !model.contains(':') && !model.contains("..");
        return if plausible {
            refuse(&format!("did you mean {EXPORTS}{model}/?"))
        } else {
            refuse("exports lie under models/ in the bucket")
        };
    };
    let folders = model.strip_suffix('/').unwrap_or(model);
    if folders
        .split('/')
        .any(|folder| folder.is_empty() || folder == "." || folder == "..")
    {
        return refuse("each folder has a name, which is neither . nor ..");
    }
    if model.ends_with('/') {
        return Some(path.to_owned());
    }
    cursor.warning(format!(
        "read as the folder {path}/, for exports lie in folders; end it with a slash"
    ));
    Some(format!("{path}/"))
}

fn primary_key(cursor: &Cursor<'_>) -> Option<Vec<String>> {
    let columns = cursor.one_or_list();
    if columns.is_empty() {
        cursor.error("expected at least one column");
        return None;
    }
    unique_columns(&columns, Cursor::column)
}

/// The names of columns, each once.
fn unique_columns<'a>(
    cursors: &[Cursor<'a>],
    name: impl Fn(&Cursor<'a>) -> Option<String>,
) -> Option<Vec<String>> {
    let mut columns: Vec<String> = Vec::new();
    let mut complete = true;
    for cursor in cursors {
        match name(cursor) {
            Some(column) if columns.contains(&column) => {
                cursor.error(format!("expected each column once; {column} is there already"));
                complete = false;
            }
            Some(column) => columns.push(column),
            None => complete = false,
        }
    }
    complete.then_some(columns)
}

fn csv(cursor: &Cursor<'_>) -> Option<CsvOptions> {
    let keys = cursor.keys(&["delimiter", "header", "columns", "null_values"])?;
    let delimiter = match keys.get("delimiter") {
        Some(cursor) => delimiter(&cursor).map(Some),
        None => Some(None),
    };
    let header = match keys.get("header") {
        Some(cursor) => cursor.boolean(),
        None => Some(true),
    };
    let columns_cursor = keys.get("columns");
    let columns = match &columns_cursor {
        Some(cursor) => cursor
            .list("a list of column names")
            .and_then(|columns| unique_columns(&columns, Cursor::foreign_column)),
        None => Some(Vec::new()),
    };
    let null_values = match keys.get("null_values") {
        Some(cursor) => cursor
            .list("a list of texts that mean no value")
            .and_then(|texts| {
                let texts: Vec<_> = texts
                    .iter()
                    .map(|text| text.text("a text that means no value"))
                    .collect();
                texts.into_iter().map(|text| text.map(str::to_owned)).collect()
            }),
        None => Some(NULL_VALUES.iter().map(ToString::to_string).collect()),
    };
    match (header, columns.as_deref(), &columns_cursor) {
        (Some(false), Some([]), Some(cursor)) => {
            cursor.error("expected the names of the columns, for header is false");
            return None;
        }
        (Some(false), Some([]), None) => {
            keys.missing("columns", "the names of the columns, for header is false");
            return None;
        }
        (Some(true), Some([_, ..]), Some(cursor)) => {
            cursor.error(
                "expected no columns, for the header names them; set header: false if the files have none",
            );
            return None;
        }
        _ => {}
    }
    Some(CsvOptions {
        delimiter: delimiter?,
        header: header?,
        columns: columns?,
        null_values: null_values?,
    })
}

fn delimiter(cursor: &Cursor<'_>) -> Option<u8> {
    let expected = "one character of one byte between fields, such as \",\", \";\" or \"\\t\"";
    let text = cursor.text(expected)?;
    // Without double quotes, YAML leaves `\t` as two characters.
    let text = if text == "\\t" { "\t" } else { text };
    match text.as_bytes() {
        [b'"' | b'\n' | b'\r'] => {
            cursor.error(format!(
                "expected {expected}; quotes and line ends have their own meaning in CSV"
            ));
            None
        }
        [byte] => Some(*byte),
        _ => {
            let near = match text.to_ascii_lowercase().as_str() {
                "tab" | "tsv" => "; did you mean \"\\t\"?",
                "comma" => "; did you mean \",\"?",
                "semicolon" => "; did you mean \";\"?",
                "pipe" => "; did you mean \"|\"?",
                _ => "",
            };
            cursor.error(format!("expected {expected}{near}"));
            None
        }
    }
}

fn run_on(keys: &Keys<'_>, mode: Option<Mode>) -> Option<RunOn> {
    let expected = "each_file, schedule or {marker: FILE}";
    let Some(cursor) = keys.get("run_on") else {
        return match mode {
            Some(Mode::Insert | Mode::Add) => Some(RunOn::EachFile),
            Some(Mode::Mirror | Mode::All) => {
                keys.missing(
                    "run_on",
                    &format!("{expected}, for this mode needs to know when an export is whole"),
                );
                None
            }
            None => None,
        };
    };
    if cursor.is_list() {
        cursor.error(format!("expected {expected}"));
        return None;
    }
    if !cursor.is_map() {
        return match cursor.choice(RUN_ON)? {
            RunOnWord::EachFile => Some(RunOn::EachFile),
            RunOnWord::Schedule => Some(RunOn::Schedule),
        };
    }
    let marker = cursor
        .keys(&["marker"])?
        .need("marker", "the name of the file that completes an export")?;
    let name = marker.text("the name of the file that completes an export")?;
    if name.is_empty() || name.contains('/') || name.chars().any(char::is_control) || name.len() > 255 {
        marker.error("expected the name of a file without its folder, such as _SUCCESS");
        return None;
    }
    Some(RunOn::Marker(name.to_owned()))
}

fn time_zone(cursor: &Cursor<'_>) -> Option<jiff::tz::TimeZone> {
    let expected = "a time zone by its IANA name, such as Europe/Berlin or UTC";
    let name = cursor.text(expected)?;
    if let Ok(zone) = jiff::tz::TimeZone::get(name) {
        return Some(zone);
    }
    let zones: Vec<String> = jiff::tz::db().available().map(|zone| zone.to_string()).collect();
    match nearest(name, zones.iter().map(String::as_str)) {
        Some(zone) => cursor.error(format!("expected {expected}; did you mean {zone}?")),
        None => cursor.error(format!("expected {expected}")),
    }
    None
}

/// Without a header, `csv.columns` are all the columns there are.
pub(super) fn check_columns(report: &Report, csv: &CsvOptions) {
    if csv.header {
        return;
    }
    let columns: Vec<&str> = csv.columns.iter().map(String::as_str).collect();
    for named in report.columns() {
        if !columns.contains(&named.name.as_str()) {
            let message = expected_one_of(Some(&named.name), &columns);
            report.error(
                named.at,
                &named.path,
                format!("{message} (the columns of model.csv.columns)"),
            );
        }
    }
}
