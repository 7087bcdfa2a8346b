//! What the demo tells a person.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use sync_core::rejection::Code;
use sync_core::run::Record;
use tiktok_sandbox::TOKEN;

use crate::environment;
use crate::plural::{counted, thousands};
use crate::shell::quoted;

/// What there is to tell.
pub(crate) struct Summary<'a> {
    /// The run's record.
    pub(crate) record: &'a Record,
    /// Rows that were not sent, by code.
    pub(crate) rejected: &'a BTreeMap<String, u64>,
    /// How many events the sandbox holds, when they are what they have to be.
    pub(crate) held: Option<usize>,
    /// Where the run's record lies.
    pub(crate) folder: &'a Path,
    /// The sample's spec.
    pub(crate) spec: &'a Path,
    /// The sample.
    pub(crate) export: &'a Path,
}

impl Summary<'_> {
    /// Writes it all.
    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "A shop's events of the last weeks, delivered to a stand-in for TikTok on this machine.\n"
        )?;
        self.sums(out)?;
        self.where_to_look(out)?;
        self.try_next(out)
    }

    fn sums(&self, out: &mut dyn Write) -> io::Result<()> {
        let record = self.record;
        let rows = counted(record.counts.queried, "row");
        let accepted = thousands(record.sums.accepted);
        let not_sent = thousands(self.rejected.values().sum());
        let calls = counted(record.calls.values().sum(), "API call");
        writeln!(
            out,
            "  {rows} = {accepted} accepted + {not_sent} not sent, in {calls}"
        )?;
        if let Some(held) = self.held {
            let held = counted(held as u64, "event");
            writeln!(
                out,
                "  The stand-in holds {held}: exactly the good rows, each once"
            )?;
        }
        writeln!(out, "\nNot sent, by reason:")?;
        for (code, rows) in self.rejected {
            let known = Code::ALL.iter().find(|known| known.as_str() == code);
            let meaning = known.map_or("", |code| code.meaning());
            writeln!(out, "  {:>6}  {code:<22} {meaning}", thousands(*rows))?;
        }
        Ok(())
    }

    fn where_to_look(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "\nWhere to look:")?;
        for (what, path) in [
            ("the report", &self.folder.join("report.html")),
            ("the rejected rows", &self.folder.join("rejected.jsonl")),
            ("the record", &self.folder.join("run.json")),
            ("the sample export", &self.export.to_owned()),
            ("its spec", &self.spec.to_owned()),
        ] {
            writeln!(out, "  {what:<18} {}", path.display())?;
        }
        Ok(())
    }

    fn try_next(&self, out: &mut dyn Write) -> io::Result<()> {
        let [spec, export] = [self.spec, self.export].map(|path| quoted(&path.display().to_string()));
        let tideline = std::env::args().next().unwrap_or_else(|| "tideline".to_owned());
        writeln!(out, "\nTry next:")?;
        writeln!(out, "  {tideline} validate {spec}")?;
        writeln!(out, "  {tideline} preview {spec} {export} --limit 3")?;
        writeln!(out, "  {tideline} init --from {export} --type web_events")?;
        writeln!(
            out,
            "  {tideline} sandbox   # in another terminal, and then, with a folder of its own:"
        )?;
        writeln!(
            out,
            "  {}={TOKEN} {tideline} run {spec} {export} --store .tideline-sandbox --endpoint http://127.0.0.1:8099\n",
            environment::TOKEN
        )
    }
}
