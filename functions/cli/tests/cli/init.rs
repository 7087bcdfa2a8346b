//! `init`: what it writes is valid, and fits the export.

use serde_json::json;

use crate::support::{Folder, hours_ago};

const TYPES: [&str; 4] = ["web_events", "offline_events", "crm_events", "custom_audience"];

fn orders(folder: &Folder) {
    let (at, _) = hours_ago(3);
    let row = |n: u32| {
        format!(
            "{};order_completed;{at};jane{n}@shop.example;0301234{n:03};https://shop.example/{n};{n}.50;EUR;\"[{{\"\"content_id\"\":\"\"sku-{n}\"\"}}]\";note\n",
            100 + n
        )
    };
    let rows: String = (1..=30).map(row).collect();
    let header = "Order ID;Event Name;created_at;E-Mail;Phone Number;Page URL;Total;Currency;Items;Comment\n";
    folder.write("Shop Orders 2026.csv", format!("{header}{rows}"));
}

#[test]
fn what_is_proposed_is_valid_and_accepts_the_export() {
    let folder = Folder::new();
    orders(&folder);
    let file = "Shop Orders 2026.csv";
    let ran = folder.run(&[
        "init",
        "--from",
        file,
        "--type",
        "web_events",
        "--out",
        "orders.yaml",
    ]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
    assert!(ran.err.contains("tideline validate orders.yaml"), "{}", ran.err);
    let spec = folder.read("orders.yaml");
    for line in [
        "name: orders\n",
        "  primary_key: \"Order ID\"\n",
        "  csv: {delimiter: \";\"}\n",
        "    from: \"Event Name\"\n",
        "      order_completed: Purchase\n",
        "  - {from: created_at, to: event_time}\n",
        "  - {from: E-Mail, to: user.email}\n",
        "  - {from: \"Phone Number\", to: user.phone}\n",
        "  - {from: \"Page URL\", to: page.url}\n",
        "  - {from: Total, to: properties.value}\n",
        "  - {from: Currency, to: properties.currency}\n",
        "  - {from: Items, to: properties.contents}\n",
        "  - {from: \"Order ID\", to: properties.order_id}\n",
        "# Columns that go nowhere: Comment\n",
        "  default_country: DE ",
    ] {
        assert!(spec.contains(line), "{line}in\n{spec}");
    }
    let ran = folder.run(&["validate", "orders.yaml"]);
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (0, "orders.yaml: valid, the sync orders\n")
    );
    let ran = folder.run(&["preview", "orders.yaml", file, "--output", "json"]);
    assert_eq!(
        ran.json()["counts"],
        json!({"queried": 30, "accepted": 30, "rejected": 0, "expired": 0, "skipped": 0})
    );
    assert_eq!(ran.json()["warnings"], json!([]));
    // The sandbox's pixel stands in for the one that only the user knows, and is marked.
    assert!(spec.contains("  pixel_code: C4A1EXAMPLEPIXEL0001                   # CHECK: "));
}

#[test]
fn every_type_and_every_odd_export_gives_a_valid_spec_that_fits() {
    let folder = Folder::new();
    orders(&folder);
    folder.write("plain.csv", "foo,bar\n");
    folder.write("one.csv", "x\n1\n1\n");
    folder.write(
        "odd.csv",
        "\"a: b\",\"#c\",yes,\"say \"\"hi\"\"\",\u{e4}\n1,2,3,4,5\n",
    );
    folder.write("dates.csv", "id,Kaufdatum,mail\n1,23.11.2026,a@b.example\n");
    for file in [
        "Shop Orders 2026.csv",
        "plain.csv",
        "one.csv",
        "odd.csv",
        "dates.csv",
    ] {
        for kind in TYPES {
            let ran = folder.run(&[
                "init", "--from", file, "--type", kind, "--out", "s.yaml", "--force",
            ]);
            assert_eq!(ran.code, 0, "{file} {kind}: {ran:?}");
            let ran = folder.run(&["validate", "s.yaml"]);
            assert_eq!(ran.code, 0, "{file} {kind}: {ran:?}\n{}", folder.read("s.yaml"));
            let ran = folder.run(&["preview", "s.yaml", file, "--output", "json"]);
            assert!(matches!(ran.code, 0 | 3), "{file} {kind}: {ran:?}");
        }
    }
}

#[test]
fn personal_values_never_get_into_the_spec() {
    let folder = Folder::new();
    orders(&folder);
    for kind in TYPES {
        let spec = folder
            .run(&["init", "--from", "Shop Orders 2026.csv", "--type", kind])
            .out;
        for raw in ["jane", "0301234"] {
            assert!(!spec.contains(raw), "{kind}: {raw}");
        }
    }
}

#[test]
fn without_an_export_each_type_has_a_commented_start() {
    let folder = Folder::new();
    for kind in TYPES {
        let ran = folder.run(&["init", "--type", kind]);
        assert_eq!(ran.code, 0);
        folder.write("s.yaml", &ran.out);
        let ran = folder.run(&["validate", "s.yaml"]);
        assert_eq!(
            (ran.code, ran.out.as_str()),
            (0, "s.yaml: valid, the sync my-sync\n"),
            "{kind}"
        );
    }
}

#[test]
fn a_file_that_is_there_is_replaced_only_by_force() {
    let folder = Folder::new();
    folder.write("mine.yaml", "mine");
    let ran = folder.run(&["init", "--out", "mine.yaml"]);
    let expected = "error: mine.yaml is there already: name another file, or replace it with --force\n";
    assert_eq!(
        (ran.code, ran.err.as_str(), folder.read("mine.yaml").as_str()),
        (2, expected, "mine")
    );
    let ran = folder.run(&["init", "--out", "mine.yaml", "--force"]);
    assert_eq!(ran.code, 0);
    assert!(folder.read("mine.yaml").starts_with("# A sync spec of Tideline"));
}

#[test]
fn an_export_that_cannot_be_read_is_told_so() {
    let folder = Folder::new();
    folder.write("empty.csv", "");
    let ran = folder.run(&["init", "--from", "empty.csv"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(
        ran.err.starts_with("error: empty.csv: the file is empty"),
        "{}",
        ran.err
    );
    assert_eq!(folder.run(&["init", "--from", "gone.csv"]).code, 2);
}

const UUID: &str = "5f3a2b18-9c4d-4e7f-b8e2-17d3a1e69b";

/// Twelve customers; a phone number that repeats, and one without any identifier but an email.
fn customers(folder: &Folder) {
    let row = |n: u32| {
        let capitals = format!("{UUID}{n:02}").to_uppercase();
        format!(
            "C-{n},jane{n}@shop.example,\"[\"\"j{n}@home.example\"\",\"\"k{n}@home.example\"\"]\",0301234{:03},2026-11-{n:02},{capitals},{UUID}{n:02},{UUID}{n:02},{n}.5,{UUID}{n:02}\n",
            n / 2
        )
    };
    let rows: String = (10..=21).map(row).collect();
    let header = "Customer ID,E-Mail,Private e-mail,Mobile,Mobile checked on,iOS IDFA,aaid,Advertising ID,Score,Session\n";
    folder.write("VIP customers.csv", format!("{header}{rows}"));
}

#[test]
fn an_audience_is_proposed_with_every_identifier_of_its_people() {
    let folder = Folder::new();
    customers(&folder);
    let file = "VIP customers.csv";
    let ran = folder.run(&[
        "init",
        "--from",
        file,
        "--type",
        "custom_audience",
        "--out",
        "vip.yaml",
    ]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
    let spec = folder.read("vip.yaml");
    for line in [
        "name: vip\n",
        "type: custom_audience\n",
        "\nmode: add  ",
        "  primary_key: \"Customer ID\"\n",
        "  run_on: each_file  ",
        "  name: vip  ",
        "  via: segment  ",
        "  - {from: E-Mail, to: email}\n",
        "  - {from: \"Private e-mail\", to: email}    ",
        "# CHECK: that it is the person's own\n",
        "  - {from: Mobile, to: phone}\n",
        "  - {from: \"iOS IDFA\", to: idfa}\n",
        "  - {from: aaid, to: gaid}\n",
        "  - {from: \"Advertising ID\", to: gaid}     ",
        "# CHECK: whether it is Apple's advertising id (idfa) or Google's (gaid)\n",
        "# Columns that go nowhere: Mobile checked on, Score, Session\n",
        "  default_country: DE ",
        "# match_booster: {identities: identities/customers.csv, on: {\"Customer ID\": customer_id}, ",
        "\nguards:",
    ] {
        assert!(spec.contains(line), "{line}in\n{spec}");
    }
    // The sandbox's account stands in for the one that only the user knows, and is marked.
    assert!(spec.contains("  advertiser_id: \"7100000000000000001\"               # CHECK: "));
    let ran = folder.run(&["validate", "vip.yaml"]);
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (0, "vip.yaml: valid, the sync vip\n")
    );
}

#[test]
fn the_choices_of_an_audience_are_valid_too() {
    let folder = Folder::new();
    customers(&folder);
    for from in [&[][..], &["--from", "VIP customers.csv"][..]] {
        let ran = folder.run(&[&["init", "--type", "custom_audience"], from].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        let chosen = |turned: &[(&str, &str)]| {
            turned.iter().fold(ran.out.clone(), |spec, (old, new)| {
                assert!(spec.contains(old), "{old} in\n{spec}");
                spec.replacen(old, new, 1)
            })
        };
        let identity = [
            ("  # email_rule:", "  email_rule:"),
            ("  # phone_rule:", "  phone_rule:"),
            ("# match_booster:", "match_booster:"),
        ];
        let mirror = [
            ("mode: add", "# mode: add"),
            ("# mode: mirror", "mode: mirror"),
            ("  name: ", "  # name: "),
            ("  # id:", "  id:"),
            ("  # persons_per_call:", "  persons_per_call:"),
        ];
        let all = [
            ("mode: add", "# mode: add"),
            ("# mode: all", "mode: all"),
            ("  via: segment", "  # via: segment"),
            ("  # via: file_upload", "  via: file_upload"),
            ("  # retention_days:", "  retention_days:"),
            ("  # audience_enhancement:", "  audience_enhancement:"),
        ];
        for choices in [&identity[..], &mirror, &all] {
            folder.write("s.yaml", chosen(choices));
            let ran = folder.run(&["validate", "s.yaml"]);
            assert_eq!(
                (ran.code, ran.err.as_str()),
                (0, ""),
                "{}{}",
                ran.out,
                folder.read("s.yaml")
            );
        }
    }
}

#[test]
fn the_key_of_people_is_an_id_or_else_an_identifier_of_theirs() {
    let folder = Folder::new();
    let digest = |n: u32| format!("{n:064x}");
    for (header, row, expected) in [
        // An order has its own id, and a customer several orders.
        (
            "order_id,customer_id,email",
            &["1,7,{}@x.example", "2,7,{}@x.example"][..],
            "  primary_key: order_id ",
        ),
        (
            "created,user_id,email",
            &["2026-11-01,8,{}@x.example", "2026-11-02,9,{}@x.example"],
            "  primary_key: user_id\n",
        ),
        // Times and amounts differ by chance.
        (
            "created,spent,email",
            &["2026-11-01,8.5,{}@x.example", "2026-11-02,9.5,{}@x.example"],
            "  primary_key: email ",
        ),
        (
            "email",
            &["{}@x.example", "{}@y.example"],
            "  primary_key: email ",
        ),
        (
            "segment,email_hashed",
            &["vip,{digest}", "vip,{digest}"],
            "  primary_key: email_hashed ",
        ),
    ] {
        let rows: String = (1..)
            .zip(row)
            .map(|(n, row)| {
                row.replace("{}", &format!("p{n}"))
                    .replace("{digest}", &digest(n))
                    + "\n"
            })
            .collect();
        folder.write("p.csv", format!("{header}\n{rows}"));
        let ran = folder.run(&["init", "--from", "p.csv", "--type", "custom_audience"]);
        assert!(ran.out.contains(expected), "{expected}in\n{}{}", ran.out, ran.err);
    }
}

#[test]
fn a_column_goes_to_the_identifier_that_its_name_and_values_tell() {
    let folder = Folder::new();
    let digest = "a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90";
    let (small, capitals) = (format!("{UUID}01"), format!("{UUID}01").to_uppercase());
    let zeros = "00000000-0000-0000-0000-000000000000";
    for (column, value, expected) in [
        ("work_phone_2", "+49 30 1234567", Some("phone}   ")),
        ("phone_hashed", digest, Some("phone}   ")),
        ("phone_checked", "2026-11-01", None),
        ("mobile_id", "1234567", None),
        ("emails", "a@x.example;b@x.example", Some("email}\n")),
        ("email_of_yesterday", "a@x.example", Some("email}   ")),
        ("mailing", "1234567", None),
        ("IDFA", zeros, Some("idfa}\n")),
        ("apple_ad_id", capitals.as_str(), Some("idfa}\n")),
        ("android_ad_id", small.as_str(), Some("gaid}\n")),
        ("gaid_sha256", digest, Some("gaid}\n")),
        ("maid", small.as_str(), Some("gaid}   ")),
        ("maid", capitals.as_str(), Some("idfa}   ")),
        ("device_id", small.as_str(), None),
        ("lead_id", small.as_str(), None),
        ("gaid", "1234567", None),
    ] {
        folder.write("p.csv", format!("id,email,{column}\n1,o@x.example,{value}\n"));
        let ran = folder.run(&["init", "--from", "p.csv", "--type", "custom_audience"]);
        let line = |to: &str| format!("  - {{from: {column}, to: {to}");
        match expected {
            Some(to) => assert!(ran.out.contains(&line(to)), "{column} to {to}:\n{}", ran.out),
            None => assert!(!ran.out.contains(&line("")), "{column}:\n{}", ran.out),
        }
    }
    // Values alone tell an email too; one that many people share is not theirs.
    folder.write(
        "p.csv",
        "id,manager_email,Kontakt\n1,m@x.example,o@x.example\n2,m@x.example,p@x.example\n",
    );
    let ran = folder.run(&["init", "--from", "p.csv", "--type", "custom_audience"]);
    assert!(
        ran.out.contains("  - {from: Kontakt, to: email}\n"),
        "{}",
        ran.out
    );
    assert!(
        ran.out.contains("# Columns that go nowhere: manager_email\n"),
        "{}",
        ran.out
    );
}
