//! `tideline init`: a spec to start from.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::Args;
use serde_json::json;

use crate::console::Console;
use crate::exit::{Exit, WrongUsage};
use crate::init::{self, StartType};

/// The arguments of `init`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Propose the mappings for this export, by its header and first rows
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// What is sent
    #[arg(long = "type", value_name = "TYPE", value_enum, default_value_t = StartType::Web)]
    kind: StartType,
    /// Write the spec to this file; without it to stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace the file when it is there
    #[arg(long, requires = "out")]
    force: bool,
}

pub(super) fn run(arguments: &Arguments, console: &mut Console) -> anyhow::Result<Exit> {
    let stem = arguments
        .out
        .as_deref()
        .or(arguments.from.as_deref())
        .and_then(Path::file_stem);
    let name = init::sync_name(&stem.unwrap_or_default().to_string_lossy());
    let spec = match &arguments.from {
        None => init::template(arguments.kind, &name),
        Some(file) => {
            let seen = init::look(file)?.map_err(|broken| anyhow!("{}: {broken}", file.display()))?;
            let shown = file.file_name().unwrap_or_default().to_string_lossy();
            init::write(&init::propose(&seen, arguments.kind), &name, &shown)
        }
    };
    sync_core::spec::read("the proposal", &spec).map_err(|errors| {
        anyhow!("no spec could be made of this file: {errors}\nrename these columns, or begin with `tideline init`")
    })?;
    if let Some(out) = &arguments.out {
        write(out, arguments.force, &spec)?;
        let (spec, file) = (
            out.display(),
            arguments.from.as_deref().unwrap_or(Path::new("EXPORT")).display(),
        );
        writeln!(
            console.err,
            "Wrote {spec}. Next: look at what is marked CHECK, then `tideline validate {spec}` and `tideline preview {spec} {file} --limit 3`"
        )?;
    }
    if console.is_json() {
        console.json(&json!({ "file": arguments.out, "name": name, "spec": spec }))?;
    } else if arguments.out.is_none() {
        console.out.write_all(spec.as_bytes())?;
    }
    Ok(Exit::Done)
}

fn write(path: &Path, force: bool, spec: &str) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true);
    if force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    let mut file = match options.open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let message = format!(
                "{} is there already: name another file, or replace it with --force",
                path.display()
            );
            return Err(WrongUsage::because(message));
        }
        file => file.with_context(|| format!("writing {}", path.display()))?,
    };
    file.write_all(spec.as_bytes())
        .with_context(|| format!("writing {}", path.display()))
}
