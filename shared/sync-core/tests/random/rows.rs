//! Specs, and CSV rows on their way to events.

use serde_json::Value;
use sync_core::csv::{CsvReader, Parsed};
use sync_core::events::{EventMapper, Fate, MappedRow};
use sync_core::spec::{self, SyncSpec};

use crate::inputs::{Random, break_once, text};

const SPECS: &[&str] = &[
    "destination: acme\ntype: web_events\nmodel: {path: models/x/, primary_key: id}\nevent:\n  pixel_code: C4A1\n  name: {from: event, \
     map: {sale: Purchase}}\n  allow_custom_names: true\nmappings:\n  - {from: at, to: event_time}\n  - {from: email, to: user.email}\n  - \
     {from: phone, to: user.phone}\n  - {from: ext, to: user.external_id}\n  - {from: ip, to: user.ip}\n  - {from: url, to: page.url}\n  - {from: \
     value, to: properties.value}\n  - {from: items, to: properties.contents}\n  - {from: sku, to: \"properties.contents[1].content_id\"}\n  - \
     {from: more, to: properties}\nidentity: {default_country: {from: country}}\n",
    "destination: acme\ntype: offline_events\nmodel:\n  path: models/x/\n  primary_key: [id, shop]\n  time_zone: Europe/Berlin\n  csv: {delimiter: \
     \";\", header: false, columns: [id, shop, at, phones, ids], null_values: [\"-\"]}\nevent: {event_set_id: \"73\", name: {value: Purchase}, \
     max_age: 3650d, when_out_of_range: warn}\nmappings:\n  - {from: at, to: timestamp}\n  - {from: phones, to: phones}\n  - {from: ids, to: \
     properties.content_ids}\n  - {value: eur, to: properties.currency}\nidentity: {default_country: US}\nhashing: auto\n",
    "destination: acme\ntype: crm_events\nmodel: {path: models/x/, primary_key: id}\nevent:\n  - {event_set_id: \"73\", name: {from: event, map: \
     {won: Purchase}}}\n  - {event_set_id: \"74\", name: {from: event, map: {won: Lead, lost: Contact}}}\nmappings:\n  - {from: at, to: \
     event_time}\n  - {from: lead, to: lead.lead_id}\n  - {from: email, to: user.email}\n  - {from: value, to: properties.value}\nhashing: \
     already_hashed\nguards: {min_rows: 10}\ncurrencies: {add: [RSD]}\n",
];

#[test]
fn ten_thousand_specs_are_read_or_refused() {
    let mut random = Random::new(4);
    let mut read = 0;
    for _ in 0..10_000 {
        let mut input = random.one(SPECS).to_owned();
        for _ in 0..random.below(6) {
            break_once(&mut random, &mut input);
        }
        match spec::read("x.yaml", &input) {
            Ok(_) => read += 1,
            Err(errors) => assert!(!errors.errors.is_empty(), "{input}"),
        }
    }
    assert!(read > 500, "{read} of them are valid");
}

/// Columns of the three specs, and what stands in them.
const CELLS: &[&str] = &[
    "o-1",
    "jane@shop.example",
    "JANE@X.DE,joe@x.de",
    "[\"jane@x.de\", null]",
    "030 1234567",
    "+49 170 1234567",
    "+1 213 373 4253 ext. 5",
    "17",
    "203.0.113.9",
    "https://x.de/?ttclid=%41b",
    "20.50",
    "1.0E7",
    "-1",
    "eur",
    "DE",
    "ZZ",
    "Purchase",
    "sale",
    "won",
    "lost",
    "Refund",
    "purchase",
    "[{\"content_id\": 7, \"price\": \"10.5\"}, {}]",
    "{\"value\": 1, \"own\": {\"a\": [1, null]}}",
    "[{\"price\": 1e-3, \"x\": \"\\u0000\\ud83d\\ude00\"}]",
    "[",
    "{\"a\"",
    "\"",
    "\"a\"\"b\"",
    "null",
    "",
    "-",
    "1793527200",
    "2026-11-01 10:00:00",
    "2026-10-25 02:30:00",
    "7321000000000000001",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "\u{feff}",
];

/// An export for a spec: its header, rows of cells, and a slip here and there.
fn export(random: &mut Random, spec: &SyncSpec, rows: usize) -> Vec<u8> {
    let delimiter = char::from(spec.model.csv.delimiter.unwrap_or(b','));
    let names = [
        "id", "event", "at", "email", "phone", "ext", "ip", "url", "value", "items", "sku", "more",
        "country", "lead",
    ];
    let (mut csv, columns) = if spec.model.csv.header {
        (names.join(&delimiter.to_string()) + "\n", names.len())
    } else {
        (String::new(), spec.model.csv.columns.len())
    };
    for row in 0..rows {
        for column in 0..columns {
            if column > 0 {
                csv.push(delimiter);
            }
            // Most rows have a key and a time, so that their other fields are looked at.
            let cell = match (column, random.below(8)) {
                (0, 1..) => format!("o-{row}"),
                (2, 1..) => "1793527200".to_owned(),
                (1, 1..) if spec.model.csv.header => {
                    random.one(&["Purchase", "sale", "won", "AddToCart"]).to_owned()
                }
                (_, 0) => text(random, CELLS),
                (3, 1..4) => "jane@shop.example".to_owned(),
                (_, 1..5) => String::new(),
                _ => random.one(CELLS).to_owned(),
            };
            if random.below(20) == 0 {
                csv.push_str(&cell);
            } else {
                csv.extend(["\"", &cell.replace('"', "\"\""), "\""]);
            }
        }
        csv.push_str(random.one(&["\n", "\n", "\r\n"]));
    }
    let mut bytes = csv.into_bytes();
    for _ in 0..random.below(2) {
        let at = random.below(bytes.len());
        bytes[at] = random.next().to_le_bytes()[0];
    }
    bytes
}

#[test]
fn two_hundred_seventy_thousand_rows_become_events_or_problems() {
    const ROWS: usize = 30;
    let now = 1_793_530_800;
    let mut random = Random::new(5);
    let (mut seen, mut sent) = (0, 0);
    for turn in 0..9_000 {
        let spec = spec::read("x.yaml", SPECS[turn % SPECS.len()]).unwrap().spec;
        let bytes = export(&mut random, &spec, ROWS);
        let mut reader = CsvReader::new(&spec.model.csv, "x.csv");
        let mut mapper: Option<EventMapper> = None;
        let mut out = MappedRow::default();
        let mut take = |parsed: Parsed<'_>| {
            match parsed {
                Parsed::Header(header) => mapper = EventMapper::new(&spec, header).ok(),
                Parsed::Row(row) => {
                    seen += 1;
                    if mapper
                        .as_ref()
                        .is_some_and(|mapper| mapper.map(&row, now, &mut out) == Fate::Send)
                    {
                        sent += 1;
                        for event in &out.events {
                            let event: Value = serde_json::from_slice(out.event_json(event)).unwrap();
                            assert!(event["event_time"].as_i64().is_some_and(|time| time > 0));
                            assert!(event["event_id"].is_string() && event["event"].is_string());
                        }
                    }
                }
                Parsed::Bad { .. } => seen += 1,
            }
            Ok(())
        };
        let chunk = 1 + random.below(bytes.len());
        let mut chunks = bytes.chunks(chunk);
        let broken = chunks.any(|chunk| reader.read(chunk, false, &mut take).is_err());
        if !broken {
            let _ = reader.read(&[], true, &mut take);
        }
    }
    assert!(
        seen > 200_000 && sent > 10_000,
        "{seen} rows, {sent} of them sent"
    );
}
