//! A token given to this command alone.

use async_trait::async_trait;
use runtime::secrets::{FileSecrets, SecretText, SecretValue, Secrets, SecretsError, names};

/// The folder's secrets, but for one token that stands for every destination's.
pub(crate) struct WithToken {
    folder: FileSecrets,
    connection: SecretText,
    version: String,
}

impl WithToken {
    pub(crate) fn new(folder: FileSecrets, token: &SecretText) -> Self {
        let connection = serde_json::json!({ "access_token": token.expose() }).to_string();
        // What it may do can have changed since the last command, by a role that was granted: each one tries it anew.
        let version = format!("given-{}", const_hex::encode(rand::random::<[u8; 8]>()));
        Self {
            folder,
            connection: SecretText::new(connection),
            version,
        }
    }
}

#[async_trait]
impl Secrets for WithToken {
    async fn get(&self, name: &str) -> Result<Option<SecretValue>, SecretsError> {
        if name.starts_with(&names::destinations(names::LOCAL)) {
            return Ok(Some(SecretValue {
                value: self.connection.clone(),
                version: self.version.clone(),
            }));
        }
        self.folder.get(name).await
    }

    async fn put(&self, name: &str, value: SecretText) -> Result<String, SecretsError> {
        self.folder.put(name, value).await
    }

    async fn put_new(&self, name: &str, value: SecretText) -> Result<bool, SecretsError> {
        self.folder.put_new(name, value).await
    }

    async fn delete(&self, name: &str) -> Result<(), SecretsError> {
        self.folder.delete(name).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, SecretsError> {
        self.folder.list(prefix).await
    }
}
