//! What came back for a call, and what it means.

use std::time::Duration;

use serde_json::Value;

use super::fetch::{Fetched, Lost};
use crate::endpoint::Asked;
use crate::redact::{Redacted, Sent};
use crate::verdict::{Cause, Envelope, Verdict, judge_envelope};

/// What came back for a call. All but `data` may be logged; `Debug` leaves that out.
#[derive(Clone, PartialEq)]
pub struct Answer {
    /// What it means for the rows of the call.
    pub verdict: Verdict,
    /// HTTP status; `None` without an answer.
    pub status: Option<u16>,
    /// TikTok's `code`; `None` without a readable answer.
    pub code: Option<i64>,
    /// The id by which TikTok's support finds the call: 16 to 64 letters, digits and dashes.
    pub request_id: Option<String>,
    /// TikTok's message, or ours where there was no answer.
    pub message: Redacted,
    /// From the start of the call to the last byte of the answer, without any wait for its turn.
    pub elapsed: Duration,
    /// What the endpoint returned. Untrusted, and may hold secrets: not for logs.
    pub data: Option<Value>,
}

impl Answer {
    /// `sent` is the JSON body of the call: what it says of persons is taken out of the answer before anything else.
    pub(super) fn judged(fetched: Fetched, sent: Option<&[u8]>, asked: Asked, elapsed: Duration) -> Self {
        let Fetched { status, mut body } = fetched;
        let mut envelope = Envelope::parse(&body);
        let plain = envelope.as_ref().is_some_and(Envelope::is_plain_success);
        if let Some(sent) = sent.filter(|_| !plain) {
            let sent = Sent::of(sent);
            if let Some(envelope) = &mut envelope {
                envelope.hide(&sent);
            } else {
                let mut text = String::from_utf8_lossy(&body).into_owned();
                sent.hide_in(&mut text);
                body = text.into_bytes();
            }
        }
        let verdict = judge_envelope(status, &body, envelope.as_ref(), asked);
        let message = match (verdict.cause(), &envelope) {
            (Some(cause), _) => cause.message.clone(),
            (None, Some(envelope)) => Redacted::new(envelope.message()),
            (None, None) => Redacted::default(),
        };
        Self {
            verdict,
            status: Some(status),
            code: envelope.as_ref().map(|envelope| envelope.code),
            request_id: envelope.as_ref().and_then(Envelope::request_id),
            message,
            elapsed,
            data: envelope.and_then(|envelope| envelope.data),
        }
    }

    /// What came back, in one word for counts: TikTok's code, or what came in its place.
    pub fn label(&self) -> String {
        match (self.code, self.status) {
            (Some(code), _) => code.to_string(),
            (None, Some(status)) => format!("http_{status}"),
            (None, None) => "no_answer".to_owned(),
        }
    }

    pub(super) fn lost(lost: &Lost, elapsed: Duration) -> Self {
        let cause = Cause::ours(&lost.message);
        Self {
            message: cause.message.clone(),
            verdict: Verdict::Retry { why: lost.why, cause },
            status: lost.status,
            code: None,
            request_id: None,
            elapsed,
            data: None,
        }
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer")
            .field("verdict", &self.verdict)
            .field("status", &self.status)
            .field("code", &self.code)
            .field("request_id", &self.request_id)
            .field("message", &self.message)
            .field("elapsed", &self.elapsed)
            .finish_non_exhaustive()
    }
}
