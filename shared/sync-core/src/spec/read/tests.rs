use super::super::report::Report;
use super::super::samples::{BLOCKS, CRM, FILE_UPLOAD, FULL_AUDIENCE, FULL_WEB, OFFLINE, SEGMENT, WEB};
use super::super::{
    AudienceRef, CountryRule, EmailRule, EventNameRule, EventSource, Format, Hashing, MappingSource,
    MappingTarget, Mode, OutOfRange, PersonTarget, PhoneRule, RunOn, SpecErrors, SyncSpec, SyncType, Via,
};
use super::{read, read_with};
use std::time::Duration;

mod text;
mod wrong;

/// Reads a spec as if everything were built.
fn built(text: &str) -> Result<SyncSpec, SpecErrors> {
    let report = Report::new("web.yaml");
    read_with(&report, "web.yaml", text, &[]).ok_or_else(|| report.into_errors())
}

fn good(text: &str) -> SyncSpec {
    built(text).unwrap_or_else(|errors| panic!("{errors}\n{text}"))
}

/// A sample with one text in the place of another, which it must hold.
fn with(sample: &str, old: &str, new: &str) -> String {
    assert!(sample.contains(old), "the sample has no {old:?}");
    sample.replacen(old, new, 1)
}

#[test]
fn the_smallest_specs_have_the_documented_defaults() {
    let spec = read("specs/web-purchases.yaml", WEB).unwrap().spec;
    assert_eq!(spec.name.as_str(), "web-purchases");
    assert_eq!(spec.destination.as_str(), "acme");
    assert_eq!((spec.kind, spec.mode), (SyncType::WebEvents, Mode::Insert));
    assert_eq!(spec.model.format, None);
    assert_eq!(spec.model.csv.delimiter, None);
    assert!(spec.model.csv.header);
    assert_eq!(spec.model.csv.null_values, ["", "\\N", "NULL"]);
    assert_eq!(spec.model.run_on, RunOn::EachFile);
    assert_eq!(spec.model.time_zone, jiff::tz::TimeZone::UTC);
    let [event] = spec.events.as_slice() else {
        panic!("one block")
    };
    assert_eq!(event.batch_size, 1);
    assert_eq!(event.max_age, Duration::from_hours(28 * 24));
    assert_eq!(event.max_future, Duration::from_mins(10));
    assert_eq!(event.when_out_of_range, OutOfRange::Refuse);
    assert_eq!((event.allow_custom_names, event.modern_names), (false, false));
    assert_eq!(event.test_event_code, None);
    assert_eq!(spec.hashing, Hashing::Auto);
    assert_eq!(spec.identity.default_country, None);
    assert_eq!(spec.identity.email_rules, [EmailRule::Plain]);
    assert_eq!(spec.identity.phone_rules, [PhoneRule::WithPlus]);
    assert!(spec.extra_currencies.is_empty());
    assert_eq!(spec.guards.min_rows, 1);
    assert!((spec.guards.max_removed_percent - 20.0).abs() < f64::EPSILON);
    assert!((spec.guards.max_rejected_percent - 50.0).abs() < f64::EPSILON);
    assert_eq!(spec.debugger_keep_days, 7);
    assert!(spec.rejected_file);
    assert_eq!((spec.audience, spec.match_booster), (None, None));

    assert_eq!(good(OFFLINE).events[0].batch_size, 100);
    assert_eq!(good(CRM).events[0].batch_size, 1);
    let segment = good(SEGMENT);
    assert_eq!(segment.model.run_on, RunOn::EachFile);
    let audience = segment.audience.unwrap();
    assert_eq!(
        audience.via,
        Via::Segment {
            persons_per_call: 1_000
        }
    );
    assert_eq!(audience.audience, AudienceRef::Name("VIP buyers".to_owned()));
    let audience = good(FILE_UPLOAD).audience.unwrap();
    assert_eq!(
        audience.via,
        Via::FileUpload {
            retention_days: None,
            audience_enhancement: false,
            file_header: false,
        }
    );
    assert!(matches!(audience.audience, AudienceRef::Id(id) if id.as_str() == "160000001"));
}

#[test]
fn every_key_of_web_events_is_read() {
    let read = read("other.yaml", FULL_WEB).unwrap();
    let spec = read.spec;
    assert_eq!(spec.name.as_str(), "web-purchases");
    assert_eq!(spec.model.path, "models/web-purchases/");
    assert_eq!(spec.model.primary_key, ["event_id"]);
    assert_eq!(spec.model.format, Some(Format::Csv));
    assert_eq!(spec.model.csv.delimiter, Some(b','));
    let event = &spec.events[0];
    assert!(matches!(&event.source, EventSource::Web(code) if code.as_str() == "C4A1EXAMPLEPIXEL0001"));
    assert_eq!(
        event.name,
        EventNameRule::From {
            column: "event".to_owned(),
            map: [].into()
        }
    );
    assert_eq!(event.batch_size, 1000);
    assert_eq!(event.test_event_code.as_deref(), Some("TEST12345"));
    assert_eq!(spec.mappings.len(), 9);
    assert_eq!(spec.mappings[6].source, MappingSource::Value("EUR".to_owned()));
    assert!(
        matches!(&spec.mappings[8].to, MappingTarget::Event(to) if to.path() == "properties.contents[0].content_id")
    );
    assert!(matches!(
        spec.identity.default_country,
        Some(CountryRule::Value(_))
    ));
    let warnings: Vec<String> = read.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "other.yaml:19:20: event.test_event_code: these events go to TikTok's test page only and count for nothing; \
          take the key out to go live"
        ]
    );
}

#[test]
fn every_key_of_audiences_is_read() {
    let spec = good(FULL_AUDIENCE);
    assert_eq!((spec.kind, spec.mode), (SyncType::CustomAudience, Mode::Mirror));
    assert_eq!(spec.model.primary_key, ["shop", "customer_id"]);
    assert_eq!(spec.model.run_on, RunOn::Marker("_SUCCESS".to_owned()));
    assert_eq!(spec.mappings[1].to, MappingTarget::Person(PersonTarget::Gaid));
    assert_eq!(
        spec.identity.default_country,
        Some(CountryRule::From("country_column".to_owned()))
    );
    assert_eq!(
        spec.identity.email_rules,
        [EmailRule::Plain, EmailRule::NoPlus, EmailRule::NoPlusNoDots]
    );
    assert_eq!(
        spec.identity.phone_rules,
        [PhoneRule::WithPlus, PhoneRule::Digits]
    );
    let booster = spec.match_booster.unwrap();
    assert_eq!(booster.identities, "identities/customers.csv");
    assert_eq!(
        booster.on.into_iter().collect::<Vec<_>>(),
        [("customer_id".to_owned(), "customer_id".to_owned())]
    );
    assert_eq!(
        booster
            .add
            .iter()
            .map(|c| (c.from.as_str(), c.to))
            .collect::<Vec<_>>(),
        [("phone2", PersonTarget::Phone), ("gaid", PersonTarget::Gaid)]
    );
    assert_eq!(spec.alerts.rejected_percent, Some(5.0));
    assert_eq!(spec.alerts.no_export_for, Some(Duration::from_hours(26)));

    let upload = with(
        FILE_UPLOAD,
        "via: file_upload",
        "via: file_upload\n  retention_days: 180\n  audience_enhancement: true\n  file_header: true",
    );
    let via = good(&upload).audience.unwrap().via;
    assert_eq!(
        via,
        Via::FileUpload {
            retention_days: Some(180),
            audience_enhancement: true,
            file_header: true,
        }
    );
}

#[test]
fn several_blocks_and_files_without_header_are_read() {
    let spec = good(BLOCKS);
    assert!(!spec.model.csv.header);
    assert_eq!(spec.model.csv.columns, ["id", "at", "lead", "state"]);
    assert_eq!(spec.model.csv.delimiter, Some(b'\t'));
    assert!(spec.model.csv.null_values.is_empty());
    let [first, second] = spec.events.as_slice() else {
        panic!("two blocks")
    };
    let map = [
        ("new".to_owned(), "Lead".to_owned()),
        ("won".to_owned(), "Purchase".to_owned()),
    ];
    assert_eq!(
        first.name,
        EventNameRule::From {
            column: "state".to_owned(),
            map: map.into()
        }
    );
    assert_eq!(second.name, EventNameRule::Value("ViewContent".to_owned()));
    assert_eq!(
        (second.allow_custom_names, second.modern_names, second.batch_size),
        (true, true, 7)
    );
    assert_eq!(second.max_age, Duration::from_hours(7 * 24));
    assert_eq!(second.max_future, Duration::from_hours(1));
    assert_eq!(second.when_out_of_range, OutOfRange::Warn);
    assert_eq!(spec.hashing, Hashing::AlreadyHashed);
}

#[test]
fn values_are_taken_as_they_are_written() {
    // An id above 2^63 without quotes, a column that looks like a number, a constant with its digits.
    let spec = good(&with(OFFLINE, "\"7300000000000000001\"", "73000000000000000017"));
    assert_eq!(spec.events[0].source.id(), "73000000000000000017");
    let spec = good(&with(WEB, "primary_key: id", "primary_key: 2024"));
    assert_eq!(spec.model.primary_key, ["2024"]);
    let more = "  - {value: 1.10, to: properties.value}\n  - {value: true, to: limited_data_use}\n";
    let spec = good(&format!("{WEB}{more}"));
    assert_eq!(spec.mappings[2].source, MappingSource::Value("1.10".to_owned()));
    assert_eq!(spec.mappings[3].source, MappingSource::Value("true".to_owned()));
    // Norway is a country and no `false`.
    let spec = good(&format!("{WEB}identity: {{default_country: NO}}\n"));
    assert!(matches!(
        spec.identity.default_country,
        Some(CountryRule::Value(_))
    ));
    // `\t` by the escape of YAML, and as two characters.
    for tab in ["\"\\t\"", "'\\t'", "\\t"] {
        let spec = good(&with(
            WEB,
            "primary_key: id",
            &format!("primary_key: id\n  csv: {{delimiter: {tab}}}"),
        ));
        assert_eq!(spec.model.csv.delimiter, Some(b'\t'), "{tab}");
    }
    // Percent signs, flow and block style, aliases, tags of text.
    let spec = good(&format!("{WEB}guards: {{max_rejected_percent: 2.5%}}\n"));
    assert!((spec.guards.max_rejected_percent - 2.5).abs() < f64::EPSILON);
    let spec = good(&with(
        WEB,
        "primary_key: id",
        "primary_key: &key [!!str true, b]\n  csv: {header: false, columns: [\"true\", b, at, email]}",
    ));
    assert_eq!(spec.model.primary_key, ["true", "b"]);
    let aliased = with(BLOCKS, "won: Purchase", "won: &sold Purchase, paid: *sold");
    assert!(
        matches!(&good(&aliased).events[0].name, EventNameRule::From { map, .. } if map["paid"] == "Purchase")
    );
}

#[test]
fn a_list_takes_several_mappings() {
    let more = "  - {from: email2, to: user.email}\n  - {from: phone, to: phones}\n  - {from: mobile, to: user.phone}\n";
    assert_eq!(good(&format!("{WEB}{more}")).mappings.len(), 5);
    assert_eq!(
        good(&format!("{SEGMENT}  - {{from: email2, to: email}}\n"))
            .mappings
            .len(),
        2
    );
}

#[test]
fn a_path_without_its_slash_is_a_folder_with_a_warning() {
    let read = read("web.yaml", &with(WEB, "models/web/", "models/web")).unwrap();
    assert_eq!(read.spec.model.path, "models/web/");
    assert_eq!(
        read.warnings[0].to_string(),
        "web.yaml:4:9: model.path: read as the folder models/web/, for exports lie in folders; end it with a slash"
    );
}

#[test]
fn odd_but_right_specs_come_with_warnings() {
    for (sample, old, new, warning) in [
        (
            WEB,
            "user.email}",
            "user.email}\n  - {from: lead, to: lead.lead_id}",
            "web.yaml:12:22: mappings[2].to: TikTok has this field for crm events only; it is sent all the same",
        ),
        (
            WEB,
            "user.email}",
            "user.email}\n  - {from: c, to: properties.curency}",
            "web.yaml:12:19: mappings[2].to: TikTok lists no such property, and it is sent as it is; did you mean properties.currency?",
        ),
        (
            WEB,
            "name: {value: Purchase}",
            "name: {value: Purchase}\n  max_age: 90d",
            "web.yaml:9:12: event.max_age: TikTok neither matches nor reports events older than 28d",
        ),
    ] {
        let read = read("web.yaml", &with(sample, old, new)).unwrap();
        let warnings: Vec<String> = read.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(warnings, [warning]);
    }
}

#[test]
fn columns_are_named_with_their_keys() {
    for sample in [
        WEB,
        OFFLINE,
        CRM,
        SEGMENT,
        FILE_UPLOAD,
        FULL_WEB,
        FULL_AUDIENCE,
        BLOCKS,
    ] {
        let report = Report::new("web.yaml");
        let spec = read_with(&report, "web.yaml", sample, &[]).unwrap();
        let mut named: Vec<_> = report
            .columns()
            .into_iter()
            .map(|column| (column.name, column.path))
            .collect();
        let mut columns: Vec<_> = spec
            .columns()
            .into_iter()
            .map(|column| (column.column.to_owned(), column.path))
            .collect();
        named.sort();
        columns.sort();
        assert_eq!(columns, named);
    }
    let spec = good(FULL_AUDIENCE);
    let columns: Vec<_> = spec
        .columns()
        .into_iter()
        .map(|column| format!("{} {}", column.path, column.column))
        .collect();
    assert_eq!(
        columns,
        [
            "model.primary_key[0] shop",
            "model.primary_key[1] customer_id",
            "mappings[0].from email",
            "mappings[1].from aaid",
            "identity.default_country.from country_column",
            "match_booster.on.customer_id customer_id",
        ]
    );
}
