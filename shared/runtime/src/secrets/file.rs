//! Secrets in a local folder: `secrets/` beside the objects of a local store, in files that only the owner reads.

use std::path::Path;

use async_trait::async_trait;
use bytes::Bytes;

use super::names;
use super::{SecretText, SecretValue, Secrets, SecretsError};
use crate::store::{LocalStore, Object, Put, Store, StoreError};

/// Keeps each secret in a file of its own, with a [`LocalStore`]'s care: whole or not at all, 0600.
#[derive(Debug, Clone)]
pub struct FileSecrets(LocalStore);

/// What a file holds.
#[derive(serde::Serialize, serde::Deserialize)]
struct Kept<'a> {
    version: std::borrow::Cow<'a, str>,
    value: std::borrow::Cow<'a, str>,
}

impl FileSecrets {
    /// Opens `secrets/` in the root folder of a local store, made where it is missing.
    ///
    /// # Errors
    /// [`SecretsError::Local`] when it cannot be made or written.
    pub fn open(store_root: &Path) -> Result<Self, SecretsError> {
        match LocalStore::open(&store_root.join("secrets")) {
            Ok(store) => Ok(Self(store)),
            Err(error) => Err(local("secrets", error)),
        }
    }

    async fn object(&self, name: &str) -> Result<Option<(Object, SecretValue)>, SecretsError> {
        names::check(name)?;
        let Some(object) = self.0.get(name).await.map_err(|error| local(name, error))? else {
            return Ok(None);
        };
        // The parser's error would quote the file.
        let Ok(kept) = serde_json::from_slice::<Kept<'_>>(&object.body) else {
            return Err(SecretsError::Unreadable {
                name: name.to_owned(),
            });
        };
        let version = kept.version.into_owned();
        if version.is_empty() || !version.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return Err(SecretsError::Unreadable {
                name: name.to_owned(),
            });
        }
        let value = SecretValue {
            value: SecretText::new(kept.value),
            version,
        };
        Ok(Some((object, value)))
    }
}

#[async_trait]
impl Secrets for FileSecrets {
    async fn get(&self, name: &str) -> Result<Option<SecretValue>, SecretsError> {
        Ok(self.object(name).await?.map(|(_, value)| value))
    }

    async fn put(&self, name: &str, value: SecretText) -> Result<String, SecretsError> {
        loop {
            let before = self.object(name).await?;
            let counter = before.as_ref().map_or(0, |(_, value)| counter(&value.version));
            let version = version(counter + 1);
            let body = body(name, &version, &value)?;
            let put = match &before {
                Some((object, _)) => self.0.put_if_match(name, body, &object.etag).await,
                None => self.0.put_new(name, body).await,
            };
            if put.map_err(|error| local(name, error))? == Put::Written {
                return Ok(version);
            }
        }
    }

    async fn put_new(&self, name: &str, value: SecretText) -> Result<bool, SecretsError> {
        names::check(name)?;
        let body = body(name, &version(1), &value)?;
        let put = self
            .0
            .put_new(name, body)
            .await
            .map_err(|error| local(name, error))?;
        Ok(put == Put::Written)
    }

    async fn delete(&self, name: &str) -> Result<(), SecretsError> {
        names::check(name)?;
        self.0.delete(name).await.map_err(|error| local(name, error))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, SecretsError> {
        let listed = self
            .0
            .list(prefix, None, usize::MAX)
            .await
            .map_err(|error| local(prefix, error))?;
        Ok(listed.into_iter().map(|listed| listed.key).collect())
    }
}

/// A counter for people, and a random part: a counter alone would begin again after a deletion, and a digest of the
/// value would tell who holds the same.
fn version(counter: u64) -> String {
    format!("{counter}-{:016x}", rand::random::<u64>())
}

fn counter(version: &str) -> u64 {
    version
        .split('-')
        .next()
        .and_then(|counter| counter.parse().ok())
        .unwrap_or_default()
}

fn body(name: &str, version: &str, value: &SecretText) -> Result<Bytes, SecretsError> {
    let kept = Kept {
        version: version.into(),
        value: value.expose().into(),
    };
    match serde_json::to_vec(&kept) {
        Ok(body) => Ok(Bytes::from(body)),
        Err(_) => Err(SecretsError::Unreadable {
            name: name.to_owned(),
        }),
    }
}

fn local(name: &str, source: StoreError) -> SecretsError {
    SecretsError::Local {
        name: name.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn keeps_the_contract() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = FileSecrets::open(folder.path()).unwrap();
        super::super::conformance::secrets_conformance(&secrets)
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn a_spoiled_file_is_named_and_not_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = FileSecrets::open(folder.path()).unwrap();
        for spoiled in [
            r#""act.12345""#,
            r#"{"version":"1-a"}"#,
            r#"{"version":"../x","value":"act.12345"}"#,
            "",
        ] {
            std::fs::write(folder.path().join("secrets/app"), spoiled).unwrap();
            let error = secrets.get("app").await.unwrap_err();
            assert!(matches!(error, SecretsError::Unreadable { .. }), "{spoiled}");
            assert!(!format!("{error:?} {error}").contains("12345"), "{error:?}");
        }
    }

    #[tokio::test]
    async fn secrets_are_for_the_owner_and_never_objects_of_the_store() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let secrets = FileSecrets::open(folder.path()).unwrap();
        secrets
            .put("tideline/local/app", SecretText::new("x"))
            .await
            .unwrap();
        let file = folder.path().join("secrets/tideline/local/app");
        assert_eq!(
            std::fs::metadata(file).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let store = LocalStore::open(folder.path()).unwrap();
        assert_eq!(store.list("", None, 10).await.unwrap(), []);
        assert!(store.get("secrets/tideline/local/app").await.is_err());
    }
}
