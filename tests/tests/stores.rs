//! The harness's own store and secrets keep the contracts that S3 and Secrets Manager keep.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests, and what they share"
)]

use std::sync::Arc;

use runtime::secrets::conformance::secrets_conformance;
use runtime::store::conformance::store_conformance;
use tideline_tests::{FaultyStore, MemorySecrets, MemoryStore, Steps};

#[tokio::test]
async fn the_store_in_memory_keeps_the_contract_of_a_store() {
    store_conformance(&MemoryStore::new(20)).await.unwrap();
    let faulty = FaultyStore::new(Arc::new(MemoryStore::new(20)), Steps::default());
    store_conformance(&faulty).await.unwrap();
}

#[tokio::test]
async fn the_secrets_in_memory_keep_the_contract_of_secrets() {
    secrets_conformance(&MemorySecrets::default()).await.unwrap();
}
