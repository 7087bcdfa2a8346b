//! Who may do what to which audience, and how often.

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tiktok_sandbox::TOKEN;

use crate::{
    bench::{ADVERTISER, Bench, HASH},
    uploads::{CREATE, UPDATE, UPLOAD, change, create, creation, form, md5, upload},
};

const OTHER: &str = "7100000000000000002";
const SEGMENT: &str = "/segment/audience/";
const MAPPING: &str = "/segment/mapping/";
const LIST: &str = "/dmp/custom_audience/list/";
const GET: &str = "/dmp/custom_audience/get/";
const APPLY: &str = "/dmp/custom_audience/apply/";
const DELETE: &str = "/dmp/custom_audience/delete/";
/// Every path of this API.
const PATHS: [&str; 9] = [SEGMENT, MAPPING, UPLOAD, CREATE, UPDATE, LIST, GET, APPLY, DELETE];

/// One audience of each way, and a file, all of `ADVERTISER`.
struct Owned {
    segment: String,
    file: String,
    path: String,
}

async fn owned(bench: &Bench) -> Owned {
    bench.set(json!({"second_upload": "accept"}));
    let file = create(bench, 1000).await;
    let body = json!({"advertiser_id": ADVERTISER, "custom_audience_name": "S"});
    let made = bench.post(SEGMENT, &body).await;
    Owned {
        segment: made["data"]["audience_id"].as_str().unwrap().to_owned(),
        file,
        path: upload(bench, 0, 1000).await,
    }
}

fn mapping(advertisers: &[&str], audiences: &[&str]) -> Value {
    json!({"advertiser_ids": advertisers, "id_schema": ["EMAIL_SHA256"], "batch_data": [[{"id": HASH, "audience_ids": audiences}]]})
}

fn deletion(advertiser: &str, audiences: &[&str]) -> Value {
    json!({"advertiser_id": advertiser, "custom_audience_ids": audiences})
}

fn application(advertiser: &str, audience: &str) -> Value {
    json!({"advertiser_id": advertiser, "custom_audience_id": audience, "adgroup_ids": ["1"], "action_mode": "Disconnect"})
}

/// A call of this path by this advertiser which is right in every other respect.
fn call(bench: &Bench, owned: &Owned, path: &str, advertiser: &str) -> RequestBuilder {
    let url = bench.url(path);
    let with = |mut body: Value| {
        body["advertiser_id"] = json!(advertiser);
        bench.http.post(&url).json(&body)
    };
    let paths = std::slice::from_ref(&owned.path);
    let request = match path {
        SEGMENT => with(json!({"action": "delete", "delete_audience_id": owned.segment})),
        MAPPING => bench
            .http
            .post(&url)
            .json(&mapping(&[advertiser], &[&owned.segment])),
        UPLOAD => {
            let file = form(advertiser, "ids.csv", HASH, &md5(HASH), "EMAIL_SHA256");
            bench.http.post(&url).multipart(file)
        }
        CREATE => with(creation(paths)),
        UPDATE => with(change(&owned.file, "REPLACE", paths)),
        APPLY => with(application(advertiser, &owned.file)),
        DELETE => with(deletion(advertiser, &[&owned.file])),
        LIST => bench.http.get(&url).query(&[("advertiser_id", advertiser)]),
        GET => {
            let ids = json!([owned.file]).to_string();
            let query = [("advertiser_id", advertiser), ("custom_audience_ids", &ids)];
            bench.http.get(&url).query(&query)
        }
        _ => panic!("{path} is not known here"),
    };
    request.header("Access-Token", TOKEN)
}

async fn code(request: RequestBuilder) -> u64 {
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    answer["code"].as_u64().unwrap()
}

/// What a new sandbox with one audience of each way answers to this call, once it is restricted so.
async fn answered(path: &str, advertiser: &str, restrict: impl Fn(&Bench)) -> u64 {
    let bench = Bench::start().await;
    let owned = owned(&bench).await;
    restrict(&bench);
    let before = bench.sandbox.state().audiences();
    let code = code(call(&bench, &owned, path, advertiser)).await;
    let same = bench.sandbox.state().audiences() == before;
    assert!(code == 0 || same, "{path}: a refused call changes nothing");
    code
}

#[tokio::test]
async fn an_audience_or_file_of_another_advertiser_is_refused() {
    for path in PATHS {
        assert_eq!(answered(path, ADVERTISER, |_| {}).await, 0, "{path} of the owner");
        // An upload is its own, and a list holds what is its own.
        let expected = if [UPLOAD, LIST].contains(&path) { 0 } else { 40001 };
        assert_eq!(answered(path, OTHER, |_| {}).await, expected, "{path} of another");
    }
}

#[tokio::test]
async fn an_advertiser_beyond_the_tokens_reach_is_refused() {
    for path in PATHS {
        let restrict =
            |bench: &Bench| bench.set(json!({"tokens": {"sandbox-token": {"advertisers": [OTHER]}}}));
        assert_eq!(answered(path, ADVERTISER, restrict).await, 40001, "{path}");
    }
}

#[tokio::test]
async fn reading_and_writing_have_their_scopes() {
    for path in PATHS {
        let reads = [LIST, GET].contains(&path);
        for (scope, granted) in [(3, true), (30, reads), (31, !reads), (51, false)] {
            let restrict =
                |bench: &Bench| bench.set(json!({"tokens": {"sandbox-token": {"scopes": [scope]}}}));
            let expected = if granted { 0 } else { 40001 };
            assert_eq!(
                answered(path, ADVERTISER, restrict).await,
                expected,
                "{path} with {scope}"
            );
        }
    }
}

#[tokio::test]
async fn each_path_has_its_own_limit() {
    for path in PATHS {
        for (limits, expected) in [
            (json!({"per_second": {path: 0}}), 40100),
            (json!({"each": 0}), 40100),
            (json!({"each": 0, "per_second": {path: 1}}), 0),
        ] {
            let restrict = |bench: &Bench| bench.sandbox.state().set_limits(limits.clone()).unwrap();
            assert_eq!(
                answered(path, ADVERTISER, restrict).await,
                expected,
                "{path} {limits}"
            );
        }
    }
}

#[tokio::test]
async fn an_audience_that_does_not_exist_is_said_so() {
    let bench = Bench::start().await;
    let owned = owned(&bench).await;
    let delete = json!({"advertiser_id": ADVERTISER, "action": "delete", "delete_audience_id": "1"});
    for (path, body) in [
        (SEGMENT, delete),
        (MAPPING, mapping(&[ADVERTISER], &[&owned.segment, "1"])),
        (UPDATE, change("1", "REPLACE", std::slice::from_ref(&owned.path))),
        (APPLY, application(ADVERTISER, "1")),
        (DELETE, deletion(ADVERTISER, &[&owned.file, "1"])),
    ] {
        let answer = bench.post(path, &body).await;
        assert_eq!(
            (&answer["code"], &answer["message"]),
            (&json!(40007), &json!("Audience 1 does not exist.")),
            "{path}"
        );
    }
    let ids = json!([owned.file, "1"]).to_string();
    let query = [("advertiser_id", ADVERTISER), ("custom_audience_ids", &ids)];
    assert_eq!(bench.get(GET, &query).await["code"], 40007);
    let ids: Vec<_> = bench
        .sandbox
        .state()
        .audiences()
        .into_iter()
        .map(|audience| audience.ids.len())
        .collect();
    assert_eq!(ids, [1, 0], "both are there, and the mapping was refused whole");
}

#[tokio::test]
async fn the_two_kinds_of_audience_do_not_mix() {
    let bench = Bench::start().await;
    let Owned { segment, file, path } = owned(&bench).await;
    let before = bench.sandbox.state().audiences();
    let rename =
        json!({"advertiser_id": ADVERTISER, "custom_audience_id": segment, "custom_audience_name": "x"});
    let delete = json!({"advertiser_id": ADVERTISER, "action": "delete", "delete_audience_id": file});
    let not_segment = "not an audience of the Segment API";
    let not_file = "Invalid value for custom_audience_id: not a customer file audience.".to_owned();
    for (call, body, words) in [
        (
            MAPPING,
            mapping(&[ADVERTISER], &[&segment, &file]),
            format!("Invalid value for audience_ids: {not_segment}."),
        ),
        (UPDATE, change(&segment, "REPLACE", &[path]), not_file.clone()),
        (UPDATE, rename, not_file),
        (
            SEGMENT,
            delete,
            format!("Invalid value for delete_audience_id: {not_segment}."),
        ),
    ] {
        let answer = bench.post(call, &body).await;
        assert_eq!(
            (&answer["code"], &answer["message"]),
            (&json!(40002), &json!(words)),
            "{body}"
        );
    }
    assert_eq!(bench.sandbox.state().audiences(), before);
    for id in [&segment, &file] {
        assert_eq!(bench.code(APPLY, &application(ADVERTISER, id)).await, 0);
    }
    let both = deletion(ADVERTISER, &[&segment, &file]);
    assert_eq!(bench.code(DELETE, &both).await, 0);
    assert_eq!(
        bench.code(MAPPING, &mapping(&[ADVERTISER], &[&segment])).await,
        40007
    );
}

#[tokio::test]
async fn an_advertiser_has_only_so_many_audiences() {
    let bench = Bench::start().await;
    let Owned { file, path, .. } = owned(&bench).await;
    bench.set(json!({"max_audiences": 2}));
    let segment = |advertiser: &str| json!({"advertiser_id": advertiser, "custom_audience_name": "another"});
    let words = "The advertiser has 2 audiences, which is the limit.";
    for (call, body) in [(SEGMENT, segment(ADVERTISER)), (CREATE, creation(&[path]))] {
        let answer = bench.post(call, &body).await;
        assert_eq!(
            (&answer["code"], &answer["message"]),
            (&json!(40002), &json!(words))
        );
    }
    assert_eq!(bench.code(SEGMENT, &segment(OTHER)).await, 0);
    assert_eq!(bench.code(DELETE, &deletion(ADVERTISER, &[&file])).await, 0);
    assert_eq!(bench.code(SEGMENT, &segment(ADVERTISER)).await, 0);
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
        (apply("Apply", Some("Include")), 0),
        (apply("Apply", Some("Exclude")), 0),
        (apply("Disconnect", None), 0),
    ] {
        assert_eq!(bench.code(APPLY, &body).await, code, "{body}");
    }
    let delete = |ids: &[&str]| json!({"advertiser_id": ADVERTISER, "custom_audience_ids": ids});
    assert_eq!(bench.code(DELETE, &delete(&[&id, "1"])).await, 40007);
    assert_eq!(bench.code(DELETE, &delete(&[])).await, 40002);
    assert_eq!(bench.code(DELETE, &delete(&["1"; 101])).await, 40002);
    assert_eq!(bench.sandbox.state().audiences().len(), 1);
    assert_eq!(bench.code(DELETE, &delete(&[&id])).await, 0);
    assert!(bench.sandbox.state().audiences().is_empty());
}
