//! The calls of an upload, and what their answers mean for it.

use std::time::Duration;

use serde_json::Value;
use tiktok::{Answer, Asked, Endpoint, RetryReason, ShownRequest, Verdict, backoff};

use super::{DAY, Halt, Uploading};
use crate::send::{MARGIN, denied, misconfigured, said};

/// TikTok knows an uploaded file no more, or never did: it is uploaded again.
const FILE_IS_GONE: [i64; 2] = [40905, 40910];

impl Uploading<'_> {
    pub(super) async fn post(
        &mut self,
        endpoint: Endpoint,
        body: &Value,
    ) -> anyhow::Result<Result<Answer, Halt>> {
        let ctx = self.ctx;
        let (token, timeout) = (&self.token.access, ctx.settings.call_timeout);
        let shown = ShownRequest::of(body.clone());
        self.call(timeout, endpoint, &shown, async |asked| {
            ctx.client.post_value(asked, token, body, timeout).await
        })
        .await
    }

    /// A call that may not be repeated without a look: without a clear answer it ends here.
    pub(super) async fn once(
        &mut self,
        endpoint: Endpoint,
        body: &Value,
    ) -> anyhow::Result<Result<Answer, Halt>> {
        let (token, timeout) = (&self.token.access, self.ctx.settings.call_timeout);
        if !self.ready(timeout, endpoint).await {
            return Ok(Err(Halt::NoTime));
        }
        let answer = self.ctx.client.post_value(endpoint, token, body, timeout).await;
        self.note(endpoint.into(), &ShownRequest::of(body.clone()), &answer);
        let may_be_there = match &answer.verdict {
            Verdict::Retry { why, .. } => why.may_have_been_taken(),
            verdict => matches!(verdict, Verdict::Accepted | Verdict::Partial { .. }),
        };
        if !may_be_there {
            self.done.making = false;
        }
        Ok(self.judged(answer))
    }

    /// Makes a call, again and again while it may help.
    pub(super) async fn call(
        &mut self,
        timeout: Duration,
        endpoint: Endpoint,
        shown: &ShownRequest,
        post: impl AsyncFn(Asked) -> Answer,
    ) -> anyhow::Result<Result<Answer, Halt>> {
        let mut repeated = false;
        for attempt in 0..self.ctx.settings.tries.max(1) {
            // Before a call and never after one: each step is noted first.
            self.log.keep_now_and_then().await;
            if !self.ready(timeout, endpoint).await {
                return Ok(Err(Halt::NoTime));
            }
            let asked = Asked { endpoint, repeated };
            let answer = post(asked).await;
            self.note(asked, shown, &answer);
            match &answer.verdict {
                Verdict::Retry { why, .. } if *why != RetryReason::NotReady => {
                    repeated |= why.may_have_been_taken();
                    let wait = backoff(attempt, rand::random());
                    let last = attempt + 1 >= self.ctx.settings.tries;
                    if last
                        || !self
                            .deadline
                            .allows(wait.saturating_add(timeout).saturating_add(MARGIN))
                    {
                        return Ok(self.judged(answer));
                    }
                    tokio::time::sleep(wait).await;
                }
                _ => return Ok(self.judged(answer)),
            }
        }
        Ok(Err(Halt::NoTime))
    }

    async fn ready(&self, timeout: Duration, endpoint: Endpoint) -> bool {
        let left = self.deadline.remaining().min(Duration::from_hours(24));
        self.deadline.allows(timeout.saturating_add(MARGIN))
            && self
                .ctx
                .pace
                .until_ready(endpoint, std::time::Instant::now() + left)
                .await
                .is_ok()
    }

    fn note(&mut self, asked: Asked, shown: &ShownRequest, answer: &Answer) {
        self.calls += 1;
        *self.done.calls.entry(answer.label()).or_default() += 1;
        self.log.push(&shown.answered(asked, None, answer));
        tracing::info!(
            sync = %self.id.sync,
            run = %self.id.run,
            endpoint = asked.endpoint.path(),
            verdict = answer.verdict.name(),
            code = answer.code,
            status = answer.status,
            request_id = answer.request_id,
            milliseconds = u64::try_from(answer.elapsed.as_millis()).unwrap_or(u64::MAX),
            "call"
        );
    }

    fn judged(&self, answer: Answer) -> Result<Answer, Halt> {
        let today = self.now.div_euclid(DAY);
        match answer.verdict {
            Verdict::Accepted => Ok(answer),
            Verdict::Retry {
                why: RetryReason::NotReady,
                cause,
            } => {
                let why = format!("{}; TikTok still works on the audience", said(&cause));
                Err(Halt::Later(why, None))
            }
            Verdict::Retry { cause, .. } => Err(Halt::Waits(said(&cause))),
            Verdict::Unauthorized { why, cause } => {
                Err(Halt::Stopped(denied(self.ctx, &self.id.sync, why, &cause)))
            }
            Verdict::Misconfigured { cause } => Err(Halt::Stopped(misconfigured(&cause))),
            Verdict::Refused { cause, .. } | Verdict::Split { cause } | Verdict::Partial { cause, .. } => {
                let gone = cause.code.is_some_and(|code| FILE_IS_GONE.contains(&code));
                if gone {
                    Err(Halt::FileIsGone)
                } else if speaks_of_the_day(cause.message.as_str()) {
                    let why = format!(
                        "{}; TikTok takes one file upload a day for each audience",
                        said(&cause)
                    );
                    Err(Halt::Later(why, Some(today)))
                } else {
                    Err(Halt::Refused(cause))
                }
            }
        }
    }
}

/// The code for a second file on one day is not published; its words speak of the day.
fn speaks_of_the_day(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["a day", "per day", "daily", "today", "tomorrow", "once every 24"]
        .iter()
        .any(|words| message.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_used_up_day_is_told_from_other_refusals() {
        assert!(speaks_of_the_day(
            "An audience takes one file upload a day. Please try again tomorrow (UTC)."
        ));
        assert!(!speaks_of_the_day(
            "The audience would have fewer than 1000 users."
        ));
    }
}
