//! The calls of a batch: several at once, each tried again for seconds, refused ones narrowed down to their bad rows.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use runtime::call_log::CallLog;
use runtime::connections::Refuses;
use runtime::deadline::Deadline;
use runtime::register::open_run;
use sync_core::audience::check_places;
use sync_core::names::SyncName;
use sync_core::run::{Batch, SentTo, Stop, StopStatus};
use tiktok::{Answer, Asked, AuthReason, Cause, Endpoint, RetryReason, ShownRequest, Verdict, backoff};

use crate::Context;
use crate::isolate::{Isolated, isolate};
use crate::progress::Tracker;
use crate::token::Token;
use crate::twins::Twins;

/// Kept free at the end of an invocation: for progress, outcome and settling.
pub(crate) const MARGIN: Duration = Duration::from_secs(5);
/// After this many calls in a row without a clear answer no further ones are begun.
const WAITS_IN_A_ROW: u32 = 3;

/// Why the calls of a batch ended.
pub(crate) enum Ended {
    /// Each row was accepted or refused.
    All,
    /// Isolation would have cost too many calls.
    Budget,
    /// The run is no longer to be sent.
    Closed,
    /// A person has to do something first.
    Stopped(Stopping),
    /// The invocation has no time for a further call.
    NoTime,
    /// TikTok gives no clear answer.
    Waits(String),
}

/// What a person has to know, and whether the token is dead.
pub(crate) struct Stopping {
    pub(crate) fact: Stop,
    pub(crate) refuses_token: Option<Refuses>,
}

/// Sends what the progress does not name. The first call goes alone: what stops a run is found with one call.
pub(crate) async fn send(
    ctx: &Context,
    batch: &Batch<'_>,
    (token, log): (&Token, &CallLog),
    tracker: &Tracker<'_>,
    deadline: Deadline,
    now: i64,
) -> anyhow::Result<Ended> {
    let path = format!("/{}", batch.header.endpoint);
    let endpoint = Endpoint::ALL.into_iter().find(|endpoint| endpoint.path() == path);
    let endpoint = endpoint
        .with_context(|| format!("the batch is for the endpoint {path}, which this version does not know"))?;
    if endpoint == Endpoint::SegmentMapping {
        let empty = format!("{}{}", batch.header.head, batch.header.tail);
        check_places(&empty, batch.rows.iter().map(|row| row.payload))?;
    }
    let known = tracker.snapshot();
    let answered =
        |row: &u32| known.accepted.contains(*row) || known.refused.iter().any(|r| r.rows.contains(*row));
    let mut calls: Vec<Vec<u32>> = Vec::new();
    for call in batch.calls() {
        let rows: Vec<u32> = call
            .filter_map(|row| u32::try_from(row).ok())
            .filter(|row| !answered(row))
            .collect();
        if !rows.is_empty() {
            calls.push(rows);
        }
    }
    let left: usize = calls.iter().map(Vec::len).sum();
    let rows = batch.rows.len();
    ctx.tally
        .begun(tracker.batch(), rows as u64, (rows - left) as u64);
    let sender = Sender {
        ctx,
        batch,
        token,
        tracker,
        endpoint,
        shown: shown_around_rows(batch),
        log,
        deadline,
        now,
        ended: Mutex::new(None),
        waits: AtomicU32::new(0),
    };
    let mut calls = calls.into_iter();
    if let Some(first) = calls.next() {
        sender.rows(first).await?;
    }
    let in_flight = ctx.settings.calls_in_flight.clamp(1, 64);
    stream::iter(calls)
        .map(|rows| sender.rows(rows))
        .buffer_unordered(in_flight)
        .try_collect::<()>()
        .await?;
    let ended = sender.ended.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(ended.unwrap_or(Ended::All))
}

/// What the calls of one batch share.
pub(crate) struct Sender<'a> {
    ctx: &'a Context,
    batch: &'a Batch<'a>,
    token: &'a Token,
    pub(crate) tracker: &'a Tracker<'a>,
    endpoint: Endpoint,
    /// What stands around the rows of each call.
    shown: ShownRequest,
    /// For the live debugger.
    log: &'a CallLog,
    deadline: Deadline,
    now: i64,
    ended: Mutex<Option<Ended>>,
    waits: AtomicU32,
}

impl Sender<'_> {
    /// Sends the rows of one call, and of the calls that come of it.
    async fn rows(&self, rows: Vec<u32>) -> anyhow::Result<()> {
        if self.is_over() || self.waits.load(Ordering::Relaxed) >= WAITS_IN_A_ROW {
            return Ok(());
        }
        let twins = Twins::of(self.batch, rows);
        match isolate(self, &twins, self.ctx.settings.isolation_calls).await? {
            Isolated::All | Isolated::Interrupted => {}
            Isolated::Budget => self.end(Ended::Budget),
        }
        Ok(())
    }

    /// Makes one call, again and again while it may help. `None`: the batch has ended for now.
    pub(crate) async fn call(&self, rows: &[u32]) -> anyhow::Result<Option<Verdict>> {
        let body = Bytes::from(self.batch.body(rows.iter().map(|row| *row as usize)));
        let mut repeated = false;
        for attempt in 0..self.ctx.settings.tries.max(1) {
            if self.is_over() {
                return Ok(None);
            }
            // Before a call and never after one: what the last answer said of its rows is noted first.
            self.log.keep_now_and_then().await;
            let timeout = self.ctx.settings.call_timeout;
            if !self.deadline.allows(timeout.saturating_add(MARGIN)) || !self.paced().await {
                self.end(Ended::NoTime);
                return Ok(None);
            }
            let asked = Asked {
                endpoint: self.endpoint,
                repeated,
            };
            let answer = self
                .ctx
                .client
                .post_json(asked, Some(&self.token.access), body.clone(), timeout)
                .await;
            self.note(rows, asked, &answer);
            match answer.verdict {
                Verdict::Retry { why, cause } => {
                    repeated |= why.may_have_been_taken();
                    if attempt + 1 >= self.ctx.settings.tries {
                        self.wait(why, &cause);
                        return Ok(None);
                    }
                    let wait = backoff(attempt, rand::random());
                    if !self
                        .deadline
                        .allows(wait.saturating_add(timeout).saturating_add(MARGIN))
                    {
                        self.end(Ended::NoTime);
                        return Ok(None);
                    }
                    tokio::time::sleep(wait).await;
                }
                Verdict::Unauthorized { why, cause } => {
                    let stopping = match (why, self.batch.header.sent_to()) {
                        (AuthReason::SourceDenied, Some(source)) => source_denied(self.ctx, &source, &cause),
                        _ => denied(self.ctx, &self.batch.header.sync, why, &cause),
                    };
                    self.end(Ended::Stopped(stopping));
                    return Ok(None);
                }
                Verdict::Misconfigured { cause } => {
                    self.end(Ended::Stopped(misconfigured(&cause)));
                    return Ok(None);
                }
                verdict => {
                    self.waits.store(0, Ordering::Relaxed);
                    return Ok(Some(verdict));
                }
            }
        }
        Ok(None)
    }

    async fn paced(&self) -> bool {
        let left = self.deadline.remaining().min(Duration::from_hours(24));
        self.ctx
            .pace
            .until_ready(self.endpoint, Instant::now() + left)
            .await
            .is_ok()
    }

    fn note(&self, rows: &[u32], asked: Asked, answer: &Answer) {
        self.tracker.called(answer.label());
        let sent = rows.iter().copied().collect();
        self.log.push(&self.shown.answered(asked, Some(sent), answer));
        if let Verdict::Retry { why, .. } = &answer.verdict
            && why.may_have_been_taken()
        {
            self.tracker.unclear(rows, self.now);
        }
        tracing::info!(
            sync = %self.batch.header.sync,
            run = %self.batch.header.run,
            rows = rows.len(),
            verdict = answer.verdict.name(),
            code = answer.code,
            status = answer.status,
            request_id = answer.request_id,
            milliseconds = u64::try_from(answer.elapsed.as_millis()).unwrap_or(u64::MAX),
            "call"
        );
    }

    /// Rows were accepted: that is noted before anything else happens.
    pub(crate) async fn accepted(&self, rows: &[u32]) -> anyhow::Result<()> {
        self.tracker.accepted(rows);
        self.ctx.tally.answered(self.tracker.batch(), rows.len() as u64);
        self.keep().await
    }

    /// A row was refused for good.
    pub(crate) async fn refused(&self, row: u32, cause: &Cause) -> anyhow::Result<()> {
        let message = cause.message.as_str().to_owned();
        self.tracker
            .refused(row, cause.code.unwrap_or_default(), cause.field.clone(), message);
        self.ctx.tally.answered(self.tracker.batch(), 1);
        self.keep().await
    }

    /// Keeps the progress, and looks now and then whether the run is still to be sent.
    async fn keep(&self) -> anyhow::Result<()> {
        let header = &self.batch.header;
        if self.tracker.keep(false).await?
            && open_run(self.ctx.store.as_ref(), &header.sync, &header.run)
                .await?
                .is_none()
        {
            self.end(Ended::Closed);
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        !matches!(*ended, None | Some(Ended::Waits(_) | Ended::Budget))
    }

    /// The gravest end counts: a stop before a lack of time, that before a wait, that before a used-up budget.
    fn end(&self, new: Ended) {
        let rank = |ended: &Ended| match ended {
            Ended::All => 0,
            Ended::Budget => 1,
            Ended::Waits(_) => 2,
            Ended::NoTime => 3,
            Ended::Closed => 4,
            Ended::Stopped(_) => 5,
        };
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if ended.as_ref().is_none_or(|old| rank(old) < rank(&new)) {
            *ended = Some(new);
        }
    }

    fn wait(&self, why: RetryReason, cause: &Cause) {
        self.waits.fetch_add(1, Ordering::Relaxed);
        // One of perhaps many: the run's end warns once, with their number.
        tracing::info!(sync = %self.batch.header.sync, run = %self.batch.header.run, why = ?why, "no clear answer after all tries");
        self.end(Ended::Waits(cause.message.as_str().to_owned()));
    }
}

/// The body of a batch's calls without any rows, as the live debugger keeps it: the rows lie in the batch file.
fn shown_around_rows(batch: &Batch<'_>) -> ShownRequest {
    let empty = format!("{}{}", batch.header.head, batch.header.tail);
    ShownRequest::of(serde_json::from_str(&empty).unwrap_or_default())
}

pub(crate) fn said(cause: &Cause) -> String {
    match cause.code {
        Some(code) => format!("TikTok said {code}: {}", cause.message.as_str()),
        None => cause.message.as_str().to_owned(),
    }
}

pub(crate) fn misconfigured(cause: &Cause) -> Stopping {
    stopped_as_misconfigured(format!(
        "{}; no row is to blame: correct the sync's spec (pixel code, event set, test event code, audience), then run again; an audience that was deleted at TikTok needs a new sync; what was not sent is kept",
        said(cause)
    ))
}

fn stopped_as_misconfigured(message: String) -> Stopping {
    Stopping {
        fact: Stop {
            status: StopStatus::Misconfigured,
            message,
        },
        refuses_token: None,
    }
}

/// What stops where TikTok says no to the pixel or event set of a call. The spec is blamed first: a token that sends to
/// other sources need not be renewed for a slip of the pen.
fn source_denied(ctx: &Context, source: &SentTo, cause: &Cause) -> Stopping {
    let key = match source.event_source.as_str() {
        "web" => "pixel_code",
        _ => "event_set_id",
    };
    stopped_as_misconfigured(format!(
        "{}; look at event.{key} of the spec first, which is {}: it may be mistyped, or belong to another account; where it is right, the token lacks the permission for it: {}; what was not sent is kept",
        said(cause),
        source.event_source_id,
        ctx.settings.token.granted()
    ))
}

/// What stops where TikTok denies a call for another reason.
pub(crate) fn denied(ctx: &Context, sync: &SyncName, why: AuthReason, cause: &Cause) -> Stopping {
    let token = ctx.settings.token;
    let next = match why {
        AuthReason::NotOnAllowlist => {
            "the account is not on TikTok's allowlist for this: ask your TikTok representative, then run again"
                .to_owned()
        }
        AuthReason::GrantMissing | AuthReason::SourceDenied => format!(
            "the token lacks a scope, or its user the role Admin or Operator: {}",
            token.granted()
        ),
        _ => format!("TikTok no longer accepts the token: {}", token.renew()),
    };
    let refuses_token = match why {
        _ if why.ends_token() => Some(Refuses::All),
        AuthReason::GrantMissing | AuthReason::SourceDenied => Some(Refuses::ThisSync),
        // TikTok may put the account on its list without anybody connecting again.
        _ => None,
    };
    Stopping {
        fact: Stop {
            status: StopStatus::NeedsReauthorisation,
            message: format!("{}; {next}; {}", said(cause), token.then(sync)),
        },
        refuses_token,
    }
}
