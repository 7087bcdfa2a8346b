//! A call as the live debugger shows it: redacted.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};
use sync_core::run::{Call, RowRanges};

use crate::client::Answer;
use crate::endpoint::Asked;
use crate::redact::redacted;

/// What an answer holds beyond this many bytes of JSON is left out.
const MAX_DATA: usize = 64 << 10;

/// A request that may be kept and shown: redacted, or, of a file's upload, what names no person.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownRequest(Value);

impl ShownRequest {
    /// Redacts the JSON body of a request.
    pub fn of(request: Value) -> Self {
        Self(redacted(request))
    }

    /// Redacts the names and values of a query.
    pub fn of_query(query: &[(&'static str, String)]) -> Self {
        let query = query
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value)));
        Self::of(Value::Object(query.collect()))
    }

    /// The form of a file's upload: its fields, and of the file its name and size. The fields are ids, a digest of the
    /// whole file and the kind of what it holds (reference, 7.4); the file itself is not kept.
    pub fn of_file(fields: &[(&str, &str)], name: &str, bytes: usize) -> Self {
        let fields = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value)));
        let mut form: Map<String, Value> = fields.collect();
        form.insert("file".to_owned(), json!({"name": name, "bytes": bytes}));
        Self(Value::Object(form))
    }

    /// The call that sent this request and has just been answered. `rows`: what of a batch stood in it.
    pub fn answered(&self, asked: impl Into<Asked>, rows: Option<RowRanges>, answer: &Answer) -> Call {
        let asked = asked.into();
        Call {
            at: now(),
            method: asked.endpoint.method().to_owned(),
            path: format!("/{}{}", crate::base::VERSION_PATH, asked.endpoint.path()),
            repeated: asked.repeated,
            request: self.0.clone(),
            rows,
            status: answer.status,
            code: answer.code,
            verdict: answer.verdict.name().to_owned(),
            request_id: answer.request_id.clone(),
            milliseconds: u64::try_from(answer.elapsed.as_millis()).unwrap_or(u64::MAX),
            response: response(answer),
        }
    }
}

/// Epoch seconds.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// An answer in its own form; of one that could not be read what [`Answer::message`] says.
fn response(answer: &Answer) -> Value {
    let mut response = Map::new();
    if let Some(code) = answer.code {
        response.insert("code".to_owned(), json!(code));
    }
    response.insert("message".to_owned(), json!(answer.message.as_str()));
    if let Some(id) = &answer.request_id {
        response.insert("request_id".to_owned(), json!(id));
    }
    if let Some(data) = &answer.data {
        let data = redacted(data.clone());
        let bytes = data.to_string().len();
        let data = if bytes > MAX_DATA {
            json!(format!("[{bytes} bytes]"))
        } else {
            data
        };
        response.insert("data".to_owned(), data);
    }
    Value::Object(response)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::endpoint::Endpoint;
    use crate::redact::Redacted;
    use crate::verdict::Verdict;

    fn answer(data: Value) -> Answer {
        Answer {
            verdict: Verdict::Accepted,
            status: Some(200),
            code: Some(0),
            request_id: Some("20260801120000ABCDEF0123456789ABCD".to_owned()),
            message: Redacted::new("OK"),
            elapsed: Duration::from_millis(12),
            data: Some(data),
        }
    }

    #[test]
    fn a_call_is_shown_without_the_person_and_the_token() {
        let request = json!({"event_source": "web", "data": [{"user": {"email": "alice@shop.example"}}]});
        let answer = answer(json!({"access_token": "t0k3n", "failed": ["bob@shop.example"]}));
        let rows: RowRanges = (0..3).collect();
        let call =
            ShownRequest::of(request).answered(Asked::again(Endpoint::EventTrack), Some(rows), &answer);
        assert!(call.at > 1_700_000_000, "{}", call.at);
        let call = Call { at: 7, ..call };
        assert_eq!(
            serde_json::to_value(&call).unwrap(),
            json!({"at": 7, "method": "POST", "path": "/open_api/v1.3/event/track/", "repeated": true,
                   "request": {"event_source": "web", "data": [{"user": {"email": "[identity]"}}]}, "rows": [[0, 3]],
                   "status": 200, "code": 0, "verdict": "accepted",
                   "request_id": "20260801120000ABCDEF0123456789ABCD", "milliseconds": 12,
                   "response": {"code": 0, "message": "OK", "request_id": "20260801120000ABCDEF0123456789ABCD",
                                "data": {"access_token": "[secret]", "failed": ["[email]"]}}})
        );
    }

    #[test]
    fn an_uploads_file_is_named_and_not_held() {
        let fields = [
            ("advertiser_id", "71"),
            ("file_signature", "0cc175b9c0f1b6a831c399e269772661"),
        ];
        let call = ShownRequest::of_file(&fields, "a.csv", 12).answered(
            Endpoint::AudienceUpload,
            None,
            &answer(json!({})),
        );
        assert_eq!(
            call.request,
            json!({"advertiser_id": "71", "file_signature": "0cc175b9c0f1b6a831c399e269772661",
                   "file": {"name": "a.csv", "bytes": 12}})
        );
    }

    #[test]
    fn a_huge_answer_is_left_out() {
        let list: Vec<u32> = (0..40_000).collect();
        let call = ShownRequest::of(json!({})).answered(
            Endpoint::AudienceList,
            None,
            &answer(json!({"list": list})),
        );
        let data = call.response.get("data").unwrap().as_str().unwrap();
        assert!(data.ends_with("bytes]"), "{data}");
    }
}
