//! The control side: what it answers, and what it refuses.

use serde_json::json;

use crate::bench::{Bench, event, web};

#[tokio::test]
async fn calls_are_counted_by_path_and_code() {
    let bench = Bench::start().await;
    bench.track(&web(json!([event("a")]))).await;
    bench.track(&web(json!([event("b")]))).await;
    bench.track(&json!({})).await;
    bench.get("/user/info/", &[]).await;
    let (status, calls) = bench.control("GET", "/_sandbox/calls", "").await;
    assert_eq!(status, 200);
    assert_eq!(
        calls,
        json!({"/open_api/v1.3/event/track/": {"0": 2, "40002": 1}, "/open_api/v1.3/user/info/": {"0": 1}})
    );
    assert_eq!(bench.sandbox.state().calls_to("/event/track/"), 3);
}

#[tokio::test]
async fn reset_forgets_everything() {
    let bench = Bench::start().await;
    bench.set(json!({"messages": "batch", "clock": 5, "tokens": {"sandbox-token": {"revoked": true}}}));
    bench
        .sandbox
        .state()
        .set_faults(json!([{"path": "/user/info/", "code": 40100}]))
        .unwrap();
    bench.sandbox.state().set_limits(json!({"all": 0})).unwrap();
    assert_eq!(bench.control("POST", "/_sandbox/reset", "").await.0, 200);
    assert_eq!(bench.track(&web(json!([event("a")]))).await["code"], 0);
    let (_, settings) = bench.control("GET", "/_sandbox/settings", "").await;
    assert_eq!(settings["messages"], "with_index");
    assert!(settings["now"].as_i64().unwrap() > 1_700_000_000);
    assert_eq!(bench.control("GET", "/_sandbox/faults", "").await.1, json!([]));
    assert_eq!(bench.sandbox.state().calls().len(), 1);
}

#[tokio::test]
async fn a_control_that_does_not_fit_is_told_and_changes_nothing() {
    let bench = Bench::start().await;
    for (method, path, body, status, word) in [
        ("POST", "/_sandbox/faults", "{}", 400, "sequence"),
        (
            "POST",
            "/_sandbox/faults",
            r#"[{"path": "/event/track/"}]"#,
            400,
            "Fault 0",
        ),
        (
            "POST",
            "/_sandbox/faults",
            r#"[{"paths": "/event/track/", "code": 1}]"#,
            400,
            "paths",
        ),
        (
            "POST",
            "/_sandbox/limits",
            r#"{"per_minute": {}}"#,
            400,
            "per_minute",
        ),
        (
            "POST",
            "/_sandbox/settings",
            r#"{"clock": "noon", "messages": "batch"}"#,
            400,
            "clock",
        ),
        (
            "POST",
            "/_sandbox/settings",
            r#"{"clock": 5, "mesages": "batch"}"#,
            400,
            "mesages",
        ),
        ("POST", "/_sandbox/settings", "nothing", 400, "not JSON"),
        ("POST", "/_sandbox/events", "", 405, "method"),
        ("GET", "/_sandbox/other", "", 404, "README"),
    ] {
        let (answered, answer) = bench.control(method, path, body).await;
        assert_eq!(answered, status, "{path} {body}");
        assert!(answer["error"].as_str().unwrap().contains(word), "{answer}");
    }
    let (_, settings) = bench.control("GET", "/_sandbox/settings", "").await;
    assert_eq!(settings["messages"], "with_index");
    assert!(settings["now"].as_i64().unwrap() > 1_700_000_000);
}

#[tokio::test]
async fn limits_are_told_back_in_their_short_form() {
    let bench = Bench::start().await;
    let limits = r#"{"per_second": {"/open_api/v1.3/event/track/": 9}, "all": 50}"#;
    let (_, answer) = bench.control("POST", "/_sandbox/limits", limits).await;
    assert_eq!(answer, json!({"per_second": {"/event/track/": 9}, "all": 50}));
    assert_eq!(
        bench.control("POST", "/_sandbox/limits", "{}").await.1,
        json!({"per_second": {}})
    );
}
