//! Rows and the events that they make.

mod again;
mod blocks;
mod contents;
mod fields;
mod laws;
mod names_and_times;
mod people;
mod whole;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::*;
use crate::names::{DestinationName, EventSetId, PixelCode, SyncName};
use crate::rejection::Problem;
use crate::row::{Header, Position, Row};
use crate::spec::{
    Alerts, CsvOptions, EmailRule, EventBlock, EventNameRule, EventSource, Guards, Hashing, IdentityRules,
    Mapping, MappingSource, MappingTarget, Mode, Model, OutOfRange, PhoneRule, RunOn, SyncSpec, SyncType,
};

/// 2026-08-01T12:00:00Z, the time of the rows.
const TIME: i64 = 1_785_585_600;
/// An hour later.
const NOW: i64 = TIME + 3_600;

fn sha256(text: &str) -> String {
    const_hex::encode(Sha256::digest(text))
}

fn block(source: EventSource, name: EventNameRule) -> EventBlock {
    EventBlock {
        source,
        name,
        allow_custom_names: false,
        modern_names: false,
        batch_size: 1_000,
        test_event_code: None,
        max_age: Duration::from_hours(28 * 24),
        max_future: Duration::from_mins(10),
        when_out_of_range: OutOfRange::Refuse,
    }
}

fn pixel() -> EventSource {
    EventSource::Web(PixelCode::new("C4A1EXAMPLEPIXEL0001").unwrap())
}

fn event_set() -> EventSetId {
    EventSetId::new("7300000000000000001").unwrap()
}

fn value(name: &str) -> EventNameRule {
    EventNameRule::Value(name.to_owned())
}

fn from(column: &str, map: &[(&str, &str)]) -> EventNameRule {
    let map: BTreeMap<_, _> = map
        .iter()
        .map(|(own, name)| ((*own).to_owned(), (*name).to_owned()))
        .collect();
    EventNameRule::From {
        column: column.to_owned(),
        map,
    }
}

/// A spec with the columns `id` (primary key) and `time`, and these mappings. `=text` stands for a constant.
fn spec(kind: SyncType, mappings: &[(&str, &str)]) -> SyncSpec {
    let source = match kind {
        SyncType::OfflineEvents => EventSource::Offline(event_set()),
        SyncType::CrmEvents => EventSource::Crm(event_set()),
        _ => pixel(),
    };
    let mappings = [("time", "event_time")]
        .iter()
        .chain(mappings)
        .map(|(from, to)| Mapping {
            source: match from.strip_prefix('=') {
                Some(value) => MappingSource::Value(value.to_owned()),
                None => MappingSource::Column((*from).to_owned()),
            },
            to: MappingTarget::Event(Target::parse(to, kind).unwrap()),
        });
    SyncSpec {
        name: SyncName::new("test").unwrap(),
        destination: DestinationName::new("acme").unwrap(),
        kind,
        mode: Mode::Insert,
        model: Model {
            path: "models/test/".to_owned(),
            primary_key: vec!["id".to_owned()],
            format: None,
            csv: CsvOptions {
                delimiter: None,
                header: true,
                columns: Vec::new(),
                null_values: Vec::new(),
            },
            run_on: RunOn::EachFile,
            time_zone: jiff::tz::TimeZone::UTC,
        },
        events: vec![block(source, value("Purchase"))],
        audience: None,
        mappings: mappings.collect(),
        hashing: Hashing::Auto,
        identity: IdentityRules {
            default_country: None,
            email_rules: vec![EmailRule::Plain],
            phone_rules: vec![PhoneRule::WithPlus],
        },
        extra_currencies: Vec::new(),
        guards: Guards {
            min_rows: 1,
            max_removed_percent: 20.0,
            max_rejected_percent: 50.0,
        },
        match_booster: None,
        alerts: Alerts::default(),
        debugger_keep_days: 7,
        rejected_file: true,
    }
}

fn web(mappings: &[(&str, &str)]) -> SyncSpec {
    spec(SyncType::WebEvents, mappings)
}

fn offline(mappings: &[(&str, &str)]) -> SyncSpec {
    spec(SyncType::OfflineEvents, mappings)
}

/// What a row became.
struct Mapped {
    fate: Fate,
    /// The events with their blocks.
    events: Vec<(usize, Value)>,
    warnings: Vec<Problem>,
}

impl Mapped {
    /// The warnings as `field code`.
    fn warned(&self) -> Vec<String> {
        self.warnings.iter().map(named).collect()
    }

    /// The reason for refusing as `field code`, or how else the row ended.
    fn end(&self) -> String {
        match &self.fate {
            Fate::Send => "sent".to_owned(),
            Fate::Expired => "expired".to_owned(),
            Fate::Rejected(problem) => named(problem),
        }
    }

    /// The only event.
    fn event(&self) -> &Value {
        assert_eq!(
            (self.end().as_str(), self.events.len()),
            ("sent", 1),
            "{:?}",
            self.fate
        );
        &self.events[0].1
    }
}

fn named(problem: &Problem) -> String {
    format!(
        "{} {}",
        problem.field.as_deref().unwrap_or("row"),
        problem.code.as_str()
    )
}

/// Maps a row. The columns `id` and `time` are filled when the row does not name them; columns that the spec names
/// and the row does not are empty.
fn map(spec: &SyncSpec, row: &[(&str, &str)]) -> Mapped {
    let time = TIME.to_string();
    let mut names: Vec<String> = Vec::new();
    let mut fields: Vec<Option<&str>> = Vec::new();
    for (name, value) in row
        .iter()
        .copied()
        .chain([("id", "order-1"), ("time", time.as_str())])
    {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
            fields.push(Some(value).filter(|value| !value.is_empty()));
        }
    }
    if let Err(missing) = EventMapper::new(spec, &Header::new(names.clone())) {
        names.extend(missing.columns.into_iter().map(|column| column.name));
        fields.resize(names.len(), None);
    }
    let mapper = EventMapper::new(spec, &Header::new(names)).unwrap();
    let row = Row::new(
        Position {
            record: 1,
            line: Some(2),
        },
        &fields,
    );
    let mut out = MappedRow::default();
    // The buffers hold another row's rest.
    mapper.map(&row, NOW, &mut out);
    let fate = mapper.map(&row, NOW, &mut out);
    let parse = |event: &MappedEvent| {
        (
            event.block,
            serde_json::from_slice(out.event_json(event)).unwrap(),
        )
    };
    let events: Vec<_> = out.events.iter().map(parse).collect();
    assert_eq!(fate == Fate::Send, !events.is_empty());
    assert!(fate == Fate::Send || out.warnings.is_empty());
    Mapped {
        fate,
        events,
        warnings: out.warnings.clone(),
    }
}

/// Replaces each `sha256:text` by the hash of the text.
fn hashed(value: Value) -> Value {
    match value {
        Value::String(text) => match text.strip_prefix("sha256:") {
            Some(clear) => sha256(clear).into(),
            None => text.into(),
        },
        Value::Array(values) => values.into_iter().map(hashed).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(key, value)| (key, hashed(value)))
            .collect(),
        other => other,
    }
}

/// The row is sent, as an event of these members beside `event`, `event_time` and `event_id`, with these warnings
/// (`field code`; those on a missing `page.url` are left out).
#[track_caller]
fn sends(spec: &SyncSpec, row: &[(&str, &str)], expected: Value, warnings: &[&str]) {
    let mapped = map(spec, row);
    let mut event = mapped.event().clone();
    let members = event.as_object_mut().unwrap();
    for key in ["event", "event_time", "event_id"] {
        assert!(members.shift_remove(key).is_some(), "{key}");
    }
    assert_eq!(event, hashed(expected), "{row:?}");
    let mut warned = mapped.warned();
    warned.retain(|warning| warning != "page.url missing_page_url");
    assert_eq!(warned, warnings, "{row:?}");
}

/// The row is refused for this reason (`field code`).
#[track_caller]
fn refuses(spec: &SyncSpec, row: &[(&str, &str)], reason: &str) {
    assert_eq!(map(spec, row).end(), reason, "{row:?}");
}
