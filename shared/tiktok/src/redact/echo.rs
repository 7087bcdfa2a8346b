//! What a call said of persons, taken out of its answer.
//!
//! Some values go to TikTok as they are (user agents, click ids, cookies), and no rule for text knows them. TikTok's
//! messages echo what they complain about, so what was sent is looked for.

use serde_json::Value;

use super::json::identities;

/// Shorter values would be found inside of other words.
const MIN_CHARS: usize = 5;
const MARK: &str = "[identity]";

/// The values of a call's person fields.
pub(crate) struct Sent(Vec<String>);

impl Sent {
    /// Reads the JSON body of a call. One that is no JSON sent no person.
    pub(crate) fn of(body: &[u8]) -> Self {
        let mut values = Vec::new();
        if let Ok(body) = serde_json::from_slice::<Value>(body) {
            identities(&body, &mut values);
        }
        values.retain(|value| value.chars().count() >= MIN_CHARS);
        // Where one value holds another, the longer one goes first.
        values.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        values.dedup();
        Self(values)
    }

    /// Takes the values out of a text.
    pub(crate) fn hide_in(&self, text: &mut String) {
        for value in &self.0 {
            if text.contains(value.as_str()) {
                *text = text.replace(value.as_str(), MARK);
            }
        }
    }

    /// Takes them out of all texts of a value, names of fields too.
    pub(crate) fn hide_in_value(&self, value: &mut Value) {
        match value {
            Value::String(text) => self.hide_in(text),
            Value::Array(values) => values.iter_mut().for_each(|value| self.hide_in_value(value)),
            Value::Object(fields) => {
                let old = std::mem::take(fields);
                for (mut name, mut value) in old {
                    self.hide_in(&mut name);
                    self.hide_in_value(&mut value);
                    fields.insert(name, value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_is_told_nothing_back() {
        let body = json!({"event_source": "web", "data": [
            {"event": "Purchase", "user": {"ttp": "zttp1-AB", "ttclid": "E.C.P.zclid1", "user_agent": "Mozilla/5.0 zagent", "locale": "de"}},
            {"event": "Purchase", "user": {"ttp": "zttp1", "external_id": ["zcust\"1"]}}]});
        let sent = Sent::of(body.to_string().as_bytes());
        let mut text = "Purchase of zttp1-AB by Mozilla/5.0 zagent: bad zttp1, E.C.P.zclid1 of de".to_owned();
        sent.hide_in(&mut text);
        assert_eq!(
            text,
            "Purchase of [identity] by [identity]: bad [identity], [identity] of de"
        );
        let mut value = json!({"failed": ["zcust\"1", 7, {"zttp1": "Purchase"}]});
        sent.hide_in_value(&mut value);
        assert_eq!(
            value,
            json!({"failed": ["[identity]", 7, {"[identity]": "Purchase"}]})
        );
    }

    #[test]
    fn a_body_that_is_no_json_sent_nobody() {
        let mut text = "some text".to_owned();
        Sent::of(b"some text").hide_in(&mut text);
        assert_eq!(text, "some text");
    }
}
