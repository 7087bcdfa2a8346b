//! What a keeper of secrets promises.

use async_trait::async_trait;

use super::{SecretText, SecretsError};

/// A secret with the name of its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretValue {
    /// The secret.
    pub value: SecretText,
    /// Names this version and no other one, ever: a new token is a new version, even with the same text, and even
    /// when the secret was deleted in between. Letters, digits and dashes only, so that it may be part of a key.
    pub version: String,
}

/// Secrets by name; see [`names`](super::names).
#[async_trait]
pub trait Secrets: Send + Sync {
    /// The current version; `None` when there is no such secret.
    async fn get(&self, name: &str) -> Result<Option<SecretValue>, SecretsError>;

    /// Makes the secret, or a new version of it; the answer is the version's name.
    async fn put(&self, name: &str, value: SecretText) -> Result<String, SecretsError>;

    /// Makes the secret unless it exists (`false`). Of any number at once, one wins: for keys that are generated where
    /// they are first needed. After `false`, read what is there.
    async fn put_new(&self, name: &str, value: SecretText) -> Result<bool, SecretsError>;

    /// Deletes the secret with all its versions; the name can be used again. One that is not there is no error.
    async fn delete(&self, name: &str) -> Result<(), SecretsError>;

    /// The names that begin with `prefix`, sorted.
    async fn list(&self, prefix: &str) -> Result<Vec<String>, SecretsError>;
}
