//! `POST /dmp/custom_audience/create/` and `/update/`: audiences made of uploaded files.

use serde_json::{Map, Value, json};

use crate::{
    audiences::{
        audience::{AudienceOrigin, FileTraits, Ids, MIN_IDS, count},
        id_kind,
    },
    body::{self, checked_object, optional, required},
    call::Call,
    check, clock,
    refusal::{PARAM_ERROR, Refusal, Wrong},
    settings::{Settings, Strictness},
    state::{Access, SandboxState},
};

const MAX_NAME_CHARS: usize = 128;
/// TikTok's limit of files in a call; it advises fewer than 50.
const MAX_FILES: usize = 500;
/// 365 days, which is also what an audience lives without use.
const MAX_RETENTION_DAYS: i64 = 365;

pub(crate) fn create(state: &SandboxState, call: &Call, access: &Access) -> Result<Value, Refusal> {
    let settings = &*access.settings;
    let body = checked_object(
        call,
        settings,
        &[
            required("advertiser_id", check::text),
            required("custom_audience_name", audience_name),
            required("file_paths", file_paths),
            required("calculate_type", check::text),
            optional("audience_sub_type", sub_type),
            optional("retention_in_days", retention),
            optional("audience_enhancement", check::boolean),
        ],
    )?;
    let advertiser_id = body::text(&body, "advertiser_id");
    // This call's list lacks the names MAID_*, which the upload takes.
    let calculate_type = body::text(&body, "calculate_type");
    let calculate_type = id_kind::file_kind(calculate_type).filter(|_| !calculate_type.starts_with("MAID_"));
    let calculate_type =
        calculate_type.ok_or_else(|| Refusal::field("calculate_type", "not a supported calculate_type"))?;
    access.advertiser(advertiser_id)?;
    let mut memory = state.lock();
    let now_ms = memory.clock.now_ms();
    let paths = body::texts(&body, "file_paths");
    let ids = memory
        .audiences
        .files(&paths, advertiser_id, calculate_type, now_ms, settings)?;
    let traits = FileTraits {
        calculate_type,
        sub_type: body
            .get("audience_sub_type")
            .and_then(Value::as_str)
            .unwrap_or("NORMAL")
            .to_owned(),
        enhancement: flag(&body, "audience_enhancement").unwrap_or(false),
        retention_days: body.get("retention_in_days").and_then(Value::as_i64),
        upload_day: clock::day(now_ms),
    };
    let name = body::text(&body, "custom_audience_name");
    let origin = AudienceOrigin::CustomerFile(traits);
    let id = memory
        .audiences
        .add(advertiser_id, name, origin, ids, now_ms, settings)?;
    Ok(json!({"custom_audience_id": id}))
}

pub(crate) fn update(state: &SandboxState, call: &Call, access: &Access) -> Result<Value, Refusal> {
    let settings = &*access.settings;
    let body = checked_object(
        call,
        settings,
        &[
            required("advertiser_id", check::text),
            required("custom_audience_id", check::text),
            optional("custom_audience_name", audience_name),
            optional("file_paths", file_paths),
            optional("action", update_action),
            optional("audience_sub_type", sub_type),
            optional("audience_enhancement", check::boolean),
        ],
    )?;
    if !body.contains_key("custom_audience_name") && !body.contains_key("file_paths") {
        let missing = Wrong::missing(["custom_audience_name", "file_paths"]);
        return Err(missing.refusal(None, settings.messages));
    }
    let advertiser_id = body::text(&body, "advertiser_id");
    access.advertiser(advertiser_id)?;
    let mut memory = state.lock();
    let now_ms = memory.clock.now_ms();
    let id = body::text(&body, "custom_audience_id");
    let audience = memory.audiences.of(id, advertiser_id)?;
    let editable = !audience.is_processing(now_ms) && count(&audience.ids) > 0;
    let AudienceOrigin::CustomerFile(traits) = &mut audience.origin else {
        return Err(Refusal::field(
            "custom_audience_id",
            "not a customer file audience",
        ));
    };
    if !editable {
        let words = "Audience is not editable, please check audience status";
        return Err(Refusal::new(PARAM_ERROR, words));
    }
    if let Some(wanted) = body.get("audience_sub_type").and_then(Value::as_str)
        && wanted != traits.sub_type
    {
        if wanted != "REACH_FREQUENCY" {
            return Err(Refusal::field(
                "audience_sub_type",
                "can only change to REACH_FREQUENCY",
            ));
        }
        // TikTok then ignores everything else in the call.
        wanted.clone_into(&mut traits.sub_type);
        audience.record_change("UPDATE", "Changed to REACH_FREQUENCY".to_owned(), now_ms);
        return Ok(json!({}));
    }
    let (calculate_type, upload_day) = (traits.calculate_type, traits.upload_day);
    let paths = body::texts(&body, "file_paths");
    let ids = if paths.is_empty() {
        None
    } else {
        if settings.second_upload == Strictness::Refuse && upload_day == clock::day(now_ms) {
            let words = "An audience takes one file upload a day. Please try again tomorrow (UTC).";
            return Err(Refusal::new(PARAM_ERROR, words));
        }
        let files = memory
            .audiences
            .files(&paths, advertiser_id, calculate_type, now_ms, settings)?;
        let present = &memory.audiences.of(id, advertiser_id)?.ids;
        Some(changed(
            present,
            files,
            body.get("action").and_then(Value::as_str).unwrap_or("REPLACE"),
        )?)
    };
    let audience = memory.audiences.of(id, advertiser_id)?;
    if let AudienceOrigin::CustomerFile(traits) = &mut audience.origin {
        traits.enhancement = flag(&body, "audience_enhancement").unwrap_or(traits.enhancement);
        if ids.is_some() {
            traits.upload_day = clock::day(now_ms);
        }
    }
    if let Some(name) = body.get("custom_audience_name").and_then(Value::as_str) {
        name.clone_into(&mut audience.name);
        audience.record_change("UPDATE", format!("Renamed to {name}"), now_ms);
    }
    if let Some(ids) = ids {
        audience.ids = ids;
        audience.ready_ms = now_ms + settings.processing_ms;
        audience.record_change("UPDATE", "Changed by file".to_owned(), now_ms);
    }
    Ok(json!({}))
}

/// The ids after an update; it fails when fewer than 1,000 would be left.
fn changed(present: &Ids, files: Ids, action: &str) -> Result<Ids, Refusal> {
    let mut ids = if action == "REPLACE" {
        Ids::new()
    } else {
        present.clone()
    };
    for (kind, digests) in files {
        let there = ids.entry(kind).or_default();
        if action == "REMOVE" {
            there.retain(|digest| !digests.contains(digest));
        } else {
            there.extend(digests);
        }
    }
    if count(&ids) < MIN_IDS {
        let words = format!("The audience would have fewer than {MIN_IDS} users.");
        return Err(Refusal::new(PARAM_ERROR, words));
    }
    Ok(ids)
}

fn flag(body: &Map<String, Value>, name: &str) -> Option<bool> {
    body.get(name).and_then(Value::as_bool)
}

fn audience_name(value: &Value, settings: &Settings) -> Result<(), Wrong> {
    check::text(value, settings)?;
    if value
        .as_str()
        .is_some_and(|name| name.chars().count() > MAX_NAME_CHARS)
    {
        return Err(Wrong::invalid("must have at most 128 characters"));
    }
    Ok(())
}

fn file_paths(value: &Value, settings: &Settings) -> Result<(), Wrong> {
    check::texts(value, settings)?;
    if value.as_array().is_some_and(|paths| paths.len() > MAX_FILES) {
        return Err(Wrong::invalid("must hold 1 to 500 paths"));
    }
    Ok(())
}

fn sub_type(value: &Value, settings: &Settings) -> Result<(), Wrong> {
    check::string(value, settings)?;
    match value.as_str() {
        Some("NORMAL" | "REACH_FREQUENCY") => Ok(()),
        _ => Err(Wrong::invalid("must be NORMAL or REACH_FREQUENCY")),
    }
}

fn update_action(value: &Value, settings: &Settings) -> Result<(), Wrong> {
    check::string(value, settings)?;
    match value.as_str() {
        Some("REPLACE" | "APPEND" | "REMOVE") => Ok(()),
        _ => Err(Wrong::invalid("must be REPLACE, APPEND or REMOVE")),
    }
}

fn retention(value: &Value, settings: &Settings) -> Result<(), Wrong> {
    check::integer(value, settings)?;
    match value.as_i64() {
        Some(1..=MAX_RETENTION_DAYS) => Ok(()),
        _ => Err(Wrong::invalid("must be 1 to 365")),
    }
}
