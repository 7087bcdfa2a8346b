//! Codes become tokens, tokens are revoked. Neither call carries a token in its header.

use serde_json::{Value, json};

use crate::{
    body::{self, checked_object, optional, required},
    call::Call,
    check, codes,
    oauth::codes::secret_text,
    refusal::Refusal,
    state::{Access, Memory, SandboxState},
    tokens::Grant,
};

/// `POST /oauth2/access_token/`.
pub(crate) fn access_token(state: &SandboxState, call: &Call, access: &Access) -> Result<Value, Refusal> {
    let settings = &*access.settings;
    let body = checked_object(
        call,
        settings,
        &[
            required("app_id", check::text),
            required("secret", check::text),
            required("auth_code", check::text),
            optional("return_advertiser_ids", check::boolean),
        ],
    )?;
    let app_id = body::text(&body, "app_id");
    let mut memory = state.lock();
    check_app(&memory, app_id, body::text(&body, "secret"))?;
    let now_ms = memory.clock.now_ms();
    memory
        .codes
        .redeem(body::text(&body, "auth_code"), app_id, now_ms)?;
    let token = secret_text();
    let grant = Grant::new(
        app_id,
        &settings.authorized_scopes,
        &settings.authorized_advertisers,
    );
    memory.tokens.insert(token.clone(), grant);
    let wants_ids = body
        .get("return_advertiser_ids")
        .and_then(Value::as_bool)
        .unwrap_or(true);
    let ids: &[String] = if wants_ids {
        &settings.authorized_advertisers
    } else {
        &[]
    };
    Ok(json!({"access_token": token, "advertiser_ids": ids, "scope": settings.authorized_scopes}))
}

/// `POST /oauth2/revoke_token/`.
pub(crate) fn revoke_token(state: &SandboxState, call: &Call, access: &Access) -> Result<Value, Refusal> {
    let body = checked_object(
        call,
        &access.settings,
        &[
            required("app_id", check::text),
            required("secret", check::text),
            required("access_token", check::text),
        ],
    )?;
    let app_id = body::text(&body, "app_id");
    let mut memory = state.lock();
    check_app(&memory, app_id, body::text(&body, "secret"))?;
    let token = body::text(&body, "access_token");
    if memory.tokens.grant(Some(token))?.app_id != app_id {
        return Err(Refusal::new(40105, codes::message(40105)));
    }
    let advertisers = memory.tokens.revoke(token).unwrap_or_default();
    Ok(json!({"app_id": app_id, "advertiser_ids": advertisers}))
}

/// 40113 for an unknown app, 40101 for a secret that is not its own.
pub(crate) fn check_app(memory: &Memory, app_id: &str, secret: &str) -> Result<(), Refusal> {
    match memory.tokens.secret(app_id) {
        None => Err(Refusal::new(40113, codes::message(40113))),
        Some(known) if known != secret => Err(Refusal::new(40101, codes::message(40101))),
        Some(_) => Ok(()),
    }
}
