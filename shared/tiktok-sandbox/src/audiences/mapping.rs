//! `POST /segment/mapping/`: adds users to audiences or removes them.
//!
//! Set semantics: adding what is there and removing what is not there change nothing. A bad row refuses the call.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json, value::RawValue};

use crate::{
    audiences::{
        audience::AudienceOrigin,
        id_kind::{self, Digest},
        store::Audiences,
    },
    body::{self, check_fields, optional, required},
    call::Call,
    check,
    refusal::{Refusal, RowPlace, Wrong},
    settings::{Settings, Strictness},
    state::{Access, SandboxState},
};

/// Digests to add or remove, by audience and kind.
type Mappings = HashMap<String, HashMap<&'static str, HashSet<Digest>>>;

pub(crate) fn segment_mapping(state: &SandboxState, call: &Call, access: &Access) -> Result<Value, Refusal> {
    let settings = &*access.settings;
    let (body, rows) = body::object_with_rows(call, "batch_data")?;
    check_fields(
        &body,
        settings,
        &[
            required("advertiser_ids", check::texts),
            optional("action", check::text),
            required("id_schema", check::texts),
            required("batch_data", check::list),
        ],
    )?;
    let adds = match body.get("action").and_then(Value::as_str).unwrap_or("add") {
        "add" => true,
        "delete" => false,
        _ => return Err(Refusal::field("action", "must be add or delete")),
    };
    let schema = id_schema(&body)?;
    if rows.is_empty() || rows.len() > settings.max_mapping_users {
        let words = format!("must hold 1 to {} users", settings.max_mapping_users);
        return Err(Refusal::field("batch_data", &words));
    }
    let mappings = mappings(&rows, &schema, settings)?;
    let advertisers = body::texts(&body, "advertiser_ids");
    for id in &advertisers {
        access.advertiser(id)?;
    }
    let mut memory = state.lock();
    let now_ms = memory.clock.now_ms();
    check_audiences(&mut memory.audiences, &mappings, &advertisers)?;
    for (id, by_kind) in mappings {
        let Some(audience) = memory.audiences.find(&id) else {
            continue;
        };
        for (kind, digests) in by_kind {
            let present = audience.ids.entry(kind).or_default();
            if adds {
                present.extend(digests);
            } else {
                for digest in digests {
                    present.remove(&digest);
                }
            }
        }
        audience.changed_ms = now_ms;
    }
    Ok(json!({}))
}

fn id_schema(body: &Map<String, Value>) -> Result<Vec<&'static str>, Refusal> {
    let mut schema = Vec::new();
    for name in body::texts(body, "id_schema") {
        match id_kind::segment_kind(&name) {
            None => return Err(Refusal::field("id_schema", "not a supported id type")),
            Some(kind) if schema.contains(&kind) => {
                return Err(Refusal::field("id_schema", "must not repeat an id type"));
            }
            Some(kind) => schema.push(kind),
        }
    }
    Ok(schema)
}

/// All rows together, or the refusal for the first bad one.
fn mappings(rows: &[&RawValue], schema: &[&'static str], settings: &Settings) -> Result<Mappings, Refusal> {
    let mut together = Mappings::new();
    for (index, row) in rows.iter().enumerate() {
        let row: Value = serde_json::from_str(row.get()).map_err(|_| body::invalid_json())?;
        let place = RowPlace {
            list: "batch_data",
            index,
        };
        map_user(&row, schema, settings, &mut together)
            .map_err(|wrong| wrong.refusal(Some(place), settings.messages))?;
    }
    Ok(together)
}

/// One user: as many places as the schema has, each with an id and its audiences, or `{}`.
fn map_user(
    row: &Value,
    schema: &[&'static str],
    settings: &Settings,
    together: &mut Mappings,
) -> Result<(), Wrong> {
    let Value::Array(places) = row else {
        return Err(Wrong::invalid("not a valid list"));
    };
    if places.len() != schema.len() {
        return Err(Wrong::invalid(
            "must hold one place for each id type of id_schema",
        ));
    }
    let mut ids = 0;
    for (position, (place, kind)) in places.iter().zip(schema).enumerate() {
        let Value::Object(place) = place else {
            return Err(Wrong::invalid("not a valid object").under(position));
        };
        if place.is_empty() {
            continue;
        }
        ids += 1;
        map_id(place, kind, settings, together).map_err(|wrong| wrong.under(position))?;
    }
    if ids == 0 {
        Err(Wrong::invalid("must hold at least one id"))
    } else {
        Ok(())
    }
}

fn map_id(
    place: &Map<String, Value>,
    kind: &'static str,
    settings: &Settings,
    together: &mut Mappings,
) -> Result<(), Wrong> {
    let missing: Vec<&str> = ["id", "audience_ids"]
        .into_iter()
        .filter(|name| !place.contains_key(*name))
        .collect();
    if !missing.is_empty() {
        return Err(Wrong::missing(missing));
    }
    for (name, value) in place {
        match name.as_str() {
            "id" => check::string(value, settings).map_err(|wrong| wrong.under(name))?,
            "audience_ids" => check::texts(value, settings).map_err(|wrong| wrong.under(name))?,
            _ if settings.unknown_fields == Strictness::Refuse => {
                return Err(Wrong::invalid("unknown field").under(name));
            }
            _ => {}
        }
    }
    let Some(digest) = id_kind::digest(kind, body::text(place, "id"), settings) else {
        return Err(Wrong::coded(settings.unhashed_code, "not hashed as its id type says").under("id"));
    };
    let audiences = place.get("audience_ids").and_then(Value::as_array);
    for id in audiences.into_iter().flatten().filter_map(Value::as_str) {
        match together.get_mut(id) {
            Some(by_kind) => by_kind.entry(kind).or_default().insert(digest),
            None => together
                .entry(id.to_owned())
                .or_default()
                .entry(kind)
                .or_default()
                .insert(digest),
        };
    }
    Ok(())
}

/// Every audience exists (40007), belongs to one of the advertisers (40001), and is one of the Segment API (40002).
fn check_audiences(
    audiences: &mut Audiences,
    mappings: &Mappings,
    advertisers: &[String],
) -> Result<(), Refusal> {
    let mut ids: Vec<&String> = mappings.keys().collect();
    ids.sort_unstable();
    for id in ids {
        let owner = audiences
            .find(id)
            .map(|audience| audience.advertiser_id.clone())
            .unwrap_or_default();
        let asked_by = advertisers.iter().find(|advertiser| **advertiser == owner);
        let audience = audiences.of(id, asked_by.map_or("", String::as_str))?;
        if !matches!(audience.origin, AudienceOrigin::Segment) {
            return Err(Refusal::field(
                "audience_ids",
                "not an audience of the Segment API",
            ));
        }
    }
    Ok(())
}
