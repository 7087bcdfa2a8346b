//! Faults: what the client sees, what is stored, what is counted.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::bench::{Bench, event, web};

/// Sends one event under a fault; the status and the text that came, or nothing when none came within a second.
async fn send(bench: &Bench, fault: Value) -> Option<(u16, String)> {
    bench.sandbox.state().set_faults(json!([fault])).unwrap();
    let request = bench.request("/event/track/", web(json!([event("a")])).to_string());
    let response = request.timeout(Duration::from_secs(1)).send().await.ok()?;
    let status = response.status().as_u16();
    Some((status, response.text().await.ok()?))
}

fn counted(bench: &Bench, label: &str) -> u64 {
    let calls = bench.sandbox.state().calls();
    let codes = &calls["/open_api/v1.3/event/track/"];
    assert_eq!(codes.len(), 1, "{codes:?}");
    codes[label]
}

async fn check(fault: Value, expected: Option<(u16, &str)>, label: &str, stored: usize) {
    let bench = Bench::start().await;
    let answer = send(&bench, fault.clone()).await;
    match (&answer, expected) {
        (Some((status, text)), Some((expected_status, part))) => {
            assert_eq!(*status, expected_status, "{fault}");
            assert!(text.contains(part), "{fault}: {text}");
        }
        (None, None) => {}
        _ => panic!("{fault}: {answer:?}"),
    }
    assert_eq!(bench.sandbox.state().event_count(), stored, "{fault}");
    assert_eq!(counted(&bench, label), 1, "{fault}");
}

#[tokio::test]
async fn answers_that_store_nothing() {
    check(
        json!({"path": "/event/track/", "code": 40100}),
        Some((200, "Too many requests")),
        "40100",
        0,
    )
    .await;
    check(
        json!({"code": 40002, "message": "Invalid Price Field"}),
        Some((200, "Invalid Price Field")),
        "40002",
        0,
    )
    .await;
    check(
        json!({"path": "/open_api/v1.3/event/track/", "http": 502}),
        Some((502, "<html>")),
        "http_502",
        0,
    )
    .await;
    check(
        json!({"http": 503, "body": "{\"code\": 50000}"}),
        Some((503, "50000")),
        "http_503",
        0,
    )
    .await;
    check(
        json!({"body": "<html>captive portal</html>"}),
        Some((200, "captive")),
        "http_200",
        0,
    )
    .await;
    check(json!({"reset": true}), None, "reset", 0).await;
    check(
        json!({"path": "/segment/mapping/", "code": 40100}),
        Some((200, "OK")),
        "0",
        1,
    )
    .await;
}

#[tokio::test]
async fn answers_that_hide_what_was_stored() {
    check(json!({"after_store": "hang"}), None, "hang", 1).await;
    check(json!({"after_store": "reset"}), None, "reset", 1).await;
    check(json!({"after_store": "truncate"}), None, "truncate", 1).await;
    check(
        json!({"after_store": "answer", "code": 50002}),
        Some((200, "50002")),
        "50002",
        1,
    )
    .await;
    check(
        json!({"after_store": "answer", "http": 504}),
        Some((504, "")),
        "http_504",
        1,
    )
    .await;
}

#[tokio::test]
async fn a_reset_is_a_reset_at_once() {
    let bench = Bench::start().await;
    bench
        .sandbox
        .state()
        .set_faults(json!([{"after_store": "reset"}]))
        .unwrap();
    let started = Instant::now();
    let error = bench
        .request("/event/track/", web(json!([event("a")])).to_string())
        .send()
        .await
        .unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(1));
    assert!(!error.is_timeout());
    assert!(format!("{error:?}").contains("ConnectionReset"), "{error:?}");
}

#[tokio::test]
async fn a_slow_answer_is_the_usual_one() {
    let bench = Bench::start().await;
    let started = Instant::now();
    let (status, text) = send(&bench, json!({"hang_ms": 200})).await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(200));
    assert_eq!((status, text.contains("\"code\":0")), (200, true));
    // A client that gave up does not stop the call.
    assert!(send(&bench, json!({"hang_ms": 1200})).await.is_none());
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(bench.sandbox.state().events()[0].received, 2);
    assert_eq!(counted(&bench, "0"), 2);
}

#[tokio::test]
async fn a_huge_answer_is_as_long_as_asked() {
    let bench = Bench::start().await;
    let (_, text) = send(&bench, json!({"body_bytes": 3_000_000})).await.unwrap();
    assert_eq!(text.len(), 3_000_000);
}

#[tokio::test]
async fn times_and_every_are_counted_over_calls() {
    let bench = Bench::start().await;
    let faults = json!([{"path": "/event/track/", "every": 3, "times": 2, "code": 51010}]);
    bench.sandbox.state().set_faults(faults).unwrap();
    let mut codes = Vec::new();
    for n in 0..10 {
        codes.push(
            bench.track(&web(json!([event(&n.to_string())]))).await["code"]
                .as_u64()
                .unwrap(),
        );
    }
    assert_eq!(codes, [0, 0, 51010, 0, 0, 51010, 0, 0, 0, 0]);
    bench
        .sandbox
        .state()
        .set_faults(json!([{"code": 60001}]))
        .unwrap();
    assert_eq!(bench.track(&json!({})).await["code"], 60001);
    bench.sandbox.state().set_faults(json!([])).unwrap();
    assert_eq!(bench.track(&json!({})).await["code"], 40002);
}
