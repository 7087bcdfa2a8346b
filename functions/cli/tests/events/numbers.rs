//! Numbers, currencies and truth values: the cell, and the JSON that goes.

use serde_json::{Value, json};

use crate::support::{Table, Want, hour_ago, is, preview, spec};

const NO_NUMBERS: &[&str] = &[
    "-1",
    "-0",
    "-0.5",
    "\u{2212}5",
    "--1",
    "+5",
    "1,000",
    "1,5",
    "10,50",
    "1.000,50",
    "1,000.50",
    "1.2.3",
    "1 000",
    "1\u{a0}000",
    "1\u{202f}000",
    "1_000",
    "1'000",
    "1’000",
    "$10",
    "€10",
    "10€",
    "£10",
    "¥10",
    "10 EUR",
    "EUR 10",
    "10 $",
    "10kg",
    "10%",
    "(10)",
    "10-",
    "NaN",
    "nan",
    "Infinity",
    "-Infinity",
    "inf",
    "null",
    "none",
    "n/a",
    "-",
    "x",
    "ten",
    "true",
    ".",
    "e5",
    "1e",
    "1e+",
    "1e5.5",
    "1e1e1",
    "1E99999",
    "1e400",
    "1e-400",
    "0x10",
    "1/2",
    "1d",
    "1f",
    "\"10\"",
    "１０",
    "٣",
    "½",
    "[1]",
    "{\"a\": 1}",
    "12345678901234567890123456789012345678901",
];

#[test]
fn amounts_are_numbers_without_exponent_sign_or_separator() {
    let goes: &[(&str, Value)] = &[
        ("10", json!(10)),
        ("0", json!(0)),
        ("10.5", json!(10.5)),
        (" 10 ", json!(10)),
        ("\u{a0}10\t", json!(10)),
        ("1.0E7", json!(10_000_000)),
        ("1e7", json!(10_000_000)),
        ("1E+3", json!(1000)),
        ("1.5E2", json!(150)),
        ("1.25e1", json!(12.5)),
        ("1.0e-2", json!(0.01)),
        ("5E-1", json!(0.5)),
        ("1e0", json!(1)),
        ("0E10", json!(0)),
        (".5", json!(0.5)),
        ("5.", json!(5)),
        ("007", json!(7)),
        ("00.50", json!(0.5)),
        ("12345678901234567", json!(12_345_678_901_234_567_u64)),
    ];
    for to in [
        "properties.value",
        "properties.contents[0].price",
        "properties.predicted_ltv",
        "properties.user_score",
    ] {
        let mut cases: Vec<_> = goes
            .iter()
            .map(|(cell, json)| {
                let want = if to == "properties.value" {
                    Want::Warns(json.clone(), "value_without_currency")
                } else {
                    Want::Is(json.clone())
                };
                (*cell, want)
            })
            .collect();
        cases.extend(
            NO_NUMBERS
                .iter()
                .map(|cell| (*cell, Want::Refused("invalid_number"))),
        );
        cases.extend(["", " ", "NULL", "\\N"].map(|cell| (cell, Want::Absent)));
        Table::web(to).check(&cases);
    }
}

#[test]
fn counts_are_whole_numbers() {
    let goes = [
        ("2", 2),
        ("2.0", 2),
        ("2.000", 2),
        ("2.", 2),
        ("1e2", 100),
        ("1.5E1", 15),
        ("0", 0),
        ("02", 2),
    ];
    let broken = ["2.5", "0.1", "1e-1", "1.0e-2", ".5", "1234567890123456789"];
    for to in ["properties.num_items", "properties.contents[0].quantity"] {
        let mut cases: Vec<_> = goes.iter().map(|(cell, json)| (*cell, is(*json))).collect();
        let bad = broken.iter().chain(NO_NUMBERS);
        cases.extend(bad.map(|cell| (*cell, Want::Refused("invalid_number"))));
        Table::web(to).check(&cases);
    }
}

/// The text of the body holds them as the warehouse wrote them, digit for digit.
#[test]
fn decimals_keep_their_digits() {
    let cells = [
        "10.50",
        "10.00",
        "0.1",
        "1.10",
        "19.99",
        "1234567890123456.789012345678901234",
        "0.000000001",
    ];
    let at = hour_ago().to_string();
    let row = |(n, cell): (usize, &&str)| vec![format!("row-{n}"), at.clone(), (*cell).to_owned()];
    let rows: Vec<_> = cells.iter().enumerate().map(row).collect();
    let mappings = "  - {from: at, to: event_time}\n  - {from: cell, to: properties.value}\n  - {value: EUR, to: \
                    properties.currency}\n  - {value: t, to: user.ttclid}\n";
    let shown = preview(
        &spec("web_events", "", "", mappings, ""),
        &["id", "at", "cell"],
        &rows,
    );
    let text: String = shown.text.split_whitespace().collect();
    for cell in cells {
        assert!(text.contains(&format!("\"value\":{cell},")), "{cell} in {text}");
    }
}

#[test]
fn every_currency_of_the_list_goes_in_capitals() {
    // The published list (reference section 6).
    let list = "AED ARS AUD BDT BHD BIF BOB BRL CAD CHF CLP CNY COP CRC CZK DKK DZD EGP EUR GBP GTQ HKD HNL HUF IDR \
                ILS INR ISK JPY KES KHR KRW KWD KZT MAD MOP MXN MYR NGN NIO NOK NZD OMR PEN PHP PKR PLN PYG QAR RON \
                RUB SAR SEK SGD THB TRY TWD UAH USD VES VND ZAR";
    let codes: Vec<&str> = list.split_whitespace().collect();
    assert_eq!(codes.len(), 62);
    let lower: Vec<String> = codes.iter().map(|code| code.to_lowercase()).collect();
    let mut cases: Vec<_> = codes.iter().map(|code| (*code, is(*code))).collect();
    cases.extend(
        lower
            .iter()
            .zip(&codes)
            .map(|(lower, code)| (lower.as_str(), is(*code))),
    );
    cases.extend([(" Eur ", is("EUR")), ("", Want::Absent)]);
    let refused = [
        "RSD",
        "BGN",
        "UYU",
        "LKR",
        "TZS",
        "ZWL",
        "BTC",
        "XXX",
        "ABC",
        "VEF",
        "CNH",
        "EURO",
        "euro",
        "€",
        "$",
        "US$",
        "£",
        "Dollar",
        "E UR",
        "EU",
        "E",
        "978",
        "EUR;USD",
        "EUR USD",
        "[\"EUR\"]",
        "null",
        "none",
        "n/a",
        "ЕUR",
        "ＥＵＲ",
    ];
    cases.extend(refused.map(|cell| (cell, Want::Refused("invalid_currency"))));
    Table::web("properties.currency").check(&cases);
}

#[test]
fn the_spec_adds_currencies_in_either_case() {
    Table::web("properties.currency")
        .top("currencies: {add: [RSD, uyu]}\n")
        .check(&[
            ("RSD", is("RSD")),
            ("rsd", is("RSD")),
            ("UYU", is("UYU")),
            ("EUR", is("EUR")),
            ("BGN", Want::Refused("invalid_currency")),
        ]);
}

#[test]
fn truth_values_are_read_in_any_case() {
    let mut cases: Vec<(&str, Want)> = Vec::new();
    cases
        .extend(["true", "TRUE", "True", " true ", "1", "yes", "YES", "t", "y"].map(|cell| (cell, is(true))));
    cases.extend(["false", "FALSE", "0", "no", "No", "f", "n"].map(|cell| (cell, is(false))));
    cases.extend(
        ["2", "on", "off", "maybe", "1.0", "truee", "null", "-"]
            .map(|cell| (cell, Want::Refused("invalid_value"))),
    );
    cases.push(("", Want::Absent));
    Table::web("limited_data_use").check(&cases);
}
