//! JSON in a column: contents, lists, objects.

use serde_json::json;

use crate::support::{Table, Want, hour_ago, preview, spec};

#[test]
fn contents_are_a_list_of_objects_with_typed_members() {
    let to = "properties.contents";
    Table::web(to).check(&[
        (
            r#"[{"content_id": "a", "price": 10.5, "quantity": 2}]"#,
            Want::Is(json!([{"content_id": "a", "price": 10.5, "quantity": 2}])),
        ),
        (r#"{"content_id": "a"}"#, Want::Is(json!([{"content_id": "a"}]))),
        (r#"[{"content_id": 7}]"#, Want::Is(json!([{"content_id": "7"}]))),
        (
            r#"[{"content_id": 12345678901234567890123}]"#,
            Want::Is(json!([{"content_id": "12345678901234567890123"}])),
        ),
        (
            r#"[{"price": "10.5", "quantity": "2"}]"#,
            Want::Is(json!([{"price": 10.5, "quantity": 2}])),
        ),
        (
            r#"[{"price": 1E1}, {"price": 1.0e-1}]"#,
            Want::Is(json!([{"price": 10}, {"price": 0.1}])),
        ),
        (r#"[{"quantity": 2.0}]"#, Want::Is(json!([{"quantity": 2}]))),
        (
            r#"[{"brand": "  Acme  ", "content_name": "Größe \"42\""}]"#,
            Want::Is(json!([{"brand": "Acme", "content_name": "Größe \"42\""}])),
        ),
        (
            r#"[{"size": "L", "tags": [1, {"b": null}], "new": true}]"#,
            Want::Is(json!([{"size": "L", "tags": [1, {"b": null}], "new": true}])),
        ),
        (
            r#"[{"content_id": null, "price": 1}]"#,
            Want::Is(json!([{"price": 1}])),
        ),
        (
            r#"[{"content_id": "", "price": 1}]"#,
            Want::Is(json!([{"price": 1}])),
        ),
        (r#"[null, {"price": 1}, {}]"#, Want::Is(json!([{"price": 1}]))),
        ("[]", Want::Absent),
        ("{}", Want::Absent),
        ("[{}]", Want::Absent),
        ("", Want::Absent),
        (r#"[{"price": -1}]"#, Want::Refused("invalid_number")),
        (r#"[{"price": "1,5"}]"#, Want::Refused("invalid_number")),
        (r#"[{"price": "NaN"}]"#, Want::Refused("invalid_number")),
        (r#"[{"price": true}]"#, Want::Refused("invalid_number")),
        (r#"[{"quantity": 1.5}]"#, Want::Refused("invalid_number")),
        (r#"[{"price": [1]}]"#, Want::Refused("invalid_json")),
        (r#"[{"content_id": {"a": 1}}]"#, Want::Refused("invalid_json")),
        (r#"[{"content_id": "a"}, 7]"#, Want::Refused("invalid_json")),
        (r#"[[{"content_id": "a"}]]"#, Want::Refused("invalid_json")),
        (
            r#"[{"content_id": "a", "content_id": "b"}]"#,
            Want::Refused("invalid_json"),
        ),
        (r#"[{"content_id": "a"}"#, Want::Refused("invalid_json")),
        (r#"[{"content_id": "a"}] x"#, Want::Refused("invalid_json")),
        (r#"[{"content_id": "a",}]"#, Want::Refused("invalid_json")),
        ("[{'content_id': 'a'}]", Want::Refused("invalid_json")),
        (r#"[{"price": NaN}]"#, Want::Refused("invalid_json")),
        (r#"[{"price": 01}]"#, Want::Refused("invalid_json")),
        ("null", Want::Refused("invalid_json")),
        ("sku-7", Want::Refused("invalid_json")),
        ("\"sku-7\"", Want::Refused("invalid_json")),
        ("7", Want::Refused("invalid_json")),
        (
            r#"[{"email": "jane@x.de", "price": 1}]"#,
            Want::Warns(json!([{"price": 1}]), "invalid_value"),
        ),
    ]);
}

#[test]
fn lists_of_texts_are_json_or_one_text() {
    for to in [
        "properties.content_ids",
        "properties.suggested_hotels",
        "properties.destination_ids",
    ] {
        Table::web(to).check(&[
            ("a", Want::Is(json!(["a"]))),
            (r#"["a", "b"]"#, Want::Is(json!(["a", "b"]))),
            ("[1, 2.50, true]", Want::Is(json!(["1", "2.50", "true"]))),
            (r#"["a", null, "", " b "]"#, Want::Is(json!(["a", "b"]))),
            ("a,b", Want::Is(json!(["a,b"]))),
            ("a;b", Want::Is(json!(["a;b"]))),
            ("17", Want::Is(json!(["17"]))),
            ("[]", Want::Absent),
            ("", Want::Absent),
            (r#"["a", ["b"]]"#, Want::Refused("invalid_json")),
            (r#"["a", {"b": 1}]"#, Want::Refused("invalid_json")),
            ("[a]", Want::Refused("invalid_json")),
            (r#"["a""#, Want::Refused("invalid_json")),
        ]);
    }
}

#[test]
fn a_price_range_is_two_numbers_and_a_mileage_an_object() {
    Table::web("properties.preferred_price_range").check(&[
        ("[10000, 20000]", Want::Is(json!([10000, 20000]))),
        (r#"["10000", 20000.5]"#, Want::Is(json!([10000, 20000.5]))),
        ("[1]", Want::Refused("invalid_json")),
        ("[1, 2, 3]", Want::Refused("invalid_json")),
        ("[1, null]", Want::Refused("invalid_json")),
        ("1-2", Want::Refused("invalid_json")),
        ("1", Want::Refused("invalid_json")),
        ("[-1, 2]", Want::Refused("invalid_number")),
        (r#"[1, "x"]"#, Want::Refused("invalid_number")),
    ]);
    Table::web("properties.mileage").check(&[
        (
            r#"{"unit": "KM", "value": "12000"}"#,
            Want::Is(json!({"unit": "KM", "value": 12000})),
        ),
        (r#"{"value": 1.2E4}"#, Want::Is(json!({"value": 12000}))),
        ("{}", Want::Absent),
        ("12000", Want::Refused("invalid_json")),
        ("[1]", Want::Refused("invalid_json")),
        (r#"{"value": "12,000"}"#, Want::Refused("invalid_number")),
    ]);
}

#[test]
fn ids_and_other_texts_stay_texts() {
    for to in [
        "properties.order_id",
        "properties.shop_id",
        "properties.vin",
        "properties.contents[0].content_id",
        "user.ttp",
    ] {
        let cells = [
            "1001",
            "0012",
            "1.0",
            "1e5",
            "true",
            "null",
            "[1]",
            "{\"a\":1}",
            "-",
            "größe",
            "a\"b\\c",
            "a\nb",
        ];
        let mut cases: Vec<_> = cells.map(|cell| (cell, Want::Is(json!(cell)))).to_vec();
        if to == "user.ttp" {
            // A column of identifiers: words for nothing are absent.
            cases.retain(|(cell, _)| !["null", "-"].contains(cell));
            cases.extend([("null", Want::Absent), ("-", Want::Absent)]);
        }
        cases.extend([(" x ", Want::Is(json!("x"))), ("", Want::Absent)]);
        Table::web(to).check(&cases);
    }
    Table::web("properties.content_type").check(&[
        ("product", Want::Is(json!("product"))),
        ("Product_Group", Want::Is(json!("product_group"))),
        ("hotel", Want::Warns(json!("hotel"), "invalid_value")),
    ]);
}

#[test]
fn keys_that_tiktok_does_not_list_pass_through() {
    Table::web("properties.own").check(&[
        ("17", Want::Is(json!("17"))),
        ("text", Want::Is(json!("text"))),
        (
            r#"{"a": [1.5, "x", null]}"#,
            Want::Is(json!({"a": [1.5, "x", null]})),
        ),
        ("[1, 2]", Want::Is(json!([1, 2]))),
        ("[1, 2", Want::Is(json!("[1, 2"))),
        ("{not json}", Want::Is(json!("{not json}"))),
    ]);
    let base = |value| Want::Warns(value, "invalid_value");
    Table::web("properties").check(&[
        (
            r#"{"order_id": 17, "own": {"a": [1, null]}}"#,
            Want::Is(json!({"order_id": "17", "own": {"a": [1, null]}})),
        ),
        (
            r#"{"contents": {"content_id": 5}, "num_items": "3"}"#,
            Want::Is(json!({"contents": [{"content_id": "5"}], "num_items": 3})),
        ),
        (r#"{"description": null}"#, Want::Absent),
        (r#"{"own": 1, "email": "jane@x.de"}"#, base(json!({"own": 1}))),
        (
            r#"{"own": 1, "Phone_Number": "+491701234567"}"#,
            base(json!({"own": 1})),
        ),
        (r#"{"value": -1}"#, Want::Refused("invalid_number")),
        (r#"{"currency": "XXX"}"#, Want::Refused("invalid_currency")),
        (
            r#"{"currency": "EUR", "currency": "USD"}"#,
            Want::Refused("invalid_json"),
        ),
        (r#"{"order_id": {"a": 1}}"#, Want::Refused("invalid_json")),
        ("[]", Want::Refused("invalid_json")),
        ("x", Want::Refused("invalid_json")),
        ("17", Want::Refused("invalid_json")),
    ]);
}

#[test]
fn positions_and_the_json_beside_them_are_one_list() {
    let mappings = "  - {from: at, to: event_time}\n  - {value: t, to: user.ttclid}\n  - {from: items, to: properties.contents}\n  \
                    - {from: sku, to: \"properties.contents[0].content_id\"}\n  \
                    - {from: price, to: \"properties.contents[1].price\"}\n";
    let at = hour_ago().to_string();
    let cases = [
        (
            r#"[{"content_id": "x", "quantity": 1}, {"content_id": "y"}]"#,
            "a",
            "9.50",
            json!([{"content_id": "a", "quantity": 1}, {"price": 9.5, "content_id": "y"}]),
        ),
        ("", "a", "", json!([{"content_id": "a"}])),
        ("", "", "9.50", json!([{"price": 9.5}])),
        (
            r#"{"brand": "z"}"#,
            "a",
            "1",
            json!([{"content_id": "a", "brand": "z"}, {"price": 1}]),
        ),
        ("[]", "a", "", json!([{"content_id": "a"}])),
    ];
    let rows: Vec<Vec<String>> = cases
        .iter()
        .enumerate()
        .map(|(n, (items, sku, price, _))| {
            [&format!("row-{n}"), at.as_str(), items, sku, price]
                .map(str::to_owned)
                .to_vec()
        })
        .collect();
    let shown = preview(
        &spec("web_events", "", "", mappings, ""),
        &["id", "at", "items", "sku", "price"],
        &rows,
    );
    for (n, (.., expected)) in cases.iter().enumerate() {
        assert_eq!(
            &shown.row(n).events[0]["properties"]["contents"],
            expected,
            "row {n}"
        );
    }
}
