//! The requests.

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{EncodingType, MetadataDirective};
use bytes::Bytes;

use super::clock::DateHeader;
use super::failure::{is_absent, status, store_error};
use crate::form;
use crate::store::{
    BoxError, ETag, Listed, MAX_KEY_BYTES, Object, Operation, Put, Stat, Store, StoreError, Timestamp,
    Version,
};

/// How often a conditional write that met another one (409) is tried in all.
const CONFLICT_TRIES: u32 = 6;

/// How often an answer whose body breaks off is asked for in all. The SDK repeats requests, but not bodies.
const BODY_TRIES: u32 = 3;

/// The most keys of one page.
const PAGE: usize = 1000;

/// A store in an S3 bucket.
#[derive(Debug, Clone)]
pub struct S3Store {
    client: Client,
    bucket: String,
}

/// The condition of a write.
enum Only<'a> {
    New,
    Version(&'a ETag),
}

/// An object as it was read, with the answer's date.
struct Read {
    body: Bytes,
    etag: Option<String>,
    last_modified: Option<DateTime>,
    now: Option<Timestamp>,
}

impl S3Store {
    /// A store in this bucket. The client is built once, by [`AwsClients`](crate::aws::AwsClients).
    pub fn new(client: Client, bucket: impl Into<String>) -> Self {
        Self {
            client,
            bucket: bucket.into(),
        }
    }

    /// The bucket's name.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    async fn read(
        &self,
        key: &str,
        range: Option<String>,
        version: Option<&Version>,
    ) -> Result<Answer, StoreError> {
        let mut tries = 1;
        loop {
            let clock = DateHeader::default();
            let request = self
                .client
                .get_object()
                .bucket(&self.bucket)
                .key(key)
                .set_range(range.clone())
                .set_if_match(version.map(|version| quoted(&version.etag)))
                .set_version_id(version.and_then(|version| version.id.clone()));
            let output = match request.customize().interceptor(clock.clone()).send().await {
                Ok(output) => output,
                Err(error) if is_absent(&error) => return Ok(Answer::Absent),
                Err(error) if status(&error) == Some(412) => return Ok(Answer::Changed),
                Err(error) if status(&error) == Some(416) => return Ok(Answer::BehindTheEnd),
                Err(error) => return Err(store_error(Operation::Get, key, error)),
            };
            match output.body.collect().await {
                Ok(body) => {
                    return Ok(Answer::Read(Read {
                        body: body.into_bytes(),
                        etag: output.e_tag,
                        last_modified: output.last_modified,
                        now: clock.date(),
                    }));
                }
                Err(_) if tries < BODY_TRIES => tries += 1,
                Err(error) => {
                    let (key, source) = (key.to_owned(), error.into());
                    return Err(StoreError::Transient {
                        operation: Operation::Get,
                        key,
                        source,
                    });
                }
            }
        }
    }

    async fn head(&self, key: &str, version: Option<&str>) -> Result<Option<Stat>, StoreError> {
        check(key)?;
        let output = match self
            .client
            .head_object()
            .bucket(&self.bucket)
            .key(key)
            .set_version_id(version.map(str::to_owned))
            .send()
            .await
        {
            Ok(output) => output,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(store_error(Operation::Stat, key, error)),
        };
        let size = output.content_length().and_then(|size| u64::try_from(size).ok());
        Ok(Some(Stat {
            size: size.ok_or_else(|| unreadable(Operation::Stat, key, "it has no size"))?,
            etag: etag(Operation::Stat, key, output.e_tag())?,
            last_modified: time(Operation::Stat, key, output.last_modified().copied())?,
            // A bucket that kept no versions when the object was written says `null`.
            version_id: output.version_id().filter(|id| *id != "null").map(str::to_owned),
        }))
    }

    /// What a read of no bytes answers.
    async fn nothing(&self, key: &str, version: Option<&Version>) -> Result<Option<Bytes>, StoreError> {
        let id = version.and_then(|version| version.id.as_deref());
        match (self.head(key, id).await?, version) {
            (None, _) => Ok(None),
            (Some(stat), Some(version)) if stat.etag != version.etag => {
                Err(StoreError::Changed { key: key.to_owned() })
            }
            (Some(_), _) => Ok(Some(Bytes::new())),
        }
    }

    async fn put_only(&self, key: &str, body: Bytes, only: Only<'_>) -> Result<Put, StoreError> {
        check(key)?;
        let mut tries = 1;
        loop {
            let request = self.client.put_object().bucket(&self.bucket).key(key);
            let request = request
                .content_type(content_type(key))
                .body(ByteStream::from(body.clone()));
            let request = match only {
                Only::New => request.if_none_match("*"),
                Only::Version(etag) => request.if_match(quoted(etag)),
            };
            let Err(error) = request.send().await else {
                return Ok(Put::Written);
            };
            match status(&error) {
                Some(412) => return Ok(Put::Refused),
                Some(404) if matches!(only, Only::Version(_)) && is_absent(&error) => {
                    return Ok(Put::Refused);
                }
                Some(409) if tries < CONFLICT_TRIES => {
                    tokio::time::sleep(pause(tries)).await;
                    tries += 1;
                }
                _ => return Err(store_error(Operation::Put, key, error)),
            }
        }
    }

    async fn put_stream(&self, key: &str, body: ByteStream) -> Result<(), StoreError> {
        let request = self.client.put_object().bucket(&self.bucket).key(key);
        let answer = request.content_type(content_type(key)).body(body).send().await;
        answer
            .map(drop)
            .map_err(|error| store_error(Operation::Put, key, error))
    }
}

/// What S3 says to a read.
enum Answer {
    Read(Read),
    Absent,
    Changed,
    BehindTheEnd,
}

#[async_trait]
impl Store for S3Store {
    async fn get(&self, key: &str) -> Result<Option<Object>, StoreError> {
        check(key)?;
        match self.read(key, None, None).await? {
            Answer::Read(read) => {
                let now = read
                    .now
                    .ok_or_else(|| unreadable(Operation::Get, key, "it has no `Date`"))?;
                Ok(Some(Object {
                    body: read.body,
                    etag: etag(Operation::Get, key, read.etag.as_deref())?,
                    last_modified: time(Operation::Get, key, read.last_modified)?,
                    now,
                }))
            }
            Answer::Absent => Ok(None),
            Answer::Changed | Answer::BehindTheEnd => Err(unreadable(
                Operation::Get,
                key,
                "it answers a condition that was not asked",
            )),
        }
    }

    async fn get_range(
        &self,
        key: &str,
        range: Range<u64>,
        version: Option<&Version>,
    ) -> Result<Option<Bytes>, StoreError> {
        check(key)?;
        let Some(header) = range_header(&range) else {
            return self.nothing(key, version).await;
        };
        // Most versions are the newest one: only what was written over or deleted is asked for by its id.
        let newest = version.map(|version| Version::of(&version.etag));
        let mut answer = self.read(key, Some(header.clone()), newest.as_ref()).await?;
        if let (Answer::Changed | Answer::Absent, Some(Version { id: Some(_), .. })) = (&answer, version) {
            answer = self.read(key, Some(header), version).await?;
        }
        match answer {
            Answer::Read(read) => {
                if u64::try_from(read.body.len()).is_ok_and(|got| got > range.end - range.start) {
                    return Err(unreadable(
                        Operation::Get,
                        key,
                        "it holds more bytes than were asked for",
                    ));
                }
                Ok(Some(read.body))
            }
            Answer::Absent => Ok(None),
            Answer::Changed => Err(StoreError::Changed { key: key.to_owned() }),
            Answer::BehindTheEnd => self.nothing(key, version).await,
        }
    }

    async fn stat(&self, key: &str) -> Result<Option<Stat>, StoreError> {
        self.head(key, None).await
    }

    async fn stat_version(&self, key: &str, id: &str) -> Result<Option<Stat>, StoreError> {
        self.head(key, Some(id)).await
    }

    async fn put_new(&self, key: &str, body: Bytes) -> Result<Put, StoreError> {
        self.put_only(key, body, Only::New).await
    }

    async fn put_if_match(&self, key: &str, body: Bytes, etag: &ETag) -> Result<Put, StoreError> {
        self.put_only(key, body, Only::Version(etag)).await
    }

    async fn put(&self, key: &str, body: Bytes) -> Result<(), StoreError> {
        check(key)?;
        self.put_stream(key, ByteStream::from(body)).await
    }

    /// One PUT: S3 takes files of up to 5 GiB this way.
    async fn put_file(&self, key: &str, path: &Path) -> Result<(), StoreError> {
        check(key)?;
        let body = ByteStream::from_path(path)
            .await
            .map_err(|error| StoreError::Local {
                operation: Operation::Put,
                key: key.to_owned(),
                source: std::io::Error::other(error),
            })?;
        self.put_stream(key, body).await
    }

    async fn list(
        &self,
        prefix: &str,
        start_after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Listed>, StoreError> {
        let mut found = Vec::new();
        let mut page = None;
        while found.len() < limit {
            let wanted = i32::try_from((limit - found.len()).min(PAGE)).unwrap_or(i32::MAX);
            let request = self
                .client
                .list_objects_v2()
                .bucket(&self.bucket)
                .prefix(prefix)
                .max_keys(wanted);
            // Without this encoding a key with a control character makes a listing that no parser reads.
            let request = request.encoding_type(EncodingType::Url);
            let request = request
                .set_start_after(start_after.map(str::to_owned))
                .set_continuation_token(page);
            let output = request
                .send()
                .await
                .map_err(|error| store_error(Operation::List, prefix, error))?;
            let encoded = output.encoding_type() == Some(&EncodingType::Url);
            for object in output.contents() {
                let (key, size) = (
                    object.key().unwrap_or_default(),
                    object.size().unwrap_or_default(),
                );
                let key = if encoded {
                    form::decode(key)
                } else {
                    Some(key.to_owned())
                };
                found.push(Listed {
                    key: key.ok_or_else(|| unreadable(Operation::List, prefix, "a key is not UTF-8"))?,
                    size: u64::try_from(size).unwrap_or_default(),
                    last_modified: time(Operation::List, prefix, object.last_modified().copied())?,
                });
            }
            match output.next_continuation_token {
                Some(next) if output.is_truncated == Some(true) => page = Some(next),
                _ => break,
            }
        }
        Ok(found)
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        check(key)?;
        match self
            .client
            .delete_object()
            .bucket(&self.bucket)
            .key(key)
            .send()
            .await
        {
            Ok(_) => Ok(()),
            Err(error) if is_absent(&error) => Ok(()),
            Err(error) => Err(store_error(Operation::Delete, key, error)),
        }
    }

    async fn touch(&self, key: &str) -> Result<bool, StoreError> {
        check(key)?;
        let request = self.client.copy_object().bucket(&self.bucket).key(key);
        let request = request.copy_source(form::encode_path(&format!("{}/{key}", self.bucket)));
        // S3 refuses a copy onto itself that changes nothing.
        let request = request
            .metadata_directive(MetadataDirective::Replace)
            .content_type(content_type(key));
        let request = request.metadata("touched", format!("{:016x}", rand::random::<u64>()));
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) if is_absent(&error) => Ok(false),
            Err(error) => Err(store_error(Operation::Touch, key, error)),
        }
    }
}

/// S3 takes any key of this length; stranger keys than ours are other people's exports, and are read as they are.
fn check(key: &str) -> Result<(), StoreError> {
    if key.is_empty() || key.len() > MAX_KEY_BYTES {
        return Err(StoreError::InvalidKey {
            key: key.chars().take(200).collect(),
            expected: "1 to 1,024 bytes",
        });
    }
    Ok(())
}

fn quoted(etag: &ETag) -> String {
    format!("\"{etag}\"")
}

/// `None` for a range without bytes.
fn range_header(range: &Range<u64>) -> Option<String> {
    let last = range.end.checked_sub(1).filter(|last| *last >= range.start)?;
    Some(match i64::try_from(last) {
        Ok(last) => format!("bytes={}-{last}", range.start),
        Err(_) => format!("bytes={}-", range.start),
    })
}

fn etag(operation: Operation, key: &str, tag: Option<&str>) -> Result<ETag, StoreError> {
    tag.map(ETag::new)
        .ok_or_else(|| unreadable(operation, key, "it has no ETag"))
}

fn time(operation: Operation, key: &str, time: Option<DateTime>) -> Result<Timestamp, StoreError> {
    let parsed = time.and_then(|time| {
        Timestamp::new(
            time.secs(),
            i32::try_from(time.subsec_nanos()).unwrap_or_default(),
        )
        .ok()
    });
    parsed.ok_or_else(|| unreadable(operation, key, "it has no last-modified time"))
}

fn unreadable(operation: Operation, key: &str, what: &str) -> StoreError {
    let source: BoxError = format!("S3's answer cannot be used: {what}").into();
    StoreError::Rejected {
        operation,
        key: key.to_owned(),
        source,
    }
}

/// Doubles from about 40 ms, with jitter so that two writers part.
fn pause(tries: u32) -> Duration {
    Duration::from_millis(u64::from(20_u32 << tries.min(8)) + u64::from(rand::random::<u8>() % 32))
}

/// So that a browser shows a report instead of saving it.
fn content_type(key: &str) -> &'static str {
    match key.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("json") => "application/json",
        Some("jsonl") => "application/x-ndjson",
        Some("yaml") => "application/yaml",
        Some("csv") => "text/csv; charset=utf-8",
        Some("gz") => "application/gzip",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_count_their_last_byte() {
        let check = |range, expected: Option<&str>| assert_eq!(range_header(&range).as_deref(), expected);
        check(0..1, Some("bytes=0-0"));
        check(8..100, Some("bytes=8-99"));
        check(5..u64::MAX, Some("bytes=5-"));
        check(3..3, None);
        check(0..0, None);
    }
}
