//! What a mapped value of an event is for.

use std::borrow::Cow;

use super::table::ValueKind;
use super::targets::Target;
use crate::rejection::{Code, Problem};
use crate::source::Source;
use crate::values::ValueError;

/// One mapping: its source and its target.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) source: Source,
    pub(super) path: Cow<'static, str>,
    pub(super) kind: ValueKind,
    /// TikTok names the field for other event sources only.
    pub(super) unusual: bool,
}

impl Slot {
    pub(super) fn new(source: Source, target: &Target, unusual: bool) -> Self {
        let path = match target.field() {
            Some(field) if field.path == target.path() => Cow::Borrowed(field.path),
            _ => Cow::Owned(target.path().to_owned()),
        };
        Self {
            source,
            path,
            kind: target.kind(),
            unusual,
        }
    }

    pub(super) fn problem(&self, error: ValueError) -> Problem {
        Problem::field(error.code, self.path.clone(), error.message).in_column(self.source.column())
    }

    pub(super) fn warning(&self, code: Code, message: &'static str) -> Problem {
        Problem::field(code, self.path.clone(), message).in_column(self.source.column())
    }

    /// Notes that TikTok names the field for other event sources, when it does.
    pub(super) fn note_unusual(&self, warnings: &mut Vec<Problem>) {
        if self.unusual {
            const MESSAGE: &str =
                "TikTok has this field for other event sources only; it is sent all the same";
            warnings.push(self.warning(Code::UnusualField, MESSAGE));
        }
    }
}
