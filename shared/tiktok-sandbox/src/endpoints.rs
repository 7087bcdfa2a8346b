//! The table of TikTok's endpoints that the sandbox serves.

use axum::http::Method;
use serde_json::Value;

use crate::{
    body,
    call::{API_PREFIX, Call},
    codes, events,
    refusal::Refusal,
    reply::Answer,
    state::{Access, Needs, SandboxState},
    tokens::TRACK_EVENTS,
};

type Endpoint = fn(&SandboxState, &Call, &Access) -> Result<Value, Refusal>;

const FILE_UPLOAD: &str = "/dmp/custom_audience/file/upload/";
/// Largest file, with room for the other fields of the form around it.
const FILE_UPLOAD_BYTES: usize = 50 * 1024 * 1024 + 1024 * 1024;

fn find(path: &str) -> Option<(Method, Needs, Endpoint)> {
    let endpoint: (Method, Needs, Endpoint) = match path {
        "/event/track/" => (Method::POST, Needs::Scope(TRACK_EVENTS), events::track),
        "/pixel/track/" | "/pixel/batch/" | "/offline/track/" | "/offline/batch/" => {
            (Method::POST, Needs::Token, gone)
        }
        _ => return None,
    };
    Some(endpoint)
}

/// Answers a call as TikTok would.
pub(crate) fn answer(state: &SandboxState, call: &Call) -> Answer {
    let Some((method, needs, endpoint)) = call.path.strip_prefix(API_PREFIX).and_then(find) else {
        return Answer::text(404, "404 page not found");
    };
    if call.method != method {
        return Answer::text(405, "405 method not allowed");
    }
    let content_type = if call.short_path() == FILE_UPLOAD {
        "multipart/form-data"
    } else {
        "application/json"
    };
    let result = state.access(call, needs).and_then(|access| {
        if method == Method::POST {
            body::expect_type(call, content_type)?;
        }
        endpoint(state, call, &access)
    });
    Answer::from(result)
}

/// The largest body in bytes that a path takes.
pub(crate) fn body_cap(short_path: &str, json_cap: usize) -> usize {
    if short_path == FILE_UPLOAD {
        FILE_UPLOAD_BYTES
    } else {
        json_cap
    }
}

/// The endpoints that `/event/track/` replaced.
fn gone(_: &SandboxState, _: &Call, _: &Access) -> Result<Value, Refusal> {
    Err(Refusal::new(41001, codes::message(41001)))
}
