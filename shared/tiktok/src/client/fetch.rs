//! Sends a request and reads the whole answer, or tells why there is none.

use std::error::Error;

use reqwest::{RequestBuilder, Response};

use crate::verdict::RetryReason;

/// Largest answer that is read, in bytes. TikTok's have a few hundred; accounts are listed in some 100 KiB.
pub(super) const MAX_ANSWER: usize = 1 << 20;

/// A whole answer.
pub(super) struct Fetched {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

/// There is no whole answer.
pub(super) struct Lost {
    /// HTTP status, where the head of the answer came.
    pub(super) status: Option<u16>,
    pub(super) why: RetryReason,
    pub(super) message: String,
}

pub(super) async fn fetch(request: RequestBuilder) -> Result<Fetched, Lost> {
    let response = request.send().await.map_err(|error| lost(None, &error))?;
    let status = response.status().as_u16();
    let body = read(response, status).await?;
    Ok(Fetched { status, body })
}

async fn read(mut response: Response, status: u16) -> Result<Vec<u8>, Lost> {
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| lost(Some(status), &error))?
    {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(Lost {
                status: Some(status),
                why: RetryReason::Unclear,
                message: format!(
                    "The answer is larger than {MAX_ANSWER} bytes, and so not from TikTok's API"
                ),
            });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Only what failed before there was a connection was surely not taken.
fn lost(status: Option<u16>, error: &reqwest::Error) -> Lost {
    let mut root: &dyn Error = error;
    while let Some(source) = root.source() {
        root = source;
    }
    let (why, message) = if error.is_connect() {
        (
            RetryReason::NotSent,
            format!("No connection to TikTok could be made: {root}"),
        )
    } else if error.is_builder() {
        (
            RetryReason::NotSent,
            format!("The call could not be written: {root}"),
        )
    } else if error.is_timeout() {
        let message = "The time for the call ran out, so that nobody can say whether TikTok took it";
        (RetryReason::Unclear, message.to_owned())
    } else {
        let message = "The connection broke, so that nobody can say whether TikTok took the call";
        (RetryReason::Unclear, format!("{message}: {root}"))
    };
    Lost { status, why, message }
}
