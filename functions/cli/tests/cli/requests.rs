//! What a person asks of a sync in a folder: `runs`, `rejected`, `retry`, `resync`, `cancel`, `housekeeping`.

use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Folder, Ran, Stand, hours_ago, web_spec};

const TOKEN: Option<&str> = Some("sandbox-token");

fn rows(ids: std::ops::Range<u32>, email: &str) -> String {
    let (at, _) = hours_ago(2);
    let mut rows = String::new();
    for n in ids {
        let _ = writeln!(
            rows,
            "o-{n},Purchase,{at},{email},,https://shop.example/{n},{n}.50"
        );
    }
    rows
}

fn export(rows: &[String]) -> String {
    format!("id,event,at,email,phone,url,value\n{}", rows.concat())
}

fn folder_with(csv: &str) -> Folder {
    let folder = Folder::new();
    folder.write("web.yaml", web_spec(""));
    folder.write("a.csv", csv);
    folder
}

fn ask(folder: &Folder, stand: &Stand, arguments: &[&str]) -> Ran {
    let url = stand.url();
    folder.run_with(
        &[arguments, &["--endpoint", &url, "--output", "json"]].concat(),
        TOKEN,
    )
}

fn lines(ran: &Ran) -> Vec<Value> {
    ran.out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn received(stand: &Stand) -> Vec<u64> {
    stand
        .state()
        .events()
        .iter()
        .map(|event| event.received)
        .collect()
}

#[test]
fn rows_that_tiktok_refused_go_again_by_retry_and_once_only() {
    let (folder, stand) = (
        folder_with(&export(&[rows(0..3, "jane@shop.example")])),
        Stand::start(),
    );
    let refuse = json!([{"path": "/event/track/", "every": 1, "code": 40002}]);
    stand.state().set_faults(refuse).unwrap();
    let refused = ask(&folder, &stand, &["run", "web.yaml", "a.csv"]);
    assert_eq!(
        (refused.code, &refused.json()["sums"]["refused"]),
        (3, &json!(3)),
        "{refused:?}"
    );
    stand.state().set_faults(json!([])).unwrap();
    let run = refused.json()["run"].as_str().unwrap().to_owned();

    let retried = ask(&folder, &stand, &["retry", &run]);
    assert_eq!(
        (retried.code, &retried.json()["sums"]["accepted"]),
        (0, &json!(3)),
        "{retried:?}"
    );
    assert_eq!(received(&stand), [1, 1, 1]);
    let again = ask(&folder, &stand, &["retry", &run]);
    let note = again.json()["note"].as_str().unwrap().to_owned();
    let later = retried.json()["run"].as_str().unwrap().to_owned();
    assert!(
        note.contains(&format!(
            "had refused went on to the run {later}, of whose rows TikTok accepted 3"
        )),
        "{note}"
    );
    assert_eq!(
        received(&stand),
        [1, 1, 1],
        "a retry that was done is not done again"
    );

    let listed = lines(&folder.run(&["runs", "--output", "json"]));
    let statuses: Vec<_> = listed.iter().map(|run| run["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["completed", "completed_with_errors"]);
    let rejected = lines(&folder.run(&["rejected", &run, "--output", "json"]));
    assert_eq!(rejected.len(), 3);
    assert!(
        rejected
            .iter()
            .all(|row| row["code"] == "refused_by_tiktok" && row["tiktok_code"] == 40002)
    );
}

#[test]
fn after_a_resync_the_same_file_is_sent_again() {
    let (folder, stand) = (
        folder_with(&export(&[rows(0..2, "jane@shop.example")])),
        Stand::start(),
    );
    assert_eq!(ask(&folder, &stand, &["run", "web.yaml", "a.csv"]).code, 0);
    assert_eq!(
        ask(&folder, &stand, &["run", "web.yaml", "a.csv"]).json()["already"],
        json!(true)
    );
    let noted = ask(&folder, &stand, &["resync", "web", "--yes"]);
    assert_eq!(
        (noted.code, &noted.json()["status"]),
        (0, &json!("resynced")),
        "{noted:?}"
    );
    let again = ask(&folder, &stand, &["run", "web.yaml", "a.csv"]).json();
    assert_eq!(
        (&again["already"], &again["sums"]["accepted"]),
        (&json!(false), &json!(2))
    );
    assert_eq!(received(&stand), [2, 2]);
    assert_eq!(
        ask(&folder, &stand, &["run", "web.yaml", "a.csv"]).json()["already"],
        json!(true)
    );
}

#[test]
fn an_export_that_a_guard_stopped_goes_when_the_guard_is_let_go() {
    let bad = export(&[rows(0..1, "jane@shop.example"), rows(1..9, "no address")]);
    let (folder, stand) = (folder_with(&bad), Stand::start());
    let stopped = ask(&folder, &stand, &["run", "web.yaml", "a.csv"]);
    assert_eq!(
        (stopped.code, &stopped.json()["status"]),
        (1, &json!("stopped_by_guard")),
        "{stopped:?}"
    );
    assert_eq!(stopped.json()["counts"]["withheld"], json!(1));
    assert_eq!(
        ask(&folder, &stand, &["run", "web.yaml", "a.csv"]).json()["already"],
        json!(true)
    );
    let sent = ask(&folder, &stand, &["run", "web.yaml", "a.csv", "--ignore-guards"]);
    assert_eq!(
        (sent.code, &sent.json()["sums"]["accepted"]),
        (3, &json!(1)),
        "{sent:?}"
    );
}

#[test]
fn an_export_whose_spec_was_wrong_goes_when_the_spec_is_corrected() {
    let (folder, stand) = (
        folder_with(&export(&[rows(0..2, "jane@shop.example")])),
        Stand::start(),
    );
    folder.write("web.yaml", web_spec("").replace("{from: email,", "{from: mail,"));
    let aborted = ask(&folder, &stand, &["run", "web.yaml", "a.csv"]);
    assert_eq!(
        (aborted.code, &aborted.json()["status"]),
        (1, &json!("aborted")),
        "{aborted:?}"
    );
    folder.write("web.yaml", web_spec(""));
    let sent = ask(&folder, &stand, &["run", "web.yaml", "a.csv"]);
    assert_eq!(
        (sent.code, &sent.json()["sums"]["accepted"]),
        (0, &json!(2)),
        "{sent:?}"
    );
}

#[test]
fn a_run_that_waits_is_cancelled_and_never_sent() {
    let (folder, stand) = (
        folder_with(&export(&[rows(0..4, "jane@shop.example")])),
        Stand::start(),
    );
    let waiting = ask(&folder, &stand, &["ingest", "web.yaml", "a.csv"]);
    let run = waiting.json()["run"].as_str().unwrap().to_owned();
    let listed = lines(&folder.run(&["runs", "web", "--output", "json"]));
    assert_eq!(
        (&listed[0]["run"], &listed[0]["status"]),
        (&json!(run), &json!("interrupted"))
    );
    assert_eq!(ask(&folder, &stand, &["cancel", &run]).code, 0);
    let listed = lines(&folder.run(&["runs", "web", "--output", "json"]));
    assert_eq!(
        (&listed[0]["run"], &listed[0]["status"]),
        (&json!(run), &json!("cancelled")),
        "{listed:?}"
    );
    assert_eq!(ask(&folder, &stand, &["housekeeping"]).code, 0);
    assert!(received(&stand).is_empty());
}

#[test]
fn what_is_not_there_is_said() {
    let (folder, stand) = (
        folder_with(&export(&[rows(0..1, "jane@shop.example")])),
        Stand::start(),
    );
    let nothing = folder.run(&["runs"]);
    assert_eq!(nothing.code, 1);
    assert!(
        nothing.err.contains("there is no folder .tideline"),
        "{nothing:?}"
    );
    ask(&folder, &stand, &["run", "web.yaml", "a.csv"]);
    let unknown = ask(&folder, &stand, &["retry", "0123456789abcdef0123"]);
    assert!(
        unknown.code == 1 && unknown.err.contains("`tideline runs` lists them"),
        "{unknown:?}"
    );
    let other = ask(&folder, &stand, &["resync", "wob", "--yes"]);
    assert!(
        other.code == 1 && other.err.contains("there are: web"),
        "{other:?}"
    );
}

/// A process that is killed again and again, at times that it does not choose.
#[test]
fn a_run_that_is_killed_goes_on_and_repeats_only_what_was_in_flight() {
    let (folder, stand) = (
        folder_with(&export(&[rows(0..600, "jane@shop.example")])),
        Stand::start(),
    );
    let slow = json!([{"path": "/event/track/", "every": 1, "hang_ms": 30}]);
    stand.state().set_faults(slow).unwrap();
    let mut kills = 0_u64;
    let code = loop {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tideline"))
            .args(["run", "web.yaml", "a.csv", "--endpoint", &stand.url()])
            .current_dir(folder.path())
            .env("TIKTOK_ACCESS_TOKEN", "sandbox-token")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // Longer each time, so that it ends on any machine.
        std::thread::sleep(Duration::from_millis(150 + 50 * kills));
        if let Some(status) = child.try_wait().unwrap() {
            break status.code();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
    };
    assert_eq!(code, Some(0));
    assert!(kills > 0, "the run was never killed");
    let received = received(&stand);
    assert_eq!(received.len(), 600);
    let (calls, needed) = (stand.state().calls_to("/event/track/"), 300);
    println!("{kills} kills, {calls} calls for {needed}");
    assert!(
        calls <= needed + kills * 16,
        "{calls} calls after {kills} kills: answered calls were repeated"
    );
}
