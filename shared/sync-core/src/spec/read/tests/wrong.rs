//! Specs that say something wrong: each with all that is answered.

use super::super::super::samples::{BLOCKS, CRM, FILE_UPLOAD, FULL_AUDIENCE, OFFLINE, SEGMENT, WEB};
use super::super::read;
use super::{built, with};

fn sample(name: &str) -> &'static str {
    match name {
        "WEB" => WEB,
        "OFFLINE" => OFFLINE,
        "CRM" => CRM,
        "SEGMENT" => SEGMENT,
        "FILE_UPLOAD" => FILE_UPLOAD,
        "FULL_AUDIENCE" => FULL_AUDIENCE,
        "BLOCKS" => BLOCKS,
        _ => panic!("no sample {name}"),
    }
}

/// One case of `wrong.txt`, everything being built.
fn check(case: &str) {
    let mut lines = case.lines();
    let name = lines.next().unwrap();
    let (mut old, mut new, mut expected) = (String::from("\n"), String::from("\n"), Vec::new());
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.split_at(1) {
            ("-", line) => old.extend([line, "\n"]),
            ("+", line) => new.extend([line, "\n"]),
            _ => expected.push(line),
        }
    }
    let text = with(&format!("\n{}", sample(name)), &old, &new);
    let text = text.strip_prefix('\n').unwrap();
    let errors = built(text).expect_err(text).to_string();
    let errors: Vec<&str> = errors.lines().collect();
    assert_eq!(errors.len(), expected.len(), "{errors:#?}\n{text}");
    for (error, expected) in errors.iter().zip(expected) {
        match expected.strip_suffix('…') {
            Some(beginning) => assert!(error.starts_with(beginning), "{error}\n{text}"),
            None => assert_eq!(*error, expected, "{text}"),
        }
    }
}

#[test]
fn each_wrong_spec_gets_all_its_errors_in_order() {
    let cases: Vec<&str> = include_str!("wrong.txt").split("\nsample ").skip(1).collect();
    cases.iter().copied().for_each(check);
    assert!(cases.len() > 200);
}

/// The errors of a spec as things stand.
fn check_now(text: &str, expected: &[&str]) {
    let errors = match read("web.yaml", text) {
        Ok(_) => String::new(),
        Err(errors) => errors.to_string(),
    };
    assert_eq!(errors.lines().collect::<Vec<_>>(), expected, "{text}");
}

#[test]
fn what_is_not_built_says_so_at_its_key() {
    check_now(
        FULL_AUDIENCE,
        &[
            "web.yaml:8:3: model.format: not built yet: exports as Parquet",
            "web.yaml:9:12: model.run_on.marker: not built yet: runs that a marker file starts",
            "web.yaml:23:1: alerts: not built yet: alerts",
        ],
    );
    check_now(
        &with(
            WEB,
            "primary_key: id",
            "primary_key: id\n  format: jsonl\n  run_on: schedule",
        ),
        &[
            "web.yaml:6:3: model.format: not built yet: exports as JSON lines",
            "web.yaml:7:3: model.run_on: not built yet: runs by schedule",
        ],
    );
    check_now(
        &with(
            WEB,
            "primary_key: id",
            "primary_key: id\n  format: csv\n  run_on: each_file",
        ),
        &[],
    );
}

#[test]
fn what_is_not_built_is_checked_all_the_same() {
    let text = with(
        WEB,
        "mappings:",
        "alerts: {rejected_percent: 500, no_export: 26h}\nmappings:",
    );
    check_now(
        &text,
        &[
            "web.yaml:9:1: alerts: not built yet: alerts",
            "web.yaml:9:28: alerts.rejected_percent: expected a number from 0 to 100, in percent",
            "web.yaml:9:33: alerts.no_export: expected rejected_percent or no_export_for; did you mean no_export_for?",
        ],
    );
}
