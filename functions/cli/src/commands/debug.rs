//! `tideline debug`: the API calls of a run, requests and answers.

use clap::Args;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use runtime::facts;
use runtime::store::Store;
use serde_json::Value;
use sync_core::names::{RunId, SyncName};
use sync_core::run::{Batch, Call, Record, keys};

use crate::console::Console;
use crate::debugger::{self, Rows};
use crate::exit::Exit;
use crate::history;
use crate::place::Place;
use crate::plural::{counted, thousands};

/// So many calls are a table that somebody reads.
const SHOWN: usize = 100;
/// So many primary keys are shown of a call.
const KEYS: usize = 20;

/// The arguments of `debug`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The run: its id, or SYNC/ID
    run: String,
    /// Where the state lies: a folder, or `s3://BUCKET`
    #[arg(long, value_name = "PLACE", default_value = ".tideline")]
    store: Place,
    /// Only this call, with its request and answer
    #[arg(long, value_name = "NAME")]
    call: Option<String>,
    /// Only calls that TikTok did not accept
    #[arg(long)]
    failed: bool,
    /// So many calls at most; a table has 100 without it, JSON all
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

pub(super) async fn run(arguments: &Arguments, console: &mut Console) -> anyhow::Result<Exit> {
    let ctx = arguments.store.open().await?;
    let store = ctx.store.as_ref();
    let (sync, run) = history::find(store, &arguments.run).await?;
    let json = console.is_json();
    let mut table = table();
    let limit = arguments.limit.unwrap_or(if json { usize::MAX } else { SHOWN });
    let (mut meant, mut shown, mut all) = (0, 0, 0_usize);
    for object in debugger::objects(store, &sync, &run).await? {
        // Rows are read where they are shown, once for all calls of a batch.
        let mut file = None;
        for (number, call) in (1..).zip(object.calls(store).await?) {
            all += 1;
            let name = object.call_name(number);
            let wanted = arguments.call.as_ref().is_none_or(|only| *only == name);
            if !wanted || (arguments.failed && call.verdict == "accepted") {
                continue;
            }
            meant += 1;
            if shown == limit {
                continue;
            }
            shown += 1;
            if !json && arguments.call.is_none() {
                table.add_row(cells(&name, &call));
                continue;
            }
            if file.is_none() {
                file = Some(object.rows(store).await?);
            }
            let batch = file.as_ref().and_then(Option::as_ref);
            let batch = batch.map(|bytes| Batch::read(bytes)).transpose()?;
            let rows = debugger::rows(&call, batch.as_ref())?;
            if json {
                console.json(&debugger::as_json(&run, &name, &call, rows.as_ref()))?;
            } else {
                write_call(&name, &call, rows.as_ref(), console)?;
            }
        }
    }
    if let Some(name) = arguments.call.as_ref().filter(|_| meant == 0) {
        anyhow::bail!("the run {run} has no call {name}: `tideline debug {run}` lists its calls");
    }
    if json || arguments.call.is_some() {
        return Ok(Exit::Done);
    }
    if shown > 0 {
        writeln!(console.out, "{}", table.trim_fmt())?;
    }
    let (none, all) = (all == 0, counted(all as u64, "call"));
    if meant > shown {
        let left = counted((meant - shown) as u64, "further call");
        writeln!(
            console.out,
            "\n{left}: --limit shows more of them, --failed those that were not accepted"
        )?;
    } else if shown > 0 {
        writeln!(
            console.out,
            "\n{all}. `tideline debug {run} --call NAME` shows request and answer of one"
        )?;
    } else if none {
        writeln!(console.out, "{}", nothing(store, &sync, &run).await?)?;
    } else {
        writeln!(console.out, "TikTok accepted all that the run {run} sent: {all}.")?;
    }
    Ok(Exit::Done)
}

/// Why there is nothing to show.
async fn nothing(store: &dyn Store, sync: &SyncName, run: &RunId) -> anyhow::Result<String> {
    let record: Option<Record> = facts::read(store, &keys::record(sync, run)).await?;
    Ok(match record {
        None => format!("The run {run} has made no API call yet."),
        Some(record) if record.calls.is_empty() => format!("The run {run} made no API call."),
        Some(_) => {
            format!(
                "The calls of the run {run} are not kept any more: `debugger.keep_days` of the sync says how long."
            )
        }
    })
}

fn table() -> Table {
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header([
            "CALL", "TIME", "REQUEST", "ROWS", "HTTP", "CODE", "VERDICT", "MS", "ANSWER",
        ]);
    for column in [3, 4, 5, 7] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn cells(name: &str, call: &Call) -> [String; 9] {
    let path = call.path.strip_prefix("/open_api/v1.3/").unwrap_or(&call.path);
    let again = if call.repeated { " (again)" } else { "" };
    [
        name.to_owned(),
        debugger::time(call),
        format!("{} {path}{again}", call.method),
        call.rows
            .as_ref()
            .map_or_else(String::new, |rows| thousands(rows.len())),
        call.status.map_or_else(String::new, |status| status.to_string()),
        call.code.map_or_else(String::new, |code| code.to_string()),
        call.verdict.clone(),
        thousands(call.milliseconds),
        call.response
            .get("message")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
    ]
}

fn write_call(name: &str, call: &Call, rows: Option<&Rows>, console: &mut Console) -> anyhow::Result<()> {
    let out = &mut console.out;
    writeln!(out, "Call {name}, {}", debugger::time(call))?;
    writeln!(out, "{} {}", call.method, call.path)?;
    if call.repeated {
        writeln!(
            out,
            "The same request had been sent before without a clear answer."
        )?;
    }
    if let Some(numbers) = &call.rows {
        writeln!(out, "Rows: {}", thousands(numbers.len()))?;
    }
    if let Some(rows) = rows {
        let keys: Vec<String> = rows.keys.iter().take(KEYS).map(Value::to_string).collect();
        let more = if rows.keys.len() > KEYS { ", …" } else { "" };
        if !keys.is_empty() {
            writeln!(out, "Primary keys: {}{more}", keys.join(", "))?;
        }
        if rows.request.is_none() {
            writeln!(
                out,
                "The rows are not kept any more: this is what stood around them."
            )?;
        }
    }
    let request = rows
        .and_then(|rows| rows.request.as_ref())
        .unwrap_or(&call.request);
    writeln!(out, "\n{}\n", serde_json::to_string_pretty(request)?)?;
    let status = call
        .status
        .map_or_else(|| "no answer".to_owned(), |status| format!("HTTP {status}"));
    writeln!(
        out,
        "{status}, {}, {} ms",
        call.verdict,
        thousands(call.milliseconds)
    )?;
    writeln!(out, "\n{}", serde_json::to_string_pretty(&call.response)?)?;
    Ok(())
}
