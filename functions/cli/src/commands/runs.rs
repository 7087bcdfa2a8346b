//! `tideline runs`: what ran, what runs, what waits.

use clap::Args;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ColumnConstraint, Table};
use runtime::register::read_head;
use runtime::store::Timestamp;
use serde_json::{Value, json};
use sync_core::names::SyncName;
use sync_core::run::{Figure, Head, Record};

use crate::audience_result::{last_look, look_as_json, write_look};
use crate::console::Console;
use crate::exit::Exit;
use crate::history;
use crate::place::{DEFAULT_STORE, Place};
use crate::plural::thousands;

/// The arguments of `runs`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Of this sync only
    #[arg(value_name = "SYNC", value_parser = super::sync_name)]
    sync: Option<SyncName>,
    /// Where the state lies: a folder, or `s3://BUCKET`
    #[arg(long, value_name = "PLACE", default_value = DEFAULT_STORE)]
    store: Place,
    /// At most this many ended runs of each sync
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
}

/// Columns before those with numbers.
const NAMES: [&str; 4] = ["SYNC", "RUN", "STATUS", "ENDED"];
/// Columns of audiences, after those of all syncs.
const OF_AUDIENCES: [&str; 2] = ["CHANGED", "REMOVED"];
/// Columns that are shown where a run has something in them.
const RARE: [Figure; 3] = [Figure::CarriedIn, Figure::Unanswered, Figure::Lost];

pub(super) async fn run(arguments: &Arguments, console: &mut Console) -> anyhow::Result<Exit> {
    let ctx = arguments.store.open().await?;
    let store = ctx.store.as_ref();
    let way = arguments.store.way(&ctx, None).await;
    let at_work = arguments.store.is_held();
    let mut table = Table::new();
    table.load_style(NOTHING);
    let figures: Vec<Figure> = Figure::all().collect();
    let figure_names = figures.iter().map(|figure| figure.name().to_uppercase());
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    table.set_header([owned(&NAMES), figure_names.collect(), owned(&OF_AUDIENCES)].concat());
    for column in table.column_iter_mut().skip(NAMES.len()) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let (mut shown, mut audiences, mut looks, mut notes) = (0, false, Vec::new(), Vec::new());
    let mut used = vec![false; figures.len()];
    for sync in history::syncs(store, arguments.sync.as_ref()).await? {
        let head = read_head(store, &sync).await?.head;
        for run in history::unfinished(store, &sync, at_work).await? {
            shown += 1;
            if console.is_json() {
                console.json(
                    &json!({"sync": run.sync, "run": run.run, "status": run.status, "note": run.note}),
                )?;
            } else {
                table.add_row([run.sync.as_str(), run.run.as_str(), run.status.name()]);
                notes.push(format!("{}: {}", run.run, way.complete(&run.note)));
            }
        }
        for record in history::ended(store, &sync, arguments.limit).await? {
            shown += 1;
            audiences |= record.audience.is_some();
            let left_over = record.left_over(&head);
            for (used, figure) in used.iter_mut().zip(&figures) {
                *used |= figure.of(&record, left_over) > 0;
            }
            if console.is_json() {
                console.json(&as_json(&record, &head)?)?;
            } else {
                table.add_row(cells(&record, &figures, left_over));
            }
        }
        match last_look(store, &sync).await? {
            Some(look) if console.is_json() => console.json(&look_as_json(&sync, &look)?)?,
            Some(look) => looks.push((sync, look)),
            None => {}
        }
    }
    for (number, column) in table.column_iter_mut().enumerate() {
        let figure = number
            .checked_sub(NAMES.len())
            .and_then(|at| figures.get(at).zip(used.get(at)));
        let hidden = match figure {
            Some((figure, used)) => RARE.contains(figure) && !used,
            None => number >= NAMES.len() && !audiences,
        };
        if hidden {
            column.set_constraint(ColumnConstraint::Hidden);
        }
    }
    if !console.is_json() && shown > 0 {
        writeln!(console.out, "{}", table.trim_fmt())?;
        if !notes.is_empty() {
            writeln!(console.out, "\nNot ended")?;
        }
        for note in &notes {
            writeln!(console.out, "{note}")?;
        }
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

/// The record, with how many of its rows wait still.
fn as_json(record: &Record, head: &Head) -> serde_json::Result<Value> {
    let mut shown = serde_json::to_value(record)?;
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("left_over".to_owned(), json!(record.left_over(head)));
    }
    Ok(shown)
}

fn cells(record: &Record, figures: &[Figure], left_over: u64) -> Vec<String> {
    let of_audience = |count| {
        record
            .audience
            .as_ref()
            .map_or_else(String::new, |_| thousands(count))
    };
    let ended =
        Timestamp::from_second(record.finished).map_or_else(|_| String::new(), |time| time.to_string());
    let names = [
        record.sync.to_string(),
        record.run.to_string(),
        record.status.name().to_owned(),
        ended,
    ];
    let numbers = figures
        .iter()
        .map(|figure| thousands(figure.of(record, left_over)));
    let changes = [record.counts.changed, record.people_removed()].map(of_audience);
    names.into_iter().chain(numbers).chain(changes).collect()
}
