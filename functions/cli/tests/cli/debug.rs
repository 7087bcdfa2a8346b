//! `debug`: the API calls of a run, as a table, one by one, and for programs.

use serde_json::{Value, json};

use crate::support::{Folder, Ran, Stand, hours_ago, web_spec};

const TOKEN: Option<&str> = Some("sandbox-token");

fn folder() -> Folder {
    let (folder, (at, _)) = (Folder::new(), hours_ago(2));
    let row = |n: u32| format!("o-{n},Purchase,{at},jane{n}@shop.example,,https://shop.example/{n},{n}.50\n");
    let rows: String = (0..6).map(row).collect();
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
    let calls = stand.state().calls_to("/event/track/");
    let footer =
        format!("\n{calls} calls. `tideline debug {run} --call NAME` shows request and answer of one\n");
    assert!(table.ends_with(&footer), "{table}");
    let failed = debug(&folder, &run, &["--failed"]).out;
    let rows: Vec<&str> = failed
        .lines()
        .filter(|line| line.contains("POST event/track/"))
        .collect();
    assert!(
        rows.len() == 1 && rows[0].contains("refused") && rows[0].contains("40002"),
        "{failed}"
    );
    assert!(failed.contains("\n1 call. `tideline debug"), "{failed}");
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
    assert_eq!(
        out,
        format!("No call of the run {run_id} is kept yet: it has made none.\n")
    );
    assert_eq!(run(&folder, &stand, "deliver"), run_id);
    let all = debug(&folder, &run_id, &["--failed"]).out;
    assert_eq!(
        all,
        format!("TikTok accepted all calls of the run {run_id} that are kept: 3 calls.\n")
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
    assert!(text.contains("They are not kept any more"), "{text}");
    std::fs::remove_dir_all(folder.path().join(".tideline/calls")).unwrap();
    let gone = debug(&folder, &run_id, &[]).out;
    assert!(
        gone.contains("is kept: it made none, or it is longer ago than `debugger.keep_days`"),
        "{gone}"
    );
    stand.stop();
}

/// What can be read is shown, what cannot is named, and the exit code tells.
#[test]
fn a_broken_file_is_named_and_hides_no_other() {
    let (folder, stand) = (folder(), Stand::start());
    let run = run(&folder, &stand, "run");
    let name = |kind: &str, end: &str| format!(".tideline/{kind}/web/{run}/{end}");
    let kept = std::fs::read(folder.path().join(name("calls", "0-0.jsonl.gz"))).unwrap();
    folder.write(&name("calls", "0-0.2.jsonl.gz"), &kept);
    folder.write(&name("calls", "0-0.3.jsonl.gz"), &kept[..kept.len() - 20]);
    folder.write(&name("calls", "0-0.4.jsonl.gz"), "no gzip");
    let ran = folder.run(&["debug", &run, "--output", "json"]);
    assert_eq!(ran.code, 1);
    let names: Vec<_> = lines(&ran)
        .iter()
        .map(|call| call["call"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        names.starts_with(&["0-0/1", "0-0/2", "0-0/3", "0-0.2/1"].map(str::to_owned)),
        "{names:?}"
    );
    for number in [3, 4] {
        let said = format!("error: calls/web/{run}/0-0.{number}.jsonl.gz is not what its key says");
        assert!(ran.err.contains(&said), "{}", ran.err);
    }
    assert_eq!(
        folder.run(&["debug", &run, "--call", "0-0/2"]).code,
        0,
        "another file is fine"
    );
    // A batch file that has lost rows.
    let key = name("batches", "0-0.jsonl");
    let batch = folder.read(&key);
    let cut: Vec<&str> = batch.lines().take(3).collect();
    folder.write(&key, cut.join("\n"));
    let ran = folder.run(&["debug", &run, "--call", "0-0/2"]);
    assert_eq!(ran.code, 1);
    let said = format!("error: batches/web/{run}/0-0.jsonl: it does not hold the rows that the call names");
    assert!(
        ran.err.contains(&said) && ran.out.contains("They are not kept"),
        "{ran:?}"
    );
    assert_eq!(
        folder.run(&["debug", &run, "--call", "0-0/1"]).code,
        0,
        "the first two rows are there"
    );
    stand.stop();
}

#[test]
fn the_commands_of_the_page_run() {
    let (folder, stand) = (folder(), Stand::start());
    let run = run(&folder, &stand, "run");
    let page = include_str!("../../../../docs/debugger.md");
    let commands = page.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    let mut seen = 0;
    for line in commands.lines() {
        let line = line.replace("RUN", &run);
        let arguments: Vec<&str> = line.split_whitespace().skip(1).collect();
        let ran = folder.run(&arguments);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{line}");
        assert!(!ran.out.is_empty());
        seen += 1;
    }
    assert_eq!(seen, 4);
    assert_eq!(
        folder.run(&["debug", &run, "--call", "0-0/1", "--failed"]).code,
        2
    );
    stand.stop();
}
