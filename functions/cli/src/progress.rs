//! What is seen on stderr while a run goes on: a bar at a terminal, a line now and then elsewhere.

use std::fmt::Write;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::local::Tally;
use crate::plural::{counted, thousands};

/// How often the bar is brought up to date.
const TICK: Duration = Duration::from_millis(100);
/// How often a line is written where nobody watches: in a log, it is to tell that something still happens.
const LINE: Duration = Duration::from_secs(10);

/// Waits for the work, and shows how far it is.
pub(crate) async fn with_progress<T>(watched: bool, tally: &Tally, work: impl Future<Output = T>) -> T {
    if watched {
        with_bar(tally, work).await
    } else {
        let begun = Instant::now();
        let write = || {
            let line = line(tally, begun.elapsed());
            // When stderr is gone, nobody is left to be told.
            let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("{line}\n"));
        };
        with_lines(work, async || tokio::time::sleep(LINE).await, write).await
    }
}

async fn with_bar<T>(tally: &Tally, work: impl Future<Output = T>) -> T {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_style(style("{spinner} reading the export, {elapsed}"));
    bar.enable_steady_tick(TICK);
    let mut ticks = tokio::time::interval(TICK);
    let mut work = std::pin::pin!(work);
    let done = loop {
        tokio::select! {
            done = &mut work => break done,
            _ = ticks.tick() => follow(&bar, tally),
        }
    };
    bar.finish_and_clear();
    done
}

/// Waits for the work, and writes a line each time that `pause` has ended.
async fn with_lines<T>(work: impl Future<Output = T>, pause: impl AsyncFn(), mut write: impl FnMut()) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = pause() => write(),
        }
    }
}

fn line(tally: &Tally, elapsed: Duration) -> String {
    let (rows, answered) = tally.totals();
    let seconds = elapsed.as_secs();
    if rows == 0 {
        format!("reading the export, {}", counted(seconds, "second"))
    } else {
        format!(
            "{} of {} have an answer, {}",
            thousands(answered),
            counted(rows, "row"),
            counted(seconds, "second")
        )
    }
}

fn follow(bar: &ProgressBar, tally: &Tally) {
    let (rows, answered) = tally.totals();
    if rows == 0 {
        return;
    }
    if bar.length().is_none() {
        bar.set_style(style(
            "{spinner} {wide_bar} {human_pos} of {human_len} rows, {speed}",
        ));
    }
    bar.set_length(rows);
    bar.set_position(answered);
}

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.with_key("speed", |state: &ProgressState, out: &mut dyn Write| {
        // A bar that cannot be drawn is no reason to stop.
        let _ = write!(out, "{:.0} a second", state.per_sec());
    })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use sync_core::run::keys::BatchId;

    use super::*;

    #[tokio::test]
    async fn long_work_writes_a_line_for_each_pause_and_short_work_none() {
        for pauses in [0, 3] {
            let lines = Cell::new(0);
            let work = async {
                while lines.get() < pauses {
                    tokio::task::yield_now().await;
                }
                "done"
            };
            let done = with_lines(
                work,
                async || tokio::task::yield_now().await,
                || lines.set(lines.get() + 1),
            );
            assert_eq!((done.await, lines.get()), ("done", pauses));
        }
    }

    #[test]
    fn a_line_tells_how_far_it_is() {
        let tally = Tally::default();
        assert_eq!(
            line(&tally, Duration::from_secs(10)),
            "reading the export, 10 seconds"
        );
        let batch = BatchId::parse("batches/web/r1/0-0.jsonl").unwrap();
        tally.begun(&batch, 3_000, 1_000);
        // A batch that is begun again counts once.
        tally.begun(&batch, 3_000, 1_100);
        tally.answered(&batch, 100);
        assert_eq!(
            line(&tally, Duration::from_secs(30)),
            "1,200 of 3,000 rows have an answer, 30 seconds"
        );
    }
}
