//! Names of events.

use serde_json::Value;

use crate::support::{hour_ago, preview, spec};

const STANDARD: &[&str] = &[
    "AddPaymentInfo",
    "AddToCart",
    "AddToWishlist",
    "ApplicationApproval",
    "ClickButton",
    "CompletePayment",
    "CompleteRegistration",
    "Contact",
    "CustomizeProduct",
    "Download",
    "FindLocation",
    "InitiateCheckout",
    "Lead",
    "PlaceAnOrder",
    "Purchase",
    "Schedule",
    "Search",
    "StartTrial",
    "SubmitApplication",
    "SubmitForm",
    "Subscribe",
    "ViewContent",
];

/// The names that rows of these cells get: what goes, or `code` with the message.
fn named(kind: &str, event: &str, cells: &[&str]) -> Vec<Result<String, (String, String)>> {
    let mappings = "  - {from: at, to: event_time}\n  - {value: jane@x.de, to: user.email}\n  - {value: \"1\", to: lead.lead_id}\n";
    let at = hour_ago().to_string();
    let rows: Vec<Vec<String>> = cells
        .iter()
        .enumerate()
        .map(|(n, cell)| vec![format!("row-{n}"), at.clone(), (*cell).to_owned()])
        .collect();
    let event = if event.contains("name:") {
        event.to_owned()
    } else {
        format!("  name: {{from: cell}}\n{event}")
    };
    let shown = preview(
        &spec(kind, "", &event, mappings, ""),
        &["id", "at", "cell"],
        &rows,
    );
    let rejected = shown.json["rejected"].as_array().unwrap();
    (0..cells.len())
        .map(|n| {
            if let Some(event) = shown.row(n).events.first() {
                return Ok(event["event"].as_str().unwrap().to_owned());
            }
            let problem: &Value = rejected
                .iter()
                .find(|problem| problem["record"] == n + 1)
                .unwrap();
            assert_eq!(
                (&problem["field"], &problem["column"]),
                (&"event".into(), &"cell".into())
            );
            let text = |key: &str| problem[key].as_str().unwrap().to_owned();
            Err((text("code"), text("message")))
        })
        .collect()
}

#[test]
fn every_standard_name_goes_as_it_is_for_every_type() {
    for kind in ["web_events", "offline_events", "crm_events"] {
        let expected: Vec<_> = STANDARD.iter().map(|name| Ok((*name).to_owned())).collect();
        assert_eq!(named(kind, "", STANDARD), expected, "{kind}");
    }
    assert_eq!(
        named("web_events", "", &[" Purchase "]),
        [Ok("Purchase".to_owned())]
    );
}

#[test]
fn renamed_ones_go_under_their_new_names_where_the_spec_says_so() {
    let cells = ["CompletePayment", "SubmitForm", "Purchase", "PlaceAnOrder"];
    let expected = ["Purchase", "Lead", "Purchase", "PlaceAnOrder"].map(|name| Ok(name.to_owned()));
    assert_eq!(
        named("offline_events", "  modern_names: true\n", &cells),
        expected
    );
}

#[test]
fn a_wrong_name_is_answered_with_the_right_one() {
    let cases = [
        ("purchase", "write Purchase"),
        ("PURCHASE", "write Purchase"),
        ("viewContent", "write ViewContent"),
        ("Purchse", "Purchase"),
        ("Add To Cart", "AddToCart"),
        ("add_to_cart", "AddToCart"),
        ("AddToCard", "AddToCart"),
        ("CompletePayments", "CompletePayment"),
        ("Checkout", "InitiateCheckout"),
        ("StartCheckout", "InitiateCheckout"),
        ("Registration", "CompleteRegistration"),
        ("AddBilling", "AddPaymentInfo"),
        ("Consult", "Contact"),
        ("ViewForm", "ViewContent"),
        ("Browse", "pixel"),
        ("PageView", "pixel"),
        ("Login", "app events"),
        ("LaunchAPP", "app events"),
    ];
    let cells: Vec<&str> = cases.iter().map(|(cell, _)| *cell).collect();
    for kind in ["web_events", "crm_events"] {
        for ((cell, part), named) in cases.iter().zip(named(kind, "", &cells)) {
            let (code, message) = named.unwrap_err();
            assert_eq!(code, "invalid_event_name", "{cell}");
            assert!(message.contains(part), "{kind} {cell}: {message}");
        }
    }
    let empty = named("web_events", "", &["", " "]);
    assert!(empty.iter().all(|named| {
        named
            .as_ref()
            .is_err_and(|(code, _)| code == "missing_event_name")
    }));
}

#[test]
fn custom_names_follow_tiktoks_rules() {
    let longest = format!("a{}", "b".repeat(49));
    let too_long = format!("{longest}c");
    let good = ["Refund", "order_completed", "a", "A-1_b", &longest, "Purchase"];
    let bad = [
        "1st", "_x", "-x", "a b", "a.b", "größe", "a$", &too_long, "purchase", "Checkout", "PageView",
        "Login",
    ];
    for kind in ["web_events", "crm_events"] {
        let expected: Vec<_> = good.iter().map(|name| Ok((*name).to_owned())).collect();
        assert_eq!(
            named(kind, "  allow_custom_names: true\n", &good),
            expected,
            "{kind}"
        );
        for (cell, named) in bad.iter().zip(named(kind, "  allow_custom_names: true\n", &bad)) {
            assert_eq!(named.unwrap_err().0, "invalid_event_name", "{kind} {cell}");
        }
    }
    // Offline events have standard names only.
    assert_eq!(
        named("offline_events", "", &["Refund"])[0]
            .as_ref()
            .unwrap_err()
            .0,
        "invalid_event_name"
    );
}

#[test]
fn a_map_translates_the_companys_own_names() {
    let event =
        "  name: {from: cell, map: {order_completed: Purchase, basket: AddToCart, \"7\": CompletePayment}}\n";
    let cells = [
        "order_completed",
        " basket ",
        "7",
        "Lead",
        "refund",
        "Order_Completed",
        "",
    ];
    let named = named("offline_events", event, &cells);
    let goes = |name: &str| Ok(name.to_owned());
    assert_eq!(
        named[..4],
        [
            goes("Purchase"),
            goes("AddToCart"),
            goes("CompletePayment"),
            goes("Lead")
        ]
    );
    let code = |n: usize| named[n].as_ref().unwrap_err().0.as_str();
    assert_eq!(
        [code(4), code(5), code(6)],
        ["invalid_event_name", "invalid_event_name", "missing_event_name"]
    );
}
