//! The live debugger's objects: API calls as lines of JSON, compressed. Written while they grow, and read.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
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
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;

use crate::store::{Put, Store};

/// While more calls come, the object is written no more often: each time it is written whole.
const PERIOD: Duration = Duration::from_secs(1);

/// A batch is gone on with by no more invocations; what further ones do is not kept.
const MAX_WRITERS: u32 = 1_000;

/// No object is read further than this many bytes of text: it would not be one of ours.
const MAX_READ: u64 = 1 << 30;

/// The calls of one invocation for one batch, or for one audience. Calls at once may share it.
///
/// What it holds is written when [`Self::keep`] is called. It never keeps anybody from sending: calls that cannot be
/// written are told of in the log, and tried again with the next ones.
pub struct CallLog {
    store: Arc<dyn Store>,
    sync: SyncName,
    run: RunId,
    of: CallsOf,
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
    /// An empty log.
    pub fn new(store: Arc<dyn Store>, (sync, run): (&SyncName, &RunId), of: CallsOf) -> Self {
        Self {
            store,
            sync: sync.clone(),
            run: run.clone(),
            of,
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

    /// The same as [`Self::keep`], unless it was done within the last second: for those who will call again.
    pub async fn keep_now_and_then(&self) {
        let last = self.written.lock().await.at;
        if last.is_none_or(|last| last.elapsed() >= PERIOD) {
            self.keep().await;
        }
    }

    /// Writes the calls that were added since the last time, if there are any.
    pub async fn keep(&self) {
        let mut written = self.written.lock().await;
        written.at = Some(Instant::now());
        let lines = std::mem::take(&mut *self.lines.lock().unwrap_or_else(PoisonError::into_inner));
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
        if !written.behind {
            return Ok(());
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

    /// Writes the first of it under a number that nobody has.
    async fn begin(&self, body: &Bytes) -> anyhow::Result<u32> {
        for number in 1..=MAX_WRITERS {
            if self.store.put_new(&self.key(number), body.clone()).await? == Put::Written {
                return Ok(number);
            }
        }
        anyhow::bail!("{} is there already, and {MAX_WRITERS} more like it", self.key(1))
    }

    fn key(&self, number: u32) -> String {
        keys::calls(&self.sync, &self.run, self.of, number)
    }
}

/// The calls in an object of [`CallLog`], one by one.
///
/// # Errors
/// For a line that is no call, or a file that is no gzip: nothing comes after it.
pub fn read_calls(object: &[u8]) -> impl Iterator<Item = anyhow::Result<Call>> {
    let lines = BufReader::new(MultiGzDecoder::new(object).take(MAX_READ)).lines();
    let mut broken = false;
    lines.map_while(move |line| {
        if broken {
            return None;
        }
        let call = line
            .context("uncompressing the calls")
            .and_then(|line| serde_json::from_str(&line).context("reading a call"));
        broken = call.is_err();
        Some(call)
    })
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
        let log = || CallLog::new(store.clone(), (&sync, &run), of);
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
