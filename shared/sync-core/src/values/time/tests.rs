use proptest::prelude::*;

use super::*;

/// 2026-11-01T10:00:00Z.
const TEN: i64 = 1_793_527_200;

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn check(text: &str, seconds: i64) {
    assert_eq!(
        event_time(text, &TimeZone::UTC).map(EventTime::seconds),
        Ok(seconds),
        "{text:?}"
    );
}

#[test]
fn every_form_of_the_same_moment_is_read() {
    for text in [
        "2026-11-01T10:00:00Z",
        "2026-11-01t10:00:00z",
        "2026-11-01 10:00:00Z",
        "2026-11-01 10:00:00",
        "  2026-11-01T10:00:00  ",
        "2026-11-01T10:00",
        "2026-11-01T10:00Z",
        "2026-11-01 10",
        "2026-11-01T10:00:00.999Z",
        "2026-11-01T10:00:00,999Z",
        "2026-11-01T10:00:00.123456789012Z",
        "2026-11-01 10:00:00.000 +0000",
        "2026-11-01 10:00:00 +0000",
        "2026-11-01 10:00:00+00",
        "2026-11-01 10:00:00+00:00",
        "2026-11-01 10:00:00-00:00",
        "2026-11-01 10:00:00 UTC",
        "2026-11-01 10:00:00 utc",
        "2026-11-01 10:00:00 GMT",
        "2026-11-01 10:00:00.000 UTC",
        "2026-11-01 10:00:00 +0000 UTC",
        "2026-11-01 10:00:00Z[UTC]",
        "2026-11-01T11:00:00+01:00",
        "2026-11-01T11:00:00+0100",
        "2026-11-01T11:00:00+01",
        "2026-11-01 11:00:00 +01:00",
        "2026-11-01T15:30:00+05:30",
        "2026-11-01T05:00:00-05:00",
        "2026-11-01T05:00:00\u{2212}05:00",
        "2026-11-01T11:00:00+01:00[Europe/Berlin]",
        "2026-11-01T11:00:00[Europe/Berlin]",
        "2026-11-01 11:00:00 Europe/Berlin",
        "2026-11-01 11:00:00.000 Europe/Berlin",
        "2026-11-01  10:00:00",
        "20261101T100000Z",
        "20261101T1000",
        "1793527200",
        "1793527200.9",
        "1793527200.",
        "1793527200000",
        "1793527200999",
        "1793527200999.5",
        "1793527200999999",
        "1.7935272E9",
        "1.7935272e+09",
        "1.793527200999E12",
    ] {
        check(text, TEN);
    }
}

#[test]
fn dates_are_the_first_moment_of_the_day_in_the_zone() {
    check("2026-11-01", TEN - 36_000);
    check("20261101", TEN - 36_000);
    check("2026-11-01 UTC", TEN - 36_000);
    check("2026-11-01Z", TEN - 36_000);
    let berlin = event_time("2026-11-01", &zone("Europe/Berlin"));
    assert_eq!(berlin.map(EventTime::seconds), Ok(TEN - 36_000 - 3_600));
    // In Santiago this day begins at one o'clock.
    let santiago = event_time("2026-09-06", &zone("America/Santiago"));
    assert_eq!(santiago.map(EventTime::seconds), Ok(1_788_667_200));
}

#[test]
fn times_without_a_zone_are_in_the_models_zone() {
    for (text, name, seconds) in [
        ("2026-11-01 10:00:00", "Europe/Berlin", TEN - 3_600),
        ("2026-07-01 10:00:00", "Europe/Berlin", 1_782_892_800),
        ("2026-11-01T10:00:00", "Asia/Kolkata", TEN - 19_800),
        ("2026-11-01 10:00:00", "America/New_York", TEN + 18_000),
        ("2026-11-01 10:00:00Z", "America/New_York", TEN),
        ("1793527200", "America/New_York", TEN),
    ] {
        assert_eq!(
            event_time(text, &zone(name)).map(EventTime::seconds),
            Ok(seconds),
            "{text} {name}"
        );
    }
}

#[test]
fn local_times_that_happen_twice_or_never_are_refused() {
    let berlin = zone("Europe/Berlin");
    for (text, part) in [("2026-10-25 02:30:00", "twice"), ("2026-03-29 02:30:00", "never")] {
        let error = event_time(text, &berlin).unwrap_err();
        assert_eq!(error.code, Code::InvalidTime);
        assert!(error.message.contains(part), "{text}: {}", error.message);
        check(
            &format!("{text}Z"),
            event_time(text, &TimeZone::UTC).unwrap().seconds(),
        );
    }
    check("2026-10-25T02:30:00+02:00", 1_792_888_200);
    check("2026-10-25T02:30:00+01:00", 1_792_891_800);
}

#[test]
fn leap_days_and_leap_seconds_are_read() {
    check("2024-02-29T00:00:00Z", 1_709_164_800);
    check("2000-02-29", 951_782_400);
    check("2016-12-31T23:59:60Z", 1_483_228_799);
    check("1970-01-01T00:00:01Z", 1);
}

#[test]
fn ambiguous_and_impossible_times_are_refused_with_a_reason() {
    for (text, part) in [
        ("", "empty"),
        ("01/02/2026", "swapped"),
        ("01/02/2026 10:00", "swapped"),
        ("1.11.2026", "swapped"),
        ("01-11-2026", "swapped"),
        ("11/01/26", "swapped"),
        ("2026-13-01", "no such date"),
        ("2026-02-30", "no such date"),
        ("2025-02-29", "no such date"),
        ("2026-11-01T24:00:00Z", "no such date"),
        ("2026-11-01T10:60:00Z", "no such date"),
        ("2026-11-01T10:00:60Z", "no such date"),
        ("2026-11-01T", "no such date"),
        ("2026-11-01T10:00:00.Z", "no such date"),
        ("2026-11-1", "no such date"),
        ("2026-11-01 10:00:00 EST", "abbreviation"),
        ("2026-11-01 10:00:00 CET", "abbreviation"),
        ("2026-11-01 10:00:00 PM", "abbreviation"),
        ("2026-11-01 10:00:00 Mars/Base", "IANA"),
        ("2026-11-01 10:00:00+99:00", "offset"),
        ("2026-11-01 10:00:00+1", "offset"),
        ("2026-11-01T10:00:00+05:00[Europe/Berlin]", "contradict"),
        ("2026/11/01", "cannot be read"),
        ("Nov 1 2026", "cannot be read"),
        ("yesterday", "cannot be read"),
        ("10:00", "cannot be read"),
        ("0", "zero"),
        ("0.0", "zero"),
        ("-1", "negative"),
        ("-1793527200", "negative"),
        ("+1793527200", "sign"),
        ("1970-01-01T00:00:00Z", "before 1970"),
        ("1969-12-31T23:59:59Z", "before 1970"),
        ("2026", "too small"),
        ("46327", "too small"),
        ("20261301", "too small"),
        ("20261101100000", "14 digits"),
        ("202611011000", "12 digits"),
        ("1793527200000000000", "too large"),
        ("99999999999999999999999", "too large"),
        ("1.79353E+09", "rounded"),
        ("1.79E9", "rounded"),
        ("1,793,527,200", "cannot be read"),
        ("NaN", "cannot be read"),
        ("2026-11-01T10:00:00Z extra", "abbreviation"),
        ("２０２６-11-01", "cannot be read"),
    ] {
        let error = event_time(text, &TimeZone::UTC).expect_err(text);
        assert_eq!(error.code, Code::InvalidTime);
        assert!(error.message.contains(part), "{text:?}: {}", error.message);
    }
}

proptest! {
    #[test]
    fn moments_are_those_of_jiff(seconds in 1_i64..=9_000_000_000, offset in -64_800_i32..=64_800, nanos in 0..1_000_000_000) {
        let moment = jiff::Timestamp::new(seconds, nanos).unwrap();
        prop_assert_eq!(event_time(&moment.to_string(), &TimeZone::UTC).map(EventTime::seconds), Ok(seconds));
        let offset = jiff::tz::Offset::from_seconds(offset / 60 * 60).unwrap();
        let local = moment.display_with_offset(offset).to_string();
        prop_assert_eq!(event_time(&local, &TimeZone::UTC).map(EventTime::seconds), Ok(seconds), "{}", local);
    }

    #[test]
    fn local_times_are_those_of_jiff(seconds in 1_i64..=4_000_000_000, name in prop::sample::select(vec![
        "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca",
    ])) {
        let zone = zone(name);
        let local = jiff::Timestamp::from_second(seconds).unwrap().to_zoned(zone.clone()).datetime();
        let expected = zone.to_ambiguous_timestamp(local).unambiguous().ok().map(jiff::Timestamp::as_second);
        let read = event_time(&local.to_string(), &zone).ok().map(EventTime::seconds);
        prop_assert_eq!(read, expected, "{} {}", local, name);
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,40}") {
        let _ = event_time(&text, &TimeZone::UTC);
    }

    #[test]
    fn no_text_of_a_times_characters_panics(text in "[0-9TZtz:.,+ \\-\\[\\]UTCeE/]{0,30}") {
        let _ = event_time(&text, &TimeZone::UTC);
    }
}
