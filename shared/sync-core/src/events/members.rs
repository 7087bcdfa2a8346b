//! The JSON of a column, written again with each member as its field takes it.

use super::json::{JsonError, Kind, Reader, write_string};
use super::scalar::{Context, write_scalar};
use super::source::Slot;
use super::table::{FIELDS, ValueKind};
use super::targets::clear_identity;
use super::tree::Object;
use crate::rejection::{Code, Problem};
use crate::row::Row;
use crate::values::ValueError;

/// What is wrong inside of a column's JSON.
pub(super) enum InnerError {
    /// The JSON itself: where, for example `[1].price` (empty: as a whole), and what.
    Json(String, ValueError),
    /// A mapped member that is written beside the JSON's own ones.
    Mapped(Problem),
}

impl InnerError {
    /// The problem of the row, when the JSON came from this mapping.
    pub(super) fn into_problem(self, slot: &Slot) -> Problem {
        match self {
            Self::Mapped(problem) => problem,
            Self::Json(place, error) if place.is_empty() => slot.problem(error),
            Self::Json(place, error) => {
                let message = format!(
                    "At {} of the JSON: {}",
                    place.trim_start_matches('.'),
                    error.message
                );
                slot.problem(ValueError::new(error.code, message))
            }
        }
    }

    fn below(self, outer: impl FnOnce() -> String) -> Self {
        match self {
            Self::Json(place, error) => Self::Json(outer() + &place, error),
            mapped @ Self::Mapped(_) => mapped,
        }
    }

    pub(super) fn at_position(self, position: usize) -> Self {
        self.below(|| format!("[{position}]"))
    }

    fn at_member(self, name: &str) -> Self {
        self.below(|| format!(".{name}"))
    }
}

impl From<ValueError> for InnerError {
    fn from(error: ValueError) -> Self {
        Self::Json(String::new(), error)
    }
}

impl From<JsonError> for InnerError {
    fn from(error: JsonError) -> Self {
        let message = format!(
            "The column holds no valid JSON: reading stopped at byte {} of it; write JSON with double quotes, such as \
             [{{\"content_id\": \"sku-7\", \"price\": 10.5}}]",
            error.at
        );
        ValueError::new(Code::InvalidJson, message).into()
    }
}

/// The wrong kind of JSON.
pub(super) fn wrong_shape(message: &'static str) -> InnerError {
    ValueError::new(Code::InvalidJson, message).into()
}

/// Where the members of an object are looked up in the table, for example `properties.contents[].`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prefix(pub(super) &'static str);

impl Prefix {
    /// The name of a member that the table has, its kind, and its place in the table.
    fn field(self, member: &str) -> Option<(&'static str, ValueKind, usize)> {
        FIELDS.iter().enumerate().find_map(|(place, field)| {
            let name = field.path.strip_prefix(self.0)?;
            (name == member).then_some((name, field.kind, place))
        })
    }

    /// Whether its members are those of an object that a company fills as it likes.
    fn is_open(self) -> bool {
        matches!(self.0, "properties." | "properties.contents[].")
    }
}

/// Appends the members of the JSON object at which the reader stands, but those that `mapped` gives for this row.
/// `out` stands behind `{` or a member. True when a member was written.
pub(super) fn write_members(
    reader: &mut Reader<'_>,
    prefix: Prefix,
    mapped: Option<(&Object, &Row<'_>)>,
    mut any: bool,
    context: &mut Context<'_>,
    out: &mut Vec<u8>,
) -> Result<bool, InnerError> {
    reader.open(Kind::Object)?;
    let mut first = true;
    // The members of the table that the object had so far: it has fewer than 128.
    let mut seen = 0_u128;
    let mut key_text = String::new();
    while let Some(key) = reader.member(first)? {
        first = false;
        let name = key.decode(&mut key_text);
        if mapped.is_some_and(|(object, row)| object.gives(name, row)) {
            reader.skip()?;
            continue;
        }
        let start = out.len();
        if any {
            out.push(b',');
        }
        write_string(out, name);
        out.push(b':');
        let written = match prefix.field(name) {
            Some((name, kind, place)) => {
                let bit = 1_u128 << (place % 128);
                if seen & bit != 0 {
                    const TWICE: &str =
                        "The JSON object has this member twice, and only one can go; write it once";
                    return Err(wrong_shape(TWICE).at_member(name));
                }
                seen |= bit;
                write_member(reader, kind, name, prefix, context, out)
                    .map_err(|error| error.at_member(name))?
            }
            None if prefix.is_open() && clear_identity(name).is_some() => {
                const MESSAGE: &str = "An identity inside of the JSON is left out, as it would go out unhashed; map it \
                                       from a column of its own";
                context.notes.push(ValueError::new(Code::InvalidValue, MESSAGE));
                reader.skip()?;
                false
            }
            None => write_unknown(reader, context, out)?,
        };
        if prefix.0 == "properties." && name == "value" {
            context.value_given |= written;
        }
        if written {
            any = true;
        } else {
            out.truncate(start);
        }
    }
    Ok(any)
}

fn write_unknown(
    reader: &mut Reader<'_>,
    context: &mut Context<'_>,
    out: &mut Vec<u8>,
) -> Result<bool, InnerError> {
    if reader.peek()? == Kind::Null {
        reader.skip()?;
        return Ok(false);
    }
    reader.copy(out, &mut context.scratch)?;
    Ok(true)
}

fn write_member(
    reader: &mut Reader<'_>,
    kind: ValueKind,
    name: &'static str,
    prefix: Prefix,
    context: &mut Context<'_>,
    out: &mut Vec<u8>,
) -> Result<bool, InnerError> {
    match (kind, reader.peek()?) {
        (_, Kind::Null) => {
            reader.skip()?;
            Ok(false)
        }
        (ValueKind::TextList, _) => write_text_list(reader, context, out),
        (ValueKind::NumberRange, _) => write_number_range(reader, context, out),
        (ValueKind::Contents, _) => write_contents(
            reader,
            |reader, _, context, out| write_object(reader, CONTENTS, context, out),
            context,
            out,
        ),
        (ValueKind::Object, Kind::Object) if prefix.0 == "properties." && name == "mileage" => {
            write_object(reader, MILEAGE, context, out)
        }
        (ValueKind::Object, _) => Err(wrong_shape("A JSON object is expected here")),
        (kind, _) => write_json_scalar(reader, kind, context, out),
    }
}

pub(super) const PROPERTIES: Prefix = Prefix("properties.");
pub(super) const CONTENTS: Prefix = Prefix("properties.contents[].");
pub(super) const MILEAGE: Prefix = Prefix("properties.mileage.");

/// Appends the JSON object at which the reader stands. Nothing is appended, and false comes back, when it is empty.
pub(super) fn write_object(
    reader: &mut Reader<'_>,
    prefix: Prefix,
    context: &mut Context<'_>,
    out: &mut Vec<u8>,
) -> Result<bool, InnerError> {
    let start = out.len();
    out.push(b'{');
    if write_members(reader, prefix, None, false, context, out)? {
        out.push(b'}');
        return Ok(true);
    }
    out.truncate(start);
    Ok(false)
}

/// Appends the JSON list of objects at which the reader stands, without `[` and `]`; one object counts as a list of
/// one. `each` writes one of them.
pub(super) fn write_contents<'a>(
    reader: &mut Reader<'a>,
    mut each: impl FnMut(&mut Reader<'a>, usize, &mut Context<'_>, &mut Vec<u8>) -> Result<bool, InnerError>,
    context: &mut Context<'_>,
    out: &mut Vec<u8>,
) -> Result<bool, InnerError> {
    const SHAPE: &str = "A JSON list of objects is expected here, such as [{\"content_id\": \"sku-7\"}]";
    let start = out.len();
    out.push(b'[');
    let mut any = false;
    match reader.peek()? {
        Kind::Object => any = each(reader, 0, context, out)?,
        Kind::List => {
            reader.open(Kind::List)?;
            let mut position = 0;
            while reader.element(position == 0)? {
                let before = out.len();
                if any {
                    out.push(b',');
                }
                let written = match reader.peek()? {
                    Kind::Object => {
                        each(reader, position, context, out).map_err(|e| e.at_position(position))?
                    }
                    Kind::Null => {
                        reader.skip()?;
                        false
                    }
                    _ => return Err(wrong_shape(SHAPE).at_position(position)),
                };
                if written {
                    any = true;
                } else {
                    out.truncate(before);
                }
                position += 1;
            }
        }
        _ => return Err(wrong_shape(SHAPE)),
    }
    if any {
        out.push(b']');
    } else {
        out.truncate(start);
    }
    Ok(any)
}

/// Appends a text, number or truth value of the JSON as a value of this kind; an empty text is absent.
fn write_json_scalar(
    reader: &mut Reader<'_>,
    kind: ValueKind,
    context: &mut Context<'_>,
    out: &mut Vec<u8>,
) -> Result<bool, InnerError> {
    let mut scratch = std::mem::take(&mut context.scratch);
    let text = match reader.peek()? {
        Kind::Null => {
            reader.skip()?;
            ""
        }
        Kind::Boolean => reader.word()?,
        Kind::Number => reader.number()?,
        Kind::Text => reader.string()?.decode(&mut scratch).trim(),
        Kind::List | Kind::Object => {
            return Err(wrong_shape("One value is expected here, no list and no object"));
        }
    };
    let result = if text.is_empty() {
        Ok(false)
    } else {
        write_scalar(kind, text, context, out).map(|()| true)
    };
    context.scratch = scratch;
    Ok(result?)
}

/// Appends a list of texts; one text counts as a list of one.
pub(super) fn write_text_list(
    reader: &mut Reader<'_>,
    context: &mut Context<'_>,
    out: &mut Vec<u8>,
) -> Result<bool, InnerError> {
    let start = out.len();
    out.push(b'[');
    if write_texts(reader, false, context, out)? {
        out.push(b']');
        return Ok(true);
    }
    out.truncate(start);
    Ok(false)
}

/// Appends the texts of a JSON list, or the one text, without `[` and `]`. `any`: `out` stands behind another text.
pub(super) fn write_texts(
    reader: &mut Reader<'_>,
    mut any: bool,
    context: &mut Context<'_>,
    out: &mut Vec<u8>,
) -> Result<bool, InnerError> {
    if reader.peek()? != Kind::List {
        let start = out.len();
        if any {
            out.push(b',');
        }
        let written = write_json_scalar(reader, ValueKind::Text, context, out)?;
        if !written {
            out.truncate(start);
        }
        return Ok(any || written);
    }
    reader.open(Kind::List)?;
    let mut position = 0;
    while reader.element(position == 0)? {
        let start = out.len();
        if any {
            out.push(b',');
        }
        let written =
            write_json_scalar(reader, ValueKind::Text, context, out).map_err(|e| e.at_position(position))?;
        if written {
            any = true;
        } else {
            out.truncate(start);
        }
        position += 1;
    }
    Ok(any)
}

/// Appends a list of two numbers.
pub(super) fn write_number_range(
    reader: &mut Reader<'_>,
    context: &mut Context<'_>,
    out: &mut Vec<u8>,
) -> Result<bool, InnerError> {
    const SHAPE: &str = "A JSON list of two numbers is expected here, such as [10000, 20000]";
    if reader.peek()? != Kind::List {
        return Err(wrong_shape(SHAPE));
    }
    reader.open(Kind::List)?;
    out.push(b'[');
    let mut position = 0;
    while reader.element(position == 0)? {
        if position == 1 {
            out.push(b',');
        }
        let written = write_json_scalar(reader, ValueKind::Number, context, out)
            .map_err(|e| e.at_position(position))?;
        if !written || position == 2 {
            return Err(wrong_shape(SHAPE));
        }
        position += 1;
    }
    if position != 2 {
        return Err(wrong_shape(SHAPE));
    }
    out.push(b']');
    Ok(true)
}
