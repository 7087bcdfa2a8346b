//! One batch: fence, token, calls, outcome, and a look whether the run is over.

use runtime::call_log::CallLog;
use runtime::connections::{Refuses, note_refusal};
use runtime::deadline::Deadline;
use runtime::facts;
use runtime::register::read_head;
use runtime::settle::settle;
use sync_core::run::keys::{self, BatchId};
use sync_core::run::{Batch, BatchKind, Manifest, Outcome, Progress, Stop, StopStatus};
use tiktok::oauth::{Ability, can};

use crate::progress::Tracker;
use crate::send::{Ended, send};
use crate::token::Token;
use crate::upload::{UploadEnd, upload};
use crate::{Context, Handled, token};

/// Delivers a batch. `receives` is how often its message came, this time included.
pub async fn deliver(
    ctx: &Context,
    batch: &BatchId,
    receives: u32,
    deadline: Deadline,
) -> anyhow::Result<Handled> {
    let store = ctx.store.as_ref();
    let read = read_head(store, &batch.sync).await?;
    if read.head.open(&batch.run).is_none() {
        tracing::info!(
            batch = batch.key(),
            "the batch's run is not the open one: nothing is sent"
        );
        return Ok(Handled::Done);
    }
    if store.stat(&batch.outcome()).await?.is_none() {
        let outcome = match store.get(&batch.key()).await? {
            Some(object) => {
                let sending = Sending {
                    ctx,
                    id: batch,
                    receives,
                    deadline,
                    now: object.now.as_second(),
                };
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
        tracing::error!(
            batch = batch.key(),
            rows,
            "the batch object is gone: its rows are lost"
        );
    }
    Ok(rows.map(|rows| Outcome {
        rows,
        lost: true,
        ..Outcome::default()
    }))
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
    /// Nothing can be sent before a person has connected again: the run stops, and the rows are carried.
    async fn needs_authorisation(
        &self,
        rows: u32,
        progress: &Progress,
        message: String,
    ) -> anyhow::Result<Outcome> {
        let stop = Stop {
            status: StopStatus::NeedsReauthorisation,
            message,
        };
        let key = keys::stop(&self.id.sync, &self.id.run);
        let _ = facts::write(self.ctx.store.as_ref(), &key, &stop).await?;
        Ok(Outcome::of_progress(rows, progress, Some(stop.message)))
    }

    /// Sends a batch; the outcome, or what becomes of the message while there is none.
    async fn batch(&self, bytes: &[u8]) -> anyhow::Result<Result<Outcome, Handled>> {
        let store = self.ctx.store.as_ref();
        let batch = Batch::read(bytes)?;
        let rows = u32::try_from(batch.rows.len())?;
        // An upload notes its steps in another form.
        let noted = match batch.header.kind {
            BatchKind::Upload => Ok(None),
            _ => facts::read::<Progress>(store, &self.id.progress()).await,
        };
        let progress = noted.unwrap_or_else(|error| {
            tracing::warn!(
                batch = self.id.key(),
                error = error.to_string(),
                "the progress is unreadable: all is sent again"
            );
            None
        });
        let progress = progress.unwrap_or_default().plausible(rows);
        let stop_key = keys::stop(&self.id.sync, &self.id.run);
        if let Some(stop) = facts::read::<Stop>(store, &stop_key).await? {
            return Ok(Ok(Outcome::of_progress(rows, &progress, Some(stop.message))));
        }
        let destination = &batch.header.destination;
        let Some(token) = token::living(self.ctx, destination, &self.id.sync).await? else {
            let message = format!(
                "the destination {destination} has no token that TikTok accepts: {}; {}",
                self.ctx.settings.token.renew(),
                self.ctx.settings.token.then(&self.id.sync)
            );
            return Ok(Ok(self.needs_authorisation(rows, &progress, message).await?));
        };
        if batch
            .header
            .sent_to()
            .is_some_and(|source| source.event_source == "offline")
            && can(&token.scopes, Ability::OfflineEvents) == Some(false)
        {
            let message = format!(
                "the destination {destination} was connected without the permission for offline events: connect again and grant it; the rows are kept, and are sent by themselves then"
            );
            let whose = (destination, &self.id.sync);
            note_refusal(store, whose, &token.version, Refuses::ThisSync, &message).await?;
            return Ok(Ok(self.needs_authorisation(rows, &progress, message).await?));
        }
        let whose = (&self.id.sync, &self.id.run);
        let calls = CallLog::new(
            self.ctx.store.clone(),
            whose,
            self.id.calls(),
            self.ctx.settings.debugger_period,
        );
        if batch.header.kind == BatchKind::Upload {
            return self.upload(&batch, &token, &calls).await;
        }
        let tracker = Tracker::new(self.ctx, self.id, progress);
        let ended = send(
            self.ctx,
            &batch,
            (&token, &calls),
            &tracker,
            self.deadline.clone(),
            self.now,
        )
        .await;
        // Whatever became of the batch, what was called is shown.
        calls.keep().await;
        let ended = ended?;
        let progress = tracker.snapshot();
        match ended {
            Ended::All => Ok(Ok(Outcome::of_progress(rows, &progress, None))),
            Ended::Closed => {
                let why = "the run was closed before these rows were sent";
                Ok(Ok(Outcome::of_progress(rows, &progress, Some(why.to_owned()))))
            }
            Ended::Budget => {
                let why =
                    "finding the bad rows of a refused call would have cost more API calls than the limit";
                Ok(Ok(Outcome::of_progress(rows, &progress, Some(why.to_owned()))))
            }
            Ended::Stopped(stop) => {
                if let Some(refuses) = &stop.refuses_token {
                    let whose = (destination, &self.id.sync);
                    note_refusal(store, whose, &token.version, *refuses, &stop.fact.message).await?;
                }
                let _ = facts::write(store, &stop_key, &stop.fact).await?;
                Ok(Ok(Outcome::of_progress(rows, &progress, Some(stop.fact.message))))
            }
            // Without any answer a fresh message would go round for ever: that one comes back by the queue's time.
            Ended::NoTime if tracker.answers() > 0 => {
                tracker.keep(true).await?;
                store.touch(&self.id.key()).await?;
                Ok(Err(Handled::HandedOver))
            }
            Ended::Waits(_) | Ended::NoTime if self.comes_back() => {
                tracker.keep(true).await?;
                Ok(Err(Handled::ComeBack))
            }
            Ended::NoTime => {
                let why = "no call to TikTok fitted into the time of the function";
                Ok(Ok(Outcome::of_progress(rows, &progress, Some(why.to_owned()))))
            }
            Ended::Waits(why) => {
                let why = format!("TikTok gave no clear answer, and said last: {why}");
                Ok(Ok(Outcome::of_progress(rows, &progress, Some(why))))
            }
        }
    }

    /// Whether the batch is tried once more: not on the last receive, but always where a person ended this process.
    fn comes_back(&self) -> bool {
        self.receives < self.ctx.settings.max_receives || self.deadline.is_asked()
    }

    /// Uploads a batch of files.
    async fn upload(
        &self,
        batch: &Batch<'_>,
        token: &Token,
        calls: &CallLog,
    ) -> anyhow::Result<Result<Outcome, Handled>> {
        let store = self.ctx.store.as_ref();
        let comes_back = self.comes_back();
        let ended = upload(
            self.ctx,
            self.id,
            batch,
            (token, calls),
            self.deadline.clone(),
            self.now,
        )
        .await;
        calls.keep().await;
        let ended = ended?;
        Ok(match ended {
            UploadEnd::Stopped(stop, outcome) => {
                if let Some(refuses) = &stop.refuses_token {
                    let whose = (&batch.header.destination, &self.id.sync);
                    note_refusal(store, whose, &token.version, *refuses, &stop.fact.message).await?;
                }
                let key = keys::stop(&self.id.sync, &self.id.run);
                let _ = facts::write(store, &key, &stop.fact).await?;
                Ok(*outcome)
            }
            UploadEnd::Waits(why, _) if comes_back => {
                tracing::info!(batch = self.id.key(), why, "the upload goes on later");
                Err(Handled::ComeBack)
            }
            UploadEnd::NoTime { went_on: true, .. } => {
                store.touch(&self.id.key()).await?;
                Err(Handled::HandedOver)
            }
            UploadEnd::NoTime { .. } if comes_back => Err(Handled::ComeBack),
            UploadEnd::Outcome(outcome)
            | UploadEnd::Waits(_, outcome)
            | UploadEnd::NoTime { outcome, .. } => Ok(*outcome),
        })
    }
}
