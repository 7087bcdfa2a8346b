//! One row of an export: borrowed fields and where they stand.

/// The columns of an export, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    names: Vec<String>,
}

impl Header {
    /// A header with these column names. The readers check that names are unique and not empty.
    pub fn new(names: Vec<String>) -> Self {
        Self { names }
    }

    /// The position of a column, compared exactly.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| n == name)
    }

    /// The column names, in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The name of the column at a position.
    pub fn name(&self, column: usize) -> Option<&str> {
        self.names.get(column).map(String::as_str)
    }
}

/// Where a row stands in its export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Counts rows from 1, the header not counted.
    pub record: u64,
    /// The line on which the row begins, from 1. `None` for formats without lines (Parquet).
    pub line: Option<u64>,
}

/// One row. Its values are slices of the read buffer: nothing is allocated for it.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    /// Where it stands.
    pub position: Position,
    fields: &'a [Option<&'a str>],
}

impl<'a> Row<'a> {
    /// A row of these fields. `None` is an absent value: a field whose text is one of the spec's `null_values`.
    pub fn new(position: Position, fields: &'a [Option<&'a str>]) -> Self {
        Self { position, fields }
    }

    /// The value in a column; `None` when it is absent.
    pub fn get(&self, column: usize) -> Option<&'a str> {
        self.fields.get(column).copied().flatten()
    }

    /// The number of fields.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// True for a row without fields.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

/// Values may be personal: only the position is shown.
impl std::fmt::Debug for Row<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Row")
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}
