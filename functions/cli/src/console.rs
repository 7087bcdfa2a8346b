//! Where a command writes: data on stdout, everything else on stderr.

use std::io::{self, BufWriter, IsTerminal, Write};

use serde::Serialize;

use crate::args::Output;

/// The two streams of a command, and how it writes to them.
pub(crate) struct Console {
    /// Data.
    pub(crate) out: Box<dyn Write>,
    /// What is said beside the data.
    pub(crate) err: Box<dyn Write>,
    /// Data is for people or for programs.
    pub(crate) output: Output,
    /// A person looks at stderr: a progress bar is drawn.
    pub(crate) watched: bool,
}

impl Console {
    /// The streams of this process.
    pub(crate) fn of_this_process(output: Output) -> Self {
        Self {
            out: Box::new(BufWriter::new(io::stdout())),
            err: Box::new(io::stderr()),
            output,
            watched: io::stderr().is_terminal(),
        }
    }

    /// Programs read the data.
    pub(crate) fn is_json(&self) -> bool {
        self.output == Output::Json
    }

    /// Writes one line of JSON to stdout.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, value)?;
        self.out.write_all(b"\n")
    }
}
