//! Event names and the range of times.

use super::*;

fn named(rule: EventNameRule) -> SyncSpec {
    let mut spec = web(&[("=t", "user.ttclid"), ("=/", "page.url")]);
    spec.events[0].name = rule;
    spec
}

#[track_caller]
fn name(spec: &SyncSpec, column: &str, expected: &str, warnings: &[&str]) {
    let mapped = map(spec, &[("event", column)]);
    assert_eq!(mapped.event()["event"], json!(expected), "{column}");
    assert_eq!(mapped.warned(), warnings, "{column}");
}

#[test]
fn a_name_comes_from_a_column_through_the_map() {
    let spec = named(from("event", &[("order_completed", "Purchase")]));
    name(&spec, "order_completed", "Purchase", &[]);
    name(&spec, " order_completed ", "Purchase", &[]);
    name(&spec, "ViewContent", "ViewContent", &[]);
    name(&spec, "CompletePayment", "CompletePayment", &[]);
    name(
        &spec,
        "ClickButton",
        "ClickButton",
        &["event deprecated_event_name"],
    );
    refuses(&spec, &[("event", "purchase")], "event invalid_event_name");
    refuses(&spec, &[("event", "order_paid")], "event invalid_event_name");
    refuses(&spec, &[("event", "")], "event missing_event_name");
    refuses(&spec, &[("event", "  ")], "event missing_event_name");
}

#[test]
fn modern_and_custom_names_are_asked_for() {
    let mut spec = named(from("event", &[("paid", "CompletePayment")]));
    spec.events[0].modern_names = true;
    name(&spec, "CompletePayment", "Purchase", &[]);
    name(&spec, "paid", "Purchase", &[]);
    name(&spec, "SubmitForm", "Lead", &[]);
    refuses(&spec, &[("event", "Spin_the-wheel")], "event invalid_event_name");
    spec.events[0].allow_custom_names = true;
    name(&spec, "Spin_the-wheel", "Spin_the-wheel", &[]);
    refuses(&spec, &[("event", "purchase")], "event invalid_event_name");
}

fn end(spec: &SyncSpec, time: i64) -> String {
    map(spec, &[("time", &time.to_string())]).end()
}

#[test]
fn events_out_of_range_are_expired_or_refused() {
    let spec = named(value("Purchase"));
    let max_age = 28 * 86_400;
    assert_eq!(end(&spec, NOW - max_age), "sent");
    assert_eq!(end(&spec, NOW - max_age - 1), "expired");
    assert_eq!(end(&spec, NOW + 600), "sent");
    assert_eq!(end(&spec, NOW + 601), "event_time future_time");
}

#[test]
fn events_out_of_range_may_go_with_a_warning() {
    let mut spec = named(value("Purchase"));
    spec.events[0].when_out_of_range = OutOfRange::Warn;
    for (time, warning) in [
        (NOW - 29 * 86_400, "event_time expired"),
        (NOW + 601, "event_time future_time"),
    ] {
        let mapped = map(&spec, &[("time", &time.to_string())]);
        assert_eq!(mapped.event()["event_time"], json!(time));
        assert_eq!(mapped.warned(), [warning]);
    }
}

#[test]
fn times_are_read_in_the_models_zone() {
    let mut spec = named(value("Purchase"));
    spec.model.time_zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    for (text, seconds) in [
        ("2026-08-01 14:00:00", TIME),
        ("2026-08-01T12:00:00Z", TIME),
        ("1785585600", TIME),
        ("1785585600123", TIME),
        ("2026-08-01", TIME - 14 * 3_600),
    ] {
        assert_eq!(
            map(&spec, &[("time", text)]).event()["event_time"],
            json!(seconds),
            "{text}"
        );
    }
    refuses(&spec, &[("time", "yesterday")], "event_time invalid_time");
    refuses(&spec, &[("time", "01/08/2026")], "event_time invalid_time");
    refuses(&spec, &[("time", "0")], "event_time invalid_time");
    refuses(&spec, &[("time", " ")], "event_time missing_event_time");
    spec.mappings
        .retain(|mapping| !matches!(&mapping.to, MappingTarget::Event(t) if t.path() == "event_time"));
    refuses(&spec, &[], "event_time missing_event_time");
}

#[test]
fn the_first_problem_in_the_documented_order_refuses() {
    let mut spec = web(&[("email", "user.email"), ("value", "properties.value")]);
    spec.events[0].name = from("event", &[]);
    let mut row = vec![
        ("id", ""),
        ("event", "x"),
        ("time", "x"),
        ("email", "x"),
        ("value", "x"),
    ];
    for (fix, reason) in [
        (("id", ""), "primary_key missing_primary_key"),
        (("id", "1"), "event invalid_event_name"),
        (("event", "Search"), "event_time invalid_time"),
        (("time", "2026-08-01"), "user.email invalid_email"),
        (("email", "a@x.de"), "properties.value invalid_number"),
        (("value", "1"), "sent"),
    ] {
        row.iter_mut()
            .filter(|(name, _)| *name == fix.0)
            .for_each(|cell| *cell = fix);
        assert_eq!(map(&spec, &row).end(), reason);
    }
    // A row that is too old for every block is expired, whatever else is wrong with it.
    assert_eq!(
        map(&spec, &[("event", "x"), ("time", "2001-01-01"), ("email", "x")]).end(),
        "expired"
    );
}
