//! `GET /dmp/custom_audience/list/` and `/get/`.

use serde_json::{Value, json};

use crate::{
    audiences::audience::{Audience, AudienceOrigin, MIN_IDS, count, users},
    body::{known_query, query_ids, required_query},
    call::Call,
    clock,
    refusal::Refusal,
    state::{Access, SandboxState},
};

pub(crate) fn list(state: &SandboxState, call: &Call, access: &Access) -> Result<Value, Refusal> {
    let [advertiser_id] = required_query(call, ["advertiser_id"])?;
    let ids = audience_ids(call)?;
    let page = number(call, "page", 1, 1..=usize::MAX)?;
    let page_size = number(call, "page_size", 10, 1..=100)?;
    let known = ["advertiser_id", "custom_audience_ids", "page", "page_size"];
    known_query(call, &known, &access.settings)?;
    access.advertiser(advertiser_id)?;
    let memory = state.lock();
    let now_ms = memory.clock.now_ms();
    let matching: Vec<&Audience> = memory
        .audiences
        .all()
        .filter(|audience| audience.advertiser_id == advertiser_id)
        .filter(|audience| ids.as_ref().is_none_or(|ids| ids.contains(&audience.id)))
        .collect();
    let first = (page - 1).saturating_mul(page_size);
    let shown: Vec<Value> = matching
        .iter()
        .skip(first)
        .take(page_size)
        .map(|audience| details(audience, now_ms))
        .collect();
    let page_info = json!({
        "page": page,
        "page_size": page_size,
        "total_number": matching.len(),
        "total_page": matching.len().div_ceil(page_size),
    });
    Ok(json!({"list": shown, "page_info": page_info}))
}

pub(crate) fn get(state: &SandboxState, call: &Call, access: &Access) -> Result<Value, Refusal> {
    let [advertiser_id, _] = required_query(call, ["advertiser_id", "custom_audience_ids"])?;
    let ids = audience_ids(call)?.unwrap_or_default();
    let history_size = number(call, "history_size", 100, 1..=100)?;
    let known = ["advertiser_id", "custom_audience_ids", "history_size"];
    known_query(call, &known, &access.settings)?;
    access.advertiser(advertiser_id)?;
    let mut memory = state.lock();
    let now_ms = memory.clock.now_ms();
    let mut found = Vec::new();
    for id in ids {
        let audience = memory.audiences.of(&id, advertiser_id)?;
        let mut shown = details(audience, now_ms);
        if let Value::Object(fields) = &mut shown {
            let kind = fields.remove("audience_type").unwrap_or_default();
            fields.insert("type".to_owned(), kind);
            let enhanced = match &audience.origin {
                AudienceOrigin::CustomerFile(traits) => traits.enhancement,
                AudienceOrigin::Segment => false,
            };
            fields.insert("audience_enhancement".to_owned(), json!(enhanced));
            // What TikTok writes here is not known.
            fields.insert("enhancement_status".to_owned(), Value::Null);
        }
        let history: Vec<Value> = audience
            .history
            .iter()
            .rev()
            .take(history_size)
            .map(|change| {
                json!({
                    "action": change.action,
                    "action_detail": change.detail,
                    "editor": "open_api",
                    // Words about what failed in part.
                    "msg": "",
                    "opt_time": clock::text(change.at_ms),
                })
            })
            .collect();
        found.push(json!({"audience_details": shown, "audience_history": history}));
    }
    Ok(json!({"list": found}))
}

fn audience_ids(call: &Call) -> Result<Option<Vec<String>>, Refusal> {
    let ids = query_ids(call, "custom_audience_ids")?;
    if ids.as_ref().is_some_and(|ids| ids.is_empty() || ids.len() > 100) {
        return Err(Refusal::field("custom_audience_ids", "must hold 1 to 100 ids"));
    }
    Ok(ids)
}

fn number(
    call: &Call,
    name: &str,
    default: usize,
    range: std::ops::RangeInclusive<usize>,
) -> Result<usize, Refusal> {
    let Some(text) = call.query(name) else {
        return Ok(default);
    };
    match text.parse() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => Err(Refusal::field(name, "out of range")),
    }
}

/// An audience as lists show it. The sandbox matches every id at once.
fn details(audience: &Audience, now_ms: i64) -> Value {
    let processing = audience.is_processing(now_ms);
    let covered = if processing { 0 } else { users(&audience.ids) };
    let (audience_type, calculate_type, sub_type) = match &audience.origin {
        AudienceOrigin::Segment => ("Partner", Value::Null, "NORMAL"),
        AudienceOrigin::CustomerFile(traits) => (
            "Customer File Audience",
            json!(traits.calculate_type),
            traits.sub_type.as_str(),
        ),
    };
    let msg = match count(&audience.ids) {
        _ if processing => "Processing",
        _ if audience.is_expired(now_ms) => "The audience has expired",
        0..MIN_IDS => "The audience is too small",
        _ => "Ready",
    };
    json!({
        "audience_id": audience.id,
        "name": audience.name,
        "audience_type": audience_type,
        "audience_sub_type": sub_type,
        "calculate_type": calculate_type,
        "cover_num": covered,
        "shared": false,
        "is_creator": true,
        "is_valid": audience.is_valid(now_ms),
        "is_expiring": audience.is_expiring(now_ms),
        "is_auto_refresh": false,
        "owner_id": audience.advertiser_id,
        "rule": null,
        "lookalike_spec": null,
        "msg": msg,
        "error_msg": "",
        "create_time": clock::text(audience.created_ms),
        "expired_time": clock::text(audience.expires_ms()),
    })
}
