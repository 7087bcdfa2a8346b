//! Offline events: who they were, aliases, and what the spec may say.

use serde_json::{Value, json};

use crate::support::{Became, hour_ago, preview, sha256, spec, tideline, write_files};

/// A row of `email`, `phone`, `ext`, `order`, `shop` becomes this.
fn became(mappings: &str, cells: [&str; 5]) -> Became {
    let mut row = vec!["row-0".to_owned(), hour_ago().to_string()];
    row.extend(cells.map(str::to_owned));
    let header = ["id", "at", "email", "phone", "ext", "order", "shop"];
    preview(
        &spec(
            "offline_events",
            "",
            "",
            mappings,
            "identity: {default_country: DE}\n",
        ),
        &header,
        &[row],
    )
    .row(0)
}

const TODAY: &str = "  - {from: at, to: event_time}\n  - {from: email, to: user.email}\n  - {from: phone, to: user.phone}\n  \
                     - {from: ext, to: user.external_id}\n  - {from: order, to: properties.order_id}\n  \
                     - {from: shop, to: properties.shop_id}\n";
const ALIASES: &str = "  - {from: at, to: timestamp}\n  - {from: email, to: emails}\n  - {from: phone, to: phones}\n  \
                       - {from: ext, to: context.user.external_id}\n  - {from: order, to: properties.order_id}\n  \
                       - {from: shop, to: properties.shop_id}\n";
const CONTEXT: &str = "  - {from: at, to: timestamp}\n  - {from: email, to: context.user.emails}\n  \
                       - {from: phone, to: context.user.phone_numbers}\n  - {from: ext, to: user.external_id}\n  \
                       - {from: order, to: properties.order_id}\n  - {from: shop, to: properties.shop_id}\n";

#[test]
fn one_text_is_a_list_of_one_and_ids_are_texts_under_every_name_of_the_targets() {
    let number = TODAY.replace("user.phone", "phone_number");
    for mappings in [TODAY, ALIASES, CONTEXT, &number] {
        let became = became(mappings, ["Jane@X.de", "0170 1234567", "", "1001", "055"]);
        let event = &became.events[0];
        let user = json!({"email": [sha256("jane@x.de")], "phone": [sha256("+491701234567")]});
        assert_eq!(event["user"], user);
        assert_eq!(event["properties"], json!({"order_id": "1001", "shop_id": "055"}));
        assert!(became.warned.is_empty());
    }
}

#[test]
fn an_email_or_a_phone_is_needed_and_nothing_else_counts() {
    let end = |cells| {
        let became = became(TODAY, cells);
        became
            .refused
            .unwrap_or_else(|| format!("sent {}", became.warned.join(", ")))
    };
    for (cells, expected) in [
        (["jane@x.de", "", "", "", ""], "sent "),
        (["", "0170 1234567", "", "", ""], "sent "),
        (["jane@x.de;joe@x.de", "[\"0170 1234567\"]", "", "", ""], "sent "),
        (
            ["bad", "0170 1234567", "", "", ""],
            "sent user.email invalid_email",
        ),
        (["jane@x.de", "12", "", "", ""], "sent user.phone invalid_phone"),
        (
            ["jane@x.de", "", "17", "", ""],
            "sent user.external_id unusual_field",
        ),
        (["bad", "", "", "", ""], "user.email invalid_email"),
        (["", "12", "", "", ""], "user.phone invalid_phone"),
        (["bad", "12", "", "", ""], "user.email invalid_email"),
        (["bad", "", "17", "", ""], "user.email invalid_email"),
        (["", "", "17", "", ""], "row no_identifier"),
        (["", "", "", "1001", "55"], "row no_identifier"),
        (["null", "n/a", "", "", ""], "row no_identifier"),
        (["[]", "-", "17", "", ""], "row no_identifier"),
    ] {
        assert_eq!(end(cells), expected, "{cells:?}");
    }
}

#[test]
fn a_crm_event_needs_its_lead_and_nobody_else() {
    let mappings = "  - {from: at, to: event_time}\n  - {from: lead, to: lead.lead_id}\n  - {from: email, to: user.email}\n  \
                    - {value: Acme CRM, to: lead.lead_event_source}\n";
    let at = hour_ago().to_string();
    let row = |n: usize, lead: &str, email: &str| {
        [&format!("row-{n}"), at.as_str(), lead, email]
            .map(str::to_owned)
            .to_vec()
    };
    let rows = [
        row(0, "7321000000000000001", ""),
        row(1, "", "jane@x.de"),
        row(2, "17", "bad"),
    ];
    let shown = preview(
        &spec("crm_events", "", "", mappings, ""),
        &["id", "at", "lead", "email"],
        &rows,
    );
    let lead = |id: &str| json!({"lead_id": id, "lead_event_source": "Acme CRM"});
    assert_eq!(shown.row(0).events[0]["lead"], lead("7321000000000000001"));
    assert_eq!(
        shown.row(1).refused.as_deref(),
        Some("lead.lead_id missing_field")
    );
    assert_eq!(
        (&shown.row(2).events[0]["lead"], shown.row(2).warned),
        (&lead("17"), vec!["user.email invalid_email".to_owned()])
    );
    assert_eq!(shown.json["requests"][0]["body"]["event_source"], "crm");
}

#[test]
fn calls_hold_as_many_events_as_the_batch_size_says() {
    let sizes = |kind: &str, line: &str, count: usize| -> Vec<usize> {
        let at = hour_ago().to_string();
        let rows: Vec<_> = (0..count)
            .map(|n| vec![format!("row-{n}"), at.clone(), "jane@x.de".to_owned()])
            .collect();
        let mappings = "  - {from: at, to: event_time}\n  - {from: email, to: user.email}\n  - {value: \"1\", to: lead.lead_id}\n";
        let text = spec(kind, "", "", mappings, "");
        let default = text.lines().find(|line| line.contains("batch_size")).unwrap();
        let text = text.replace(&format!("{default}\n"), line);
        let shown = preview(&text, &["id", "at", "email"], &rows);
        let requests = shown.json["requests"].as_array().unwrap();
        requests
            .iter()
            .map(|request| request["body"]["data"].as_array().unwrap().len())
            .collect()
    };
    assert_eq!(sizes("offline_events", "", 250), [100, 100, 50]);
    assert_eq!(sizes("offline_events", "  batch_size: 30\n", 70), [30, 30, 10]);
    assert_eq!(sizes("web_events", "", 3), [1, 1, 1]);
    assert_eq!(sizes("web_events", "  batch_size: 1000\n", 1001), [1000, 1]);
    assert_eq!(sizes("crm_events", "", 2), [1, 1]);
}

#[test]
fn what_the_type_cannot_do_is_an_error_of_the_spec() {
    let validate = |event: &str, from: &str, to: &str| -> String {
        let mappings = "  - {from: at, to: event_time}\n  - {from: email, to: user.email}\n";
        let text = spec("offline_events", "", event, mappings, "").replace(from, to);
        let folder = tempfile::tempdir().unwrap();
        write_files(&folder, &text, &["id"], &[]);
        let (code, out, _) = tideline(&folder, &["validate", "spec.yaml", "--output", "json"]);
        assert_eq!(code, 2, "{text}");
        let answer: Value = serde_json::from_str(&out).unwrap();
        answer.to_string()
    };
    assert!(validate("", "batch_size: 100", "batch_size: 101").contains("100"));
    assert!(validate("", "batch_size: 100", "batch_size: 0").contains('1'));
    assert!(validate("  allow_custom_names: true\n", "", "").contains("offline"));
    assert!(
        validate("", "event_set_id: \"7300000000000000001\"", "pixel_code: C4A1").contains("event_set_id")
    );
    assert!(validate("", "user.email", "user.external_id").contains("user.email"));
    assert!(validate("", "{value: Purchase}", "{value: Refund}").contains("event"));
}
