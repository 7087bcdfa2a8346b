//! The envelope around every answer: `{"code": 0, "message": "OK", "request_id": "...", "data": {}}`.

use serde::Deserialize;
use serde_json::Value;

use crate::redact::{Sent, request_id};

/// An answer as TikTok wrote it. It has no `Debug`, since message and data are untrusted and may be secret.
#[derive(Deserialize)]
pub(crate) struct Envelope {
    /// 0 is success.
    pub(crate) code: i64,
    #[serde(default)]
    message: Value,
    #[serde(default)]
    request_id: Value,
    /// What the endpoint returns.
    #[serde(default)]
    pub(crate) data: Option<Value>,
}

impl Envelope {
    /// Reads an answer; `None` when it is no JSON object with a whole number as `code`, each field once.
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }

    /// The message as TikTok wrote it: not for logs.
    pub(crate) fn message(&self) -> &str {
        self.message.as_str().unwrap_or_default()
    }

    /// Whether it says no more than that all is well.
    pub(crate) fn is_plain_success(&self) -> bool {
        let empty = |data: &Value| data.as_object().map_or(data.is_null(), serde_json::Map::is_empty);
        self.code == 0 && self.message() == "OK" && self.data.as_ref().is_none_or(empty)
    }

    /// Takes out what the call said of persons.
    pub(crate) fn hide(&mut self, sent: &Sent) {
        sent.hide_in_value(&mut self.message);
        if let Some(data) = &mut self.data {
            sent.hide_in_value(data);
        }
    }

    /// The request id, when it looks like one.
    pub(crate) fn request_id(&self) -> Option<String> {
        self.request_id.as_str().and_then(request_id)
    }
}
