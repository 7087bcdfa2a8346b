//! Times, phone numbers and other values.

use jiff::tz::TimeZone;
use sync_core::events::{Target, ValueKind};
use sync_core::identity::{
    Country, DeviceKind, device_id, each_value, email, external_id, ip, name_or_zip, phone, place,
};
use sync_core::spec::{EmailRule, Hashing, PhoneRule, SyncType};
use sync_core::values::{Currencies, boolean, decimal, event_name, event_time, integer};

use crate::inputs::{Random, text};

#[test]
fn three_hundred_twenty_thousand_times_are_read_or_refused() {
    const PIECES: &[&str] = &[
        "2026-11-01",
        "2026-02-29",
        "20261101",
        "0001-01-01",
        "9999-12-31",
        "T",
        " ",
        "10:00:00",
        "24:00:00",
        "23:59:60",
        "02:30:00",
        "100000",
        ".123",
        ",5",
        "Z",
        "+01:00",
        "-0330",
        "+24",
        " UTC",
        " PST",
        "[Europe/Berlin]",
        " America/New_York",
        "1793527200",
        "1793527200000",
        "1793527200000000",
        "99999999999999999999",
        "1.7935272E9",
        "1e400",
        "-",
        "0",
        "01/02/2026",
        "1.11.26",
        "Nov 1",
    ];
    let zones = ["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"]
        .map(|name| TimeZone::get(name).unwrap());
    let mut random = Random::new(1);
    let mut read = 0;
    for _ in 0..320_000 {
        let input = text(&mut random, PIECES);
        if let Ok(time) = event_time(&input, &zones[random.below(zones.len())]) {
            assert!(time.seconds() > 0, "{input:?}");
            read += 1;
        }
    }
    assert!(read > 10_000, "{read} of them are times");
}

#[test]
fn a_hundred_thousand_phone_numbers_are_read_or_refused() {
    const PIECES: &[&str] = &[
        "+49 170 1234567",
        "0170 1234567",
        "(213) 373-4253",
        "+1",
        "0049",
        "011 49",
        "(0)",
        "tel:",
        "Tel. ",
        " ext. 12",
        ";ext=5",
        ";phone-context=+49",
        "x12",
        "1-800-FLOWERS",
        "+39 06",
        "+225 07 12 34 56 78",
        "911",
        "4.91512E+12",
        "00000000",
        "0170/1234567",
        "12345678901234567890",
        "+",
        "~10",
        "０１７０",
    ];
    let countries = [
        "", "DE", "US", "IT", "BR", "AR", "MX", "RU", "CI", "GB", "JP", "KZ",
    ]
    .map(Country::new);
    let mut random = Random::new(2);
    let mut read = 0;
    for _ in 0..100_000 {
        let input = text(&mut random, PIECES);
        let country = countries[random.below(countries.len())];
        match phone(&input, country, PhoneRule::WithPlus, Hashing::Auto) {
            Ok(_) => read += 1,
            Err(error) => assert!(input.len() < 6 || !error.message.contains(&input), "{input:?}"),
        }
    }
    assert!(read > 5_000, "{read} of them are numbers");
}

#[test]
fn three_hundred_thousand_other_values_are_read_or_refused() {
    const PIECES: &[&str] = &[
        "jane@shop.example",
        "JANE",
        "@",
        "münchen.de",
        "xn--mnchen-3ya",
        "+tag",
        "203.0.113.9",
        "10.0.0.1",
        "2001:db8::1",
        "::ffff:",
        "5f3a2b18-9c4d-4e7f-b8e2-17d3a1e69b25",
        "00000000-0000-0000-0000-000000000000",
        "10.50",
        "1.0E7",
        "-1",
        "1,000",
        "EUR",
        "usd",
        "€",
        "Purchase",
        "purchase",
        "AddToCart",
        "true",
        "no",
        "null",
        "n/a",
        "[\"a\", 1, null]",
        "[\"\\ud800\"]",
        "properties.contents[0].price",
        "properties.",
        "user.email",
        "context.user.emails",
        "[100]",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ];
    let currencies = Currencies::default();
    let mut random = Random::new(3);
    for _ in 0..300_000 {
        let input = text(&mut random, PIECES);
        let mut out = Vec::new();
        match random.below(50) {
            0..10 => drop(email(
                &input,
                [EmailRule::Plain, EmailRule::NoPlus, EmailRule::NoPlusNoDots][random.below(3)],
                Hashing::Auto,
            )),
            10..20 => each_value(&input, random.below(2) == 0, &mut |value| {
                if let Ok(value) = value {
                    assert!(!value.is_empty(), "{input:?}");
                }
            }),
            20..30 => {
                let _ = (
                    ip(&input),
                    external_id(&input, Hashing::Auto),
                    device_id(&input, DeviceKind::Idfa, Hashing::Auto),
                );
            }
            30..35 => {
                let mut out = String::new();
                place(&input, &mut out);
                assert!(out.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{input:?}");
                let _ = name_or_zip(&input, Hashing::Auto);
            }
            35..45 => {
                let fits = if random.below(2) == 0 {
                    decimal(&input, &mut out)
                } else {
                    integer(&input, &mut out)
                };
                if fits.is_ok() {
                    let number: f64 = std::str::from_utf8(&out).unwrap().parse().unwrap();
                    assert!(
                        number >= 0.0 && serde_json::from_slice::<serde_json::Number>(&out).is_ok(),
                        "{input:?}"
                    );
                } else {
                    assert!(out.is_empty(), "{input:?}");
                }
            }
            45..48 => drop((currencies.parse(&input), boolean(&input))),
            48 => drop(event_name::check(
                &input,
                event_name::Source::Web,
                random.below(2) == 0,
                true,
            )),
            _ => {
                if let Ok(target) = Target::parse(&input, SyncType::WebEvents) {
                    // A path that is read is read again as the same one.
                    let again = Target::parse(target.path(), SyncType::WebEvents).unwrap();
                    assert_eq!(
                        (again.path(), again.kind() == ValueKind::Time),
                        (target.path(), target.kind() == ValueKind::Time)
                    );
                }
            }
        }
    }
}
