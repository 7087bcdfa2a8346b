//! One event of a call: what must be there, then every value's rule.

use serde_json::{Map, Value};

use crate::{
    check::{self, Check},
    events::{names, properties, user},
    refusal::Wrong,
    settings::{EventSource, Settings, Strictness},
};

/// Later than this, a time was meant in milliseconds (it is the year 5138).
const LATEST_EVENT_TIME: i64 = 100_000_000_000;

/// What the store keeps of a valid event, beside its text.
#[derive(Debug)]
pub(crate) struct EventFacts {
    pub(crate) event: Box<str>,
    pub(crate) event_id: Option<Box<str>>,
    pub(crate) event_time: i64,
}

/// Checks one member of `data`.
pub(crate) fn check_event(
    source: EventSource,
    row: &Value,
    settings: &Settings,
) -> Result<EventFacts, Wrong> {
    let Value::Object(fields) = row else {
        return Err(Wrong::invalid("not a valid object"));
    };
    required(source, fields, settings)?;
    check::each_field(fields, settings, key, settings.unknown_fields)?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let event = text("event").unwrap_or_default();
    if !names::is_event_name(source, event) {
        return Err(Wrong::invalid("not a supported event").under("event"));
    }
    Ok(EventFacts {
        event: event.into(),
        event_id: text("event_id").map(Into::into),
        event_time: fields
            .get("event_time")
            .and_then(Value::as_i64)
            .unwrap_or_default(),
    })
}

fn key(name: &str) -> Option<Check> {
    let check: Check = match name {
        "event" | "event_id" => check::text,
        "event_time" => event_time,
        "user" => |value, settings| check::object(value, settings, user::key, settings.unknown_fields),
        "properties" => |value, settings| check::object(value, settings, properties::key, Strictness::Accept),
        "page" => |value, settings| check::object(value, settings, page_key, settings.unknown_fields),
        "app" => |value, settings| check::object(value, settings, app_key, settings.unknown_fields),
        "ad" => |value, settings| check::object(value, settings, ad_key, settings.unknown_fields),
        "lead" => |value, settings| check::object(value, settings, lead_key, settings.unknown_fields),
        "limited_data_use" => check::boolean,
        _ => return None,
    };
    Some(check)
}

fn page_key(name: &str) -> Option<Check> {
    ["url", "referrer"]
        .contains(&name)
        .then_some(check::string as Check)
}

fn app_key(name: &str) -> Option<Check> {
    ["app_id", "app_name", "app_version"]
        .contains(&name)
        .then_some(check::string as Check)
}

fn lead_key(name: &str) -> Option<Check> {
    ["lead_id", "lead_event_source"]
        .contains(&name)
        .then_some(check::text as Check)
}

/// Sources spell the last two in two ways.
fn ad_key(name: &str) -> Option<Check> {
    let check: Check = match name {
        "callback"
        | "campaign_id"
        | "ad_id"
        | "creative_id"
        | "attribution_type"
        | "attribution_provider"
        | "attribute_type"
        | "attribute_provider" => check::string,
        "is_retargeting" | "attributed" => check::boolean,
        _ => return None,
    };
    Some(check)
}

/// Whole seconds since 1970.
fn event_time(value: &Value, settings: &Settings) -> Result<(), Wrong> {
    check::integer(value, settings)?;
    match value.as_i64() {
        Some(seconds) if seconds > 0 && seconds < LATEST_EVENT_TIME => Ok(()),
        _ => Err(Wrong::invalid("not a valid time in seconds")),
    }
}

/// The fields that this source cannot do without; all that are missing are named.
fn required(source: EventSource, fields: &Map<String, Value>, settings: &Settings) -> Result<(), Wrong> {
    let mut missing: Vec<&str> = ["event", "event_time"]
        .into_iter()
        .filter(|name| !fields.contains_key(*name))
        .collect();
    let has = |object: &str, name: &str| match fields.get(object).and_then(|object| object.get(name)) {
        Some(Value::Array(members)) => !members.is_empty(),
        found => found.is_some(),
    };
    match source {
        EventSource::Web if settings.missing_page_url == Strictness::Refuse && !has("page", "url") => {
            missing.push("page.url");
        }
        EventSource::Offline if !has("user", "email") && !has("user", "phone") => {
            missing.extend(["user.email", "user.phone"]);
        }
        EventSource::Crm if !has("lead", "lead_id") => missing.push("lead.lead_id"),
        EventSource::App if !fields.contains_key("app") => missing.push("app"),
        _ => {}
    }
    if missing.is_empty() {
        Ok(())
    } else {
        Err(Wrong::missing(missing))
    }
}
