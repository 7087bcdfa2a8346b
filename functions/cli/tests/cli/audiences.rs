//! Custom audiences from the command line: `preview`, Match Booster, and runs against a sandbox in this process.

mod booster;
mod preview;
mod runs;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::{Folder, Ran, Stand};

// Known right answers: TikTok's own samples, and those of its help page (reference, section 5).
/// ` ALICE_abc@gmail.com `
const ALICE: &str = "848a771458438fc2ec420560d769fb9b9b86851ee338ec56517baabd79d3bb4f";
/// `janedoe@gmail.com`
const JANE: &str = "d6117306485ed0e50afab3ac871e98f81699151f30281527d63ff5f233656c69";
/// `(+1)2133734253`
const PHONE: &str = "9f7ec22d72092cd3c0b58726ed9c2d91b92e51a3f29837508fb2948bb22dd2fd";
/// `5f3a2b18-9c4d-4e7f-b8e2-17d3a1e69b25`
const DEVICE: &str = "83dc3f5f32b9472613b0f038d36f22585a609d018af6f6067f50da318bf354bd";

const ADVERTISER: &str = "7100000000000000001";
const TOKEN: Option<&str> = Some("sandbox-token");

/// A spec with a column for each of these identifiers; `whose` is the rest of its audience, `rest` comes behind all.
fn spec(mode: &str, columns: &[&str], whose: &str, rest: &str) -> String {
    let mapping = |column: &&str| format!("  - {{from: {column}, to: {column}}}\n");
    let mappings: Vec<_> = columns.iter().map(mapping).collect();
    let mappings = mappings.concat();
    format!(
        "destination: acme\ntype: custom_audience\nmode: {mode}\nmodel: {{path: models/vip/, primary_key: id, run_on: each_file}}\naudience: {{advertiser_id: \"{ADVERTISER}\", {whose}}}\nmappings:\n{mappings}guards: {{min_rows: 0, max_removed_percent: 100, max_rejected_percent: 100}}\n{rest}"
    )
}

/// A preview as JSON.
fn preview(folder: &Folder) -> Ran {
    folder.run(&["preview", "vip.yaml", "a.csv", "--output", "json"])
}

/// The requests of a preview: their paths below the API, with their bodies.
fn requests(preview: &Value) -> Vec<(String, Value)> {
    let requests = preview["requests"].as_array().unwrap().iter();
    requests
        .map(|request| {
            assert_eq!(request["method"], "POST");
            let path = request["path"].as_str().unwrap();
            (
                path.strip_prefix("/open_api/v1.3").unwrap().to_owned(),
                request["body"].clone(),
            )
        })
        .collect()
}

/// The persons of a call, as the hashes at their places; empty where the place is.
fn persons(body: &Value) -> Vec<Vec<String>> {
    let person = |person: &Value| {
        let places = person.as_array().unwrap().iter();
        places
            .map(|place| match place.as_object().unwrap().len() {
                0 => String::new(),
                _ => place["id"].as_str().unwrap().to_owned(),
            })
            .collect()
    };
    body["batch_data"]
        .as_array()
        .unwrap()
        .iter()
        .map(person)
        .collect()
}

/// Runs a command against a sandbox, as JSON.
fn ask(folder: &Folder, stand: &Stand, arguments: &[&str]) -> Ran {
    let url = stand.url();
    folder.run_with(
        &[arguments, &["--endpoint", &url, "--output", "json"]].concat(),
        TOKEN,
    )
}

/// The same for people.
fn say(folder: &Folder, stand: &Stand, arguments: &[&str]) -> Ran {
    let url = stand.url();
    folder.run_with(&[arguments, &["--endpoint", &url]].concat(), TOKEN)
}

/// The lines of JSON that a command wrote.
fn lines(ran: &Ran) -> Vec<Value> {
    let line = |line: &str| serde_json::from_str(line).unwrap();
    ran.out.lines().map(line).collect()
}

/// What the sandbox's only audience holds.
fn held(stand: &Stand) -> BTreeMap<String, Vec<String>> {
    let audiences = stand.state().audiences();
    assert_eq!(audiences.len(), 1, "{audiences:?}");
    audiences.into_iter().next().unwrap().ids
}

/// An email's hash in a schema of its own.
fn emails(hashes: &[String]) -> BTreeMap<String, Vec<String>> {
    let mut hashes = hashes.to_vec();
    hashes.sort_unstable();
    BTreeMap::from([("EMAIL_SHA256".to_owned(), hashes)])
}

/// The sum of a preview.
fn counts(accepted: u64, rejected: u64) -> Value {
    json!({"queried": accepted + rejected, "accepted": accepted, "rejected": rejected, "expired": 0, "skipped": 0})
}

/// An export with these rows.
fn rows(range: std::ops::Range<u32>) -> String {
    let mut text = "id,email\n".to_owned();
    for n in range {
        let _ = writeln!(text, "{n},p{n}@x.example");
    }
    text
}
