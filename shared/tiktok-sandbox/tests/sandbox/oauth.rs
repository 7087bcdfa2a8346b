//! The way from the authorisation page to a token and back.

use serde_json::{Value, json};
use tiktok_sandbox::{ADVERTISERS, APP_ID, APP_SECRET};

use crate::bench::{Bench, NOON, event, web};

const REDIRECT: &str = "https://tideline.example/oauth?tenant=7";

/// Opens the authorisation page; the query of the redirect, or the page's status and text.
async fn authorize(bench: &Bench, query: &[(&str, &str)]) -> Result<Vec<(String, String)>, (u16, String)> {
    let request = bench
        .http
        .get(format!("{}/portal/auth", bench.sandbox.url()))
        .query(query);
    let response = request.send().await.unwrap();
    let Some(location) = response.headers().get("location") else {
        return Err((response.status().as_u16(), response.text().await.unwrap()));
    };
    assert_eq!(response.status(), 302);
    let location = reqwest::Url::parse(location.to_str().unwrap()).unwrap();
    assert!(location.as_str().starts_with(REDIRECT));
    Ok(location
        .query_pairs()
        .skip(1)
        .map(|(name, value)| (name.into(), value.into()))
        .collect())
}

async fn code(bench: &Bench) -> String {
    let query = authorize(
        bench,
        &[("app_id", APP_ID), ("redirect_uri", REDIRECT), ("state", "s")],
    )
    .await
    .unwrap();
    query.into_iter().find(|(name, _)| name == "auth_code").unwrap().1
}

async fn exchange(bench: &Bench, app_id: &str, secret: &str, code: &str) -> Value {
    let body = json!({"app_id": app_id, "secret": secret, "auth_code": code});
    let request = bench.http.post(bench.url("/oauth2/access_token/")).json(&body);
    request.send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn the_page_redirects_with_the_code_twice_and_the_state_unchanged() {
    let bench = Bench::start().await;
    let state = "a b&c=d/é";
    let query = authorize(
        &bench,
        &[("app_id", APP_ID), ("redirect_uri", REDIRECT), ("state", state)],
    )
    .await
    .unwrap();
    let names: Vec<&str> = query.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["state", "code", "auth_code"]);
    assert_eq!(query[0].1, state);
    assert_eq!(query[1].1, query[2].1);
    let bare = authorize(&bench, &[("app_id", APP_ID), ("redirect_uri", REDIRECT)])
        .await
        .unwrap();
    assert_eq!(bare.len(), 2);
    assert_ne!(bare[0].1, query[1].1);
}

#[tokio::test]
async fn the_page_refuses_on_demand_or_asks() {
    let bench = Bench::start().await;
    let query = [
        ("app_id", APP_ID),
        ("redirect_uri", REDIRECT),
        ("state", "s\"><script>"),
    ];
    bench.set(json!({"authorize": "refuse"}));
    assert_eq!(authorize(&bench, &query).await.unwrap().len(), 1);
    bench.set(json!({"authorize": "page"}));
    let (status, page) = authorize(&bench, &query).await.unwrap_err();
    assert_eq!(status, 200);
    assert!(
        page.contains("decision=grant") && page.contains("decision=refuse"),
        "{page}"
    );
    assert!(!page.contains("<script>"), "{page}");
    let decided = |decision| [query[0], query[1], query[2], ("decision", decision)];
    assert_eq!(authorize(&bench, &decided("grant")).await.unwrap().len(), 3);
    assert_eq!(authorize(&bench, &decided("refuse")).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_broken_link_gets_a_page_and_no_redirect() {
    let bench = Bench::start().await;
    for (query, word) in [
        (vec![("redirect_uri", REDIRECT)], "app_id"),
        (vec![("app_id", "1"), ("redirect_uri", REDIRECT)], "app_id"),
        (vec![("app_id", APP_ID)], "redirect_uri"),
        (
            vec![("app_id", APP_ID), ("redirect_uri", "javascript:alert(1)")],
            "redirect_uri",
        ),
    ] {
        let (status, page) = authorize(&bench, &query).await.unwrap_err();
        assert_eq!(status, 400);
        assert!(page.contains(word), "{page}");
    }
    bench.set(json!({"redirect_urls": ["https://other.example/"]}));
    assert!(
        authorize(&bench, &[("app_id", APP_ID), ("redirect_uri", REDIRECT)])
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_code_becomes_a_token_that_works() {
    let bench = Bench::start().await;
    let code = code(&bench).await;
    let answer = exchange(&bench, APP_ID, APP_SECRET, &code).await;
    let token = answer["data"]["access_token"].as_str().unwrap();
    assert_eq!(token.len(), 40);
    assert_eq!(answer["data"]["advertiser_ids"], json!(ADVERTISERS));
    assert!(
        answer["data"]["scope"]
            .as_array()
            .unwrap()
            .contains(&json!(7_224_195_155_857_866_754_u64))
    );
    let request = bench
        .http
        .post(bench.url("/event/track/"))
        .header("Access-Token", token);
    let tracked: Value = request
        .json(&web(json!([event("a")])))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(tracked["code"], 0);
    assert_eq!(exchange(&bench, APP_ID, APP_SECRET, &code).await["code"], 40110);
}

#[tokio::test]
async fn a_code_lives_an_hour_by_the_sandbox_clock() {
    let bench = Bench::start().await;
    bench.set(json!({"clock": NOON}));
    let (in_time, too_late) = (code(&bench).await, code(&bench).await);
    bench.set(json!({"advance_seconds": 3599}));
    assert_eq!(exchange(&bench, APP_ID, APP_SECRET, &in_time).await["code"], 0);
    bench.set(json!({"advance_seconds": 1}));
    assert_eq!(
        exchange(&bench, APP_ID, APP_SECRET, &too_late).await["code"],
        40110
    );
}

#[tokio::test]
async fn wrong_credentials_have_their_codes_and_leave_the_code_alive() {
    let bench = Bench::start().await;
    let code = code(&bench).await;
    assert_eq!(
        exchange(&bench, "7400000000000000009", APP_SECRET, &code).await["code"],
        40113
    );
    assert_eq!(exchange(&bench, APP_ID, "guess", &code).await["code"], 40101);
    assert_eq!(exchange(&bench, APP_ID, APP_SECRET, "guess").await["code"], 40101);
    let missing = bench
        .post("/oauth2/access_token/", &json!({"app_id": APP_ID}))
        .await;
    assert_eq!(
        missing["message"],
        "Missing required field(s): secret, auth_code."
    );
    let typed = json!({"app_id": 7, "secret": "s", "auth_code": "c"});
    assert_eq!(bench.code("/oauth2/access_token/", &typed).await, 40002);
    assert_eq!(exchange(&bench, APP_ID, APP_SECRET, &code).await["code"], 0);
}

#[tokio::test]
async fn the_account_list_can_be_left_out_and_set() {
    let bench = Bench::start().await;
    bench.set(json!({"authorized_advertisers": ["7"], "authorized_scopes": [31]}));
    let body = json!({"app_id": APP_ID, "secret": APP_SECRET, "auth_code": code(&bench).await, "return_advertiser_ids": false});
    let answer = bench.post("/oauth2/access_token/", &body).await;
    assert_eq!(answer["data"]["advertiser_ids"], json!([]));
    assert_eq!(answer["data"]["scope"], json!([31]));
    let answer = exchange(&bench, APP_ID, APP_SECRET, &code(&bench).await).await;
    assert_eq!(answer["data"]["advertiser_ids"], json!(["7"]));
}

#[tokio::test]
async fn revoking_ends_a_token() {
    let bench = Bench::start().await;
    let body = |token: &str| json!({"app_id": APP_ID, "secret": APP_SECRET, "access_token": token});
    assert_eq!(bench.code("/oauth2/revoke_token/", &body("unknown")).await, 40105);
    let answer = bench.post("/oauth2/revoke_token/", &body("sandbox-token")).await;
    assert_eq!(
        answer["data"],
        json!({"app_id": APP_ID, "advertiser_ids": ADVERTISERS})
    );
    assert_eq!(bench.track(&web(json!([event("a")]))).await["code"], 40105);
    assert_eq!(
        bench.code("/oauth2/revoke_token/", &body("sandbox-token")).await,
        40105
    );
}

#[tokio::test]
async fn the_accounts_of_a_token_are_listed() {
    let bench = Bench::start().await;
    let app = [("app_id", APP_ID), ("secret", APP_SECRET)];
    let answer = bench.get("/oauth2/advertiser/get/", &app).await;
    let first = json!({"advertiser_id": ADVERTISERS[0], "advertiser_name": "Sandbox account 1"});
    assert_eq!(answer["data"]["list"][0], first);
    assert_eq!(answer["data"]["list"].as_array().unwrap().len(), 2);
    assert_eq!(
        bench.get("/oauth2/advertiser/get/", &app[..1]).await["message"],
        "Missing required field(s): secret."
    );
    assert_eq!(
        bench
            .get("/oauth2/advertiser/get/", &[("app_id", "1"), ("secret", "2")])
            .await["code"],
        40113
    );
    assert!(bench.get("/user/info/", &[]).await["data"]["display_name"].is_string());

    let ids = |ids: &'static str| [("advertiser_ids", ids)];
    let named = bench
        .get("/advertiser/info/", &ids(r#"["7100000000000000002"]"#))
        .await;
    assert_eq!(named["data"]["list"][0]["name"], "Sandbox account 2");
    assert_eq!(
        bench.get("/advertiser/info/", &ids("7100000000000000002")).await["code"],
        40002
    );
    bench.set(json!({"tokens": {"sandbox-token": {"advertisers": ["7100000000000000001"]}}}));
    assert_eq!(
        bench
            .get("/advertiser/info/", &ids(r#"["7100000000000000002"]"#))
            .await["code"],
        40001
    );
    assert_eq!(
        bench.get("/oauth2/advertiser/get/", &app).await["data"]["list"],
        json!([first])
    );
}
