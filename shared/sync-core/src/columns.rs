//! Columns that a spec names, found in an export's header.

use std::fmt;

use crate::row::Header;

/// A column of an export: its position and its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The position, from 0.
    pub number: usize,
    /// The name in the header.
    pub name: String,
}

/// A column that the spec names and the export lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingColumn {
    /// The column's name in the spec.
    pub name: String,
    /// The place of the spec that names it, for example `mappings: user.email`.
    pub named_by: String,
    /// The export's column whose name comes nearest.
    pub nearest: Option<String>,
}

/// Columns that the spec names and the export lacks: nothing of the export can be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct MissingColumns {
    /// All of them, in the order of the spec.
    pub columns: Vec<MissingColumn>,
    /// What lacks them: `export`, or `identity file`.
    pub file: &'static str,
}

impl fmt::Display for MissingColumns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "The {} lacks columns that the spec names: ", self.file)?;
        for (i, column) in self.columns.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            write!(f, "`{}` (named by {}", column.name, column.named_by)?;
            match &column.nearest {
                Some(nearest) => write!(f, ", did you mean `{nearest}`?)")?,
                None => f.write_str(")")?,
            }
        }
        write!(f, ". Add them to the {} or correct the spec", self.file)
    }
}

/// Looks columns up and keeps what is missing, so that all of it is reported at once.
pub struct ColumnFinder<'a> {
    header: &'a Header,
    missing: Vec<MissingColumn>,
}

impl<'a> ColumnFinder<'a> {
    /// A finder for this header.
    pub fn new(header: &'a Header) -> Self {
        Self {
            header,
            missing: Vec::new(),
        }
    }

    /// The column of this name; when there is none it is noted as missing, and a column that no row has comes back.
    pub fn find(&mut self, name: &str, named_by: impl FnOnce() -> String) -> Column {
        let number = self.header.position(name).unwrap_or_else(|| {
            if self.missing.iter().all(|missing| missing.name != name) {
                let nearest = self.nearest(name);
                let missing = MissingColumn {
                    name: name.to_owned(),
                    named_by: named_by(),
                    nearest,
                };
                self.missing.push(missing);
            }
            usize::MAX
        });
        Column {
            number,
            name: name.to_owned(),
        }
    }

    fn nearest(&self, name: &str) -> Option<String> {
        let lower = name.to_lowercase();
        self.header
            .names()
            .iter()
            .map(|other| (strsim::damerau_levenshtein(&lower, &other.to_lowercase()), other))
            .min_by_key(|(distance, _)| *distance)
            .filter(|(distance, _)| *distance <= (lower.chars().count() / 3).max(1))
            .map(|(_, other)| other.clone())
    }

    /// The end of looking up.
    ///
    /// # Errors
    /// [`MissingColumns`] when a column was not found.
    pub fn finish(self) -> Result<(), MissingColumns> {
        if self.missing.is_empty() {
            Ok(())
        } else {
            Err(MissingColumns {
                columns: self.missing,
                file: "export",
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_missing_columns_are_named_at_once_with_the_nearest() {
        let header = Header::new(vec!["Email".to_owned(), "order_id".to_owned()]);
        let mut finder = ColumnFinder::new(&header);
        assert_eq!(finder.find("order_id", || "primary_key".to_owned()).number, 1);
        finder.find("email", || "mappings: user.email".to_owned());
        finder.find("email", || "mappings: event_id".to_owned());
        finder.find("colour", || "mappings: properties.colour".to_owned());
        assert_eq!(
            finder.finish().unwrap_err().to_string(),
            "The export lacks columns that the spec names: `email` (named by mappings: user.email, did you mean \
             `Email`?); `colour` (named by mappings: properties.colour). Add them to the export or correct the spec"
        );
    }
}
