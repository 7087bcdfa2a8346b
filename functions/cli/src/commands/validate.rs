//! `tideline validate`: checks specs.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use sync_core::names::SyncName;
use sync_core::spec::SpecIssue;

use crate::console::Console;
use crate::exit::Exit;
use crate::spec_file::{self, Warning};

/// The arguments of `validate`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Sync specs
    #[arg(required = true, value_name = "SPEC")]
    specs: Vec<PathBuf>,
}

/// What was found in one file.
#[derive(Serialize)]
struct Checked {
    file: String,
    /// The sync's name; `null` when the spec is invalid.
    name: Option<SyncName>,
    valid: bool,
    errors: Vec<SpecIssue>,
    warnings: Vec<SpecIssue>,
}

/// What was found in all of them.
#[derive(Serialize)]
struct Report {
    valid: bool,
    specs: Vec<Checked>,
}

pub(super) fn run(arguments: &Arguments, console: &mut Console) -> anyhow::Result<Exit> {
    let specs: Vec<_> = arguments.specs.iter().map(|path| check(path)).collect();
    let valid = specs.iter().all(|spec| spec.valid);
    if console.is_json() {
        console.json(&Report { valid, specs })?;
    } else {
        specs
            .iter()
            .try_for_each(|checked| describe(checked, &mut console.out))?;
    }
    Ok(if valid { Exit::Done } else { Exit::Usage })
}

fn check(path: &Path) -> Checked {
    let file = path.display().to_string();
    match spec_file::read(path) {
        Ok((_, read)) => Checked {
            file,
            name: Some(read.spec.name),
            valid: true,
            errors: Vec::new(),
            warnings: read.warnings,
        },
        Err(errors) => Checked {
            file,
            name: None,
            valid: false,
            errors: errors.errors,
            warnings: errors.warnings,
        },
    }
}

fn describe(checked: &Checked, out: &mut dyn Write) -> std::io::Result<()> {
    for error in &checked.errors {
        writeln!(out, "{error}")?;
    }
    for warning in &checked.warnings {
        writeln!(out, "{}", Warning(warning))?;
    }
    if let Some(name) = &checked.name {
        writeln!(out, "{}: valid, the sync {name}", checked.file)?;
    }
    Ok(())
}
