//! A file upload: each file, then the call that makes an audience of them or replaces what is in one.
//!
//! Each step is noted before the next one begins: a function that comes later goes on where this one died. The files go
//! whole or not at all, so the outcome says the same of all of them.

mod calls;
mod make;

use std::collections::BTreeMap;

use anyhow::Context as _;
use runtime::call_log::CallLog;
use runtime::deadline::Deadline;
use runtime::facts::{self, to_bytes};
use serde::{Deserialize, Serialize};
use sync_core::audience::UploadedFile;
use sync_core::run::keys::{self, BatchId};
use sync_core::run::{Batch, Fixed, Outcome, Refusal, RowRanges, UploadJob};
use tiktok::audiences::{Change, file_path, update_body, upload_fields};
use tiktok::{Cause, Endpoint, ShownRequest};

use crate::Context;
use crate::send::{MARGIN, Stopping};
use crate::token::Token;

/// A file may take so many times the longest call.
const FILE_TIMES: u32 = 4;
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
    (token, log): (&Token, &CallLog),
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
        log,
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
    /// For the live debugger.
    log: &'a CallLog,
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
        self.log.keep().await;
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
        let written = object.last_modified.as_second();
        let age = object.now.as_second() - written;
        let known = fixed.audience_id.clone().or_else(|| self.job.audience_id.clone());
        match (known, self.job.name.clone()) {
            // This batch made it, of its own files, and died before it could say so.
            (Some(_), _) if self.done.making => Ok(Ok(())),
            (Some(audience), _) => self.update(audience.as_str()).await,
            (None, Some(name)) => self.make(&name, fixed, &object.etag, (written, age)).await,
            (None, None) => anyhow::bail!("the upload names no audience"),
        }
    }

    /// Uploads one file; TikTok's path of it.
    async fn file(&mut self, file: &UploadedFile) -> anyhow::Result<Result<String, Halt>> {
        let object = self.ctx.store.get(&file.key).await?;
        let Some(object) = object else {
            let words = format!("the file {} of the upload is gone: export again", file.key);
            // It comes back no more: what is left over would go again for ever.
            return Ok(Err(Halt::Refused(Cause::ours(&words))));
        };
        let usual = self.ctx.settings.call_timeout;
        // What is done before the call takes its time too.
        let left = self.deadline.remaining().saturating_sub(MARGIN * 2);
        let timeout = (usual * FILE_TIMES).min(left).max(usual);
        let ctx = self.ctx;
        let (job, token) = (self.job.clone(), &self.token.access);
        let fields = upload_fields(job.advertiser_id.as_str(), &job.calculate_type, &file.md5);
        let body = object.body;
        let shown = ShownRequest::of_file(&fields, &file.name, body.len());
        let answer = self
            .call(timeout, Endpoint::AudienceUpload, &shown, async |asked| {
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

    fn paths(&self) -> Vec<String> {
        let path = |file: &UploadedFile| self.done.paths.get(&file.md5).cloned();
        self.files.iter().filter_map(path).collect()
    }
}
