//! `init --from`: the proposed spec is valid, maps what it should, and takes the rows.

use serde_json::json;

use crate::support::tideline;

/// The lines that the proposal for an export has, and that all of its rows go.
#[track_caller]
fn proposes(kind: &str, export: &str, rows: u64, lines: &[&str]) {
    let now = jiff::Timestamp::now().as_second() - 7_200;
    let at = jiff::Timestamp::from_second(now).unwrap().to_string();
    let export = export.replace("<at>", &at).replace("<epoch>", &now.to_string());
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("export.csv"), export).unwrap();
    let run = |arguments: &[&str]| tideline(&folder, arguments);
    let (code, _, err) = run(&["init", "--from", "export.csv", "--type", kind, "--out", "x.yaml"]);
    assert_eq!(code, 0, "{err}");
    let spec = std::fs::read_to_string(folder.path().join("x.yaml")).unwrap();
    for line in lines {
        assert!(spec.contains(&format!("\n  - {{{line}}}")), "{line} in\n{spec}");
    }
    assert_eq!(run(&["validate", "x.yaml"]).0, 0, "{spec}");
    let answer = run(&["preview", "x.yaml", "export.csv", "--output", "json"]).1;
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let counts = json!({"queried": rows, "accepted": rows, "rejected": 0, "expired": 0, "skipped": 0});
    assert_eq!(answer["counts"], counts, "{spec}\n{}", answer["rejected"]);
}

#[test]
fn a_till_becomes_offline_events() {
    proposes(
        "offline_events",
        "receipt_no,store_id,sold_at,customer_email,mobile,total_amount,ccy,type,basket_json\n\
         r1,55,<at>,jane@x.de,0170 1234567,20.50,EUR,sale,\"[{\"\"content_id\"\":\"\"a\"\"}]\"\n\
         r2,55,<at>,joe@x.de,0170 1234568,21.50,USD,sale,\"[{\"\"content_id\"\":\"\"b\"\"}]\"\n",
        2,
        &[
            "from: sold_at, to: event_time",
            "from: customer_email, to: user.email",
            "from: mobile, to: user.phone",
            "from: total_amount, to: properties.value",
            "from: ccy, to: properties.currency",
            "from: receipt_no, to: properties.order_id",
            "from: store_id, to: properties.shop_id",
            "from: basket_json, to: properties.contents",
        ],
    );
}

#[test]
fn a_crm_becomes_crm_events_also_with_unix_times_under_another_name() {
    proposes(
        "crm_events",
        "id;lead id;modification;E-Mail;Telefon\n1;7321000000000000001;<epoch>;jane@x.de;+49 170 1234567\n\
         2;7321000000000000002;<epoch>;joe@x.de;+49 170 1234568\n",
        2,
        &[
            "from: modification, to: event_time",
            "from: \"lead id\", to: lead.lead_id",
            "from: E-Mail, to: user.email",
            "from: Telefon, to: user.phone",
        ],
    );
}

#[test]
fn a_website_becomes_web_events_by_names_and_by_values() {
    proposes(
        "web_events",
        "event_id,event,event_ts,Kontakt,user_id,ip_address,useragent,page_location,ttclid,revenue,currency_code,product_ids,qty\n\
         e1,Purchase,<epoch>123,jane@x.de,17,203.0.113.9,Mozilla/5.0,https://x.de/?a=1,E.C.P,20.5,EUR,\"[\"\"a\"\"]\",2\n",
        1,
        &[
            "from: event_ts, to: event_time",
            "from: Kontakt, to: user.email",
            "from: user_id, to: user.external_id",
            "from: ip_address, to: user.ip",
            "from: useragent, to: user.user_agent",
            "from: page_location, to: page.url",
            "from: ttclid, to: user.ttclid",
            "from: revenue, to: properties.value",
            "from: currency_code, to: properties.currency",
            "from: product_ids, to: properties.content_ids",
            "from: qty, to: \"properties.contents[0].quantity\"",
        ],
    );
}
