//! Who a token belongs to, and which accounts it reaches.

use serde_json::{Value, json};

use crate::{
    body::{query_ids, required_query},
    call::Call,
    codes,
    oauth::exchange::check_app,
    refusal::{PARAM_ERROR, Refusal},
    state::{Access, SandboxState},
    tokens::ADVERTISERS,
};

/// `GET /oauth2/advertiser/get/`: the accounts of a token.
pub(crate) fn advertisers(state: &SandboxState, call: &Call, access: &Access) -> Result<Value, Refusal> {
    let [app_id, secret] = required_query(call, ["app_id", "secret"])?;
    check_app(&state.lock(), app_id, secret)?;
    let Some(grant) = access.grant.as_ref().filter(|grant| grant.app_id == app_id) else {
        return Err(Refusal::new(40113, codes::message(40113)));
    };
    let accounts: Vec<Value> = grant
        .listed
        .iter()
        .map(|id| json!({"advertiser_id": id, "advertiser_name": name(id)}))
        .collect();
    Ok(json!({"list": accounts}))
}

/// `GET /user/info/`: the person behind a token.
#[expect(
    clippy::unnecessary_wraps,
    reason = "the table of endpoints has one signature"
)]
pub(crate) fn user(_: &SandboxState, _: &Call, _: &Access) -> Result<Value, Refusal> {
    Ok(json!({
        "core_user_id": "7000000000000000001",
        "display_name": "Sandbox user",
        "email": "s***@example.com",
        "create_time": 1_700_000_000,
    }))
}

/// `GET /advertiser/info/`: names of accounts.
pub(crate) fn advertiser_names(_: &SandboxState, call: &Call, access: &Access) -> Result<Value, Refusal> {
    required_query(call, ["advertiser_ids"])?;
    let ids = query_ids(call, "advertiser_ids")?.unwrap_or_default();
    if ids.is_empty() || ids.len() > 100 {
        return Err(Refusal::new(
            PARAM_ERROR,
            "Invalid value for advertiser_ids: must hold 1 to 100 ids.",
        ));
    }
    for id in &ids {
        access.advertiser(id)?;
    }
    let accounts: Vec<Value> = ids
        .iter()
        .map(|id| json!({"advertiser_id": id, "name": name(id), "currency": "EUR", "timezone": "Europe/Berlin", "status": "STATUS_ENABLE"}))
        .collect();
    Ok(json!({"list": accounts}))
}

fn name(id: &str) -> String {
    let position = ADVERTISERS.iter().position(|known| *known == id);
    position.map_or_else(
        || format!("Account {id}"),
        |position| format!("Sandbox account {}", position + 1),
    )
}
