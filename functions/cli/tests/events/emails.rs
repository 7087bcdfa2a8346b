//! Email addresses: the cell, and the address that is hashed (design: the rule of emails; RFC 5321 for the lengths).

use serde_json::json;

use crate::support::{Table, Want, hashes, sha256};

fn table() -> Table {
    Table::web("user.email").alone()
}

#[test]
fn addresses_are_trimmed_lowered_and_composed_and_nothing_else() {
    let longest_local = format!("{}@x.de", "a".repeat(64));
    let longest_label = format!("a@{}.de", "b".repeat(63));
    // 64 + @ + 63 + . + 63 + . + 61 = 254 bytes.
    let longest = format!(
        "{}@{}.{}.{}",
        "a".repeat(64),
        "b".repeat(63),
        "c".repeat(63),
        "d".repeat(61)
    );
    assert_eq!(longest.len(), 254);
    let cases: &[(&str, &str)] = &[
        ("jane@shop.example", "jane@shop.example"),
        (" Jane@Shop.Example ", "jane@shop.example"),
        ("JANE@SHOP.EXAMPLE", "jane@shop.example"),
        ("jane@x.de\u{a0}", "jane@x.de"),
        ("\u{3000}jane@x.de\r\n", "jane@x.de"),
        ("\tjane@x.de", "jane@x.de"),
        ("jane.doe+news@gmail.com", "jane.doe+news@gmail.com"),
        ("j.a.n.e@gmail.com", "j.a.n.e@gmail.com"),
        (".jane@x.de", ".jane@x.de"),
        ("jane.@x.de", "jane.@x.de"),
        ("ja..ne@x.de", "ja..ne@x.de"),
        ("o'neil@x.de", "o'neil@x.de"),
        ("jane!#$%&*/=?^_`{|}~@x.de", "jane!#$%&*/=?^_`{|}~@x.de"),
        ("j@x.de", "j@x.de"),
        ("jane@a.b.c.d.de", "jane@a.b.c.d.de"),
        ("jane@x-y.de", "jane@x-y.de"),
        ("jane@x.c", "jane@x.c"),
        ("jane@1.2.3.4", "jane@1.2.3.4"),
        ("jane@3com.example", "jane@3com.example"),
        ("jane@xn--mnchen-3ya.de", "jane@xn--mnchen-3ya.de"),
        ("jane@MÜNCHEN.de", "jane@münchen.de"),
        ("用户@例子.广告", "用户@例子.广告"),
        ("JO\u{308}RG@x.de", "jörg@x.de"),
        ("J\u{d6}RG@x.de", "jörg@x.de"),
        ("почта@пример.рф", "почта@пример.рф"),
        (&longest_local, &longest_local),
        (&longest_label, &longest_label),
        (&longest, &longest),
    ];
    let cases: Vec<_> = cases
        .iter()
        .map(|(cell, address)| (*cell, hashes(&[address])))
        .collect();
    table().check(&cases);
}

#[test]
fn what_is_no_address_is_refused_for_the_email() {
    let long_local = format!("{}@x.de", "a".repeat(65));
    let long_label = format!("a@{}.de", "b".repeat(64));
    let too_long = format!(
        "{}@{}.{}.{}",
        "a".repeat(64),
        "b".repeat(63),
        "c".repeat(63),
        "d".repeat(62)
    );
    // 33 letters of two bytes each.
    let long_in_bytes = format!("{}@x.de", "ä".repeat(33));
    let cells: &[&str] = &[
        "jane",
        "jane.x.de",
        "jane(at)x.de",
        "jane at x.de",
        "@x.de",
        "jane@",
        "@",
        "jane@@x.de",
        "jane@y@x.de",
        "jane@x",
        "test@localhost",
        "jane@x.de.",
        "jane@.x.de",
        "jane@x..de",
        "jane@-x.de",
        "jane@x-.de",
        "jane@x.-de",
        "jane@x_y.de",
        "jane@x y.de",
        "jane@[1.2.3.4]",
        "jane@x.de/",
        "jane@x.de?",
        "jane@x.de:25",
        "ja ne@x.de",
        "ja\tne@x.de",
        "\"jane doe\"@x.de",
        "Jane <jane@x.de>",
        "<jane@x.de>",
        "(jane)@x.de",
        "[jane]@x.de x",
        "jane\\@x.de",
        "jane:x@x.de",
        "mailto:jane@x.de",
        "ja\u{200b}ne@x.de",
        "\u{200b}jane@x.de",
        "\u{feff}jane@x.de",
        "jane@x.de\u{200b}",
        "ja\u{ad}ne@x.de",
        "ja\u{202e}ne@x.de",
        "ja\u{7}ne@x.de",
        "jane@x.de joe@x.de",
        "jane＠x.de",
        "jane@x。de",
        "jane@x.de|joe@x.de",
        "'jane@x.de'",
        "{jane@x.de}",
        "+491701234567",
        "http://x.de",
        "true",
        "0",
        "17",
        "d41d8cd98f00b204e9800998ecf8427e",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        &long_local,
        &long_label,
        &too_long,
        &long_in_bytes,
    ];
    let cases: Vec<_> = cells
        .iter()
        .map(|cell| {
            // What begins with a bracket is meant as a list.
            let code = if cell.starts_with('[') {
                "invalid_json"
            } else {
                "invalid_email"
            };
            (*cell, Want::Refused(code))
        })
        .collect();
    table().check(&cases);
}

#[test]
fn lists_are_taken_apart_and_a_bad_address_does_not_harm_a_good_one() {
    let both = || hashes(&["jane@x.de", "joe@x.de"]);
    let bad = |code| Want::Warns(json!([sha256("jane@x.de")]), code);
    table().check(&[
        ("jane@x.de,joe@x.de", both()),
        ("jane@x.de ; joe@x.de", both()),
        ("jane@x.de;;, joe@x.de,", both()),
        ("[\"jane@x.de\", \"joe@x.de\"]", both()),
        (" [ \"Jane@X.de\" , null, \"joe@x.de\", \"\" ] ", both()),
        ("[\"jane\\u0040x.de\"]", hashes(&["jane@x.de"])),
        ("jane@x.de,JANE@X.DE", hashes(&["jane@x.de"])),
        ("jane@x.de,null,n/a", hashes(&["jane@x.de"])),
        ("jane@x.de,bad", bad("invalid_email")),
        ("[\"jane@x.de\", \"bad\"]", bad("invalid_email")),
        ("[\"jane@x.de\", {\"a\": 1}]", bad("invalid_json")),
        ("[\"jane@x.de\", 7]", bad("invalid_email")),
        ("bad,worse", Want::Refused("invalid_email")),
        ("[\"bad\"]", Want::Refused("invalid_email")),
        ("[jane@x.de]", Want::Refused("invalid_json")),
        ("['jane@x.de']", Want::Refused("invalid_json")),
        ("[\"jane@x.de\"", Want::Refused("invalid_json")),
        ("[", Want::Refused("invalid_json")),
        ("{jane@x.de,joe@x.de}", Want::Refused("invalid_json")),
        ("[]", Want::RefusedAs("row no_identifier")),
        ("[null]", Want::RefusedAs("row no_identifier")),
        (",", Want::RefusedAs("row no_identifier")),
    ]);
}

#[test]
fn words_for_nothing_are_absent_in_any_case() {
    let cells = [
        "",
        " ",
        "null",
        "NULL",
        "None",
        "NONE",
        "undefined",
        "NaN",
        "nan",
        "n/a",
        "N/A",
        "-",
        " null ",
    ];
    let cases: Vec<_> = cells
        .iter()
        .map(|cell| (*cell, Want::RefusedAs("row no_identifier")))
        .collect();
    table().check(&cases);
    // With another identifier beside it nothing is said at all.
    let cases: Vec<_> = cells.iter().map(|cell| (*cell, Want::Absent)).collect();
    Table::web("user.email").check(&cases);
    Table::web("user.email").check(&[("bad", Want::Left("invalid_email"))]);
}

#[test]
fn the_published_vectors_come_out() {
    let known = |hash: &str| Want::Is(json!([hash]));
    table().check(&[
        (
            " ALICE_abc@gmail.com ",
            known("848a771458438fc2ec420560d769fb9b9b86851ee338ec56517baabd79d3bb4f"),
        ),
        (
            "janedoe@gmail.com",
            known("d6117306485ed0e50afab3ac871e98f81699151f30281527d63ff5f233656c69"),
        ),
    ]);
}
