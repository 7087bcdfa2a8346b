//! A folder of an earlier version, taken over by this one: nothing is sent again, and what was left is sent.
//! `tests/fixtures/recorded/README.md` says how it was made.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Folder, Ran, Stand};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

struct Bench {
    folder: Folder,
    stand: Stand,
}

impl Bench {
    fn new() -> Self {
        let folder = Folder::new();
        let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/recorded/folder");
        copy(&recorded, folder.path());
        Self {
            folder,
            stand: Stand::start(),
        }
    }

    fn ask(&self, arguments: &[&str]) -> Ran {
        let url = self.stand.url();
        let all = [arguments, &["--store", "store", "--endpoint", &url]].concat();
        self.folder.run_with(&all, Some("sandbox-token"))
    }

    fn run(&self, sync: &str, file: &str) -> Ran {
        self.ask(&["run", &format!("{sync}.yaml"), file, "--output", "json"])
    }

    fn calls(&self) -> u64 {
        let calls = self.stand.state().calls();
        calls.values().flat_map(|codes| codes.values()).sum()
    }

    fn ids(&self) -> BTreeSet<String> {
        let events = self.stand.state().events();
        events
            .into_iter()
            .filter_map(|event| event.event_id.map(String::from))
            .collect()
    }
}

/// Whether the run with this id goes on from what an older version left.
fn sums(ran: &Ran) -> Value {
    ran.json()["sums"].clone()
}

#[test]
fn what_was_sent_is_not_sent_again() {
    let bench = Bench::new();
    let first = bench.run("web", "web-2.csv");
    let said = format!("from now on it belongs to the sandbox at {}", bench.stand.url());
    assert!(first.err.contains(&said), "{first:?}");
    for (sync, file, code) in [
        ("web", "web-1.csv", 3),
        ("web", "web-2.csv", 0),
        ("add", "add.csv", 0),
        ("mirror", "mirror-2.csv", 0),
        ("all", "all.csv", 0),
    ] {
        let again = bench.run(sync, file);
        assert_eq!(
            (again.code, &again.json()["already"]),
            (code, &json!(true)),
            "{sync}: {again:?}"
        );
    }
    assert_eq!(bench.calls(), 0);
    // The same rows in another file are known too.
    for (sync, name, from) in [("web", "copy.csv", "web-2.csv"), ("add", "copy.csv", "add.csv")] {
        let text = bench.folder.read(from);
        bench.folder.write(name, format!("{text}\n"));
        let again = bench.run(sync, name);
        assert_eq!(again.json()["counts"]["to_send"], json!(0), "{sync}: {again:?}");
    }
    let to_send =
        bench.stand.state().calls_to("/event/track/") + bench.stand.state().calls_to("/segment/mapping/");
    assert_eq!(to_send, 0);
    // Of another endpoint it takes nothing from now on.
    let other = Stand::start();
    let run = [
        "run",
        "web.yaml",
        "web-1.csv",
        "--store",
        "store",
        "--endpoint",
        &other.url(),
    ];
    assert_eq!(bench.folder.run_with(&run, Some("sandbox-token")).code, 2);
}

#[test]
fn what_was_left_over_is_sent_and_nothing_else() {
    let bench = Bench::new();
    let again = bench.run("left", "left.csv");
    assert_eq!(
        (again.code, &sums(&again)["accepted"]),
        (0, &json!(30)),
        "{again:?}"
    );
    assert_eq!(bench.ids(), (0..30).map(|n| format!("o-{n}")).collect());
    assert_eq!(bench.run("left", "left.csv").json()["already"], json!(true));
    // By a retry too.
    let bench = Bench::new();
    let retried = bench.ask(&["retry", "left", "--output", "json"]);
    assert_eq!(
        (retried.code, &sums(&retried)["accepted"]),
        (0, &json!(30)),
        "{retried:?}"
    );
    assert!(retried.err.contains("Spec: the folder's copy, "), "{retried:?}");
    let nothing = bench.ask(&["retry", "left"]);
    assert!(
        nothing.code == 0 && nothing.out.starts_with("Nothing to do: "),
        "{nothing:?}"
    );
}

#[test]
fn a_run_that_an_older_version_was_killed_in_goes_on_with_what_was_not_answered() {
    let bench = Bench::new();
    let listed = bench.folder.run(&["runs", "cut", "--store", "store"]);
    assert!(listed.out.contains("interrupted"), "{listed:?}");
    assert!(
        listed.out.contains("of 200 rows in its batches 49 were accepted"),
        "{listed:?}"
    );
    let again = bench.run("cut", "cut.csv");
    assert_eq!(
        (again.code, &again.json()["status"]),
        (0, &json!("completed")),
        "{again:?}"
    );
    let calls = bench.stand.state().calls_to("/event/track/");
    assert_eq!(
        (bench.ids().len(), calls),
        (151, 151),
        "49 rows were answered before"
    );
    assert_eq!(bench.run("cut", "cut.csv").json()["already"], json!(true));
}

#[test]
fn a_file_of_a_test_goes_live_and_the_page_of_a_run_is_brought_up_to_date() {
    let bench = Bench::new();
    let text = bench.folder.read("test.yaml");
    bench
        .folder
        .write("test.yaml", text.replace("  test_event_code: TEST12345\n", ""));
    let live = bench.run("test", "test.csv");
    assert_eq!((live.code, &sums(&live)["accepted"]), (0, &json!(12)), "{live:?}");
    assert!(bench.stand.state().events().iter().all(|event| !event.test));
    // Another file's run under the test code left no mark: its rows were never live.
    assert_eq!(bench.ids().len(), 12);
}
