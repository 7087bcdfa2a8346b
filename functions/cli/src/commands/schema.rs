//! `tideline schema`: the JSON Schema of sync specs.

use crate::console::Console;
use crate::exit::Exit;

pub(super) fn run(console: &mut Console) -> anyhow::Result<Exit> {
    serde_json::to_writer_pretty(&mut console.out, &sync_core::spec::json_schema())?;
    console.out.write_all(b"\n")?;
    Ok(Exit::Done)
}
