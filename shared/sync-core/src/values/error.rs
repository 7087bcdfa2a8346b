use std::borrow::Cow;

use crate::rejection::Code;

/// Why a value is refused. The sentence never holds the value itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ValueError {
    /// The code, as in rejections.
    pub code: Code,
    /// What was expected and what to do about it.
    pub message: Cow<'static, str>,
}

impl ValueError {
    /// An error with its sentence.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}
