//! The audience of an upload is made once, or found by its name.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use runtime::facts::to_bytes;
use runtime::settings::LATE_CALL;
use runtime::store::{ETag, Put};
use sync_core::names::AudienceId;
use sync_core::run::{Fixed, keys};
use tiktok::audiences::{AudienceKind, MAX_PAGES, NewestByName, Page, create_body, list_query, made_id};
use tiktok::{Endpoint, ShownRequest};

use super::{Halt, Uploading};

/// How long after a look for an audience by its name the next one follows.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

impl Uploading<'_> {
    /// Makes the audience, once: whoever finds that somebody has begun waits until that one is surely dead, takes over,
    /// and looks the name up first.
    pub(super) async fn make(
        &mut self,
        name: &str,
        fixed: Fixed,
        etag: &ETag,
        (written, age): (i64, i64),
    ) -> anyhow::Result<Result<(), Halt>> {
        let begun = fixed.making;
        if begun && age < self.ctx.settings.lease_seconds {
            return Ok(Err(Halt::Waits("another function makes the audience".to_owned())));
        }
        let taken = fixed.begun(begun.then_some(written));
        if !self.swap(&taken, etag).await? {
            return Ok(Err(Halt::Waits(
                "another function has just begun to make the audience".to_owned(),
            )));
        }
        if begun {
            let age = Duration::from_secs(u64::try_from(age).unwrap_or(0));
            match self.made_before(name, taken.made_after(), age).await? {
                Err(halt) => return Ok(Err(halt)),
                Ok(Some(audience)) => {
                    self.fix(&audience).await?;
                    // It was made of this batch's files where this batch had begun to make it.
                    return if self.done.making {
                        Ok(Ok(()))
                    } else {
                        self.update(&audience).await
                    };
                }
                Ok(None) => {}
            }
        }
        self.done.making = true;
        self.keep().await?;
        let paths = self.paths();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let body = create_body(
            self.job.advertiser_id.as_str(),
            name,
            &self.job.calculate_type,
            &paths,
            self.job.retention_days,
            self.job.audience_enhancement,
        );
        let answer = match self.once(Endpoint::AudienceCreate, &body).await? {
            Ok(answer) => answer,
            Err(halt) => {
                if !self.done.making {
                    self.not_made().await?;
                }
                return Ok(Err(halt));
            }
        };
        match made_id(answer.data.as_ref()) {
            Some(audience) => {
                self.fix(&audience).await?;
                Ok(Ok(()))
            }
            None => Ok(Err(Halt::Waits(
                "TikTok made an audience and did not say its id".to_owned(),
            ))),
        }
    }

    async fn swap(&self, fixed: &Fixed, etag: &ETag) -> anyhow::Result<bool> {
        let key = keys::fixed(&self.id.sync);
        let put = self
            .ctx
            .store
            .put_if_match(&key, to_bytes(&key, fixed)?, etag)
            .await?;
        Ok(put == Put::Written)
    }

    /// Writes the audience's id down. Somebody else may have done so: the same id, since only one makes it.
    async fn fix(&self, audience: &str) -> anyhow::Result<()> {
        let key = keys::fixed(&self.id.sync);
        let object = self.ctx.store.get(&key).await?;
        let object = object.with_context(|| format!("{key} is gone"))?;
        let fixed: Fixed = serde_json::from_slice(&object.body)?;
        let fixed = Fixed {
            audience_id: Some(AudienceId::new(audience).context("TikTok's id of the audience")?),
            ..fixed
        };
        let _ = self.swap(&fixed, &object.etag).await?;
        tracing::info!(sync = %self.id.sync, audience, "the audience is there");
        Ok(())
    }

    /// TikTok said that it made nothing: whoever comes next need not look.
    async fn not_made(&self) -> anyhow::Result<()> {
        let key = keys::fixed(&self.id.sync);
        if let Some(object) = self.ctx.store.get(&key).await? {
            let fixed: Fixed = serde_json::from_slice(&object.body)?;
            let _ = self.swap(&fixed.not_begun(), &object.etag).await?;
        }
        Ok(())
    }

    /// The audience that an earlier try made. After a young try it is looked for more than once: its call may be under
    /// way.
    async fn made_before(
        &mut self,
        name: &str,
        after: Option<String>,
        age: Duration,
    ) -> anyhow::Result<Result<Option<String>, Halt>> {
        let until = Instant::now() + LATE_CALL.saturating_sub(age);
        loop {
            match self.by_name(name, after.clone()).await? {
                Ok(None) if Instant::now() < until => tokio::time::sleep(LOOK_AGAIN).await,
                found => return Ok(found),
            }
        }
    }

    /// The newest audience of files with this name.
    async fn by_name(
        &mut self,
        name: &str,
        after: Option<String>,
    ) -> anyhow::Result<Result<Option<String>, Halt>> {
        let mut newest = NewestByName::new(name, AudienceKind::CustomerFile, after);
        let ctx = self.ctx;
        let (advertiser, token) = (self.job.advertiser_id.clone(), &self.token.access);
        let timeout = ctx.settings.call_timeout;
        for number in 1..=MAX_PAGES {
            let query = list_query(advertiser.as_str(), None, number);
            let shown = ShownRequest::of_query(&query);
            let answer = self
                .call(timeout, Endpoint::AudienceList, &shown, async |_| {
                    ctx.client.list_audiences(token, &query, timeout).await
                })
                .await?;
            let page = match answer {
                Ok(answer) => Page::read(answer.data.as_ref()),
                Err(halt) => return Ok(Err(halt)),
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
