//! `tideline rejected`: the rows of a run that our checks or TikTok refused, and why.

use clap::Args;
use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use serde_json::Value;
use sync_core::run::keys;

use crate::console::Console;
use crate::exit::Exit;
use crate::history;
use crate::place::{DEFAULT_STORE, Place};

/// The arguments of `rejected`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The run: its id, or SYNC/ID
    run: String,
    /// Where the state lies: a folder, or `s3://BUCKET`
    #[arg(long, value_name = "PLACE", default_value = DEFAULT_STORE)]
    store: Place,
}

pub(super) async fn run(arguments: &Arguments, console: &mut Console) -> anyhow::Result<Exit> {
    let ctx = arguments.store.open().await?;
    let (sync, run) = history::find(ctx.store.as_ref(), &arguments.run).await?;
    let Some(object) = ctx.store.get(&keys::rejected(&sync, &run)).await? else {
        anyhow::bail!("the run {run} has not ended: its rejected rows are written at its end");
    };
    if console.is_json() {
        console.out.write_all(&object.body)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["RECORD", "LINE", "KEY", "FIELD", "CODE", "WHAT TO DO"]);
    let mut rows = 0;
    for line in object
        .body
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        let row: Value = serde_json::from_slice(line)?;
        let text = |name: &str| match row.get(name) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        table.add_row(["record", "line", "primary_key", "field", "code", "message"].map(text));
        rows += 1;
    }
    if rows == 0 {
        writeln!(console.out, "The run {run} refused no row.")?;
    } else {
        writeln!(console.out, "{}", table.trim_fmt())?;
    }
    Ok(Exit::Done)
}
