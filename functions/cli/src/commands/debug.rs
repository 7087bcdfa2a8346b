//! `tideline debug`: the API calls of a run, requests and answers.

use clap::Args;
use comfy_table::Table;
use futures::{StreamExt, stream};
use runtime::facts;
use runtime::store::Store;
use sync_core::names::RunId;
use sync_core::run::keys::{self, BatchId};
use sync_core::run::{Batch, Call, Record};

use crate::console::Console;
use crate::debugger::{CallsObject, add_to, as_json, objects, rows, table, write_call};
use crate::exit::Exit;
use crate::history;
use crate::place::{DEFAULT_STORE, Place};
use crate::plural::counted;
use crate::way::Way;

/// So many calls are a table that somebody reads.
const SHOWN: usize = 100;
/// So many objects are asked for at once.
const AT_ONCE: usize = 8;

/// The arguments of `debug`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The run: its id, or SYNC/ID
    run: String,
    /// Where the state lies: a folder, or `s3://BUCKET`
    #[arg(long, value_name = "PLACE", default_value = DEFAULT_STORE)]
    store: Place,
    /// Only this call, with its request and answer
    #[arg(long, value_name = "NAME", conflicts_with_all = ["failed", "limit"])]
    call: Option<String>,
    /// Only calls that TikTok did not accept
    #[arg(long)]
    failed: bool,
    /// So many calls at most; a table has 100 without it, JSON all
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

/// What was seen, and what not.
struct Seen {
    table: Table,
    /// Calls that are kept.
    all: u64,
    /// Of these, calls of batches, which the record counts.
    of_batches: u64,
    /// Calls that were asked for.
    meant: u64,
    written: u64,
    /// Files that could not be read to their end.
    broken: u64,
}

pub(super) async fn run(arguments: &Arguments, console: &mut Console) -> anyhow::Result<Exit> {
    let ctx = arguments.store.open().await?;
    let store = ctx.store.as_ref();
    let (sync, run) = history::find(store, &arguments.run).await?;
    let mut objects = objects(store, &sync, &run).await?;
    if let Some(call) = &arguments.call {
        let name = call.rsplit_once('/').map_or("", |(name, _)| name);
        objects.retain(|object| object.name == name);
    }
    let mut seen = Seen {
        table: table(),
        all: 0,
        of_batches: 0,
        meant: 0,
        written: 0,
        broken: 0,
    };
    let read = async |object: CallsObject| {
        let calls = object.calls(store).await?;
        anyhow::Ok((object, calls))
    };
    let mut reading = stream::iter(objects).map(read).buffered(AT_ONCE);
    while let Some(read) = reading.next().await {
        let (object, (calls, error)) = read?;
        show(store, &run, (&object, calls), arguments, &mut seen, console).await?;
        if let Some(error) = error {
            seen.broken += 1;
            writeln!(console.err, "error: {error:#}")?;
        }
    }
    if let Some(name) = arguments.call.as_ref().filter(|_| seen.meant == 0) {
        anyhow::bail!("the run {run} has no call {name}: `tideline debug {run}` lists its calls");
    }
    if arguments.call.is_none() {
        let record: Option<Record> = facts::read(store, &keys::record(&sync, &run)).await?;
        if !console.is_json() {
            write_table(&run, arguments, &seen, record.as_ref(), console)?;
        }
        let counted_calls = record.map_or(0, |record| record.calls.values().sum());
        if seen.all > 0 && seen.broken == 0 && seen.of_batches < counted_calls {
            let lost = counted(counted_calls - seen.of_batches, "call");
            writeln!(
                console.err,
                "note: {lost} that the record counts are not kept: the function that made them ended before it had written them"
            )?;
        }
    }
    Ok(if seen.broken > 0 { Exit::Failed } else { Exit::Done })
}

/// Shows the calls of one object that are asked for.
async fn show(
    store: &dyn Store,
    run: &RunId,
    (object, calls): (&CallsObject, Vec<(String, Call)>),
    arguments: &Arguments,
    seen: &mut Seen,
    console: &mut Console,
) -> anyhow::Result<()> {
    let json = console.is_json();
    let limit = arguments.limit.unwrap_or(if json { usize::MAX } else { SHOWN }) as u64;
    seen.all += calls.len() as u64;
    seen.of_batches += object.batch.as_ref().map_or(0, |_| calls.len() as u64);
    let is_meant = |(name, call): &(String, Call)| match &arguments.call {
        Some(only) => only == name,
        None => !arguments.failed || call.verdict != "accepted",
    };
    let meant: Vec<_> = calls.into_iter().filter(is_meant).collect();
    let left = usize::try_from(limit - seen.written).unwrap_or(usize::MAX);
    let now = meant.get(..left).unwrap_or(&meant);
    seen.meant += meant.len() as u64;
    seen.written += now.len() as u64;
    if !json && arguments.call.is_none() {
        for (name, call) in now {
            add_to(&mut seen.table, name, call);
        }
        return Ok(());
    }
    if now.is_empty() {
        return Ok(());
    }
    let file = object.batch_file(store).await?;
    let batch = file.as_deref().map(Batch::read);
    for (name, call) in now {
        let rows = match &batch {
            None => Ok(None),
            Some(Ok(batch)) => rows(call, batch),
            Some(Err(error)) => Err(anyhow::anyhow!("{error}")),
        };
        let rows = rows.unwrap_or_else(|error| {
            seen.broken += 1;
            let key = object.batch.as_ref().map_or_else(String::new, BatchId::key);
            let _ = writeln!(
                console.err,
                "error: {key}: {error:#}: the rows of the call {name} are left out"
            );
            None
        });
        if json {
            console.json(&as_json(run, name, call, rows.as_ref()))?;
        } else {
            write_call(name, call, rows.as_ref(), &mut console.out)?;
        }
    }
    Ok(())
}

/// Writes the table, and what more can be asked for.
fn write_table(
    run: &RunId,
    arguments: &Arguments,
    seen: &Seen,
    record: Option<&Record>,
    console: &mut Console,
) -> anyhow::Result<()> {
    let out = &mut console.out;
    let way = Way::new(&arguments.store, None);
    if seen.written > 0 {
        writeln!(out, "{}", seen.table.trim_fmt())?;
    }
    if seen.meant > seen.written {
        let left = counted(seen.meant - seen.written, "further call");
        let failed = if arguments.failed {
            ""
        } else {
            ", --failed those that were not accepted"
        };
        writeln!(out, "\n{left}: --limit shows more of them{failed}")?;
    } else if seen.meant > 0 {
        let meant = counted(seen.meant, "call");
        writeln!(
            out,
            "\n{meant}. `{}` shows request and answer of one",
            way.command(&format!("tideline debug {run} --call NAME"))
        )?;
    } else if seen.all > 0 {
        let all = counted(seen.all, "call");
        writeln!(
            out,
            "TikTok accepted all calls of the run {run} that are kept: {all}."
        )?;
    } else if record.is_none() {
        writeln!(out, "No call of the run {run} is kept yet: it has made none.")?;
    } else {
        writeln!(
            out,
            "No call of the run {run} is kept: it made none, or it is longer ago than `debugger.keep_days` of the sync."
        )?;
    }
    Ok(())
}
