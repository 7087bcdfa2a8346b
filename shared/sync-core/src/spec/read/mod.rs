//! From a file's text to a [`SyncSpec`](super::SyncSpec): one file for each part of the spec.

mod audience;
mod event;
mod file;
mod mappings;
mod model;
mod rules;

pub use file::read;
#[cfg(test)]
pub(super) use file::read_with;

#[cfg(test)]
mod tests;
