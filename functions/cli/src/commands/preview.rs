//! `tideline preview`: the API calls that an export's rows make, and the rejected rows.

use std::num::NonZeroU64;
use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use jiff::Timestamp;

use crate::console::Console;
use crate::exit::Exit;
use crate::preview::{Joined, JsonSink, TextSink, Walk};
use crate::spec_file;

/// The arguments of `preview`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The sync spec
    spec: PathBuf,
    /// The export
    file: PathBuf,
    /// Look at the first N rows only, and show no more of anything than that
    #[arg(long, value_name = "N")]
    limit: Option<NonZeroU64>,
}

pub(super) fn run(arguments: &Arguments, console: &mut Console) -> anyhow::Result<Exit> {
    let loaded = spec_file::load(&arguments.spec, console)?;
    let now = Timestamp::now().as_second();
    let (file, limit) = (&arguments.file, arguments.limit.map(NonZeroU64::get));
    let joined = Joined::load(&loaded.spec, &arguments.spec, file, limit)?;
    let walk = Walk::new(&loaded.spec, now, limit, joined);
    let broken = |broken| anyhow!("{}: {broken}", file.display());
    let counts = if console.is_json() {
        let mut sink = JsonSink::default();
        let counts = walk.file(file, &mut sink)?.map_err(broken)?;
        sink.write(&counts, &mut console.out)?;
        counts
    } else {
        let mut sink = TextSink::new(limit);
        let counts = walk.file(file, &mut sink)?.map_err(broken)?;
        sink.write(&counts, &mut console.out)?;
        counts
    };
    Ok(if counts.rejected > 0 {
        Exit::Rejected
    } else {
        Exit::Done
    })
}
