//! The live debugger's objects: API calls as lines of JSON, compressed. Written while they grow, and read.

use std::io::{BufRead as _, BufReader, Read as _, Take, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use sync_core::names::{RunId, SyncName};
use sync_core::run::Call;
use sync_core::run::keys::{self, CallsOf};
use tokio::sync::{Mutex as AsyncMutex, MutexGuard};
use tokio::time::Instant;

use crate::store::{Put, Store};

/// Others may take the number that a writer wants: so often at most.
const TRIES: u32 = 10;
/// More objects than a run has.
const MANY: usize = 1_000_000;

/// An object with more bytes of text would not be one of ours.
const MAX_READ: u64 = 256 << 20;

/// The calls of one invocation for one batch, or for one audience. Calls at once may share it.
///
/// What it holds is written when [`Self::keep`] is called. It never keeps anybody from sending: calls that cannot be
/// written are told of in the log, and tried again with the next ones.
pub struct CallLog {
    store: Arc<dyn Store>,
    sync: SyncName,
    run: RunId,
    of: CallsOf,
    period: Duration,
    lines: Mutex<Vec<u8>>,
    written: AsyncMutex<Written>,
}

/// The object, as far as this writer has made it.
#[derive(Default)]
struct Written {
    /// Its number; 0 before there is one.
    number: u32,
    /// Members of gzip, one after the other, which together are a file of gzip.
    object: Vec<u8>,
    /// The object holds more than was written.
    behind: bool,
    /// When it was written last, or tried to be.
    at: Option<Instant>,
}

impl CallLog {
    /// An empty log. While more calls come, it is written no more often than once in `period`: each time it is written
    /// whole.
    pub fn new(
        store: Arc<dyn Store>,
        (sync, run): (&SyncName, &RunId),
        of: CallsOf,
        period: Duration,
    ) -> Self {
        Self {
            store,
            sync: sync.clone(),
            run: run.clone(),
            of,
            period,
            lines: Mutex::default(),
            written: AsyncMutex::default(),
        }
    }

    /// Adds a call.
    pub fn push(&self, call: &Call) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let before = lines.len();
        if serde_json::to_writer(&mut *lines, call).is_ok() {
            lines.push(b'\n');
        } else {
            lines.truncate(before);
        }
    }

    /// The same as [`Self::keep`], unless it was done within the last period, or another call just does it: for those
    /// who will call again.
    pub async fn keep_now_and_then(&self) {
        if let Ok(written) = self.written.try_lock()
            && written.at.is_none_or(|last| last.elapsed() >= self.period)
        {
            self.keep_all(written).await;
        }
    }

    /// Writes the calls that were added since the last time, if there are any.
    pub async fn keep(&self) {
        self.keep_all(self.written.lock().await).await;
    }

    async fn keep_all(&self, mut written: MutexGuard<'_, Written>) {
        let lines = std::mem::take(&mut *self.lines.lock().unwrap_or_else(PoisonError::into_inner));
        if lines.is_empty() && !written.behind {
            return;
        }
        written.at = Some(Instant::now());
        if let Err(error) = self.write(&mut written, &lines).await {
            tracing::warn!(
                sync = %self.sync,
                run = %self.run,
                error = format!("{error:#}"),
                "calls could not be kept for the live debugger"
            );
        }
    }

    async fn write(&self, written: &mut Written, lines: &[u8]) -> anyhow::Result<()> {
        if !lines.is_empty() {
            written.behind = true;
            let mut encoder = GzEncoder::new(std::mem::take(&mut written.object), Compression::fast());
            encoder.write_all(lines).context("compressing")?;
            written.object = encoder.finish().context("compressing")?;
        }
        let body = Bytes::copy_from_slice(&written.object);
        if written.number > 0 {
            self.store.put(&self.key(written.number), body).await?;
        } else {
            written.number = self.begin(&body).await?;
        }
        written.behind = false;
        Ok(())
    }

    /// Writes the first of it under a number that nobody has: 1, or the one behind those that are there.
    async fn begin(&self, body: &Bytes) -> anyhow::Result<u32> {
        let mut number = 1;
        for _ in 0..TRIES {
            let key = self.key(number);
            if self.store.put_new(&key, body.clone()).await? == Put::Written {
                return Ok(number);
            }
            // It may have been this writer's own write, whose answer was lost: then the object is where this one begins.
            if let Some(object) = self.store.get(&key).await?
                && body.starts_with(&object.body)
            {
                self.store.put(&key, body.clone()).await?;
                return Ok(number);
            }
            let prefix = keys::calls_prefix(&self.sync, &self.run);
            let there = self.store.list(&prefix, None, MANY).await?;
            let numbers = there.iter().filter_map(|object| keys::parse_calls(&object.key));
            let last = numbers
                .filter(|(of, _)| *of == self.of)
                .map(|(_, number)| number)
                .max();
            number = last.unwrap_or(0).saturating_add(1);
        }
        anyhow::bail!("{} and those behind it are there already", self.key(1))
    }

    fn key(&self, number: u32) -> String {
        keys::calls(&self.sync, &self.run, self.of, number)
    }
}

/// The calls in an object of [`CallLog`], one by one.
///
/// # Errors
/// For a file that is no gzip, a line that is no call, or more than 256 MiB of text: nothing comes after it.
pub fn read_calls(object: &[u8]) -> ReadCalls<'_> {
    ReadCalls {
        text: BufReader::new(MultiGzDecoder::new(object).take(MAX_READ)),
        line: Vec::new(),
        ended: false,
    }
}

/// The calls in an object, one by one: see [`read_calls`].
pub struct ReadCalls<'a> {
    text: BufReader<Take<MultiGzDecoder<&'a [u8]>>>,
    line: Vec<u8>,
    ended: bool,
}

impl ReadCalls<'_> {
    fn read(&mut self) -> anyhow::Result<Option<Call>> {
        self.line.clear();
        let read = self.text.read_until(b'\n', &mut self.line);
        if read.context("uncompressing the calls")? > 0 {
            return serde_json::from_slice(&self.line)
                .map(Some)
                .context("reading a call");
        }
        anyhow::ensure!(
            self.text.get_ref().limit() > 0,
            "it holds more than {MAX_READ} bytes of text"
        );
        Ok(None)
    }
}

impl Iterator for ReadCalls<'_> {
    type Item = anyhow::Result<Call>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let read = self.read();
        self.ended = !matches!(read, Ok(Some(_)));
        read.transpose()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::LocalStore;

    fn call(at: i64) -> Call {
        Call {
            at,
            method: "POST".to_owned(),
            path: "/open_api/v1.3/event/track/".to_owned(),
            repeated: false,
            request: json!({}),
            rows: None,
            status: Some(200),
            code: Some(0),
            verdict: "accepted".to_owned(),
            request_id: None,
            milliseconds: 1,
            response: json!({}),
        }
    }

    async fn times(store: &dyn Store, key: &str) -> Vec<i64> {
        let body = store.get(key).await.unwrap().unwrap().body;
        read_calls(&body).map(|call| call.unwrap().at).collect()
    }

    #[tokio::test]
    async fn each_writer_has_an_object_of_its_own_and_it_grows() {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(LocalStore::open(folder.path()).unwrap());
        let (sync, run) = (SyncName::new("web").unwrap(), RunId::new("r1").unwrap());
        let of = CallsOf::Batch { part: 0, number: 3 };
        let log = || CallLog::new(store.clone(), (&sync, &run), of, Duration::ZERO);
        let (first, second) = (log(), log());
        first.keep().await;
        assert!(
            store.list("calls/", None, 10).await.unwrap().is_empty(),
            "nothing was called"
        );
        first.push(&call(1));
        first.push(&call(2));
        first.keep().await;
        second.push(&call(3));
        second.keep().await;
        first.push(&call(4));
        first.keep().await;
        first.keep().await;
        let store = store.as_ref();
        assert_eq!(times(store, "calls/web/r1/0-3.jsonl.gz").await, [1, 2, 4]);
        assert_eq!(times(store, "calls/web/r1/0-3.2.jsonl.gz").await, [3]);
    }

    #[test]
    fn what_is_not_ours_is_one_error() {
        assert_eq!(read_calls(b"no gzip").filter(Result::is_err).count(), 1);
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        let good = serde_json::to_string(&call(1)).unwrap();
        writeln!(encoder, "{good}\n{{}}\n{good}").unwrap();
        let read: Vec<bool> = read_calls(&encoder.finish().unwrap())
            .map(|call| call.is_ok())
            .collect();
        assert_eq!(read, [true, false]);
    }
}
