//! `run`, `ingest` and `deliver`, against a sandbox in this process.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{Folder, Ran, Stand, hours_ago, web_spec};

const TOKEN: Option<&str> = Some("sandbox-token");

fn export(good: u32, bad: u32) -> String {
    let (at, _) = hours_ago(2);
    let row = |n: u32, email: &str| format!("o-{n},Purchase,{at},{email},,https://shop.example/{n},{n}.50\n");
    let good_rows = (0..good).map(|n| row(n, &format!("jane{n}@shop.example")));
    let bad_rows = (0..bad).map(|n| row(1_000 + n, "no address"));
    let rows: String = good_rows.chain(bad_rows).collect();
    format!("id,event,at,email,phone,url,value\n{rows}")
}

fn run(folder: &Folder, stand: &Stand, command: &str, more: &[&str]) -> Ran {
    let url = stand.url();
    let arguments = [&[command, "web.yaml", "a.csv", "--endpoint", &url], more].concat();
    folder.run_with(&arguments, TOKEN)
}

fn folder_with(csv: &str) -> Folder {
    let folder = Folder::new();
    folder.write("web.yaml", web_spec(""));
    folder.write("a.csv", csv);
    folder
}

fn held(stand: &Stand) -> BTreeMap<String, Value> {
    let events = stand.state().events();
    let body = |body: &str| serde_json::from_str(body).unwrap();
    events
        .iter()
        .map(|event| {
            (
                event.event_id.as_deref().unwrap().to_owned(),
                body(event.body.as_ref().unwrap().get()),
            )
        })
        .collect()
}

#[test]
fn a_run_sends_what_the_preview_shows_and_its_sums_add_up() {
    let (folder, stand) = (folder_with(&export(5, 2)), Stand::start());
    let preview = folder
        .run(&["preview", "web.yaml", "a.csv", "--output", "json"])
        .json();
    let ran = run(&folder, &stand, "run", &["--output", "json"]);
    assert_eq!((ran.code, ran.err.as_str()), (3, ""));
    let record = ran.json();
    assert_eq!(record["status"], "completed_with_errors");
    assert_eq!(
        (&record["file"], &record["already"]),
        (&json!("a.csv"), &json!(false))
    );
    assert_eq!(record["counts"]["rejected"], json!({"invalid_email": 2}));
    assert_eq!(
        record["sums"],
        json!({"accepted": 5, "refused": 0, "carried_out": 0, "lost": 0})
    );
    assert_eq!(record["calls"], json!({"0": 3}));
    let requests = preview["requests"].as_array().unwrap();
    let shown: BTreeMap<String, Value> = requests
        .iter()
        .flat_map(|request| request["body"]["data"].as_array().unwrap())
        .map(|event| (event["event_id"].as_str().unwrap().to_owned(), event.clone()))
        .collect();
    assert_eq!(held(&stand), shown);
    assert_eq!(stand.state().calls_to("/event/track/"), requests.len() as u64);
    // The rejected rows are the same ones, in the same words.
    let lines = folder.read(format!("{}/rejected.jsonl", record["folder"].as_str().unwrap()));
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(json!(lines), preview["rejected"]);
    stand.stop();
}

#[test]
fn a_second_run_of_the_same_file_does_nothing_and_says_so() {
    let (folder, stand) = (folder_with(&export(3, 1)), Stand::start());
    let first = run(&folder, &stand, "run", &[]);
    assert_eq!(first.code, 3, "{first:?}");
    let expected = "a.csv: completed with errors (run ";
    assert!(first.out.starts_with(expected), "{}", first.out);
    for line in [
        "\n  4 rows = 1 rejected + 3 to send\n",
        "\n  3 to send = 3 accepted\n",
        "\n  Rejected: invalid_email 1\n",
        "\n  2 API calls; answers: 2 × 0\n",
    ] {
        assert!(first.out.contains(line), "{line} in {}", first.out);
    }
    let calls = stand.state().calls();
    let second = run(&folder, &stand, "run", &[]);
    assert_eq!(
        second.code, 3,
        "work that was done before has the exit code that it had"
    );
    let said = "Nothing to do: neither a.csv nor its spec has changed since the run ";
    assert!(second.out.starts_with(said), "{}", second.out);
    let rows = "which had 1 row rejected, which `tideline rejected ";
    assert!(second.out.contains(rows), "{}", second.out);
    assert_eq!(second.out.lines().count(), 1, "{}", second.out);
    assert_eq!(stand.state().calls(), calls);
    stand.stop();
}

#[test]
fn the_two_halves_make_a_whole() {
    let (folder, stand) = (folder_with(&export(3, 0)), Stand::start());
    let half = run(&folder, &stand, "ingest", &[]);
    assert_eq!(half.code, 0, "{half:?}");
    let way = format!(
        "its batches are written and wait for `tideline deliver web.yaml a.csv --endpoint {}`",
        stand.url()
    );
    assert!(half.out.contains(&way), "{}", half.out);
    assert_eq!(stand.state().event_count(), 0);
    let rest = run(&folder, &stand, "deliver", &["--output", "json"]);
    assert_eq!(
        (rest.code, &rest.json()["status"]),
        (0, &json!("completed")),
        "{rest:?}"
    );
    assert_eq!(stand.state().event_count(), 3);
    stand.stop();
}

#[test]
fn a_guard_stops_the_run_and_can_be_ignored() {
    let stand = Stand::start();
    let folder = folder_with(&export(1, 3));
    let ran = run(&folder, &stand, "run", &[]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.starts_with("a.csv: stopped by a guard"), "{}", ran.out);
    assert!(ran.out.contains("75.0 %"), "{}", ran.out);
    assert_eq!(stand.state().event_count(), 0);
    let ran = run(&folder, &stand, "run", &["--ignore-guards", "--store", "other"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert_eq!(stand.state().event_count(), 1);
    stand.stop();
}

#[test]
fn a_broken_export_is_aborted_and_the_files_beside_it_go() {
    let (folder, stand) = (folder_with(&export(2, 0)), Stand::start());
    folder.write("broken.csv", "id,event\n");
    let arguments = [
        "run",
        "web.yaml",
        "broken.csv",
        "a.csv",
        "--endpoint",
        &stand.url(),
        "--output",
        "json",
    ];
    let ran = folder.run_with(&arguments, TOKEN);
    assert_eq!(ran.code, 1);
    let records: Vec<Value> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(records[0]["status"], "aborted");
    assert!(
        records[0]["reason"].as_str().unwrap().contains("lacks columns"),
        "{}",
        records[0]
    );
    assert_eq!(
        (&records[1]["status"], stand.state().event_count()),
        (&json!("completed"), 2)
    );
    stand.stop();
}

#[test]
fn without_a_token_nothing_is_begun() {
    let (folder, stand) = (folder_with(&export(1, 0)), Stand::start());
    let ran = folder.run(&["run", "web.yaml", "a.csv", "--endpoint", &stand.url()]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(
        ran.err.contains(
            "there is no token for the destination acme: `tideline connect acme --endpoint http://"
        ),
        "{}",
        ran.err
    );
    assert_eq!(stand.state().calls_to("/event/track/"), 0);
    stand.stop();
}

#[test]
fn a_token_that_tiktok_refuses_fails_the_run_and_is_never_shown() {
    let (folder, stand) = (folder_with(&export(2, 0)), Stand::start());
    let arguments = ["run", "web.yaml", "a.csv", "--endpoint", &stand.url()];
    let ran = folder.run_with(&arguments, Some("secret-token-1"));
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.out.starts_with("a.csv: needs re-authorisation (run "),
        "{}",
        ran.out
    );
    let way = "TikTok no longer accepts the token: set another token in TIKTOK_ACCESS_TOKEN";
    assert!(ran.out.contains(way), "{}", ran.out);
    assert!(!ran.out.contains("connect"), "{}", ran.out);
    assert!(!format!("{ran:?}").contains("secret-token-1"));
    assert_eq!(stand.state().event_count(), 0);
    stand.stop();
}

/// Whoever gave a token for this command alone has no way to connect again: a role that was granted does not change it.
#[test]
fn a_given_token_is_tried_anew_after_the_role_was_granted() {
    let (folder, stand) = (folder_with(&export(2, 0)), Stand::start());
    let denied =
        json!([{"path": "/event/track/", "code": 40001, "message": "No permission to operate pixel."}]);
    stand.state().set_faults(denied).unwrap();
    let ran = run(&folder, &stand, "run", &["--output", "json"]);
    assert_eq!((ran.code, &ran.json()["status"]), (1, &json!("misconfigured")));
    let why = ran.json()["reason"].as_str().unwrap().to_owned();
    let (spec, token) = (
        why.find("event.pixel_code of the spec first"),
        why.find("the token"),
    );
    assert!(spec.is_some() && spec < token, "{why}");
    assert!(!why.contains("connect"), "{why}");
    stand.state().set_faults(json!([])).unwrap();
    let (id, url) = (ran.json()["run"].as_str().unwrap().to_owned(), stand.url());
    let again = folder.run_with(&["retry", &id, "--endpoint", &url], TOKEN);
    assert_eq!((again.code, stand.state().event_count()), (0, 2), "{again:?}");
    stand.stop();
}
