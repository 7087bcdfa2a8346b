//! The documents do what they say: each sample of a spec is valid, each command runs, each event that is shown goes.

use std::path::PathBuf;

use serde_json::Value;

use crate::dates::read;
use crate::support::{Table, Want, hash, hashes, hour_ago, spec, tideline};

/// The time of the documents' samples. Tests move it to an hour ago, as events grow too old.
const MOMENTS: [&str; 2] = ["2026-11-01T10:00:00Z", "2026-11-01 10:00:00.000 +0000"];
const SECONDS: &str = "1793527200";

/// All pages of the documents, by name.
fn pages() -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let mut pages: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    pages.sort();
    pages
}

/// The blocks of a page in this language.
fn blocks<'p>(page: &'p str, language: &str) -> Vec<&'p str> {
    let begin = format!("```{language}\n");
    page.split(begin.as_str())
        .skip(1)
        .map(|rest| rest.split_once("```").unwrap().0)
        .collect()
}

/// The lines of YAML under each key at the top.
fn sections(yaml: &str) -> Vec<(String, String)> {
    let mut sections: Vec<(String, String)> = Vec::new();
    for line in yaml.lines().filter(|line| !line.starts_with('#')) {
        match line.split_once(':') {
            Some((key, _)) if !line.starts_with([' ', '-']) => sections.push((key.to_owned(), String::new())),
            _ => {}
        }
        if let Some((_, text)) = sections.last_mut() {
            text.push_str(line);
            text.push('\n');
        }
    }
    sections
}

/// A sample as a whole spec: what it leaves out comes from the smallest one.
fn completed(sample: &str) -> String {
    if sample.contains("destination:") {
        return sample.to_owned();
    }
    let mappings = "  - {from: at, to: event_time}\n  - {from: email, to: user.email}\n";
    let given = sections(sample);
    let mut whole: String = sections(&spec("web_events", "", "", mappings, ""))
        .into_iter()
        .filter(|(key, _)| given.iter().all(|(other, _)| other != key))
        .map(|(_, text)| text)
        .collect();
    whole.extend(given.into_iter().map(|(_, text)| text));
    whole
}

#[test]
fn every_sample_of_a_spec_is_valid() {
    let mut seen = 0;
    for (name, page) in pages() {
        for sample in blocks(&page, "yaml") {
            let folder = tempfile::tempdir().unwrap();
            // A name in the sample is the stem of its file.
            std::fs::write(folder.path().join("web-purchases.yaml"), completed(sample)).unwrap();
            let (code, out, err) = tideline(&folder, &["validate", "web-purchases.yaml"]);
            assert_eq!(code, 0, "{name}\n{sample}\n{out}{err}");
            seen += 1;
        }
    }
    assert!(seen >= 6, "{seen}");
}

#[test]
fn every_command_that_is_named_exists() {
    let folder = tempfile::tempdir().unwrap();
    let mut seen = 0;
    for (name, page) in pages() {
        let commands = page
            .split("`tideline ")
            .skip(1)
            .chain(page.split("\ntideline ").skip(1));
        for command in commands {
            let word = command.split(|c: char| !c.is_ascii_lowercase()).next().unwrap();
            let (code, _, err) = tideline(&folder, &[word, "--help"]);
            assert_eq!(code, 0, "{name}: tideline {word}: {err}");
            seen += 1;
        }
    }
    assert!(seen >= 8, "{seen}");
}

/// The page's spec and export, by the page's commands, give the event that the page shows.
#[test]
fn the_example_of_each_type_becomes_the_event_that_is_shown() {
    for kind in ["web", "offline", "crm"] {
        let page = pages()
            .into_iter()
            .find(|(name, _)| *name == format!("{kind}-events.md"))
            .unwrap()
            .1;
        let at = hour_ago();
        let moment = jiff::Timestamp::from_second(at).unwrap().to_string();
        let mut rows = blocks(&page, "csv")[0].to_owned();
        for shown in MOMENTS {
            rows = rows.replace(shown, &moment);
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("rows.csv"), rows).unwrap();
        std::fs::write(
            folder.path().join(format!("{kind}.yaml")),
            blocks(&page, "yaml")[0],
        )
        .unwrap();
        for line in blocks(&page, "sh")[0].lines() {
            let mut arguments: Vec<&str> = line.split_whitespace().skip(1).collect();
            let (code, out, err) = tideline(&folder, &arguments);
            assert_eq!(code, 0, "{line}: {out}{err}");
            if arguments[0] == "preview" {
                arguments.extend(["--output", "json"]);
                let answer: Value = serde_json::from_str(&tideline(&folder, &arguments).1).unwrap();
                assert_eq!(answer["warnings"], serde_json::json!([]), "{kind}");
                let event = &answer["requests"][0]["body"]["data"][0];
                let expected = blocks(&page, "json")[0].replace(SECONDS, &at.to_string());
                let expected: Value = serde_json::from_str(&expected).unwrap();
                assert_eq!(
                    *event,
                    expected,
                    "{}",
                    serde_json::to_string_pretty(event).unwrap()
                );
            }
        }
    }
}

/// The audience page's spec and export, by the page's commands, make the call that the page shows.
#[test]
fn the_example_of_an_audience_becomes_the_call_that_is_shown() {
    let page = pages()
        .into_iter()
        .find(|(name, _)| name == "custom-audiences.md")
        .unwrap()
        .1;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rows.csv"), blocks(&page, "csv")[0]).unwrap();
    std::fs::write(folder.path().join("vip.yaml"), blocks(&page, "yaml")[0]).unwrap();
    for line in blocks(&page, "sh")[0].lines() {
        let mut arguments: Vec<&str> = line.split_whitespace().skip(1).collect();
        let (code, out, err) = tideline(&folder, &arguments);
        assert_eq!(code, 0, "{line}: {out}{err}");
        if arguments[0] == "preview" {
            arguments.extend(["--output", "json"]);
            let answer: Value = serde_json::from_str(&tideline(&folder, &arguments).1).unwrap();
            assert_eq!(answer["warnings"], serde_json::json!([]));
            let expected: Value = serde_json::from_str(blocks(&page, "json")[0]).unwrap();
            assert_eq!(answer["requests"][1]["body"], expected, "{answer:#}");
        }
    }
}

/// The rows of the tables of a page, as their cells without code marks around them.
fn rows(page: &str) -> Vec<Vec<String>> {
    let cells = |line: &str| -> Vec<String> {
        let inner = line.trim_matches('|');
        inner.split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    page.lines()
        .filter(|line| line.starts_with("| `"))
        .map(cells)
        .collect()
}

/// The texts in code marks.
fn marked(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn the_values_that_are_shown_are_hashed_as_shown() {
    let page = pages()
        .into_iter()
        .find(|(name, _)| name == "identity.md")
        .unwrap()
        .1;
    let (_, table) = page.split_once("## Values and what is hashed").unwrap();
    let table = table.split("\n## ").next().unwrap();
    let mut seen = 0;
    for row in rows(table) {
        let (to, cell, text) = (
            marked(&row[0])[0].to_owned(),
            marked(&row[1])[0],
            marked(&row[2])[0],
        );
        let list = ["user.email", "user.phone", "user.external_id"].contains(&to.as_str());
        let want = if list { hashes(&[text]) } else { hash(text) };
        let to: &'static str = Box::leak(to.into_boxed_str());
        let country = "identity: {default_country: DE}\n";
        Table::web(to).top(country).check(&[(cell, want)]);
        seen += 1;
    }
    assert!(seen >= 10, "{seen}");
}

#[test]
fn the_times_that_are_shown_are_read_as_shown() {
    let page = pages()
        .into_iter()
        .find(|(name, _)| name == "sync-spec.md")
        .unwrap()
        .1;
    let (_, table) = page.split_once("### Times").unwrap();
    let (table, _) = table.split_once("\n### ").unwrap();
    let mut seen = 0;
    for row in rows(table) {
        let berlin = row[1].contains("Europe/Berlin") || row[0].contains("where the zone is");
        let cells: Vec<&str> = marked(&row[0]);
        let model = if berlin {
            "  time_zone: Europe/Berlin\n"
        } else {
            ""
        };
        for (cell, read) in cells.iter().zip(read(&cells, model)) {
            let expected = match row[1].as_str() {
                "the same moment" => Ok(1_793_527_200),
                text if text.starts_with("the first moment") => Ok(1_793_491_200),
                _ => Err("event_time invalid_time".to_owned()),
            };
            assert_eq!(read, expected, "{cell}");
            seen += 1;
        }
    }
    assert!(seen >= 25, "{seen}");
}

#[test]
fn the_numbers_that_are_shown_go_as_shown() {
    let page = pages()
        .into_iter()
        .find(|(name, _)| name == "sync-spec.md")
        .unwrap()
        .1;
    let (_, table) = page.split_once("### Numbers and currencies").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let mut seen = 0;
    for row in rows(table) {
        let (cells, goes) = (marked(&row[0]), marked(&row[1]));
        let to = if row[0].contains("whole number") {
            "properties.num_items"
        } else {
            "properties.predicted_ltv"
        };
        for (n, cell) in cells.iter().enumerate() {
            let number = |text: &str| Want::Is(serde_json::from_str(text).unwrap());
            let want = match row[1].as_str() {
                "refused" => Want::Refused("invalid_number"),
                "the same digits" => number(cell),
                _ => number(goes[n]),
            };
            Table::web(to).check(&[(cell, want)]);
            seen += 1;
        }
    }
    assert!(seen >= 15, "{seen}");
}
