//! From a file's text to a [`SyncSpec`](super::SyncSpec): one file for each part of the spec.

mod audience;
mod event;
mod file;
mod mappings;
mod model;
mod rules;

pub(super) use audience::DEFAULT_PERSONS_PER_CALL;
pub use file::read;
pub(super) use model::NULL_VALUES;
pub(super) use rules::{DEFAULT_GUARDS, DEFAULT_KEEP_DAYS};
#[cfg(test)]
pub(super) use {
    audience::WAYS,
    file::{MODES, TYPES, read_with},
    model::{FORMATS, RUN_ON},
    rules::{EMAIL_RULES, HASHING, PHONE_RULES},
};

#[cfg(test)]
mod tests;
