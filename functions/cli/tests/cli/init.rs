//! `init`: what it writes is valid, and fits the export.

use serde_json::json;

use crate::support::{Folder, hours_ago};

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
        json!({"queried": 30, "accepted": 30, "rejected": 0, "expired": 0})
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
        for kind in ["web_events", "offline_events", "crm_events"] {
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
    let spec = folder.run(&["init", "--from", "Shop Orders 2026.csv"]).out;
    for raw in ["jane", "0301234"] {
        assert!(!spec.contains(raw), "{raw}");
    }
}

#[test]
fn without_an_export_each_type_has_a_commented_start() {
    let folder = Folder::new();
    for kind in ["web_events", "offline_events", "crm_events"] {
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
