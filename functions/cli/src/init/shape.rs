//! What the values of a column look like.

use jiff::tz::TimeZone;
use sync_core::identity::{Country, Ip, email, ip, is_absent, phone};
use sync_core::spec::{EmailRule, Hashing, PhoneRule};
use sync_core::values::{Currencies, boolean, decimal, event_time};

use super::look::Column;

/// What values can look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Email,
    Phone,
    /// A phone number that says its country.
    International,
    Time,
    /// A date in any order, also one that cannot be read.
    Date,
    Number,
    Currency,
    Country,
    /// An advertising id of a device, zeros too, or a digest.
    Device,
    Boolean,
    Ip,
    Url,
    UserAgent,
    Json,
    Text,
}

impl Shape {
    /// How many of the values look like this, from 0 to 1; `None` for a column without values.
    pub(super) fn share(self, column: &Column) -> Option<f64> {
        let values: Vec<&str> = column
            .samples
            .iter()
            .map(String::as_str)
            .filter(|value| !is_absent(value))
            .collect();
        let fit = values.iter().filter(|value| self.fits(value)).count();
        // Samples are few hundred: the counts fit a small number.
        let count = |number: usize| u32::try_from(number).map_or(f64::MAX, f64::from);
        (!values.is_empty()).then(|| count(fit) / count(values.len()))
    }

    fn fits(self, text: &str) -> bool {
        match self {
            Self::Email => {
                is_digest(text) || each(text, |one| email(one, EmailRule::Plain, Hashing::Auto).is_ok())
            }
            Self::Phone => is_digest(text) || each(text, looks_like_phone),
            Self::International => text.starts_with('+') && each(text, is_international),
            Self::Date => looks_like_date(text),
            Self::Time => event_time(text, &TimeZone::UTC).is_ok_and(|time| is_recent(time.seconds())),
            Self::Number => decimal(text, &mut Vec::new()).is_ok(),
            Self::Currency => Currencies::new(&[]).parse(text).is_ok(),
            Self::Country => Country::new(text).is_some(),
            Self::Device => each(text, |one| is_uuid(one) || is_digest(one)),
            Self::Boolean => boolean(text).is_ok(),
            Self::Ip => matches!(ip(text), Ip::Public(_)),
            Self::Url => text.starts_with("https://") || text.starts_with("http://"),
            Self::UserAgent => text.starts_with("Mozilla/"),
            Self::Json => text.starts_with(['[', '{']),
            Self::Text => true,
        }
    }
}

/// A number as the whole world dials it.
pub(super) fn is_international(text: &str) -> bool {
    is_digest(text) || phone(text, None, PhoneRule::WithPlus, Hashing::Auto).is_ok()
}

fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// A list in a cell looks like what its elements look like.
fn each(text: &str, fits: impl Fn(&str) -> bool) -> bool {
    let bare = text.trim_matches(['[', ']']);
    let mut parts = bare
        .split([',', ';'])
        .map(|part| part.trim_matches([' ', '"']))
        .filter(|part| !part.is_empty());
    let mut any = false;
    parts.all(|part| {
        any = true;
        fits(part)
    }) && any
}

fn looks_like_phone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let only = text.chars().all(|c| c.is_ascii_digit() || " +-./()".contains(c));
    (6..=18).contains(&digits) && only
}

fn looks_like_date(text: &str) -> bool {
    let marks = text.chars().filter(|c| "./-".contains(*c)).count();
    let numbers = text.split(|c: char| !c.is_ascii_digit());
    marks >= 2
        && numbers
            .filter(|number| number.len() == 4)
            .any(|year| year.starts_with("19") || year.starts_with("20"))
}

/// Small numbers count as seconds of 1970, and are none.
fn is_recent(seconds: i64) -> bool {
    const YEAR_2000: i64 = 946_684_800;
    seconds > YEAR_2000
}
