//! The endpoint: all events of a call are stored, or none.

use serde_json::{Map, Value, json, value::RawValue};

use crate::{
    body::{self, check_fields, optional, required},
    call::Call,
    check, codes,
    events::{row::check_event, store::Origin},
    refusal::{PARAM_ERROR, Refusal, RowPlace},
    settings::{EventSource, Settings},
    state::{Access, SandboxState},
    tokens::{CRM_EVENTS, EVENT_SET_ID, Grant, OFFLINE_EVENTS, PIXEL_CODE},
};

/// TikTok's limit of events per call.
const MAX_EVENTS: usize = 1000;
/// Longest source id that counts as well-formed.
const MAX_SOURCE_ID: usize = 64;
/// Offline event sets have ids of so many digits.
const EVENT_SET_DIGITS: usize = 19;

/// `POST /event/track/`.
pub(crate) fn track(state: &SandboxState, call: &Call, access: &Access) -> Result<Value, Refusal> {
    let settings = &*access.settings;
    let body = body::raw_object(call)?;
    let top = top_level(&body)?;
    check_fields(
        &top,
        settings,
        &[
            required("event_source", check::text),
            required("event_source_id", check::string),
            required("data", check::list),
            optional("test_event_code", check::text),
            optional("partner_name", check::text),
        ],
    )?;
    let source = event_source(body::text(&top, "event_source"), settings)?;
    let source_id = body::text(&top, "event_source_id");
    check_source_id(source, source_id)?;
    let rows = rows(body.get("data").copied(), source, settings)?;
    let mut facts = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let event: Value = serde_json::from_str(row.get()).map_err(|_| invalid_json())?;
        let checked = check_event(source, &event, settings);
        let place = RowPlace { list: "data", index };
        facts.push(checked.map_err(|wrong| wrong.refusal(Some(place), settings.messages))?);
    }
    if let Some(grant) = &access.grant {
        check_grant(grant, source, source_id)?;
    }

    let test_event_code = top.get("test_event_code").and_then(Value::as_str);
    let origin = Origin {
        source,
        source_id,
        test_event_code,
    };
    let bodies: Vec<_> = rows
        .iter()
        .map(|row| settings.keep_event_bodies.then(|| (*row).to_owned()))
        .collect();
    let mut memory = state.lock();
    let now_ms = memory.clock.now_ms();
    for (facts, body) in facts.into_iter().zip(bodies) {
        memory.events.receive(origin, facts, body, now_ms);
    }
    Ok(json!({}))
}

/// The body's fields as values, `data` only as a list without its members.
fn top_level(body: &std::collections::BTreeMap<String, &RawValue>) -> Result<Map<String, Value>, Refusal> {
    let value = |(name, raw): (&String, &&RawValue)| {
        let value = if name == "data" && raw.get().starts_with('[') {
            json!([])
        } else {
            serde_json::from_str(raw.get()).map_err(|_| invalid_json())?
        };
        Ok((name.clone(), value))
    };
    body.iter().map(value).collect()
}

fn invalid_json() -> Refusal {
    Refusal::new(PARAM_ERROR, "Request body is not valid JSON.")
}

fn event_source(name: &str, settings: &Settings) -> Result<EventSource, Refusal> {
    let source = match name {
        "web" => EventSource::Web,
        "offline" => EventSource::Offline,
        "crm" => EventSource::Crm,
        "app" => EventSource::App,
        _ => return Err(Refusal::new(PARAM_ERROR, "Invalid value for event_source")),
    };
    if settings.allowed_sources.contains(&source) {
        return Ok(source);
    }
    Err(Refusal::new(40118, codes::message(40118)))
}

/// A pixel code is no event set id and the reverse. TikTok calls the wrong kind "not a valid string", though it is one.
fn check_source_id(source: EventSource, id: &str) -> Result<(), Refusal> {
    let digits = id.bytes().all(|byte| byte.is_ascii_digit());
    let right_kind = match source {
        EventSource::Web => id != EVENT_SET_ID && !(digits && id.len() == EVENT_SET_DIGITS),
        EventSource::Offline | EventSource::Crm | EventSource::App => id != PIXEL_CODE && digits,
    };
    let well_formed =
        !id.is_empty() && id.len() <= MAX_SOURCE_ID && id.bytes().all(|byte| byte.is_ascii_graphic());
    if right_kind && well_formed {
        return Ok(());
    }
    Err(Refusal::field("event_source_id", "not a valid string"))
}

fn rows<'body>(
    data: Option<&'body RawValue>,
    source: EventSource,
    settings: &Settings,
) -> Result<Vec<&'body RawValue>, Refusal> {
    let data = data.map_or("[]", RawValue::get);
    let rows: Vec<&RawValue> = serde_json::from_str(data).map_err(|_| invalid_json())?;
    let most = settings
        .max_events
        .get(&source)
        .copied()
        .unwrap_or(MAX_EVENTS)
        .min(MAX_EVENTS);
    if rows.is_empty() || rows.len() > most {
        let words = format!("Invalid value for data: must hold 1 to {most} events.");
        return Err(Refusal::new(settings.batch_size_code, words));
    }
    Ok(rows)
}

/// 40001 unless the token may send events of this kind to this source.
fn check_grant(grant: &Grant, source: EventSource, source_id: &str) -> Result<(), Refusal> {
    let scope = match source {
        EventSource::Offline => Some(OFFLINE_EVENTS),
        EventSource::Crm => Some(CRM_EVENTS),
        EventSource::Web | EventSource::App => None,
    };
    if scope.is_some_and(|scope| !grant.has_scope(scope)) {
        let words =
            "The advertiser does not grant this kind of event to the app: reconnect with its permission.";
        return Err(Refusal::new(40001, words));
    }
    if grant.reaches_source(source_id) {
        return Ok(());
    }
    let words = format!(
        "No permission to operate pixel code {source_id}: the user must be admin or operator of the advertiser account."
    );
    Err(Refusal::new(40001, words))
}
