//! A progress bar on stderr while a run goes on.

use std::fmt::Write;
use std::sync::atomic::Ordering;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::local::Tally;

/// How often the bar is brought up to date.
const TICK: Duration = Duration::from_millis(100);

/// Waits for the work; where somebody watches, with a bar that follows the tally.
pub(crate) async fn with_bar<T>(watched: bool, tally: &Tally, work: impl Future<Output = T>) -> T {
    if !watched {
        return work.await;
    }
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

fn follow(bar: &ProgressBar, tally: &Tally) {
    let rows = tally.rows.load(Ordering::Relaxed);
    if rows == 0 {
        return;
    }
    if bar.length().is_none() {
        bar.set_style(style(
            "{spinner} {wide_bar} {human_pos} of {human_len} rows, {speed}",
        ));
    }
    bar.set_length(rows);
    bar.set_position(tally.answered.load(Ordering::Relaxed));
}

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.with_key("speed", |state: &ProgressState, out: &mut dyn Write| {
        // A bar that cannot be drawn is no reason to stop.
        let _ = write!(out, "{:.0} a second", state.per_sec());
    })
}
