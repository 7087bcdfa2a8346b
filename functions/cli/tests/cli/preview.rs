//! `preview`: the calls, value by value.

use serde_json::{Value, json};

use crate::support::{Folder, hours_ago, sha256, web_spec};

/// The hash of a German number, by hand: its E.164 form.
fn phone_hash(e164: &str) -> Value {
    json!([sha256(e164)])
}

fn mixed(folder: &Folder) -> (String, i64) {
    let (at, seconds) = hours_ago(5);
    let (old, _) = hours_ago(29 * 24);
    let hashed = sha256("someone").to_uppercase();
    let csv = format!(
        "id,event,at,email,phone,url,value\n\
         o-1,Purchase,{at}, Jane.Doe@Shop.Example ,030 1234567,https://shop.example/1,20.50\n\
         o-2,Purchase,{seconds},{hashed},,https://shop.example/2,5\n\
         o-1,Purchase,{at},joe@shop.example,,https://shop.example/3,5\n\
         o-3,purchase,{at},joe@shop.example,,https://shop.example/4,5\n\
         o-4,Purchase,{old},joe@shop.example,,https://shop.example/5,5\n\
         ,Purchase,{at},joe@shop.example,,https://shop.example/6,5\n\
         o-6,Purchase,{at},joe.shop.example,,https://shop.example/7,5\n\
         \n\
         o-7,Purchase,{at},\"joe@shop.example;ann@shop.example\",12,,\n\
         o-8,Purchase\n"
    );
    folder.write("a.csv", csv);
    folder.write("web.yaml", web_spec(""));
    (at, seconds)
}

#[test]
fn every_value_of_the_json_is_the_documented_one() {
    let folder = Folder::new();
    let (_, seconds) = mixed(&folder);
    let ran = folder.run(&["preview", "web.yaml", "a.csv", "--output", "json"]);
    let event = |id: &str, user: Value, rest: Value| {
        let mut event = json!({"event": "Purchase", "event_time": seconds, "event_id": id, "user": user});
        event
            .as_object_mut()
            .unwrap()
            .extend(rest.as_object().unwrap().clone());
        event
    };
    let body =
        |data: Value| json!({"event_source": "web", "event_source_id": "C4A1EXAMPLEPIXEL0001", "data": data});
    let request =
        |data: Value| json!({"method": "POST", "path": "/open_api/v1.3/event/track/", "body": body(data)});
    let problem = |record: u64,
                   line: u64,
                   key: Value,
                   field: Value,
                   column: Value,
                   code: &str,
                   message: &str| {
        json!({"record": record, "line": line, "primary_key": key, "field": field, "column": column, "code": code,
               "message": message})
    };
    let first = event(
        "o-1",
        json!({"email": [sha256("jane.doe@shop.example")], "phone": phone_hash("+49301234567")}),
        json!({"properties": {"value": 20.5, "currency": "EUR"}, "page": {"url": "https://shop.example/1"}}),
    );
    let second = event(
        "o-2",
        json!({"email": [sha256("someone")]}),
        json!({"properties": {"value": 5, "currency": "EUR"}, "page": {"url": "https://shop.example/2"}}),
    );
    let third = event(
        "o-7",
        json!({"email": [sha256("joe@shop.example"), sha256("ann@shop.example")]}),
        json!({"properties": {"currency": "EUR"}}),
    );
    let expected = json!({
        "requests": [request(json!([first, second])), request(json!([third]))],
        "rejected": [
            problem(3, 4, json!("o-1"), json!(null), json!(null), "duplicate_primary_key",
                "an earlier row of this export has the same primary key; the first one counts"),
            problem(4, 5, json!("o-3"), json!("event"), json!("event"), "invalid_event_name",
                "The letter case of event names counts; write Purchase"),
            problem(6, 7, json!(null), json!("primary_key"), json!("id"), "missing_primary_key",
                "The primary key is empty: fill the column, or name another one in model.primary_key"),
            problem(7, 8, json!("o-6"), json!("user.email"), json!("email"), "invalid_email",
                "This is no email address: it has no @"),
            problem(9, 11, json!(null), json!(null), json!(null), "ragged_row",
                "the row has 2 fields, the header 7: quote fields that hold the delimiter or a line end"),
        ],
        "warnings": [
            problem(8, 10, json!("o-7"), json!("user.phone"), json!("phone"), "invalid_phone",
                "The phone number lacks its area code; write it in full"),
            problem(8, 10, json!("o-7"), json!("page.url"), json!("url"), "missing_page_url",
                "A web event should name its page; map a column to page.url and fill it"),
        ],
        "counts": {"queried": 9, "accepted": 3, "rejected": 5, "expired": 1, "skipped": 0},
    });
    assert_eq!(ran.json(), expected);
    assert_eq!((ran.code, ran.err.as_str()), (3, ""));
}

#[test]
fn people_see_calls_tables_and_a_sum() {
    let folder = Folder::new();
    mixed(&folder);
    let ran = folder.run(&["preview", "web.yaml", "a.csv"]);
    assert_eq!(ran.code, 3);
    assert_eq!(
        ran.out
            .matches("POST /open_api/v1.3/event/track/\n{\n  \"event_source\": \"web\"")
            .count(),
        2
    );
    assert!(ran.out.contains("        \"value\": 20.50,\n"), "{}", ran.out);
    assert!(ran.out.contains("\nRejected rows\n"));
    // The counts come first, by code; then the rows, then the calls.
    let counts = "9 rows = 3 pass + 5 rejected + 1 expired; 2 API calls\n  Rejected: ";
    assert!(ran.out.starts_with(counts), "{}", ran.out);
    let places = [
        "invalid_email 1",
        "\nWarnings\n",
        "\nWhat passes makes 2 API calls:\n",
        "POST ",
    ]
    .map(|part| ran.out.find(part));
    assert!(
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{}",
        ran.out
    );
    assert!(!ran.out.contains("accepted"), "{}", ran.out);
    assert!(!ran.out.contains('\u{1b}'), "no colour without a terminal");
    // No raw identity is shown.
    for raw in ["joe", "Jane", "jane", "1234567"] {
        assert!(!ran.out.contains(raw), "{raw}");
    }
}

#[test]
fn a_limit_ends_the_look_and_fills_the_last_call_no_further() {
    let folder = Folder::new();
    mixed(&folder);
    let ran = folder.run(&["preview", "web.yaml", "a.csv", "--limit", "1", "--output", "json"]);
    assert_eq!(ran.code, 0);
    assert_eq!(
        ran.json()["counts"],
        json!({"queried": 1, "accepted": 1, "rejected": 0, "expired": 0, "skipped": 0})
    );
    assert_eq!(
        ran.json()["requests"][0]["body"]["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn expired_rows_alone_leave_the_exit_code_at_zero() {
    let folder = Folder::new();
    let (old, _) = hours_ago(29 * 24);
    folder.write("web.yaml", web_spec(""));
    folder.write(
        "a.csv",
        format!("id,event,at,email,phone,url,value\no-1,Purchase,{old},a@b.example,,,\n"),
    );
    let ran = folder.run(&["preview", "web.yaml", "a.csv", "--output", "json"]);
    let expected = json!({
        "requests": [], "rejected": [], "warnings": [],
        "counts": {"queried": 1, "accepted": 0, "rejected": 0, "expired": 1, "skipped": 0},
    });
    assert_eq!((ran.code, ran.json()), (0, expected));
}

#[test]
fn a_key_that_names_a_person_is_shown_as_its_digest() {
    let folder = Folder::new();
    let (at, _) = hours_ago(1);
    folder.write(
        "web.yaml",
        web_spec("").replace("primary_key: id", "primary_key: email"),
    );
    let row = format!("o-1,Purchase,{at},a@b.example,,https://b.example,1\n");
    folder.write("a.csv", format!("id,event,at,email,phone,url,value\n{row}{row}"));
    let shown = folder
        .run(&["preview", "web.yaml", "a.csv", "--output", "json"])
        .json();
    assert_eq!(shown["rejected"][0]["primary_key"], sha256("a@b.example"));
    assert_eq!(
        shown["requests"][0]["body"]["data"][0]["event_id"],
        sha256("a@b.example")
    );
}

#[test]
fn keys_of_several_columns_are_lists() {
    let folder = Folder::new();
    let (at, _) = hours_ago(1);
    folder.write(
        "web.yaml",
        web_spec("").replace("primary_key: id", "primary_key: [id, event]"),
    );
    let row = format!("o-1,Purchase,{at},a@b.example,,https://b.example,1\n");
    folder.write("a.csv", format!("id,event,at,email,phone,url,value\n{row}{row}"));
    let shown = folder
        .run(&["preview", "web.yaml", "a.csv", "--output", "json"])
        .json();
    assert_eq!(shown["rejected"][0]["primary_key"], json!(["o-1", "Purchase"]));
    assert_eq!(
        shown["requests"][0]["body"]["data"][0]["event_id"],
        sha256("[\"o-1\",\"Purchase\"]")
    );
}

#[test]
fn several_blocks_fill_calls_of_their_own() {
    let folder = Folder::new();
    let (at, _) = hours_ago(1);
    let blocks = "event:\n  - pixel_code: PIXEL1\n    name: {value: Purchase}\n    batch_size: 2\n  - pixel_code: PIXEL2\n    name: {value: Lead}\n    batch_size: 1\n";
    let spec = web_spec("").replace(
        "event:\n  pixel_code: C4A1EXAMPLEPIXEL0001\n  name: {from: event}\n  batch_size: 2\n",
        blocks,
    );
    folder.write("web.yaml", spec);
    let row = |n: u32| format!("o-{n},x,{at},a@b.example,,https://b.example,1\n");
    let rows: String = (0..3).map(row).collect();
    folder.write("a.csv", format!("id,event,at,email,phone,url,value\n{rows}"));
    let ran = folder.run(&["preview", "web.yaml", "a.csv", "--output", "json"]);
    let calls: Vec<(String, Vec<String>)> = ran.json()["requests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|request| {
            let ids = request["body"]["data"].as_array().unwrap().iter();
            let ids = ids
                .map(|event| event["event_id"].as_str().unwrap().to_owned())
                .collect();
            (
                request["body"]["event_source_id"].as_str().unwrap().to_owned(),
                ids,
            )
        })
        .collect();
    let call = |pixel: &str, ids: &[&str]| (pixel.to_owned(), ids.iter().map(ToString::to_string).collect());
    let expected = [
        call("PIXEL2", &["o-0"]),
        call("PIXEL1", &["o-0", "o-1"]),
        call("PIXEL2", &["o-1"]),
        call("PIXEL1", &["o-2"]),
        call("PIXEL2", &["o-2"]),
    ];
    assert_eq!(calls, expected);
    assert_eq!(ran.json()["counts"]["accepted"], 3);
}
