//! Folders of exports with markers, empty files and broken files between good ones.

use serde_json::{Value, json};

use super::{Bench, TOKEN, ends_as, lines};
use crate::support::{Ran, sha256};

const SPEC: &str = "\
destination: acme
type: custom_audience
mode: MODE
model: {path: models/vip/, primary_key: id, run_on: each_file}
audience: {advertiser_id: \"7100000000000000001\", name: VIP, via: VIA}
mappings:
  - {from: email, to: email}
guards: {max_removed_percent: 100}
";

fn spec(mode: &str, via: &str) -> String {
    SPEC.replace("MODE", mode).replace("VIA", via)
}

fn people(ids: std::ops::Range<u32>) -> String {
    let rows: Vec<String> = ids.map(|n| format!("{n},p{n}@x.example\n")).collect();
    format!("id,email\n{}", rows.concat())
}

fn audience(bench: &Bench) -> Vec<String> {
    let audiences = bench.stand.state().audiences();
    let ids = audiences
        .last()
        .and_then(|audience| audience.ids.get("EMAIL_SHA256"));
    ids.into_iter().flatten().cloned().collect()
}

fn emails(ids: std::ops::Range<u32>) -> Vec<String> {
    let mut all: Vec<String> = ids.map(|n| sha256(&format!("p{n}@x.example"))).collect();
    all.sort_unstable();
    all
}

/// TikTok takes a file a day: the last one was sent a day earlier.
fn next_day(bench: &Bench) {
    let path = ".tideline/state/vip/head.json";
    let mut head: Value = serde_json::from_str(&bench.folder.read(path)).unwrap();
    if let Some(day) = head["upload_day"].as_i64() {
        head["upload_day"] = json!(day - 1);
    }
    bench.folder.write(path, head.to_string());
}

fn run(bench: &Bench, spec: &str, file: &str) -> Ran {
    bench.folder.write("vip.yaml", spec);
    bench.ask(&["run", "vip.yaml", file])
}

#[test]
fn a_folder_of_exports_is_run_and_what_is_no_export_is_told_in_one_line() {
    let bench = Bench::new();
    std::fs::create_dir(bench.folder.path().join("exp")).unwrap();
    bench.export("exp/part-0.csv", 0..3, "jane@shop.example");
    bench.export("exp/part-1.csv", 3..5, "jane@shop.example");
    bench.folder.write("exp/part-2.csv", "");
    bench.folder.write("exp/_SUCCESS", "");
    bench.folder.write("exp/_started_42", "x");
    bench.folder.write("exp/.part-0.csv.crc", "crc");
    let all = [
        "part-0.csv",
        ".part-0.csv.crc",
        "_SUCCESS",
        "_started_42",
        "part-1.csv",
        "part-2.csv",
    ];
    let all: Vec<String> = all.iter().map(|name| format!("exp/{name}")).collect();
    let mut arguments = vec!["run", "web.yaml"];
    arguments.extend(all.iter().map(String::as_str));
    let ran = bench.ask(&arguments);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(lines(&ran).len(), 2);
    assert_eq!(
        ran.err,
        "skipped: exp/.part-0.csv.crc, exp/_SUCCESS, exp/_started_42, exp/part-2.csv (names that begin with _ or ., and files of no bytes, are no exports)\n"
    );
    assert_eq!(bench.live(), 5);
    let none = bench.say(&["run", "web.yaml", "exp/_SUCCESS", "exp/part-2.csv"]);
    assert_eq!((none.code, none.out.as_str()), (2, ""), "{none:?}");
    assert!(
        none.err
            .contains("no export among exp/_SUCCESS, exp/part-2.csv: "),
        "{none:?}"
    );
    let corrected = bench.say(&["retry", "web", "--corrected", "exp/_SUCCESS"]);
    assert_eq!(corrected.code, 2, "{corrected:?}");
}

/// A day's file, then one that is broken, and none of them takes the other's place before it was applied.
#[test]
fn only_an_export_that_was_applied_takes_the_place_of_another() {
    for (mode, via) in [("mirror", "segment"), ("all", "file_upload")] {
        let bench = Bench::new();
        let spec = spec(mode, via);
        // As the newest of the day, all of them wait behind one that was cut off.
        bench.folder.write("mon.csv", people(0..1_100));
        bench.folder.write("tue.csv", people(50..1_200));
        bench.folder.write("broken.csv", "id,email\n1,\"a@x.example\n");
        bench.folder.write("columns.csv", "id,mail\n1,a@x.example\n");
        bench.folder.write("header.csv", "id,email\n");
        bench
            .stand
            .state()
            .change_settings(json!({"second_upload": "accept"}))
            .unwrap();
        ends_as(&run(&bench, &spec, "mon.csv"), 0, "completed");
        assert_eq!(audience(&bench), emails(0..1_100));
        next_day(&bench);
        for broken in ["broken.csv", "columns.csv"] {
            ends_as(&run(&bench, &spec, broken), 1, "aborted");
        }
        ends_as(&run(&bench, &spec, "header.csv"), 1, "stopped_by_guard");
        assert_eq!(audience(&bench), emails(0..1_100), "{mode}");
        ends_as(&run(&bench, &spec, "tue.csv"), 0, "completed");
        assert_eq!(audience(&bench), emails(50..1_200), "{mode}");
        let runs = lines(&bench.folder.run(&["runs", "vip", "--output", "json"]));
        assert!(
            runs.iter().all(|run| run["status"] != json!("superseded")),
            "{mode}: {runs:#?}"
        );
    }
}

/// In the words: a file that is broken after `tue.csv`, on a day that has had its upload already.
#[test]
fn what_a_broken_file_pushed_aside_stays_and_is_sent() {
    let bench = Bench::new();
    let spec = spec("all", "file_upload");
    bench
        .stand
        .state()
        .change_settings(json!({"second_upload": "accept"}))
        .unwrap();
    for (name, ids) in [("mon.csv", 0..1_100), ("tue.csv", 50..1_200)] {
        bench.folder.write(name, people(ids));
    }
    bench.folder.write("wed.csv", "id,mail\n1,a@x.example\n");
    ends_as(&run(&bench, &spec, "mon.csv"), 0, "completed");
    ends_as(&run(&bench, &spec, "tue.csv"), 1, "postponed");
    ends_as(&run(&bench, &spec, "wed.csv"), 1, "postponed");
    next_day(&bench);
    let kept = bench.ask(&["housekeeping"]);
    assert_eq!(kept.code, 1, "the broken one is told of: {kept:?}");
    assert_eq!(audience(&bench), emails(50..1_200));
    let mut statuses: Vec<String> = lines(&bench.folder.run(&["runs", "vip", "--output", "json"]))
        .iter()
        .filter_map(|run| run["status"].as_str().map(str::to_owned))
        .collect();
    statuses.sort_unstable();
    assert_eq!(statuses, ["aborted", "completed", "completed"]);
}

#[test]
fn a_change_of_via_makes_another_audience_and_says_so() {
    let bench = Bench::new();
    bench.folder.write("a.csv", people(0..1_100));
    ends_as(&run(&bench, &spec("mirror", "segment"), "a.csv"), 0, "completed");
    let files = spec("all", "file_upload");
    let refused = run(&bench, &files, "a.csv");
    ends_as(&refused, 1, "misconfigured");
    assert!(
        refused.json()["reason"]
            .as_str()
            .unwrap()
            .contains("`tideline resync vip"),
        "{refused:?}"
    );
    // Of an audience nobody is asked: what is sent again changes nothing.
    let resynced = bench.say(&["resync", "vip"]);
    assert_eq!(resynced.code, 0, "{resynced:?}");
    assert!(
        resynced
            .err
            .contains("knows 1,100 rows: the next export sends every row"),
        "{resynced:?}"
    );
    bench.folder.write("vip.yaml", &files);
    let ran = bench.say(&["run", "vip.yaml", "a.csv"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let ids: Vec<String> = bench
        .stand
        .state()
        .audiences()
        .iter()
        .map(|a| a.audience_id.clone())
        .collect();
    let note = format!(
        "Note: audience.via was changed, and so another audience was made, with the id {}; the one before, with the id {}, stays as it is, and campaigns still point at it",
        ids[1], ids[0]
    );
    assert!(ran.out.contains(&note), "{ran:?}");
    // Another name than the locked one: messages show the locked one with its id.
    let renamed = run(&bench, &files.replace("name: VIP", "name: Others"), "a.csv");
    ends_as(&renamed, 1, "misconfigured");
    let reason = renamed.json()["reason"].as_str().unwrap().to_owned();
    assert!(
        reason.contains(&format!("locked the audience \"VIP\" (id {})", ids[1])),
        "{reason}"
    );
    assert_eq!(renamed.json()["audience"]["name"], json!("VIP"), "{renamed:?}");
    let shown = bench.folder.run_with(&["runs", "vip"], Some(TOKEN));
    assert_eq!(shown.code, 0, "{shown:?}");
}
