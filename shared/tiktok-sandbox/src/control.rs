//! The control side under `/_sandbox/`.

use axum::http::Method;
use serde_json::{Value, json};

use crate::{call::Call, reply::Answer, state::SandboxState};

/// Answers a control call; `path` is what follows `/_sandbox/`.
pub(crate) fn answer(state: &SandboxState, call: &Call, path: &str) -> Answer {
    match (&call.method, path) {
        (&Method::GET, "events") => serialised(state.lock().events.all()),
        (&Method::GET, "calls") => serialised(&state.calls()),
        (&Method::GET, "faults") => serialised(&state.lock().faults.specs()),
        (&Method::GET, "limits") => serialised(&state.lock().limiter.limits),
        (&Method::GET, "settings") => Answer::json(200, &state.settings_json()),
        (&Method::POST, "faults") => changed(
            call,
            |faults| state.set_faults(faults),
            || serialised(&state.lock().faults.specs()),
        ),
        (&Method::POST, "limits") => changed(
            call,
            |limits| state.set_limits(limits),
            || serialised(&state.lock().limiter.limits),
        ),
        (&Method::POST, "settings") => changed(
            call,
            |settings| state.change_settings(settings),
            || Answer::json(200, &state.settings_json()),
        ),
        (&Method::POST, "reset") => {
            state.reset();
            Answer::json(200, &json!({}))
        }
        (_, "events" | "audiences" | "calls" | "faults" | "limits" | "settings" | "reset") => error(
            405,
            "This control takes another method; the README of tiktok-sandbox lists them",
        ),
        _ => error(404, "No such control; the README of tiktok-sandbox lists them"),
    }
}

fn changed(
    call: &Call,
    change: impl FnOnce(Value) -> Result<(), String>,
    present: impl FnOnce() -> Answer,
) -> Answer {
    let result = serde_json::from_slice(&call.body)
        .map_err(|error| format!("The body is not JSON: {error}"))
        .and_then(change);
    match result {
        Ok(()) => present(),
        Err(why) => error(400, &why),
    }
}

fn serialised<T: serde::Serialize + ?Sized>(value: &T) -> Answer {
    match serde_json::to_string(value) {
        Ok(body) => Answer::Plain {
            status: 200,
            content_type: "application/json",
            body,
        },
        Err(failure) => error(500, &failure.to_string()),
    }
}

fn error(status: u16, why: &str) -> Answer {
    Answer::json(status, &json!({"error": why}))
}
