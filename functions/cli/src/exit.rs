//! How a command ends: its exit code, and its last words when it fails.

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use sync_core::spec::SpecErrors;

use crate::console::Console;
use crate::way::Way;

/// The exit codes of design section 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: all is well.
    Done,
    /// 3: done, with rejected or refused rows.
    Rejected,
    /// 1: failed.
    Failed,
    /// 2: wrong usage, or an invalid spec.
    Usage,
}

impl Exit {
    /// The code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Rejected => 3,
        }
    }

    /// What stands for both: a failure is worse than rejected rows.
    #[must_use]
    pub(crate) fn and(self, other: Self) -> Self {
        let badness = |exit| match exit {
            Self::Done => 0,
            Self::Rejected => 1,
            Self::Failed => 2,
            Self::Usage => 3,
        };
        if badness(other) > badness(self) {
            other
        } else {
            self
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// The command was called wrongly: exit code 2.
#[derive(Debug)]
pub(crate) enum WrongUsage {
    /// For this reason.
    Because(String),
    /// With an invalid spec.
    InvalidSpec(SpecErrors),
}

impl WrongUsage {
    /// An argument is wrong, for this reason.
    pub(crate) fn because(reason: impl Into<String>) -> anyhow::Error {
        Self::Because(reason.into()).into()
    }
}

impl fmt::Display for WrongUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Because(reason) => f.write_str(reason),
            Self::InvalidSpec(errors) => errors.fmt(f),
        }
    }
}

impl std::error::Error for WrongUsage {}

/// Writes what is left to be written, the error of a failed command among it.
pub(crate) fn end(result: anyhow::Result<Exit>, console: &mut Console) -> Exit {
    let flushed = console.out.flush().map_err(anyhow::Error::from);
    let error = match result.and_then(|exit| flushed.map(|()| exit)) {
        Ok(exit) => return exit,
        Err(error) => error,
    };
    if is_closed_pipe(&error) {
        // Whoever read this has seen enough.
        return Exit::Done;
    }
    let usage = error.downcast_ref::<WrongUsage>();
    // The lines of a spec's errors begin with their places. When stderr is gone, nobody is left to be told.
    let _ = match usage {
        Some(WrongUsage::InvalidSpec(errors)) => writeln!(console.err, "{errors}"),
        Some(WrongUsage::Because(_)) | None => {
            let said = runtime::logs::with_causes(error.as_ref());
            writeln!(console.err, "error: {}", Way::of_this_process().complete(&said))
        }
    };
    if usage.is_some() {
        Exit::Usage
    } else {
        Exit::Failed
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let closed = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| {
        let json = cause
            .downcast_ref::<serde_json::Error>()
            .and_then(serde_json::Error::io_error_kind);
        json == Some(io::ErrorKind::BrokenPipe) || cause.downcast_ref::<io::Error>().is_some_and(closed)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_ends_the_worst_counts() {
        use Exit::{Done, Failed, Rejected, Usage};
        for (one, other, both) in [
            (Done, Done, Done),
            (Done, Rejected, Rejected),
            (Rejected, Failed, Failed),
            (Failed, Rejected, Failed),
            (Usage, Failed, Usage),
        ] {
            assert_eq!(one.and(other), both);
        }
        assert_eq!([Done, Failed, Usage, Rejected].map(Exit::code), [0, 1, 2, 3]);
    }
}
