//! What was wrong with a call, and the words TikTok has for it.

use crate::settings::MessageForm;

/// A call that TikTok refuses: HTTP 200 with a `code` that is not 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: u32,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(code: u32, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// 40002 about one field at the top of the body or in the query.
    pub(crate) fn field(name: &str, why: &str) -> Self {
        Self::new(PARAM_ERROR, format!("Invalid value for {name}: {why}."))
    }
}

/// The general code for a bad parameter.
pub(crate) const PARAM_ERROR: u32 = 40002;

/// A fault in a value, with the path that leads to it from where the check began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    code: u32,
    paths: Vec<String>,
    why: Why,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Why {
    Missing,
    Invalid(&'static str),
}

/// The row of a list that a fault was found in: `data` and 3 for the fourth event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowPlace {
    pub(crate) list: &'static str,
    pub(crate) index: usize,
}

impl Wrong {
    /// This value breaks a rule; `why` follows the path in the message: `not a valid string`.
    pub(crate) fn invalid(why: &'static str) -> Self {
        Self::coded(PARAM_ERROR, why)
    }

    pub(crate) fn coded(code: u32, why: &'static str) -> Self {
        Self {
            code,
            paths: vec![String::new()],
            why: Why::Invalid(why),
        }
    }

    pub(crate) fn missing<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let paths = names.into_iter().map(str::to_owned).collect();
        Self {
            code: PARAM_ERROR,
            paths,
            why: Why::Missing,
        }
    }

    /// The same fault, seen from the value that holds this one as `key`.
    pub(crate) fn under(mut self, key: impl std::fmt::Display) -> Self {
        for path in &mut self.paths {
            *path = if path.is_empty() {
                key.to_string()
            } else {
                format!("{key}.{path}")
            };
        }
        self
    }

    /// The refusal of the whole call, in the form of message that the settings ask for.
    pub(crate) fn refusal(&self, row: Option<RowPlace>, form: MessageForm) -> Refusal {
        let full = |path: &String| match (row, form) {
            (Some(RowPlace { list, index }), MessageForm::WithIndex) => {
                dotted(&format!("{list}.{index}"), path)
            }
            (Some(RowPlace { index, .. }), MessageForm::Batch) => dotted(&format!("Batch.{index}"), path),
            (Some(RowPlace { list, .. }), MessageForm::WithoutIndex) if path.is_empty() => list.to_owned(),
            _ => path.clone(),
        };
        let paths: Vec<String> = self.paths.iter().map(full).collect();
        let of_batch = row.is_some() && form == MessageForm::Batch;
        let message = match self.why {
            Why::Missing if of_batch => {
                format!(
                    "{}: Missing data for required field",
                    paths.first().map_or("", String::as_str)
                )
            }
            Why::Missing => format!("Missing required field(s): {}.", paths.join(", ")),
            Why::Invalid(why) if of_batch => format!("{}: {}", paths.join(", "), capital(why)),
            Why::Invalid(why) => format!("Invalid value for {}: {why}.", paths.join(", ")),
        };
        Refusal::new(self.code, message)
    }
}

fn dotted(head: &str, path: &str) -> String {
    if path.is_empty() {
        head.to_owned()
    } else {
        format!("{head}.{path}")
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(wrong: &Wrong, row: Option<RowPlace>, forms: [&str; 3]) {
        for (form, expected) in [
            MessageForm::WithIndex,
            MessageForm::WithoutIndex,
            MessageForm::Batch,
        ]
        .into_iter()
        .zip(forms)
        {
            assert_eq!(wrong.refusal(row, form).message, expected, "{form:?}");
        }
    }

    #[test]
    fn each_form_has_its_own_words() {
        let row = Some(RowPlace {
            list: "data",
            index: 2,
        });
        let wrong = Wrong::invalid("not a valid string")
            .under("content_id")
            .under(0)
            .under("contents");
        check(
            &wrong,
            row,
            [
                "Invalid value for data.2.contents.0.content_id: not a valid string.",
                "Invalid value for contents.0.content_id: not a valid string.",
                "Batch.2.contents.0.content_id: Not a valid string",
            ],
        );
        check(
            &Wrong::missing(["event", "event_time"]),
            row,
            [
                "Missing required field(s): data.2.event, data.2.event_time.",
                "Missing required field(s): event, event_time.",
                "Batch.2.event: Missing data for required field",
            ],
        );
    }

    #[test]
    fn a_row_that_is_no_object_is_named_itself() {
        check(
            &Wrong::invalid("not a valid object"),
            Some(RowPlace {
                list: "data",
                index: 0,
            }),
            [
                "Invalid value for data.0: not a valid object.",
                "Invalid value for data: not a valid object.",
                "Batch.0: Not a valid object",
            ],
        );
    }

    #[test]
    fn a_field_at_the_top_has_one_form() {
        let words = "Invalid value for event_source_id: not a valid string.";
        check(
            &Wrong::invalid("not a valid string").under("event_source_id"),
            None,
            [words; 3],
        );
    }
}
