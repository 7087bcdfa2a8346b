//! A file upload: each file, then the call that makes an audience of them or replaces what is in one.
//!
//! Each step is noted before the next one begins: a function that comes later goes on where this one died. The files go
//! whole or not at all, so the outcome says the same of all of them.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context as _;
use runtime::facts::{self, to_bytes};
use runtime::store::{ETag, Put};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sync_core::audience::UploadedFile;
use sync_core::names::AudienceId;
use sync_core::run::keys::{self, BatchId};
use sync_core::run::{Batch, Fixed, Outcome, Refusal, RowRanges, UploadJob};
use tiktok::audiences::{
    AudienceKind, Change, Page, create_body, file_path, made_id, update_body, upload_fields,
};
use tiktok::{Answer, Asked, Cause, Endpoint, RetryReason, Verdict, backoff};

use crate::Context;
use crate::send::{MARGIN, Stopping, misconfigured, said, unauthorized};
use crate::token::Token;
use runtime::deadline::Deadline;

/// A file may take so many times the longest call.
const FILE_TIMES: u32 = 4;
/// TikTok knows an uploaded file no more, or never did: it is uploaded again.
const FILE_IS_GONE: [i64; 2] = [40905, 40910];
/// More pages of a hundred audiences than an account may have.
const MAX_PAGES: u64 = 50;
const DAY: i64 = 86_400;

/// What was done of an upload so far.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Done {
    /// TikTok's paths of the files, by their MD5.
    #[serde(default)]
    paths: BTreeMap<String, String>,
    /// The call that makes the audience was begun.
    #[serde(default)]
    making: bool,
    /// API calls so far, by what came back.
    #[serde(default)]
    calls: BTreeMap<String, u64>,
}

/// How an upload ended.
pub(crate) enum UploadEnd {
    /// It has an outcome.
    Outcome(Box<Outcome>),
    /// A person has to do something first.
    Stopped(Stopping, Box<Outcome>),
    /// TikTok, or another function, has to be waited for; what the last answer said.
    Waits(String, Box<Outcome>),
    /// There is no time for a further call; what is done is noted.
    NoTime {
        /// Whether a call was made at all: without one a fresh message would go round for ever.
        went_on: bool,
        /// What it comes to when nobody goes on.
        outcome: Box<Outcome>,
    },
}

/// Why the steps ended before the last one.
enum Halt {
    Stopped(Stopping),
    Waits(String),
    /// The audience is at work, or has had its file of the day: the schedule tries again.
    Later(String, Option<i64>),
    Refused(Cause),
    NoTime,
    /// TikTok does not know a file that it had taken.
    FileIsGone,
}

/// Uploads a batch of files.
pub(crate) async fn upload(
    ctx: &Context,
    id: &BatchId,
    batch: &Batch<'_>,
    token: &Token,
    deadline: Deadline,
    now: i64,
) -> anyhow::Result<UploadEnd> {
    let job: UploadJob =
        serde_json::from_str(&batch.header.head).context("the upload's batch does not say what it makes")?;
    let files: Vec<UploadedFile> = batch
        .rows
        .iter()
        .map(|row| serde_json::from_str(row.payload.get()))
        .collect::<Result<_, _>>()
        .context("the upload's batch does not name its files")?;
    let done: Option<Done> = facts::read(ctx.store.as_ref(), &id.progress())
        .await
        .unwrap_or_default();
    let mut uploading = Uploading {
        ctx,
        id,
        job,
        files,
        token,
        deadline,
        now,
        done: done.unwrap_or_default(),
        calls: 0,
    };
    let mut halt = uploading.steps().await?;
    if matches!(halt, Err(Halt::FileIsGone)) {
        uploading.done.paths.clear();
        halt = uploading.steps().await?;
    }
    uploading.keep().await?;
    Ok(uploading.end(halt, batch.rows.len()))
}

struct Uploading<'a> {
    ctx: &'a Context,
    id: &'a BatchId,
    job: UploadJob,
    files: Vec<UploadedFile>,
    token: &'a Token,
    deadline: Deadline,
    now: i64,
    done: Done,
    /// Calls of this invocation.
    calls: u64,
}

impl Uploading<'_> {
    fn end(self, halt: Result<(), Halt>, rows: usize) -> UploadEnd {
        let rows = u32::try_from(rows).unwrap_or(u32::MAX);
        let all: RowRanges = (0..rows).collect();
        let accepted = Outcome {
            rows,
            calls: self.done.calls,
            ..Outcome::default()
        };
        let carried = |why: &str| {
            Box::new(Outcome {
                carried: all.clone(),
                why: Some(why.to_owned()),
                ..accepted.clone()
            })
        };
        match halt {
            Ok(()) => UploadEnd::Outcome(Box::new(Outcome {
                upload_day: Some(self.now.div_euclid(DAY)),
                ..accepted
            })),
            Err(Halt::Stopped(stop)) => {
                let outcome = carried(&stop.fact.message);
                UploadEnd::Stopped(stop, outcome)
            }
            Err(Halt::Waits(why)) => {
                let outcome = carried(&why);
                UploadEnd::Waits(why, outcome)
            }
            Err(Halt::FileIsGone) => {
                let why = "TikTok does not know the files that it has just taken";
                UploadEnd::Waits(why.to_owned(), carried(why))
            }
            Err(Halt::Later(why, upload_day)) => UploadEnd::Outcome(Box::new(Outcome {
                upload_day,
                ..*carried(&why)
            })),
            Err(Halt::NoTime) => UploadEnd::NoTime {
                went_on: self.calls > 0,
                outcome: carried("no call fitted into the time of the function"),
            },
            Err(Halt::Refused(cause)) => UploadEnd::Outcome(Box::new(Outcome {
                refused: vec![Refusal {
                    rows: all.clone(),
                    code: cause.code.unwrap_or_default(),
                    field: cause.field.clone(),
                    message: cause.message.as_str().to_owned(),
                }],
                ..accepted
            })),
        }
    }

    async fn keep(&self) -> anyhow::Result<()> {
        let key = self.id.progress();
        self.ctx.store.put(&key, to_bytes(&key, &self.done)?).await?;
        Ok(())
    }

    async fn steps(&mut self) -> anyhow::Result<Result<(), Halt>> {
        for at in 0..self.files.len() {
            let Some(file) = self.files.get(at).cloned() else {
                break;
            };
            if self.done.paths.contains_key(&file.md5) {
                continue;
            }
            match self.file(&file).await? {
                Ok(path) => self.done.paths.insert(file.md5, path),
                Err(halt) => return Ok(Err(halt)),
            };
            self.keep().await?;
        }
        let key = keys::fixed(&self.id.sync);
        let object = self.ctx.store.get(&key).await?;
        let object = object.with_context(|| format!("{key} is gone, and the run is not over"))?;
        let fixed: Fixed = serde_json::from_slice(&object.body)
            .with_context(|| format!("{key} is not what it should be"))?;
        let age = object.now.as_second() - object.last_modified.as_second();
        let known = fixed.audience_id.clone().or_else(|| self.job.audience_id.clone());
        match (known, self.job.name.clone()) {
            (Some(audience), _) => self.update(audience.as_str()).await,
            (None, Some(name)) => self.make(&name, fixed, &object.etag, age).await,
            (None, None) => anyhow::bail!("the upload names no audience"),
        }
    }

    /// Uploads one file; TikTok's path of it.
    async fn file(&mut self, file: &UploadedFile) -> anyhow::Result<Result<String, Halt>> {
        let object = self.ctx.store.get(&file.key).await?;
        let Some(object) = object else {
            let words = format!("the file {} of the upload is gone: export again", file.key);
            return Ok(Err(Halt::Later(words, None)));
        };
        let usual = self.ctx.settings.call_timeout;
        // What is done before the call takes its time too.
        let left = self.deadline.remaining().saturating_sub(MARGIN * 2);
        let timeout = (usual * FILE_TIMES).min(left).max(usual);
        let ctx = self.ctx;
        let (job, token) = (self.job.clone(), &self.token.access);
        let fields = upload_fields(job.advertiser_id.as_str(), &job.calculate_type, &file.md5);
        let body = object.body;
        let answer = self
            .call(timeout, Endpoint::AudienceUpload, async |asked| {
                let file = (file.name.as_str(), body.clone());
                ctx.client
                    .post_file(asked, Some(token), &fields, file, timeout)
                    .await
            })
            .await?;
        Ok(match answer {
            Err(halt) => Err(halt),
            Ok(answer) => match file_path(answer.data.as_ref()) {
                Some(path) => Ok(path),
                None => Err(Halt::Waits(
                    "TikTok took a file and did not say its path".to_owned(),
                )),
            },
        })
    }

    /// Replaces what is in the audience, or adds to it.
    async fn update(&mut self, audience: &str) -> anyhow::Result<Result<(), Halt>> {
        let change = if self.job.append {
            Change::Append
        } else {
            Change::Replace
        };
        let paths = self.paths();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let body = update_body(
            self.job.advertiser_id.as_str(),
            audience,
            &paths,
            change,
            self.job.audience_enhancement,
        );
        Ok(self.post(Endpoint::AudienceUpdate, &body).await?.map(drop))
    }

    /// Makes the audience, once: whoever finds that somebody has begun waits until that one is surely dead, takes over,
    /// and looks the name up first.
    async fn make(
        &mut self,
        name: &str,
        fixed: Fixed,
        etag: &ETag,
        age: i64,
    ) -> anyhow::Result<Result<(), Halt>> {
        let begun = fixed.making;
        if begun && age < self.ctx.settings.lease_seconds {
            return Ok(Err(Halt::Waits("another function makes the audience".to_owned())));
        }
        let taken = Fixed {
            making: true,
            tries: fixed.tries.saturating_add(1),
            ..fixed
        };
        if !self.swap(&taken, etag).await? {
            return Ok(Err(Halt::Waits(
                "another function has just begun to make the audience".to_owned(),
            )));
        }
        if begun {
            match self.by_name(name).await? {
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
            Err(halt) => return Ok(Err(halt)),
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

    /// The newest audience of files with this name.
    async fn by_name(&mut self, name: &str) -> anyhow::Result<Result<Option<String>, Halt>> {
        let mut found: Option<(String, String)> = None;
        let ctx = self.ctx;
        let (advertiser, token) = (self.job.advertiser_id.clone(), &self.token.access);
        let timeout = ctx.settings.call_timeout;
        for page in 1..=MAX_PAGES {
            let answer = self
                .call(timeout, Endpoint::AudienceList, async |_| {
                    let advertiser = advertiser.as_str();
                    ctx.client
                        .list_audiences(token, advertiser, None, page, timeout)
                        .await
                })
                .await?;
            let list = match answer {
                Ok(answer) => Page::read(answer.data.as_ref()),
                Err(halt) => return Ok(Err(halt)),
            };
            for listed in list.audiences {
                let of_files = matches!(listed.kind, None | Some(AudienceKind::CustomerFile));
                let newer = found
                    .as_ref()
                    .is_none_or(|(created, _)| *created <= listed.created);
                if of_files && listed.name == name && newer {
                    found = Some((listed.created, listed.id));
                }
            }
            if page >= list.pages {
                break;
            }
        }
        Ok(Ok(found.map(|(_, id)| id)))
    }

    fn paths(&self) -> Vec<String> {
        let path = |file: &UploadedFile| self.done.paths.get(&file.md5).cloned();
        self.files.iter().filter_map(path).collect()
    }

    async fn post(&mut self, endpoint: Endpoint, body: &Value) -> anyhow::Result<Result<Answer, Halt>> {
        let ctx = self.ctx;
        let (token, timeout) = (&self.token.access, ctx.settings.call_timeout);
        self.call(timeout, endpoint, async |asked| {
            ctx.client.post_value(asked, token, body, timeout).await
        })
        .await
    }

    /// A call that may not be repeated without a look: without a clear answer it ends here.
    async fn once(&mut self, endpoint: Endpoint, body: &Value) -> anyhow::Result<Result<Answer, Halt>> {
        let (token, timeout) = (&self.token.access, self.ctx.settings.call_timeout);
        if !self.ready(timeout, endpoint).await {
            return Ok(Err(Halt::NoTime));
        }
        let answer = self.ctx.client.post_value(endpoint, token, body, timeout).await;
        self.note(endpoint, &answer);
        if let Verdict::Retry { why, .. } = &answer.verdict
            && !why.may_have_been_taken()
        {
            // Surely not taken: whoever comes next need not look.
            self.done.making = false;
        }
        Ok(self.judged(answer))
    }

    /// Makes a call, again and again while it may help.
    async fn call(
        &mut self,
        timeout: Duration,
        endpoint: Endpoint,
        post: impl AsyncFn(Asked) -> Answer,
    ) -> anyhow::Result<Result<Answer, Halt>> {
        let mut repeated = false;
        for attempt in 0..self.ctx.settings.tries.max(1) {
            if !self.ready(timeout, endpoint).await {
                return Ok(Err(Halt::NoTime));
            }
            let answer = post(Asked { endpoint, repeated }).await;
            self.note(endpoint, &answer);
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

    fn note(&mut self, endpoint: Endpoint, answer: &Answer) {
        self.calls += 1;
        *self.done.calls.entry(answer.label()).or_default() += 1;
        tracing::info!(
            sync = %self.id.sync,
            run = %self.id.run,
            endpoint = endpoint.path(),
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
                let why = format!(
                    "{}; TikTok still works on the audience: the files are kept, and go by themselves later",
                    said(&cause)
                );
                Err(Halt::Later(why, None))
            }
            Verdict::Retry { cause, .. } => Err(Halt::Waits(said(&cause))),
            Verdict::Unauthorized { why, cause } => Err(Halt::Stopped(unauthorized(why, &cause))),
            Verdict::Misconfigured { cause } => Err(Halt::Stopped(misconfigured(&cause))),
            Verdict::Refused { cause, .. } | Verdict::Split { cause } | Verdict::Partial { cause, .. } => {
                let gone = cause.code.is_some_and(|code| FILE_IS_GONE.contains(&code));
                if gone {
                    Err(Halt::FileIsGone)
                } else if speaks_of_the_day(cause.message.as_str()) {
                    let why = format!(
                        "{}; TikTok takes one file a day for each audience: the files are kept, and go by themselves tomorrow (UTC)",
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
