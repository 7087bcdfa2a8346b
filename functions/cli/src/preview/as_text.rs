//! A preview for people: what becomes of the rows, by code, then the rows in tables, then the calls.

use std::collections::BTreeMap;
use std::io::{self, Write};

use comfy_table::Table;
use sync_core::key::ShownKey;
use tiktok::Endpoint;

use super::pretty::pretty;
use super::{Counts, RowProblem, Sink, path};
use crate::plural::{counted, thousands};

/// Without a limit tables end after this many rows; JSON holds all of them.
const MAX_TABLE: usize = 200;
/// Without a limit so many calls are shown at most…
const MAX_CALLS: usize = 100;
/// …and no further one after this many bytes of bodies.
const MAX_BODIES: usize = 16 << 20;

/// Keeps what is shown until the counts, which come first, are known.
pub(crate) struct TextSink {
    limit: Option<usize>,
    calls: u64,
    shown_calls: usize,
    bodies: Vec<u8>,
    rejected: Listed,
    warnings: Listed,
}

struct Listed {
    most: usize,
    rows: Vec<[String; 7]>,
    left_out: u64,
    codes: BTreeMap<String, u64>,
}

impl TextSink {
    /// `limit`: how many rows are looked at. No more calls, and no longer tables, are shown.
    pub(crate) fn new(limit: Option<u64>) -> Self {
        let limit = limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
        Self {
            limit,
            calls: 0,
            shown_calls: 0,
            bodies: Vec::new(),
            rejected: Listed::new(limit),
            warnings: Listed::new(limit),
        }
    }

    /// Writes all of it.
    pub(crate) fn write(self, counts: &Counts, out: &mut dyn Write) -> io::Result<()> {
        self.write_counts(counts, out)?;
        self.rejected.write("Rejected rows", out)?;
        self.warnings.write("Warnings", out)?;
        if self.calls == 0 {
            return Ok(());
        }
        let shown = self.shown_calls as u64;
        let which = if shown < self.calls {
            format!(
                ", of which these are the first {}; --output json has all",
                thousands(shown)
            )
        } else {
            String::new()
        };
        writeln!(
            out,
            "\nWhat passes makes {}{which}:",
            counted(self.calls, "API call")
        )?;
        out.write_all(&self.bodies)
    }

    fn write_counts(&self, counts: &Counts, out: &mut dyn Write) -> io::Result<()> {
        let Counts {
            queried,
            accepted,
            rejected,
            expired,
            skipped,
        } = *counts;
        let rows = counted(queried, "row");
        let rows = match self.limit {
            Some(limit) if limit as u64 == queried => format!("The first {rows}"),
            _ => rows,
        };
        let passing = if accepted == 1 { "passes" } else { "pass" };
        write!(out, "{rows} = {} {passing}", thousands(accepted))?;
        for (rows, fate) in [(rejected, "rejected"), (expired, "expired"), (skipped, "skipped")] {
            if rows > 0 {
                write!(out, " + {} {fate}", thousands(rows))?;
            }
        }
        writeln!(out, "; {}", counted(self.calls, "API call"))?;
        for (what, listed) in [("Rejected", &self.rejected), ("Warnings", &self.warnings)] {
            let codes: Vec<String> = listed
                .codes
                .iter()
                .map(|(code, rows)| format!("{code} {}", thousands(*rows)))
                .collect();
            if !codes.is_empty() {
                writeln!(out, "  {what}: {}", codes.join(", "))?;
            }
        }
        Ok(())
    }

    /// Whether another call is shown.
    fn has_room(&self) -> bool {
        match self.limit {
            Some(limit) => self.shown_calls < limit,
            None => self.shown_calls < MAX_CALLS && self.bodies.len() < MAX_BODIES,
        }
    }
}

impl Sink for TextSink {
    fn request(&mut self, endpoint: Endpoint, body: &[u8]) -> io::Result<()> {
        // What is left out is left out from here on.
        if self.shown_calls as u64 == self.calls && self.has_room() {
            self.shown_calls += 1;
            write!(self.bodies, "\nPOST {}\n", path(endpoint))?;
            self.bodies.extend_from_slice(&pretty(body));
            self.bodies.push(b'\n');
        }
        self.calls += 1;
        Ok(())
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
    fn new(limit: Option<usize>) -> Self {
        Self {
            most: limit.unwrap_or(MAX_TABLE),
            rows: Vec::new(),
            left_out: 0,
            codes: BTreeMap::new(),
        }
    }

    fn add(&mut self, problem: &RowProblem<'_>) {
        *self.codes.entry(problem.code.to_owned()).or_default() += 1;
        if self.rows.len() >= self.most {
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
        writeln!(out, "\n{title}")?;
        writeln!(out, "{table}")?;
        if self.left_out > 0 {
            writeln!(
                out,
                "… and {} more: --output json lists all",
                thousands(self.left_out)
            )?;
        }
        Ok(())
    }
}

/// Text of an export without what a terminal would obey.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}
