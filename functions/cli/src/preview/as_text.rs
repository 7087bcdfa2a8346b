//! A preview for people: calls as they come, then tables, then the counts.

use std::io::{self, Write};

use comfy_table::Table;
use sync_core::key::ShownKey;
use tiktok::Endpoint;

use super::pretty::pretty;
use super::{Counts, RowProblem, Sink, path};
use crate::plural::{counted, thousands};

/// Tables end after this many rows; JSON holds all of them.
const MAX_TABLE: usize = 200;

/// Writes calls at once, and keeps what goes into the tables.
pub(crate) struct TextSink<'a> {
    out: &'a mut dyn Write,
    calls: u64,
    rejected: Listed,
    warnings: Listed,
}

#[derive(Default)]
struct Listed {
    rows: Vec<[String; 7]>,
    left_out: u64,
}

impl<'a> TextSink<'a> {
    pub(crate) fn new(out: &'a mut dyn Write) -> Self {
        Self {
            out,
            calls: 0,
            rejected: Listed::default(),
            warnings: Listed::default(),
        }
    }

    /// Writes the tables and the counts.
    pub(crate) fn finish(self, counts: &Counts) -> io::Result<()> {
        self.rejected.write("Rejected rows", self.out)?;
        self.warnings.write("Warnings", self.out)?;
        let Counts {
            queried,
            accepted,
            rejected,
            expired,
        } = *counts;
        writeln!(
            self.out,
            "{} = {} accepted + {} rejected + {} expired; {}",
            counted(queried, "row"),
            thousands(accepted),
            thousands(rejected),
            thousands(expired),
            counted(self.calls, "API call")
        )
    }
}

impl Sink for TextSink<'_> {
    fn request(&mut self, endpoint: Endpoint, body: &[u8]) -> io::Result<()> {
        self.calls += 1;
        writeln!(self.out, "POST {}", path(endpoint))?;
        self.out.write_all(&pretty(body))?;
        self.out.write_all(b"\n\n")
    }

    fn rejected(&mut self, problem: &RowProblem<'_>) -> io::Result<()> {
        self.rejected.add(problem);
        Ok(())
    }

    fn warning(&mut self, problem: &RowProblem<'_>) -> io::Result<()> {
        self.warnings.add(problem);
        Ok(())
    }
}

impl Listed {
    fn add(&mut self, problem: &RowProblem<'_>) {
        if self.rows.len() >= MAX_TABLE {
            self.left_out += 1;
            return;
        }
        let key = match problem.primary_key {
            None => String::new(),
            Some(ShownKey::One(key)) => printable(key),
            Some(ShownKey::Several(keys)) => printable(&keys.join(", ")),
        };
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        self.rows.push([
            problem.record.to_string(),
            problem.line.map(|line| line.to_string()).unwrap_or_default(),
            key,
            text(problem.field),
            text(problem.column),
            problem.code.to_owned(),
            problem.message.to_owned(),
        ]);
    }

    fn write(self, title: &str, out: &mut dyn Write) -> io::Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut table = Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        table.set_header(["Row", "Line", "Key", "Field", "Column", "Code", "Why"]);
        for row in self.rows {
            table.add_row(row);
        }
        writeln!(out, "{title}")?;
        writeln!(out, "{table}")?;
        if self.left_out > 0 {
            writeln!(
                out,
                "… and {} more: --output json lists all",
                thousands(self.left_out)
            )?;
        }
        writeln!(out)
    }
}

/// Text of an export without what a terminal would obey.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}
