//! Targets are written from the code, codes and names compared with it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use sync_core::events::{EventField, FIELDS, Sources, ValueKind};
use sync_core::rejection::Code;
use sync_core::values::event_name::STANDARD;

const BEGIN: &str = "<!-- targets: written by `UPDATE_DOCS=1 cargo test -p sync-core --test documents` -->\n";
const END: &str = "<!-- end of targets -->\n";

fn document(name: &str) -> (PathBuf, String) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    (path, text)
}

fn hashed(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Idfa | ValueKind::Idfv | ValueKind::Gaid => "unless a UUID",
        kind if kind.is_hashed() => "yes",
        _ => "no",
    }
}

fn table(own: Sources) -> String {
    let mut table =
        "| `to` | Takes | Hashed | TikTok has it | Rule | Example |\n|---|---|---|---|---|---|\n".to_owned();
    for EventField {
        path,
        kind,
        sources,
        rule,
        example,
    } in FIELDS
    {
        let has = if sources.holds(own) {
            "yes".to_owned()
        } else {
            format!("for {}: a warning", sources.names().join(", "))
        };
        let (path, takes, hashed) = (path.replace("[]", "[0]"), kind.as_str(), hashed(*kind));
        assert!(!rule.contains('|') && !example.contains('|'), "{path}");
        writeln!(
            table,
            "| `{path}` | {takes} | {hashed} | {has} | {rule} | `{example}` |"
        )
        .unwrap();
    }
    table
}

#[test]
fn the_page_of_each_type_has_every_target() {
    for (name, own) in [
        ("web-events.md", Sources::WEB),
        ("offline-events.md", Sources::OFFLINE),
        ("crm-events.md", Sources::CRM),
    ] {
        let (path, text) = document(name);
        let (before, rest) = text.split_once(BEGIN).unwrap();
        let (written, after) = rest.split_once(END).unwrap();
        let table = table(own);
        if option_env!("UPDATE_DOCS").is_some() {
            std::fs::write(path, format!("{before}{BEGIN}\n{table}\n{END}{after}")).unwrap();
        } else {
            let advice = "run it with UPDATE_DOCS=1";
            assert_eq!(
                written.trim(),
                table.trim(),
                "{name} differs from events/table.rs: {advice}"
            );
        }
    }
}

/// The rows of a table whose first cell is a code, with the number of cells that hold words.
fn codes(text: &str) -> BTreeMap<String, usize> {
    let mut codes = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let code = cells.first().unwrap().trim_matches('`');
        if code.contains('_') || code == "expired" {
            let filled = cells.iter().filter(|cell| cell.len() > 3).count();
            assert!(
                codes.insert(code.to_owned(), filled).is_none(),
                "{code} stands twice"
            );
        }
    }
    codes
}

#[test]
fn every_code_has_a_cause_and_a_remedy_and_no_other_code_is_listed() {
    let (_, text) = document("rejections.md");
    let listed = codes(&text);
    let known: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    for code in &known {
        assert_eq!(
            listed.get(*code),
            Some(&3),
            "{code} with its cause and its remedy"
        );
    }
    let others: Vec<&String> = listed
        .keys()
        .filter(|code| !known.contains(&code.as_str()))
        .collect();
    assert!(others.is_empty(), "{others:?}");
}

#[test]
fn the_standard_names_are_those_of_the_code() {
    let (_, text) = document("sync-spec.md");
    let line = text
        .lines()
        .find(|line| line.starts_with("The standard names are"))
        .unwrap();
    let (names, _) = line.split_once(". ").unwrap();
    let listed: Vec<&str> = names.split('`').skip(1).step_by(2).collect();
    assert_eq!(listed, STANDARD);
}
