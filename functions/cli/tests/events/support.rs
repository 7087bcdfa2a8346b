//! A spec and rows, given to the binary; what became of each row, looked up by its number.

use std::collections::BTreeMap;
use std::process::Command;

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// What a row became.
#[derive(Debug, Default, Clone)]
pub(crate) struct Became {
    /// Its events.
    pub(crate) events: Vec<Value>,
    /// `field code` of its rejection.
    pub(crate) refused: Option<String>,
    /// `field code` of its warnings, but for those on a missing `page.url`.
    pub(crate) warned: Vec<String>,
}

/// What a value should become.
#[derive(Debug, Clone)]
pub(crate) enum Want {
    /// It goes as this JSON, without a warning.
    Is(Value),
    /// It goes as this JSON, and the field is warned about with this code.
    Warns(Value, &'static str),
    /// It is absent, and nothing is said.
    Absent,
    /// It is left out, with a warning of this code.
    Left(&'static str),
    /// The row is refused for the field with this code.
    Refused(&'static str),
    /// The row is refused as `field code`.
    RefusedAs(&'static str),
}

/// One column, its target, and what the rest of the spec says.
pub(crate) struct Table {
    pub(crate) kind: &'static str,
    pub(crate) to: &'static str,
    /// Whether each row has a click id, so that it does not hang on the column.
    pub(crate) known_person: bool,
    /// Further lines of `model`, `event` and the top.
    pub(crate) model: &'static str,
    pub(crate) event: &'static str,
    pub(crate) top: &'static str,
}

impl Table {
    pub(crate) fn web(to: &'static str) -> Self {
        Self {
            kind: "web_events",
            to,
            known_person: true,
            model: "",
            event: "",
            top: "",
        }
    }

    /// The row has no other identifier than the column.
    pub(crate) fn alone(mut self) -> Self {
        self.known_person = false;
        self
    }

    pub(crate) fn top(mut self, top: &'static str) -> Self {
        self.top = top;
        self
    }

    fn spec(&self) -> String {
        let known = if self.known_person {
            "  - {value: clicked, to: user.ttclid}\n"
        } else {
            ""
        };
        spec(
            self.kind,
            self.model,
            self.event,
            &format!(
                "  - {{from: at, to: event_time}}\n  - {{from: cell, to: \"{}\"}}\n{known}",
                self.to
            ),
            self.top,
        )
    }

    /// Each cell becomes what it should.
    #[track_caller]
    pub(crate) fn check(&self, cases: &[(&str, Want)]) {
        let cases: Vec<_> = cases
            .iter()
            .map(|(cell, want)| (*cell, "", want.clone()))
            .collect();
        self.check_in(&cases);
    }

    /// As [`Self::check`], with the column `country` in the middle.
    #[track_caller]
    pub(crate) fn check_in(&self, cases: &[(&str, &str, Want)]) {
        let at = hour_ago().to_string();
        let rows: Vec<Vec<String>> = cases
            .iter()
            .enumerate()
            .map(|(n, (cell, country, _))| {
                vec![
                    format!("row-{n}"),
                    at.clone(),
                    (*cell).to_owned(),
                    (*country).to_owned(),
                ]
            })
            .collect();
        let shown = preview(&self.spec(), &["id", "at", "cell", "country"], &rows);
        let wrong: Vec<String> = cases
            .iter()
            .enumerate()
            .filter_map(|(n, (cell, country, want))| {
                let became = shown.row(n);
                (!self.fits(&became, want))
                    .then(|| format!("{cell:?} {country} should be {want:?}, and became {became:?}"))
            })
            .collect();
        assert!(
            wrong.is_empty(),
            "{} rows are wrong:\n{}",
            wrong.len(),
            wrong.join("\n")
        );
    }

    fn fits(&self, became: &Became, want: &Want) -> bool {
        let named = |code: &str| format!("{} {code}", self.to);
        let value = became.events.first().map(|event| at_path(event, self.to));
        let (value_wanted, warned, refused) = match want {
            Want::Is(value) => (Some(value.clone()), Vec::new(), None),
            Want::Warns(value, code) => (Some(value.clone()), vec![named(code)], None),
            Want::Absent => (Some(Value::Null), Vec::new(), None),
            Want::Left(code) => (Some(Value::Null), vec![named(code)], None),
            Want::Refused(code) => (None, Vec::new(), Some(named(code))),
            Want::RefusedAs(reason) => (None, Vec::new(), Some((*reason).to_owned())),
        };
        (&value, &became.warned, &became.refused) == (&value_wanted, &warned, &refused)
    }
}

/// A spec; `mappings` are lines of YAML.
pub(crate) fn spec(kind: &str, model: &str, event: &str, mappings: &str, top: &str) -> String {
    let (source, size) = match kind {
        "web_events" => ("pixel_code: C4A1EXAMPLEPIXEL0001", 1000),
        "offline_events" => ("event_set_id: \"7300000000000000001\"", 100),
        _ => ("event_set_id: \"7300000000000000001\"", 1000),
    };
    let name = if event.contains("name:") {
        ""
    } else {
        "  name: {value: Purchase}\n"
    };
    format!(
        "destination: acme\ntype: {kind}\nmodel:\n  path: models/x/\n  primary_key: id\n{model}event:\n  {source}\n  \
         batch_size: {size}\n{name}{event}mappings:\n{mappings}{top}"
    )
}

/// What stands at a path of an event; positions are written `[0]`.
pub(crate) fn at_path(event: &Value, path: &str) -> Value {
    let pointer = format!("/{}", path.replace('[', "/").replace(']', "").replace('.', "/"));
    event.pointer(&pointer).cloned().unwrap_or(Value::Null)
}

/// The answer of a preview.
pub(crate) struct Shown {
    pub(crate) text: String,
    pub(crate) json: Value,
    rows: BTreeMap<usize, Became>,
}

impl Shown {
    /// What became of the row of this number, from 0.
    pub(crate) fn row(&self, number: usize) -> Became {
        self.rows.get(&number).cloned().unwrap_or_default()
    }

    /// All events, in the order of the calls.
    pub(crate) fn events(&self) -> Vec<Value> {
        let requests = self.json["requests"].as_array().unwrap();
        requests
            .iter()
            .flat_map(|request| request["body"]["data"].as_array().unwrap().clone())
            .collect()
    }
}

/// Previews rows whose first column is `row-<number>`, the primary key `id`.
#[track_caller]
pub(crate) fn preview(spec: &str, header: &[&str], rows: &[Vec<String>]) -> Shown {
    let folder = tempfile::tempdir().unwrap();
    write_files(&folder, spec, header, rows);
    let (code, text, err) = tideline(&folder, &["preview", "spec.yaml", "rows.csv", "--output", "json"]);
    assert!(matches!(code, 0 | 3), "{code} {err}\n{spec}");
    let json: Value = serde_json::from_str(&text).unwrap();
    let number = |key: &Value| key.as_str()?.strip_prefix("row-")?.parse::<usize>().ok();
    let mut found: BTreeMap<usize, Became> = BTreeMap::new();
    for request in json["requests"].as_array().unwrap() {
        for event in request["body"]["data"].as_array().unwrap() {
            let number = number(&event["event_id"]).expect("the event id is the key");
            found.entry(number).or_default().events.push(event.clone());
        }
    }
    let named = |problem: &Value| {
        format!(
            "{} {}",
            problem["field"].as_str().unwrap_or("row"),
            problem["code"].as_str().unwrap()
        )
    };
    let record = |problem: &Value| usize::try_from(problem["record"].as_u64().unwrap()).unwrap() - 1;
    for problem in json["rejected"].as_array().unwrap() {
        found.entry(record(problem)).or_default().refused = Some(named(problem));
    }
    for problem in json["warnings"].as_array().unwrap() {
        if problem["code"] != "missing_page_url" {
            found
                .entry(record(problem))
                .or_default()
                .warned
                .push(named(problem));
        }
    }
    Shown {
        text,
        json,
        rows: found,
    }
}

/// Puts `spec.yaml` and `rows.csv` into a folder.
pub(crate) fn write_files(folder: &TempDir, spec: &str, header: &[&str], rows: &[Vec<String>]) {
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let cells: Vec<String> = cells
            .map(|cell| format!("\"{}\"", cell.replace('"', "\"\"")))
            .collect();
        cells.join(",") + "\n"
    };
    let mut csv = line(&mut header.iter().copied());
    for row in rows {
        csv += &line(&mut row.iter().map(String::as_str));
    }
    std::fs::write(folder.path().join("spec.yaml"), spec).unwrap();
    std::fs::write(folder.path().join("rows.csv"), csv).unwrap();
}

/// Calls the binary in a folder: its exit code, and what it wrote.
pub(crate) fn tideline(folder: &TempDir, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_tideline"))
        .args(arguments)
        .current_dir(folder.path())
        .env("TIKTOK_ACCESS_TOKEN", "sandbox-token")
        .env("TMPDIR", folder.path())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// An hour ago, in Unix seconds.
pub(crate) fn hour_ago() -> i64 {
    Timestamp::now().as_second() - 3_600
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(text: &str) -> String {
    const_hex::encode(Sha256::digest(text))
}

/// The list of these texts' hashes goes.
pub(crate) fn hashes(texts: &[&str]) -> Want {
    Want::Is(texts.iter().map(|text| sha256(text)).collect())
}

/// This JSON goes.
pub(crate) fn is(value: impl Into<Value>) -> Want {
    Want::Is(value.into())
}

/// The hash of this text goes, not in a list.
pub(crate) fn hash(text: &str) -> Want {
    Want::Is(json!(sha256(text)))
}
