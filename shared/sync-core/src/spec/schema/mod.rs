//! The JSON Schema of a sync spec, for editors. Tests prove that it and the reader know the same keys, words, defaults
//! and ranges.

mod file;
mod json;

pub use json::json_schema;

#[cfg(test)]
mod tests;
