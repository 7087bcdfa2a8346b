//! The calls that `ingest` itself makes for an audience, and what becomes of a run when one is not accepted.

use anyhow::Context as _;
use runtime::call_log::CallLog;
use runtime::connections::{Refuses, living, note_refusal};
use sync_core::names::AudienceId;
use sync_core::spec::SyncSpec;
use tiktok::audiences::{MAX_PAGES, NewestByName, Page, list_query, segment_audience};
use tiktok::{AccessToken, Answer, AuthReason, Endpoint, ShownRequest, Verdict};

use super::Ready;
use crate::Context;

/// TikTok, for the calls of one sync.
pub(super) struct TikTok<'a> {
    ctx: &'a Context,
    spec: &'a SyncSpec,
    log: &'a CallLog,
    client: &'a tiktok::Client,
    token: AccessToken,
    version: String,
}

impl<'a> TikTok<'a> {
    /// `log`: where the calls are kept for the live debugger.
    pub(super) async fn new(
        ctx: &'a Context,
        spec: &'a SyncSpec,
        log: &'a CallLog,
    ) -> anyhow::Result<Result<Self, Ready>> {
        let Some(client) = &ctx.client else {
            return Ok(Err(Ready::Later("this process does not talk to TikTok")));
        };
        let (store, secrets) = (ctx.store.as_ref(), ctx.secrets.as_ref());
        let living = living(store, secrets, &ctx.bucket, &spec.destination, &spec.name).await?;
        let Some(living) = living else {
            return Ok(Err(Ready::NotConnected));
        };
        let token = AccessToken::new(living.access_token.expose()).ok();
        Ok(Ok(Self {
            ctx,
            spec,
            log,
            client,
            token: token.context("the destination's token cannot be a header's value: connect again")?,
            version: living.version,
        }))
    }

    /// Whether a call was accepted; what becomes of the run otherwise.
    pub(super) async fn accepted(&self, what: &str, answer: &Answer) -> anyhow::Result<Result<(), Ready>> {
        tracing::info!(
            sync = %self.spec.name,
            what,
            verdict = answer.verdict.name(),
            code = answer.code,
            status = answer.status,
            request_id = answer.request_id,
            "call"
        );
        let said = || match answer.code {
            Some(code) => format!("TikTok said {code}: {}", answer.message.as_str()),
            None => answer.message.as_str().to_owned(),
        };
        Ok(match &answer.verdict {
            Verdict::Accepted => Ok(()),
            Verdict::Retry { .. } | Verdict::Partial { .. } => {
                tracing::warn!(sync = %self.spec.name, what, said = said(), "no clear answer: tried again later");
                Err(Ready::Later("TikTok gives no clear answer about the audience"))
            }
            Verdict::Unauthorized { why, .. } => {
                let message = said();
                if let AuthReason::NotOnAllowlist = why {
                    return Ok(Err(Ready::Unfit(format!(
                        "{message}; the account is not on TikTok's allowlist for custom audiences: ask your TikTok representative, then export again"
                    ))));
                }
                // A missing grant may as well be an account of somebody else: then it is the spec that is wrong.
                if *why == AuthReason::GrantMissing {
                    let advertiser = self
                        .spec
                        .audience
                        .as_ref()
                        .map(|audience| audience.advertiser_id.as_str());
                    let (advertiser, granted) =
                        (advertiser.unwrap_or_default(), self.ctx.settings.token.granted());
                    return Ok(Err(Ready::Unfit(format!(
                        "{message}; look at audience.advertiser_id of the spec first, which is {advertiser}; where it is right, {what} needs the audience scopes, and the role Admin or Operator on that account: {granted}; then export again"
                    ))));
                }
                let whose = (&self.spec.destination, &self.spec.name);
                note_refusal(
                    self.ctx.store.as_ref(),
                    whose,
                    &self.version,
                    Refuses::All,
                    &message,
                )
                .await?;
                tracing::error!(sync = %self.spec.name, status = "needs_reauthorisation", "TikTok no longer accepts the token: the sync waits for a new one");
                Err(Ready::NotConnected)
            }
            Verdict::Refused { .. } | Verdict::Split { .. } | Verdict::Misconfigured { .. } => {
                Err(Ready::Unfit(format!(
                    "{}; {what} was refused: correct the audience in the spec, then export again",
                    said()
                )))
            }
        })
    }

    /// Makes an audience of the Segment API.
    pub(super) async fn create(&self, advertiser: &str, name: &str) -> Answer {
        let (endpoint, body) = (Endpoint::SegmentAudience, segment_audience(advertiser, name));
        let timeout = self.ctx.settings.call_timeout;
        let answer = self
            .client
            .post_value(endpoint, &self.token, &body, timeout)
            .await;
        self.log
            .push(&ShownRequest::of(body).answered(endpoint, None, &answer));
        answer
    }

    /// Lists one of the advertiser's audiences, or a page of all (from 1). `what` says in messages what the call is for.
    pub(super) async fn list(
        &self,
        what: &str,
        advertiser: &str,
        only: Option<&AudienceId>,
        page: u64,
    ) -> anyhow::Result<Result<Page, Ready>> {
        let query = list_query(advertiser, only.map(AudienceId::as_str), page);
        let timeout = self.ctx.settings.call_timeout;
        let answer = self.client.list_audiences(&self.token, &query, timeout).await;
        let shown = ShownRequest::of_query(&query);
        self.log
            .push(&shown.answered(Endpoint::AudienceList, None, &answer));
        let accepted = self.accepted(what, &answer).await?;
        Ok(accepted.map(|()| Page::read(answer.data.as_ref())))
    }

    /// Looks an audience up in all pages of the advertiser's.
    pub(super) async fn by_name(
        &self,
        advertiser: &str,
        mut newest: NewestByName<'_>,
    ) -> anyhow::Result<Result<Option<String>, Ready>> {
        for number in 1..=MAX_PAGES {
            let what = "looking the audience's name up";
            let page = match self.list(what, advertiser, None, number).await? {
                Ok(page) => page,
                Err(not) => return Ok(Err(not)),
            };
            let pages = page.pages;
            newest.look(page);
            if number >= pages {
                break;
            }
        }
        Ok(Ok(newest.id()))
    }
}
