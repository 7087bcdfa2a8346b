//! The way of one call: read, fault, answer, count.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::Response,
};
use tokio::sync::watch;

use crate::{
    call::{Call, short_path},
    connection::Line,
    control, endpoints,
    faults::{Hit, Then},
    reply::{self, Answer},
    server::until_true,
    state::SandboxState,
};

/// What every call can reach.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) state: Arc<SandboxState>,
    pub(crate) stopped: watch::Receiver<bool>,
}

/// Answers every request that the server gets.
pub(crate) async fn handle(
    State(shared): State<Shared>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
) -> Response<Body> {
    let state = &shared.state;
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let cap = endpoints::body_cap(short_path(path), state.lock().settings.max_body_bytes);
    let Ok(body) = to_bytes(body, cap).await else {
        let answer = Answer::text(413, "413 request entity too large");
        state.count_call(path, answer.label());
        return reply::response(answer, &reply::request_id(state.now_ms()));
    };
    let call = Call::new(parts.method, &parts.uri, &parts.headers, body);
    if let Some(rest) = call.path.strip_prefix("/_sandbox/") {
        let answer = control::answer(state, &call, rest.trim_end_matches('/'));
        return reply::response(answer, &reply::request_id(state.now_ms()));
    }
    let hit = state.fault_for(call.short_path(), &call.body).unwrap_or(Hit {
        store: true,
        ..Hit::default()
    });
    let (answer, then) = if hit.wait_ms > 0 {
        // A server does not notice that its client has gone: the call is done all the same.
        let state = Arc::clone(state);
        let late = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(hit.wait_ms)).await;
            perform(&state, &call, hit)
        });
        late.await
            .unwrap_or((Answer::text(500, "500 internal server error"), Then::Usual))
    } else {
        perform(state, &call, hit)
    };
    let request_id = reply::request_id(state.now_ms());
    match then {
        Then::Hang => {
            until_true(shared.stopped).await;
            line.reset();
            reply::response(answer, &request_id)
        }
        Then::Reset => {
            line.reset();
            reply::response(answer, &request_id)
        }
        Then::Truncate => reply::cut_off(answer, &request_id),
        Then::Usual | Then::Code(..) | Then::Http(..) | Then::Filling(..) => {
            reply::response(answer, &request_id)
        }
    }
}

/// Does the call as far as the fault allows, and counts it.
fn perform(state: &SandboxState, call: &Call, hit: Hit) -> (Answer, Then) {
    let done = hit.store.then(|| endpoints::answer(state, call));
    let answer = hit
        .then
        .answer()
        .or(done)
        .unwrap_or_else(|| Answer::text(500, ""));
    let label = match hit.then {
        Then::Hang => "hang".to_owned(),
        Then::Reset => "reset".to_owned(),
        Then::Truncate => "truncate".to_owned(),
        Then::Usual | Then::Code(..) | Then::Http(..) | Then::Filling(..) => answer.label(),
    };
    state.count_call(&call.path, label);
    (answer, hit.then)
}
