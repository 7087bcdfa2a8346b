//! `properties.contents`.

use super::*;

#[track_caller]
fn contents(mappings: &[(&str, &str)], row: &[(&str, &str)], expected: impl Into<Value>) {
    let expected: Value = expected.into();
    let mut all = vec![("=t", "user.ttclid")];
    all.extend(mappings);
    let mut event = json!({"user": {"ttclid": "t"}});
    if !expected.is_null() {
        event["properties"] = json!({ "contents": expected });
    }
    sends(&web(&all), row, event, &[]);
}

const JSON: &[(&str, &str)] = &[("items", "properties.contents")];

#[test]
fn the_json_of_a_column_is_typed_member_by_member() {
    for (json, expected) in [
        (
            r#"[{"content_id": 7, "price": "10.50", "quantity": "2"}]"#,
            json!([{"content_id": "7", "price": 10.5, "quantity": 2}]),
        ),
        (r#"{"content_id": "a"}"#, json!([{"content_id": "a"}])),
        (
            r#" [ {"content_id" : "a"} , null , {} , {"brand": null}, {"brand": "b"} ] "#,
            json!([{"content_id": "a"}, {"brand": "b"}]),
        ),
        (
            r#"[{"content_name": "\u00e9\ud83d\ude00 \"x\"", "content_category": true}]"#,
            json!([{"content_name": "é😀 \"x\"", "content_category": "true"}]),
        ),
        (
            r#"[{"size": 42, "tags": ["a", null], "gift": true, "note": null, "0": {}}]"#,
            json!([{"size": 42, "tags": ["a", null], "gift": true, "0": {}}]),
        ),
        (
            r#"[{"price": "", "brand": "  ", "quantity": 3.0}]"#,
            json!([{"quantity": 3}]),
        ),
        (r#"[{"price": 1e1}]"#, json!([{"price": 10}])),
        ("[]", Value::Null),
        ("{}", Value::Null),
        ("[{}]", Value::Null),
        ("", Value::Null),
    ] {
        contents(JSON, &[("items", json)], expected);
    }
}

#[test]
fn positions_are_mapped_one_by_one() {
    let mappings = [
        ("sku", "properties.contents[0].content_id"),
        ("price", "properties.contents[0].price"),
        ("sku2", "properties.contents[1].content_id"),
        ("=a", "properties.contents[4].brand"),
        ("size", "properties.contents[1].size.eu"),
    ];
    contents(
        &mappings,
        &[("sku", "7"), ("price", "1.5"), ("sku2", "8"), ("size", "42")],
        json!([{"content_id": "7", "price": 1.5}, {"content_id": "8", "size": {"eu": "42"}}, {"brand": "a"}]),
    );
    contents(
        &mappings,
        &[("sku2", "8")],
        json!([{"content_id": "8"}, {"brand": "a"}]),
    );
}

#[test]
fn mapped_members_win_over_the_json() {
    let mappings = [
        ("items", "properties.contents"),
        ("sku", "properties.contents[0].content_id"),
        ("brand", "properties.contents[1].brand"),
        ("extra", "properties.contents[2].content_id"),
    ];
    let items = r#"[{"content_id": "json", "price": 1}, {"content_id": "b", "brand": "json"}]"#;
    contents(
        &mappings,
        &[("items", items)],
        json!([{"content_id": "json", "price": 1}, {"content_id": "b", "brand": "json"}]),
    );
    contents(
        &mappings,
        &[("items", items), ("sku", "own"), ("brand", "own"), ("extra", "c")],
        json!([{"content_id": "own", "price": 1}, {"content_id": "b", "brand": "own"}, {"content_id": "c"}]),
    );
    contents(&mappings, &[("sku", "own")], json!([{"content_id": "own"}]));
    contents(
        &mappings,
        &[("items", "[]"), ("extra", "c")],
        json!([{"content_id": "c"}]),
    );
    contents(
        &mappings,
        &[("items", "{}"), ("sku", "own")],
        json!([{"content_id": "own"}]),
    );
}

#[test]
fn a_problem_inside_says_where_and_keeps_the_mapping_as_its_field() {
    let spec = web(&[
        ("items", "properties.contents"),
        ("=t", "user.ttclid"),
        ("p", "properties.contents[0].price"),
    ]);
    for (items, code, place) in [
        (
            r#"[{"price": 1}, {"price": "12,secret"}]"#,
            "invalid_number",
            "[1].price",
        ),
        (r#"[{"quantity": -1}]"#, "invalid_number", "[0].quantity"),
        (r#"{"price": true}"#, "invalid_number", "price"),
        (
            r#"[{"content_id": ["secret"]}]"#,
            "invalid_json",
            "[0].content_id",
        ),
        (r#"[{"price": 1}, 5]"#, "invalid_json", "[1]"),
        (r#"[{"price": 1}"#, "invalid_json", "byte 13"),
        (r#"[{"content_name": "\ud800"}]"#, "invalid_json", "byte"),
        (r#"[{"price": 1}] secret"#, "invalid_json", "byte 15"),
    ] {
        let mapped = map(&spec, &[("items", items)]);
        assert_eq!(mapped.end(), format!("properties.contents {code}"), "{items}");
        let Fate::Rejected(problem) = mapped.fate else {
            panic!()
        };
        assert!(
            problem.message.contains(place) && !problem.message.contains("secret"),
            "{}",
            problem.message
        );
    }
    refuses(
        &spec,
        &[("items", "[{}]"), ("p", "x")],
        "properties.contents[0].price invalid_number",
    );
}
