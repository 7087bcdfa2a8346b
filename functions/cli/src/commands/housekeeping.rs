//! `tideline housekeeping`: what the schedule does, now: unfinished work is woken, left-over rows are sent again when it is
//! time, lost exports are found, and what nobody needs any more is deleted. Then it tells what it did, and what waits.

use std::sync::Arc;

use clap::Args;
use ingest::{Done, LookedAfter};
use runtime::store::Store;
use serde_json::json;
use sync_core::run::RunStatus;

use super::request::{Sending, current_spec};
use crate::console::Console;
use crate::exit::Exit;
use crate::history::{self, left_over, unfinished};
use crate::interrupt::until_stopped;
use crate::interrupted;
use crate::local::{self, Kept, Phase, Tally};
use crate::place::Place;
use crate::plural::counted;
use crate::progress::with_progress;
use crate::result;
use crate::way::Way;

/// The arguments of `housekeeping`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    sending: Sending,
}

pub(super) async fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Exit> {
    let place = &arguments.sending.store;
    let ctx = place.open().await?;
    let way = place.way(&ctx, arguments.sending.endpoint.as_deref()).await;
    let kept = match place {
        Place::Bucket(_) => Kept {
            looked: ingest::housekeeping(&ctx).await?,
            ended: Vec::new(),
        },
        Place::Folder(folder) => {
            // One sync's trouble keeps nobody from looking after the others.
            let (mut syncs, mut specs, mut invalid) = (Vec::new(), Vec::new(), Vec::new());
            for sync in history::syncs(ctx.store.as_ref(), None).await? {
                match current_spec(folder, &sync, console).await {
                    Ok(spec) => {
                        specs.push((sync.clone(), spec.text));
                        syncs.push(sync);
                    }
                    Err(error) => invalid.push(LookedAfter {
                        sync,
                        done: Err(format!("{error:#}")),
                    }),
                }
            }
            let options = arguments.sending.options(folder, specs);
            let tally = Arc::new(Tally::default());
            let work = Box::pin(local::housekeeping(&options, &syncs, tally.clone()));
            let work = until_stopped(&options.stop, work);
            let done = with_progress(console.watched, &tally, work).await?;
            match done.filter(|_| !options.stop.is_asked()) {
                Some(mut kept) => {
                    kept.looked.extend(invalid);
                    kept
                }
                None => return interrupted::tell(folder, &syncs, console).await,
            }
        }
    };
    let mut exit = Exit::Done;
    for end in &kept.ended {
        let name = format!("{} {}", sync_of(end), end.run);
        if console.is_json() {
            console.json(&result::as_json(name.as_ref(), end, &way))?;
        } else {
            result::write(name.as_ref(), end, &way, &mut console.out)?;
        }
        exit = exit.and(result::exit(end, Phase::Both));
    }
    for looked in &kept.looked {
        exit = exit.and(told(ctx.store.as_ref(), looked, place.is_held(), &way, console).await?);
    }
    if kept.looked.is_empty() && !console.is_json() {
        writeln!(console.out, "There is no sync here yet.")?;
    }
    Ok(exit)
}

fn sync_of(end: &local::RunEnd) -> &str {
    end.record.as_ref().map_or("", |record| record.sync.as_str())
}

/// Tells what was done for a sync, and what waits. Trouble is what needs a person, or what is still to be sent.
async fn told(
    store: &dyn Store,
    looked: &LookedAfter,
    held: bool,
    way: &Way,
    console: &mut Console,
) -> anyhow::Result<Exit> {
    let LookedAfter { sync, done } = looked;
    let (mut waits, mut trouble) = (Vec::new(), done.is_err());
    let runs = unfinished(store, sync, held).await?;
    let busy = runs.iter().any(|run| run.status == RunStatus::Running);
    for run in runs {
        trouble |= match run.status {
            RunStatus::Postponed | RunStatus::Running => false,
            // Its turn comes when the other one has ended.
            RunStatus::Waiting => !busy,
            _ => true,
        };
        waits.push(format!(
            "the run {} is {}: {}",
            run.run,
            run.status.name(),
            run.note
        ));
    }
    if let Some(left) = left_over(store, sync).await? {
        trouble = true;
        waits.push(format!(
            "{} left over: sent again from {} on, or now by `tideline retry {sync}`",
            counted(left.rows, "row"),
            left.from
        ));
    }
    let did = match done {
        Ok(done) => in_words(done),
        Err(error) => vec![format!("could not be looked after: {error}")],
    };
    if console.is_json() {
        console.json(&json!({"sync": sync, "did": did, "waits": waits, "trouble": trouble}))?;
    } else {
        let did = if did.is_empty() {
            "nothing to do".to_owned()
        } else {
            did.join(", ")
        };
        let waits = if waits.is_empty() {
            "nothing waits".to_owned()
        } else {
            waits.join("; ")
        };
        writeln!(console.out, "{sync}: {did}; {}", way.complete(&waits))?;
    }
    Ok(if trouble { Exit::Failed } else { Exit::Done })
}

fn in_words(done: &Done) -> Vec<String> {
    let mut words = Vec::new();
    if done.woken > 0 {
        words.push(format!(
            "{} of unfinished work woken",
            counted(done.woken as u64, "piece")
        ));
    }
    if let Some(run) = &done.closed {
        words.push(format!(
            "the run {run} closed, of which nothing was heard for a day"
        ));
    }
    if done.exports_seen > 0 {
        words.push(format!(
            "{} looked at",
            counted(done.exports_seen as u64, "export")
        ));
    }
    if done.deleted > 0 {
        words.push(format!(
            "{} deleted that nobody needs any more",
            counted(done.deleted, "object")
        ));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_told_and_nothing_else() {
        assert_eq!(in_words(&Done::default()), [""; 0]);
        let done = Done {
            woken: 2,
            deleted: 1,
            ..Done::default()
        };
        assert_eq!(
            in_words(&done),
            [
                "2 pieces of unfinished work woken",
                "1 object deleted that nobody needs any more"
            ]
        );
    }
}
