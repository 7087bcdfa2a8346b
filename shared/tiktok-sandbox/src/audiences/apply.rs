//! `POST /dmp/custom_audience/apply/` and `/delete/`.

use serde_json::{Value, json};

use crate::{
    body::{self, checked_object, optional, required},
    call::Call,
    check,
    refusal::{Refusal, Wrong},
    state::{Access, SandboxState},
};

/// Puts an audience to work in ad groups, or takes it out.
pub(crate) fn apply(state: &SandboxState, call: &Call, access: &Access) -> Result<Value, Refusal> {
    let settings = &*access.settings;
    let body = checked_object(
        call,
        settings,
        &[
            required("advertiser_id", check::text),
            required("custom_audience_id", check::text),
            required("adgroup_ids", check::texts),
            required("action_mode", check::text),
            optional("usage_mode", check::text),
        ],
    )?;
    let mode = body::text(&body, "action_mode");
    let usage = body.get("usage_mode").and_then(Value::as_str);
    if !["Apply", "Disconnect"].contains(&mode) {
        return Err(Refusal::field("action_mode", "must be Apply or Disconnect"));
    }
    if mode == "Apply" && usage.is_none() {
        return Err(Wrong::missing(["usage_mode"]).refusal(None, settings.messages));
    }
    if usage.is_some_and(|usage| !["Include", "Exclude"].contains(&usage)) {
        return Err(Refusal::field("usage_mode", "must be Include or Exclude"));
    }
    let advertiser_id = body::text(&body, "advertiser_id");
    access.advertiser(advertiser_id)?;
    let mut memory = state.lock();
    let now_ms = memory.clock.now_ms();
    let audience = memory
        .audiences
        .of(body::text(&body, "custom_audience_id"), advertiser_id)?;
    let groups = body::texts(&body, "adgroup_ids").join(", ");
    match usage {
        Some(usage) if mode == "Apply" => {
            audience.record_change("APPLY", format!("{usage} in {groups}"), now_ms);
        }
        _ => audience.record_only("DISCONNECT", format!("Disconnected from {groups}"), now_ms),
    }
    Ok(json!({}))
}

/// Deletes audiences of either kind: all of them or, when one is missing, none.
pub(crate) fn delete(state: &SandboxState, call: &Call, access: &Access) -> Result<Value, Refusal> {
    let fields = [
        required("advertiser_id", check::text),
        required("custom_audience_ids", check::texts),
    ];
    let body = checked_object(call, &access.settings, &fields)?;
    let ids = body::texts(&body, "custom_audience_ids");
    if ids.len() > 100 {
        return Err(Refusal::field("custom_audience_ids", "must hold 1 to 100 ids"));
    }
    let advertiser_id = body::text(&body, "advertiser_id");
    access.advertiser(advertiser_id)?;
    let mut memory = state.lock();
    for id in &ids {
        memory.audiences.of(id, advertiser_id)?;
    }
    for id in &ids {
        memory.audiences.remove(id);
    }
    Ok(json!({}))
}
