//! One rule for running again: what is left to do is done, and "nothing to do" is said where nothing is.

use serde_json::json;

use super::{Bench, PIXEL, TOKEN, ends_as, nothing};
use crate::support::{hours_ago, web_spec};

#[test]
fn the_wrong_token_and_then_the_right_one() {
    for second in [&["run", "web.yaml", "a.csv"][..], &["retry", "web"]] {
        let bench = Bench::new();
        let wrong = bench.with_token(&["run", "web.yaml", "a.csv", "--output", "json"], "wrong");
        ends_as(&wrong, 1, "needs_reauthorisation");
        assert_eq!(wrong.json()["left_over"], json!(5));
        let still = bench.with_token(&["retry", "web", "--output", "json"], "wrong");
        ends_as(&still, 1, "needs_reauthorisation");
        assert_eq!(
            still.json()["left_over"],
            json!(5),
            "retried while it is dead, they are kept"
        );
        let right = bench.ask(second);
        ends_as(&right, 0, "completed");
        assert_eq!((bench.live(), &right.json()["left_over"]), (5, &json!(0)));
        assert!(bench.received(PIXEL, false).into_values().all(|times| times == 1));
        assert!(bench.runs().iter().all(|run| run["left_over"] == json!(0)));
    }
}

#[test]
fn the_wrong_mapping_and_then_the_right_one() {
    // Of all rows the email is missing.
    let bench = Bench::new();
    bench.spec(&web_spec("guards: {max_rejected_percent: 100}\n").replace("{from: email,", "{from: url,"));
    ends_as(&bench.run("a.csv"), 3, "completed_with_errors");
    let told = bench.say(&["run", "web.yaml", "a.csv"]);
    nothing(
        &told,
        3,
        &["Nothing to do: ", "5 rows rejected", "`tideline rejected "],
    );
    bench.spec(&web_spec(""));
    ends_as(&bench.run("a.csv"), 0, "completed");
    assert_eq!(bench.live(), 5);
    // A column that the export has not.
    let bench = Bench::new();
    bench.spec(&web_spec("").replace("{from: email,", "{from: mail,"));
    ends_as(&bench.run("a.csv"), 1, "aborted");
    nothing(
        &bench.say(&["run", "web.yaml", "a.csv"]),
        1,
        &["Nothing has changed", "`mail`"],
    );
    bench.spec(&web_spec(""));
    ends_as(&bench.run("a.csv"), 0, "completed");
    // A guard.
    let bench = Bench::new();
    bench.spec(&web_spec("guards: {min_rows: 6}\n"));
    ends_as(&bench.run("a.csv"), 1, "stopped_by_guard");
    nothing(
        &bench.say(&["run", "web.yaml", "a.csv"]),
        1,
        &["Nothing has changed", "stopped by a guard"],
    );
    bench.spec(&web_spec("guards: {min_rows: 5}\n"));
    ends_as(&bench.run("a.csv"), 0, "completed");
}

#[test]
fn what_tiktok_refused_goes_again_when_something_has_changed() {
    let bench = Bench::new();
    bench.every(40002, "no");
    ends_as(&bench.run("a.csv"), 3, "completed_with_errors");
    let told = bench.say(&["run", "web.yaml", "a.csv"]);
    let retry = format!(
        "5 rows refused by TikTok, which `tideline retry web {}` sends again",
        bench.way()
    );
    nothing(&told, 3, &["Nothing to do: ", &retry]);
    bench.well();
    // The same mapping: as they were made.
    let retried = bench.ask(&["retry", "web"]);
    ends_as(&retried, 0, "completed");
    assert_eq!(bench.live(), 5);
    let told = bench.say(&["retry", "web"]);
    assert_eq!(
        (told.code, told.out.starts_with("Nothing to do: ")),
        (0, true),
        "{told:?}"
    );
    // Another one: the file is done again, since a folder keeps no export.
    let bench = Bench::new();
    bench.every(40002, "no");
    ends_as(&bench.run("a.csv"), 3, "completed_with_errors");
    bench.well();
    bench.spec(&web_spec("").replace("{value: EUR,", "{value: USD,"));
    let told = bench.say(&["retry", "web"]);
    assert_eq!(told.code, 1, "{told:?}");
    let spec = bench.folder.path().join("web.yaml");
    let command = format!(
        "`tideline run {} FILE {}` does the file again",
        spec.display(),
        bench.way()
    );
    assert!(told.out.contains(&command), "{told:?}");
    assert_eq!(bench.live(), 0);
    ends_as(&bench.run("a.csv"), 0, "completed");
    assert_eq!(bench.live(), 5);
    let told = bench.say(&["retry", "web"]);
    assert_eq!(
        (told.code, told.out.starts_with("Nothing to do: ")),
        (0, true),
        "{told:?}"
    );
}

#[test]
fn rows_that_are_left_over_give_way_to_the_valid_rows_of_the_file() {
    let bench = Bench::new();
    bench.every(40001, "No permission to operate pixel.");
    let denied = bench.run("a.csv");
    ends_as(&denied, 1, "misconfigured");
    bench.well();
    bench.spec(&web_spec("").replace("{value: EUR,", "{value: USD,"));
    let again = bench.run("a.csv");
    ends_as(&again, 0, "completed");
    assert_eq!(
        again.json()["run"],
        json!(format!("{}.2", denied.json()["run"].as_str().unwrap()))
    );
    let events = bench.stand.state().events();
    assert_eq!(events.len(), 5);
    for event in events {
        let body = event.body.unwrap().get().to_owned();
        assert_eq!(event.received, 1);
        assert!(body.contains("\"USD\"") && !body.contains("\"EUR\""), "{body}");
    }
    // The run that was followed: its rows went on, and that is said.
    let told = bench.say(&["retry", denied.json()["run"].as_str().unwrap()]);
    let follower = again.json()["run"].as_str().unwrap().to_owned();
    assert_eq!(told.code, 0, "{told:?}");
    assert!(
        told.out.starts_with("Nothing to do: ") && told.out.contains(&follower),
        "{told:?}"
    );
}

#[test]
fn a_retry_of_a_run_follows_its_rows_to_a_later_run() {
    let bench = Bench::new();
    let first = bench
        .with_token(&["run", "web.yaml", "a.csv", "--output", "json"], "wrong")
        .json();
    let second = bench
        .with_token(&["retry", "web", "--output", "json"], "wrong")
        .json();
    let (first, second) = (first["run"].as_str().unwrap(), second["run"].as_str().unwrap());
    let retried = bench.say(&["retry", first]);
    assert_eq!(retried.code, 0, "{retried:?}");
    let said = format!("The rows that the run {first} left over went on to the run {second}");
    assert!(retried.out.contains(&said), "{retried:?}");
    assert_eq!(bench.live(), 5);
    let told = bench.say(&["retry", first]);
    assert_eq!(told.code, 0, "{told:?}");
    assert!(
        told.out.contains("of whose rows TikTok accepted 5 and refused 0"),
        "{told:?}"
    );
}

#[test]
fn a_row_that_lay_ahead_of_its_time_goes_when_the_time_has_come() {
    let bench = Bench::new();
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(3_600 * 24 * 40);
    let (at, _) = hours_ago(1);
    let csv = |second: &str| {
        format!(
            "id,event,at,email,phone,url,value\no-1,Purchase,{at},a@x.example,,https://x.example,1\no-2,Purchase,{second},a@x.example,,https://x.example,1\n"
        )
    };
    bench.folder.write("a.csv", csv(&soon.to_string()));
    let first = bench.run("a.csv");
    ends_as(&first, 3, "completed_with_errors");
    assert_eq!(first.json()["counts"]["rejected"], json!({"future_time": 1}));
    // Each time it is looked at anew.
    let again = bench.run("a.csv");
    ends_as(&again, 3, "completed_with_errors");
    assert_eq!(
        (&again.json()["already"], &again.json()["counts"]["unchanged"]),
        (&json!(false), &json!(1))
    );
    assert_eq!(bench.live(), 1);
}

#[test]
fn the_spec_of_a_folder_is_the_file_that_the_last_run_was_given() {
    let bench = Bench::new();
    bench.every(40002, "no");
    ends_as(&bench.run("a.csv"), 3, "completed_with_errors");
    let spec = bench.folder.path().join("web.yaml");
    let told = bench.say(&["retry", "web"]);
    let said = format!("Spec: {}, as the last run was given it\n", spec.display());
    assert!(told.err.contains(&said), "{told:?}");
    bench.well();
    // Another sort of file, or too long a one, is not read, and neither is one that is gone.
    std::fs::rename(&spec, bench.folder.path().join("kept.yaml")).unwrap();
    let copy = "Spec: the folder's copy, .tideline/syncs/web.yaml\n";
    assert!(bench.say(&["housekeeping"]).err.contains(copy));
    std::fs::create_dir(&spec).unwrap();
    assert!(bench.say(&["housekeeping"]).err.contains(copy));
    std::fs::remove_dir(&spec).unwrap();
    bench.folder.write("web.yaml", vec![b'#'; (256 << 10) + 1]);
    assert!(bench.say(&["housekeeping"]).err.contains(copy));
    let retried = bench.say(&["retry", "web"]);
    assert!(retried.err.contains(copy) && retried.code == 0, "{retried:?}");
    assert_eq!(bench.live(), 5);
    // The file of another sync is not this one's.
    bench
        .folder
        .write("web.yaml", format!("name: other\n{}", web_spec("")));
    let told = bench.say(&["housekeeping"]);
    assert!(
        told.err.contains("is the spec of another sync by now, other"),
        "{told:?}"
    );
    // One with an error is told of, and the others go on.
    bench.folder.write("web.yaml", web_spec("colour: red\n"));
    let told = bench.say(&["retry", "web"]);
    assert_eq!(told.code, 2, "{told:?}");
    assert!(
        told.err.contains("web.yaml:") && told.err.contains("colour"),
        "{told:?}"
    );
    let told = bench.say(&["housekeeping"]);
    assert_eq!(told.code, 1, "{told:?}");
    assert!(told.out.contains("web: could not be looked after: "), "{told:?}");
}

#[test]
fn corrected_rows_go_by_the_spec_that_was_corrected_too() {
    let bench = Bench::new();
    bench.export("a.csv", 0..5, "no address");
    bench.spec(&web_spec("guards: {max_rejected_percent: 100}\n"));
    let run = bench.run("a.csv");
    ends_as(&run, 3, "completed_with_errors");
    bench.spec(&web_spec("").replace("{value: EUR,", "{value: USD,"));
    bench.export("corrected.csv", 0..5, "jane@shop.example");
    let id = run.json()["run"].as_str().unwrap().to_owned();
    let corrected = bench.ask(&["retry", &id, "--corrected", "corrected.csv"]);
    ends_as(&corrected, 0, "completed");
    let events = bench.stand.state().events();
    assert!(
        events
            .iter()
            .all(|event| event.body.as_ref().unwrap().get().contains("\"USD\""))
    );
    assert_eq!(events.len(), 5);
}

/// Guards that are let go for once do not stay let go, and a file that was sent in spite of one is not sent again.
#[test]
fn a_guard_that_is_let_go_counts_for_one_run() {
    let bench = Bench::new();
    bench.spec(&web_spec("guards: {min_rows: 6}\n"));
    ends_as(&bench.run("a.csv"), 1, "stopped_by_guard");
    let let_go = ["run", "web.yaml", "a.csv", "--ignore-guards"];
    ends_as(&bench.ask(&let_go), 0, "completed");
    nothing(&bench.say(&let_go), 0, &["Nothing to do"]);
    nothing(&bench.say(&["run", "web.yaml", "a.csv"]), 0, &["Nothing to do"]);
    assert_eq!(
        bench
            .folder
            .run_with(&["retry", "web", "--export", "models/web/a.csv"], Some(TOKEN))
            .code,
        2
    );
}
