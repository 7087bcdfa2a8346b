//! The sync spec: one YAML file per sync, read with all its errors in one pass.

mod cursor;
mod duration;
mod issue;
mod model;
mod nearest;
mod not_built;
mod read;
mod report;
mod yaml;

pub use issue::{SpecErrors, SpecIssue, SpecRead};
pub use model::*;
pub use read::read;
