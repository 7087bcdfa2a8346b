//! Reads JSON bodies and query parameters, and checks their fields against a table.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json, value::RawValue};

use crate::{
    call::Call,
    check::Check,
    refusal::{PARAM_ERROR, Refusal, Wrong},
    settings::{Settings, Strictness},
};

/// One field of a body: its name, whether it must be there, what it must be.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) required: bool,
    pub(crate) check: Check,
}

pub(crate) const fn required(name: &'static str, check: Check) -> Field {
    Field {
        name,
        required: true,
        check,
    }
}

pub(crate) const fn optional(name: &'static str, check: Check) -> Field {
    Field {
        name,
        required: false,
        check,
    }
}

/// 40002 unless the body says that it is of this type.
pub(crate) fn expect_type(call: &Call, wanted: &str) -> Result<(), Refusal> {
    if call.is_of_type(wanted) {
        return Ok(());
    }
    Err(Refusal::new(
        PARAM_ERROR,
        format!("Content-Type must be {wanted}."),
    ))
}

/// The keys of a JSON body with their values unread: a list of a thousand events is read row by row.
fn raw_object(call: &Call) -> Result<BTreeMap<String, &RawValue>, Refusal> {
    serde_json::from_slice(&call.body).map_err(|_| {
        match serde_json::from_slice::<serde::de::IgnoredAny>(&call.body) {
            Ok(_) => Refusal::new(PARAM_ERROR, "Request body must be a JSON object."),
            Err(_) => invalid_json(),
        }
    })
}

/// A JSON body whose fields are as the table says.
pub(crate) fn checked_object(
    call: &Call,
    settings: &Settings,
    fields: &[Field],
) -> Result<Map<String, Value>, Refusal> {
    let mut object = Map::new();
    for (name, raw) in raw_object(call)? {
        object.insert(name, parsed(raw)?);
    }
    check_fields(&object, settings, fields)?;
    Ok(object)
}

/// A JSON body, and the members of its list `rows` unread; in the object, the list stands empty.
pub(crate) fn object_with_rows<'call>(
    call: &'call Call,
    rows: &str,
) -> Result<(Map<String, Value>, Vec<&'call RawValue>), Refusal> {
    let mut object = Map::new();
    let mut members = Vec::new();
    for (name, raw) in raw_object(call)? {
        let value = if name == rows && raw.get().starts_with('[') {
            members = serde_json::from_str(raw.get()).map_err(|_| invalid_json())?;
            json!([])
        } else {
            parsed(raw)?
        };
        object.insert(name, value);
    }
    Ok((object, members))
}

fn parsed(raw: &RawValue) -> Result<Value, Refusal> {
    serde_json::from_str(raw.get()).map_err(|_| invalid_json())
}

pub(crate) fn invalid_json() -> Refusal {
    Refusal::new(PARAM_ERROR, "Request body is not valid JSON.")
}

/// Missing fields first, all in one message; then the first value that breaks its rule; then unknown keys.
pub(crate) fn check_fields(
    object: &Map<String, Value>,
    settings: &Settings,
    fields: &[Field],
) -> Result<(), Refusal> {
    let refuse = |wrong: Wrong| wrong.refusal(None, settings.messages);
    let missing: Vec<&str> = fields
        .iter()
        .filter(|field| field.required && !object.contains_key(field.name))
        .map(|field| field.name)
        .collect();
    if !missing.is_empty() {
        return Err(refuse(Wrong::missing(missing)));
    }
    for field in fields {
        if let Some(value) = object.get(field.name) {
            (field.check)(value, settings).map_err(|wrong| refuse(wrong.under(field.name)))?;
        }
    }
    let unknown = object
        .keys()
        .find(|key| !fields.iter().any(|field| field.name == *key));
    match unknown {
        Some(key) if settings.unknown_fields == Strictness::Refuse => {
            Err(refuse(Wrong::invalid("unknown field").under(key)))
        }
        _ => Ok(()),
    }
}

/// The required parameters of a query, or 40002 with all that are missing.
pub(crate) fn required_query<'call, const N: usize>(
    call: &'call Call,
    names: [&'static str; N],
) -> Result<[&'call str; N], Refusal> {
    let missing: Vec<&str> = names
        .into_iter()
        .filter(|name| call.query(name).is_none_or(str::is_empty))
        .collect();
    if !missing.is_empty() {
        return Err(Refusal::new(
            PARAM_ERROR,
            format!("Missing required field(s): {}.", missing.join(", ")),
        ));
    }
    Ok(names.map(|name| call.query(name).unwrap_or_default()))
}

/// 40002 when the query names a parameter that the endpoint does not have: it would be left out in silence.
pub(crate) fn known_query(call: &Call, names: &[&str], settings: &Settings) -> Result<(), Refusal> {
    let unknown = call
        .query
        .iter()
        .find(|(name, _)| !names.contains(&name.as_str()));
    match unknown {
        Some((name, _)) if settings.unknown_fields == Strictness::Refuse => {
            Err(Refusal::field(name, "unknown field"))
        }
        _ => Ok(()),
    }
}

/// A list of ids in a query: JSON text, `["1","2"]`.
pub(crate) fn query_ids(call: &Call, name: &str) -> Result<Option<Vec<String>>, Refusal> {
    let Some(text) = call.query(name) else {
        return Ok(None);
    };
    match serde_json::from_str(text) {
        Ok(ids) => Ok(Some(ids)),
        Err(_) => Err(Refusal::field(name, "not a valid list of strings")),
    }
}

/// The text under a key, empty when it is absent; for objects that were checked.
pub(crate) fn text<'object>(object: &'object Map<String, Value>, name: &str) -> &'object str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The texts of a list under a key; for objects that were checked.
pub(crate) fn texts(object: &Map<String, Value>, name: &str) -> Vec<String> {
    let list = object.get(name).and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}
