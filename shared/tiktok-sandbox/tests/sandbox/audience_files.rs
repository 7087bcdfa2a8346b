//! The customer file API: files, and the audiences made of them.

use reqwest::multipart::Form;
use serde_json::{Value, json};

use crate::{
    bench::{ADVERTISER, Bench, NOON, digests},
    uploads::{
        CREATE, UPDATE, change, create, create_by, creation, form, md5, send, upload, upload_as, upload_text,
    },
};

#[tokio::test]
async fn uploads_are_checked_in_every_respect() {
    let bench = Bench::start().await;
    let line = digests(1, 1).concat();
    for (name, content, signature, calculate_type, code) in [
        ("ids.csv", line.as_str(), md5(&line), "EMAIL_SHA256", 0),
        ("ids.txt", &line, md5(&line), "FIRST_SHA256", 0),
        ("ids.CSV", &line, md5(&line), "EMAIL_SHA256", 40908),
        ("ids.zip", &line, md5(&line), "EMAIL_SHA256", 40908),
        ("csv", &line, md5(&line), "EMAIL_SHA256", 40908),
        ("ids.csv", &line, md5("other"), "EMAIL_SHA256", 40900),
        ("ids.csv", &line, md5(&line).to_uppercase(), "EMAIL_SHA256", 40900),
        ("ids.csv", "", md5(""), "EMAIL_SHA256", 40906),
        ("ids.csv", &line, md5(&line), "AAID_SHA256", 40909),
        (
            "ids.csv",
            "ana@example.com",
            md5("ana@example.com"),
            "EMAIL_SHA256",
            40915,
        ),
    ] {
        let answer = upload_as(&bench, name, content, &signature, calculate_type).await;
        assert_eq!(answer["code"], code, "{name} {calculate_type} {answer}");
    }
    for (field, code) in [("name", 0), ("file_name", 0), ("filename", 40002)] {
        let whole = form(ADVERTISER, "ids.csv", &line, &md5(&line), "EMAIL_SHA256");
        let answer = send(&bench, whole.text(field, "ids.csv")).await;
        assert_eq!(answer["code"], code, "{field} {answer}");
    }
    let answer = send(&bench, Form::new().text("name", "ids.csv")).await;
    assert_eq!(
        answer["message"],
        "Missing required field(s): advertiser_id, file, file_signature, calculate_type."
    );
    assert_eq!(
        bench.code("/dmp/custom_audience/file/upload/", &json!({})).await,
        40002
    );
}

/// Makes an audience of a file with this first line, or none, and one digest; what the sandbox then holds.
async fn ids_of(bench: &Bench, calculate_type: &str, header: &str, digest: &str) -> Value {
    let content = format!("{header}{digest}\n");
    let path = upload_text(bench, &content, calculate_type).await;
    let mut body = creation(&[path]);
    body["calculate_type"] = json!(calculate_type.replace("MAID", "FIRST"));
    create_by(bench, &body).await;
    json!(bench.sandbox.state().audiences().pop().unwrap().ids)
}

#[tokio::test]
async fn every_type_of_file_has_its_kind_of_digest() {
    let bench = Bench::start().await;
    let (sha256, md5) = (digests(7, 1).concat(), "9e107d9d372bb6826bd81d3542a419d6");
    for (calculate_type, kind, digest) in [
        ("EMAIL_SHA256", "EMAIL_SHA256", sha256.as_str()),
        ("PHONE_SHA256", "PHONE_SHA256", &sha256),
        ("IDFA_SHA256", "IDFA_SHA256", &sha256),
        ("IDFA_MD5", "IDFA_MD5", md5),
        ("GAID_SHA256", "GAID_SHA256", &sha256),
        ("GAID_MD5", "GAID_MD5", md5),
        ("MAID_SHA256", "MAID_SHA256", &sha256),
        ("MAID_MD5", "MAID_MD5", md5),
        ("FIRST_SHA256", "MAID_SHA256", &sha256),
        ("FIRST_MD5", "MAID_MD5", md5),
    ] {
        for header in [String::new(), format!("{kind}\n")] {
            let ids = ids_of(&bench, calculate_type, &header, digest).await;
            assert_eq!(ids, json!({kind: [digest]}), "{calculate_type} {header:?}");
        }
        let ids = ids_of(&bench, "MULTIPLE_TYPES", &format!("{kind}\n"), digest).await;
        assert_eq!(ids, json!({kind: [digest]}), "a column {kind}");
        let other = if digest == md5 { sha256.as_str() } else { md5 };
        let answer = upload_as(&bench, "ids.csv", other, &self::md5(other), calculate_type).await;
        assert_eq!(answer["code"], 40915, "{calculate_type} of another length");
    }
}

#[tokio::test]
async fn the_columns_of_a_file_are_kept_by_their_kind() {
    let bench = Bench::start().await;
    let ids = digests(1, 9);
    let content = format!(
        "MAID,email_SHA256,Phone_SHA256,EMAIL_SHA256,maid_sha256,maid_md5\n\
         {},{},{},{},,\n,{},,{},{},\n{},,,,,9e107d9d372bb6826bd81d3542a419d6\n",
        ids[0], ids[1], ids[2], ids[3], ids[1], ids[4], ids[5], ids[0]
    );
    let path = upload_text(&bench, &content, "MULTIPLE_TYPES").await;
    let mut body = creation(&[path]);
    assert_eq!(
        bench.code(CREATE, &body).await,
        40002,
        "the file is of another type"
    );
    body["calculate_type"] = json!("MULTIPLE_TYPES");
    create_by(&bench, &body).await;
    let (_, audiences) = bench.control("GET", "/_sandbox/audiences", "").await;
    assert_eq!(
        audiences[0]["ids"],
        json!({
            "EMAIL_SHA256": [ids[1], ids[3], ids[4]],
            "PHONE_SHA256": [ids[2]],
            "MAID_SHA256": [ids[0], ids[5]],
            "MAID_MD5": ["9e107d9d372bb6826bd81d3542a419d6"],
        })
    );
}

#[tokio::test]
async fn a_file_over_50_mb_is_too_large() {
    let bench = Bench::start().await;
    let content = "a".repeat(50 * 1024 * 1024 + 1);
    assert_eq!(
        upload_as(&bench, "ids.csv", &content, &md5(&content), "EMAIL_SHA256").await["code"],
        40907
    );
}

#[tokio::test]
async fn an_audience_is_made_of_files_and_computed() {
    let bench = Bench::start().await;
    bench.set(json!({"clock": NOON, "processing_ms": 60_000}));
    let paths = [upload(&bench, 0, 600).await, upload(&bench, 500, 500).await];
    let answer = bench.post(CREATE, &creation(&paths)).await;
    let id = answer["data"]["custom_audience_id"].as_str().unwrap();
    let listed = async || {
        bench
            .get("/dmp/custom_audience/list/", &[("advertiser_id", ADVERTISER)])
            .await
    };
    let shown = listed().await;
    let audience = &shown["data"]["list"][0];
    assert_eq!(
        (&audience["audience_id"], &audience["name"]),
        (&json!(id), &json!("VIP"))
    );
    assert_eq!(
        (&audience["is_valid"], &audience["cover_num"], &audience["msg"]),
        (&json!(false), &json!(0), &json!("Processing"))
    );
    let update = change(id, "REPLACE", &paths);
    let refused = bench.post(UPDATE, &update).await;
    assert_eq!(refused["code"], 40002);
    assert_eq!(
        refused["message"],
        "Audience is not editable, please check audience status"
    );
    bench.set(json!({"advance_seconds": 60}));
    let shown = listed().await;
    let audience = &shown["data"]["list"][0];
    assert_eq!(
        (&audience["is_valid"], &audience["cover_num"], &audience["msg"]),
        (&json!(true), &json!(1000), &json!("Ready"))
    );
    assert_eq!(
        (&audience["create_time"], &audience["expired_time"]),
        (&json!("2026-08-01 12:00:00"), &json!("2027-08-01 12:00:00"))
    );
}

#[tokio::test]
async fn one_file_a_day_replaces_adds_or_removes() {
    let bench = Bench::start().await;
    bench.set(json!({"clock": NOON}));
    let id = create(&bench, 1500).await;
    let files = [upload(&bench, 0, 1100).await];
    let first = bench.post(UPDATE, &change(&id, "REPLACE", &files)).await;
    assert_eq!(first["code"], 40002, "the creation was this day's file: {first}");
    let count = || {
        bench.sandbox.state().audiences()[0]
            .ids
            .get("EMAIL_SHA256")
            .map_or(0, Vec::len)
    };
    for (action, from, ids, code, left) in [
        ("REMOVE", 0, 500, 0, 1000),
        ("APPEND", 0, 100, 0, 1100),
        ("REMOVE", 500, 101, 40002, 1100),
        ("REPLACE", 0, 999, 40002, 1100),
        ("REPLACE", 0, 2000, 0, 2000),
    ] {
        bench.set(json!({"advance_seconds": 86_400}));
        let files = [upload(&bench, from, ids).await];
        assert_eq!(
            bench.code(UPDATE, &change(&id, action, &files)).await,
            code,
            "{action} {ids}"
        );
        assert_eq!(count(), left, "{action} {ids}");
    }
    let files = [upload(&bench, 0, 1200).await];
    assert_eq!(bench.code(UPDATE, &change(&id, "REPLACE", &files)).await, 40002);
    bench.set(json!({"second_upload": "accept"}));
    assert_eq!(bench.code(UPDATE, &change(&id, "REPLACE", &files)).await, 0);
    assert_eq!(count(), 1200);
}

#[tokio::test]
async fn a_day_ends_at_midnight_utc() {
    let bench = Bench::start().await;
    bench.set(json!({"clock": NOON}));
    let id = create(&bench, 1000).await;
    let other = create(&bench, 1000).await;
    let files = [upload(&bench, 0, 2000).await];
    let update = change(&id, "REPLACE", &files);
    bench.set(json!({"advance_seconds": 12 * 3600 - 1}));
    assert_eq!(
        bench.post(UPDATE, &update).await["message"],
        "An audience takes one file upload a day. Please try again tomorrow (UTC)."
    );
    let mut renamed = update.clone();
    renamed["custom_audience_name"] = json!("Gold");
    assert_eq!(bench.code(UPDATE, &renamed).await, 40002);
    assert_eq!(
        bench.sandbox.state().audiences()[0].name,
        "VIP",
        "all of it or nothing"
    );
    bench.set(json!({"advance_seconds": 1}));
    assert_eq!(bench.code(UPDATE, &update).await, 0);
    assert_eq!(bench.code(UPDATE, &update).await, 40002);
    let other = change(&other, "REPLACE", &files);
    assert_eq!(
        bench.code(UPDATE, &other).await,
        0,
        "another audience has its own day"
    );
}

#[tokio::test]
async fn an_update_by_file_computes_again_and_an_empty_audience_takes_none() {
    let bench = Bench::start().await;
    bench.set(json!({"clock": NOON, "second_upload": "accept"}));
    let id = create(&bench, 1000).await;
    bench.set(json!({"processing_ms": 60_000}));
    let files = [upload(&bench, 0, 2000).await];
    let update = change(&id, "REPLACE", &files);
    assert_eq!(bench.code(UPDATE, &update).await, 0);
    assert!(!bench.sandbox.state().audiences()[0].is_valid);
    let rename = |id: &str| json!({"advertiser_id": ADVERTISER, "custom_audience_id": id, "custom_audience_name": "Gold"});
    let words = "Audience is not editable, please check audience status";
    for body in [&update, &rename(&id)] {
        assert_eq!(bench.post(UPDATE, body).await["message"], words);
    }
    bench.set(json!({"advance_seconds": 59}));
    assert_eq!(bench.code(UPDATE, &update).await, 40002);
    bench.set(json!({"advance_seconds": 1}));
    assert!(bench.sandbox.state().audiences()[0].is_valid);
    assert_eq!(bench.code(UPDATE, &rename(&id)).await, 0);
    assert!(
        bench.sandbox.state().audiences()[0].is_valid,
        "a new name computes nothing"
    );

    bench.set(json!({"processing_ms": 0}));
    let header = upload_text(&bench, "EMAIL_SHA256\n", "EMAIL_SHA256").await;
    let empty = create_by(&bench, &creation(&[header])).await;
    assert_eq!(
        bench.post(UPDATE, &change(&empty, "APPEND", &files)).await["message"],
        words
    );
}

#[tokio::test]
async fn a_change_of_the_sub_type_goes_one_way_and_alone() {
    let bench = Bench::start().await;
    bench.set(json!({"clock": NOON, "second_upload": "accept"}));
    let id = create(&bench, 1000).await;
    let files = [upload(&bench, 0, 2000).await];
    let mut body = change(&id, "REPLACE", &files);
    body["custom_audience_name"] = json!("Gold");
    body["audience_sub_type"] = json!("REACH_FREQUENCY");
    assert_eq!(bench.code(UPDATE, &body).await, 0);
    let shown = async || {
        let query = [("advertiser_id", ADVERTISER)];
        let answer = bench.get("/dmp/custom_audience/list/", &query).await;
        let audience = &answer["data"]["list"][0];
        json!([
            audience["audience_sub_type"],
            audience["name"],
            audience["cover_num"]
        ])
    };
    assert_eq!(shown().await, json!(["REACH_FREQUENCY", "VIP", 1000]));
    assert_eq!(bench.code(UPDATE, &body).await, 0);
    assert_eq!(shown().await, json!(["REACH_FREQUENCY", "Gold", 2000]));
    body["audience_sub_type"] = json!("NORMAL");
    assert_eq!(bench.code(UPDATE, &body).await, 40002);
}

#[tokio::test]
async fn files_and_audiences_must_fit() {
    let bench = Bench::start().await;
    bench.set(json!({"clock": NOON, "second_upload": "accept"}));
    let id = create(&bench, 1000).await;
    let path = upload(&bench, 0, 1000).await;
    let phones = digests(0, 1000).join("\n");
    let phones = upload_as(&bench, "p.csv", &phones, &md5(&phones), "PHONE_SHA256").await;
    let phones = phones["data"]["file_path"].as_str().unwrap().to_owned();
    let other = json!({"advertiser_id": "7100000000000000002", "custom_audience_id": id, "custom_audience_name": "x"});
    for (body, code) in [
        (change(&id, "REPLACE", &["nowhere".to_owned()]), 40905),
        (change(&id, "REPLACE", &[phones]), 40002),
        (change("160000009", "REPLACE", std::slice::from_ref(&path)), 40007),
        (change(&id, "SWAP", std::slice::from_ref(&path)), 40002),
        (
            json!({"advertiser_id": ADVERTISER, "custom_audience_id": id}),
            40002,
        ),
        (other, 40001),
    ] {
        assert_eq!(bench.code(UPDATE, &body).await, code, "{body}");
    }
    let renamed =
        json!({"advertiser_id": ADVERTISER, "custom_audience_id": id, "custom_audience_name": "Gold"});
    assert_eq!(bench.code(UPDATE, &renamed).await, 0);
    assert_eq!(bench.sandbox.state().audiences()[0].name, "Gold");
    for (name, value) in [
        ("custom_audience_name", json!("x".repeat(129))),
        ("calculate_type", json!("MAID_SHA256")),
        ("retention_in_days", json!(0)),
        ("retention_in_days", json!(366)),
        ("audience_sub_type", json!("OTHER")),
        ("audience_enhancement", json!("yes")),
        ("file_paths", json!([])),
        ("file_paths", json!(vec![&path; 501])),
        ("is_lookalike", json!(false)),
    ] {
        let mut body = creation(std::slice::from_ref(&path));
        body[name] = value;
        assert_eq!(bench.code(CREATE, &body).await, 40002, "{body}");
    }
    assert_eq!(bench.code(CREATE, &creation(&vec![path.clone(); 500])).await, 0);
    let many = change(&id, "REPLACE", &vec![path.clone(); 501]);
    assert_eq!(bench.code(UPDATE, &many).await, 40002);
    bench.set(json!({"advance_seconds": 86_400}));
    assert_eq!(bench.code(UPDATE, &change(&id, "REPLACE", &[path])).await, 40910);
}
