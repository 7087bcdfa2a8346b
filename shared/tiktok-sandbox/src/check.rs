//! What a value must be: types first, then the rules that a type cannot say.
//!
//! Nothing is converted: TikTok refuses a number where it wants text (`content_id: Not a valid string`).

use serde_json::{Map, Value};

use crate::{
    refusal::Wrong,
    settings::{Settings, Strictness},
};

/// A rule for one value.
pub(crate) type Check = fn(&Value, &Settings) -> Result<(), Wrong>;

/// Finds the rule for a key of an object.
pub(crate) type Keys = fn(&str) -> Option<Check>;

pub(crate) fn string(value: &Value, _: &Settings) -> Result<(), Wrong> {
    if value.is_string() {
        Ok(())
    } else {
        Err(Wrong::invalid("not a valid string"))
    }
}

/// A string with at least one character.
pub(crate) fn text(value: &Value, settings: &Settings) -> Result<(), Wrong> {
    string(value, settings)?;
    if value.as_str() == Some("") {
        Err(Wrong::invalid("must not be empty"))
    } else {
        Ok(())
    }
}

pub(crate) fn number(value: &Value, _: &Settings) -> Result<(), Wrong> {
    if value.is_number() {
        Ok(())
    } else {
        Err(Wrong::invalid("not a valid number"))
    }
}

/// An amount of money of a whole order: a number without a sign.
pub(crate) fn amount(value: &Value, settings: &Settings) -> Result<(), Wrong> {
    number(value, settings)?;
    if value.as_f64().is_some_and(|amount| amount >= 0.0) {
        Ok(())
    } else {
        Err(Wrong::invalid("must not be negative"))
    }
}

/// A whole number, written without a decimal point.
pub(crate) fn integer(value: &Value, _: &Settings) -> Result<(), Wrong> {
    if value.is_i64() || value.is_u64() {
        Ok(())
    } else {
        Err(Wrong::invalid("not a valid integer"))
    }
}

pub(crate) fn boolean(value: &Value, _: &Settings) -> Result<(), Wrong> {
    if value.is_boolean() {
        Ok(())
    } else {
        Err(Wrong::invalid("not a valid boolean"))
    }
}

/// A list whose members are checked elsewhere.
pub(crate) fn list(value: &Value, _: &Settings) -> Result<(), Wrong> {
    if value.is_array() {
        Ok(())
    } else {
        Err(Wrong::invalid("not a valid list"))
    }
}

pub(crate) fn strings(value: &Value, settings: &Settings) -> Result<(), Wrong> {
    each(value, settings, string)
}

/// A list with at least one member, of non-empty strings.
pub(crate) fn texts(value: &Value, settings: &Settings) -> Result<(), Wrong> {
    each(value, settings, text)?;
    if value.as_array().is_some_and(Vec::is_empty) {
        return Err(Wrong::invalid("must not be empty"));
    }
    Ok(())
}

/// A list of which every member keeps this rule.
pub(crate) fn each(value: &Value, settings: &Settings, check: Check) -> Result<(), Wrong> {
    let Value::Array(members) = value else {
        return Err(Wrong::invalid("not a valid list"));
    };
    for (position, member) in members.iter().enumerate() {
        check(member, settings).map_err(|wrong| wrong.under(position))?;
    }
    Ok(())
}

/// An object whose known keys keep their rules.
pub(crate) fn object(
    value: &Value,
    settings: &Settings,
    keys: Keys,
    unknown: Strictness,
) -> Result<(), Wrong> {
    let Value::Object(fields) = value else {
        return Err(Wrong::invalid("not a valid object"));
    };
    each_field(fields, settings, keys, unknown)
}

pub(crate) fn each_field(
    fields: &Map<String, Value>,
    settings: &Settings,
    keys: Keys,
    unknown: Strictness,
) -> Result<(), Wrong> {
    for (key, value) in fields {
        match keys(key) {
            Some(check) => check(value, settings).map_err(|wrong| wrong.under(key))?,
            None if unknown == Strictness::Refuse => return Err(Wrong::invalid("unknown field").under(key)),
            None => {}
        }
    }
    Ok(())
}

/// SHA-256 as 64 hex digits: one, or a list. Anything else is personal data in the clear (40062).
pub(crate) fn hashed(value: &Value, settings: &Settings) -> Result<(), Wrong> {
    match value {
        Value::Array(_) => each(value, settings, one_hash),
        Value::String(_) => one_hash(value, settings),
        _ => Err(Wrong::invalid("not a valid string")),
    }
}

fn one_hash(value: &Value, settings: &Settings) -> Result<(), Wrong> {
    let Value::String(text) = value else {
        return Err(Wrong::invalid("not a valid string"));
    };
    if is_digest(text, 64, settings) {
        return Ok(());
    }
    Err(Wrong::coded(settings.unhashed_code, "not hashed with SHA-256"))
}

/// Whether this is a digest of so many hex digits, in lower case unless the settings accept capitals.
pub(crate) fn is_digest(text: &str, digits: usize, settings: &Settings) -> bool {
    let capitals = settings.uppercase_hashes == Strictness::Accept;
    text.len() == digits
        && text.bytes().all(|byte| {
            byte.is_ascii_digit()
                || (b'a'..=b'f').contains(&byte)
                || (capitals && (b'A'..=b'F').contains(&byte))
        })
}
