//! Rules for JSON bodies: what a field is called tells more than how its value looks.

use serde_json::{Map, Value};

use super::text::{numbers, redact_text, words};
use crate::redact::request_id;

/// Objects whose every value is about a person.
const ABOUT_A_PERSON: &[&str] = &["user", "context", "lead", "ad"];

/// Fields that hold an identity wherever they stand.
const IDENTITIES: &[&str] = &[
    "email",
    "emails",
    "phone",
    "phones",
    "phone_number",
    "phone_numbers",
    "external_id",
    "external_ids",
    "ttclid",
    "ttp",
    "ip",
    "user_agent",
    "idfa",
    "idfv",
    "gaid",
    "aaid",
    "maid",
    "first_name",
    "last_name",
    "display_name",
    "zip_code",
    "lead_id",
    "vin",
    "callback",
];

/// Fields whose numbers are ids or times of TikTok, not phone numbers.
const IDS: &[&str] = &[
    "advertiser_id",
    "advertiser_ids",
    "app_id",
    "audience_id",
    "audience_ids",
    "create_time",
    "custom_audience_id",
    "custom_audience_ids",
    "delete_audience_id",
    "event_set_id",
    "event_source_id",
    "event_time",
    "expired_time",
    "pixel_code",
    "scope",
];

/// Fields whose JSON numbers are amounts.
const AMOUNTS: &[&str] = &["value", "price", "quantity", "num_items", "predicted_ltv"];

/// Redacts a JSON body for the live debugger. The shape stays: the same fields, lists of the same length.
/// A body that is no JSON is redacted as text.
///
/// Values of secrets and identities go whatever they look like, hashes too, as does everything inside of
/// `user`; addresses of pages lose their query; all other text goes through [`redact_text`].
pub fn redact_json(body: &[u8]) -> String {
    match serde_json::from_slice::<Value>(body) {
        Ok(value) => redacted(value).to_string(),
        Err(_) => redact_text(&String::from_utf8_lossy(body)).into_owned(),
    }
}

/// The same for JSON that was read already.
pub fn redacted(value: Value) -> Value {
    redact_value(value, Rule::Text)
}

/// The texts in the person fields of a body, wherever they stand.
pub(super) fn identities(body: &Value, found: &mut Vec<String>) {
    collect(body, Rule::Text, found);
}

fn collect(value: &Value, rule: Rule, found: &mut Vec<String>) {
    match value {
        Value::String(text) if rule == PERSON => found.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| collect(value, rule, found)),
        Value::Object(fields) => {
            for (name, value) in fields {
                collect(value, rule_for(name, rule), found);
            }
        }
        _ => {}
    }
}

/// A value about a person.
const PERSON: Rule = Rule::Hide("[identity]");

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// Nothing is known: the rules for text.
    Text,
    /// An id or a time: the rules for text without the one for numbers.
    Id,
    /// A number is an amount; text goes by the rules for text.
    Amount,
    /// The address of a page.
    Address,
    /// `request_id` of an answer.
    RequestId,
    /// `batch_data` of a mapping: lists of `{id, audience_ids}`.
    Persons,
    /// Everything goes, at any depth.
    Hide(&'static str),
}

fn rule_for(field: &str, around: Rule) -> Rule {
    let name = field.to_ascii_lowercase().replace('-', "_");
    let is = |names: &[&str]| names.contains(&name.as_str());
    if let Rule::Hide(_) = around {
        around
    } else if ["token", "secret", "password", "authorization", "auth_code"]
        .iter()
        .any(|part| name.contains(part))
    {
        Rule::Hide("[secret]")
    } else if is(IDENTITIES) || is(ABOUT_A_PERSON) || (around == Rule::Persons && name == "id") {
        PERSON
    } else if is(IDS) {
        Rule::Id
    } else if is(AMOUNTS) {
        Rule::Amount
    } else {
        match name.as_str() {
            "request_id" => Rule::RequestId,
            "url" | "referrer" => Rule::Address,
            "batch_data" => Rule::Persons,
            _ => Rule::Text,
        }
    }
}

fn redact_value(value: Value, rule: Rule) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Array(values) => Value::Array(
            values
                .into_iter()
                .map(|value| redact_value(value, rule))
                .collect(),
        ),
        Value::Object(fields) => {
            let redact = |(name, value): (String, Value)| {
                let rule = match (&value, rule_for(&name, rule)) {
                    // The `code` of an answer is a number, that of a redirect is a secret.
                    (Value::String(_), Rule::Text) if name.eq_ignore_ascii_case("code") => {
                        Rule::Hide("[secret]")
                    }
                    (_, rule) => rule,
                };
                (redact_text(&name).into_owned(), redact_value(value, rule))
            };
            Value::Object(fields.into_iter().map(redact).collect::<Map<_, _>>())
        }
        Value::Bool(_) if !matches!(rule, Rule::Hide(_)) => value,
        Value::Number(_) if matches!(rule, Rule::Id | Rule::Amount) => value,
        Value::Number(number) if rule == Rule::Text || rule == Rule::Persons => {
            let text = number.to_string();
            match numbers(text.as_str().into()) {
                changed if changed != text => Value::String(changed.into_owned()),
                _ => Value::Number(number),
            }
        }
        Value::String(text) => Value::String(redact_string(&text, rule)),
        Value::Bool(_) | Value::Number(_) => Value::String(redact_string("", rule)),
    }
}

fn redact_string(text: &str, rule: Rule) -> String {
    match rule {
        Rule::Hide(mark) => mark.to_owned(),
        Rule::Id => words(text).into_owned(),
        Rule::RequestId => request_id(text).unwrap_or_else(|| "[token]".to_owned()),
        Rule::Address => {
            let page = text.split(['?', '#']).next().unwrap_or_default();
            let cut = if page.len() < text.len() { "?[query]" } else { "" };
            format!("{}{cut}", redact_text(page))
        }
        Rule::Text | Rule::Amount | Rule::Persons => redact_text(text).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn check(body: &Value, want: &Value) {
        let redacted = redact_json(body.to_string().as_bytes());
        assert_eq!(&serde_json::from_str::<Value>(&redacted).unwrap(), want);
    }

    #[test]
    fn an_events_call_keeps_its_shape_without_the_person() {
        check(
            &json!({"event_source": "web", "event_source_id": "C4A1EXAMPLEPIXEL0001", "data": [{
                "event": "Purchase", "event_time": 1_785_585_600, "event_id": "order-1001",
                "user": {"email": ["848a771458438fc2ec420560d769fb9b9b86851ee338ec56517baabd79d3bb4f"],
                         "ip": "203.0.113.9", "country": "ph"},
                "properties": {"currency": "EUR", "value": 1_234_567.25, "order_id": "0151 1234567", "gtm": 4_915_112_345_678_u64,
                               "contents": [{"content_id": "sku-7", "quantity": 2, "price": 10.0}], "ok": true},
                "page": {"url": "https://shop.example/thanks?email=x&code=1", "referrer": null}}]}),
            &json!({"event_source": "web", "event_source_id": "C4A1EXAMPLEPIXEL0001", "data": [{
                "event": "Purchase", "event_time": 1_785_585_600, "event_id": "order-1001",
                "user": {"email": ["[identity]"], "ip": "[identity]", "country": "[identity]"},
                "properties": {"currency": "EUR", "value": 1_234_567.25, "order_id": "[number]", "gtm": "[number]",
                               "contents": [{"content_id": "sku-7", "quantity": 2, "price": 10.0}], "ok": true},
                "page": {"url": "https://shop.example/thanks?[query]", "referrer": null}}]}),
        );
    }

    #[test]
    fn a_mapping_call_keeps_its_audiences() {
        check(
            &json!({"advertiser_ids": ["7100000000000000001"], "id_schema": ["EMAIL_SHA256"],
                    "batch_data": [[{"id": "ab", "audience_ids": ["160000001"]}, {}]]}),
            &json!({"advertiser_ids": ["7100000000000000001"], "id_schema": ["EMAIL_SHA256"],
                    "batch_data": [[{"id": "[identity]", "audience_ids": ["160000001"]}, {}]]}),
        );
    }

    #[test]
    fn an_exchange_keeps_no_secret() {
        check(
            &json!({"app_id": "7400000000000000001", "secret": "s3cr3t", "auth_code": "abc", "code": "abc"}),
            &json!({"app_id": "7400000000000000001", "secret": "[secret]", "auth_code": "[secret]", "code": "[secret]"}),
        );
        check(
            &json!({"code": 0, "message": "OK", "request_id": "20260801120000ABCDEF0123456789ABCD",
                    "data": {"access_token": "x", "refresh_token": {"deep": ["y", 1, true]}, "scope": [3, 7_224_195_155_857_866_754_i64]}}),
            &json!({"code": 0, "message": "OK", "request_id": "20260801120000ABCDEF0123456789ABCD",
                    "data": {"access_token": "[secret]", "refresh_token": {"deep": ["[secret]", "[secret]", "[secret]"]},
                             "scope": [3, 7_224_195_155_857_866_754_i64]}}),
        );
    }

    #[test]
    fn what_is_no_json_is_redacted_as_text() {
        assert_eq!(redact_json(b"<p>alice@shop.example</p>"), "<p>[email]</p>");
        assert_eq!(
            redact_json(br#"{"secret": "abc", "cut": "#),
            r#"{"secret": "[secret]", "cut": "#
        );
        assert_eq!(redact_json(&[0xFF, b'x']), "\u{FFFD}x");
    }

    /// A field name of any kind: known ones, and ones that nobody has heard of.
    fn field() -> impl Strategy<Value = String> {
        prop_oneof![
            Just("user"),
            Just("email"),
            Just("properties"),
            Just("description"),
            Just("data"),
            Just("message"),
            Just("advertiser_id"),
            Just("request_id"),
            Just("url"),
            Just("value"),
            Just("event_id"),
            Just("x"),
        ]
        .prop_map(str::to_owned)
    }

    proptest! {
        #[test]
        fn no_planted_value_survives_at_any_place(
            path in prop::collection::vec(field(), 1..5), as_list in any::<bool>(), as_key in any::<bool>(),
            value in prop_oneof![
                "[a-z0-9._+-]{1,20}@[a-z0-9-]{1,12}\\.[a-z]{2,6}",
                "[0-9a-f]{40}", "[0-9a-f]{64}",
                any::<u128>().prop_map(|ip| std::net::Ipv6Addr::from(ip | 1).to_string()),
            ],
        ) {
            let mut body = if as_key { json!({value.clone(): 1}) } else { json!(value) };
            for name in path.iter().rev() {
                body = if as_list { json!({name: [body, 1]}) } else { json!({name: body}) };
            }
            let out = redact_json(body.to_string().as_bytes());
            prop_assert!(!out.contains(&value), "{out}");
        }

        #[test]
        fn no_phone_survives_outside_of_ids(
            path in prop::collection::vec(field().prop_filter("ids", |name| name != "advertiser_id"), 1..5),
            number in 10_000_000_u64..999_999_999_999_999, as_number in any::<bool>(),
        ) {
            prop_assume!(!(as_number && path.last().is_some_and(|name| name == "value")));
            let mut body = if as_number { json!(number) } else { json!(format!("+{number}")) };
            for name in path.iter().rev() {
                body = json!({name: body});
            }
            let out = redact_json(body.to_string().as_bytes());
            prop_assert!(!out.contains(&number.to_string()), "{out}");
        }
    }
}
