//! Typed fields of properties, page and the like.

use super::*;

fn one(to: &str) -> SyncSpec {
    web(&[("x", to), ("=t", "user.ttclid")])
}

#[track_caller]
fn property(to: &str, text: &str, expected: impl Into<Value>) {
    let expected: Value = expected.into();
    let mapped = map(&one(to), &[("x", text)]);
    let key = to.strip_prefix("properties.").unwrap();
    assert_eq!(
        mapped.event()["properties"],
        json!({ key: expected }),
        "{to} {text}"
    );
}

#[test]
fn each_property_has_its_type() {
    for (to, text, expected) in [
        ("properties.value", "20.50", json!(20.50)),
        ("properties.value", "1.0E7", json!(10_000_000)),
        ("properties.num_items", "2", json!(2)),
        ("properties.num_items", "2.0", json!(2)),
        ("properties.predicted_ltv", "0", json!(0)),
        ("properties.year", "2024", json!(2024)),
        ("properties.num_adults", "2", json!(2)),
        ("properties.user_score", "4.5", json!(4.5)),
        ("properties.preferred_num_stops", "0", json!(0)),
        ("properties.currency", "usd", json!("USD")),
        ("properties.order_id", "1001", json!("1001")),
        ("properties.order_id", " 0012 ", json!("0012")),
        ("properties.shop_id", "55", json!("55")),
        ("properties.postal_code", "01067", json!("01067")),
        ("properties.checkin_date", "2026-12-01", json!("2026-12-01")),
        ("properties.content_type", "Product_Group", json!("product_group")),
        (
            "properties.content_ids",
            r#"["a", 7, null, ""]"#,
            json!(["a", "7"]),
        ),
        ("properties.content_ids", "a,b", json!(["a,b"])),
        ("properties.suggested_hotels", "h-1", json!(["h-1"])),
        ("properties.destination_ids", "[1, 2]", json!(["1", "2"])),
        (
            "properties.preferred_price_range",
            "[10000, \"20000.5\"]",
            json!([10000, 20000.5]),
        ),
        (
            "properties.mileage",
            r#"{"unit": "KM", "value": "12000", "x": [1]}"#,
            json!({"unit": "KM", "value": 12000, "x": [1]}),
        ),
        (
            "properties.description",
            "Größe \"42\"\n\\ \u{1}",
            json!("Größe \"42\"\n\\ \u{1}"),
        ),
        ("properties.gtm_version", "42", json!("42")),
        (
            "properties.tags",
            r#"["a", {"b": 1.50}]"#,
            json!(["a", {"b": 1.5}]),
        ),
        ("properties.tags", "[a", json!("[a")),
        ("properties.tags", "true", json!("true")),
    ] {
        property(to, text, expected);
    }
}

#[test]
fn digits_stay_as_they_are_written() {
    let spec = web(&[
        ("x", "properties.value"),
        ("y", "properties.contents"),
        ("=t", "user.ttclid"),
    ]);
    let header = Header::new(["id", "time", "x", "y"].map(str::to_owned).to_vec());
    let mapper = EventMapper::new(&spec, &header).unwrap();
    let mut out = MappedRow::default();
    let time = TIME.to_string();
    let contents = r#"[{"price": 0.10, "w": 1.2300}]"#;
    let fields = [
        Some("1"),
        Some(time.as_str()),
        Some("1234567890123456789.10"),
        Some(contents),
    ];
    mapper.map(
        &Row::new(
            Position {
                record: 1,
                line: None,
            },
            &fields,
        ),
        NOW,
        &mut out,
    );
    let json = String::from_utf8(out.json.clone()).unwrap();
    assert!(
        json.contains(r#""value":1234567890123456789.10,"contents":[{"price":0.10,"w":1.2300}]"#),
        "{json}"
    );
}

#[test]
fn a_wrong_value_refuses_the_row_for_its_field() {
    for (to, text, code) in [
        ("properties.value", "12,50", "invalid_number"),
        ("properties.value", "-1", "invalid_number"),
        ("properties.value", "NaN", "invalid_number"),
        ("properties.value", "null", "invalid_number"),
        ("properties.num_items", "2.5", "invalid_number"),
        ("properties.year", "MMXX", "invalid_number"),
        ("properties.currency", "EURO", "invalid_currency"),
        ("properties.currency", "XXX", "invalid_currency"),
        ("properties.content_ids", "[1", "invalid_json"),
        ("properties.content_ids", "[[1]]", "invalid_json"),
        ("properties.preferred_price_range", "10000", "invalid_json"),
        ("properties.preferred_price_range", "[1]", "invalid_json"),
        ("properties.preferred_price_range", "[1,2,3]", "invalid_json"),
        ("properties.preferred_price_range", "[1,\"x\"]", "invalid_number"),
        ("properties.preferred_price_range[1]", "x", "invalid_number"),
        ("properties.mileage", "12", "invalid_json"),
        ("properties.mileage", r#"{"value": "far"}"#, "invalid_number"),
        ("properties.mileage.value", "far", "invalid_number"),
        ("properties.contents", "sku-7", "invalid_json"),
        ("properties.contents", "[\"sku-7\"]", "invalid_json"),
        ("properties.contents", "[{'content_id': 1}]", "invalid_json"),
        ("properties.contents[0].price", "x", "invalid_number"),
        ("properties.contents[0].quantity", "1.5", "invalid_number"),
        ("limited_data_use", "maybe", "invalid_value"),
        ("ad.is_retargeting", "maybe", "invalid_value"),
    ] {
        refuses(&one(to), &[("x", text)], &format!("{to} {code}"));
    }
}

#[test]
fn nested_paths_make_objects_and_lists() {
    let spec = web(&[
        ("=KM", "properties.mileage.unit"),
        ("far", "properties.mileage.value"),
        ("low", "properties.preferred_price_range[0]"),
        ("high", "properties.preferred_price_range[1]"),
        ("tier", "properties.loyalty.tier"),
        ("tag", "properties.tags[2]"),
        ("id1", "properties.content_ids"),
        ("id2", "properties.content_ids[1]"),
        ("=t", "user.ttclid"),
    ]);
    let row = [
        ("far", "12"),
        ("low", "1"),
        ("high", "2.50"),
        ("tier", "gold"),
        ("tag", "a"),
        ("id1", "[\"x\"]"),
        ("id2", "y"),
    ];
    let properties = json!({
        "mileage": {"unit": "KM", "value": 12}, "preferred_price_range": [1, 2.5], "loyalty": {"tier": "gold"},
        "tags": ["a"], "content_ids": ["x", "y"],
    });
    sends(
        &spec,
        &row,
        json!({"user": {"ttclid": "t"}, "properties": properties}),
        &[],
    );
}

#[test]
fn properties_of_one_json_column_are_typed_and_mappings_win() {
    let spec = web(&[
        ("props", "properties"),
        ("value", "properties.value"),
        ("=t", "user.ttclid"),
    ]);
    let props = r#"{"value": "9.90", "currency": "eur", "order_id": 17, "num_items": null, "email": "jane@x.de", "a": {"b": [1]},
        "contents": {"content_id": 5, "price": "1.50"}, "content_ids": [1], "query": ""}"#;
    let rest = json!({
        "currency": "EUR", "order_id": "17", "a": {"b": [1]}, "contents": [{"content_id": "5", "price": 1.5}],
        "content_ids": ["1"],
    });
    let with = |value: Value| {
        let mut properties = rest.clone();
        properties["value"] = value;
        json!({"user": {"ttclid": "t"}, "properties": properties})
    };
    sends(
        &spec,
        &[("props", props)],
        with(json!(9.9)),
        &["properties invalid_value"],
    );
    sends(
        &spec,
        &[("props", props), ("value", "5")],
        with(json!(5)),
        &["properties invalid_value"],
    );
    sends(
        &spec,
        &[("props", r#"{"value": 5}"#)],
        json!({"user": {"ttclid": "t"}, "properties": {"value": 5}}),
        &["properties.value value_without_currency"],
    );
    refuses(&spec, &[("props", "[]")], "properties invalid_json");
    refuses(
        &spec,
        &[("props", r#"{"currency": "EURO"}"#)],
        "properties invalid_currency",
    );
}

#[test]
fn what_is_odd_goes_with_a_warning() {
    let spec = web(&[
        ("value", "properties.value"),
        ("currency", "properties.currency"),
        ("=t", "user.ttclid"),
    ]);
    let user = json!({"ttclid": "t"});
    sends(
        &spec,
        &[("value", "5")],
        json!({"user": user, "properties": {"value": 5}}),
        &["properties.value value_without_currency"],
    );
    sends(
        &spec,
        &[("value", "5"), ("currency", "EUR")],
        json!({"user": user, "properties": {"value": 5, "currency": "EUR"}}),
        &[],
    );
    sends(
        &spec,
        &[("currency", "EUR")],
        json!({"user": user, "properties": {"currency": "EUR"}}),
        &[],
    );
    sends(
        &one("properties.content_type"),
        &[("x", "hotel")],
        json!({"user": user, "properties": {"content_type": "hotel"}}),
        &["properties.content_type invalid_value"],
    );
    assert_eq!(map(&spec, &[]).warned(), ["page.url missing_page_url"]);
}

#[test]
fn a_field_of_another_source_is_sent_with_a_warning() {
    let spec = offline(&[
        ("email", "user.email"),
        ("ext", "user.external_id"),
        ("city", "properties.city"),
        ("lead", "lead.lead_id"),
    ]);
    let email = json!(["sha256:a@x.de"]);
    sends(
        &spec,
        &[("email", "a@x.de")],
        json!({"user": {"email": email}}),
        &[],
    );
    sends(
        &spec,
        &[
            ("email", "a@x.de"),
            ("ext", "17"),
            ("city", "Rome"),
            ("lead", "1"),
        ],
        json!({
            "user": {"email": email, "external_id": ["sha256:17"]},
            "properties": {"city": "Rome"}, "lead": {"lead_id": "1"},
        }),
        &[
            "user.external_id unusual_field",
            "properties.city unusual_field",
            "lead.lead_id unusual_field",
        ],
    );
}

/// The table's examples are what the documents show.
#[test]
fn every_example_of_the_table_is_sent_as_its_kind() {
    for field in FIELDS {
        let path = field.path.replace("[]", "[0]");
        let mapped = if path == "event_time" {
            map(&one("properties.order_id"), &[("time", "2026-08-01T10:00:00Z")])
        } else {
            let spec = web(&[
                ("x", path.as_str()),
                ("=t", "user.ttp"),
                ("=EUR", "properties.status"),
            ]);
            let spec = if path == "user.ttp" || path == "properties.status" {
                one(&path)
            } else {
                spec
            };
            map(&spec, &[("x", field.example)])
        };
        let event = mapped.event();
        if path == "event_time" {
            continue;
        }
        let mut value = event;
        for step in Target::parse(&path, SyncType::WebEvents).unwrap().steps() {
            value = match step {
                Step::Key(key) => &value[key.as_str()],
                Step::Position(at) => &value[*at],
            };
        }
        let fits = match field.kind {
            ValueKind::Number | ValueKind::Integer | ValueKind::Time => value.is_number(),
            ValueKind::Boolean => value.is_boolean(),
            ValueKind::Email | ValueKind::Phone | ValueKind::ExternalId | ValueKind::TextList => value
                .as_array()
                .is_some_and(|list| list.iter().all(Value::is_string)),
            ValueKind::NumberRange | ValueKind::Contents => value.is_array(),
            ValueKind::Object => value.is_object(),
            _ => value.is_string(),
        };
        assert!(fits, "{path}: {value}");
    }
}
