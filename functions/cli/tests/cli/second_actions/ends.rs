//! How commands end that are interrupted, that cancel, or that look after what waits.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Bench, PIXEL, TOKEN, ends_as, lines};

/// A run in the background whose calls take so long that it is met in the midst.
fn slow(bench: &Bench) -> Child {
    bench.export("a.csv", 0..400, "jane@shop.example");
    bench.fault(&json!([{"path": "/event/track/", "every": 1, "hang_ms": 200}]));
    let child = Command::new(env!("CARGO_BIN_EXE_tideline"))
        .args(["run", "web.yaml", "a.csv", "--endpoint", &bench.stand.url()])
        .current_dir(bench.folder.path())
        .env("TIKTOK_ACCESS_TOKEN", TOKEN)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while bench.stand.state().event_count() == 0 {
        assert!(begun.elapsed() < Duration::from_mins(1), "nothing was sent");
        std::thread::sleep(Duration::from_millis(20));
    }
    child
}

fn signal(child: &Child, name: &str) {
    let kill = Command::new("kill")
        .args(["-s", name, &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
}

fn end(mut child: Child) -> (Option<i32>, String, String) {
    let code = child.wait().unwrap().code();
    let (mut out, mut err) = (String::new(), String::new());
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    (code, out, err)
}

#[test]
fn a_signal_ends_a_run_in_words_and_the_same_command_goes_on() {
    for name in ["INT", "TERM"] {
        let bench = Bench::new();
        let child = slow(&bench);
        assert_eq!(
            bench.runs()[0]["status"],
            json!("running"),
            "a process holds the folder"
        );
        signal(&child, name);
        let (code, out, err) = end(child);
        assert_eq!(code, Some(1), "{out}{err}");
        let accepted = bench.stand.state().event_count() as u64;
        assert!(accepted < 400, "it was not met in the midst");
        let said = format!(
            "TikTok accepted {accepted} of 400 rows and refused 0; {} are left to send. Nothing is lost; this goes on with it: tideline run web.yaml a.csv {}\n",
            400 - accepted,
            bench.way()
        );
        assert!(
            out.starts_with("web: interrupted (run ") && out.ends_with(&said),
            "{out}\n{said}"
        );
        assert!(err.contains("stopping: no further call is made"), "{err}");
        let runs = bench.runs();
        assert_eq!(runs[0]["status"], json!("interrupted"), "{runs:?}");
        bench.well();
        ends_as(&bench.run("a.csv"), 0, "completed");
        let received = bench.received(PIXEL, false);
        assert_eq!(received.len(), 400);
        assert!(
            received.into_values().all(|times| times == 1),
            "what was answered is not sent again"
        );
    }
}

#[test]
fn a_run_that_waits_is_cancelled_too_and_its_rows_are_not_said_to_go_with_the_next_one() {
    let bench = Bench::new();
    let half = bench.ask(&["ingest", "web.yaml", "a.csv"]);
    let open = half.json()["run"].as_str().unwrap().to_owned();
    bench.export("b.csv", 5..9, "jane@shop.example");
    let behind = bench.ask(&["ingest", "web.yaml", "b.csv"]);
    ends_as(&behind, 0, "waiting");
    let waiting = behind.json()["run"].as_str().unwrap().to_owned();
    assert_eq!(
        bench
            .folder
            .run_with(
                &["cancel", &waiting, "--endpoint", &bench.stand.url()],
                Some(TOKEN)
            )
            .code,
        0
    );
    let cancelled = bench.say(&["cancel", &open]);
    assert_eq!(cancelled.code, 0, "{cancelled:?}");
    assert!(
        cancelled
            .out
            .contains("what TikTok had not accepted by then is not sent"),
        "{cancelled:?}"
    );
    assert!(!cancelled.out.contains("next run"), "{cancelled:?}");
    assert!(!cancelled.out.contains("left over"), "{cancelled:?}");
    let runs = bench.runs();
    let statuses: Vec<&Value> = runs.iter().map(|run| &run["status"]).collect();
    assert_eq!(statuses, [&json!("cancelled"), &json!("cancelled")], "{runs:?}");
    assert!(runs.iter().all(|run| run["left_over"] == json!(0)));
    let kept = bench.say(&["housekeeping"]);
    assert_eq!(
        (kept.code, kept.out.as_str()),
        (0, "web: nothing to do; nothing waits\n"),
        "{kept:?}"
    );
    assert_eq!(bench.live(), 0);
    // Both files can be run.
    ends_as(&bench.run("a.csv"), 0, "completed");
    ends_as(&bench.run("b.csv"), 0, "completed");
    assert_eq!(bench.live(), 9);
}

#[test]
fn housekeeping_tells_what_it_did_and_what_waits_and_a_cron_job_sees_trouble() {
    let bench = Bench::new();
    let well = bench.say(&["housekeeping", "--store", "none"]);
    assert_eq!(well.code, 1, "there is no folder: {well:?}");
    bench.with_token(&["run", "web.yaml", "a.csv"], "wrong");
    let trouble = bench.with_token(&["housekeeping"], "wrong");
    assert_eq!(trouble.code, 1, "{trouble:?}");
    let words = format!("or now by `tideline retry web {}`", bench.way());
    assert!(
        trouble
            .out
            .contains("web: nothing to do; 5 rows left over: sent again from 2")
            && trouble.out.contains(&words),
        "{trouble:?}"
    );
    assert_eq!(bench.ask(&["retry", "web"]).code, 0);
    let well = bench.say(&["housekeeping"]);
    assert_eq!(
        (well.code, well.out.as_str()),
        (0, "web: nothing to do; nothing waits\n"),
        "{well:?}"
    );
    // What another process left is done, and told.
    bench.export("b.csv", 5..9, "jane@shop.example");
    bench.ask(&["ingest", "web.yaml", "b.csv"]);
    let done = bench.say(&["housekeeping"]);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.out.contains(": completed (run "), "{done:?}");
    assert!(done.out.contains("4 to send = 4 accepted"), "{done:?}");
    assert_eq!(bench.live(), 9);
    let told = lines(&bench.ask(&["housekeeping"]));
    assert_eq!(
        (&told[0]["sync"], &told[0]["trouble"]),
        (&json!("web"), &json!(false)),
        "{told:?}"
    );
}

/// TikTok fails, and goes on to fail: one warning with a count, and no word of queues.
#[test]
fn rows_without_a_clear_answer_are_left_over_and_the_run_is_incomplete() {
    let bench = Bench::new();
    bench.export("a.csv", 0..40, "jane@shop.example");
    bench.fault(&json!([{"path": "/event/track/", "every": 1, "http": 500}]));
    let ran = bench.say(&["run", "web.yaml", "a.csv"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let way = bench.way();
    for words in [
        "a.csv: incomplete (run ",
        "Why: TikTok gave no clear answer, and said last: HTTP 500",
        "the rows are kept and are sent again by the next run of the sync, or by ",
        &format!("`tideline retry web {way}` asks for it now"),
        "\n  40 to send = 40 left over\n",
    ] {
        assert!(ran.out.contains(words), "{words}: {ran:?}");
    }
    for jargon in ["receive", "message", "queue", "carried"] {
        assert!(!ran.out.contains(jargon), "{jargon}: {ran:?}");
    }
    assert_eq!(ran.err.matches("WARN").count(), 1, "{ran:?}");
    assert!(ran.err.contains("rows=40"), "{ran:?}");
    // Long work shows that something still happens, where nobody watches too.
    assert!(
        ran.err.contains("0 of 40 rows have an answer, 10 seconds"),
        "{ran:?}"
    );
    assert_eq!(bench.runs()[0]["status"], json!("incomplete"));
    bench.well();
    let again = bench.run("a.csv");
    ends_as(&again, 0, "completed");
    assert_eq!(bench.live(), 40);
    assert!(bench.runs().iter().all(|run| run["left_over"] == json!(0)));
}
