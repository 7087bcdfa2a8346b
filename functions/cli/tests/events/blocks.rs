//! One row, several events.

use serde_json::{Value, json};

use crate::support::{hour_ago, preview};

#[test]
fn a_row_makes_an_event_of_each_block_that_knows_its_name() {
    let at = hour_ago();
    let text = "destination: acme\ntype: web_events\nmodel: {path: models/x/, primary_key: id}\nevent:\n  - pixel_code: C4A1EXAMPLEPIXEL0001\n    \
                name: {from: state, map: {paid: CompletePayment}}\n    batch_size: 10\n    test_event_code: TEST2\n  - pixel_code: C4A1EXAMPLEPIXEL0002\n    name: {from: state, \
                map: {paid: CompletePayment, basket: AddToCart}}\n    modern_names: true\n    batch_size: 10\n    test_event_code: TEST1\nmappings:\n  \
                - {from: at, to: event_time}\n  - {from: email, to: user.email}\n  - {from: value, to: properties.value}\n  \
                - {value: EUR, to: properties.currency}\n";
    let row = |n: usize, state: &str, value: &str| {
        [&format!("row-{n}"), &at.to_string(), "jane@x.de", state, value]
            .map(str::to_owned)
            .to_vec()
    };
    let rows = [
        row(0, "paid", "10"),
        row(1, "basket", "2"),
        row(2, "refund", "3"),
        row(3, "", "4"),
        row(4, "paid", "x"),
    ];
    let shown = preview(text, &["id", "at", "email", "state", "value"], &rows);
    let body = |pixel: &str| -> Vec<(Value, Value)> {
        let requests = shown.json["requests"].as_array().unwrap();
        let bodies = requests.iter().map(|request| &request["body"]);
        let own: Vec<_> = bodies.filter(|body| body["event_source_id"] == pixel).collect();
        let code = if pixel == "C4A1EXAMPLEPIXEL0001" {
            "TEST2"
        } else {
            "TEST1"
        };
        assert!(own.iter().all(|body| body["test_event_code"] == code));
        let events = own.into_iter().flat_map(|body| body["data"].as_array().unwrap());
        events
            .map(|event| (event["event_id"].clone(), event["event"].clone()))
            .collect()
    };
    assert_eq!(
        body("C4A1EXAMPLEPIXEL0001"),
        [(json!("row-0"), json!("CompletePayment"))]
    );
    let second = [
        (json!("row-0"), json!("Purchase")),
        (json!("row-1"), json!("AddToCart")),
    ];
    assert_eq!(body("C4A1EXAMPLEPIXEL0002"), second);
    let refused = |n: usize| shown.row(n).refused.unwrap();
    assert_eq!(
        [refused(2), refused(3), refused(4)],
        [
            "event invalid_event_name",
            "event missing_event_name",
            "properties.value invalid_number"
        ]
    );
    assert_eq!(
        shown.json["counts"],
        json!({"queried": 5, "accepted": 2, "rejected": 3, "expired": 0, "skipped": 0})
    );
}
