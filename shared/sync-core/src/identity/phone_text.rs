//! What people write into a column of phone numbers, taken apart: digits, a plus, and what is neither.

use super::digits::decimal_digit;

/// More digits than any number has, prefixes for dialling included.
const MAX_DIGITS: usize = 30;

/// Words before a number that only say that it is one.
const LABELS: [&str; 14] = [
    "tel",
    "telephone",
    "telefon",
    "phone",
    "ph",
    "mobile",
    "mobil",
    "mob",
    "cell",
    "handy",
    "fon",
    "fone",
    "m",
    "t",
];

/// Words between a number and its extension (those of Google's libphonenumber).
const EXTENSION_LABELS: [&str; 11] = [
    "extension",
    "extensión",
    "extensio",
    "extn",
    "ext",
    "xtn",
    "xt",
    "anexo",
    "доб",
    "int",
    "x",
];

/// A phone number as it was written: its digits in ASCII, without marks, label and extension.
pub(super) struct PhoneText {
    /// `+` and the digits.
    text: [u8; MAX_DIGITS + 1],
    /// How many digits.
    len: usize,
    /// Whether a plus stands in front.
    pub(super) plus: bool,
    /// Whether letters were read as the digits of their keys.
    pub(super) letters: bool,
    /// Which digit is a trunk zero in brackets, as in `+44 (0)20`.
    pub(super) trunk_zero: Option<usize>,
}

impl PhoneText {
    /// Takes a text apart. The error is a sentence for people.
    pub(super) fn read(text: &str) -> Result<Self, &'static str> {
        let text = text.trim_matches(|c| is_blank(c) || c == '\'');
        if text.is_empty() {
            return Err("The phone number is empty");
        }
        if text.len() > 250 {
            return Err("The text is too long for a phone number");
        }
        spreadsheet(text)?;
        let text = without_label(text);
        let mut number = Self::empty();
        if let Some(context) = parameter(text, "phone-context=")
            && context.starts_with('+')
            && !text.starts_with('+')
        {
            number.read_digits(context)?;
        }
        number.read_digits(text)?;
        Ok(number)
    }

    fn empty() -> Self {
        Self {
            text: [b'+'; MAX_DIGITS + 1],
            len: 0,
            plus: false,
            letters: false,
            trunk_zero: None,
        }
    }

    fn read_digits(&mut self, text: &str) -> Result<(), &'static str> {
        let mut letters = 0;
        for (at, c) in text.char_indices() {
            let rest = || text.get(at..).unwrap_or("");
            if let Some(digit) = decimal_digit(c) {
                if letters > 0 {
                    return Err(LETTERS);
                }
                self.push(b'0' + digit)?;
                continue;
            }
            match c {
                '+' | '\u{FF0B}' | '\u{FE62}' if self.len == 0 => self.plus = true,
                '+' | '\u{FF0B}' | '\u{FE62}' => {
                    return Err("A plus stands inside of the phone number; separate numbers with a comma");
                }
                '(' | '\u{FF08}' => {
                    if self.len > 0 && is_trunk_zero(rest()) {
                        self.trunk_zero = Some(self.len);
                    }
                }
                c if is_mark(c) || is_blank(c) => {}
                _ if self.len >= 3 && is_extension(rest()) => break,
                '~' | '\u{2053}' | '\u{223C}' | '\u{FF5E}' => {}
                'a'..='z' | 'A'..='Z' if self.len >= 3 => {
                    letters += 1;
                    self.push(key_of(c))?;
                }
                c if c.is_alphabetic() => return Err(LETTERS),
                _ => return Err("The phone number holds a character that no number has"),
            }
        }
        if letters > 0 {
            // Fewer letters than three are no word, but a remark or a slip.
            if letters < 3 {
                return Err(LETTERS);
            }
            self.letters = true;
        }
        if self.len == 0 {
            Err("The phone number has no digits")
        } else {
            Ok(())
        }
    }

    fn push(&mut self, digit: u8) -> Result<(), &'static str> {
        let place = self.text.get_mut(self.len + 1).ok_or(TOO_MANY)?;
        *place = digit;
        self.len += 1;
        Ok(())
    }

    /// The digits.
    pub(super) fn digits(&self) -> &str {
        self.international().get(1..).unwrap_or("")
    }

    /// The digits with a plus in front, whether one was written or not.
    pub(super) fn international(&self) -> &str {
        self.text
            .get(..=self.len)
            .and_then(|text| std::str::from_utf8(text).ok())
            .unwrap_or("")
    }

    /// The same number without the first digits, which dial out of a country, but with a plus.
    pub(super) fn without_prefix(&self, prefix: usize) -> Self {
        let mut number = Self::empty();
        for digit in self.digits().bytes().skip(prefix) {
            let _ = number.push(digit);
        }
        number.plus = true;
        number.letters = self.letters;
        number.trunk_zero = self.trunk_zero.and_then(|at| at.checked_sub(prefix));
        number
    }

    /// The same number without the digit at this place.
    pub(super) fn without_digit(&self, place: usize) -> Self {
        let mut number = Self::empty();
        for (_, digit) in self.digits().bytes().enumerate().filter(|(at, _)| *at != place) {
            let _ = number.push(digit);
        }
        number.plus = self.plus;
        number.letters = self.letters;
        number
    }
}

/// What is said about letters.
pub(super) const LETTERS: &str = "Letters stand in the phone number; write digits alone";
const TOO_MANY: &str = "The phone number has more digits than any number; separate numbers with a comma";

/// Refuses what spreadsheets and decimal columns make of numbers: digits are lost, or added.
fn spreadsheet(text: &str) -> Result<(), &'static str> {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if let Some((mantissa, exponent)) = text.split_once(['e', 'E']) {
        let mantissa = mantissa.trim_start_matches('+');
        let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
        if digits(whole) && digits(fraction) && digits(exponent.trim_start_matches(['+', '-'])) {
            return Err(
                "The phone number is written with an exponent, as spreadsheets do, and its digits are lost; export \
                 the column as text",
            );
        }
    }
    if let Some((whole, fraction)) = text.split_once('.')
        && whole.len() > 5
        && digits(whole.trim_start_matches('+'))
        && matches!(fraction, "0" | "00")
    {
        return Err(
            "The phone number is written as a decimal number, so a zero in front may be lost; export the \
                    column as text",
        );
    }
    Ok(())
}

/// The text without a label in front: `tel:`, `Tel.`, `Phone `, `p:`.
fn without_label(text: &str) -> &str {
    let Some(end) = text.find(|c: char| !c.is_alphabetic()) else {
        return text;
    };
    let (word, rest) = text.split_at_checked(end).unwrap_or(("", text));
    if word.is_empty() || word.chars().count() > 12 {
        return text;
    }
    let known = LABELS.iter().any(|label| word.eq_ignore_ascii_case(label));
    let marked = rest.starts_with([':', '.', '\u{FF1A}']);
    let number = rest.trim_start_matches(|c| matches!(c, ':' | '.' | '\u{FF1A}') || is_blank(c));
    let starts = |c: char| matches!(c, '+' | '\u{FF0B}' | '(') || decimal_digit(c).is_some();
    let separated = marked || (known && number.len() < rest.len());
    if separated && number.starts_with(starts) {
        number
    } else {
        text
    }
}

/// The value of a parameter of a `tel:` URI (RFC 3966).
fn parameter<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.split(';').skip(1).find_map(|parameter| {
        let (start, value) = parameter.split_at_checked(name.len())?;
        start.eq_ignore_ascii_case(name).then_some(value)
    })
}

fn is_trunk_zero(text: &str) -> bool {
    let inside = text
        .trim_start_matches(['(', '\u{FF08}'])
        .split([')', '\u{FF09}'])
        .next()
        .unwrap_or("");
    let mut digits = inside.chars().filter(|c| !is_blank(*c));
    digits.next().and_then(decimal_digit) == Some(0) && digits.next().is_none()
}

/// Whether the rest of a text is nothing but an extension, or parameters of a `tel:` URI.
fn is_extension(text: &str) -> bool {
    if ["ext=", "isub=", "phone-context="].iter().any(|name| {
        let name_of = text.get(1..=name.len());
        text.starts_with(';') && name_of.is_some_and(|of| of.eq_ignore_ascii_case(name))
    }) {
        return true;
    }
    let lower = text.to_lowercase();
    let text = lower.trim_start_matches(|c: char| c == ',' || c == '(' || is_blank(c));
    let label = EXTENSION_LABELS.iter().find_map(|label| text.strip_prefix(label));
    let (number, longest) =
        match label.or_else(|| text.strip_prefix(['#', '\u{FF03}', '~', '\u{FF5E}', '\u{FF58}'])) {
            Some(number) => (number, 20),
            None if lower.starts_with([',', ';']) => (text.trim_start_matches(';'), 6),
            None => return false,
        };
    let number =
        number.trim_start_matches(|c: char| matches!(c, '.' | ':' | ',' | '-' | '\u{FF0E}') || is_blank(c));
    let number = number.trim_end_matches(|c: char| matches!(c, '#' | ')') || is_blank(c));
    (1..=longest).contains(&number.chars().count()) && number.chars().all(|c| decimal_digit(c).is_some())
}

/// Marks between digits that mean nothing.
fn is_mark(c: char) -> bool {
    matches!(c,
        '-' | '.' | '/' | '(' | ')' | '[' | ']' | '_'
        | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30FC}' | '\u{FE63}' | '\u{FF0D}'..='\u{FF0F}'
        | '\u{FF08}' | '\u{FF09}' | '\u{FF3B}' | '\u{FF3D}' | '\u{B7}' | '\u{2022}' | '\u{2044}')
}

/// White space and characters that show nothing: joiners, direction marks, the byte order mark.
fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || matches!(c,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{180B}'..='\u{180E}' | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}' | '\u{FFA0}')
}

/// The digit on the key of a letter (ITU-T E.161).
fn key_of(letter: char) -> u8 {
    match letter.to_ascii_uppercase() {
        'A'..='C' => b'2',
        'D'..='F' => b'3',
        'G'..='I' => b'4',
        'J'..='L' => b'5',
        'M'..='O' => b'6',
        'P'..='S' => b'7',
        'T'..='V' => b'8',
        _ => b'9',
    }
}
