//! What lists and details say about audiences: how many users, valid or not, until when.

use serde_json::{Value, json};

use crate::{
    bench::{ADVERTISER, Bench, NOON, digests},
    uploads::{UPDATE, change, create, create_by, creation, upload, upload_text},
};

const LIST: &str = "/dmp/custom_audience/list/";
const GET: &str = "/dmp/custom_audience/get/";
const APPLY: &str = "/dmp/custom_audience/apply/";
const OWNER: (&str, &str) = ("advertiser_id", ADVERTISER);
const DAY: i64 = 86_400;

/// The only audience, as the list shows it.
async fn listed(bench: &Bench) -> Value {
    bench.get(LIST, &[OWNER]).await["data"]["list"][0].clone()
}

/// The audience of this id with its history.
async fn got(bench: &Bench, id: &str) -> Value {
    let ids = json!([id]).to_string();
    let answer = bench.get(GET, &[OWNER, ("custom_audience_ids", &ids)]).await;
    answer["data"]["list"][0].clone()
}

async fn apply(bench: &Bench, id: &str, mode: &str) -> u64 {
    let mut body = json!({"advertiser_id": ADVERTISER, "custom_audience_id": id, "adgroup_ids": ["1", "2"], "action_mode": mode});
    if mode == "Apply" {
        body["usage_mode"] = json!("Include");
    }
    bench.code(APPLY, &body).await
}

#[tokio::test]
async fn lists_have_pages() {
    let bench = Bench::start().await;
    for n in 0..12 {
        let body = json!({"advertiser_id": ADVERTISER, "custom_audience_name": n.to_string()});
        bench.post("/segment/audience/", &body).await;
    }
    let list = async |query: &[(&str, &str)]| bench.get(LIST, query).await;
    let owner = ("advertiser_id", ADVERTISER);
    let second = list(&[owner, ("page", "2")]).await;
    assert_eq!(second["data"]["list"].as_array().unwrap().len(), 2);
    assert_eq!(
        second["data"]["page_info"],
        json!({"page": 2, "page_size": 10, "total_number": 12, "total_page": 2})
    );
    let beyond = list(&[owner, ("page", "3")]).await;
    assert_eq!(
        (&beyond["data"]["list"], &beyond["data"]["page_info"]["page"]),
        (&json!([]), &json!(3))
    );
    let three = list(&[owner, ("page", "2"), ("page_size", "5")]).await;
    let names: Vec<&Value> = three["data"]["list"]
        .as_array()
        .unwrap()
        .iter()
        .map(|audience| &audience["name"])
        .collect();
    assert_eq!(names, ["5", "6", "7", "8", "9"]);
    let hundred_and_one = json!(vec!["1"; 101]).to_string();
    for bad in [
        ("custom_audience_ids", hundred_and_one.as_str()),
        ("page_size", "0"),
        ("page_size", "101"),
        ("page", "0"),
        ("page", "x"),
        ("custom_audience_ids", "160000003"),
        ("custom_audience_ids", "[]"),
        ("custom_audience_ids", "[160000003]"),
        ("custom_audience_id", r#"["160000003"]"#),
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
}

#[tokio::test]
async fn a_list_leaves_out_ids_that_are_unknown_or_of_another_advertiser() {
    let bench = Bench::start().await;
    for (advertiser, name) in [
        (ADVERTISER, "mine"),
        ("7100000000000000002", "theirs"),
        (ADVERTISER, "also mine"),
    ] {
        let body = json!({"advertiser_id": advertiser, "custom_audience_name": name});
        assert_eq!(bench.code("/segment/audience/", &body).await, 0);
    }
    let asked = async |ids: Value, more: &[(&str, &str)]| {
        let ids = ids.to_string();
        let query = [&[OWNER, ("custom_audience_ids", ids.as_str())], more].concat();
        let answer = bench.get(LIST, &query).await;
        assert_eq!(answer["code"], 0, "{answer}");
        let list = answer["data"]["list"].as_array().unwrap();
        let names: Vec<String> = list
            .iter()
            .map(|audience| audience["name"].as_str().unwrap().to_owned())
            .collect();
        (names, answer["data"]["page_info"].clone())
    };
    let (names, pages) = asked(json!(["1", "160000003", "160000002", "160000001"]), &[]).await;
    assert_eq!(names, ["mine", "also mine"]);
    assert_eq!(
        pages,
        json!({"page": 1, "page_size": 10, "total_number": 2, "total_page": 1})
    );
    let (names, pages) = asked(
        json!(["1", "160000003", "160000002", "160000001"]),
        &[("page", "2"), ("page_size", "1")],
    )
    .await;
    assert_eq!(names, ["also mine"]);
    assert_eq!(
        pages,
        json!({"page": 2, "page_size": 1, "total_number": 2, "total_page": 2})
    );
    let (names, pages) = asked(json!(["1", "160000002"]), &[]).await;
    assert_eq!(names, Vec::<String>::new());
    assert_eq!(
        pages,
        json!({"page": 1, "page_size": 10, "total_number": 0, "total_page": 0})
    );
}

#[tokio::test]
async fn details_come_with_the_latest_history_first() {
    let bench = Bench::start().await;
    bench.set(json!({"clock": NOON}));
    let path = upload(&bench, 0, 1000).await;
    let mut body = creation(&[path]);
    body["audience_enhancement"] = json!(true);
    let id = create_by(&bench, &body).await;
    bench.set(json!({"advance_seconds": 60}));
    assert_eq!(apply(&bench, &id, "Apply").await, 0);
    let shown = got(&bench, &id).await;
    let details = &shown["audience_details"];
    assert_eq!(
        details,
        &json!({
            "audience_id": id, "name": "VIP", "type": "Customer File Audience", "audience_sub_type": "NORMAL",
            "calculate_type": "EMAIL_SHA256", "cover_num": 1000, "shared": false, "is_creator": true, "is_valid": true,
            "is_expiring": false, "is_auto_refresh": false, "owner_id": ADVERTISER, "rule": null, "lookalike_spec": null,
            "msg": "Ready", "error_msg": "", "create_time": "2026-08-01 12:00:00", "expired_time": "2027-08-01 12:01:00",
            "audience_enhancement": true, "enhancement_status": null,
        })
    );
    assert_eq!(
        shown["audience_history"],
        json!([
            {"action": "APPLY", "action_detail": "Include in 1, 2", "editor": "open_api", "msg": "", "opt_time": "2026-08-01 12:01:00"},
            {"action": "CREATE", "action_detail": "Created VIP", "editor": "open_api", "msg": "", "opt_time": "2026-08-01 12:00:00"},
        ])
    );
    let ids = json!([id]).to_string();
    let ids = ("custom_audience_ids", ids.as_str());
    let short = bench.get(GET, &[OWNER, ids, ("history_size", "1")]).await;
    let history = &short["data"]["list"][0]["audience_history"];
    assert_eq!(
        (history.as_array().unwrap().len(), &history[0]["action"]),
        (1, &json!("APPLY"))
    );
    for bad in [
        vec![OWNER],
        vec![ids],
        vec![OWNER, ids, ("history_size", "0")],
        vec![OWNER, ids, ("history_size", "101")],
        vec![OWNER, ids, ("page", "1")],
    ] {
        assert_eq!(bench.get(GET, &bad).await["code"], 40002, "{bad:?}");
    }
}

#[tokio::test]
async fn the_partner_type_is_for_audiences_of_the_segment_api() {
    let bench = Bench::start().await;
    let body = json!({"advertiser_id": ADVERTISER, "custom_audience_name": "S"});
    let made = bench.post("/segment/audience/", &body).await;
    let shown = listed(&bench).await;
    assert_eq!(
        (&shown["audience_type"], &shown["calculate_type"]),
        (&json!("Partner"), &Value::Null)
    );
    let id = made["data"]["audience_id"].as_str().unwrap();
    assert_eq!(got(&bench, id).await["audience_details"]["type"], "Partner");
}

#[tokio::test]
async fn cover_num_counts_users_and_validity_counts_ids() {
    let bench = Bench::start().await;
    let rows = |count: usize| {
        let (emails, phones, devices) = (digests(0, count), digests(5000, count), digests(9000, count / 2));
        (emails.iter().zip(&phones).enumerate()).fold(
            "email_sha256,phone_sha256,MAID".to_owned(),
            |text, (position, (email, phone))| {
                let device = devices.get(position).map_or("", String::as_str);
                format!("{text}\n{email},{phone},{device}")
            },
        )
    };
    for (users, ids, valid, msg) in [
        (400, 1000, true, "Ready"),
        (399, 997, false, "The audience is too small"),
    ] {
        let path = upload_text(&bench, &rows(users), "MULTIPLE_TYPES").await;
        let mut body = creation(&[path]);
        body["calculate_type"] = json!("MULTIPLE_TYPES");
        let id = create_by(&bench, &body).await;
        let shown = got(&bench, &id).await["audience_details"].clone();
        assert_eq!(
            (&shown["cover_num"], &shown["is_valid"], &shown["msg"]),
            (&json!(users), &json!(valid), &json!(msg))
        );
        let record = bench.sandbox.state().audiences().pop().unwrap();
        assert_eq!(record.ids.values().map(Vec::len).sum::<usize>(), ids);
        assert_eq!(record.is_valid, valid);
    }
}

#[tokio::test]
async fn a_retention_of_its_own_ends_an_audience_whatever_happens_to_it() {
    let bench = Bench::start().await;
    bench.set(json!({"clock": NOON}));
    let path = upload(&bench, 0, 1000).await;
    let mut body = creation(&[path]);
    body["retention_in_days"] = json!(61);
    let id = create_by(&bench, &body).await;
    let end = "2026-10-01 12:00:00";
    let check = async |valid: bool, expiring: bool, msg: &str| {
        let shown = listed(&bench).await;
        assert_eq!(
            (
                &shown["expired_time"],
                &shown["is_valid"],
                &shown["is_expiring"],
                &shown["msg"]
            ),
            (&json!(end), &json!(valid), &json!(expiring), &json!(msg))
        );
        assert_eq!(bench.sandbox.state().audiences()[0].is_valid, valid);
    };
    check(true, false, "Ready").await;
    bench.set(json!({"advance_seconds": 30 * DAY}));
    assert_eq!(apply(&bench, &id, "Apply").await, 0);
    let files = [upload(&bench, 0, 2000).await];
    assert_eq!(bench.code(UPDATE, &change(&id, "REPLACE", &files)).await, 0);
    check(true, true, "Ready").await;
    bench.set(json!({"advance_seconds": 31 * DAY - 1}));
    check(true, true, "Ready").await;
    bench.set(json!({"advance_seconds": 1}));
    check(false, true, "The audience has expired").await;
}

#[tokio::test]
async fn without_a_retention_changes_and_use_prolong_an_audience_by_a_year() {
    let bench = Bench::start().await;
    bench.set(json!({"clock": NOON}));
    let id = create(&bench, 1000).await;
    let ends = async || listed(&bench).await["expired_time"].clone();
    assert_eq!(ends().await, "2027-08-01 12:00:00");
    bench.set(json!({"advance_seconds": DAY}));
    assert_eq!(apply(&bench, &id, "Apply").await, 0);
    assert_eq!(ends().await, "2027-08-02 12:00:00");
    bench.set(json!({"advance_seconds": DAY}));
    assert_eq!(apply(&bench, &id, "Disconnect").await, 0);
    assert_eq!(
        got(&bench, &id).await["audience_history"][0]["action"],
        "DISCONNECT"
    );
    assert_eq!(ends().await, "2027-08-02 12:00:00", "no use and no change");
    let files = [upload(&bench, 0, 2000).await];
    assert_eq!(bench.code(UPDATE, &change(&id, "REPLACE", &files)).await, 0);
    assert_eq!(ends().await, "2027-08-03 12:00:00");
}
