//! `tideline runs`: what ran, what runs, what waits.

use clap::Args;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ColumnConstraint, Table};
use runtime::store::Timestamp;
use serde_json::json;
use sync_core::names::SyncName;
use sync_core::run::Record;

use crate::audience_result::{last_look, look_as_json, write_look};
use crate::console::Console;
use crate::exit::Exit;
use crate::history;
use crate::place::Place;
use crate::plural::thousands;
use crate::result::in_words;

/// The arguments of `runs`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Of this sync only
    #[arg(value_name = "SYNC", value_parser = super::sync_name)]
    sync: Option<SyncName>,
    /// Where the state lies: a folder, or `s3://BUCKET`
    #[arg(long, value_name = "PLACE", default_value = ".tideline")]
    store: Place,
    /// So many ended runs of each sync
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
}

pub(super) async fn run(arguments: &Arguments, console: &mut Console) -> anyhow::Result<Exit> {
    let ctx = arguments.store.open().await?;
    let store = ctx.store.as_ref();
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header([
        "SYNC",
        "RUN",
        "STATUS",
        "ENDED",
        "QUERIED",
        "ACCEPTED",
        "REJECTED",
        "REFUSED",
        "LEFT OVER",
        "CHANGED",
        "REMOVED",
    ]);
    for column in table.column_iter_mut().skip(4) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let (mut shown, mut audiences, mut looks) = (0, false, Vec::new());
    for sync in history::syncs(store, arguments.sync.as_ref()).await? {
        for run in history::unfinished(store, &sync).await? {
            shown += 1;
            if console.is_json() {
                console.json(
                    &json!({"sync": run.sync, "run": run.run, "status": run.status, "note": run.note}),
                )?;
            } else {
                table.add_row([
                    run.sync.as_str(),
                    run.run.as_str(),
                    in_words(run.status),
                    run.note.as_str(),
                ]);
            }
        }
        for record in history::ended(store, &sync, arguments.limit).await? {
            shown += 1;
            audiences |= record.audience.is_some();
            if console.is_json() {
                console.json(&record)?;
            } else {
                table.add_row(cells(&record));
            }
        }
        match last_look(store, &sync).await? {
            Some(look) if console.is_json() => console.json(&look_as_json(&sync, &look)?)?,
            Some(look) => looks.push((sync, look)),
            None => {}
        }
    }
    if !audiences {
        for column in table.column_iter_mut().skip(9) {
            column.set_constraint(ColumnConstraint::Hidden);
        }
    }
    if !console.is_json() && shown > 0 {
        writeln!(console.out, "{}", table.trim_fmt())?;
        if !looks.is_empty() {
            writeln!(console.out, "\nHow TikTok has the audiences")?;
        }
        for (sync, look) in &looks {
            write_look(sync, look, &mut console.out)?;
        }
    } else if !console.is_json() {
        writeln!(console.out, "Nothing has run yet.")?;
    }
    Ok(Exit::Done)
}

fn cells(record: &Record) -> [String; 11] {
    let of_audience = |count| {
        record
            .audience
            .as_ref()
            .map_or_else(String::new, |_| thousands(count))
    };
    let ended =
        Timestamp::from_second(record.finished).map_or_else(|_| String::new(), |time| time.to_string());
    [
        record.sync.to_string(),
        record.run.to_string(),
        in_words(record.status).to_owned(),
        ended,
        thousands(record.counts.queried),
        thousands(record.sums.accepted),
        thousands(record.counts.rejected_total()),
        thousands(record.sums.refused),
        thousands(record.sums.carried_out),
        of_audience(record.counts.changed),
        of_audience(record.counts.removed),
    ]
}
