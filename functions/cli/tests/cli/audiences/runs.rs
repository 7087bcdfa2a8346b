//! `run`, `retry` and `runs` of audiences: what is sent, what people see, and exit codes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{ALICE, JANE, ask, emails, held, lines, persons, preview, requests, rows, say, spec};
use crate::support::{Folder, Stand, sha256};

fn folder(spec: String, csv: &str) -> Folder {
    let folder = Folder::new();
    folder.write("vip.yaml", spec);
    folder.write("a.csv", csv);
    folder
}

fn mirror() -> Folder {
    folder(
        spec("mirror", &["email"], "name: VIP buyers, via: segment", ""),
        "id,email\n1,alice_abc@gmail.com\n2,janedoe@gmail.com\n3,joe@x.example\n",
    )
}

fn by_files() -> Folder {
    folder(
        spec("all", &["email"], "name: VIP, via: file_upload", ""),
        &rows(0..1_000),
    )
}

#[test]
fn what_arrives_is_what_the_preview_shows() {
    let rules =
        "identity: {default_country: DE, email_rule: [plain, no_plus], phone_rule: [with_plus, digits]}";
    let whose = "name: VIP, via: segment, persons_per_call: 3";
    let folder = folder(
        spec("mirror", &["email", "phone", "idfa", "gaid"], whose, rules),
        "id,email,phone,idfa,gaid\n1,Alice_ABC+x@gmail.com;b@x.example,030 1234567,,5F3A2B18-9C4D-4E7F-B8E2-17D3A1E69B25\n2,no address,+12133734253,5F3A2B18-9C4D-4E7F-B8E2-17D3A1E69B25,\n3,,,,\n4,b@x.example,,,\n",
    );
    let stand = Stand::start();
    let shown = preview(&folder);
    let ran = ask(&folder, &stand, &["run", "vip.yaml", "a.csv"]);
    assert_eq!((shown.code, ran.code), (3, 3), "{ran:?}");
    let mut expected: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let requests = requests(&shown.json());
    for (_, body) in &requests[1..] {
        let schema: Vec<String> = serde_json::from_value(body["id_schema"].clone()).unwrap();
        for (kind, hash) in persons(body).iter().flat_map(|person| schema.iter().zip(person)) {
            if !hash.is_empty() {
                expected.entry(kind.clone()).or_default().push(hash.clone());
            }
        }
    }
    for hashes in expected.values_mut() {
        hashes.sort_unstable();
        hashes.dedup();
    }
    assert_eq!(expected.len(), 4);
    assert_eq!(held(&stand), expected);
    assert_eq!(
        stand.state().calls_to("/segment/mapping/"),
        requests.len() as u64 - 1
    );
    let rejected = folder.read(format!(
        "{}/rejected.jsonl",
        ran.json()["folder"].as_str().unwrap()
    ));
    let rejected: Vec<Value> = rejected
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(json!(rejected), shown.json()["rejected"]);
    stand.stop();
}

#[test]
fn changes_and_removals_are_told() {
    let (folder, stand) = (mirror(), Stand::start());
    let first = ask(&folder, &stand, &["run", "vip.yaml", "a.csv"]);
    assert_eq!(first.code, 0, "{first:?}");
    let id = stand.state().audiences()[0].audience_id.clone();
    let audience = json!({"advertiser_id": "7100000000000000001", "id": id, "name": "VIP buyers"});
    assert_eq!(first.json()["audience"], audience);
    folder.write("a.csv", "id,email\n1,alice_abc@gmail.com\n2,jane@x.example\n");
    let second = say(&folder, &stand, &["run", "vip.yaml", "a.csv"]);
    assert_eq!(second.code, 0, "{second:?}");
    for line in [
        &format!("\n  Audience: VIP buyers, id {id}, of the advertiser 7100000000000000001\n"),
        "\n  2 rows = 1 unchanged + 1 to send\n  1 to send = 1 accepted\n",
        "\n  Changed: 1 row of those to send, known from earlier runs\n  Removed: 1 person\n",
        "\n  2 identifiers to remove = 2 removed by TikTok\n",
    ] {
        assert!(second.out.contains(line), "{line} in {}", second.out);
    }
    assert_eq!(
        held(&stand),
        emails(&[ALICE.to_owned(), sha256("jane@x.example")])
    );
    let again = ask(&folder, &stand, &["run", "vip.yaml", "a.csv"]).json();
    assert_eq!(
        (
            &again["counts"]["changed"],
            &again["counts"]["removed"],
            &again["sums"]["deleted"]
        ),
        (&json!(1), &json!(1), &json!(2))
    );
    stand.stop();
}

#[test]
fn removals_that_tiktok_does_not_take_are_told_and_done_by_the_next_export() {
    let (folder, stand) = (mirror(), Stand::start());
    assert_eq!(ask(&folder, &stand, &["run", "vip.yaml", "a.csv"]).code, 0);
    let refuse = json!([{"path": "/segment/mapping/", "every": 1, "code": 40002}]);
    stand.state().set_faults(refuse).unwrap();
    folder.write("a.csv", "id,email\n1,alice_abc@gmail.com\n2,janedoe@gmail.com\n");
    let ran = say(&folder, &stand, &["run", "vip.yaml", "a.csv"]);
    let line = "\n  1 identifier to remove = 0 removed by TikTok + 1 not removed: the next export removes them again\n";
    assert!(ran.out.contains(line), "{}", ran.out);
    assert_eq!(ran.code, 1, "{ran:?}");
    stand.state().set_faults(json!([])).unwrap();
    folder.write(
        "a.csv",
        "id,email\n1,alice_abc@gmail.com\n2,janedoe@gmail.com\n4,ann@x.example\n",
    );
    assert_eq!(ask(&folder, &stand, &["run", "vip.yaml", "a.csv"]).code, 0);
    let expected = [ALICE.to_owned(), JANE.to_owned(), sha256("ann@x.example")];
    assert_eq!(held(&stand), emails(&expected));
    stand.stop();
}

#[test]
fn runs_shows_changes_removals_and_how_tiktok_has_the_audience() {
    let (folder, stand) = (mirror(), Stand::start());
    ask(&folder, &stand, &["run", "vip.yaml", "a.csv"]);
    folder.write("a.csv", "id,email\n1,alice_abc@gmail.com\n2,jane@x.example\n");
    ask(&folder, &stand, &["run", "vip.yaml", "a.csv"]);
    let before = folder.run(&["runs"]);
    assert!(
        !before.out.contains("How TikTok has the audiences"),
        "{}",
        before.out
    );
    assert_eq!(ask(&folder, &stand, &["housekeeping"]).code, 0);
    let shown = folder.run(&["runs"]);
    let words = |at: usize| -> Vec<&str> { shown.out.lines().nth(at).unwrap().split_whitespace().collect() };
    assert_eq!(words(0)[words(0).len() - 2..], ["CHANGED", "REMOVED"]);
    assert_eq!(words(1)[words(1).len() - 2..], ["1", "1"], "{}", shown.out);
    let id = stand.state().audiences()[0].audience_id.clone();
    let look =
        format!("\nvip: the audience {id} has 2 of 2 people matched (100.0 %), not valid, looked at 20");
    assert!(shown.out.contains(&look), "{}", shown.out);
    assert!(
        shown.out.contains("\n  Warning: TikTok has matched 2 users"),
        "{}",
        shown.out
    );
    let listed = lines(&folder.run(&["runs", "--output", "json"]));
    let statuses: Vec<_> = listed.iter().filter_map(|line| line["status"].as_str()).collect();
    assert_eq!(statuses, ["completed", "completed"]);
    let look = &listed.last().unwrap()["audience"];
    assert_eq!(
        (
            &look["audience_id"],
            &look["matched"],
            &look["match_percent"],
            &look["valid"]
        ),
        (&json!(id), &json!(2), &json!(100.0), &json!(false))
    );
    assert!(look["warning"].as_str().unwrap().contains("1000"));
    stand.stop();
}

#[test]
fn several_whole_audiences_at_once_are_wrong_usage() {
    for folder in [mirror(), by_files()] {
        let ran = folder.run(&["run", "vip.yaml", "a.csv", "a.csv"]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""));
        for words in [
            "expected one FILE, found 2",
            "only the people of the last one stayed",
            "put all people into one file",
            "not built yet",
        ] {
            assert!(ran.err.contains(words), "{words} in {}", ran.err);
        }
        assert!(!folder.path().join(".tideline").exists());
    }
}

#[test]
fn several_files_add_up_with_mode_add() {
    let folder = folder(
        spec("add", &["email"], "name: VIP, via: segment", ""),
        "id,email\n1,alice_abc@gmail.com\n",
    );
    folder.write("b.csv", "id,email\n2,janedoe@gmail.com\n");
    let stand = Stand::start();
    assert_eq!(
        ask(&folder, &stand, &["run", "vip.yaml", "a.csv", "b.csv"]).code,
        0
    );
    assert_eq!(held(&stand), emails(&[ALICE.to_owned(), JANE.to_owned()]));
    stand.stop();
}

#[test]
fn corrected_rows_only_add() {
    let (folder, stand) = (mirror(), Stand::start());
    folder.write("a.csv", "id,email\n1,alice_abc@gmail.com\n2,janedoe\n");
    let first = ask(&folder, &stand, &["run", "vip.yaml", "a.csv"]);
    assert_eq!(first.code, 3, "{first:?}");
    let run = first.json()["run"].as_str().unwrap().to_owned();
    folder.write("fixed.csv", "id,email\n2,janedoe@gmail.com\n");
    let fixed = ask(&folder, &stand, &["retry", &run, "--corrected", "fixed.csv"]);
    assert_eq!(fixed.code, 0, "{fixed:?}");
    let export = fixed.json()["export"].as_str().unwrap().to_owned();
    assert!(export.starts_with("models/vip/corrected/"), "{export}");
    assert_eq!(fixed.json()["counts"]["removed"], Value::Null);
    assert_eq!(held(&stand), emails(&[ALICE.to_owned(), JANE.to_owned()]));
    // The next whole export decides again who stays.
    folder.write("a.csv", "id,email\n2,janedoe@gmail.com\n");
    assert_eq!(ask(&folder, &stand, &["run", "vip.yaml", "a.csv"]).code, 0);
    assert_eq!(held(&stand), emails(&[JANE.to_owned()]));
    stand.stop();
}

#[test]
fn corrected_rows_add_to_an_audience_of_files() {
    let (folder, stand) = (by_files(), Stand::start());
    stand
        .state()
        .change_settings(json!({"second_upload": "accept"}))
        .unwrap();
    let first = ask(&folder, &stand, &["run", "vip.yaml", "a.csv"]).json();
    yesterday(&folder);
    folder.write("fixed.csv", "id,email\n2000,alice_abc@gmail.com\n");
    let fixed = ask(
        &folder,
        &stand,
        &[
            "retry",
            first["run"].as_str().unwrap(),
            "--corrected",
            "fixed.csv",
        ],
    );
    assert_eq!(fixed.code, 0, "{fixed:?}");
    assert_eq!(held(&stand)["EMAIL_SHA256"].len(), 1_001);
    stand.stop();
}

#[test]
fn an_audience_of_files_is_named_and_what_arrives_is_what_the_preview_shows() {
    let (folder, stand) = (by_files(), Stand::start());
    let shown = folder
        .run(&["preview", "vip.yaml", "a.csv", "--output", "json"])
        .json();
    let ran = ask(&folder, &stand, &["run", "vip.yaml", "a.csv"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(
        ran.json()["audience"]["id"],
        json!(stand.state().audiences()[0].audience_id)
    );
    let hashes: Vec<String> = (0..1_000).map(|n| sha256(&format!("p{n}@x.example"))).collect();
    assert_eq!(held(&stand), emails(&hashes));
    let text = hashes.join("\n") + "\n";
    let file = &shown["requests"][0]["body"]["file"];
    assert_eq!(
        (&file["sha256"], &file["lines"]),
        (&json!(sha256(&text)), &json!(1_000))
    );
    for (at, path) in [
        "/dmp/custom_audience/file/upload/",
        "/dmp/custom_audience/create/",
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(shown["requests"][at]["path"], format!("/open_api/v1.3{path}"));
        assert_eq!(stand.state().calls_to(path), 1);
    }
    stand.stop();
}

#[test]
fn too_few_people_for_a_file_are_told_with_their_number() {
    let (folder, stand) = (by_files(), Stand::start());
    folder.write("a.csv", rows(0..999));
    let ran = say(&folder, &stand, &["run", "vip.yaml", "a.csv", "--ignore-guards"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.starts_with("a.csv: stopped by a guard"), "{}", ran.out);
    assert!(
        ran.out.contains("the export has 999 different people"),
        "{}",
        ran.out
    );
    assert!(
        ran.out
            .contains("\n  Audience: VIP, not made yet, of the advertiser "),
        "{}",
        ran.out
    );
    assert_eq!(stand.state().calls_to("/dmp/custom_audience/file/upload/"), 0);
    stand.stop();
}

/// Sets back the day on which a folder's audience had its last file.
fn yesterday(folder: &Folder) {
    let path = ".tideline/state/vip/head.json";
    let mut head: Value = serde_json::from_str(&folder.read(path)).unwrap();
    head["upload_day"] = json!(head["upload_day"].as_i64().unwrap() - 1);
    folder.write(path, head.to_string());
}

#[test]
fn a_second_file_on_one_day_is_postponed_and_goes_on_the_next() {
    let (folder, stand) = (by_files(), Stand::start());
    assert_eq!(ask(&folder, &stand, &["run", "vip.yaml", "a.csv"]).code, 0);
    folder.write("a.csv", rows(500..1_600));
    let second = ask(&folder, &stand, &["run", "vip.yaml", "a.csv"]);
    assert_eq!(
        (second.code, &second.json()["status"]),
        (1, &json!("postponed")),
        "{second:?}"
    );
    folder.write("a.csv", rows(600..1_700));
    let third = say(&folder, &stand, &["run", "vip.yaml", "a.csv"]);
    assert_eq!(third.code, 1, "{third:?}");
    let way = format!(
        "on this machine by `tideline housekeeping --endpoint {}`, after midnight UTC",
        stand.url()
    );
    for words in ["a.csv: postponed (run ", "one file upload a day", &way] {
        assert!(third.out.contains(words), "{words} in {}", third.out);
    }
    let statuses = || -> Vec<String> {
        let listed = lines(&folder.run(&["runs", "--output", "json"]));
        let status = |line: &Value| line["status"].as_str().map(str::to_owned);
        listed.iter().filter_map(status).collect()
    };
    assert_eq!(statuses(), ["postponed", "postponed", "completed"]);
    assert_eq!(stand.state().calls_to("/dmp/custom_audience/file/upload/"), 1);
    // The next day: the newest goes, and no export is left lying.
    stand
        .state()
        .change_settings(json!({"second_upload": "accept"}))
        .unwrap();
    yesterday(&folder);
    assert_eq!(ask(&folder, &stand, &["housekeeping"]).code, 0);
    let mut statuses = statuses();
    statuses.sort_unstable();
    assert_eq!(statuses, ["completed", "completed", "superseded"]);
    let newest: Vec<String> = (600..1_700).map(|n| sha256(&format!("p{n}@x.example"))).collect();
    assert_eq!(held(&stand), emails(&newest));
    assert!(!folder.path().join(".tideline/models").exists());
    stand.stop();
}

#[test]
fn an_audience_that_gets_no_clear_answer_is_told_of_and_made_once() {
    let (folder, stand) = (mirror(), Stand::start());
    let down = json!([{"path": "/segment/audience/", "every": 1, "http": 500}]);
    stand.state().set_faults(down).unwrap();
    let ran = say(&folder, &stand, &["run", "vip.yaml", "a.csv"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.starts_with("a.csv: waiting (run "), "{}", ran.out);
    let way = format!(
        "): TikTok gives no clear answer about the audience: run this command again, or `tideline housekeeping --endpoint {}`",
        stand.url()
    );
    assert!(ran.out.contains(&way), "{}", ran.out);
    stand.state().set_faults(json!([])).unwrap();
    let again = ask(&folder, &stand, &["run", "vip.yaml", "a.csv"]);
    assert_eq!(
        (again.code, &again.json()["status"]),
        (0, &json!("completed")),
        "{again:?}"
    );
    assert_eq!(held(&stand)["EMAIL_SHA256"].len(), 3);
    stand.stop();
}

#[test]
fn a_token_that_tiktok_refuses_is_told() {
    let (folder, stand) = (mirror(), Stand::start());
    let run = ["run", "vip.yaml", "a.csv", "--endpoint", &stand.url()];
    let ran = folder.run_with(&run, Some("secret-token-1"));
    assert_eq!(ran.code, 1, "{ran:?}");
    let told = "): TikTok refuses the token of the destination acme: set another one in TIKTOK_ACCESS_TOKEN, then run this command again";
    assert!(ran.out.contains(told), "{}", ran.out);
    assert!(!format!("{ran:?}").contains("secret-token-1"));
    assert_eq!(ask(&folder, &stand, &["run", "vip.yaml", "a.csv"]).code, 0);
    stand.stop();
}

#[test]
fn a_spec_that_does_not_fit_what_was_fixed_is_told_with_the_way_out() {
    let (folder, stand) = (mirror(), Stand::start());
    assert_eq!(ask(&folder, &stand, &["run", "vip.yaml", "a.csv"]).code, 0);
    folder.write(
        "vip.yaml",
        spec("add", &["email"], "name: VIP buyers, via: segment", ""),
    );
    folder.write("a.csv", "id,email\n9,ann@x.example\n");
    let ran = say(&folder, &stand, &["run", "vip.yaml", "a.csv"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let way = format!("run `tideline resync vip --endpoint {}`", stand.url());
    assert!(ran.out.contains(&way), "{}", ran.out);
    assert_eq!(held(&stand)["EMAIL_SHA256"].len(), 3);
    stand.stop();
}

#[test]
fn an_audience_that_could_not_be_made_of_files_is_made_by_the_retry() {
    for code in [40002, 60001] {
        let (folder, stand) = (by_files(), Stand::start());
        let refuse = json!([{"path": "/dmp/custom_audience/create/", "every": 1, "code": code}]);
        stand.state().set_faults(refuse).unwrap();
        let ran = ask(&folder, &stand, &["run", "vip.yaml", "a.csv"]);
        assert_ne!(ran.code, 0, "{ran:?}");
        stand.state().set_faults(json!([])).unwrap();
        let run = ran.json()["run"].as_str().unwrap().to_owned();
        let again = ask(&folder, &stand, &["retry", &run]);
        assert_eq!(again.code, 0, "{again:?}");
        let held: usize = held(&stand).values().map(Vec::len).sum();
        assert_eq!(held, 1_000);
        stand.stop();
    }
}

#[test]
fn an_earlier_export_makes_the_audience_equal_to_itself_again() {
    let (folder, stand) = (mirror(), Stand::start());
    let (first, second) = (
        "id,email\n1,alice_abc@gmail.com\n",
        "id,email\n1,alice_abc@gmail.com\n2,janedoe@gmail.com\n",
    );
    for (csv, already) in [
        (first, false),
        (first, true),
        (second, false),
        (first, false),
        (first, true),
        (second, false),
    ] {
        folder.write("a.csv", csv);
        let ran = ask(&folder, &stand, &["run", "vip.yaml", "a.csv", "--ignore-guards"]);
        assert_eq!(
            (ran.code, &ran.json()["already"]),
            (0, &json!(already)),
            "{ran:?}"
        );
        let expected = [ALICE.to_owned(), JANE.to_owned()];
        assert_eq!(held(&stand), emails(&expected[..csv.lines().count() - 1]));
    }
    stand.stop();
}

#[test]
fn the_same_export_goes_again_under_a_changed_spec() {
    let (folder, stand) = (mirror(), Stand::start());
    folder.write("a.csv", "id,email\n1,jane+x@x.example\n");
    assert_eq!(ask(&folder, &stand, &["run", "vip.yaml", "a.csv"]).code, 0);
    assert_eq!(held(&stand), emails(&[sha256("jane+x@x.example")]));
    folder.write(
        "vip.yaml",
        spec(
            "mirror",
            &["email"],
            "name: VIP buyers, via: segment",
            "identity: {email_rule: no_plus}",
        ),
    );
    let ran = ask(&folder, &stand, &["run", "vip.yaml", "a.csv"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(held(&stand), emails(&[sha256("jane@x.example")]));
    stand.stop();
}

#[test]
fn nothing_is_made_for_an_export_that_is_stopped_before_it_begins() {
    let whose = "name: VIP buyers, via: segment";
    let least = spec("mirror", &["email"], whose, "").replace("min_rows: 0", "min_rows: 2");
    let guarded = folder(least, "id,email\n1,alice_abc@gmail.com\n");
    let lacking = folder(
        spec("mirror", &["email"], whose, ""),
        "id,mail\n1,alice_abc@gmail.com\n",
    );
    for folder in [guarded, lacking] {
        let stand = Stand::start();
        let ran = ask(&folder, &stand, &["run", "vip.yaml", "a.csv"]);
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(stand.state().audiences().is_empty(), "an audience was made");
        stand.stop();
    }
}

#[test]
fn an_upload_whose_files_are_deleted_is_refused_and_not_tried_for_ever() {
    let (folder, stand) = (by_files(), Stand::start());
    let refuse = json!([{"path": "/dmp/custom_audience/file/upload/", "every": 1, "code": 60001}]);
    stand.state().set_faults(refuse).unwrap();
    let ran = ask(&folder, &stand, &["run", "vip.yaml", "a.csv"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    stand.state().set_faults(json!([])).unwrap();
    let run = ran.json()["run"].as_str().unwrap().to_owned();
    std::fs::remove_dir_all(folder.path().join(".tideline/work/vip").join(&run)).unwrap();
    let again = say(&folder, &stand, &["retry", &run]);
    assert_eq!(again.code, 3, "{again:?}");
    assert!(again.out.contains("is gone: export again"), "{again:?}");
    stand.stop();
}

/// In a bucket an export belongs to every sync whose path holds it; on one machine a person names the sync.
#[test]
fn a_run_touches_the_sync_that_is_named_and_no_other() {
    let (folder, stand) = (Folder::new(), Stand::start());
    let url = stand.url();
    let run = |sync: &str, file: &str| {
        let spec = format!("{sync}.yaml");
        folder.run_with(
            &["run", &spec, file, "--endpoint", &url, "--output", "json"],
            Some("sandbox-token"),
        )
    };
    let rows = |range: std::ops::Range<u32>| -> String {
        let rows: Vec<_> = range.map(|n| format!("{n},p{n}@x.example\n")).collect();
        format!("id,email\n{}", rows.concat())
    };
    for (sync, mode) in [("a", "mirror"), ("b", "add")] {
        let whose = format!("name: {sync}, via: segment");
        folder.write(&format!("{sync}.yaml"), spec(mode, &["email"], &whose, ""));
    }
    folder.write("1.csv", rows(0..9));
    folder.write("2.csv", rows(5..12));
    assert_eq!(run("a", "1.csv").json()["status"], "completed");
    let second = run("b", "2.csv").json();
    assert_eq!(second["sums"]["accepted"], 7);
    let held: Vec<_> = stand
        .state()
        .audiences()
        .iter()
        .map(|held| held.ids.values().flatten().count())
        .collect();
    assert_eq!(held, [9, 7]);
    let found = folder.run(&["runs", "a", "--output", "json"]);
    assert_eq!(
        found
            .out
            .lines()
            .filter(|line| line.contains("\"counts\""))
            .count(),
        1,
        "{}",
        found.out
    );
    let own = run("a", "2.csv").json();
    assert_ne!(own["run"], second["run"]);
    assert_eq!(own["sums"]["deleted"], 5);
    stand.stop();
}

/// A newer export that sent nothing does not stand in the way, and neither does one that was applied since: what a
/// person asks for now is the newest.
#[test]
fn a_stopped_export_is_let_through_after_other_exports() {
    let (folder, stand) = (Folder::new(), Stand::start());
    let url = stand.url();
    let text = spec("mirror", &["email"], "name: g, via: segment", "");
    let guards = "guards: {min_rows: 2, max_removed_percent: 20, max_rejected_percent: 100}";
    folder.write(
        "g.yaml",
        text.replace(
            "guards: {min_rows: 0, max_removed_percent: 100, max_rejected_percent: 100}",
            guards,
        ),
    );
    let run = |file: &str, more: &[&str]| {
        let arguments = [
            &["run", "g.yaml", file, "--endpoint", &url, "--output", "json"],
            more,
        ]
        .concat();
        folder.run_with(&arguments, Some("sandbox-token")).json()["status"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    for (file, people) in [("1.csv", 20), ("2.csv", 5), ("3.csv", 0), ("4.csv", 19)] {
        let rows: Vec<_> = (0..people).map(|n| format!("{n},p{n}@x.example\n")).collect();
        folder.write(file, format!("id,email\n{}", rows.concat()));
    }
    assert_eq!(run("1.csv", &[]), "completed");
    assert_eq!(run("2.csv", &[]), "stopped_by_guard");
    assert_eq!(run("3.csv", &[]), "stopped_by_guard");
    assert_eq!(run("4.csv", &[]), "completed");
    assert_eq!(run("2.csv", &["--ignore-guards"]), "completed");
    let audiences = stand.state().audiences();
    assert_eq!(audiences[0].ids.values().flatten().count(), 5);
    stand.stop();
}
