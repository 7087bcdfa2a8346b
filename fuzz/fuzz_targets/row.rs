//! An export becomes events that are JSON, or problems.

#![no_main]

use std::sync::LazyLock;

use sync_core::csv::{CsvReader, Parsed};
use sync_core::events::{EventMapper, Fate, MappedRow};
use sync_core::spec::{self, SyncSpec};

/// 2026-11-01T11:00:00Z.
const NOW: i64 = 1_793_530_800;

static SPEC: LazyLock<SyncSpec> = LazyLock::new(|| {
    let text = "destination: acme
type: web_events
model:
  path: models/x/
  primary_key: id
  csv: {header: false, columns: [id, event, at, email, phone, ext, ip, url, value, items, sku, more, country]}
event: {pixel_code: C4A1, name: {from: event}, max_age: 3650d, when_out_of_range: warn}
mappings:
  - {from: at, to: event_time}
  - {from: email, to: user.email}
  - {from: phone, to: user.phone}
  - {from: ext, to: user.external_id}
  - {from: ip, to: user.ip}
  - {from: url, to: page.url}
  - {from: value, to: properties.value}
  - {from: items, to: properties.contents}
  - {from: sku, to: \"properties.contents[1].content_id\"}
  - {from: more, to: properties}
identity: {default_country: {from: country}}
";
    spec::read("x.yaml", text).unwrap().spec
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut reader = CsvReader::new(&SPEC.model.csv, "x.csv");
    let mut mapper = None;
    let mut out = MappedRow::default();
    let mut take = |parsed: Parsed<'_>| {
        match parsed {
            Parsed::Header(header) => mapper = EventMapper::new(&SPEC, header).ok(),
            Parsed::Row(row) => {
                if let Some(mapper) = &mapper
                    && mapper.map(&row, NOW, &mut out) == Fate::Send
                {
                    for event in &out.events {
                        let event: serde_json::Value = serde_json::from_slice(out.event_json(event)).unwrap();
                        assert!(event["event_time"].is_i64() && event["event_id"].is_string());
                    }
                }
            }
            Parsed::Bad { .. } => {}
        }
        Ok(())
    };
    let _ = reader.read(bytes, true, &mut take);
});
