//! Every mapping target with a value as a column holds it, and the JSON that it becomes in each type of events.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::{at_path, hour_ago, preview, sha256, spec};

pub(crate) const ALL: &[&str] = &["web_events", "offline_events", "crm_events"];
const UUID: &str = "5f3a2b18-9c4d-4e7f-b8e2-17d3a1e69b25";

/// A target, what its column holds, what becomes of it, and the types whose rows are warned that TikTok has the field
/// for other sources (reference sections 3.2 to 3.4).
pub(crate) struct Case {
    pub(crate) to: &'static str,
    pub(crate) cell: &'static str,
    pub(crate) json: Value,
    pub(crate) unusual: &'static [&'static str],
}

const NOWHERE: &[&str] = &[];
const NOT_WEB: &[&str] = &["offline_events", "crm_events"];
const NOT_OFFLINE: &[&str] = &["web_events", "crm_events"];
const NOT_CRM: &[&str] = &["web_events", "offline_events"];

#[rustfmt::skip]
pub(crate) fn cases() -> Vec<Case> {
    let case = |to, cell, json, unusual| Case { to, cell, json, unusual };
    let text = |to, cell, unusual| Case { to, cell, json: json!(cell), unusual };
    vec![
        case("limited_data_use", "true", json!(true), NOT_WEB),
        case("user.email", " Jane.Doe@Shop.Example ", json!([sha256("jane.doe@shop.example")]), NOWHERE),
        case("user.phone", "030 1234567", json!([sha256("+49301234567")]), NOWHERE),
        case("user.external_id", " Customer-17 ", json!([sha256("Customer-17")]), &["offline_events"]),
        text("user.ttclid", "E.C.P.v1ct", NOT_WEB),
        text("user.ttp", "94e2a4j9-h3ss-k5h5-98cc-c84n745mk26f", NOT_WEB),
        text("user.ip", "203.0.113.9", NOT_WEB),
        text("user.user_agent", "Mozilla/5.0 (X11; Linux x86_64)", NOT_WEB),
        text("user.locale", "de-DE", NOT_WEB),
        case("user.first_name", "Jane Ann", json!(sha256("janeann")), NOT_WEB),
        case("user.last_name", "DOE", json!(sha256("doe")), NOT_WEB),
        case("user.zip_code", "SW1A 1AA", json!(sha256("sw1a1aa")), NOT_WEB),
        case("user.city", "New York", json!("newyork"), NOT_WEB),
        case("user.state", "N.Y.", json!("ny"), NOT_WEB),
        case("user.country", "US", json!("us"), NOT_WEB),
        case("user.idfa", UUID, json!("5F3A2B18-9C4D-4E7F-B8E2-17D3A1E69B25"), ALL),
        case("user.idfv", UUID, json!(UUID), ALL),
        case("user.gaid", "5F3A2B18-9C4D-4E7F-B8E2-17D3A1E69B25", json!(UUID), ALL),
        case("user.att_status", "authorized", json!("AUTHORIZED"), ALL),
        text("user.lead_id", "7321000000000000001", NOT_OFFLINE),
        text("page.url", "https://shop.example/thanks?a=1&b=2", NOT_WEB),
        text("page.referrer", "https://shop.example/cart", NOT_WEB),
        case("properties", r#"{"currency": "eur", "value": "20.5", "own": {"a": [1, null]}}"#,
            json!({"currency": "EUR", "value": 20.5, "own": {"a": [1, null]}}), NOWHERE),
        case("properties.contents", r#"{"content_id": 7, "quantity": "2", "price": "10.0", "size": "L"}"#,
            json!([{"content_id": "7", "quantity": 2, "price": 10.0, "size": "L"}]), NOWHERE),
        case("properties.contents[0].price", "10.25", json!(10.25), NOWHERE),
        case("properties.contents[0].quantity", "2", json!(2), NOWHERE),
        text("properties.contents[0].content_id", "0042", NOWHERE),
        text("properties.contents[0].content_category", "shoes", NOWHERE),
        text("properties.contents[0].content_name", "Red shoes", NOWHERE),
        text("properties.contents[0].brand", "Acme", NOWHERE),
        case("properties.content_ids", r#"["sku-7", 8]"#, json!(["sku-7", "8"]), NOWHERE),
        text("properties.content_type", "product", NOWHERE),
        case("properties.currency", "usd", json!("USD"), NOWHERE),
        case("properties.value", "1.5E2", json!(150), NOWHERE),
        case("properties.num_items", "3.0", json!(3), NOWHERE),
        text("properties.search_string", "red shoes", NOWHERE),
        text("properties.query", "red shoes", NOWHERE),
        text("properties.description", "Autumn \"sale\"", NOWHERE),
        text("properties.order_id", "1001", NOWHERE),
        text("properties.shop_id", "055", NOWHERE),
        text("properties.status", "paid", NOWHERE),
        text("properties.delivery_category", "home_delivery", NOWHERE),
        case("properties.predicted_ltv", "120.5", json!(120.5), NOWHERE),
        text("properties.event_channel", "in_store", NOT_OFFLINE),
        text("properties.city", "Lisbon", NOT_WEB),
        text("properties.region", "Lisboa", NOT_WEB),
        text("properties.country", "Portugal", NOT_WEB),
        text("properties.checkin_date", "2026-12-01", NOT_WEB),
        text("properties.checkout_date", "2026-12-05", NOT_WEB),
        case("properties.num_adults", "2", json!(2), NOT_WEB),
        case("properties.num_children", "1", json!(1), NOT_WEB),
        case("properties.num_infants", "0", json!(0), NOT_WEB),
        case("properties.suggested_hotels", "h-1", json!(["h-1"]), NOT_WEB),
        text("properties.departing_departure_date", "2026-12-01", NOT_WEB),
        text("properties.returning_departure_date", "2026-12-05", NOT_WEB),
        text("properties.departing_arrival_date", "2026-12-01", NOT_WEB),
        text("properties.returning_arrival_date", "2026-12-05", NOT_WEB),
        text("properties.origin_airport", "BER", NOT_WEB),
        text("properties.destination_airport", "LIS", NOT_WEB),
        case("properties.destination_ids", "[1, 2]", json!(["1", "2"]), NOT_WEB),
        text("properties.travel_class", "eco", NOT_WEB),
        case("properties.user_score", "42", json!(42), NOT_WEB),
        case("properties.preferred_num_stops", "0", json!(0), NOT_WEB),
        text("properties.travel_start", "2026-12-01", NOT_WEB),
        text("properties.travel_end", "2026-12-05", NOT_WEB),
        case("properties.suggested_destinations", r#"["d-1","d-2"]"#, json!(["d-1", "d-2"]), NOT_WEB),
        text("properties.postal_code", "01067", NOT_WEB),
        text("properties.make", "Acme", NOT_WEB),
        text("properties.model", "500", NOT_WEB),
        case("properties.year", "2024", json!(2024), NOT_WEB),
        text("properties.state_of_vehicle", "New", NOT_WEB),
        case("properties.mileage", r#"{"unit": "KM", "value": "12000"}"#, json!({"unit": "KM", "value": 12000}), NOT_WEB),
        text("properties.mileage.unit", "KM", NOT_WEB),
        case("properties.mileage.value", "12000.5", json!(12000.5), NOT_WEB),
        text("properties.exterior_color", "red", NOT_WEB),
        text("properties.interior_color", "black", NOT_WEB),
        text("properties.transmission", "Automatic", NOT_WEB),
        text("properties.body_style", "SUV", NOT_WEB),
        text("properties.fuel_type", "Electric", NOT_WEB),
        text("properties.drivetrain", "AWD", NOT_WEB),
        case("properties.preferred_price_range", r#"["10000", 20000]"#, json!([10000, 20000]), NOT_WEB),
        text("properties.trim", "Sport", NOT_WEB),
        text("properties.vin", "1HGCM82633A004352", NOT_WEB),
        text("properties.condition_of_vehicle", "Good", NOT_WEB),
        text("properties.viewcontent_type", "vehicle_details", NOT_WEB),
        text("properties.search_type", "inventory", NOT_WEB),
        text("properties.registration_type", "newsletter", NOT_WEB),
        text("lead.lead_id", "7321000000000000001", NOT_CRM),
        text("lead.lead_event_source", "Acme CRM", NOT_CRM),
        text("app.app_id", "1234567890", ALL),
        text("app.app_name", "Acme", ALL),
        text("app.app_version", "4.2.0", ALL),
        text("ad.callback", "123ATXSfe", ALL),
        text("ad.campaign_id", "1710000000000001", ALL),
        text("ad.ad_id", "1710000000000002", ALL),
        text("ad.creative_id", "1710000000000003", ALL),
        case("ad.is_retargeting", "no", json!(false), ALL),
        case("ad.attributed", "1", json!(true), ALL),
        text("ad.attribution_type", "click", ALL),
        text("ad.attribution_provider", "Acme MMP", ALL),
        // Keys that TikTok does not list.
        text("properties.loyalty_tier", "gold", NOWHERE),
        case("properties.tags", r#"["a", {"b": 1.5}]"#, json!(["a", {"b": 1.5}]), NOWHERE),
        text("properties.loyalty.points", "17", NOWHERE),
        text("properties.contents[0].size", "L", NOWHERE),
    ]
}

/// A spec whose columns are all targets, and for each case a row that fills its column.
pub(crate) struct Wide {
    pub(crate) spec: String,
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
    pub(crate) at: i64,
}

impl Wide {
    pub(crate) fn new(kind: &str, cases: &[Case]) -> Self {
        // The field that a row of the type cannot do without is filled in all of them.
        let needed = match kind {
            "web_events" => "user.external_id",
            "offline_events" => "user.email",
            _ => "lead.lead_id",
        };
        let at = hour_ago();
        let mut mappings = "  - {from: at, to: event_time}\n".to_owned();
        for (n, case) in cases.iter().enumerate() {
            let _ = writeln!(mappings, "  - {{from: c{n}, to: \"{}\"}}", case.to);
        }
        let columns = (0..cases.len()).map(|n| format!("c{n}"));
        let row = |row: usize| {
            let cells = cases.iter().enumerate().map(move |(n, case)| {
                let filled = n == row || case.to == needed;
                if filled {
                    case.cell.to_owned()
                } else {
                    String::new()
                }
            });
            [format!("row-{row}"), at.to_string()]
                .into_iter()
                .chain(cells)
                .collect()
        };
        Self {
            spec: spec(
                kind,
                "",
                "",
                &mappings,
                "name: fields\nidentity: {default_country: DE}\n",
            ),
            header: ["id".to_owned(), "at".to_owned()]
                .into_iter()
                .chain(columns)
                .collect(),
            rows: (0..cases.len()).map(row).collect(),
            at,
        }
    }

    pub(crate) fn header(&self) -> Vec<&str> {
        self.header.iter().map(String::as_str).collect()
    }
}

#[test]
fn every_target_is_in_the_table() {
    let cases = cases();
    let known = |path: &str| cases.iter().any(|case| case.to == path.replace("[]", "[0]"));
    let missing: Vec<_> = sync_core::events::FIELDS
        .iter()
        .map(|field| field.path)
        .filter(|path| !known(path) && !["event_time", "event_id"].contains(path))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_target_becomes_its_json_in_every_type_of_events() {
    let cases = cases();
    for kind in ALL {
        let wide = Wide::new(kind, &cases);
        let shown = preview(&wide.spec, &wide.header(), &wide.rows);
        for (n, case) in cases.iter().enumerate() {
            let became = shown.row(n);
            assert_eq!(
                (&became.refused, became.events.len()),
                (&None, 1),
                "{kind} {}",
                case.to
            );
            assert_eq!(
                at_path(&became.events[0], case.to),
                case.json,
                "{kind} {}",
                case.to
            );
            let mut warned = became.warned.clone();
            warned.retain(|text| text.starts_with(&format!("{} ", case.to)));
            let expected: &[String] = match case.to {
                "properties.value" => &["properties.value value_without_currency".to_owned()],
                to if case.unusual.contains(kind) => &[format!("{to} unusual_field")],
                _ => &[],
            };
            assert_eq!(warned, expected, "{kind} {}", case.to);
        }
    }
}

#[test]
fn the_time_and_the_event_id_are_those_of_their_columns() {
    let mappings =
        "  - {from: at, to: event_time}\n  - {from: own, to: event_id}\n  - {value: t, to: user.ttclid}\n";
    let at = hour_ago();
    let row = ["key", &at.to_string(), "row-0"].map(str::to_owned).to_vec();
    let shown = preview(
        &spec("web_events", "", "", mappings, ""),
        &["id", "at", "own"],
        &[row],
    );
    let event = json!({"event": "Purchase", "event_time": at, "event_id": "row-0", "user": {"ttclid": "t"}});
    assert_eq!(shown.row(0).events, [event]);
}
