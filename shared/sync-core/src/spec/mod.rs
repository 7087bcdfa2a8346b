//! The sync spec: one YAML file per sync, read with all its errors in one pass.

mod model;

pub use model::*;
