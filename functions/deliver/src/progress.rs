//! What was answered so far: kept in memory, and written now and then, so that a killed function repeats little.

use std::sync::{Mutex, PoisonError};

use runtime::facts::to_bytes;
use sync_core::run::keys::BatchId;
use sync_core::run::{Progress, Refusal};
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;

use crate::Context;

/// The progress of one batch, shared by its calls in flight.
pub(crate) struct Tracker<'a> {
    ctx: &'a Context,
    batch: &'a BatchId,
    key: String,
    state: Mutex<State>,
    writing: AsyncMutex<Written>,
}

struct State {
    progress: Progress,
    answers: u64,
}

struct Written {
    answers: u64,
    at: Instant,
}

impl<'a> Tracker<'a> {
    pub(crate) fn new(ctx: &'a Context, batch: &'a BatchId, progress: Progress) -> Self {
        Self {
            ctx,
            batch,
            key: batch.progress(),
            state: Mutex::new(State { progress, answers: 0 }),
            writing: AsyncMutex::new(Written {
                answers: 0,
                at: Instant::now(),
            }),
        }
    }

    /// Whose progress it is.
    pub(crate) fn batch(&self) -> &BatchId {
        self.batch
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Counts one API call by what came back.
    pub(crate) fn called(&self, code: String) {
        self.change(|state| *state.progress.calls.entry(code).or_default() += 1);
    }

    /// These rows were accepted.
    pub(crate) fn accepted(&self, rows: &[u32]) {
        self.change(|state| {
            for row in rows {
                state.progress.accepted.insert(*row);
            }
            state.answers += 1;
        });
    }

    /// This row was refused for good.
    pub(crate) fn refused(&self, row: u32, code: i64, field: Option<String>, message: String) {
        self.change(|state| {
            let refused = &mut state.progress.refused;
            let same = refused
                .iter_mut()
                .find(|r| r.code == code && r.field == field && r.message == message);
            match same {
                Some(refusal) => refusal.rows.insert(row),
                None => refused.push(Refusal {
                    rows: std::iter::once(row).collect(),
                    code,
                    field,
                    message,
                }),
            }
            state.answers += 1;
        });
    }

    /// TikTok may have taken these rows, but did not say so.
    pub(crate) fn unclear(&self, rows: &[u32], now: i64) {
        self.change(|state| {
            for row in rows {
                state.progress.unknown.insert(*row);
            }
            state.progress.first_try.get_or_insert(now);
        });
    }

    /// A copy of the progress.
    pub(crate) fn snapshot(&self) -> Progress {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .progress
            .clone()
    }

    /// Writes the progress when enough has happened since the last time, or when `now` asks for it; whether it did.
    pub(crate) async fn keep(&self, now: bool) -> anyhow::Result<bool> {
        let answers = self.answers();
        let mut written = self.writing.lock().await;
        let settings = &self.ctx.settings;
        let due = answers >= written.answers + u64::from(settings.progress_calls)
            || (answers > written.answers && written.at.elapsed() >= settings.progress_time);
        if !now && !due {
            return Ok(false);
        }
        let (progress, answers) = (self.snapshot(), self.answers());
        self.ctx
            .store
            .put(&self.key, to_bytes(&self.key, &progress)?)
            .await?;
        *written = Written {
            answers,
            at: Instant::now(),
        };
        Ok(true)
    }

    /// How many answers about rows came since this invocation began.
    pub(crate) fn answers(&self) -> u64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).answers
    }
}
