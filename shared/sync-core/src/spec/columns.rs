//! The columns of the export that a spec names.

use super::model::{CountryRule, EventNameRule, MappingSource, SyncSpec};

/// A column of the export, and where the spec names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ColumnUse<'a> {
    /// The column.
    pub column: &'a str,
    /// The key of the spec, for example `mappings[2].from`.
    pub path: String,
}

impl SyncSpec {
    /// Every use of a column of the export: the file must have them all. The same column may come several times.
    pub fn columns(&self) -> Vec<ColumnUse<'_>> {
        let mut uses = Vec::new();
        let mut named = |column, path| uses.push(ColumnUse { column, path });
        for (n, column) in self.model.primary_key.iter().enumerate() {
            named(
                column,
                element("model.primary_key", n, self.model.primary_key.len()),
            );
        }
        for (n, block) in self.events.iter().enumerate() {
            if let EventNameRule::From { column, .. } = &block.name {
                named(
                    column,
                    format!("{}.name.from", element("event", n, self.events.len())),
                );
            }
        }
        for (n, mapping) in self.mappings.iter().enumerate() {
            if let MappingSource::Column(column) = &mapping.source {
                named(column, format!("mappings[{n}].from"));
            }
        }
        if let Some(CountryRule::From(column)) = &self.identity.default_country {
            named(column, "identity.default_country.from".to_owned());
        }
        for column in self.match_booster.iter().flat_map(|booster| booster.on.keys()) {
            named(column, format!("match_booster.on.{column}"));
        }
        uses
    }
}

/// One of several; the only one may have been written without a list.
fn element(path: &str, n: usize, of: usize) -> String {
    if of == 1 {
        path.to_owned()
    } else {
        format!("{path}[{n}]")
    }
}
