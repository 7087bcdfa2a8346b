//! Whole events, keys and event ids.

use super::*;
use crate::rejection::Code;

/// TikTok's own samples and the reference's example, as one row.
#[test]
fn a_web_row_becomes_the_events_api_example() {
    let spec = web(&[
        ("email", "user.email"),
        ("phone", "user.phone"),
        ("ip", "user.ip"),
        ("ua", "user.user_agent"),
        ("currency", "properties.currency"),
        ("value", "properties.value"),
        ("=product", "properties.content_type"),
        ("order", "properties.order_id"),
        ("contents", "properties.contents"),
        ("url", "page.url"),
    ]);
    let row = [
        ("id", "order-1001"),
        ("email", " ALICE_abc@gmail.com "),
        ("phone", "(+1)2133734253"),
        ("ip", "203.0.113.9"),
        ("ua", "Mozilla/5.0"),
        ("currency", "eur"),
        ("value", "20.0"),
        ("order", "1001"),
        (
            "contents",
            r#"[{"content_id":"sku-7","quantity":2,"price":10.0}]"#,
        ),
        ("url", "https://shop.example/thanks"),
    ];
    let mapped = map(&spec, &row);
    let expected = json!({
        "event": "Purchase", "event_time": TIME, "event_id": "order-1001",
        "user": {
            "email": ["848a771458438fc2ec420560d769fb9b9b86851ee338ec56517baabd79d3bb4f"],
            "phone": ["9f7ec22d72092cd3c0b58726ed9c2d91b92e51a3f29837508fb2948bb22dd2fd"],
            "ip": "203.0.113.9", "user_agent": "Mozilla/5.0",
        },
        "properties": {
            "currency": "EUR", "value": 20.0, "content_type": "product", "order_id": "1001",
            "contents": [{"content_id": "sku-7", "quantity": 2, "price": 10.0}],
        },
        "page": {"url": "https://shop.example/thanks"},
    });
    assert_eq!(mapped.event(), &expected);
    assert!(mapped.warnings.is_empty());
}

#[test]
fn the_members_of_an_event_have_a_fixed_order() {
    let spec = web(&[
        ("=true", "limited_data_use"),
        ("=crm", "lead.lead_event_source"),
        ("=1", "ad.ad_id"),
        ("=a", "app.app_name"),
        ("=/", "page.url"),
        ("=5.10", "properties.value"),
        ("=EUR", "properties.currency"),
        ("=abc", "user.ttclid"),
    ]);
    let header = Header::new(vec!["id".to_owned(), "time".to_owned()]);
    let mapper = EventMapper::new(&spec, &header).unwrap();
    let mut out = MappedRow::default();
    let fields = [Some("1"), Some("2026-08-01")];
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
    let expected = concat!(
        r#"{"event":"Purchase","event_time":1785542400,"event_id":"1","user":{"ttclid":"abc"},"#,
        r#""properties":{"value":5.10,"currency":"EUR"},"page":{"url":"/"},"app":{"app_name":"a"},"ad":{"ad_id":"1"},"#,
        r#""lead":{"lead_event_source":"crm"},"limited_data_use":true}"#
    );
    assert_eq!(String::from_utf8(out.json.clone()).unwrap(), expected);
}

#[test]
fn empty_columns_are_absent_and_leave_no_empty_objects() {
    let spec = web(&[
        ("ttclid", "user.ttclid"),
        ("city", "user.city"),
        ("value", "properties.value"),
        ("sku", "properties.contents[0].content_id"),
        ("unit", "properties.mileage.unit"),
        ("url", "page.url"),
        ("ldu", "limited_data_use"),
    ]);
    sends(
        &spec,
        &[("ttclid", "x"), ("value", "  "), ("sku", "\t")],
        json!({"user": {"ttclid": "x"}}),
        &[],
    );
}

#[test]
fn the_event_id_is_the_primary_key_unless_one_is_mapped() {
    let mapped = [("ttclid", "user.ttclid"), ("event_id", "event_id")];
    for (row, expected) in [
        (&[("id", "order-1")][..], "order-1"),
        (&[("id", "4711"), ("event_id", "")], "4711"),
        (&[("id", "4711"), ("event_id", " pixel-9 ")], "pixel-9"),
        (&[("id", "jane@shop.example")], "sha256:jane@shop.example"),
        (&[("id", "+49 30 1234567")], "sha256:+49 30 1234567"),
        (
            &[("id", "1"), ("event_id", "jane@shop.example")],
            "sha256:jane@shop.example",
        ),
    ] {
        let mut row = row.to_vec();
        row.push(("ttclid", "x"));
        let expected = hashed(json!(expected));
        assert_eq!(map(&web(&mapped), &row).event()["event_id"], expected, "{row:?}");
    }
}

#[test]
fn a_key_that_is_mapped_to_an_identity_goes_hashed() {
    for to in [
        "user.email",
        "user.external_id",
        "user.first_name",
        "user.ip",
        "user.gaid",
    ] {
        let mut spec = web(&[("id", to), ("ttclid", "user.ttclid"), ("id", "event_id")]);
        let row = [("id", "c-17"), ("ttclid", "x")];
        assert_eq!(
            map(&spec, &row).event()["event_id"],
            json!(sha256("c-17")),
            "{to}"
        );
        spec.mappings.pop();
        assert_eq!(
            map(&spec, &row).event()["event_id"],
            json!(sha256("c-17")),
            "{to}"
        );
    }
    let spec = web(&[("id", "properties.order_id"), ("id", "user.ttclid")]);
    assert_eq!(map(&spec, &[("id", "c-17")]).event()["event_id"], json!("c-17"));
}

#[test]
fn several_key_columns_go_as_the_digest_of_their_json_array() {
    let mut spec = web(&[("ttclid", "user.ttclid")]);
    spec.model.primary_key = vec!["shop".to_owned(), "order".to_owned()];
    let event = map(&spec, &[("shop", "5"), ("order", "778"), ("ttclid", "x")]);
    assert_eq!(event.event()["event_id"], json!(sha256(r#"["5","778"]"#)));
    refuses(
        &spec,
        &[("shop", "5"), ("order", ""), ("ttclid", "x")],
        "primary_key missing_primary_key",
    );
}

#[test]
fn problems_name_the_column_and_never_the_value() {
    let spec = web(&[
        ("mail", "user.email"),
        ("sum", "properties.value"),
        ("ttclid", "user.ttclid"),
    ]);
    let row = [
        ("mail", "jane..doe@@secret"),
        ("sum", "12,secret"),
        ("ttclid", "x"),
    ];
    let Fate::Rejected(problem) = map(&spec, &row).fate else {
        panic!()
    };
    assert_eq!(
        (problem.code, problem.column.as_deref()),
        (Code::InvalidNumber, Some("sum"))
    );
    assert!(!format!("{problem:?}").contains("secret"));
    let mapped = map(&spec, &[("mail", "jane..doe@@secret"), ("ttclid", "x")]);
    assert_eq!(mapped.warnings[0].column.as_deref(), Some("mail"));
    assert!(!format!("{:?}", mapped.warnings).contains("secret"));
}

#[test]
fn an_event_that_no_call_could_hold_is_refused() {
    let spec = web(&[("text", "properties.description"), ("ttclid", "user.ttclid")]);
    let long = "x".repeat(MAX_EVENT_BYTES);
    refuses(&spec, &[("text", &long), ("ttclid", "x")], "row row_too_large");
}

#[test]
fn a_spec_whose_columns_the_export_lacks_names_all_of_them() {
    let spec = web(&[
        ("mail", "user.email"),
        ("mail", "user.email"),
        ("value", "properties.value"),
    ]);
    let header = Header::new(vec!["id".to_owned(), "Mail".to_owned()]);
    let missing = EventMapper::new(&spec, &header).unwrap_err();
    let named: Vec<_> = missing
        .columns
        .iter()
        .map(|c| (c.name.as_str(), c.nearest.as_deref()))
        .collect();
    assert_eq!(named, [("time", None), ("mail", Some("Mail")), ("value", None)]);
}

#[test]
fn the_fingerprint_tells_rows_apart() {
    let spec = web(&[
        ("a", "user.ttclid"),
        ("b", "properties.order_id"),
        ("=x", "properties.shop_id"),
    ]);
    let header = Header::new(["id", "time", "a", "b", "unused"].map(str::to_owned).to_vec());
    let mapper = EventMapper::new(&spec, &header).unwrap();
    let print = |a: Option<&str>, b: Option<&str>, unused: &str| {
        let fields = [Some("1"), Some("2"), a, b, Some(unused)];
        let mut bytes = Vec::new();
        let row = Row::new(
            Position {
                record: 1,
                line: None,
            },
            &fields,
        );
        mapper.hash_mapped_values(&row, &mut |part| bytes.extend_from_slice(part));
        bytes
    };
    assert_eq!(print(Some("x"), Some("y"), "1"), print(Some("x"), Some("y"), "2"));
    let rows = [
        (Some("xy"), None),
        (Some("x"), Some("y")),
        (None, Some("xy")),
        (Some("xy"), Some("y")),
    ];
    for (i, one) in rows.iter().enumerate() {
        for other in &rows[i + 1..] {
            assert_ne!(print(one.0, one.1, ""), print(other.0, other.1, ""));
        }
    }
}
