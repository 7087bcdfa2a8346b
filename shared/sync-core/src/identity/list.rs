use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{IdentityError, is_absent};
use crate::rejection::Code;

/// Gives each value of a cell to `f`: the cell itself, the members of a JSON array of texts and numbers, or, where
/// the column `splits` (emails and phones, not ids), the parts between `,` and `;`.
///
/// Absent values are skipped. The extension of a phone number (`;ext=12`, `, ext. 12`) stays with its number. Where an
/// array is malformed or holds something else than texts, numbers and `null`, an error stands in its place.
pub fn each_value<'a>(cell: &'a str, splits: bool, f: &mut dyn FnMut(Result<Cow<'a, str>, IdentityError>)) {
    each_place(cell, splits, &mut |place| match place {
        Ok(Some(value)) => f(Ok(value)),
        Ok(None) => {}
        Err(error) => f(Err(error)),
    });
}

/// [`each_value`] with the places of absent values, as `None`: lists of two columns can be paired by position.
pub fn each_place<'a>(
    cell: &'a str,
    splits: bool,
    f: &mut dyn FnMut(Result<Option<Cow<'a, str>>, IdentityError>),
) {
    let cell = cell.trim();
    if cell.starts_with('[') {
        return json_array(cell, f);
    }
    let present = |text: &'a str| (!is_absent(text)).then(|| Cow::Borrowed(text.trim()));
    if !splits || !cell.contains([',', ';']) {
        return f(Ok(present(cell)));
    }
    if cell.starts_with('{') && cell.ends_with('}') {
        return f(Err(malformed(
            "This looks like an array as PostgreSQL writes it; write it as a JSON array, [\"…\", \"…\"]",
        )));
    }
    let mut rest = cell;
    while !rest.is_empty() {
        let end = end_of_part(rest);
        let (part, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
        f(Ok(present(part)));
        rest = behind.get(1..).unwrap_or("");
    }
}

/// Where the first part of a list ends: at a separator that no extension follows.
fn end_of_part(text: &str) -> usize {
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find([',', ';'])) {
        let separator = from + at;
        let behind = text.get(separator + 1..).unwrap_or("");
        if separator == 0 || !begins_with_extension(behind) {
            return separator;
        }
        from = separator + 1 + usize::from(behind.starts_with(','));
    }
    text.len()
}

/// Whether what follows a separator is an extension, or another parameter of a `tel:` URI, and no value of its own.
fn begins_with_extension(text: &str) -> bool {
    if let Some(dialled) = text.strip_prefix(',') {
        // `,,12` makes a telephone dial 12 after a pause.
        let digits = dialled.bytes().take_while(u8::is_ascii_digit).count();
        let behind = dialled.get(digits..).unwrap_or("").trim_start();
        return (1..=6).contains(&digits) && (behind.is_empty() || behind.starts_with([',', ';']));
    }
    let part = text.split([',', ';']).next().unwrap_or(text).trim();
    if part.contains('@') {
        return false;
    }
    let lower = part.to_ascii_lowercase();
    if ["ext=", "isub=", "phone-context="]
        .iter()
        .any(|name| lower.starts_with(name))
    {
        return true;
    }
    let label = ["extension", "extn", "ext", "x", "#"]
        .iter()
        .find_map(|label| lower.strip_prefix(label));
    label.is_some_and(|rest| {
        let digits = rest
            .trim_start_matches(['.', ':', ' ', '\u{a0}'])
            .trim_end_matches('#');
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn json_array<'a>(cell: &'a str, f: &mut dyn FnMut(Result<Option<Cow<'a, str>>, IdentityError>)) {
    let Ok(members) = serde_json::from_str::<Vec<&'a RawValue>>(cell) else {
        return f(Err(malformed(
            "The cell starts with [ and is no JSON array; write it as [\"…\", \"…\"] with double quotes",
        )));
    };
    for member in members {
        let raw = member.get();
        let value = match raw.as_bytes().first() {
            Some(b'"') => {
                let Ok(Text(text)) = serde_json::from_str::<Text<'a>>(raw) else {
                    f(Err(malformed(
                        "A text of the JSON array holds an escape that stands for no character",
                    )));
                    continue;
                };
                text
            }
            Some(b'-' | b'0'..=b'9') => Cow::Borrowed(raw),
            Some(b'n') => {
                f(Ok(None));
                continue;
            }
            _ => {
                f(Err(malformed(
                    "The JSON array holds something else than texts and numbers",
                )));
                continue;
            }
        };
        f(Ok((!is_absent(&value)).then_some(value)));
    }
}

/// A JSON string, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[cold]
fn malformed(message: &'static str) -> IdentityError {
    IdentityError::new(Code::InvalidJson, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(cell: &str, splits: bool) -> Vec<Result<String, Code>> {
        let mut values = Vec::new();
        each_value(cell, splits, &mut |value| {
            values.push(value.map(Cow::into_owned).map_err(|error| error.code));
        });
        values
    }

    fn check(cell: &str, splits: bool, expected: &[&str]) {
        let expected: Vec<_> = expected.iter().map(|text| Ok((*text).to_owned())).collect();
        assert_eq!(values(cell, splits), expected, "{cell}");
    }

    #[test]
    fn a_cell_is_one_value_or_several() {
        check(" a@x.de ", true, &["a@x.de"]);
        check("a@x.de, b@x.de;c@x.de", true, &["a@x.de", "b@x.de", "c@x.de"]);
        check("a@x.de,,; ,null,b@x.de,", true, &["a@x.de", "b@x.de"]);
        check("a,b;c", false, &["a,b;c"]);
        check("null", true, &[]);
        check("", false, &[]);
    }

    #[test]
    fn json_arrays_are_taken_apart_in_every_column() {
        check(r#"["a@x.de","b@x.de"]"#, true, &["a@x.de", "b@x.de"]);
        check(
            r#" [ 4915112345678, "x,y", null, "", "N/A", -1, 1.5 ] "#,
            false,
            &["4915112345678", "x,y", "-1", "1.5"],
        );
        check(r#"["\u00e4\"b"]"#, false, &["ä\"b"]);
        check(
            "[123456789012345678901234567890]",
            false,
            &["123456789012345678901234567890"],
        );
        check("[]", true, &[]);
    }

    #[test]
    fn malformed_arrays_are_one_error() {
        for cell in [
            "[",
            "[a]",
            "['a@x.de']",
            r#"["a@x.de"] x"#,
            r#"["a@x.de""#,
            r#"["a",]"#,
        ] {
            assert_eq!(values(cell, true), [Err(Code::InvalidJson)], "{cell}");
        }
        assert_eq!(values("{a@x.de,b@x.de}", true), [Err(Code::InvalidJson)]);
        assert_eq!(
            values(r#"["a",{"b":1},true]"#, true),
            [Ok("a".to_owned()), Err(Code::InvalidJson), Err(Code::InvalidJson)]
        );
        assert_eq!(values(r#"["\ud800"]"#, true), [Err(Code::InvalidJson)]);
    }

    #[test]
    fn extensions_stay_with_their_number() {
        check("tel:+49-30-123456;ext=12", true, &["tel:+49-30-123456;ext=12"]);
        check(
            "+49 30 123456, ext. 12; +49 30 99",
            true,
            &["+49 30 123456, ext. 12", "+49 30 99"],
        );
        check("030 123456 , x12", true, &["030 123456 , x12"]);
        check(
            "tel:123456;phone-context=+49;ext=1,030 9",
            true,
            &["tel:123456;phone-context=+49;ext=1", "030 9"],
        );
        check("a@x.de;ext.12@x.de", true, &["a@x.de", "ext.12@x.de"]);
        check("a@x.de, x@x.de", true, &["a@x.de", "x@x.de"]);
        check(
            "+1 213 373 4253,,12;+1 213 373 4254",
            true,
            &["+1 213 373 4253,,12", "+1 213 373 4254"],
        );
        check(
            "+1 213 373 4253,,+1 213 373 4254",
            true,
            &["+1 213 373 4253", "+1 213 373 4254"],
        );
    }
}
