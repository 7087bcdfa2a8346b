//! IP addresses, device ids and what else of a person goes without a list.

use serde_json::json;

use crate::support::{Table, Want, hash, hour_ago, is, preview, sha256, spec};

/// By IANA's registries of special-purpose addresses; ranges for documentation count as public.
#[test]
fn only_public_ip_addresses_go_and_they_go_as_given() {
    let goes = [
        "203.0.113.9",
        "198.51.100.1",
        "192.0.2.1",
        "8.8.8.8",
        "1.1.1.1",
        "172.15.255.255",
        "172.32.0.1",
        "100.63.255.255",
        "100.128.0.1",
        "169.253.0.1",
        "192.167.1.1",
        "11.0.0.1",
        "223.255.255.255",
        "2001:db8::1",
        "2001:DB8::A",
        "2001:0db8:0000:0000:0000:0000:0000:0001",
        "2a00:1450:4001:806::200e",
        "::ffff:203.0.113.9",
        "::FFFF:8.8.8.8",
    ];
    let left = [
        "10.0.0.1",
        "10.255.255.255",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "127.0.0.1",
        "127.1.2.3",
        "0.0.0.0",
        "0.1.2.3",
        "169.254.1.1",
        "100.64.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "203.0.113.9:443",
        "[2001:db8::1]",
        "[2001:db8::1]:443",
        "203.0.113",
        "203.0.113.9.1",
        "203.0.113.256",
        "203.0.113.09",
        "203.0.113.0/24",
        "fe80::1%eth0",
        "203.0.113.9, 8.8.8.8",
        "203.0.113.9,8.8.8.8",
        "203.0.113.9 8.8.8.8",
        "203.0.113.9;8.8.8.8",
        "unknown",
        "localhost",
        "0x7f.1",
        "1",
        "16909060",
        "203,0,113,9",
        "2001:db8::1::2",
        "２０３.0.113.9",
    ];
    let mut cases: Vec<_> = goes.map(|cell| (cell, is(cell))).to_vec();
    cases.extend(left.map(|cell| (cell, Want::Left("invalid_ip"))));
    cases.extend([
        (" 203.0.113.9 ", is("203.0.113.9")),
        ("", Want::Absent),
        ("null", Want::Absent),
        ("-", Want::Absent),
    ]);
    Table::web("user.ip").check(&cases);
}

#[test]
fn an_address_counts_only_together_with_the_user_agent() {
    let mappings = "  - {from: at, to: event_time}\n  - {from: email, to: user.email}\n  - {from: ip, to: user.ip}\n  - \
                    {from: agent, to: user.user_agent}\n  - {from: idfa, to: user.idfa}\n  - {from: name, to: \
                    user.first_name}\n";
    let uuid = "5f3a2b18-9c4d-4e7f-b8e2-17d3a1e69b25";
    let cases = [
        (["203.0.113.9", "Mozilla/5.0", "", ""], true),
        (["203.0.113.9", "", "", ""], false),
        (["", "Mozilla/5.0", "", ""], false),
        (["10.0.0.1", "Mozilla/5.0", "", ""], false),
        (["203.0.113.9", "null", "", ""], false),
        (["203.0.113.9", "", uuid, "Jane"], false),
        (["", "", uuid, ""], false),
        (["", "", "", "Jane"], false),
    ];
    let at = hour_ago().to_string();
    let row = |(n, (cells, _)): (usize, &([&str; 4], bool))| {
        let key = [format!("row-{n}"), at.clone(), String::new()];
        key.into_iter().chain(cells.map(str::to_owned)).collect()
    };
    let rows: Vec<Vec<String>> = cases.iter().enumerate().map(row).collect();
    let header = ["id", "at", "email", "ip", "agent", "idfa", "name"];
    let shown = preview(&spec("web_events", "", "", mappings, ""), &header, &rows);
    for (n, (cells, goes)) in cases.iter().enumerate() {
        let refused = (!goes).then(|| "row no_identifier".to_owned());
        assert_eq!(shown.row(n).refused, refused, "{cells:?}");
    }
    Table::web("user.ttclid").alone().check(&[
        ("E.C.P", is("E.C.P")),
        ("null", Want::RefusedAs("row no_identifier")),
    ]);
    Table::web("user.ttp").alone().check(&[
        ("94e2a4j9", is("94e2a4j9")),
        ("", Want::RefusedAs("row no_identifier")),
    ]);
    Table::web("page.url").alone().check(&[
        ("https://x.de/?a=1&ttclid=E.C", is("https://x.de/?a=1&ttclid=E.C")),
        ("https://x.de/?ttclid=", Want::RefusedAs("row no_identifier")),
        ("https://x.de/#ttclid=1", Want::RefusedAs("row no_identifier")),
        ("https://x.de/", Want::RefusedAs("row no_identifier")),
    ]);
}

/// A warning that TikTok has the field for apps comes with each id that goes.
#[test]
fn device_ids_go_in_the_case_of_their_kind() {
    let (upper, lower) = (
        "5F3A2B18-9C4D-4E7F-B8E2-17D3A1E69B25",
        "5f3a2b18-9c4d-4e7f-b8e2-17d3a1e69b25",
    );
    let mixed = "5f3a2B18-9C4d-4e7f-b8e2-17d3a1e69b25";
    let goes = |text: &str| Want::Warns(json!(text), "unusual_field");
    let known = "83dc3f5f32b9472613b0f038d36f22585a609d018af6f6067f50da318bf354bd";
    assert_eq!(
        sha256(lower),
        known,
        "the vector that the customer-file page prints"
    );
    let big = known.to_uppercase();
    for (to, plain) in [
        ("user.idfa", [upper; 4]),
        ("user.gaid", [lower; 4]),
        ("user.idfv", [upper, lower, mixed, lower]),
    ] {
        let padded = format!(" {lower} ");
        Table::web(to).check(&[
            (upper, goes(plain[0])),
            (lower, goes(plain[1])),
            (mixed, goes(plain[2])),
            (&padded, goes(plain[3])),
            (known, goes(known)),
            (&big, goes(known)),
            (
                "00000000-0000-0000-0000-000000000000",
                Want::Left("invalid_device_id"),
            ),
            (
                "00000000000000000000000000000000",
                Want::Left("invalid_device_id"),
            ),
            ("0", Want::Left("invalid_device_id")),
            ("", Want::Absent),
            ("null", Want::Absent),
            ("n/a", Want::Absent),
        ]);
    }
}

#[test]
fn names_and_postal_codes_lose_blanks_and_capitals_and_are_hashed() {
    for to in ["user.first_name", "user.last_name", "user.zip_code"] {
        Table::web(to).check(&[
            ("Jane", hash("jane")),
            (" JANE ", hash("jane")),
            ("Mary  Ann", hash("maryann")),
            ("Mary\u{a0}Ann", hash("maryann")),
            ("O'Brien", hash("o'brien")),
            ("Smith-Jones", hash("smith-jones")),
            ("Müller", hash("müller")),
            ("ÉLODIE", hash("élodie")),
            ("ИВАН", hash("иван")),
            ("東京", hash("東京")),
            ("SW1A 1AA", hash("sw1a1aa")),
            ("01067", hash("01067")),
            ("94107-1234", hash("94107-1234")),
            ("00000", Want::Left("invalid_value")),
            ("", Want::Absent),
            ("null", Want::Absent),
            ("-", Want::Absent),
        ]);
    }
}

#[test]
fn places_are_letters_and_digits_and_not_hashed() {
    for to in ["user.city", "user.state", "user.country"] {
        Table::web(to).check(&[
            ("Berlin", is("berlin")),
            ("New York", is("newyork")),
            ("St. Gallen", is("stgallen")),
            ("Winston-Salem", is("winstonsalem")),
            ("DE", is("de")),
            ("U.S.A.", is("usa")),
            ("München", is("mnchen")),
            ("Paris 9", is("paris9")),
            ("", Want::Absent),
            ("null", Want::Absent),
            ("東京", Want::Left("invalid_value")),
            ("!!!", Want::Left("invalid_value")),
        ]);
    }
}

#[test]
fn the_click_id_of_the_column_wins_over_that_of_the_page() {
    let mappings =
        "  - {from: at, to: event_time}\n  - {from: click, to: user.ttclid}\n  - {from: url, to: page.url}\n";
    let cases = [
        ("column", "https://x.de/?ttclid=page", "column"),
        ("", "https://x.de/?ttclid=page", "page"),
        ("null", "https://x.de/?a=1&ttclid=E.C%2EP#top", "E.C.P"),
        ("column", "https://x.de/", "column"),
    ];
    let at = hour_ago().to_string();
    let row = |(n, (click, url, _)): (usize, &(&str, &str, &str))| {
        [&format!("row-{n}"), at.as_str(), click, url]
            .map(str::to_owned)
            .to_vec()
    };
    let rows: Vec<Vec<String>> = cases.iter().enumerate().map(row).collect();
    let shown = preview(
        &spec("web_events", "", "", mappings, ""),
        &["id", "at", "click", "url"],
        &rows,
    );
    for (n, (click, url, expected)) in cases.iter().enumerate() {
        assert_eq!(
            shown.row(n).events[0]["user"],
            json!({"ttclid": expected}),
            "{click} {url}"
        );
    }
}
