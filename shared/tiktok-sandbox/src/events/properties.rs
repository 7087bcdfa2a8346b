//! The keys of `properties`. Unknown ones are accepted, known ones have their types.

use serde_json::Value;

use crate::{
    check::{self, Check},
    events::names,
    refusal::Wrong,
    settings::{Settings, Strictness},
};

/// The rule for a key of `properties`.
pub(crate) fn key(name: &str) -> Option<Check> {
    let check: Check = match name {
        "contents" => contents,
        "currency" => currency,
        "value" => check::amount,
        "num_items" => check::integer,
        "content_ids" | "suggested_hotels" | "destination_ids" | "suggested_destinations" => check::strings,
        "predicted_ltv"
        | "num_adults"
        | "num_children"
        | "num_infants"
        | "user_score"
        | "preferred_num_stops"
        | "year" => check::number,
        "mileage" => mileage,
        "preferred_price_range" => price_range,
        "content_type"
        | "search_string"
        | "query"
        | "description"
        | "order_id"
        | "shop_id"
        | "status"
        | "delivery_category"
        | "event_channel"
        // Travel and vehicle advertisers.
        | "city"
        | "region"
        | "country"
        | "checkin_date"
        | "checkout_date"
        | "departing_departure_date"
        | "returning_departure_date"
        | "departing_arrival_date"
        | "returning_arrival_date"
        | "origin_airport"
        | "destination_airport"
        | "travel_class"
        | "travel_start"
        | "travel_end"
        | "postal_code"
        | "make"
        | "model"
        | "state_of_vehicle"
        | "exterior_color"
        | "interior_color"
        | "transmission"
        | "body_style"
        | "fuel_type"
        | "drivetrain"
        | "trim"
        | "vin"
        | "condition_of_vehicle"
        | "viewcontent_type"
        | "search_type"
        | "registration_type" => check::string,
        _ => return None,
    };
    Some(check)
}

fn contents(value: &Value, settings: &Settings) -> Result<(), Wrong> {
    check::each(value, settings, |content, settings| {
        check::object(content, settings, content_key, Strictness::Accept)
    })
}

fn content_key(name: &str) -> Option<Check> {
    let check: Check = match name {
        "price" => check::number,
        "quantity" => check::integer,
        "content_id" | "content_category" | "content_name" | "content_type" | "brand" | "status" => {
            check::string
        }
        _ => return None,
    };
    Some(check)
}

fn currency(value: &Value, settings: &Settings) -> Result<(), Wrong> {
    check::string(value, settings)?;
    let code = value.as_str().unwrap_or_default();
    if names::is_currency(code) || settings.currencies_add.iter().any(|added| added == code) {
        return Ok(());
    }
    Err(Wrong::invalid("not a supported currency"))
}

fn mileage(value: &Value, settings: &Settings) -> Result<(), Wrong> {
    let keys = |name: &str| -> Option<Check> {
        match name {
            "unit" => Some(check::string),
            "value" => Some(check::number),
            _ => None,
        }
    };
    check::object(value, settings, keys, Strictness::Accept)
}

fn price_range(value: &Value, settings: &Settings) -> Result<(), Wrong> {
    check::each(value, settings, check::number)?;
    match value.as_array().map(Vec::len) {
        Some(2) => Ok(()),
        _ => Err(Wrong::invalid("not a pair of numbers")),
    }
}
