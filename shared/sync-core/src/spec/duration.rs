//! Durations as a spec writes them: `28d`, `26h`, `10m`, `90s`.

use std::time::Duration;

use super::cursor::Cursor;

const EXPECTED: &str = "a duration: a whole number and a unit, such as 28d, 26h, 10m or 90s";

/// A duration up to `most`, itself included.
pub(super) fn duration(cursor: &Cursor<'_>, least: Duration, most: Duration) -> Option<Duration> {
    let text = cursor.text(EXPECTED)?;
    let Some(duration) = parse(text) else {
        match text.parse::<u64>() {
            Ok(_) => cursor.error(format!("expected {EXPECTED}; this number has no unit")),
            Err(_) => cursor.error(format!("expected {EXPECTED}")),
        }
        return None;
    };
    if duration < least || duration > most {
        cursor.error(format!(
            "expected a duration from {} to {}",
            written(least),
            written(most)
        ));
        return None;
    }
    Some(duration)
}

fn parse(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let seconds = match unit {
        "d" => 86_400,
        "h" => 3_600,
        "m" => 60,
        "s" => 1,
        _ => return None,
    };
    number
        .parse::<u64>()
        .ok()?
        .checked_mul(seconds)
        .map(Duration::from_secs)
}

/// The shortest way to write a duration of whole seconds.
pub(super) fn written(duration: Duration) -> String {
    let seconds = duration.as_secs();
    for (unit, size) in [("d", 86_400), ("h", 3_600), ("m", 60)] {
        if seconds > 0 && seconds.is_multiple_of(size) {
            return format!("{}{unit}", seconds / size);
        }
    }
    format!("{seconds}s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_a_number_and_a_unit() {
        for (text, seconds) in [
            ("28d", Some(2_419_200)),
            ("26h", Some(93_600)),
            ("10m", Some(600)),
            ("90s", Some(90)),
            ("0s", Some(0)),
            ("", None),
            ("d", None),
            ("28", None),
            ("1.5h", None),
            ("-1d", None),
            ("1d12h", None),
            ("28 d", None),
            ("28D", None),
            ("5µ", None),
            ("99999999999999999999d", None),
            ("18446744073709551615d", None),
        ] {
            assert_eq!(parse(text).map(|d| d.as_secs()), seconds, "{text}");
        }
    }

    #[test]
    fn written_is_read_back() {
        for seconds in [0, 1, 59, 60, 90, 3_600, 93_600, 86_400, 2_419_200] {
            let duration = Duration::from_secs(seconds);
            assert_eq!(parse(&written(duration)), Some(duration));
        }
    }
}
