//! One batch: fence, token, calls, outcome, and a look whether the run is over.

use runtime::deadline::Deadline;
use runtime::facts;
use runtime::register::read_head;
use runtime::settle::settle;
use sync_core::run::keys::{self, BatchId};
use sync_core::run::{Batch, Manifest, Outcome, Progress, RowRanges, Stop, StopStatus};

use crate::progress::{Tracker, plausible};
use crate::send::{Ended, send};
use crate::{Context, Handled, token};

/// Delivers a batch. `receives` is how often its message came, this time included.
pub async fn deliver(ctx: &Context, batch: &BatchId, receives: u32, deadline: Deadline) -> anyhow::Result<Handled> {
    let store = ctx.store.as_ref();
    let read = read_head(store, &batch.sync).await?;
    if read.head.open(&batch.run).is_none() {
        tracing::info!(batch = batch.key(), "the batch's run is not the open one: nothing is sent");
        return Ok(Handled::Done);
    }
    if store.stat(&batch.outcome()).await?.is_none() {
        let outcome = match store.get(&batch.key()).await? {
            Some(object) => {
                let sending = Sending { ctx, id: batch, receives, deadline, now: object.now.as_second() };
                match sending.batch(&object.body).await? {
                    Ok(outcome) => outcome,
                    Err(handled) => return Ok(handled),
                }
            }
            None => match lost(ctx, batch).await? {
                Some(outcome) => outcome,
                None => return Ok(Handled::ComeBack),
            },
        };
        let _ = facts::write(store, &batch.outcome(), &outcome).await?;
    }
    settle(store, &batch.sync, &batch.run, batch.part).await?;
    Ok(Handled::Done)
}

/// The batch object is gone: its rows are a reported loss, counted by the manifest. `None` while there is no manifest.
async fn lost(ctx: &Context, batch: &BatchId) -> anyhow::Result<Option<Outcome>> {
    let key = keys::manifest(&batch.sync, &batch.run, batch.part);
    let manifest = facts::read::<Manifest>(ctx.store.as_ref(), &key).await?;
    let rows = manifest.and_then(|manifest| manifest.batches.get(batch.number as usize).copied());
    if let Some(rows) = rows {
        tracing::error!(batch = batch.key(), rows, "the batch object is gone: its rows are lost");
    }
    Ok(rows.map(|rows| Outcome { rows, lost: true, ..Outcome::default() }))
}

struct Sending<'a> {
    ctx: &'a Context,
    id: &'a BatchId,
    receives: u32,
    deadline: Deadline,
    /// Epoch seconds by the store's clock.
    now: i64,
}

impl Sending<'_> {
    /// Sends a batch; the outcome, or what becomes of the message while there is none.
    async fn batch(&self, bytes: &[u8]) -> anyhow::Result<Result<Outcome, Handled>> {
        let store = self.ctx.store.as_ref();
        let batch = Batch::read(bytes)?;
        let rows = u32::try_from(batch.rows.len())?;
        let progress = facts::read::<Progress>(store, &self.id.progress()).await.unwrap_or_else(|error| {
            tracing::warn!(batch = self.id.key(), error = error.to_string(), "the progress is unreadable: all is sent again");
            None
        });
        let progress = plausible(progress.unwrap_or_default(), rows);
        let stop_key = keys::stop(&self.id.sync, &self.id.run);
        if let Some(stop) = facts::read::<Stop>(store, &stop_key).await? {
            return Ok(Ok(outcome(rows, &progress, Some(stop.message))));
        }
        let destination = &batch.header.destination;
        let Some(token) = token::living(self.ctx, destination).await? else {
            let message = format!(
                "the destination {destination} has no token that TikTok takes: connect it again; the rows are kept and go by themselves then"
            );
            let stop = Stop { status: StopStatus::NeedsReauthorisation, message: message.clone() };
            let _ = facts::write(store, &stop_key, &stop).await?;
            return Ok(Ok(outcome(rows, &progress, Some(message))));
        };
        let tracker = Tracker::new(self.ctx, self.id, progress);
        let ended = send(self.ctx, &batch, &token, &tracker, self.deadline, self.now).await?;
        let progress = tracker.snapshot();
        match ended {
            Ended::All => Ok(Ok(outcome(rows, &progress, None))),
            Ended::Budget => {
                let why = "finding the bad rows of a refused call would have cost more API calls than the limit; the rest goes with the next run";
                Ok(Ok(outcome(rows, &progress, Some(why.to_owned()))))
            }
            Ended::Stopped(stop) => {
                if let Some(message) = &stop.buries_token {
                    token::bury(self.ctx, destination, &token.version, message).await?;
                }
                let _ = facts::write(store, &stop_key, &stop.fact).await?;
                Ok(Ok(outcome(rows, &progress, Some(stop.fact.message))))
            }
            Ended::NoTime => {
                tracker.keep(true).await?;
                store.touch(&self.id.key()).await?;
                Ok(Err(Handled::HandedOver))
            }
            Ended::Waits(_) if self.receives < self.ctx.settings.max_receives => {
                tracker.keep(true).await?;
                Ok(Err(Handled::ComeBack))
            }
            Ended::Waits(why) => {
                let why = format!("no clear answer after {} receives of the message; the last one: {why}", self.receives);
                Ok(Ok(outcome(rows, &progress, Some(why))))
            }
        }
    }
}

/// The outcome that the progress amounts to: what is neither accepted nor refused is carried.
fn outcome(rows: u32, progress: &Progress, why: Option<String>) -> Outcome {
    let refused: RowRanges = progress.refused.iter().flat_map(|refusal| refusal.rows.iter()).collect();
    let carried: RowRanges =
        (0..rows).filter(|row| !progress.accepted.contains(*row) && !refused.contains(*row)).collect();
    let unknown: RowRanges = carried.iter().filter(|row| progress.unknown.contains(*row)).collect();
    Outcome {
        rows,
        refused: progress.refused.clone(),
        first_try: progress.first_try.filter(|_| !unknown.is_empty()),
        why: why.filter(|_| !carried.is_empty()),
        carried,
        unknown,
        calls: progress.calls.clone(),
        lost: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_core::run::Refusal;

    #[test]
    fn what_was_neither_accepted_nor_refused_is_carried() {
        let refusal = Refusal { rows: [4].into_iter().collect(), code: 40002, field: None, message: "no".into() };
        let progress = Progress {
            accepted: (0..3).collect(),
            refused: vec![refusal],
            unknown: [1, 5].into_iter().collect(),
            first_try: Some(7),
            ..Progress::default()
        };
        let outcome = outcome(7, &progress, Some("why".into()));
        assert_eq!(outcome.carried.iter().collect::<Vec<_>>(), [3, 5, 6]);
        assert_eq!(outcome.unknown.iter().collect::<Vec<_>>(), [5]);
        assert_eq!((outcome.first_try, outcome.why.as_deref()), (Some(7), Some("why")));
    }

    #[test]
    fn without_carried_rows_there_is_nothing_to_explain() {
        let progress = Progress { accepted: (0..3).collect(), unknown: (0..3).collect(), first_try: Some(7), ..Progress::default() };
        let outcome = outcome(3, &progress, Some("why".into()));
        assert_eq!((outcome.carried.len(), outcome.first_try, outcome.why), (0, None, None));
    }
}
