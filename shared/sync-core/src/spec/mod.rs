//! The sync spec: one YAML file per sync, read with all its errors in one pass.

mod columns;
mod cursor;
mod duration;
mod issue;
mod model;
mod nearest;
mod not_built;
mod read;
mod report;
#[cfg(test)]
mod samples;
mod scalar;
mod schema;
mod version;
mod yaml;

pub use columns::ColumnUse;
pub use issue::{SpecErrors, SpecIssue, SpecRead};
pub use model::*;
pub use read::read;
pub use schema::json_schema;
pub use version::{mapping_version, payload_version};
