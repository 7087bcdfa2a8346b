//! `/event/track/`: what is refused, in which words, and what is stored.

use serde_json::{Value, json};
use tiktok_sandbox::{EVENT_SET_ID, PIXEL_CODE};

use crate::bench::{Bench, HASH, NOON, event, event_with, offline, web};

async fn check(bench: &Bench, body: &Value, code: u64, message: &str) {
    let before = bench.sandbox.state().events().len();
    let answer = bench.track(body).await;
    assert_eq!(answer["code"], code, "{body}\n{answer}");
    assert_eq!(answer["message"], message, "{body}");
    let stored = bench.sandbox.state().events().len() - before;
    assert_eq!(stored > 0, code == 0, "a refused call stores nothing: {body}");
}

#[tokio::test]
async fn missing_fields_are_named_together() {
    let bench = Bench::start().await;
    for (body, message) in [
        (
            json!({}),
            "Missing required field(s): event_source, event_source_id, data.",
        ),
        (
            json!({"event_source": "web", "data": []}),
            "Missing required field(s): event_source_id.",
        ),
        (
            web(json!([{}])),
            "Missing required field(s): data.0.event, data.0.event_time.",
        ),
        (
            web(json!([event("a"), {"event": "Purchase"}])),
            "Missing required field(s): data.1.event_time.",
        ),
        (
            offline(json!([{"event": "Purchase", "event_time": NOON, "user": {"external_id": HASH}}])),
            "Missing required field(s): data.0.user.email, data.0.user.phone.",
        ),
        (
            offline(json!([{"event": "Purchase", "event_time": NOON, "user": {"email": []}}])),
            "Missing required field(s): data.0.user.email, data.0.user.phone.",
        ),
        (
            json!({"event_source": "crm", "event_source_id": "7400", "data": [event("a")]}),
            "Missing required field(s): data.0.lead.lead_id.",
        ),
    ] {
        check(&bench, &body, 40002, message).await;
    }
}

#[tokio::test]
async fn bodies_that_are_no_json_object_are_refused() {
    let bench = Bench::start().await;
    for (body, message) in [
        ("", "Request body is not valid JSON."),
        ("{\"event_source\":", "Request body is not valid JSON."),
        ("[]", "Request body must be a JSON object."),
    ] {
        let answer: Value = bench
            .request("/event/track/", body)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert_eq!(
            (&answer["code"], &answer["message"]),
            (&json!(40002), &json!(message))
        );
    }
    let form = bench
        .http
        .post(bench.url("/event/track/"))
        .header("Access-Token", "sandbox-token");
    let answer: Value = form
        .body(web(json!([event("a")])).to_string())
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(answer["message"], "Content-Type must be application/json.");
}

#[tokio::test]
async fn top_level_values_are_typed() {
    let bench = Bench::start().await;
    let with = |name: &str, value: Value| {
        let mut body = web(json!([event("a")]));
        body[name] = value;
        body
    };
    for (body, message) in [
        (
            with("event_source", json!("shop")),
            "Invalid value for event_source",
        ),
        (
            with("event_source_id", json!(5)),
            "Invalid value for event_source_id: not a valid string.",
        ),
        (
            with("data", json!({})),
            "Invalid value for data: not a valid list.",
        ),
        (
            with("data", json!([])),
            "Invalid value for data: must hold 1 to 1000 events.",
        ),
        (
            with("data", json!([7])),
            "Invalid value for data.0: not a valid object.",
        ),
        (
            with("test_event_code", json!(11)),
            "Invalid value for test_event_code: not a valid string.",
        ),
        (
            with("pixel_code", json!(PIXEL_CODE)),
            "Invalid value for pixel_code: unknown field.",
        ),
    ] {
        check(&bench, &body, 40002, message).await;
    }
    check(&bench, &with("partner_name", json!("Tideline")), 0, "OK").await;
    let thousand_and_one: Vec<Value> = (0..1001).map(|n| event(&n.to_string())).collect();
    let body = web(json!(thousand_and_one));
    check(
        &bench,
        &body,
        40002,
        "Invalid value for data: must hold 1 to 1000 events.",
    )
    .await;
    bench.set(json!({"batch_size_code": 40061}));
    assert_eq!(bench.track(&body).await["code"], 40061);
}

#[tokio::test]
async fn the_wrong_kind_of_source_is_called_no_string() {
    let bench = Bench::start().await;
    let words = "Invalid value for event_source_id: not a valid string.";
    let body =
        |source: &str, id: &str| json!({"event_source": source, "event_source_id": id, "data": [event("a")]});
    check(&bench, &body("offline", PIXEL_CODE), 40002, words).await;
    check(&bench, &body("web", EVENT_SET_ID), 40002, words).await;
    check(&bench, &body("web", ""), 40002, words).await;
    check(&bench, &body("web", "two words"), 40002, words).await;
    check(&bench, &body("offline", "C9ANOTHERPIXEL000002"), 40002, words).await;
    check(&bench, &body("offline", "7300000000000000009"), 0, "OK").await;
    check(&bench, &body("web", "C9ANOTHERPIXEL000002"), 0, "OK").await;
}

#[tokio::test]
async fn every_event_value_has_its_type() {
    let bench = Bench::start().await;
    for (path, bad, why) in [
        ("event", json!("Lady Purchase"), "not a supported event"),
        ("event", json!(1), "not a valid string"),
        ("event", json!("Checkout"), "not a supported event"),
        ("event_id", json!(1001), "not a valid string"),
        ("event_id", json!(""), "must not be empty"),
        ("event_id", Value::Null, "not a valid string"),
        ("event_time", json!("1785585600"), "not a valid integer"),
        ("event_time", json!(1_785_585_600.5), "not a valid integer"),
        (
            "event_time",
            json!(1_785_585_600_000_i64),
            "not a valid time in seconds",
        ),
        ("event_time", json!(0), "not a valid time in seconds"),
        ("limited_data_use", json!("true"), "not a valid boolean"),
        ("user", json!([]), "not a valid object"),
        ("user/ttclid", json!(7), "not a valid string"),
        ("user/ttp", Value::Null, "not a valid string"),
        ("user/locale", json!(""), "must not be empty"),
        ("user/ip", json!("10.0.0.7"), "not a valid public IP address"),
        ("user/ip", json!("somewhere"), "not a valid public IP address"),
        (
            "user/idfa",
            json!("5f3a2b18-9c4d-4e7f-b8e2-17d3a1e69b25"),
            "not a valid device id",
        ),
        (
            "user/gaid",
            json!("5F3A2B18-9C4D-4E7F-B8E2-17D3A1E69B25"),
            "not a valid device id",
        ),
        ("user/att_status", json!("YES"), "not a valid att_status"),
        ("user/phone_number", json!(HASH), "unknown field"),
        ("user/email", json!(5), "not a valid string"),
        ("page/url", json!(1), "not a valid string"),
        ("lead/lead_id", json!(17), "not a valid string"),
        ("properties", json!("x"), "not a valid object"),
        ("properties/contents", json!({}), "not a valid list"),
        ("properties/contents/0", json!("sku"), "not a valid object"),
        ("properties/contents/0/content_id", json!(7), "not a valid string"),
        ("properties/contents/0/price", json!("10"), "not a valid number"),
        (
            "properties/contents/0/quantity",
            json!(1.5),
            "not a valid integer",
        ),
        ("properties/content_ids", json!(["a", 2]), "not a valid string"),
        ("properties/currency", json!("eur"), "not a supported currency"),
        ("properties/currency", json!("XYZ"), "not a supported currency"),
        ("properties/value", json!("20"), "not a valid number"),
        ("properties/value", json!(-1), "must not be negative"),
        ("properties/num_items", json!(2.0), "not a valid integer"),
        ("properties/order_id", json!(1001), "not a valid string"),
        ("properties/num_adults", json!("2"), "not a valid number"),
        ("properties/mileage/value", json!("5"), "not a valid number"),
        (
            "properties/preferred_price_range",
            json!([1]),
            "not a pair of numbers",
        ),
        ("test_event_code", json!("TEST1"), "unknown field"),
    ] {
        let place = if path == "properties/content_ids" {
            "properties/content_ids/1"
        } else {
            path
        };
        let message = format!("Invalid value for data.1.{}: {why}.", place.replace('/', "."));
        let body = web(json!([event("a"), event_with(path, bad)]));
        check(&bench, &body, 40002, &message).await;
    }
}

#[tokio::test]
async fn every_field_of_the_reference_is_accepted() {
    let bench = Bench::start().await;
    for (path, good) in [
        ("event", json!("SubmitForm")),
        ("event", json!("Loyalty_Card-2")),
        ("user/email", json!([HASH, HASH])),
        ("user/phone", json!(HASH)),
        ("user/external_id", json!([HASH])),
        ("user/first_name", json!(HASH)),
        ("user/ip", json!("203.0.113.9")),
        ("user/ip", json!("2001:db8::1")),
        ("user/idfa", json!("5F3A2B18-9C4D-4E7F-B8E2-17D3A1E69B25")),
        ("user/gaid", json!("5f3a2b18-9c4d-4e7f-b8e2-17d3a1e69b25")),
        ("user/gaid", json!(HASH)),
        ("user/country", json!("PH")),
        (
            "page",
            json!({"url": "https://shop.example/?a=1", "referrer": ""}),
        ),
        ("limited_data_use", json!(true)),
        ("properties/value", json!(0)),
        ("properties/value", json!(20.25)),
        ("properties/currency", json!("EUR")),
        (
            "properties/contents/0",
            json!({"content_id": "7", "quantity": 2, "price": 10, "brand": "b", "colour": 4}),
        ),
        ("properties/gtm_version", json!({"any": ["thing"]})),
        ("properties/year", json!(2020)),
        ("properties/mileage", json!({"unit": "KM", "value": 5})),
        ("properties/preferred_price_range", json!([1, 2.5])),
        ("properties/suggested_hotels", json!(["h1"])),
        ("lead/lead_event_source", json!("CRM")),
    ] {
        let mut row = event_with(path, good);
        row["event_id"] = json!(path.to_owned() + &row.to_string());
        check(&bench, &web(json!([row])), 0, "OK").await;
    }
    bench.set(json!({"currencies_add": ["XYZ"]}));
    let mut row = event_with("properties/currency", json!("XYZ"));
    row["event_id"] = json!("xyz");
    check(&bench, &web(json!([row])), 0, "OK").await;
}

#[tokio::test]
async fn identities_must_be_hashed() {
    let bench = Bench::start().await;
    for (path, value) in [
        ("user/email", json!("ana@example.com")),
        ("user/email", json!([HASH, "ana@example.com"])),
        ("user/phone", json!("+12133734253")),
        ("user/external_id", json!("user_123")),
        ("user/email", json!(HASH.to_uppercase())),
        ("user/last_name", json!("smith")),
    ] {
        let body = web(json!([event_with(path, value.clone())]));
        let place = path.replace('/', ".") + if value.is_array() { ".1" } else { "" };
        let message = format!("Invalid value for data.0.{place}: not hashed with SHA-256.");
        check(&bench, &body, 40062, &message).await;
    }
    bench.set(json!({"unhashed_code": 40002, "uppercase_hashes": "accept"}));
    assert_eq!(
        bench
            .track(&web(json!([event_with("user/phone", json!("x"))])))
            .await["code"],
        40002
    );
    assert_eq!(
        bench
            .track(&web(json!([event_with(
                "user/email",
                json!(HASH.to_uppercase())
            )])))
            .await["code"],
        0
    );
}

#[tokio::test]
async fn custom_names_are_for_the_web_only() {
    let bench = Bench::start().await;
    let row = json!([event_with("event", json!("Loyalty"))]);
    check(
        &bench,
        &offline(row.clone()),
        40002,
        "Invalid value for data.0.event: not a supported event.",
    )
    .await;
    check(&bench, &web(row), 0, "OK").await;
}

#[tokio::test]
async fn app_events_need_the_allowlist() {
    let bench = Bench::start().await;
    let row = json!({"event": "LaunchAPP", "event_time": NOON, "app": {"app_id": "1"}});
    let body = json!({"event_source": "app", "event_source_id": "7000", "data": [row]});
    assert_eq!(bench.track(&body).await["code"], 40118);
    bench.set(json!({"allowed_sources": ["app"]}));
    assert_eq!(bench.track(&body).await["code"], 0);
    assert_eq!(bench.track(&web(json!([event("a")]))).await["code"], 40118);
}

#[tokio::test]
async fn the_first_bad_row_names_the_fault_in_the_form_that_is_set() {
    let bench = Bench::start().await;
    let body = web(json!([
        event("a"),
        event_with("properties/contents/0/content_id", json!(7)),
        event_with("event_id", json!(2))
    ]));
    for (form, message) in [
        (
            "with_index",
            "Invalid value for data.1.properties.contents.0.content_id: not a valid string.",
        ),
        (
            "without_index",
            "Invalid value for properties.contents.0.content_id: not a valid string.",
        ),
        (
            "batch",
            "Batch.1.properties.contents.0.content_id: Not a valid string",
        ),
    ] {
        bench.set(json!({"messages": form}));
        check(&bench, &body, 40002, message).await;
    }
    assert!(bench.sandbox.state().events().is_empty());
}

#[tokio::test]
async fn an_event_seen_within_48_hours_is_counted_at_the_first() {
    let bench = Bench::start().await;
    bench.set(json!({"clock": NOON}));
    let first =
        json!({"event": "Purchase", "event_time": NOON, "event_id": "o-1", "properties": {"value": 20.0}});
    let mut second = first.clone();
    second["properties"]["value"] = json!(99);
    bench.track(&web(json!([first, first]))).await;
    bench.set(json!({"advance_seconds": 48 * 3600 - 1}));
    bench.track(&web(json!([second]))).await;
    let (_, events) = bench.control("GET", "/_sandbox/events", "").await;
    assert_eq!(
        events,
        json!([{
            "event_source": "web", "event_source_id": PIXEL_CODE, "event": "Purchase", "event_id": "o-1",
            "event_time": NOON, "test": false, "test_event_code": null, "received": 3, "body": first,
        }])
    );
    bench.set(json!({"advance_seconds": 1}));
    bench.track(&web(json!([second]))).await;
    assert_eq!(bench.sandbox.state().event_count(), 2);
}

#[tokio::test]
async fn test_events_stand_apart() {
    let bench = Bench::start().await;
    let mut body = web(json!([event("a")]));
    bench.track(&body).await;
    body["test_event_code"] = json!("TEST11178");
    bench.track(&body).await;
    let events = bench.sandbox.state().events();
    let shown: Vec<_> = events
        .iter()
        .map(|event| (event.test, event.test_event_code.as_deref()))
        .collect();
    assert_eq!(shown, [(false, None), (true, Some("TEST11178"))]);
    assert_eq!(bench.sandbox.state().event_count(), 1);
}

#[tokio::test]
async fn bodies_keep_every_byte_of_the_event() {
    let bench = Bench::start().await;
    let row = r#"{ "event":"Purchase","event_time":1785585600,"properties":{"value":20.10} }"#;
    let body = format!(r#"{{"event_source":"web","event_source_id":"{PIXEL_CODE}","data":[{row}]}}"#);
    bench.request("/event/track/", body).send().await.unwrap();
    assert_eq!(
        bench.sandbox.state().events()[0].body.as_ref().unwrap().get(),
        row
    );
    bench.set(json!({"keep_event_bodies": false}));
    bench.track(&web(json!([event("b")]))).await;
    assert!(bench.sandbox.state().events()[1].body.is_none());
}
