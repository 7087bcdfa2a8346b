//! Values that are hashed already, and what only looks so.

use serde_json::json;

use crate::support::{Table, Want, hash, hashes, sha256};

const LISTS: [&str; 3] = ["user.email", "user.phone", "user.external_id"];

fn bad_code(to: &str) -> &'static str {
    match to {
        "user.email" => "invalid_email",
        "user.phone" => "invalid_phone",
        _ => "invalid_external_id",
    }
}

#[test]
fn exactly_64_hexadecimal_digits_go_in_lower_case() {
    let digest = sha256("jane@x.de");
    let (upper, mixed, padded) = (
        digest.to_uppercase(),
        digest.replace('b', "B"),
        format!(" {digest} "),
    );
    let both = format!("[\"{digest}\", \"{}\"]", sha256("joe@x.de"));
    for to in LISTS {
        for top in ["", "hashing: already_hashed\n"] {
            Table::web(to).alone().top(top).check(&[
                (&digest, hashes(&["jane@x.de"])),
                (&upper, hashes(&["jane@x.de"])),
                (&mixed, hashes(&["jane@x.de"])),
                (&padded, hashes(&["jane@x.de"])),
                (&both, hashes(&["jane@x.de", "joe@x.de"])),
            ]);
        }
    }
    for to in ["user.first_name", "user.last_name", "user.zip_code"] {
        Table::web(to).check(&[(&upper, hash("jane@x.de"))]);
    }
}

#[test]
fn digests_of_nothing_name_nobody() {
    let digests: Vec<String> = [
        "",
        "null",
        "NULL",
        "None",
        "nan",
        "0",
        "undefined",
        "n/a",
        "-",
        "00000000-0000-0000-0000-000000000000",
    ]
    .iter()
    .map(|text| sha256(text))
    .chain(["0".repeat(64), sha256("").to_uppercase()])
    .collect();
    assert_eq!(
        digests[0],
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    for to in LISTS {
        for top in ["", "hashing: already_hashed\n"] {
            let cases: Vec<_> = digests
                .iter()
                .map(|text| (text.as_str(), Want::Refused(bad_code(to))))
                .collect();
            Table::web(to).alone().top(top).check(&cases);
        }
    }
}

/// 63 or 65 digits, other letters, other digests: hashed as an id, refused as an address or number.
#[test]
fn what_only_looks_like_a_digest_is_none() {
    let digest = sha256("jane@x.de");
    let short = digest.chars().skip(1).collect::<String>();
    let looks = [
        short.clone(),
        format!("{digest}0"),
        format!("g{short}"),
        format!("0x{digest}"),
        digest.replacen('7', " ", 1),
        "d41d8cd98f00b204e9800998ecf8427e".to_owned(),
        "da39a3ee5e6b4b0d3255bfef95601890afd80709".to_owned(),
        "hQ2Vb0m0Jqk9m1p0nC1kq6m6p0c2h3QyqXo8m2bq8xQ=".to_owned(),
    ];
    for to in ["user.email", "user.phone"] {
        let cases: Vec<_> = looks
            .iter()
            .map(|text| (text.as_str(), Want::Refused(bad_code(to))))
            .collect();
        Table::web(to).alone().check(&cases);
    }
    let cases: Vec<_> = looks
        .iter()
        .map(|text| (text.as_str(), hashes(&[text])))
        .collect();
    Table::web("user.external_id").alone().check(&cases);
    for to in LISTS {
        let cases: Vec<_> = looks
            .iter()
            .map(|text| (text.as_str(), Want::Refused("not_hashed")))
            .collect();
        Table::web(to)
            .alone()
            .top("hashing: already_hashed\n")
            .check(&cases);
    }
}

#[test]
fn raw_values_are_refused_where_the_spec_says_that_all_is_hashed() {
    let good = sha256("joe@x.de");
    let mixed = format!("jane@x.de,{good}");
    Table::web("user.email")
        .alone()
        .top("hashing: already_hashed\n")
        .check(&[
            ("jane@x.de", Want::Refused("not_hashed")),
            ("bad", Want::Refused("not_hashed")),
            (&mixed, Want::Warns(json!([good]), "not_hashed")),
            ("", Want::RefusedAs("row no_identifier")),
            ("null", Want::RefusedAs("row no_identifier")),
        ]);
    Table::web("user.phone")
        .alone()
        .top("hashing: already_hashed\n")
        .check(&[("+491701234567", Want::Refused("not_hashed"))]);
    Table::web("user.external_id")
        .alone()
        .top("hashing: already_hashed\n")
        .check(&[("17", Want::Refused("not_hashed"))]);
    Table::web("user.first_name")
        .top("hashing: already_hashed\n")
        .check(&[("Jane", Want::Left("not_hashed"))]);
}

#[test]
fn ids_are_trimmed_and_hashed_as_they_are() {
    Table::web("user.external_id").alone().check(&[
        (
            "user_123",
            Want::Is(json!([
                "80fba0ae1c48e3978e43e4efc365e14e12ea0c830ba8ba5b9a2dafc7e3f2ab8b"
            ])),
        ),
        (" user_123 ", hashes(&["user_123"])),
        ("User_123", hashes(&["User_123"])),
        ("00123", hashes(&["00123"])),
        ("1.0", hashes(&["1.0"])),
        ("a,b", hashes(&["a,b"])),
        ("a;b", hashes(&["a;b"])),
        ("a b", hashes(&["a b"])),
        ("größe", hashes(&["größe"])),
        ("jane@x.de", hashes(&["jane@x.de"])),
        ("{\"a\": 1}", hashes(&["{\"a\": 1}"])),
        ("[\"a\", \"b\"]", hashes(&["a", "b"])),
        ("[1, 2.50, \"a\"]", hashes(&["1", "2.50", "a"])),
        ("[\"a\", \"a\", null]", hashes(&["a"])),
        ("0", Want::Refused("invalid_external_id")),
        ("000", Want::Refused("invalid_external_id")),
        (
            "00000000-0000-0000-0000-000000000000",
            Want::Refused("invalid_external_id"),
        ),
        ("[a]", Want::Refused("invalid_json")),
        ("", Want::RefusedAs("row no_identifier")),
        ("null", Want::RefusedAs("row no_identifier")),
        ("undefined", Want::RefusedAs("row no_identifier")),
    ]);
}
