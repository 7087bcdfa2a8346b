//! What the state is the state of: TikTok's test page leaves no mark, another pixel is another place, and so is another
//! endpoint.

use serde_json::{Value, json};

use super::{Bench, OTHER_PIXEL, PIXEL, TOKEN, ends_as, lines, nothing};
use crate::support::{Stand, web_spec};

fn test_spec() -> String {
    web_spec("").replace("  batch_size: 2", "  batch_size: 2\n  test_event_code: TEST1")
}

fn other_pixel() -> String {
    web_spec("").replace(PIXEL, OTHER_PIXEL)
}

#[test]
fn a_file_goes_to_the_test_page_as_often_as_asked_and_then_live() {
    let bench = Bench::new();
    bench.spec(&test_spec());
    let tests = [bench.run("a.csv"), bench.run("a.csv")];
    for test in &tests {
        ends_as(test, 0, "completed");
        assert_eq!(test.json()["test_event_code"], json!("TEST1"));
    }
    assert_eq!(
        bench.received(PIXEL, true).into_values().collect::<Vec<_>>(),
        [2; 5]
    );
    let said = bench.say(&["run", "web.yaml", "a.csv"]).out;
    let words = format!(
        "these events went to TikTok's test page only, and leave no mark; without the code in the spec `tideline run web.yaml a.csv {}` sends them live",
        bench.way()
    );
    assert!(said.contains(&words), "{said}");
    let refused = bench.ask(&["retry", "web"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert_eq!(bench.live(), 0);

    bench.spec(&web_spec(""));
    let live = bench.run("a.csv");
    ends_as(&live, 0, "completed");
    assert_eq!((bench.live(), &live.json()["sums"]["accepted"]), (5, &json!(5)));
    nothing(
        &bench.say(&["run", "web.yaml", "a.csv"]),
        0,
        &["Nothing to do: a.csv was run before"],
    );
    // A test afterwards changes nothing of what is live.
    bench.spec(&test_spec());
    ends_as(&bench.run("a.csv"), 0, "completed");
    bench.spec(&web_spec(""));
    nothing(&bench.say(&["run", "web.yaml", "a.csv"]), 0, &["Nothing to do"]);
    assert!(bench.received(PIXEL, false).into_values().all(|times| times == 1));
}

#[test]
fn another_pixel_is_refused_before_the_first_call_with_the_way_out() {
    let bench = Bench::new();
    ends_as(&bench.run("a.csv"), 0, "completed");
    let calls = bench.calls();
    bench.spec(&other_pixel());
    bench.export("b.csv", 5..7, "jane@shop.example");
    // The file that was sent, one that was not, and a retry, which does both again.
    let ran = [
        bench.run("a.csv"),
        bench.run("b.csv"),
        bench.ask(&["retry", "web"]),
    ];
    assert!(ran.iter().all(|ran| ran.code == 1), "{ran:?}");
    let ended: Vec<Value> = ran.iter().flat_map(lines).collect();
    assert_eq!(ended.len(), 4);
    for record in ended {
        assert_eq!(record["status"], json!("misconfigured"));
        let reason = record["reason"].as_str().unwrap().to_owned();
        for words in [
            "the spec names the pixel C4A1EXAMPLEPIXEL0002",
            "the 5 rows that this sync knows were sent to the pixel C4A1EXAMPLEPIXEL0001",
            "make a new sync",
            &format!("`tideline resync web {}`", bench.way()),
        ] {
            assert!(reason.contains(words), "{words}: {reason}");
        }
    }
    assert_eq!(bench.calls(), calls, "nothing was sent");
    // Set back, it goes on.
    bench.spec(&web_spec(""));
    ends_as(&bench.run("b.csv"), 0, "completed");
    assert_eq!(bench.live(), 7);
    // Or everything goes to the new one.
    bench.spec(&other_pixel());
    ends_as(&bench.ask(&["resync", "web", "--yes"]), 0, "resynced");
    ends_as(&bench.run("a.csv"), 0, "completed");
    assert_eq!(bench.received(OTHER_PIXEL, false).len(), 5);
}

#[test]
fn a_pixel_that_is_added_is_allowed_and_the_run_says_what_does_not_go_there() {
    let bench = Bench::new();
    ends_as(&bench.run("a.csv"), 0, "completed");
    let two = web_spec("").replace(
        "event:\n  pixel_code: C4A1EXAMPLEPIXEL0001\n  name: {from: event}\n  batch_size: 2\n",
        "event:\n  - {pixel_code: C4A1EXAMPLEPIXEL0002, name: {from: event}}\n  - {pixel_code: C4A1EXAMPLEPIXEL0001, name: {from: event}}\n",
    );
    assert!(two.contains(OTHER_PIXEL), "{two}");
    bench.spec(&two);
    let again = bench.run("a.csv");
    ends_as(&again, 0, "completed");
    let notes = again.json()["notes"].to_string();
    assert!(
        notes.contains("new in the spec: the pixel C4A1EXAMPLEPIXEL0002; the 5 rows that were sent before do not go there"),
        "{notes}"
    );
    assert!(bench.received(OTHER_PIXEL, false).is_empty());
    // From now on both are known.
    nothing(&bench.say(&["run", "web.yaml", "a.csv"]), 0, &["Nothing to do"]);
    bench.export("b.csv", 5..7, "jane@shop.example");
    ends_as(&bench.run("b.csv"), 0, "completed");
    assert_eq!((bench.live(), bench.received(OTHER_PIXEL, false).len()), (7, 2));
}

#[test]
fn a_folder_belongs_to_where_its_first_rows_went() {
    let bench = Bench::new();
    // A failed try binds nobody: not the wrong port, not the wrong token.
    let nowhere = ["run", "web.yaml", "a.csv", "--endpoint", "http://127.0.0.1:9"];
    bench.with_token(&["run", "web.yaml", "a.csv"], "wrong-token");
    ends_as(&bench.run("a.csv"), 0, "completed");
    let refused = bench.folder.run_with(&nowhere, Some(TOKEN));
    assert_eq!((refused.code, refused.out.as_str()), (2, ""), "{refused:?}");
    let url = bench.stand.url();
    let command = format!("`tideline run web.yaml a.csv --endpoint {url}` goes there");
    assert!(refused.err.contains(&command), "{refused:?}");
    assert!(
        refused.err.contains("take another folder with --store"),
        "{refused:?}"
    );
    // Three names of this machine are one.
    let port = url.rsplit(':').next().unwrap();
    for host in ["localhost", "127.0.0.1"] {
        let endpoint = format!("http://{host}:{port}/");
        let again = ["run", "web.yaml", "a.csv", "--endpoint", &endpoint];
        assert_eq!(bench.folder.run_with(&again, Some(TOKEN)).code, 0);
    }
    // TikTok itself is another place, for each command that sends.
    let run = bench.runs()[0]["run"].as_str().unwrap().to_owned();
    for arguments in [
        &["run", "web.yaml", "a.csv"][..],
        &["ingest", "web.yaml", "a.csv"],
        &["deliver", "web.yaml", "a.csv"],
        &["retry", "web"],
        &["retry", &run],
        &["retry", &run, "--corrected", "a.csv"],
        &["resync", "web", "--yes"],
        &["cancel", &run],
        &["housekeeping"],
    ] {
        let refused = bench.folder.run_with(arguments, Some(TOKEN));
        assert_eq!(refused.code, 2, "{arguments:?}: {refused:?}");
        let command = format!("`tideline {} --endpoint {url}` goes there", arguments.join(" "));
        assert!(refused.err.contains(&command), "{refused:?}");
    }
    // Another folder is free.
    let other = Stand::start();
    let elsewhere = [
        "run",
        "web.yaml",
        "a.csv",
        "--store",
        "other",
        "--endpoint",
        &other.url(),
    ];
    assert_eq!(bench.folder.run_with(&elsewhere, Some(TOKEN)).code, 0);
    assert_eq!(other.state().event_count(), 5);
}

#[test]
fn a_folder_of_tiktok_takes_no_sandbox_and_one_from_before_is_bound_by_its_next_run() {
    let bench = Bench::new();
    ends_as(&bench.run("a.csv"), 0, "completed");
    let at = ".tideline/state/endpoint.json";
    let mut kept: Value = serde_json::from_str(&bench.folder.read(at)).unwrap();
    assert_eq!(kept["bound"], json!(true));
    kept["endpoint"] = Value::Null;
    bench.folder.write(at, kept.to_string());
    let refused = bench.say(&["run", "web.yaml", "a.csv"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    let way = format!(
        "`tideline run web.yaml a.csv {} --store .tideline-sandbox`",
        bench.way()
    );
    assert!(
        refused.err.contains("belongs to TikTok") && refused.err.contains(&way),
        "{refused:?}"
    );
    // A note that names no stand-in of this machine is shown to nobody.
    kept["endpoint"] = json!("http://evil.example/\u{1b}[2J");
    bench.folder.write(at, kept.to_string());
    let refused = bench.say(&["run", "web.yaml", "a.csv"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(
        !refused.err.contains("evil") && !refused.err.contains('\u{1b}'),
        "{refused:?}"
    );
    // A version before did not note it.
    std::fs::remove_file(bench.folder.path().join(at)).unwrap();
    let next = bench.say(&["run", "web.yaml", "a.csv"]);
    nothing(&next, 0, &["Nothing to do"]);
    let said = format!("from now on it belongs to the sandbox at {}", bench.stand.url());
    assert!(next.err.contains(&said), "{next:?}");
    let again = bench.say(&["run", "web.yaml", "a.csv"]);
    assert!(!again.err.contains("from now on"), "{again:?}");
    assert_eq!(
        bench
            .folder
            .run_with(&["run", "web.yaml", "a.csv"], Some(TOKEN))
            .code,
        2
    );
}

/// What went to a test page is at no place: the folder may go on somewhere else.
#[test]
fn a_test_binds_no_folder() {
    let (bench, other) = (Bench::new(), Stand::start());
    bench.spec(&test_spec());
    ends_as(&bench.run("a.csv"), 0, "completed");
    bench.spec(&web_spec(""));
    let elsewhere = ["run", "web.yaml", "a.csv", "--endpoint", &other.url()];
    assert_eq!(bench.folder.run_with(&elsewhere, Some(TOKEN)).code, 0);
    assert_eq!(other.state().event_count(), 5);
    assert_eq!(bench.ask(&["run", "web.yaml", "a.csv"]).code, 2);
}

#[test]
fn resync_says_what_goes_again_and_asks() {
    let bench = Bench::new();
    ends_as(&bench.run("a.csv"), 0, "completed");
    let asked = bench.say(&["resync", "web"]);
    assert_eq!(asked.code, 2, "{asked:?}");
    for words in [
        "knows 5 rows: those of them that the next export holds are sent again",
        "within the last 48 hours",
        "counts an older one twice",
        "not confirmed, and nothing was done; --yes asks nothing",
    ] {
        assert!(asked.err.contains(words), "{words}: {asked:?}");
    }
    nothing(&bench.say(&["run", "web.yaml", "a.csv"]), 0, &["Nothing to do"]);
    ends_as(&bench.ask(&["resync", "web", "--yes"]), 0, "resynced");
    ends_as(&bench.run("a.csv"), 0, "completed");
    assert!(bench.received(PIXEL, false).into_values().all(|times| times == 2));
}
