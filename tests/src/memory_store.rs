//! A bucket in memory: strict conditional writes, kept versions, creation events, and a clock that only the requests
//! and the driver move.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hasher};
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use bytes::Bytes;
use runtime::store::{
    ETag, Listed, Object, Operation, Put, Stat, Store, StoreError, Timestamp, Version, check_key,
};

/// The first moment of every simulation: 2026-08-01 12:00:00 UTC, in milliseconds.
const BEGIN: i64 = 1_785_585_600_000;

/// An object was created, replaced or touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// Its key.
    pub key: String,
    /// The version that this made.
    pub version: String,
}

#[derive(Debug, Clone)]
struct Kept {
    body: Bytes,
    etag: ETag,
    last_modified: i64,
    version: String,
}

#[derive(Debug, Default)]
struct Bucket {
    now: i64,
    /// Milliseconds that each request takes.
    tick: i64,
    objects: BTreeMap<String, Kept>,
    /// Every version of every export, deleted ones included.
    versions: BTreeMap<String, Vec<Kept>>,
    created: VecDeque<Created>,
    requests: BTreeMap<&'static str, u64>,
}

/// A bucket in memory.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Bucket>);

impl MemoryStore {
    /// An empty bucket whose clock moves `tick` milliseconds with each request.
    pub fn new(tick: i64) -> Self {
        Self(Mutex::new(Bucket {
            now: BEGIN,
            tick,
            ..Bucket::default()
        }))
    }

    fn bucket(&self) -> MutexGuard<'_, Bucket> {
        self.0.lock().expect("no request panics")
    }

    fn request(&self, operation: &'static str, key: &str) -> Result<MutexGuard<'_, Bucket>, StoreError> {
        check_key(key)?;
        let mut bucket = self.bucket();
        bucket.now += bucket.tick;
        *bucket.requests.entry(operation).or_default() += 1;
        Ok(bucket)
    }

    /// The clock, in milliseconds since 1970.
    pub fn now(&self) -> i64 {
        self.bucket().now
    }

    /// Moves the clock.
    pub fn jump(&self, milliseconds: i64) {
        self.bucket().now += milliseconds.max(0);
    }

    /// What was created since the last call, in order.
    pub fn created(&self) -> Vec<Created> {
        self.bucket().created.drain(..).collect()
    }

    /// How many requests there were, by kind.
    pub fn requests(&self) -> BTreeMap<&'static str, u64> {
        self.bucket().requests.clone()
    }

    /// The keys that begin with `prefix`, without a request.
    pub fn keys(&self, prefix: &str) -> Vec<String> {
        let bucket = self.bucket();
        let keys = bucket.objects.range(prefix.to_owned()..).map(|(key, _)| key);
        keys.take_while(|key| key.starts_with(prefix)).cloned().collect()
    }

    /// An object's content, without a request.
    pub fn peek(&self, key: &str) -> Option<Bytes> {
        self.bucket().objects.get(key).map(|kept| kept.body.clone())
    }

    /// The newest version of a key, without a request.
    pub fn version(&self, key: &str) -> Option<String> {
        self.bucket().objects.get(key).map(|kept| kept.version.clone())
    }

    /// All objects with their content and the time of their writing, without a request.
    pub(crate) fn all(&self) -> Vec<(String, Bytes, i64)> {
        let bucket = self.bucket();
        let objects = bucket.objects.iter();
        objects
            .map(|(key, kept)| (key.clone(), kept.body.clone(), kept.last_modified))
            .collect()
    }

    /// Puts an object there as it was written at this time, without a request.
    pub(crate) fn restore(&self, key: &str, body: Bytes, at: i64) {
        let mut bucket = self.bucket();
        let now = std::mem::replace(&mut bucket.now, at);
        bucket.write(key, body);
        bucket.now = now;
    }

    /// Takes an object away as an accident would: no request, no event.
    pub fn lose(&self, key: &str) {
        self.bucket().objects.remove(key);
    }
}

impl Bucket {
    fn write(&mut self, key: &str, body: Bytes) {
        let mut hasher = DefaultHasher::new();
        hasher.write(&body);
        let versions = self.versions.entry(key.to_owned()).or_default();
        let kept = Kept {
            // As in S3, the same content has the same tag.
            etag: ETag::new(&format!("{:016x}{:08x}", hasher.finish(), body.len())),
            body,
            last_modified: self.now,
            version: format!("v{}", versions.len() + 1),
        };
        versions.push(Kept {
            body: if key.starts_with("models/") {
                kept.body.clone()
            } else {
                Bytes::new()
            },
            ..kept.clone()
        });
        self.created.push_back(Created {
            key: key.to_owned(),
            version: kept.version.clone(),
        });
        self.objects.insert(key.to_owned(), kept);
    }
}

fn time(milliseconds: i64) -> Timestamp {
    // HTTP dates have whole seconds.
    Timestamp::from_second(milliseconds.div_euclid(1_000)).expect("a time of this century")
}

fn stat(kept: &Kept) -> Stat {
    Stat {
        size: kept.body.len() as u64,
        etag: kept.etag.clone(),
        last_modified: time(kept.last_modified),
        version_id: Some(kept.version.clone()),
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn get(&self, key: &str) -> Result<Option<Object>, StoreError> {
        let bucket = self.request("get", key)?;
        Ok(bucket.objects.get(key).map(|kept| Object {
            body: kept.body.clone(),
            etag: kept.etag.clone(),
            last_modified: time(kept.last_modified),
            now: time(bucket.now),
        }))
    }

    async fn get_range(
        &self,
        key: &str,
        range: Range<u64>,
        version: Option<&Version>,
    ) -> Result<Option<Bytes>, StoreError> {
        let bucket = self.request("get", key)?;
        let id = version.and_then(|version| version.id.as_deref());
        let kept = match id {
            Some(id) => bucket
                .versions
                .get(key)
                .and_then(|versions| versions.iter().find(|kept| kept.version == id)),
            None => bucket.objects.get(key),
        };
        let Some(kept) = kept else { return Ok(None) };
        if version.is_some_and(|version| version.etag != kept.etag) {
            return Err(StoreError::Changed { key: key.to_owned() });
        }
        let at = |offset: u64| usize::try_from(offset).map_or(kept.body.len(), |at| at.min(kept.body.len()));
        let (from, to) = (at(range.start), at(range.end));
        Ok(Some(kept.body.slice(from..to.max(from))))
    }

    async fn stat(&self, key: &str) -> Result<Option<Stat>, StoreError> {
        let bucket = self.request("get", key)?;
        Ok(bucket.objects.get(key).map(stat))
    }

    async fn stat_version(&self, key: &str, id: &str) -> Result<Option<Stat>, StoreError> {
        let bucket = self.request("get", key)?;
        let versions = bucket.versions.get(key);
        Ok(versions
            .and_then(|versions| versions.iter().find(|kept| kept.version == id))
            .map(stat))
    }

    async fn put_new(&self, key: &str, body: Bytes) -> Result<Put, StoreError> {
        let mut bucket = self.request("put", key)?;
        if bucket.objects.contains_key(key) {
            return Ok(Put::Refused);
        }
        bucket.write(key, body);
        Ok(Put::Written)
    }

    async fn put_if_match(&self, key: &str, body: Bytes, etag: &ETag) -> Result<Put, StoreError> {
        let mut bucket = self.request("put", key)?;
        if bucket.objects.get(key).is_none_or(|kept| kept.etag != *etag) {
            return Ok(Put::Refused);
        }
        bucket.write(key, body);
        Ok(Put::Written)
    }

    async fn put(&self, key: &str, body: Bytes) -> Result<(), StoreError> {
        self.request("put", key)?.write(key, body);
        Ok(())
    }

    async fn put_file(&self, key: &str, path: &Path) -> Result<(), StoreError> {
        let body = std::fs::read(path).map_err(|source| StoreError::Local {
            operation: Operation::Put,
            key: key.to_owned(),
            source,
        })?;
        self.put(key, Bytes::from(body)).await
    }

    async fn list(
        &self,
        prefix: &str,
        start_after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Listed>, StoreError> {
        let bucket = self.request("list", "prefix")?;
        let objects = bucket.objects.range(prefix.to_owned()..);
        let here = objects.take_while(|(key, _)| key.starts_with(prefix));
        let after = here.filter(|(key, _)| start_after.is_none_or(|after| key.as_str() > after));
        Ok(after
            .take(limit)
            .map(|(key, kept)| Listed {
                key: key.clone(),
                size: kept.body.len() as u64,
                last_modified: time(kept.last_modified),
            })
            .collect())
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.request("delete", key)?.objects.remove(key);
        Ok(())
    }

    async fn touch(&self, key: &str) -> Result<bool, StoreError> {
        let mut bucket = self.request("put", key)?;
        let Some(kept) = bucket.objects.get(key).cloned() else {
            return Ok(false);
        };
        bucket.write(key, kept.body);
        Ok(true)
    }
}
