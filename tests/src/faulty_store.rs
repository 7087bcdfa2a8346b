//! The bucket as one invocation sees it: any of its requests may fail, or be its last.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use runtime::store::{ETag, Listed, Object, Operation, Put, Stat, Store, StoreError, Version};

use crate::steps::{Fault, Steps};

/// A store with a fault at one of its requests.
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    steps: Steps,
}

impl FaultyStore {
    /// A store for one invocation.
    pub fn new(inner: Arc<dyn Store>, steps: Steps) -> Self {
        Self { inner, steps }
    }

    async fn request<T>(
        &self,
        operation: Operation,
        key: &str,
        request: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<(T, Option<Fault>), StoreError> {
        let fault = self.steps.begin().await;
        let failed = || StoreError::Transient {
            operation,
            key: key.to_owned(),
            source: "the harness cut the line".into(),
        };
        if fault == Some(Fault::Fail) {
            return Err(failed());
        }
        let answer = request.await;
        self.steps.end(fault).await;
        if fault == Some(Fault::LoseAnswer) {
            return Err(failed());
        }
        Ok((answer?, fault))
    }

    async fn conditional(
        &self,
        key: &str,
        request: impl Future<Output = Result<Put, StoreError>> + Send,
    ) -> Result<Put, StoreError> {
        let (put, fault) = self.request(Operation::Put, key, request).await?;
        Ok(if fault == Some(Fault::Refuse) {
            Put::Refused
        } else {
            put
        })
    }
}

#[async_trait]
impl Store for FaultyStore {
    async fn get(&self, key: &str) -> Result<Option<Object>, StoreError> {
        Ok(self.request(Operation::Get, key, self.inner.get(key)).await?.0)
    }

    async fn get_range(
        &self,
        key: &str,
        range: Range<u64>,
        version: Option<&Version>,
    ) -> Result<Option<Bytes>, StoreError> {
        let request = self.inner.get_range(key, range, version);
        Ok(self.request(Operation::Get, key, request).await?.0)
    }

    async fn stat(&self, key: &str) -> Result<Option<Stat>, StoreError> {
        Ok(self.request(Operation::Stat, key, self.inner.stat(key)).await?.0)
    }

    async fn stat_version(&self, key: &str, id: &str) -> Result<Option<Stat>, StoreError> {
        let request = self.inner.stat_version(key, id);
        Ok(self.request(Operation::Stat, key, request).await?.0)
    }

    async fn put_new(&self, key: &str, body: Bytes) -> Result<Put, StoreError> {
        self.conditional(key, self.inner.put_new(key, body)).await
    }

    async fn put_if_match(&self, key: &str, body: Bytes, etag: &ETag) -> Result<Put, StoreError> {
        self.conditional(key, self.inner.put_if_match(key, body, etag))
            .await
    }

    async fn put(&self, key: &str, body: Bytes) -> Result<(), StoreError> {
        let _: () = self
            .request(Operation::Put, key, self.inner.put(key, body))
            .await?
            .0;
        Ok(())
    }

    async fn put_file(&self, key: &str, path: &Path) -> Result<(), StoreError> {
        let _: () = self
            .request(Operation::Put, key, self.inner.put_file(key, path))
            .await?
            .0;
        Ok(())
    }

    async fn list(
        &self,
        prefix: &str,
        start_after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Listed>, StoreError> {
        let request = self.inner.list(prefix, start_after, limit);
        Ok(self.request(Operation::List, prefix, request).await?.0)
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let _: () = self
            .request(Operation::Delete, key, self.inner.delete(key))
            .await?
            .0;
        Ok(())
    }

    async fn touch(&self, key: &str) -> Result<bool, StoreError> {
        Ok(self
            .request(Operation::Touch, key, self.inner.touch(key))
            .await?
            .0)
    }
}
