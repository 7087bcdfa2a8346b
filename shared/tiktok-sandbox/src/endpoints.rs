//! The table of TikTok's endpoints that the sandbox serves.

use axum::http::Method;
use serde_json::Value;

use crate::{
    audiences, body,
    call::{API_PREFIX, Call},
    codes, events, oauth,
    refusal::Refusal,
    reply::Answer,
    state::{Access, Needs, SandboxState},
    tokens::{READ_AUDIENCES, TRACK_EVENTS, WRITE_AUDIENCES},
};

type Endpoint = fn(&SandboxState, &Call, &Access) -> Result<Value, Refusal>;

const AUTHORISATION_PAGE: &str = "/portal/auth";
const FILE_UPLOAD: &str = "/dmp/custom_audience/file/upload/";
/// Enough of a form to tell that its file is too large.
const FILE_UPLOAD_BYTES: usize = audiences::MAX_FILE_BYTES + 10 * 1024 * 1024;

fn find(path: &str) -> Option<(Method, Needs, Endpoint)> {
    let read = Needs::Scope(READ_AUDIENCES);
    let write = Needs::Scope(WRITE_AUDIENCES);
    let endpoint: (Method, Needs, Endpoint) = match path {
        "/event/track/" => (Method::POST, Needs::Scope(TRACK_EVENTS), events::track),
        "/oauth2/access_token/" => (Method::POST, Needs::Nothing, oauth::access_token),
        "/oauth2/revoke_token/" => (Method::POST, Needs::Nothing, oauth::revoke_token),
        "/oauth2/advertiser/get/" => (Method::GET, Needs::Token, oauth::advertisers),
        "/user/info/" => (Method::GET, Needs::Token, oauth::user),
        "/advertiser/info/" => (Method::GET, Needs::Token, oauth::advertiser_names),
        "/segment/audience/" => (Method::POST, write, audiences::segment_audience),
        "/segment/mapping/" => (Method::POST, write, audiences::segment_mapping),
        FILE_UPLOAD => (Method::POST, write, audiences::upload),
        "/dmp/custom_audience/create/" => (Method::POST, write, audiences::create),
        "/dmp/custom_audience/update/" => (Method::POST, write, audiences::update),
        "/dmp/custom_audience/delete/" => (Method::POST, write, audiences::delete),
        "/dmp/custom_audience/apply/" => (Method::POST, write, audiences::apply),
        "/dmp/custom_audience/list/" => (Method::GET, read, audiences::list),
        "/dmp/custom_audience/get/" => (Method::GET, read, audiences::get),
        "/pixel/track/" | "/pixel/batch/" | "/offline/track/" | "/offline/batch/" => {
            (Method::POST, Needs::Token, gone)
        }
        _ => return None,
    };
    Some(endpoint)
}

/// Answers a call as TikTok would.
pub(crate) fn answer(state: &SandboxState, call: &Call) -> Answer {
    if call.path == AUTHORISATION_PAGE || call.path == "/portal/auth/" {
        return oauth::authorisation_page(state, call);
    }
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

/// The answer to a body over that.
pub(crate) fn too_large(short_path: &str) -> Answer {
    if short_path == FILE_UPLOAD {
        return Answer::from(Err(Refusal::new(40907, codes::message(40907))));
    }
    Answer::text(413, "413 request entity too large")
}

/// The endpoints that `/event/track/` replaced.
fn gone(_: &SandboxState, _: &Call, _: &Access) -> Result<Value, Refusal> {
    Err(Refusal::new(41001, codes::message(41001)))
}
