//! The keys of `user`: hashed ones, plain ones, device ids.

use std::net::IpAddr;

use serde_json::Value;

use crate::{
    check::{self, Check},
    refusal::Wrong,
    settings::Settings,
};

/// The rule for a key of `user`.
pub(crate) fn key(name: &str) -> Option<Check> {
    let check: Check = match name {
        "email" | "phone" | "external_id" => check::hashed,
        "first_name" | "last_name" | "zip_code" => one_hash,
        "ttclid" | "ttp" | "user_agent" | "locale" | "idfv" | "city" | "state" | "country" | "lead_id" => {
            check::text
        }
        "ip" => address,
        "idfa" => idfa,
        "gaid" => gaid,
        "att_status" => att_status,
        _ => return None,
    };
    Some(check)
}

fn one_hash(value: &Value, settings: &Settings) -> Result<(), Wrong> {
    check::string(value, settings)?;
    check::hashed(value, settings)
}

/// An IPv4 or IPv6 address that can be a visitor's.
fn address(value: &Value, settings: &Settings) -> Result<(), Wrong> {
    check::string(value, settings)?;
    let public = match value.as_str().unwrap_or_default().parse() {
        Ok(IpAddr::V4(v4)) => {
            !(v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified())
        }
        Ok(IpAddr::V6(v6)) => !(v6.is_loopback() || v6.is_unspecified()),
        Err(_) => false,
    };
    if public {
        Ok(())
    } else {
        Err(Wrong::invalid("not a valid public IP address"))
    }
}

/// Plain in capitals, or hashed.
fn idfa(value: &Value, settings: &Settings) -> Result<(), Wrong> {
    device_id(value, settings, u8::is_ascii_uppercase)
}

/// In lower case, plain or hashed.
fn gaid(value: &Value, settings: &Settings) -> Result<(), Wrong> {
    device_id(value, settings, u8::is_ascii_lowercase)
}

fn device_id(value: &Value, settings: &Settings, right_case: fn(&u8) -> bool) -> Result<(), Wrong> {
    check::string(value, settings)?;
    let text = value.as_str().unwrap_or_default();
    if is_uuid(text, right_case) || check::is_digest(text, 64, settings) {
        return Ok(());
    }
    Err(Wrong::invalid("not a valid device id"))
}

fn is_uuid(text: &str, right_case: fn(&u8) -> bool) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(position, byte)| match position {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_digit() || (byte.is_ascii_hexdigit() && right_case(&byte)),
        })
}

fn att_status(value: &Value, settings: &Settings) -> Result<(), Wrong> {
    check::string(value, settings)?;
    match value.as_str() {
        Some("AUTHORIZED" | "DENIED" | "NOT_DETERMINED" | "RESTRICTED" | "NOT_APPLICABLE") => Ok(()),
        _ => Err(Wrong::invalid("not a valid att_status")),
    }
}
