use jiff::civil;
use jiff::tz::{AmbiguousOffset, TimeZone};

use super::ValueError;
use crate::rejection::Code;

/// When an event happened: whole seconds since 1970-01-01T00:00:00Z, as TikTok's `event_time` takes them. Positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventTime(i64);

impl EventTime {
    /// Seconds since 1970-01-01T00:00:00Z. `None` for zero and below.
    pub fn new(seconds: i64) -> Option<Self> {
        (seconds > 0).then_some(Self(seconds))
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub fn seconds(self) -> i64 {
        self.0
    }
}

/// Reads a time as warehouses write it. `zone` is for times that name none. A fraction of a second is cut.
///
/// - ISO 8601: `2026-11-01T10:00:00Z`, `2026-11-01 10:00:00.123+01:00`, `20261101T100000Z`, with a comma as well as a
///   point before the fraction, without seconds, `T` and `Z` in any case; and what warehouses make of it: a blank
///   before the zone, `+00`, `+0000`, `UTC`, `GMT`, `+0000 UTC`, `Europe/Berlin`, `[Europe/Berlin]`.
/// - Dates, `2026-11-01` or `20261101`: the first moment of the day in `zone`.
/// - Numbers: 9 to 11 digits are seconds, 12 and 13 milliseconds, 15 and 16 microseconds since 1970. So all times
///   from 1973 to 2286 are read, and each length has one meaning; `202611011000`, which is no time of this century in
///   milliseconds, is refused. Exponents (`1.7855856E9`) are read when the number
///   is written in full, which a spreadsheet's rounding never is.
///
/// Refused with a reason, as each can be read in two ways or in none: days and months with slashes, abbreviations of
/// zones other than UTC, GMT and Z, other lengths of numbers, a local time that the clock shows twice or never (the
/// change from and to summer time), zero, and times before 1970.
pub fn event_time(text: &str, zone: &TimeZone) -> Result<EventTime, ValueError> {
    let text = text.trim();
    let seconds = match text.bytes().next() {
        None => return Err(refused("A time is expected here, and the value is empty")),
        Some(b'-' | b'+') => return Err(refused(signed(text))),
        Some(first) if !first.is_ascii_digit() => return Err(refused(unreadable(text))),
        Some(_) => match number(text) {
            Some(seconds) => seconds?,
            None => written(text, zone)?,
        },
    };
    EventTime::new(seconds).ok_or_else(|| refused("The time lies before 1970; events have times after 1970"))
}

#[cold]
fn refused(message: &'static str) -> ValueError {
    ValueError::new(Code::InvalidTime, message)
}

/// The day and time of day that a text names, and the rest of the text, which is its zone.
struct Written<'a> {
    date: Date,
    /// Seconds since midnight; `None`: a date alone.
    of_day: Option<i64>,
    zone: &'a str,
}

#[derive(Clone, Copy)]
struct Date {
    year: i64,
    month: i64,
    day: i64,
}

/// What the zone part of a text says.
enum Zone {
    /// No zone: the model's.
    None,
    /// Seconds east of Greenwich.
    Offset(i64),
    /// A zone of the IANA database.
    Named(TimeZone),
    /// A zone of the IANA database that must agree with an offset, in seconds.
    Both(i64, TimeZone),
}

// Numbers ---------------------------------------------------------------------------------------------------------

/// A time that is a number: seconds, milliseconds or microseconds since 1970. `None`: it is no number.
fn number(text: &str) -> Option<Result<i64, ValueError>> {
    let whole_len = text.bytes().take_while(u8::is_ascii_digit).count();
    let (whole, rest) = text.split_at_checked(whole_len)?;
    match rest.as_bytes() {
        [] => {}
        [b'.', fraction @ ..] => {
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            match fraction.get(digits..)? {
                [] => {}
                [b'e' | b'E', ..] => return exponential(text),
                _ => return None,
            }
        }
        [b'e' | b'E', ..] => return exponential(text),
        _ => return None,
    }
    if whole_len == 8 && rest.is_empty() && Date::read(whole).is_some() {
        return None;
    }
    Some(epoch(whole))
}

/// The seconds that a whole number stands for, told by its length.
fn epoch(whole: &str) -> Result<i64, ValueError> {
    let digits = whole.trim_start_matches('0');
    let per_second = match digits.len() {
        0 => {
            return Err(refused(
                "The time is zero; leave rows without a time out, or give the time",
            ));
        }
        9..=11 => 1,
        12 if compact(digits) => {
            return Err(refused(
                "A number of 12 digits that reads as a day and a time of day can be an epoch time too; write \
                 2026-11-01T10:00:00Z, or seconds since 1970",
            ));
        }
        12 | 13 => 1_000,
        15 | 16 => 1_000_000,
        17.. => {
            return Err(refused(
                "The number is too large for a time; write seconds, milliseconds or microseconds since 1970, or \
                 2026-11-01T10:00:00Z",
            ));
        }
        14 => {
            return Err(refused(
                "A number of 14 digits can be a date or an epoch time; write 2026-11-01T10:00:00Z, or seconds since \
                 1970",
            ));
        }
        _ => {
            return Err(refused(
                "The number is too small for an epoch time and can be a year or a spreadsheet's day; write \
                 2026-11-01T10:00:00Z, or seconds since 1970",
            ));
        }
    };
    let value: i64 = digits
        .parse()
        .map_err(|_| refused("The number is too large for a time"))?;
    Ok(value / per_second)
}

/// Whether twelve digits read as `202611011000`. As milliseconds they would lie before 2001.
fn compact(digits: &str) -> bool {
    digits
        .split_at_checked(8)
        .is_some_and(|(date, time)| Date::read(date).is_some() && time_of_day(time).is_some())
}

/// A number with an exponent, such as `1.785585600123E9`, if it is one.
fn exponential(text: &str) -> Option<Result<i64, ValueError>> {
    const WRITTEN_IN_FULL: usize = 7;
    let mut plain = Vec::new();
    super::decimal(text, &mut plain).ok()?;
    let mantissa = text.split(['e', 'E']).next().unwrap_or("");
    let significant = mantissa
        .trim_start_matches(['0', '.'])
        .trim_end_matches(['0', '.']);
    if significant.bytes().filter(u8::is_ascii_digit).count() < WRITTEN_IN_FULL {
        return Some(Err(refused(
            "The number is written with an exponent and looks rounded, as spreadsheets do; write the time in full",
        )));
    }
    let plain = std::str::from_utf8(&plain).ok()?;
    Some(epoch(plain.split('.').next().unwrap_or(plain)))
}

// Dates and times of day ----------------------------------------------------------------------------------------

fn written(text: &str, zone: &TimeZone) -> Result<i64, ValueError> {
    let Some(written) = Written::read(text) else {
        return Err(refused(unreadable(text)));
    };
    let days = written.date.days_since_1970();
    let of_day = written.of_day.unwrap_or(0);
    let local = days * 86_400 + of_day;
    match Zone::read(written.zone)? {
        Zone::Offset(offset) => {
            if written.of_day.is_none() && offset != 0 {
                return Err(refused(
                    "A date alone has no offset; write 2026-11-01, or the full time with its offset",
                ));
            }
            Ok(local - offset)
        }
        Zone::None if *zone == TimeZone::UTC => Ok(local),
        Zone::None => in_zone(&written, zone),
        Zone::Named(zone) => in_zone(&written, &zone),
        Zone::Both(offset, zone) => {
            let seconds = local - offset;
            let there = jiff::Timestamp::from_second(seconds).map(|time| zone.to_offset(time).seconds());
            if there.is_ok_and(|there| i64::from(there) == offset) {
                Ok(seconds)
            } else {
                Err(refused(
                    "The offset and the zone of the time contradict each other; write one of them",
                ))
            }
        }
    }
}

/// The moment of a local time.
fn in_zone(written: &Written<'_>, zone: &TimeZone) -> Result<i64, ValueError> {
    let unreadable = |_| refused("The date is outside of the calendar");
    let date = written
        .date
        .civil()
        .ok_or_else(|| refused("The date is outside of the calendar"))?;
    let Some(of_day) = written.of_day else {
        let start = date
            .to_zoned(zone.clone())
            .and_then(|day| day.start_of_day())
            .map_err(unreadable)?;
        return Ok(start.timestamp().as_second());
    };
    let small = |number: i64| i8::try_from(number).unwrap_or(0);
    let local = date.at(
        small(of_day / 3600),
        small(of_day / 60 % 60),
        small(of_day % 60),
        0,
    );
    let ambiguous = zone.to_ambiguous_timestamp(local);
    match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } => ambiguous
            .compatible()
            .map(jiff::Timestamp::as_second)
            .map_err(unreadable),
        AmbiguousOffset::Fold { .. } => Err(refused(
            "The clock shows this time twice, as summer time ends; write the time with its offset or in UTC",
        )),
        AmbiguousOffset::Gap { .. } => Err(refused(
            "The clock never shows this time, as summer time begins; write the time with its offset or in UTC, or \
             correct `model.time_zone`",
        )),
    }
}

impl<'a> Written<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let dashed = text.as_bytes().get(4) == Some(&b'-');
        let (date, rest) = text.split_at_checked(if dashed { 10 } else { 8 })?;
        let date = Date::read(date)?;
        let time = match rest.as_bytes().first() {
            Some(b'T' | b't') => rest.get(1..)?,
            Some(b' ') => rest.trim_start_matches(' '),
            Some(b'Z' | b'z' | b'[') => {
                return Some(Self {
                    date,
                    of_day: None,
                    zone: rest,
                });
            }
            None => {
                return Some(Self {
                    date,
                    of_day: None,
                    zone: "",
                });
            }
            _ => return None,
        };
        if !time.starts_with(|first: char| first.is_ascii_digit()) {
            // `2026-11-01 UTC`; but a `T` announces a time of day.
            return rest.starts_with(' ').then_some(Self {
                date,
                of_day: None,
                zone: time,
            });
        }
        let (of_day, zone) = time_of_day(time)?;
        Some(Self {
            date,
            of_day: Some(of_day),
            zone,
        })
    }
}

impl Date {
    /// `2026-11-01` or `20261101`.
    fn read(text: &str) -> Option<Self> {
        let (year, month, day) = match text.as_bytes() {
            [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] | [y1, y2, y3, y4, m1, m2, d1, d2] => (
                two(*y1, *y2)? * 100 + two(*y3, *y4)?,
                two(*m1, *m2)?,
                two(*d1, *d2)?,
            ),
            _ => return None,
        };
        let date = Self { year, month, day };
        (year >= 1000 && date.civil().is_some()).then_some(date)
    }

    fn civil(self) -> Option<civil::Date> {
        let small = |number: i64| i8::try_from(number).ok();
        civil::Date::new(
            i16::try_from(self.year).ok()?,
            small(self.month)?,
            small(self.day)?,
        )
        .ok()
    }

    /// Days since 1970-01-01 in the Gregorian calendar, by counting years from March.
    fn days_since_1970(self) -> i64 {
        let (year, month) = if self.month > 2 {
            (self.year, self.month - 3)
        } else {
            (self.year - 1, self.month + 9)
        };
        365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + self.day - 1 - 719_468
    }
}

/// Two ASCII digits.
fn two(tens: u8, ones: u8) -> Option<i64> {
    (tens.is_ascii_digit() && ones.is_ascii_digit())
        .then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
}

/// Two ASCII digits in front of a text, at most `limit`, and the rest.
fn two_of(text: &str, limit: i64) -> Option<(i64, &str)> {
    let (digits, rest) = text.split_at_checked(2)?;
    let [tens, ones] = digits.as_bytes() else {
        return None;
    };
    two(*tens, *ones)
        .filter(|number| *number <= limit)
        .map(|number| (number, rest))
}

/// `10:00:00.5`, `10:00`, `100000`, `1000`, `10`: seconds since midnight, and what follows.
fn time_of_day(text: &str) -> Option<(i64, &str)> {
    let (hour, rest) = two_of(text, 23)?;
    let colons = rest.starts_with(':');
    let next = |rest: &'_ str| -> bool {
        if colons {
            rest.starts_with(':')
        } else {
            rest.starts_with(|c: char| c.is_ascii_digit())
        }
    };
    let skip = usize::from(colons);
    if !next(rest) {
        return Some((hour * 3600, rest));
    }
    let (minute, rest) = two_of(rest.get(skip..)?, 59)?;
    if !next(rest) {
        return Some((hour * 3600 + minute * 60, rest));
    }
    let (second, rest) = two_of(rest.get(skip..)?, 60)?;
    if second == 60 && minute != 59 {
        return None;
    }
    let rest = match rest.strip_prefix(['.', ',']) {
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if zone.len() == fraction.len() {
                return None;
            }
            zone
        }
        None => rest,
    };
    // A leap second counts as the second before it.
    Some((hour * 3600 + minute * 60 + second.min(59), rest))
}

// Zones ---------------------------------------------------------------------------------------------------------

impl Zone {
    fn read(text: &str) -> Result<Self, ValueError> {
        let text = text.trim_start_matches(' ');
        if text.is_empty() {
            return Ok(Self::None);
        }
        if is_utc(text) {
            return Ok(Self::Offset(0));
        }
        let offset = match text.strip_prefix(['Z', 'z']) {
            Some(rest) if rest.is_empty() || rest.starts_with([' ', '[']) => Some((0, rest)),
            _ => offset(text),
        };
        match offset {
            Some((offset, rest)) => {
                let rest = rest.trim_start_matches(' ');
                if rest.is_empty() || (offset == 0 && is_utc(rest)) {
                    return Ok(Self::Offset(offset));
                }
                Ok(Self::Both(offset, named(rest)?))
            }
            None if text.starts_with(['+', '-', '\u{2212}']) => Err(refused(
                "The offset of the time cannot be read; write it as +01:00, or write the time in UTC with a Z",
            )),
            None => named(text).map(Self::Named),
        }
    }
}

fn is_utc(text: &str) -> bool {
    ["Z", "UTC", "GMT"]
        .iter()
        .any(|name| text.eq_ignore_ascii_case(name))
}

/// `+01:00`, `+0100`, `+01`, `+01:00:00`: seconds east of Greenwich, at most 18 hours, and what follows.
fn offset(text: &str) -> Option<(i64, &str)> {
    let mut signs = text.chars();
    let sign = match signs.next()? {
        '+' => 1,
        '-' | '\u{2212}' => -1,
        _ => return None,
    };
    let (of_day, rest) = time_of_day(signs.as_str())?;
    let valid = of_day <= 18 * 3600 && (rest.is_empty() || rest.starts_with([' ', '[']));
    valid.then_some((sign * of_day, rest))
}

/// A zone's name, bare or in brackets.
fn named(text: &str) -> Result<TimeZone, ValueError> {
    let name = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    if is_utc(name) {
        return Ok(TimeZone::UTC);
    }
    if !name.contains('/') {
        return Err(refused(
            "What follows the time is no zone, or an abbreviation that several zones share; write an offset such as \
             +01:00, or UTC",
        ));
    }
    TimeZone::get(name)
        .map_err(|_| refused("The time zone is not in the IANA database; write an offset such as +01:00"))
}

// What to say -----------------------------------------------------------------------------------------------------

#[cold]
fn signed(text: &str) -> &'static str {
    if text.starts_with('-') {
        "The time is negative; events have times after 1970"
    } else {
        "The time starts with a sign; write 2026-11-01T10:00:00Z, or seconds since 1970 as digits alone"
    }
}

#[cold]
fn unreadable(text: &str) -> &'static str {
    let date_with = |separator: char| {
        let mut parts = text.split(separator);
        parts.next().is_some_and(|part| part.len() <= 2) && parts.next().is_some() && parts.next().is_some()
    };
    if ['/', '.', '-'].into_iter().any(date_with) {
        "Day and month of this date can be swapped; write it as 2026-11-01 or 2026-11-01T10:00:00Z"
    } else if text.as_bytes().get(4) == Some(&b'-') {
        "There is no such date or time of day; write it as 2026-11-01 or 2026-11-01T10:00:00Z"
    } else {
        "The time cannot be read; write it as 2026-11-01T10:00:00Z, as a date 2026-11-01, or as seconds since 1970"
    }
}

#[cfg(test)]
mod tests;
