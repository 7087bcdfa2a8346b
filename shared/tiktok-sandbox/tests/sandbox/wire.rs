//! Tokens, scopes, rate limits, paths and the envelope.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tiktok_sandbox::{EVENT_SET_ID, PIXEL_CODE};

use crate::bench::{ADVERTISER, Bench, NOON, event, offline, web};

async fn code_with_token(bench: &Bench, token: Option<&str>) -> (u64, String) {
    let mut request = bench
        .http
        .post(bench.url("/event/track/"))
        .json(&web(json!([event("a")])));
    if let Some(token) = token {
        request = request.header("Access-Token", token);
    }
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    (
        answer["code"].as_u64().unwrap(),
        answer["message"].as_str().unwrap().to_owned(),
    )
}

#[tokio::test]
async fn tokens_are_checked_before_anything_else() {
    let bench = Bench::start().await;
    let dead = (40105, "Access token is incorrect or has been revoked.".to_owned());
    assert_eq!(code_with_token(&bench, None).await.0, 40104);
    assert_eq!(code_with_token(&bench, Some("")).await.0, 40104);
    assert_eq!(code_with_token(&bench, Some("other")).await, dead);
    assert_eq!(code_with_token(&bench, Some("Bearer sandbox-token")).await, dead);
    bench.set(json!({"tokens": {"sandbox-token": {"revoked": true}, "other": {}}}));
    assert_eq!(code_with_token(&bench, Some("sandbox-token")).await, dead);
    assert_eq!(code_with_token(&bench, Some("other")).await.0, 0);
}

#[tokio::test]
async fn a_missing_scope_comes_before_a_bad_body() {
    let bench = Bench::start().await;
    bench.set(json!({"tokens": {"sandbox-token": {"scopes": [3]}}}));
    let answer = bench.track(&json!({})).await;
    assert_eq!(answer["code"], 40001);
    assert!(
        answer["message"].as_str().unwrap().contains("POST /event/track/"),
        "{answer}"
    );
    assert_eq!(bench.code("/segment/audience/", &json!({})).await, 40002);
}

#[tokio::test]
async fn offline_events_need_their_own_scope() {
    let bench = Bench::start().await;
    bench.set(json!({"tokens": {"sandbox-token": {"scopes": [7_224_195_155_857_866_754_u64]}}}));
    assert_eq!(bench.track(&web(json!([event("a")]))).await["code"], 0);
    assert_eq!(bench.track(&offline(json!([event("a")]))).await["code"], 40001);
}

#[tokio::test]
async fn a_restricted_token_owns_only_what_is_named() {
    let bench = Bench::start().await;
    bench.set(json!({"tokens": {"sandbox-token": {"event_sources": [EVENT_SET_ID], "advertisers": ["7"]}}}));
    let answer = bench.track(&web(json!([event("a")]))).await;
    assert_eq!(answer["code"], 40001);
    assert!(
        answer["message"].as_str().unwrap().contains(PIXEL_CODE),
        "{answer}"
    );
    assert_eq!(bench.track(&offline(json!([event("a")]))).await["code"], 0);
    // What is wrong with the body is told first.
    assert_eq!(bench.track(&web(json!([]))).await["code"], 40002);
    let audience = json!({"advertiser_id": ADVERTISER, "custom_audience_name": "VIP"});
    assert_eq!(bench.code("/segment/audience/", &audience).await, 40001);
}

#[tokio::test]
async fn the_envelope_is_whole() {
    let bench = Bench::start().await;
    bench.set(json!({"clock": NOON}));
    let response = bench
        .request("/event/track/", web(json!([event("a")])).to_string())
        .send()
        .await
        .unwrap();
    let log_id = response.headers()["x-tt-logid"].to_str().unwrap().to_owned();
    assert_eq!(response.headers()["content-type"], "application/json");
    let answer: Value = response.json().await.unwrap();
    let id = answer["request_id"].as_str().unwrap();
    assert_eq!(id, log_id);
    assert!(id.starts_with("20260801120000") && id.len() == 34, "{id}");
    assert!(
        id.split_at(14)
            .1
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte)),
        "{id}"
    );
    assert_eq!(
        (&answer["code"], &answer["message"], &answer["data"]),
        (&json!(0), &json!("OK"), &json!({}))
    );
}

#[tokio::test]
async fn wrong_paths_and_methods_get_no_json() {
    let bench = Bench::start().await;
    for (method, path, status, text) in [
        ("POST", "/event/track", 404, "404 page not found"),
        ("POST", "/events/", 404, "404 page not found"),
        ("GET", "/event/track/", 405, "405 method not allowed"),
    ] {
        let request = bench
            .http
            .request(method.parse().unwrap(), bench.url(path))
            .send();
        let response = request.await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(response.text().await.unwrap(), text);
    }
    assert_eq!(bench.code("/pixel/track/", &json!({})).await, 41001);
    assert_eq!(
        bench.sandbox.state().calls()["/open_api/v1.3/event/track"]["http_404"],
        1
    );
}

#[tokio::test]
async fn a_body_over_the_cap_is_cut_off_at_the_gateway() {
    let bench = Bench::start().await;
    bench.set(json!({"max_body_bytes": 1000}));
    let response = bench
        .request("/event/track/", "x".repeat(1001))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 413);
    assert_eq!(bench.sandbox.state().calls_to("/event/track/"), 1);
}

#[tokio::test]
async fn calls_over_the_limit_are_throttled_and_not_stored() {
    let bench = Bench::start().await;
    bench
        .sandbox
        .state()
        .set_limits(json!({"per_second": {"/event/track/": 3}}))
        .unwrap();
    let mut codes = Vec::new();
    let started = Instant::now();
    while started.elapsed() < Duration::from_millis(500) || codes.len() < 10 {
        codes.push(bench.track(&web(json!([event(&codes.len().to_string())]))).await["code"].clone());
    }
    let accepted = codes.iter().filter(|code| **code == 0).count();
    assert!(codes.iter().all(|code| *code == 0 || *code == 40100));
    // The loop can touch several seconds on a slow machine, with three calls in each.
    assert!(
        accepted <= 3 * (2 + usize::try_from(started.elapsed().as_secs()).unwrap()),
        "{codes:?}"
    );
    assert!(accepted < codes.len());
    assert_eq!(bench.sandbox.state().event_count(), accepted);
}

#[tokio::test]
async fn a_thousand_events_take_a_moment() {
    let bench = Bench::start().await;
    let rows: Vec<Value> = (0..1000).map(|n| event(&n.to_string())).collect();
    let body = web(json!(rows));
    let started = Instant::now();
    assert_eq!(bench.track(&body).await["code"], 0);
    // Milliseconds in a release build; the bound leaves room for a busy machine and a debug build.
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(bench.sandbox.state().event_count(), 1000);
}

#[tokio::test]
async fn stopping_closes_the_port_even_while_a_call_hangs() {
    let bench = Bench::start().await;
    bench
        .sandbox
        .state()
        .set_faults(json!([{"after_store": "hang"}]))
        .unwrap();
    let hanging = tokio::spawn(
        bench
            .request("/event/track/", web(json!([event("a")])).to_string())
            .send(),
    );
    while bench.sandbox.state().event_count() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let url = bench.url("/event/track/");
    let started = Instant::now();
    bench.sandbox.stop().await;
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(hanging.await.unwrap().is_err());
    assert!(bench.http.post(url).send().await.unwrap_err().is_connect());
}
