use super::ValueError;
use crate::rejection::Code;

/// The longest number that is written, in characters: far beyond what any amount needs, and small enough that an
/// exponent cannot blow a row up.
const MAX_DIGITS: usize = 40;

/// Appends a number to `out` in the syntax of JSON.
///
/// Decimals keep their digits: `10.50` stays `10.50`. Zeros in front go, `.5` becomes `0.5`, `5.` becomes `5`, and
/// exponents as warehouses write them become plain decimals (`1.0E7`: `10000000`). TikTok takes neither signs nor
/// letters nor separators of thousands (Events API 2.0, `value`), so they are refused, with a sentence that says how
/// to write the number. Nothing is appended on an error.
pub fn decimal(text: &str, out: &mut Vec<u8>) -> Result<(), ValueError> {
    let text = text.trim();
    if plain(text.as_bytes()) {
        out.extend_from_slice(text.as_bytes());
        return Ok(());
    }
    Number::read(text)?.write(out);
    Ok(())
}

/// Appends a whole number to `out`: as [`decimal`], and a fraction must be zero (`2.0` becomes `2`).
pub fn integer(text: &str, out: &mut Vec<u8>) -> Result<(), ValueError> {
    let number = Number::read(text.trim())?;
    let (whole, fraction) = number.split();
    if fraction.iter().any(|digit| *digit != b'0') {
        return Err(refused(
            "A whole number is expected here; write it without a fraction",
        ));
    }
    if whole.len() > 18 {
        return Err(refused("The number is too large for a count"));
    }
    out.extend_from_slice(whole);
    Ok(())
}

/// Whether the text is a number of JSON already: `0`, `12`, `12.50`, without sign or exponent.
fn plain(bytes: &[u8]) -> bool {
    if bytes.len() > MAX_DIGITS {
        return false;
    }
    let (whole, fraction) = match bytes.iter().position(|byte| *byte == b'.') {
        Some(point) => bytes.split_at(point),
        None => (bytes, &[][..]),
    };
    let digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    let whole_is_plain = matches!(whole, [b'0']) || (digits(whole) && whole.first() != Some(&b'0'));
    whole_is_plain && (fraction.is_empty() || fraction.get(1..).is_some_and(digits))
}

/// A number's digits, with the place of its decimal point.
struct Number {
    digits: [u8; MAX_DIGITS],
    /// How many of `digits` are in use.
    len: usize,
    /// How many of these stand before the point: 1 to `len`.
    point: usize,
}

impl Number {
    fn read(text: &str) -> Result<Self, ValueError> {
        let (mantissa, exponent) = match text.find(['e', 'E']) {
            Some(at) => {
                let (mantissa, exponent) = text.split_at(at);
                (mantissa, exponent_of(exponent).ok_or_else(|| explain(text))?)
            }
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if !(all_digits(whole) && all_digits(fraction)) || (whole.is_empty() && fraction.is_empty()) {
            return Err(explain(text));
        }
        let too_long = || refused("The number has too many digits");
        let significant = || whole.bytes().chain(fraction.bytes());
        if exponent != 0 && significant().all(|digit| digit == b'0') {
            return Ok(Self {
                digits: [b'0'; MAX_DIGITS],
                len: 1,
                point: 1,
            });
        }
        let written = i64::try_from(whole.len() + fraction.len()).map_err(|_| too_long())?;
        let point = i64::try_from(whole.len()).map_err(|_| too_long())? + exponent;
        // Zeros are put before or behind the digits where the point lies outside of them.
        let before = (1 - point).max(0);
        let behind = (point - written).max(0);
        let leading = i64::try_from(significant().take_while(|digit| *digit == b'0').count()).unwrap_or(0);
        // Zeros in front of the point go, apart from the last one.
        let skipped = leading.min(point - 1).max(0);
        let len = before + written + behind - skipped;
        if len > i64::try_from(MAX_DIGITS).unwrap_or(0) {
            return Err(too_long());
        }
        let count = |number: i64| usize::try_from(number).unwrap_or(0);
        let zeros = |number: i64| std::iter::repeat_n(b'0', count(number));
        let mut number = Self {
            digits: [b'0'; MAX_DIGITS],
            len: count(len),
            point: count(point - skipped).max(1),
        };
        let digits = zeros(before)
            .chain(significant())
            .chain(zeros(behind))
            .skip(count(skipped));
        for (place, digit) in number.digits.iter_mut().zip(digits) {
            *place = digit;
        }
        Ok(number)
    }

    /// The digits before and behind the point.
    fn split(&self) -> (&[u8], &[u8]) {
        let digits = self.digits.get(..self.len).unwrap_or_default();
        digits.split_at_checked(self.point).unwrap_or((digits, &[]))
    }

    fn write(&self, out: &mut Vec<u8>) {
        let (whole, fraction) = self.split();
        out.extend_from_slice(whole);
        if !fraction.is_empty() {
            out.push(b'.');
            out.extend_from_slice(fraction);
        }
    }
}

/// The value of `E7`, `e-3` or `E+07`; `None` when it is none or absurdly large.
fn exponent_of(text: &str) -> Option<i64> {
    let digits = text.get(1..)?;
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, digits.strip_prefix('+').unwrap_or(digits)),
    };
    let valid = (1..=4).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    valid
        .then(|| digits.parse::<i64>().ok().map(|value| sign * value))
        .flatten()
}

/// Says what is wrong with a text that is no number, and how to write it.
#[cold]
fn explain(text: &str) -> ValueError {
    let lower = text.to_lowercase();
    let has = |signs: &[char]| text.contains(signs);
    let unsigned = lower.trim_start_matches(['-', '+', '\u{2212}']);
    let message = if text.is_empty() {
        "A number is expected here, and the value is empty"
    } else if matches!(unsigned, "nan" | "inf" | "infinity") {
        "NaN and infinity are no numbers for TikTok; leave the value empty instead"
    } else if lower.starts_with(['-', '\u{2212}']) || (text.starts_with('(') && text.ends_with(')')) {
        "TikTok takes no negative numbers; leave the value empty, or send refunds another way"
    } else if text.starts_with('+') {
        "TikTok takes no signs; write the number without +"
    } else if has(&['%']) {
        "TikTok takes no percent sign; write the number alone, such as 12.5"
    } else if has(&['$', '€', '£', '¥', '₹', '₩', '₽', '₺', '฿', '₫', '₱', '₪'])
        || (text.contains(|c: char| c.is_ascii_digit()) && text.contains(char::is_alphabetic))
    {
        "TikTok takes no currency signs, letters or units; write the number alone, such as 1234.50, and map the \
         currency to properties.currency"
    } else if has(&[',', '\'', '_', ' ', '\u{a0}', '\u{202f}', '\u{2009}', '’', '٬'])
        || text.matches('.').count() > 1
    {
        "TikTok takes no separators of thousands and no decimal comma; write the number with a point before the \
         fraction and nothing else, such as 1234.50"
    } else {
        "A number is expected here, written with ASCII digits and a point before the fraction, such as 1234.50"
    };
    refused(message)
}

fn refused(message: &'static str) -> ValueError {
    ValueError::new(Code::InvalidNumber, message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(text: &str) -> Result<String, String> {
        let mut out = Vec::new();
        decimal(text, &mut out)
            .map(|()| String::from_utf8(out).unwrap())
            .map_err(|error| error.message.into_owned())
    }

    #[test]
    fn numbers_keep_their_digits() {
        for (text, expected) in [
            ("10", "10"),
            ("10.00", "10.00"),
            ("1.0", "1.0"),
            (" 10 ", "10"),
            ("\u{a0}10.5\t", "10.5"),
            ("0", "0"),
            ("0.0", "0.0"),
            (".5", "0.5"),
            ("5.", "5"),
            ("007", "7"),
            ("00.50", "0.50"),
            ("000", "0"),
            ("1234567890123456789.123456789", "1234567890123456789.123456789"),
            ("1.000", "1.000"),
        ] {
            assert_eq!(written(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn exponents_become_plain_decimals() {
        for (text, expected) in [
            ("1.0E7", "10000000"),
            ("1.0e+07", "10000000"),
            ("1E0", "1"),
            ("1.25E1", "12.5"),
            ("1.50E1", "15.0"),
            ("1.5E-3", "0.0015"),
            ("12E-1", "1.2"),
            ("12E-2", "0.12"),
            ("0E5", "0"),
            ("0.0E0", "0.0"),
            ("0E9999", "0"),
            ("00012E2", "1200"),
            ("0.00012E2", "0.012"),
            ("0.00012E5", "12"),
            (".5E1", "5"),
            ("9.99E2", "999"),
        ] {
            assert_eq!(written(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_tiktok_does_not_take_is_refused_with_advice() {
        for (text, part) in [
            ("", "empty"),
            ("-5", "negative"),
            ("-0", "negative"),
            ("(10.00)", "negative"),
            ("\u{2212}5", "negative"),
            ("+5", "signs"),
            ("1,000.00", "thousands"),
            ("1.000,00", "thousands"),
            ("1.000.000", "thousands"),
            ("1 000", "thousands"),
            ("1\u{202f}000", "thousands"),
            ("1'000", "thousands"),
            ("1_000", "thousands"),
            ("10,50", "decimal comma"),
            ("$10", "currency signs"),
            ("10€", "currency signs"),
            ("10 EUR", "currency signs"),
            ("EUR10", "currency signs"),
            ("10%", "percent"),
            ("NaN", "NaN"),
            ("-inf", "NaN"),
            ("Infinity", "NaN"),
            ("abc", "A number"),
            (".", "A number"),
            ("１２", "A number"),
            ("1E", "letters"),
            ("1E1.5", "letters"),
            ("0x10", "letters"),
            ("1E400", "too many digits"),
            ("1E-400", "too many digits"),
            ("--5", "negative"),
        ] {
            let message = written(text).expect_err(text);
            assert!(message.contains(part), "{text}: {message}");
        }
    }

    #[test]
    fn whole_numbers_have_no_fraction() {
        let whole = |text: &str| {
            let mut out = Vec::new();
            integer(text, &mut out)
                .map(|()| String::from_utf8(out).unwrap())
                .map_err(|error| error.code)
        };
        for (text, expected) in [
            ("2", "2"),
            ("2.0", "2"),
            ("2.", "2"),
            ("02", "2"),
            ("2E0", "2"),
            ("1.5E1", "15"),
        ] {
            assert_eq!(whole(text).as_deref(), Ok(expected), "{text}");
        }
        for text in ["2.5", "-1", "", "two", "1E20", "1,000"] {
            assert_eq!(whole(text), Err(Code::InvalidNumber), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_a_json_number_of_the_same_value(
            text in "[0-9]{0,12}(\\.[0-9]{0,8})?([eE][+-]?[0-9]{1,2})?"
        ) {
            if let Ok(number) = written(&text) {
                let value: f64 = serde_json::from_str(&number).expect("a number of JSON");
                let expected: f64 = text.parse().expect("a number");
                prop_assert!((value - expected).abs() <= expected.abs() * 1e-12, "{text} became {number}");
            }
        }

        #[test]
        fn writing_twice_is_writing_once(text in "\\PC{0,20}") {
            if let Ok(number) = written(&text) {
                prop_assert_eq!(written(&number), Ok(number));
            }
        }
    }
}
