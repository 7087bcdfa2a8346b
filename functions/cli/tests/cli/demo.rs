//! `demo`: its last line, and what it leaves behind.

use serde_json::{Value, json};

use crate::support::Folder;

#[test]
fn the_last_line_adds_up_and_is_what_preview_finds_in_the_sample() {
    let folder = Folder::new();
    let ran = folder.run(&["demo", "--rows", "1500", "--keep", "kept"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
    assert!(
        ran.out.contains("\n  The stand-in holds "),
        "the run and the sandbox agree"
    );
    let line: Value = serde_json::from_str(ran.out.lines().last().unwrap()).unwrap();
    let rejected = line["rejected"].as_object().unwrap();
    let not_sent: u64 = rejected.values().map(|rows| rows.as_u64().unwrap()).sum();
    let accepted = line["accepted"].as_u64().unwrap();
    assert_eq!(
        (line["queried"].as_u64(), accepted + not_sent),
        (Some(1500), 1500)
    );
    assert_eq!(rejected.len(), 19, "every kind of bad row");
    assert_eq!(line["calls"].as_u64(), Some(accepted.div_ceil(200)));
    let preview = folder
        .run(&[
            "preview",
            "kept/shop-events.yaml",
            "kept/shop-events.csv",
            "--output",
            "json",
        ])
        .json();
    assert_eq!(
        preview["requests"].as_array().unwrap().len() as u64,
        line["calls"].as_u64().unwrap()
    );
    let expired = rejected["expired"].as_u64().unwrap();
    let counts = json!({
        "queried": 1500, "accepted": accepted, "rejected": not_sent - expired, "expired": expired, "skipped": 0,
    });
    assert_eq!(preview["counts"], counts);
}

#[test]
fn programs_get_the_line_alone() {
    let folder = Folder::new();
    let ran = folder.run(&["demo", "--rows", "40", "--output", "json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let line = ran.json();
    let keys: Vec<_> = line.as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["queried", "accepted", "rejected", "calls", "report"]);
    let report = line["report"].as_str().unwrap();
    assert!(
        report.ends_with("/report.html") && report.contains("/store/runs/shop-events/"),
        "{report}"
    );
    assert!(folder.read(report).starts_with("<!DOCTYPE html>"));
    let record = report.replace("report.html", "run.json");
    let record: Value = serde_json::from_str(&folder.read(record)).unwrap();
    assert_eq!(record["sums"]["accepted"], line["accepted"]);
}

#[test]
fn the_sample_proposes_its_own_spec() {
    let folder = Folder::new();
    let ran = folder.run(&["demo", "--rows", "900", "--keep", "kept"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = folder.run(&["init", "--from", "kept/shop-events.csv", "--out", "s.yaml"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let counts = |spec: &str| {
        folder
            .run(&["preview", spec, "kept/shop-events.csv", "--output", "json"])
            .json()
    };
    let (own, proposed) = (counts("kept/shop-events.yaml"), counts("s.yaml"));
    // Nobody can tell from the export that `limited` is no column to leave out.
    let accepted = |shown: &Value| shown["counts"]["accepted"].as_u64().unwrap();
    assert!(
        accepted(&proposed) >= accepted(&own),
        "{} {}",
        proposed["counts"],
        own["counts"]
    );
}

#[test]
fn the_demo_can_go_through_the_whole_of_oauth() {
    let folder = Folder::new();
    let ran = folder.run(&["demo", "--rows", "700", "--keep", "kept", "--connect"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.err.contains("is connected by OAuth, with 2 accounts"),
        "{ran:?}"
    );
    let run = ran.out.lines().last().unwrap();
    let line: serde_json::Value = serde_json::from_str(run).unwrap();
    assert!(line["accepted"].as_u64().unwrap() > 600, "{line}");
}
