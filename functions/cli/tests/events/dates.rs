//! Times: the cell, the model's zone, and the Unix seconds that go (design: the rule of times).

use crate::support::{Table, Want, is, preview, spec};

/// 2026-11-01T10:00:00Z.
const TEN: i64 = 1_793_527_200;

/// Wide enough that any year from 2017 on is in range on whatever day the test runs.
const RANGE: &str = "  max_age: 3650d\n  max_future: 28d\n  when_out_of_range: warn\n";

/// What the times become: Unix seconds, or `field code`.
pub(crate) fn read(cells: &[&str], model: &str) -> Vec<Result<i64, String>> {
    let mappings = "  - {from: at, to: event_time}\n  - {value: t, to: user.ttclid}\n";
    let rows: Vec<Vec<String>> = cells
        .iter()
        .enumerate()
        .map(|(n, cell)| vec![format!("row-{n}"), (*cell).to_owned()])
        .collect();
    let shown = preview(
        &spec("web_events", model, RANGE, mappings, ""),
        &["id", "at"],
        &rows,
    );
    (0..cells.len())
        .map(|n| {
            let became = shown.row(n);
            match became.events.first() {
                Some(event) => Ok(event["event_time"].as_i64().unwrap()),
                None => Err(became.refused.unwrap_or_default()),
            }
        })
        .collect()
}

fn check(model: &str, cases: &[(&str, i64)]) {
    let cells: Vec<&str> = cases.iter().map(|(cell, _)| *cell).collect();
    for ((cell, seconds), read) in cases.iter().zip(read(&cells, model)) {
        assert_eq!(read, Ok(*seconds), "{cell:?}");
    }
}

fn refused(model: &str, code: &str, cells: &[&str]) {
    for (cell, read) in cells.iter().zip(read(cells, model)) {
        assert_eq!(read, Err(format!("event_time {code}")), "{cell:?}");
    }
}

#[test]
fn every_form_of_the_same_moment_is_read() {
    let cells = [
        "2026-11-01T10:00:00Z",
        "2026-11-01t10:00:00z",
        "2026-11-01 10:00:00Z",
        "2026-11-01T10:00:00",
        "2026-11-01 10:00:00",
        " 2026-11-01 10:00:00 ",
        "2026-11-01T10:00Z",
        "2026-11-01T10:00",
        "2026-11-01 10:00",
        "2026-11-01T10:00:00.000Z",
        "2026-11-01T10:00:00.999999999Z",
        "2026-11-01T10:00:00,5Z",
        "2026-11-01 10:00:00.000 +0000",
        "2026-11-01 10:00:00 +0000",
        "2026-11-01 10:00:00+00",
        "2026-11-01 10:00:00.123456+00",
        "2026-11-01 10:00:00 UTC",
        "2026-11-01 10:00:00.123456 UTC",
        "2026-11-01 10:00:00 GMT",
        "2026-11-01T10:00:00+00:00",
        "2026-11-01T10:00:00-00:00",
        "2026-11-01T11:00:00+01:00",
        "2026-11-01T11:00:00+0100",
        "2026-11-01T11:00:00+01",
        "2026-11-01 11:00:00 +01:00",
        "2026-11-01T15:30:00+05:30",
        "2026-11-01T00:00:00-10:00",
        "2026-11-02T00:00:00+14:00",
        "2026-11-01T11:00:00+01:00[Europe/Berlin]",
        "2026-11-01T05:00:00-05:00",
        "20261101T100000Z",
        "20261101T100000",
        "1793527200",
        "1793527200.0",
        "1793527200.999",
        "1793527200000",
        "1793527200999",
        "1793527200000000",
        "1793527200999999",
        "1.7935272E9",
        "1.793527200E12",
    ];
    let cases: Vec<_> = cells.iter().map(|cell| (*cell, TEN)).collect();
    check("", &cases);
    let dates = ["2026-11-01", "20261101", "2026-11-01T00:00:00Z"].map(|cell| (cell, TEN - 36_000));
    check("", &dates);
}

#[test]
fn times_without_a_zone_are_in_the_models_zone_and_others_are_not() {
    let berlin = "  time_zone: Europe/Berlin\n";
    check(
        berlin,
        &[
            ("2026-11-01 10:00:00", TEN - 3_600),
            ("2026-11-01", TEN - 36_000 - 3_600),
            ("2026-07-01 12:00:00", 1_782_900_000),
            ("2026-11-01 10:00:00Z", TEN),
            ("2026-11-01 10:00:00 UTC", TEN),
            ("1793527200", TEN),
            // The hour that comes twice, told apart by its offset.
            ("2026-10-25T02:30:00+02:00", 1_792_888_200),
            ("2026-10-25T02:30:00+01:00", 1_792_891_800),
            ("2026-10-25 03:00:00", 1_792_893_600),
            ("2026-03-29 03:00:00", 1_774_746_000),
            ("2026-03-29 01:59:59", 1_774_745_999),
        ],
    );
    refused(
        berlin,
        "invalid_time",
        &[
            "2026-10-25 02:00:00",
            "2026-10-25 02:30:00",
            "2026-03-29 02:00:00",
            "2026-03-29T02:59:59",
        ],
    );
    check(
        "  time_zone: Asia/Kolkata\n",
        &[("2026-11-01 10:00:00", TEN - 19_800)],
    );
    check(
        "  time_zone: America/New_York\n",
        &[("2026-11-01 10:00:00", TEN + 18_000)],
    );
    check(
        "  time_zone: Asia/Kathmandu\n",
        &[("2026-11-01T10:00", TEN - 20_700)],
    );
}

#[test]
fn leap_days_and_leap_seconds_are_read() {
    check(
        "",
        &[
            ("2024-02-29T00:00:00Z", 1_709_164_800),
            ("2024-02-29", 1_709_164_800),
            ("2016-12-31T23:59:60Z", 1_483_228_799),
            ("2020-02-29 12:00:00", 1_582_977_600),
        ],
    );
    refused(
        "",
        "invalid_time",
        &["2026-02-29", "2026-02-30", "2025-02-29T00:00:00Z", "2100-02-29"],
    );
}

#[test]
fn what_has_two_meanings_or_none_is_refused_for_the_time() {
    refused(
        "",
        "invalid_time",
        &[
            "01/02/2026",
            "11/20/2026",
            "20/11/2026",
            "1.11.2026",
            "01-11-2026",
            "11/01/26",
            "26-11-01",
            "2026/11/01",
            "2026-11",
            "2026",
            "2026-11-1",
            "2026-1-01",
            "2026-W44-7",
            "2026-305",
            "2026-11-01 10:00:00 PST",
            "2026-11-01 10:00:00 CET",
            "2026-11-01 10:00:00 AM",
            "2026-11-01 10:00 PM",
            "2026-11-01T10:00:00+24:00",
            "2026-11-01T10:00:00+1",
            "2026-11-01T10:00:00+01:00[America/New_York]",
            "2026-11-01T24:00:00Z",
            "2026-11-01T25:00:00Z",
            "2026-11-01T10:60:00Z",
            "2026-11-01T10:00:61Z",
            "2026-11-01T10:00:60Z",
            "2026-11-01T1:00:00Z",
            "2026-11-01T",
            "2026-11-01T10:",
            "2026-11-01T10:00:00.Z",
            "2026-13-01",
            "2026-00-10",
            "2026-11-00",
            "2026-11-31",
            "0000-00-00",
            "Nov 1, 2026",
            "Sun, 01 Nov 2026 10:00:00 GMT",
            "1 Nov 2026",
            "today",
            "now",
            "null",
            "n/a",
            "NaN",
            "2026-11-01T10:00:00Z extra",
            "\"2026-11-01\"",
            "2026-11-01_10:00:00",
            "0",
            "0.0",
            "00",
            "000000000",
            "-1",
            "-1793527200",
            "-1793527200000",
            "+1793527200",
            "1",
            "1793",
            "46327",
            "46327.4166",
            "17935272",
            "20261101100000",
            "202611011000",
            "17935272000000",
            "1793527200000000000",
            "99999999999999999999",
            "1.7935E9",
            "1.79353E+09",
            "1E9",
            "1,793,527,200",
            "1793527200s",
            "0x6AE5D5A0",
            "1970-01-01",
            "1970-01-01T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "1900-01-01",
            "２０２６-11-01",
            "１７９３５２７２００",
        ],
    );
    refused("", "missing_event_time", &["", " ", "NULL", "\\N"]);
}

#[test]
fn what_is_out_of_range_is_expired_refused_or_warned_about() {
    let ago = |seconds: i64| (jiff::Timestamp::now().as_second() - seconds).to_string();
    let row = |n: usize, at: String| vec![format!("row-{n}"), at];
    let (day, mappings) = (
        86_400,
        "  - {from: at, to: event_time}\n  - {value: t, to: user.ttclid}\n",
    );
    let rows = vec![
        row(0, ago(28 * day - 60)),
        row(1, ago(28 * day + 60)),
        row(2, ago(-540)),
        row(3, ago(-660)),
    ];
    let shown = preview(&spec("web_events", "", "", mappings, ""), &["id", "at"], &rows);
    let counts = serde_json::json!({"queried": 4, "accepted": 2, "rejected": 1, "expired": 1, "skipped": 0});
    assert_eq!(shown.json["counts"], counts);
    assert_eq!(shown.row(3).refused.as_deref(), Some("event_time future_time"));
    let warn = spec("web_events", "", "  when_out_of_range: warn\n", mappings, "");
    let shown = preview(&warn, &["id", "at"], &rows);
    assert_eq!(shown.events().len(), 4);
    assert_eq!(shown.row(1).warned, ["event_time expired"]);
    assert_eq!(shown.row(3).warned, ["event_time future_time"]);
    let narrow = spec(
        "web_events",
        "",
        "  max_age: 27d\n  max_future: 1m\n",
        mappings,
        "",
    );
    let shown = preview(&narrow, &["id", "at"], &rows);
    assert_eq!(shown.json["counts"]["expired"], 2);
    assert_eq!(shown.json["counts"]["rejected"], 2);
}

/// Days of travel and other texts are no times: they go as they are written.
#[test]
fn dates_elsewhere_stay_texts() {
    Table::web("properties.checkin_date").check(&[
        ("2026-12-01", is("2026-12-01")),
        ("01.12.2026", is("01.12.2026")),
        ("1793527200", is("1793527200")),
        ("", Want::Absent),
    ]);
}
