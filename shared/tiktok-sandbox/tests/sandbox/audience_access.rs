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
const PATHS: [&str; 9] = [
    SEGMENT, MAPPING, UPLOAD, CREATE, UPDATE, LIST, GET, APPLY, DELETE,
];

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

/// Every path is answered with what `expected` says of it, and only a call that is answered with 0 changes anything.
async fn check(bench: &Bench, owned: &Owned, advertiser: &str, expected: impl Fn(&str) -> u64) {
    for path in PATHS {
        let before = bench.sandbox.state().audiences();
        let answered = code(call(bench, owned, path, advertiser)).await;
        assert_eq!(answered, expected(path), "{path}");
        let changes = answered == 0 && [SEGMENT, MAPPING, CREATE, DELETE].contains(&path);
        assert_eq!(bench.sandbox.state().audiences() != before, changes, "{path}");
        if changes && path == SEGMENT {
            // Back again, for the mapping that follows.
            return Box::pin(check_rest(bench, advertiser, expected)).await;
        }
    }
}
