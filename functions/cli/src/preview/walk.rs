//! A file's rows, one after the other, on the way that they take in a run.

use std::collections::HashSet;
use std::io;
use std::path::Path;

use serde::Serialize;
use sha2::{Digest, Sha256};
use sync_core::csv::{BrokenFile, Parsed};
use sync_core::events::Fate;
use sync_core::key::{PrimaryKey, ShownKey};
use sync_core::rejection::{Code, Problem};
use sync_core::row::{Position, Row};
use sync_core::spec::SyncSpec;

use super::made::Made;
use super::{Joined, RowProblem, Sink};
use crate::export_file;

/// What became of the rows: queried = accepted + rejected + expired + skipped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counts {
    /// Rows that were looked at.
    pub(crate) queried: u64,
    /// Rows that pass every check. (`accepted` is the name of design section 5; in texts it is TikTok's word.)
    pub(crate) accepted: u64,
    /// Rows that do not.
    pub(crate) rejected: u64,
    /// Rows older than `event.max_age`.
    pub(crate) expired: u64,
    /// Rows that a rule of the spec leaves out; no key of a spec does so yet.
    pub(crate) skipped: u64,
}

/// The way through one file.
pub(crate) struct Walk<'a> {
    spec: &'a SyncSpec,
    /// The present time, epoch seconds.
    now: i64,
    limit: Option<u64>,
    /// Match Booster's part of the rows, until the columns are known.
    joined: Option<Joined>,
    made: Option<Made<'a>>,
    key: PrimaryKey,
    /// The keys met so far. A digest of 16 bytes stands for each.
    seen: HashSet<[u8; 16]>,
    counts: Counts,
    /// Why the walk ends before the file does.
    stop: Option<Stop>,
}

enum Stop {
    Limit,
    Io(io::Error),
}

impl<'a> Walk<'a> {
    /// A walk through at most `limit` rows.
    pub(crate) fn new(spec: &'a SyncSpec, now: i64, limit: Option<u64>, joined: Joined) -> Self {
        Self {
            spec,
            now,
            limit,
            joined: Some(joined),
            made: None,
            key: PrimaryKey::default(),
            seen: HashSet::new(),
            counts: Counts::default(),
            stop: None,
        }
    }

    /// Walks through a file. The outer error is the machine's, the inner one the file's.
    pub(crate) fn file(
        mut self,
        file: &Path,
        sink: &mut dyn Sink,
    ) -> anyhow::Result<Result<Counts, BrokenFile>> {
        let spec = self.spec;
        let read = export_file::each(file, &spec.model.csv, &mut |parsed| self.take(parsed, sink))?;
        match (self.stop.take(), read) {
            (Some(Stop::Io(error)), _) => return Err(error.into()),
            (None, Err(broken)) => return Ok(Err(broken)),
            (Some(Stop::Limit), _) | (None, Ok(())) => {}
        }
        if let Some(made) = &mut self.made {
            made.finish(sink)?;
        }
        Ok(Ok(self.counts))
    }

    /// Takes one row; an `Err` ends the walk, and [`Self::stop`] says whether the file is to blame.
    fn take(&mut self, parsed: Parsed<'_>, sink: &mut dyn Sink) -> Result<(), BrokenFile> {
        if let Parsed::Header(header) = parsed {
            let made = Made::new(self.spec, header, self.joined.take())?;
            let begun = made.begin(sink);
            self.made = Some(made);
            return begun.or_else(|error| self.end(Stop::Io(error)));
        }
        if self.limit.is_some_and(|limit| self.counts.queried >= limit) {
            return self.end(Stop::Limit);
        }
        self.counts.queried += 1;
        let done = match parsed {
            Parsed::Header(_) => Ok(()),
            Parsed::Bad { position, problem } => self.reject(position, None, &problem, sink),
            Parsed::Row(row) => match self.made.take() {
                Some(mut made) => {
                    let done = self.row(&mut made, &row, sink);
                    self.made = Some(made);
                    done
                }
                None => Ok(()),
            },
        };
        done.or_else(|error| self.end(Stop::Io(error)))
    }

    fn end(&mut self, why: Stop) -> Result<(), BrokenFile> {
        self.stop = Some(why);
        Err(BrokenFile::whole("the preview ended early"))
    }

    fn row(&mut self, made: &mut Made<'_>, row: &Row<'_>, sink: &mut dyn Sink) -> io::Result<()> {
        if let Err(problem) = made.key(row, &mut self.key) {
            return self.reject(row.position, None, &problem, sink);
        }
        let shown = self.key.shown();
        let digest: [u8; 32] = Sha256::digest(self.key.bytes()).into();
        let short = digest.first_chunk::<16>().copied().unwrap_or_default();
        if !self.seen.insert(short) {
            let message = "an earlier row of this export has the same primary key; the first one counts";
            let problem = Problem::row(Code::DuplicatePrimaryKey, message);
            return self.reject(row.position, Some(&shown), &problem, sink);
        }
        match made.map(row, self.now) {
            Fate::Expired => {
                self.counts.expired += 1;
                Ok(())
            }
            Fate::Rejected(problem) => self.reject(row.position, Some(&shown), &problem, sink),
            Fate::Send => {
                self.counts.accepted += 1;
                for warning in made.warnings() {
                    sink.warning(&row_problem(row.position, Some(&shown), warning))?;
                }
                made.send(sink)
            }
        }
    }

    fn reject(
        &mut self,
        position: Position,
        key: Option<&ShownKey>,
        problem: &Problem,
        sink: &mut dyn Sink,
    ) -> io::Result<()> {
        self.counts.rejected += 1;
        sink.rejected(&row_problem(position, key, problem))
    }
}

fn row_problem<'p>(position: Position, key: Option<&'p ShownKey>, problem: &'p Problem) -> RowProblem<'p> {
    RowProblem {
        record: position.record,
        line: position.line,
        primary_key: key,
        field: problem.field.as_deref(),
        column: problem.column.as_deref(),
        code: problem.code.as_str(),
        message: &problem.message,
    }
}
