//! Reading the JSON of a column piece by piece.
//!
//! The reader takes exactly what `serde_json` takes as a `Value` (a test compares them), up to [`MAX_NESTING`].
//! Its errors say where, never what.

use super::write::write_string;

/// How deep lists and objects may lie in each other.
pub(crate) const MAX_NESTING: usize = 32;

/// The column does not hold JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct JsonError {
    /// The byte of the column's text at which reading stopped, from 0.
    pub(crate) at: usize,
}

/// What begins at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Boolean,
    Number,
    Text,
    List,
    Object,
}

/// A string as it stands between its quotes. Its escapes have been checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<'a> {
    raw: &'a str,
    escaped: bool,
}

impl<'a> Text<'a> {
    /// The text itself, in `scratch` where it holds escapes.
    pub(crate) fn decode<'s>(self, scratch: &'s mut String) -> &'s str
    where
        'a: 's,
    {
        if !self.escaped {
            return self.raw;
        }
        scratch.clear();
        let mut chars = self.raw.chars();
        while let Some(c) = chars.next() {
            if c != '\\' {
                scratch.push(c);
                continue;
            }
            match chars.next() {
                Some('n') => scratch.push('\n'),
                Some('r') => scratch.push('\r'),
                Some('t') => scratch.push('\t'),
                Some('b') => scratch.push('\u{8}'),
                Some('f') => scratch.push('\u{c}'),
                Some('u') => {
                    let mut unit = hex4(&mut chars);
                    if (0xd800..0xdc00).contains(&unit) {
                        chars.by_ref().take(2).for_each(drop);
                        unit = 0x10000
                            + ((unit - 0xd800) << 10)
                            + (hex4(&mut chars).wrapping_sub(0xdc00) & 0x3ff);
                    }
                    scratch.push(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                Some(other) => scratch.push(other),
                None => {}
            }
        }
        scratch
    }
}

fn hex4(chars: &mut std::str::Chars<'_>) -> u32 {
    chars
        .by_ref()
        .take(4)
        .fold(0, |unit, c| unit * 16 + c.to_digit(16).unwrap_or(0))
}

/// A place in a JSON text.
#[derive(Clone)]
pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            depth: 0,
        }
    }

    fn error<T>(&self) -> Result<T, JsonError> {
        Err(JsonError { at: self.at })
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        self.blanks();
        if self.byte() != Some(byte) {
            return self.error();
        }
        self.at += 1;
        Ok(())
    }

    /// What comes next.
    pub(crate) fn peek(&mut self) -> Result<Kind, JsonError> {
        self.blanks();
        match self.byte() {
            Some(b'n') => Ok(Kind::Null),
            Some(b't' | b'f') => Ok(Kind::Boolean),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(b'"') => Ok(Kind::Text),
            Some(b'[') => Ok(Kind::List),
            Some(b'{') => Ok(Kind::Object),
            _ => self.error(),
        }
    }

    /// Nothing but blanks may follow.
    pub(crate) fn end(&mut self) -> Result<(), JsonError> {
        self.blanks();
        if self.at == self.text.len() {
            Ok(())
        } else {
            self.error()
        }
    }

    /// `null`, `true` or `false`.
    pub(crate) fn word(&mut self) -> Result<&'a str, JsonError> {
        self.blanks();
        let rest = self.text.get(self.at..).unwrap_or_default();
        for word in ["null", "true", "false"] {
            if rest.starts_with(word) {
                self.at += word.len();
                return Ok(word);
            }
        }
        self.error()
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while matches!(self.byte(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { self.error() } else { Ok(()) }
    }

    /// A number, as it is written. One that no computer's number can hold is an error.
    pub(crate) fn number(&mut self) -> Result<&'a str, JsonError> {
        self.blanks();
        let start = self.at;
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        if self.byte() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        let mut plain = true;
        if matches!(self.byte(), Some(b'e' | b'E')) {
            plain = false;
            self.at += 1;
            if matches!(self.byte(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        let number = self.text.get(start..self.at).unwrap_or_default();
        if (plain && number.len() < 300) || number.parse::<f64>().is_ok_and(f64::is_finite) {
            Ok(number)
        } else {
            self.error()
        }
    }

    /// A string.
    pub(crate) fn string(&mut self) -> Result<Text<'a>, JsonError> {
        self.expect(b'"')?;
        let start = self.at;
        let mut escaped = false;
        loop {
            match self.byte() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.at += 1;
                    self.escape()?;
                }
                Some(0x20..) => self.at += 1,
                _ => return self.error(),
            }
        }
        let raw = self.text.get(start..self.at).unwrap_or_default();
        self.at += 1;
        Ok(Text { raw, escaped })
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        match self.byte() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 1;
                Ok(())
            }
            Some(b'u') => {
                let first = self.unit()?;
                if (0xdc00..0xe000).contains(&first) {
                    return self.error();
                }
                if (0xd800..0xdc00).contains(&first) {
                    if self.byte() != Some(b'\\') {
                        return self.error();
                    }
                    self.at += 1;
                    if self.byte() != Some(b'u') || !(0xdc00..0xe000).contains(&self.unit()?) {
                        return self.error();
                    }
                }
                Ok(())
            }
            _ => self.error(),
        }
    }

    /// The four digits behind the `u` at which the reader stands.
    fn unit(&mut self) -> Result<u32, JsonError> {
        let digits = self
            .text
            .get(self.at + 1..self.at + 5)
            .filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        match digits.and_then(|d| u32::from_str_radix(d, 16).ok()) {
            Some(unit) => {
                self.at += 5;
                Ok(unit)
            }
            None => self.error(),
        }
    }

    /// Steps into a list or object; [`Self::element`] or [`Self::member`] follow until they end it.
    pub(crate) fn open(&mut self, kind: Kind) -> Result<(), JsonError> {
        self.expect(if kind == Kind::List { b'[' } else { b'{' })?;
        self.depth += 1;
        if self.depth > MAX_NESTING {
            self.error()
        } else {
            Ok(())
        }
    }

    /// True when another element of the list follows; false when the list has ended. `first`: none was read yet.
    pub(crate) fn element(&mut self, first: bool) -> Result<bool, JsonError> {
        self.more(first, b']')
    }

    /// The key of the object's next member, or `None` when the object has ended.
    pub(crate) fn member(&mut self, first: bool) -> Result<Option<Text<'a>>, JsonError> {
        if !self.more(first, b'}')? {
            return Ok(None);
        }
        let key = self.string()?;
        self.expect(b':')?;
        Ok(Some(key))
    }

    fn more(&mut self, first: bool, end: u8) -> Result<bool, JsonError> {
        self.blanks();
        if self.byte() == Some(end) {
            self.at += 1;
            self.depth -= 1;
            return Ok(false);
        }
        if !first {
            self.expect(b',')?;
        }
        Ok(true)
    }

    /// Leaves the next value out.
    pub(crate) fn skip(&mut self) -> Result<(), JsonError> {
        match self.peek()? {
            Kind::Null | Kind::Boolean => {
                self.word()?;
            }
            Kind::Number => {
                self.number()?;
            }
            Kind::Text => {
                self.string()?;
            }
            Kind::List => {
                self.open(Kind::List)?;
                let mut first = true;
                while self.element(first)? {
                    self.skip()?;
                    first = false;
                }
            }
            Kind::Object => {
                self.open(Kind::Object)?;
                let mut first = true;
                while self.member(first)?.is_some() {
                    self.skip()?;
                    first = false;
                }
            }
        }
        Ok(())
    }

    /// Appends the next value without its blanks.
    pub(crate) fn copy(&mut self, out: &mut Vec<u8>, scratch: &mut String) -> Result<(), JsonError> {
        match self.peek()? {
            Kind::Null | Kind::Boolean => out.extend_from_slice(self.word()?.as_bytes()),
            Kind::Number => out.extend_from_slice(self.number()?.as_bytes()),
            Kind::Text => write_string(out, self.string()?.decode(scratch)),
            Kind::List => {
                self.open(Kind::List)?;
                out.push(b'[');
                let mut first = true;
                while self.element(first)? {
                    if !first {
                        out.push(b',');
                    }
                    self.copy(out, scratch)?;
                    first = false;
                }
                out.push(b']');
            }
            Kind::Object => {
                self.open(Kind::Object)?;
                out.push(b'{');
                let mut first = true;
                while let Some(key) = self.member(first)? {
                    if !first {
                        out.push(b',');
                    }
                    write_string(out, key.decode(scratch));
                    out.push(b':');
                    self.copy(out, scratch)?;
                    first = false;
                }
                out.push(b'}');
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn copied(text: &str) -> Result<Vec<u8>, JsonError> {
        let (mut out, mut scratch) = (Vec::new(), String::new());
        let mut reader = Reader::new(text);
        reader.copy(&mut out, &mut scratch)?;
        reader.end()?;
        Ok(out)
    }

    fn check(text: &str) {
        let expected = serde_json::from_str::<Value>(text).ok();
        let got = copied(text)
            .ok()
            .map(|out| serde_json::from_slice::<Value>(&out).unwrap());
        assert_eq!(got, expected, "{text:?}");
    }

    #[test]
    fn takes_what_serde_json_takes() {
        for text in [
            "1",
            "-0",
            "01",
            "1.",
            ".5",
            "1e5",
            "1E+5",
            "1e",
            "1e400",
            "-1.5e-3",
            "+1",
            "--1",
            "0.10",
            "1 2",
            "tru",
            "true",
            "truex",
            "false",
            "null",
            "nul",
            "\"\"",
            "\"a",
            "\"\\u00e9\"",
            "\"\\ud83d\\ude00\"",
            "\"\\ud83d\"",
            "\"\\ude00\"",
            "\"\\ud83d\\n\"",
            "\"\\ud83dx\"",
            "\"\\ud83d\\ud83d\"",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\u12é4\"",
            "\"\n\"",
            "\"\u{7f}\"",
            "[]",
            "[ ]",
            "[,]",
            "[1,]",
            "[1 2]",
            "[1,2",
            "{}",
            "{ }",
            "{,}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{\"a\":1 ,\"b\" : [ {} , null ] }",
            "{a:1}",
            "{'a':1}",
            "[1}",
            "{\"a\":1]",
            "",
            " ",
            "NaN",
            "Infinity",
            "\u{feff}1",
            "1\u{a0}",
            "[\"\\\\\\\"\"]",
            "\"\\/\\b\\f\\n\\r\\t\\u0000\"",
        ] {
            check(text);
        }
    }

    #[test]
    fn digits_stay_as_they_are() {
        assert_eq!(
            copied("[ 0.10, 12345678901234567890.10 ]").unwrap(),
            b"[0.10,12345678901234567890.10]"
        );
    }

    #[test]
    fn nesting_has_an_end() {
        let nested = |n: usize| "[".repeat(n) + &"]".repeat(n);
        assert!(copied(&nested(MAX_NESTING)).is_ok());
        assert!(copied(&nested(MAX_NESTING + 1)).is_err());
        assert!(copied(&nested(100_000)).is_err());
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>()
                .prop_filter("finite", |n| n.is_finite())
                .prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn json_is_copied_equal(value in json(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
            check(&text.unwrap());
        }

        #[test]
        fn any_text_is_taken_or_refused_as_serde_json_does(text in r#"[\[\]{}",:0-9eE.+\-tfn\\u ad\x00-\x20é]{0,24}"#) {
            check(&text);
        }
    }
}
