//! Normalising twice is normalising once, and a body is read as it was written.

use proptest::prelude::*;

use super::super::json::Reader;
use super::laws::{MAPPINGS, cell};
use super::*;

/// The value at a path, as a column would hold it.
fn cell_of(event: &Value, path: &str) -> String {
    let pointer = format!("/{}", path.replace('.', "/"));
    match event.pointer(&pointer) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// Cells that are mostly good, by the mapping's column.
fn good(column: &str) -> BoxedStrategy<String> {
    let texts: &'static [&'static str] = match column {
        "email" => &[
            "Jane@X.de",
            " a.B+c@x.de;joe@x.de ",
            "[\"J\u{f6}rg@x.de\"]",
            "bad,a@x.de",
        ],
        "phone" => &["030 1234567", "+49 (0)170 1234567 x5", "+1 213 373 4253,12"],
        "ext" => &["User 1", "[\"a\", 2]", "00-1"],
        "first" => &["Mary  ANN", "\u{130}ris", "\u{c9}lodie"],
        "zip" => &["SW1A 1AA", "01067"],
        "city" => &["New York", "M\u{fc}nchen", "St. Gallen-9"],
        "ip" => &["203.0.113.9", "2001:DB8::1", "10.0.0.1"],
        "ua" => &[" Mozilla/5.0 "],
        "idfa" => &["5f3a2b18-9C4d-4e7f-b8e2-17d3a1e69b25", "device 7", "0"],
        "url" => &["https://x.de/?ttclid=%41b%2Bc", "https://x.de/"],
        "value" => &["1.0E7", "10.50", "007", ".5", "1e-7"],
        "currency" => &["eur", " USD "],
        "items" => &[
            "{\"content_id\": 7, \"price\": \"1E1\", \"x\": [1.50, null]}",
            "[{\"quantity\": 2.0}, null, {}, {\"brand\": \" A\\u0001\\\"B \"}]",
        ],
        "ids" => &["a", "[\"a\", 7, null]", "a,b"],
        "range" => &["[1, \"2.50\"]"],
        "free" => &["x", "{\"a\": [1, {\"b\": null}]}", "[1", " 1 "],
        "ldu" => &["Yes", "0"],
        _ => &["", "sku-2"],
    };
    let own = prop::sample::select(texts).prop_map(str::to_owned);
    prop_oneof![6 => own, 1 => Just(String::new()), 1 => cell()].boxed()
}

fn row() -> impl Strategy<Value = Vec<String>> {
    MAPPINGS
        .iter()
        .map(|(column, _)| good(column))
        .collect::<Vec<_>>()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// What went out, given again as a row, goes out equal: hashes stay, texts and numbers too.
    #[test]
    fn what_goes_out_goes_out_equal_when_it_is_given_again(cells in row()) {
        let mut spec = web(MAPPINGS);
        spec.identity.default_country = Some(crate::spec::CountryRule::Value(crate::identity::Country::new("DE").unwrap()));
        let first: Vec<(&str, &str)> = MAPPINGS.iter().map(|(column, _)| *column).zip(cells.iter().map(String::as_str)).collect();
        let once = map(&spec, &first);
        if let [(_, event)] = once.events.as_slice() {
            let given: Vec<String> = MAPPINGS
                .iter()
                // The contents hold what was mapped to a position of theirs.
                .map(|(_, path)| if path.contains('[') { String::new() } else { cell_of(event, path) })
                .collect();
            let second: Vec<(&str, &str)> = MAPPINGS.iter().map(|(column, _)| *column).zip(given.iter().map(String::as_str)).collect();
            let again = map(&spec, &second);
            prop_assert_eq!(again.end(), "sent", "{:?}", second);
            prop_assert_eq!(&again.events[0].1, event, "{:?}", second);
        }
    }

    /// Read and written again, a body is the same text to the byte, and the same JSON to serde_json.
    #[test]
    fn a_body_that_is_parsed_and_printed_is_the_same_text(rows in prop::collection::vec(row(), 1..4)) {
        let spec = web(MAPPINGS);
        let names: Vec<String> = MAPPINGS.iter().map(|(column, _)| *column).chain(["id", "time"]).map(str::to_owned).collect();
        let mapper = EventMapper::new(&spec, &Header::new(names)).unwrap();
        let time = TIME.to_string();
        let mut events: Vec<Vec<u8>> = Vec::new();
        let mut out = MappedRow::default();
        for (record, cells) in (1..).zip(&rows) {
            let fields: Vec<Option<&str>> = cells.iter().map(|cell| Some(cell.as_str())).chain([Some("order-1"), Some(time.as_str())]).collect();
            mapper.map(&Row::new(Position { record, line: None }, &fields), NOW, &mut out);
            events.extend(out.events.iter().map(|event| out.event_json(event).to_vec()));
        }
        let mut body = Vec::new();
        CallBody::new(&spec.events[0]).write(events.iter().map(Vec::as_slice), &mut body);
        let text = std::str::from_utf8(&body).unwrap();
        let mut copied = Vec::new();
        let mut reader = Reader::new(text);
        prop_assert!(reader.copy(&mut copied, &mut String::new()).is_ok() && reader.end().is_ok());
        prop_assert_eq!(std::str::from_utf8(&copied).unwrap(), text);
        let parsed: Value = serde_json::from_str(text).unwrap();
        let printed = serde_json::to_string(&parsed).unwrap();
        prop_assert_eq!(serde_json::from_str::<Value>(&printed).unwrap(), parsed.clone());
        prop_assert_eq!(parsed["data"].as_array().unwrap().len(), events.len());
    }
}
