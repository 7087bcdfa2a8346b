//! The customer file API: files, the audiences made of them, and their lists.

use std::fmt::Write as _;

use md5::{Digest as _, Md5};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tiktok_sandbox::TOKEN;

use crate::bench::{ADVERTISER, Bench, NOON, digests};

const CREATE: &str = "/dmp/custom_audience/create/";
const UPDATE: &str = "/dmp/custom_audience/update/";

fn md5(content: &str) -> String {
    Md5::digest(content).iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

async fn upload_as(bench: &Bench, name: &str, content: &str, signature: &str, calculate_type: &str) -> Value {
    let form = Form::new()
        .text("advertiser_id", ADVERTISER)
        .text("file_signature", signature.to_owned())
        .text("calculate_type", calculate_type.to_owned())
        .part(
            "file",
            Part::bytes(content.as_bytes().to_vec()).file_name(name.to_owned()),
        );
    let request = bench
        .http
        .post(bench.url("/dmp/custom_audience/file/upload/"))
        .header("Access-Token", TOKEN);
    request
        .multipart(form)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap()
}

async fn upload(bench: &Bench, from: usize, count: usize) -> String {
    let content = digests(from, count).join("\n");
    let answer = upload_as(bench, "ids.csv", &content, &md5(&content), "EMAIL_SHA256").await;
    answer["data"]["file_path"].as_str().unwrap().to_owned()
}

fn creation(paths: &[String]) -> Value {
    json!({"advertiser_id": ADVERTISER, "custom_audience_name": "VIP", "file_paths": paths, "calculate_type": "EMAIL_SHA256"})
}

fn change(id: &str, action: &str, paths: &[String]) -> Value {
    json!({"advertiser_id": ADVERTISER, "custom_audience_id": id, "action": action, "file_paths": paths})
}

async fn create(bench: &Bench, ids: usize) -> String {
    let path = upload(bench, 0, ids).await;
    let answer = bench.post(CREATE, &creation(&[path])).await;
    answer["data"]["custom_audience_id"].as_str().unwrap().to_owned()
}

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
    let empty = bench
        .http
        .post(bench.url("/dmp/custom_audience/file/upload/"))
        .header("Access-Token", TOKEN);
    let answer: Value = empty
        .multipart(Form::new().text("x", "y"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(
        answer["message"],
        "Missing required field(s): advertiser_id, file, file_signature, calculate_type."
    );
    assert_eq!(
        bench.code("/dmp/custom_audience/file/upload/", &json!({})).await,
        40002
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
        ("retention_in_days", json!(366)),
        ("audience_sub_type", json!("OTHER")),
        ("audience_enhancement", json!("yes")),
        ("file_paths", json!([])),
    ] {
        let mut body = creation(std::slice::from_ref(&path));
        body[name] = value;
        assert_eq!(bench.code(CREATE, &body).await, 40002, "{body}");
    }
    bench.set(json!({"advance_seconds": 86_400}));
    assert_eq!(bench.code(UPDATE, &change(&id, "REPLACE", &[path])).await, 40910);
}

#[tokio::test]
async fn the_two_kinds_of_audience_do_not_mix() {
    let bench = Bench::start().await;
    let file = create(&bench, 1000).await;
    let body = json!({"advertiser_id": ADVERTISER, "custom_audience_name": "S"});
    let segment = bench.post("/segment/audience/", &body).await["data"]["audience_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let digest = digests(0, 1).concat();
    let mapping = json!({"advertiser_ids": [ADVERTISER], "id_schema": ["EMAIL_SHA256"], "batch_data": [[{"id": digest, "audience_ids": [file]}]]});
    assert_eq!(bench.code("/segment/mapping/", &mapping).await, 40002);
    let path = upload(&bench, 0, 1000).await;
    assert_eq!(
        bench.code(UPDATE, &change(&segment, "REPLACE", &[path])).await,
        40002
    );
    let delete = json!({"advertiser_id": ADVERTISER, "action": "delete", "delete_audience_id": file});
    assert_eq!(bench.code("/segment/audience/", &delete).await, 40002);
}

#[tokio::test]
async fn lists_have_pages_and_details_have_history() {
    let bench = Bench::start().await;
    for n in 0..12 {
        let body = json!({"advertiser_id": ADVERTISER, "custom_audience_name": n.to_string()});
        bench.post("/segment/audience/", &body).await;
    }
    let list = async |query: &[(&str, &str)]| bench.get("/dmp/custom_audience/list/", query).await;
    let owner = ("advertiser_id", ADVERTISER);
    let second = list(&[owner, ("page", "2")]).await;
    assert_eq!(second["data"]["list"].as_array().unwrap().len(), 2);
    assert_eq!(
        second["data"]["page_info"],
        json!({"page": 2, "page_size": 10, "total_number": 12, "total_page": 2})
    );
    let some = list(&[owner, ("custom_audience_ids", r#"["160000003","1"]"#)]).await;
    assert_eq!(some["data"]["list"][0]["name"], "2");
    assert_eq!(some["data"]["page_info"]["total_number"], 1);
    for bad in [
        ("page_size", "101"),
        ("page", "0"),
        ("page", "x"),
        ("custom_audience_ids", "160000003"),
        ("custom_audience_ids", "[]"),
    ] {
        assert_eq!(list(&[owner, bad]).await["code"], 40002, "{bad:?}");
    }
    assert_eq!(
        list(&[]).await["message"],
        "Missing required field(s): advertiser_id."
    );
    assert_eq!(
        list(&[("advertiser_id", "7100000000000000002")]).await["data"]["list"],
        json!([])
    );

    let ids = ("custom_audience_ids", r#"["160000003"]"#);
    let apply = json!({"advertiser_id": ADVERTISER, "custom_audience_id": "160000003", "adgroup_ids": ["1"], "action_mode": "Apply", "usage_mode": "Include"});
    assert_eq!(bench.code("/dmp/custom_audience/apply/", &apply).await, 0);
    let got = bench.get("/dmp/custom_audience/get/", &[owner, ids]).await;
    assert_eq!(got["data"]["list"][0]["audience_details"]["type"], "Partner");
    assert_eq!(got["data"]["list"][0]["audience_history"][0]["action"], "APPLY");
    assert_eq!(got["data"]["list"][0]["audience_history"][1]["action"], "CREATE");
    assert_eq!(
        bench.get("/dmp/custom_audience/get/", &[owner]).await["code"],
        40002
    );
}

#[tokio::test]
async fn apply_and_delete_are_checked() {
    let bench = Bench::start().await;
    let id = create(&bench, 1000).await;
    let apply = |mode: &str, usage: Option<&str>| {
        let mut body = json!({"advertiser_id": ADVERTISER, "custom_audience_id": id, "adgroup_ids": ["1"], "action_mode": mode});
        if let Some(usage) = usage {
            body["usage_mode"] = json!(usage);
        }
        body
    };
    for (body, code) in [
        (apply("Apply", None), 40002),
        (apply("Apply", Some("Maybe")), 40002),
        (apply("Attach", Some("Include")), 40002),
        (apply("Disconnect", None), 0),
    ] {
        assert_eq!(
            bench.code("/dmp/custom_audience/apply/", &body).await,
            code,
            "{body}"
        );
    }
    let delete = |ids: &[&str]| json!({"advertiser_id": ADVERTISER, "custom_audience_ids": ids});
    assert_eq!(
        bench
            .code("/dmp/custom_audience/delete/", &delete(&[&id, "1"]))
            .await,
        40007
    );
    assert_eq!(bench.sandbox.state().audiences().len(), 1);
    assert_eq!(
        bench.code("/dmp/custom_audience/delete/", &delete(&[&id])).await,
        0
    );
    assert!(bench.sandbox.state().audiences().is_empty());
}
