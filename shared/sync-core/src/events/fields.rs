//! The sections of an event that name nobody: properties, page, app, ad and lead.

use super::json::{Kind, Reader};
use super::members::{
    CONTENTS, InnerError, MILEAGE, PROPERTIES, write_contents, write_members, write_number_range,
    write_texts, wrong_shape,
};
use super::scalar::{Context, write_free, write_scalar};
use super::source::Slot;
use super::table::ValueKind;
use super::tree::{Contents, Node, Object};
use crate::rejection::Problem;
use crate::row::Row;

/// Appends the members of an object that the row gives. `out` stands behind `{`, or behind a member when `any` is
/// set. True when `out` stands behind a member at the end.
pub(super) fn write_object_members(
    object: &Object,
    row: &Row<'_>,
    mut any: bool,
    context: &mut Context<'_>,
    out: &mut Vec<u8>,
) -> Result<bool, Problem> {
    for member in &object.members {
        let start = out.len();
        if any {
            out.push(b',');
        }
        out.extend_from_slice(&member.key);
        if write_node(&member.node, row, context, out)? {
            any = true;
        } else {
            out.truncate(start);
        }
    }
    let Some((slot, text)) = object
        .base
        .as_ref()
        .and_then(|slot| Some((slot, slot.source.get(row)?)))
    else {
        return Ok(any);
    };
    let prefix = if slot.path == "properties" {
        PROPERTIES
    } else {
        MILEAGE
    };
    let mut reader = Reader::new(text);
    let mut write = || {
        if reader.peek()? != Kind::Object {
            return Err(wrong_shape(
                "A JSON object is expected here, such as {\"key\": \"value\"}",
            ));
        }
        let any = write_members(&mut reader, prefix, Some((object, row)), any, context, out)?;
        reader.end()?;
        Ok(any)
    };
    let any = write().map_err(|error| error.into_problem(slot))?;
    context.note(slot, true);
    Ok(any)
}

/// Appends an object, or nothing when the row gives none of its members.
fn write_object(
    object: &Object,
    row: &Row<'_>,
    context: &mut Context<'_>,
    out: &mut Vec<u8>,
) -> Result<bool, Problem> {
    let start = out.len();
    out.push(b'{');
    if write_object_members(object, row, false, context, out)? {
        out.push(b'}');
        return Ok(true);
    }
    out.truncate(start);
    Ok(false)
}

/// Appends what stands in a place, or nothing when the row does not give it.
fn write_node(
    node: &Node,
    row: &Row<'_>,
    context: &mut Context<'_>,
    out: &mut Vec<u8>,
) -> Result<bool, Problem> {
    match node {
        Node::Leaf(slots) => match slots.as_slice() {
            [slot, ..] if slot.kind != ValueKind::TextList => write_leaf(slot, row, context, out),
            slots => write_text_lists(slots, row, context, out),
        },
        Node::Object(object) => write_object(object, row, context, out),
        Node::List(nodes) => write_list(nodes, row, context, out),
        Node::Contents(contents) => write_contents_node(contents, row, context, out),
    }
}

fn write_leaf(
    slot: &Slot,
    row: &Row<'_>,
    context: &mut Context<'_>,
    out: &mut Vec<u8>,
) -> Result<bool, Problem> {
    let Some(text) = slot.source.get(row) else {
        return Ok(false);
    };
    match slot.kind {
        ValueKind::Free => write_free(text, &mut context.scratch, out),
        ValueKind::NumberRange => {
            let mut reader = Reader::new(text);
            let mut write = || {
                write_number_range(&mut reader, context, out)?;
                Ok::<_, InnerError>(reader.end()?)
            };
            write().map_err(|error| error.into_problem(slot))?;
        }
        kind => write_scalar(kind, text, context, out).map_err(|error| slot.problem(error))?,
    }
    context.value_given |= slot.path == "properties.value";
    context.note(slot, true);
    Ok(true)
}

/// Appends the list that several mappings fill.
fn write_text_lists(
    slots: &[Slot],
    row: &Row<'_>,
    context: &mut Context<'_>,
    out: &mut Vec<u8>,
) -> Result<bool, Problem> {
    let start = out.len();
    out.push(b'[');
    let mut any = false;
    for slot in slots {
        let Some(text) = slot.source.get(row) else {
            continue;
        };
        let before = out.len();
        if text.starts_with('[') {
            let mut reader = Reader::new(text);
            let mut write = || {
                any = write_texts(&mut reader, any, context, out)?;
                Ok::<_, InnerError>(reader.end()?)
            };
            write().map_err(|error| error.into_problem(slot))?;
        } else {
            if any {
                out.push(b',');
            }
            write_scalar(ValueKind::Text, text, context, out).map_err(|error| slot.problem(error))?;
            any = true;
        }
        context.note(slot, out.len() > before);
    }
    if any {
        out.push(b']');
    } else {
        out.truncate(start);
    }
    Ok(any)
}

/// Appends a list whose positions are mapped one by one; empty ones are left out.
fn write_list(
    nodes: &[Node],
    row: &Row<'_>,
    context: &mut Context<'_>,
    out: &mut Vec<u8>,
) -> Result<bool, Problem> {
    let start = out.len();
    out.push(b'[');
    let mut any = false;
    for node in nodes {
        let before = out.len();
        if any {
            out.push(b',');
        }
        if write_node(node, row, context, out)? {
            any = true;
        } else {
            out.truncate(before);
        }
    }
    if any {
        out.push(b']');
    } else {
        out.truncate(start);
    }
    Ok(any)
}

/// Appends the contents: those of the JSON, with the mapped members of their positions in the place of their own, then
/// the positions behind them.
fn write_contents_node(
    contents: &Contents,
    row: &Row<'_>,
    context: &mut Context<'_>,
    out: &mut Vec<u8>,
) -> Result<bool, Problem> {
    let start = out.len();
    let mut any = false;
    let mut next = 0;
    if let Some((slot, text)) = contents
        .base
        .as_ref()
        .and_then(|slot| Some((slot, slot.source.get(row)?)))
    {
        let mut reader = Reader::new(text);
        let each =
            |reader: &mut Reader<'_>, position: usize, context: &mut Context<'_>, out: &mut Vec<u8>| {
                next = position + 1;
                let mapped = contents.at(position);
                let start = out.len();
                out.push(b'{');
                let any = match mapped {
                    Some(object) => {
                        write_object_members(object, row, false, context, out).map_err(InnerError::Mapped)?
                    }
                    None => false,
                };
                let mapped = mapped.map(|object| (object, row));
                if write_members(reader, CONTENTS, mapped, any, context, out)? {
                    out.push(b'}');
                    return Ok(true);
                }
                out.truncate(start);
                Ok(false)
            };
        let written = write_contents(&mut reader, each, context, out)
            .and_then(|written| Ok(reader.end().map(|()| written)?))
            .map_err(|error| error.into_problem(slot))?;
        if written {
            // The list is open again for the positions that follow.
            out.pop();
            any = true;
        }
        context.note(slot, written);
    }
    if !any {
        out.push(b'[');
    }
    for (_, object) in contents
        .positions
        .iter()
        .filter(|(position, _)| *position >= next)
    {
        let before = out.len();
        if any {
            out.push(b',');
        }
        if write_object(object, row, context, out)? {
            any = true;
        } else {
            out.truncate(before);
        }
    }
    if any {
        out.push(b']');
    } else {
        out.truncate(start);
    }
    Ok(any)
}
