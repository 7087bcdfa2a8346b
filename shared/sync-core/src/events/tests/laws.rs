//! Laws that hold for every row.

use proptest::prelude::*;

use super::*;

pub(super) const MAPPINGS: &[(&str, &str)] = &[
    ("email", "user.email"),
    ("phone", "user.phone"),
    ("ext", "user.external_id"),
    ("first", "user.first_name"),
    ("zip", "user.zip_code"),
    ("city", "user.city"),
    ("ip", "user.ip"),
    ("ua", "user.user_agent"),
    ("idfa", "user.idfa"),
    ("url", "page.url"),
    ("value", "properties.value"),
    ("currency", "properties.currency"),
    ("items", "properties.contents"),
    ("sku", "properties.contents[1].content_id"),
    ("ids", "properties.content_ids"),
    ("range", "properties.preferred_price_range"),
    ("free", "properties.anything"),
    ("ldu", "limited_data_use"),
];

/// What columns hold in bad days: fragments of good and of broken values.
pub(super) fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        any::<String>(),
        r#"[\[\]{}",:;0-9eE.+\-@a-z \\]{0,20}"#,
        "[a-z.]{1,8}@[a-z]{1,5}\\.(de|com)",
        r"\+?[0-9 ()/-]{5,18}",
        "[0-9]{1,6}(\\.[0-9]{1,3})?",
        "2026-0[78]-[0-3][0-9]([T ][0-2][0-9]:[0-5][0-9]:00Z?)?",
        prop::sample::select(vec![
            "EUR",
            "usd",
            "null",
            "true",
            "203.0.113.9",
            "10.0.0.1",
            "https://x.de/?ttclid=%41b",
            r#"[{"price": 1}]"#,
            r#"[{"content_id": 5, "x": "\u0000"}, {}]"#,
            "[1, 2]",
            r#"["a", "b"]"#,
            "Purchase",
            "1785585600",
        ])
        .prop_map(str::to_owned),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn any_row_ends_in_one_way_and_events_are_json_of_the_right_shape(
        cells in prop::collection::vec(cell(), MAPPINGS.len() + 2),
        kind in prop::sample::select(vec![SyncType::WebEvents, SyncType::OfflineEvents]),
    ) {
        let names = MAPPINGS.iter().map(|(name, _)| *name).chain(["id", "time"]);
        let row: Vec<(&str, &str)> = names.zip(cells.iter().map(String::as_str)).collect();
        let mapped = map(&spec(kind, MAPPINGS), &row);
        for (_, event) in &mapped.events {
            prop_assert!(event["event"].is_string() && event["event_id"].is_string());
            prop_assert!(event["event_time"].as_i64().is_some_and(|time| time > 0));
            for list in ["email", "phone", "external_id"] {
                for hash in event["user"][list].as_array().into_iter().flatten() {
                    let hash = hash.as_str().unwrap();
                    prop_assert!(hash.len() == 64 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')));
                }
            }
            for number in [&event["properties"]["value"], &event["properties"]["contents"][0]["price"]] {
                prop_assert!(number.is_null() || number.as_f64().is_some_and(|n| n >= 0.0 && n.is_finite()));
            }
        }
    }

    /// Email addresses, phone numbers, ids and names go hashed; in problems they do not go at all.
    #[test]
    fn no_raw_identity_comes_out(
        local in "[g-z]{6,12}", bad in any::<bool>(), digits in "[1-9][0-9]{8}", ext in "[g-z]{8,14}", first in "[g-z]{8,14}",
        key in 0..4usize, value in prop::sample::select(vec!["1", "x"]), ttclid in prop::sample::select(vec!["", "t"]),
    ) {
        let email = if bad { format!("{local}@@shop") } else { format!("{local}@shop.example") };
        let phone = format!("+49 30 {digits}");
        let id = [email.as_str(), &phone, &ext, "order-1"][key];
        let row = [
            ("id", id), ("email", &email), ("phone", if bad { "+4930x" } else { &phone }), ("ext", &ext),
            ("first", &first), ("value", value), ("url", "https://x.de"), ("event_id", &email),
            ("ttclid", ttclid),
        ];
        let mut mappings: Vec<_> = MAPPINGS.iter().filter(|(name, _)| row.iter().any(|(n, _)| n == name)).copied().collect();
        mappings.extend([("event_id", "event_id"), ("ttclid", "user.ttclid"), ("id", "user.external_id")]);
        let mapped = map(&web(&mappings), &row);
        let shown = format!("{:?} {:?} {:?}", mapped.fate, mapped.events, mapped.warnings).to_lowercase();
        for raw in [&local, &digits, &ext, &first] {
            prop_assert!(!shown.contains(raw.as_str()), "{} in {}", raw, shown);
        }
    }

    /// The mapper writes by hand what serde_json would write of the same values.
    #[test]
    fn the_event_equals_one_built_as_a_tree(
        text in "\\PC{1,30}", free in any::<String>(), value in 0u32..100_000, ids in prop::collection::vec("[a-z\"\\\\\u{1}é]{1,6}", 1..4),
        contents in prop::collection::vec(("[a-z\"\\\\]{1,8}", 0u32..1000, 0u32..9), 1..4),
    ) {
        let spec = web(&[
            ("ext", "user.external_id"), ("url", "page.url"), ("free", "properties.note"), ("value", "properties.value"),
            ("ids", "properties.content_ids"), ("items", "properties.contents"), ("=EUR", "properties.currency"),
        ]);
        let items: Value = contents.iter().map(|(id, price, n)| json!({"content_id": id, "price": price, "quantity": n})).collect();
        let (value_text, ids_json) = (value.to_string(), serde_json::to_string(&ids).unwrap());
        let items_json = serde_json::to_string_pretty(&items).unwrap();
        let row = [
            ("ext", "17"), ("url", &*text), ("free", &*free), ("value", &*value_text), ("ids", &*ids_json), ("items", &*items_json),
        ];
        let mut properties = json!({"value": value, "content_ids": ids, "contents": items, "currency": "EUR"});
        let trimmed = free.trim();
        if !trimmed.is_empty() {
            let json = Some(trimmed).filter(|t| t.starts_with(['[', '{'])).and_then(|t| serde_json::from_str(t).ok());
            properties["note"] = json.unwrap_or_else(|| trimmed.into());
        }
        let mut expected = json!({
            "event": "Purchase", "event_time": TIME, "event_id": "order-1", "user": {"external_id": [sha256("17")]},
            "properties": properties,
        });
        if !text.trim().is_empty() {
            expected["page"] = json!({"url": text.trim()});
        }
        let mapped = map(&spec, &row);
        let mut event = mapped.event().clone();
        if text.contains("ttclid=") {
            event["user"].as_object_mut().unwrap().shift_remove("ttclid");
        }
        prop_assert_eq!(event, expected);
    }
}
