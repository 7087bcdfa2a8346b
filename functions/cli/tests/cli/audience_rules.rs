//! The rules that TikTok and the service hold for audiences, each with the message that a person reads.

use serde_json::Value;

use crate::support::{Folder, Ran, Stand};

const TOKEN: Option<&str> = Some("sandbox-token");
const OTHER_ADVERTISER: &str = "7100000000000000002";

const SPEC: &str = "\
destination: acme
type: custom_audience
mode: add
model: {path: models/vip/, primary_key: id, run_on: each_file}
audience: {advertiser_id: \"7100000000000000001\", name: VIP, via: segment}
mappings:
  - {from: email, to: email}
guards: {max_removed_percent: 100}
";

struct Bench {
    folder: Folder,
    stand: Stand,
    files: u32,
}

impl Bench {
    fn new() -> Self {
        Self {
            folder: Folder::new(),
            stand: Stand::start(),
            files: 0,
        }
    }

    /// Runs an export of so many people, each time another file.
    fn run(&mut self, spec: &str, people: u32) -> Ran {
        self.files += 1;
        let rows: Vec<String> = (0..people).map(|n| format!("{n},p{n}@x.example\n")).collect();
        let rows = rows.concat();
        let seen = format!("seen-{},seen{}@x.example\n", self.files, self.files);
        self.folder.write("vip.yaml", spec);
        self.folder.write("a.csv", format!("id,email\n{rows}{seen}"));
        let url = self.stand.url();
        let arguments = ["run", "vip.yaml", "a.csv", "--endpoint", &url, "--output", "json"];
        self.folder.run_with(&arguments, TOKEN)
    }

    fn request(&self, arguments: &[&str]) -> Ran {
        let url = self.stand.url();
        let arguments = [arguments, &["--endpoint", &url]].concat();
        self.folder.run_with(&arguments, TOKEN)
    }

    fn mapping_calls(&self) -> u64 {
        self.stand.state().calls_to("/open_api/v1.3/segment/mapping/")
    }

    fn people(&self) -> usize {
        let audiences = self.stand.state().audiences();
        audiences
            .iter()
            .map(|audience| audience.ids.values().map(Vec::len).sum::<usize>())
            .sum()
    }
}

#[track_caller]
fn refused(ran: &Ran, status: &str, words: &[&str]) {
    let record = ran.json();
    assert_eq!(
        (ran.code, &record["status"]),
        (1, &Value::from(status)),
        "{record:#}"
    );
    let reason = record["reason"].as_str().unwrap();
    for words in words {
        assert!(reason.contains(words), "{words} is missing in: {reason}");
    }
}

#[test]
fn the_advertiser_account_is_fixed_after_the_first_run() {
    let mut bench = Bench::new();
    assert_eq!(bench.run(SPEC, 3).code, 0);
    let calls = bench.mapping_calls();
    let spec = SPEC.replace("7100000000000000001", OTHER_ADVERTISER);
    refused(
        &bench.run(&spec, 4),
        "misconfigured",
        &[
            "audience.advertiser_id is 7100000000000000002",
            "the first run of this sync locked 7100000000000000001",
            "make a new sync for the other account",
        ],
    );
    assert_eq!(bench.mapping_calls(), calls, "nothing is sent");
    // Set back, it goes on.
    assert_eq!(bench.run(SPEC, 5).code, 0);
    assert_eq!(bench.people(), 7);
}

#[test]
fn the_name_of_the_audience_is_fixed_after_the_first_run() {
    let mut bench = Bench::new();
    assert_eq!(bench.run(SPEC, 3).code, 0);
    refused(
        &bench.run(&SPEC.replace("name: VIP", "name: Others"), 4),
        "misconfigured",
        &[
            "audience.name is \"Others\"",
            "locked the audience \"VIP\" (id 160000001)",
            "make a new sync for the other audience",
        ],
    );
    assert_eq!(bench.stand.state().audiences().len(), 1);
}

#[test]
fn another_mode_needs_a_resync_and_then_the_old_snapshot_serves_the_removals() {
    let mut bench = Bench::new();
    assert_eq!(bench.run(SPEC, 10).code, 0);
    let mirror = SPEC.replace("mode: add", "mode: mirror");
    refused(
        &bench.run(&mirror, 4),
        "misconfigured",
        &[
            "mode is mirror",
            "earlier runs of this sync used add",
            "run `tideline resync vip --endpoint http://",
            "` and export again",
        ],
    );
    assert_eq!(bench.request(&["resync", "vip"]).code, 0);
    let ran = bench.run(&mirror, 4);
    assert_eq!(ran.code, 0, "{ran:?}");
    // Of the first export's 11 people 4 are left, beside the one that this export alone has.
    assert_eq!(bench.people(), 5);
    assert_eq!(ran.json()["counts"]["removed"], 7);
}

#[test]
fn another_way_needs_a_resync_and_then_another_audience() {
    let mut bench = Bench::new();
    assert_eq!(bench.run(SPEC, 1_100).code, 0);
    let files = SPEC
        .replace("mode: add", "mode: all")
        .replace("via: segment", "via: file_upload");
    refused(
        &bench.run(&files, 1_200),
        "misconfigured",
        &[
            "audience.via is file_upload",
            "earlier runs of this sync used segment",
            "resync vip",
        ],
    );
    assert_eq!(bench.request(&["resync", "vip"]).code, 0);
    let ran = bench.run(&files, 1_200);
    assert_eq!(ran.code, 0, "{ran:?}");
    let audiences = bench.stand.state().audiences();
    let sizes: Vec<usize> = audiences
        .iter()
        .map(|audience| audience.ids["EMAIL_SHA256"].len())
        .collect();
    assert_eq!(
        sizes,
        [1_101, 1_201],
        "the audience of the first way stays as it was"
    );
}

#[test]
fn fewer_than_a_thousand_people_stop_a_file_before_anything_is_sent() {
    let mut bench = Bench::new();
    let files = SPEC
        .replace("mode: add", "mode: all")
        .replace("via: segment", "via: file_upload");
    refused(
        &bench.run(&files, 998),
        "stopped_by_guard",
        &[
            "the export has 999 different people",
            "fewer than 1000",
            "nothing was sent",
        ],
    );
    assert!(bench.stand.state().audiences().is_empty());
    assert_eq!(bench.run(&files, 999).code, 0);
}

#[test]
fn an_audience_of_the_other_way_or_of_nobody_is_refused_before_the_first_mapping_call() {
    let mut bench = Bench::new();
    let files = SPEC
        .replace("mode: add", "mode: all")
        .replace("via: segment", "via: file_upload");
    assert_eq!(bench.run(&files, 1_000).code, 0);
    let id = bench.stand.state().audiences()[0].audience_id.clone();
    let by_id = |id: &str| {
        SPEC.replace("name: VIP", &format!("id: \"{id}\""))
            .replace("models/vip", "models/x")
    };
    let named = |spec: String| format!("name: other\n{spec}");
    refused(
        &bench.run(&named(by_id(&id)), 3),
        "misconfigured",
        &[
            "was made of uploaded files",
            "via: segment works only on audiences that the Segment API made",
        ],
    );
    refused(
        &bench.run(&named(by_id("16")), 3),
        "misconfigured",
        &["the advertiser account 7100000000000000001 has no audience 16"],
    );
    assert_eq!(bench.mapping_calls(), 0);
}

#[test]
fn an_export_that_would_empty_an_audience_is_stopped_and_can_be_let_through() {
    let mut bench = Bench::new();
    let mirror = SPEC
        .replace("mode: add", "mode: mirror")
        .replace("guards: {max_removed_percent: 100}\n", "");
    assert_eq!(bench.run(&mirror, 10).code, 0);
    let calls = bench.mapping_calls();
    let ran = bench.run(&mirror, 2);
    refused(
        &ran,
        "stopped_by_guard",
        &[
            "would remove 9 of 11 people (81.8 %)",
            "allows 20 %",
            "--ignore-guards",
        ],
    );
    assert_eq!(bench.mapping_calls(), calls, "not one call was made");
    let run = ran.json()["run"].as_str().unwrap().to_owned();
    let retried = bench.request(&["retry", &run, "--ignore-guards", "--output", "json"]);
    assert_eq!(retried.code, 0, "{retried:?}");
    assert_eq!(bench.people(), 3);
}
