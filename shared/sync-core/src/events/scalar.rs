//! One value: a column's text, or a scalar of a column's JSON, written as the JSON of its kind.

use super::json::{Reader, write_string};
use super::source::Slot;
use super::table::ValueKind;
use crate::rejection::{Code, Problem};
use crate::values::{Currencies, ValueError, boolean, decimal, integer};

/// What values need beside themselves, and what they leave behind.
pub(super) struct Context<'c> {
    pub(super) currencies: &'c Currencies,
    /// For texts with escapes.
    pub(super) scratch: String,
    /// What is odd about a mapping's value that goes all the same; [`Self::note`] makes warnings of them.
    pub(super) notes: Vec<ValueError>,
    pub(super) warnings: Vec<Problem>,
    pub(super) value_given: bool,
    pub(super) currency_given: bool,
}

impl Context<'_> {
    /// Makes warnings of what the mapping's value left behind. `written`: the value is in the event.
    pub(super) fn note(&mut self, slot: &Slot, written: bool) {
        self.warnings
            .extend(self.notes.drain(..).map(|note| slot.problem(note)));
        if written {
            slot.note_unusual(&mut self.warnings);
        }
    }
}

/// Appends the text as a value of this kind. The text has no blanks at its ends and is not empty.
/// Lists and objects are not for here.
pub(super) fn write_scalar(
    kind: ValueKind,
    text: &str,
    context: &mut Context<'_>,
    out: &mut Vec<u8>,
) -> Result<(), ValueError> {
    match kind {
        ValueKind::Number => decimal(text, out)?,
        ValueKind::Integer => integer(text, out)?,
        ValueKind::Currency => {
            let currency = context.currencies.parse(text)?;
            write_string(out, currency.as_str());
            context.currency_given = true;
        }
        ValueKind::Boolean => out.extend_from_slice(if boolean(text)? { b"true" } else { b"false" }),
        ValueKind::ContentType => {
            let known = ["product", "product_group"]
                .into_iter()
                .find(|known| text.eq_ignore_ascii_case(known));
            if known.is_none() {
                const MESSAGE: &str =
                    "TikTok names product and product_group here; other values may count for nothing";
                context.notes.push(ValueError::new(Code::InvalidValue, MESSAGE));
            }
            write_string(out, known.unwrap_or(text));
        }
        _ => write_string(out, text),
    }
    Ok(())
}

/// Appends the text of a column for a key that TikTok does not list: JSON when it is a list or an object, else text.
pub(super) fn write_free(text: &str, scratch: &mut String, out: &mut Vec<u8>) {
    let start = out.len();
    if text.starts_with(['{', '[']) {
        let mut reader = Reader::new(text);
        if reader.copy(out, scratch).and_then(|()| reader.end()).is_ok() {
            return;
        }
        out.truncate(start);
    }
    write_string(out, text);
}
