//! `debug`: the API calls of a run, as a table, one by one, and for programs.

use serde_json::{Value, json};

use crate::support::{Folder, Ran, Stand, hours_ago, web_spec};

const TOKEN: Option<&str> = Some("sandbox-token");

fn folder() -> Folder {
    let (folder, (at, _)) = (Folder::new(), hours_ago(2));
    let row = |n: u32| format!("o-{n},Purchase,{at},jane{n}@shop.example,,https://shop.example/{n},{n}.50\n");
    let rows: String = (0..5).map(row).collect();
    folder.write("web.yaml", web_spec(""));
    folder.write("a.csv", format!("id,event,at,email,phone,url,value\n{rows}"));
    folder
}

fn run(folder: &Folder, stand: &Stand, command: &str) -> String {
    let url = stand.url();
    let arguments = [
        command,
        "web.yaml",
        "a.csv",
        "--endpoint",
        &url,
        "--output",
        "json",
    ];
    let ran = folder.run_with(&arguments, TOKEN);
    ran.json()["run"].as_str().unwrap().to_owned()
}

fn debug(folder: &Folder, run: &str, more: &[&str]) -> Ran {
    let ran = folder.run(&[&["debug", run], more].concat());
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    ran
}

fn lines(ran: &Ran) -> Vec<Value> {
    ran.out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The run has three calls; the second one is refused once, and narrowed down to nothing that is bad.
fn refused_once(stand: &Stand) {
    let fault = json!([{"path": "/event/track/", "code": 40002, "every": 2, "times": 1}]);
    stand.state().set_faults(fault).unwrap();
}

#[test]
fn each_call_is_shown_with_what_was_sent_and_answered() {
    let (folder, stand) = (folder(), Stand::start());
    refused_once(&stand);
    let run = run(&folder, &stand, "run");
    let calls = lines(&debug(&folder, &run, &["--output", "json"]));
    assert_eq!(calls.len() as u64, stand.state().calls_to("/event/track/"));
    let verdicts: Vec<_> = calls
        .iter()
        .map(|call| call["verdict"].as_str().unwrap())
        .collect();
    assert_eq!(
        verdicts.iter().filter(|verdict| **verdict == "refused").count(),
        1,
        "{verdicts:?}"
    );
    // What is shown is what the preview shows, with the people taken out.
    let preview = folder
        .run(&["preview", "web.yaml", "a.csv", "--output", "json"])
        .json();
    let mut expected = preview["requests"][0]["body"].clone();
    for event in expected["data"].as_array_mut().unwrap() {
        event["user"] = json!({"email": ["[identity]"]});
    }
    let mut first = calls[0].clone();
    for field in ["at", "request_id", "milliseconds"] {
        assert!(!first[field].is_null());
        first[field] = Value::Null;
    }
    let id = first["response"]["request_id"].take();
    assert_eq!(id, calls[0]["request_id"]);
    assert_eq!(
        first,
        json!({"run": run, "call": "0-0/1", "at": null, "method": "POST", "path": "/open_api/v1.3/event/track/",
               "repeated": false, "rows": 2, "rows_kept": true, "primary_keys": ["o-0", "o-1"], "request": expected,
               "status": 200, "code": 0, "verdict": "accepted", "request_id": null, "milliseconds": null,
               "response": {"code": 0, "message": "OK", "request_id": null, "data": {}}})
    );
    stand.stop();
}

#[test]
fn a_person_sees_a_table_and_one_call_whole() {
    let (folder, stand) = (folder(), Stand::start());
    refused_once(&stand);
    let run = run(&folder, &stand, "run");
    let table = debug(&folder, &run, &[]).out;
    let words: Vec<&str> = table.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(
        words,
        [
            "CALL", "TIME", "REQUEST", "ROWS", "HTTP", "CODE", "VERDICT", "MS", "ANSWER"
        ]
    );
    assert!(
        table.ends_with("calls. `tideline debug ".to_owned().as_str())
            || table.contains(" --call NAME` shows"),
        "{table}"
    );
    let failed = debug(&folder, &run, &["--failed"]).out;
    let rows: Vec<&str> = failed
        .lines()
        .filter(|line| line.contains("POST event/track/"))
        .collect();
    assert!(
        rows.len() == 1 && rows[0].contains("refused") && rows[0].contains("40002"),
        "{failed}"
    );
    let name = rows[0].split_whitespace().next().unwrap();
    let call = debug(&folder, &run, &["--call", name]).out;
    for part in [
        format!("Call {name}, 20"),
        "POST /open_api/v1.3/event/track/\nRows: 2\nPrimary keys: ".to_owned(),
        "\"event_source\": \"web\"".to_owned(),
        "\"email\": [\n          \"[identity]\"\n        ]".to_owned(),
        "HTTP 200, refused, ".to_owned(),
        "\"code\": 40002".to_owned(),
    ] {
        assert!(call.contains(&part), "{part} is not in\n{call}");
    }
    let few = debug(&folder, &run, &["--limit", "1"]).out;
    assert_eq!(few.matches("POST event/track/").count(), 1);
    assert!(few.contains("further calls: --limit shows more of them"), "{few}");
    let limited = lines(&debug(&folder, &run, &["--limit", "2", "--output", "json"]));
    assert_eq!(limited.len(), 2);
    let wrong = folder.run(&["debug", &run, "--call", "7-7/1"]);
    assert_eq!(wrong.code, 1);
    let said = format!("the run {run} has no call 7-7/1: `tideline debug {run}` lists its calls");
    assert!(wrong.err.contains(&said), "{}", wrong.err);
    stand.stop();
}

#[test]
fn without_calls_it_says_why() {
    let (folder, stand) = (folder(), Stand::start());
    let run_id = run(&folder, &stand, "ingest");
    let out = debug(&folder, &run_id, &[]).out;
    assert_eq!(out, format!("The run {run_id} has made no API call yet.\n"));
    assert_eq!(run(&folder, &stand, "deliver"), run_id);
    let all = debug(&folder, &run_id, &["--failed"]).out;
    assert_eq!(
        all,
        format!("TikTok accepted all that the run {run_id} sent: 3 calls.\n")
    );
    // Without its rows a call is shown with what stood around them.
    std::fs::remove_dir_all(folder.path().join(".tideline/batches")).unwrap();
    let call = &lines(&debug(&folder, &run_id, &["--output", "json"]))[0];
    assert_eq!(
        (&call["rows"], &call["rows_kept"], &call["primary_keys"]),
        (&json!(2), &json!(false), &json!([]))
    );
    assert_eq!(call["request"]["data"], json!([]));
    let text = debug(&folder, &run_id, &["--call", "0-0/1"]).out;
    assert!(text.contains("The rows are not kept any more"), "{text}");
    std::fs::remove_dir_all(folder.path().join(".tideline/calls")).unwrap();
    let gone = debug(&folder, &run_id, &[]).out;
    assert!(
        gone.contains("are not kept any more: `debugger.keep_days`"),
        "{gone}"
    );
    stand.stop();
}

#[test]
fn a_file_of_calls_that_is_broken_is_named() {
    let (folder, stand) = (folder(), Stand::start());
    let run = run(&folder, &stand, "run");
    let key = format!("calls/web/{run}/0-0.jsonl.gz");
    folder.write(&format!(".tideline/{key}"), "no gzip");
    let ran = folder.run(&["debug", &run]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.err.contains(&format!("{key} is not what its key says")),
        "{}",
        ran.err
    );
    stand.stop();
}
