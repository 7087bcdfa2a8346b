//! What an answer of TikTok means for the rows of the call: one pure function, [`judge`].

mod envelope;

pub(crate) use envelope::Envelope;

use serde::Serialize;
use serde_json::Value;

use crate::codes::{Action, action, find};
use crate::endpoint::{Asked, Endpoint};
use crate::message::{
    mentions, named, rows, speaks_of_audience_at_work, speaks_of_event_source, speaks_of_too_many_calls,
};
use crate::redact::Redacted;

/// Most rows that are read from the details of a partial success.
const MAX_PARTIAL_ROWS: usize = 10_000;

/// What an answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// TikTok took the whole call.
    Accepted,
    /// Code 20001: TikTok took the call, but for the rows that its details name.
    Partial {
        /// Indexes in the call, from 0, ascending; empty when the details name no row.
        rows: Vec<usize>,
        /// The answer's own words.
        cause: Cause,
    },
    /// The same call may be taken later. The caller bounds the number of tries.
    Retry {
        /// Why, and so whether the call may have been taken.
        why: RetryReason,
        /// The answer's own words, or ours where there was no answer.
        cause: Cause,
    },
    /// The same content will never be taken; nothing of the call was.
    Refused {
        /// Index in the call, from 0, of the row that the message blames. A hint: it may lie out of range,
        /// or blame the wrong row.
        row: Option<usize>,
        /// The answer's own words.
        cause: Cause,
    },
    /// Too many rows in one call; nothing of it was taken.
    Split {
        /// The answer's own words.
        cause: Cause,
    },
    /// Token, app, scope or role: stop, a person has to authorise.
    Unauthorized {
        /// What is missing.
        why: AuthReason,
        /// The answer's own words.
        cause: Cause,
    },
    /// The set-up is wrong and no row is to blame: stop, a person has to correct the sync or the program.
    Misconfigured {
        /// The answer's own words.
        cause: Cause,
    },
}

/// Why a call should be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryReason {
    /// Too many calls. Surely not taken.
    RateLimited,
    /// An audience or a task is still being worked on. Surely not taken.
    NotReady,
    /// The call never left: no connection, no name, no TLS, or no time. Surely not taken.
    NotSent,
    /// TikTok says that its server failed. May have been taken.
    ServerFault,
    /// Time-out, reset, HTTP 5xx, an answer that is cut, too large or no JSON. May have been taken.
    Unclear,
}

impl RetryReason {
    /// TikTok may have taken the call although it did not say so.
    pub const fn may_have_been_taken(self) -> bool {
        matches!(self, Self::ServerFault | Self::Unclear)
    }
}

/// What is missing where TikTok denies a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthReason {
    /// The token is wrong, revoked or expired: connect again.
    TokenDead,
    /// The app is blocked, or its id and secret do not fit: correct the app, then connect again.
    AppRejected,
    /// The `auth_code` was used, cancelled, or is older than an hour: open the start link again.
    AuthCodeDead,
    /// The token lacks a scope, or its user a role on the advertiser account.
    GrantMissing,
    /// No permission on the pixel or event set of the call: it is another one than was meant, or the token's user has no
    /// role on it.
    SourceDenied,
    /// The app or advertiser is not on TikTok's allowlist for the feature (40118).
    NotOnAllowlist,
}

impl AuthReason {
    /// No call with this token will be taken any more: only a new one helps.
    pub const fn ends_token(self) -> bool {
        matches!(self, Self::TokenDead | Self::AppRejected)
    }
}

/// What is known of the cause. Nothing in it can hold a value of a row.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Cause {
    /// TikTok's `code`; `None` where there was no readable answer.
    pub code: Option<i64>,
    /// Path of the field that the message names; below the row where it names one. Lower case.
    pub field: Option<String>,
    /// The message, redacted and cut.
    pub message: Redacted,
}

impl Cause {
    /// A cause in our own words.
    pub fn ours(message: &str) -> Self {
        Self {
            code: None,
            field: None,
            message: Redacted::new(message),
        }
    }

    /// What the code means in general, in one sentence; `None` for codes that are not published.
    pub fn meaning(&self) -> Option<&'static str> {
        self.code.and_then(find).map(|known| known.meaning)
    }
}

impl Verdict {
    /// The cause; `None` for [`Verdict::Accepted`].
    pub const fn cause(&self) -> Option<&Cause> {
        match self {
            Self::Accepted => None,
            Self::Partial { cause, .. }
            | Self::Retry { cause, .. }
            | Self::Refused { cause, .. }
            | Self::Split { cause }
            | Self::Unauthorized { cause, .. }
            | Self::Misconfigured { cause } => Some(cause),
        }
    }

    /// One word for metrics and logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Partial { .. } => "partial",
            Self::Retry { .. } => "retry",
            Self::Refused { .. } => "refused",
            Self::Split { .. } => "split",
            Self::Unauthorized { .. } => "unauthorized",
            Self::Misconfigured { .. } => "misconfigured",
        }
    }
}

/// Judges an answer.
///
/// A JSON body with a whole `code` decides, whatever the HTTP status is; without one the status does
/// (TikTok's normal failure is HTTP 200 with a non-zero code). One exception: code 0 under an HTTP error is a
/// contradiction and so [`RetryReason::Unclear`], because nothing is called taken that may not be.
///
/// Unknown codes are placed by their range ([`action`]). None of them counts as success, so that no row is lost
/// silently; each leads to a stop, a refusal, or a retry whose number the caller bounds, so that none loops.
pub fn judge(status: u16, body: &[u8], asked: impl Into<Asked>) -> Verdict {
    judge_envelope(status, body, Envelope::parse(body).as_ref(), asked.into())
}

/// [`judge`] for a body that is parsed already.
pub(crate) fn judge_envelope(status: u16, body: &[u8], envelope: Option<&Envelope>, asked: Asked) -> Verdict {
    match envelope {
        Some(envelope) => judge_code(status, envelope, asked),
        None => judge_status(status, body),
    }
}

fn judge_code(status: u16, envelope: &Envelope, asked: Asked) -> Verdict {
    let (code, message) = (envelope.code, envelope.message());
    let named = named(message);
    let cause = Cause {
        code: Some(code),
        field: named.field,
        message: Redacted::new(message),
    };
    let unknown = find(code).is_none();
    if unknown && (status == 429 || speaks_of_too_many_calls(message)) {
        return Verdict::Retry {
            why: RetryReason::RateLimited,
            cause,
        };
    }
    let retry = |why, cause| Verdict::Retry { why, cause };
    let denied = |why, cause| Verdict::Unauthorized { why, cause };
    match action(code) {
        Action::Accept | Action::AcceptPart if status >= 300 => retry(RetryReason::Unclear, cause),
        Action::Accept => Verdict::Accepted,
        Action::AcceptPart => Verdict::Partial {
            rows: partial_rows(message, envelope.data.as_ref()),
            cause,
        },
        Action::AcceptIfRepeated if asked.repeated => Verdict::Accepted,
        Action::SlowDown => retry(RetryReason::RateLimited, cause),
        Action::RetryServerFault => retry(RetryReason::ServerFault, cause),
        Action::RetryNotReady => retry(RetryReason::NotReady, cause),
        Action::RetryUnclear => retry(RetryReason::Unclear, cause),
        Action::Refuse => judge_refusal(named.row, message, cause, asked.endpoint),
        Action::Split => Verdict::Split { cause },
        Action::StopTokenDead => denied(AuthReason::TokenDead, cause),
        Action::StopAppRejected => denied(AuthReason::AppRejected, cause),
        Action::StopAuthCodeDead => denied(AuthReason::AuthCodeDead, cause),
        Action::StopGrantMissing
            if asked.endpoint == Endpoint::EventTrack && speaks_of_event_source(message) =>
        {
            denied(AuthReason::SourceDenied, cause)
        }
        Action::StopGrantMissing => denied(AuthReason::GrantMissing, cause),
        Action::StopNotOnAllowlist => denied(AuthReason::NotOnAllowlist, cause),
        Action::AcceptIfRepeated | Action::StopMisconfigured => Verdict::Misconfigured { cause },
    }
}

/// A refusal of the content is a row's fault unless the message speaks of what all rows share.
fn judge_refusal(row: Option<usize>, message: &str, mut cause: Cause, endpoint: Endpoint) -> Verdict {
    let in_audiences = matches!(
        endpoint,
        Endpoint::AudienceCreate | Endpoint::AudienceUpdate | Endpoint::SegmentMapping
    );
    if in_audiences && speaks_of_audience_at_work(message) {
        return Verdict::Retry {
            why: RetryReason::NotReady,
            cause,
        };
    }
    let shared = endpoint.top_level();
    let part = |at: fn(&str) -> Option<&str>| cause.field.as_deref().and_then(at);
    let first = part(|path| path.split('.').next());
    let last = part(|path| {
        path.rsplit(['.', ']', '['])
            .find(|name| name.parse::<usize>().is_err())
    });
    let shared_by_all_persons = endpoint == Endpoint::SegmentMapping && last == Some("audience_ids");
    let top_level = row.is_none() && first.is_some_and(|name| shared.contains(&name));
    if shared_by_all_persons || top_level {
        return Verdict::Misconfigured { cause };
    }
    if row.is_none()
        && cause.field.is_none()
        && let Some(name) = mentions(message, shared)
    {
        cause.field = Some(name.to_owned());
        return Verdict::Misconfigured { cause };
    }
    Verdict::Refused { row, cause }
}

/// No readable envelope: the gateway answered, or the answer is damaged.
fn judge_status(status: u16, body: &[u8]) -> Verdict {
    let text = String::from_utf8_lossy(body);
    let cause = Cause::ours(match (status, text.trim()) {
        (200..=299, _) => {
            "The answer is cut, too large or no JSON, so that nobody can say whether TikTok took the call"
        }
        (_, "") => "TikTok's gateway answered without a body",
        (_, text) => text,
    });
    let cause = Cause {
        message: Redacted::new(&format!("HTTP {status}: {}", cause.message)),
        ..cause
    };
    match status {
        429 => Verdict::Retry {
            why: RetryReason::RateLimited,
            cause,
        },
        413 => Verdict::Split { cause },
        408 | 425 => Verdict::Retry {
            why: RetryReason::Unclear,
            cause,
        },
        300..=499 => Verdict::Misconfigured { cause },
        _ => Verdict::Retry {
            why: RetryReason::Unclear,
            cause,
        },
    }
}

/// The rows that the details of a partial success name, in the message or anywhere in `data`: as a path
/// (`data.3.event`), or as the number of a field `index` or `row`. The form of these details is not published.
fn partial_rows(message: &str, data: Option<&Value>) -> Vec<usize> {
    let mut found: Vec<usize> = rows(message).collect();
    let mut open: Vec<&Value> = data.into_iter().collect();
    while let Some(value) = open.pop() {
        match value {
            Value::String(text) => found.extend(rows(text)),
            Value::Array(values) => open.extend(values),
            Value::Object(fields) => {
                let index = fields
                    .get("index")
                    .or_else(|| fields.get("row"))
                    .and_then(Value::as_u64);
                found.extend(index.and_then(|index| usize::try_from(index).ok()));
                open.extend(fields.values());
            }
            _ => {}
        }
    }
    found.sort_unstable();
    found.dedup();
    found.truncate(MAX_PARTIAL_ROWS);
    found
}

#[cfg(test)]
mod tests;
