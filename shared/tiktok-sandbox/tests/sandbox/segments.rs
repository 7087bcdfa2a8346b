//! The Segment API: audiences whose ids come and go.

use serde_json::{Value, json};

use crate::bench::{ADVERTISER, Bench, HASH, digests};

async fn make(bench: &Bench, name: &str) -> String {
    let body = json!({"advertiser_id": ADVERTISER, "action": "create", "custom_audience_name": name});
    bench.post("/segment/audience/", &body).await["data"]["audience_id"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn place(id: &str, audience: &str) -> Value {
    json!({"id": id, "audience_ids": [audience]})
}

fn mapping(action: &str, schema: &[&str], rows: Value) -> Value {
    json!({"advertiser_ids": [ADVERTISER], "action": action, "id_schema": schema, "batch_data": rows})
}

async fn check(bench: &Bench, body: &Value, code: u64, message: &str) {
    let before = bench.sandbox.state().audiences();
    let answer = bench.post("/segment/mapping/", body).await;
    assert_eq!(
        (&answer["code"], &answer["message"]),
        (&json!(code), &json!(message)),
        "{body}"
    );
    assert_eq!(
        bench.sandbox.state().audiences() == before,
        code != 0,
        "a refused call changes nothing: {body}"
    );
}

#[tokio::test]
async fn audiences_are_made_named_alike_and_deleted() {
    let bench = Bench::start().await;
    assert_eq!(make(&bench, "VIP").await, "160000001");
    assert_eq!(make(&bench, "VIP").await, "160000002");
    assert_eq!(make(&bench, &"x".repeat(71)).await, "160000003");
    assert_eq!(bench.sandbox.state().audiences()[2].name, "x".repeat(67) + "...");
    let delete =
        |id: &str| json!({"advertiser_id": ADVERTISER, "action": "delete", "delete_audience_id": id});
    assert_eq!(bench.code("/segment/audience/", &delete("160000001")).await, 0);
    assert_eq!(
        bench.code("/segment/audience/", &delete("160000001")).await,
        40007
    );
    for (body, words) in [
        (json!({}), "Missing required field(s): advertiser_id."),
        (
            json!({"advertiser_id": ADVERTISER}),
            "Missing required field(s): custom_audience_name.",
        ),
        (
            json!({"advertiser_id": ADVERTISER, "action": "delete"}),
            "Missing required field(s): delete_audience_id.",
        ),
        (
            json!({"advertiser_id": ADVERTISER, "action": "drop"}),
            "Invalid value for action: must be create or delete.",
        ),
        (
            json!({"advertiser_id": 71}),
            "Invalid value for advertiser_id: not a valid string.",
        ),
    ] {
        assert_eq!(bench.post("/segment/audience/", &body).await["message"], words);
    }
}

#[tokio::test]
async fn ids_are_a_set() {
    let bench = Bench::start().await;
    let id = make(&bench, "VIP").await;
    let ids = digests(1, 3);
    let rows = json!([
        [place(&ids[1], &id), place(&ids[2], &id)],
        [place(&ids[0], &id), {}],
        [place(&ids[0], &id), {}]
    ]);
    for _ in 0..2 {
        assert_eq!(
            bench
                .code(
                    "/segment/mapping/",
                    &mapping("add", &["EMAIL_SHA256", "phone_sha256"], rows.clone())
                )
                .await,
            0
        );
    }
    let (_, audiences) = bench.control("GET", "/_sandbox/audiences", "").await;
    assert_eq!(
        audiences,
        json!([{
            "audience_id": id, "advertiser_id": ADVERTISER, "name": "VIP", "is_valid": false,
            "ids": {"EMAIL_SHA256": [ids[0], ids[1]], "PHONE_SHA256": [ids[2]]},
        }])
    );
    let gone = json!([[place(&ids[2], &id)], [place(HASH, &id)]]);
    assert_eq!(
        bench
            .code("/segment/mapping/", &mapping("delete", &["PHONE_SHA256"], gone))
            .await,
        0
    );
    let left = &bench.sandbox.state().audiences()[0].ids;
    assert_eq!(left.keys().collect::<Vec<_>>(), ["EMAIL_SHA256"]);
}

#[tokio::test]
async fn each_kind_has_a_set_of_its_own() {
    let bench = Bench::start().await;
    let id = make(&bench, "VIP").await;
    let (sha256, md5) = (digests(7, 1).concat(), "9e107d9d372bb6826bd81d3542a419d6");
    let kinds = [
        "EMAIL_SHA256",
        "PHONE_SHA256",
        "IDFA_SHA256",
        "AAID_SHA256",
        "IDFA_MD5",
        "AAID_MD5",
    ];
    let digest = |kind: &str| if kind.ends_with("MD5") { md5 } else { &sha256 };
    for (number, kind) in kinds.into_iter().enumerate() {
        for schema in [kind.to_owned(), kind.to_lowercase()] {
            let rows = json!([[place(digest(kind), &id)]]);
            let added = mapping("add", &[&schema], rows);
            assert_eq!(bench.code("/segment/mapping/", &added).await, 0, "{schema}");
        }
        assert_eq!(
            bench.sandbox.state().audiences()[0].ids.len(),
            number + 1,
            "{kind}"
        );
        let other = if digest(kind) == md5 { &sha256 } else { md5 };
        let wrong = mapping("add", &[kind], json!([[place(other, &id)]]));
        assert_eq!(bench.code("/segment/mapping/", &wrong).await, 40062, "{kind}");
    }
    let all: Vec<Value> = kinds.iter().map(|kind| place(digest(kind), &id)).collect();
    let gone = mapping("delete", &kinds[..5], json!([all[..5]]));
    assert_eq!(bench.code("/segment/mapping/", &gone).await, 0);
    assert_eq!(
        json!(bench.sandbox.state().audiences()[0].ids),
        json!({"AAID_MD5": [md5]})
    );
}

#[tokio::test]
async fn one_call_reaches_several_audiences_of_several_advertisers() {
    let bench = Bench::start().await;
    let other = "7100000000000000002";
    let (first, second) = (make(&bench, "A").await, make(&bench, "B").await);
    let body = json!({"advertiser_id": other, "custom_audience_name": "C"});
    let made = bench.post("/segment/audience/", &body).await;
    let third = made["data"]["audience_id"].as_str().unwrap();
    let ids = digests(1, 2);
    let mut body = json!({"advertiser_ids": [ADVERTISER, other], "id_schema": ["EMAIL_SHA256"], "batch_data": [
        [{"id": ids[0], "audience_ids": [first, third, first]}],
        [{"id": ids[1], "audience_ids": [second, third]}],
    ]});
    assert_eq!(
        bench.code("/segment/mapping/", &body).await,
        0,
        "add is the default"
    );
    let sets = || -> Vec<Value> {
        let audiences = bench.sandbox.state().audiences();
        audiences.iter().map(|audience| json!(audience.ids)).collect()
    };
    let emails = |ids: &[String]| json!({"EMAIL_SHA256": ids});
    assert_eq!(sets(), [emails(&ids[..1]), emails(&ids[1..]), emails(&ids)]);
    body["action"] = json!("delete");
    body["batch_data"] = json!([[{"id": ids[0], "audience_ids": [third]}]]);
    assert_eq!(bench.code("/segment/mapping/", &body).await, 0);
    assert_eq!(sets(), [emails(&ids[..1]), emails(&ids[1..]), emails(&ids[1..])]);
    bench.set(json!({"tokens": {"sandbox-token": {"advertisers": [ADVERTISER]}}}));
    body["batch_data"] = json!([[{"id": ids[0], "audience_ids": [first]}]]);
    assert_eq!(
        bench.post("/segment/mapping/", &body).await["message"],
        format!("No permission to operate advertiser {other}.")
    );
}

#[tokio::test]
async fn a_bad_row_refuses_the_call() {
    let bench = Bench::start().await;
    let id = make(&bench, "VIP").await;
    let two = ["EMAIL_SHA256", "PHONE_SHA256"];
    let good = json!([place(HASH, &id), {}]);
    for (bad, code, words) in [
        (
            json!({}),
            40002,
            "Invalid value for batch_data.1: not a valid list.",
        ),
        (
            json!([place(HASH, &id)]),
            40002,
            "Invalid value for batch_data.1: must hold one place for each id type of id_schema.",
        ),
        (
            json!([{}, {}]),
            40002,
            "Invalid value for batch_data.1: must hold at least one id.",
        ),
        (
            json!([HASH, {}]),
            40002,
            "Invalid value for batch_data.1.0: not a valid object.",
        ),
        (
            json!([{}, {"id": HASH}]),
            40002,
            "Missing required field(s): batch_data.1.1.audience_ids.",
        ),
        (
            json!([{}, {"id": 5, "audience_ids": [id]}]),
            40002,
            "Invalid value for batch_data.1.1.id: not a valid string.",
        ),
        (
            json!([{"id": HASH, "audience_ids": [160]}, {}]),
            40002,
            "Invalid value for batch_data.1.0.audience_ids.0: not a valid string.",
        ),
        (
            json!([{"id": HASH, "audience_ids": []}, {}]),
            40002,
            "Invalid value for batch_data.1.0.audience_ids: must not be empty.",
        ),
        (
            json!([place("ana@example.com", &id), {}]),
            40062,
            "Invalid value for batch_data.1.0.id: not hashed as its id type says.",
        ),
    ] {
        check(&bench, &mapping("add", &two, json!([good, bad])), code, words).await;
    }
    check(&bench, &mapping("add", &two, json!([good])), 0, "OK").await;
}

#[tokio::test]
async fn the_frame_of_a_mapping_is_checked() {
    let bench = Bench::start().await;
    let id = make(&bench, "VIP").await;
    let row = json!([[place(HASH, &id)]]);
    let with = |name: &str, value: Value| {
        let mut body = mapping("add", &["EMAIL_SHA256"], row.clone());
        body[name] = value;
        body
    };
    for (body, code, words) in [
        (
            json!({}),
            40002,
            "Missing required field(s): advertiser_ids, id_schema, batch_data.",
        ),
        (
            with("advertiser_ids", json!(ADVERTISER)),
            40002,
            "Invalid value for advertiser_ids: not a valid list.",
        ),
        (
            with("action", json!("append")),
            40002,
            "Invalid value for action: must be add or delete.",
        ),
        (
            with("id_schema", json!(["GAID_SHA256"])),
            40002,
            "Invalid value for id_schema: not a supported id type.",
        ),
        (
            with("id_schema", json!(["EMAIL_SHA256", "email_sha256"])),
            40002,
            "Invalid value for id_schema: must not repeat an id type.",
        ),
        (
            with("batch_data", json!([])),
            40002,
            "Invalid value for batch_data: must hold 1 to 10000 users.",
        ),
        (
            with("batch_data", json!([[place(HASH, "1")]])),
            40007,
            "Audience 1 does not exist.",
        ),
        (
            with("advertiser_ids", json!(["7100000000000000002"])),
            40001,
            "No permission to operate audience 160000001.",
        ),
    ] {
        check(&bench, &body, code, words).await;
    }
    bench.set(json!({"max_mapping_users": 1}));
    let two = with("batch_data", json!([[place(HASH, &id)], [place(HASH, &id)]]));
    check(
        &bench,
        &two,
        40002,
        "Invalid value for batch_data: must hold 1 to 1 users.",
    )
    .await;
}

#[tokio::test]
async fn a_thousand_ids_and_the_end_of_processing_make_an_audience_valid() {
    let bench = Bench::start().await;
    bench.set(json!({"clock": 1_785_585_600, "processing_ms": 60_000}));
    let id = make(&bench, "VIP").await;
    let rows = |ids: Vec<String>| -> Value { ids.iter().map(|digest| json!([place(digest, &id)])).collect() };
    bench
        .post(
            "/segment/mapping/",
            &mapping("add", &["EMAIL_SHA256"], rows(digests(0, 1000))),
        )
        .await;
    let is_valid = || bench.sandbox.state().audiences()[0].is_valid;
    assert!(!is_valid());
    bench.set(json!({"advance_seconds": 60}));
    assert!(is_valid());
    bench
        .post(
            "/segment/mapping/",
            &mapping("delete", &["EMAIL_SHA256"], rows(digests(999, 1))),
        )
        .await;
    assert!(!is_valid());
}
