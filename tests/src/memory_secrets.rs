//! Secrets in memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use runtime::secrets::{SecretText, SecretValue, Secrets, SecretsError};

#[derive(Debug, Default)]
struct Kept {
    secrets: BTreeMap<String, SecretValue>,
    versions: u64,
}

/// Secrets in memory. No version's name ever comes twice.
#[derive(Debug, Default)]
pub struct MemorySecrets(Mutex<Kept>);

impl MemorySecrets {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().expect("no request panics")
    }
}

impl Kept {
    fn write(&mut self, name: &str, value: SecretText) -> String {
        self.versions += 1;
        let version = format!("version-{}", self.versions);
        let secret = SecretValue {
            value,
            version: version.clone(),
        };
        self.secrets.insert(name.to_owned(), secret);
        version
    }
}

fn check(name: &str) -> Result<(), SecretsError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+=.@-".contains(&byte);
    let path = name.split('/').all(|segment| !matches!(segment, "" | "." | ".."));
    if name.len() > 512 || !name.bytes().all(allowed) || !path {
        return Err(SecretsError::InvalidName {
            name: name.to_owned(),
        });
    }
    Ok(())
}

#[async_trait]
impl Secrets for MemorySecrets {
    async fn get(&self, name: &str) -> Result<Option<SecretValue>, SecretsError> {
        check(name)?;
        Ok(self.kept().secrets.get(name).cloned())
    }

    async fn put(&self, name: &str, value: SecretText) -> Result<String, SecretsError> {
        check(name)?;
        Ok(self.kept().write(name, value))
    }

    async fn put_new(&self, name: &str, value: SecretText) -> Result<bool, SecretsError> {
        check(name)?;
        let mut kept = self.kept();
        let new = !kept.secrets.contains_key(name);
        if new {
            kept.write(name, value);
        }
        Ok(new)
    }

    async fn delete(&self, name: &str) -> Result<(), SecretsError> {
        check(name)?;
        self.kept().secrets.remove(name);
        Ok(())
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, SecretsError> {
        let kept = self.kept();
        let names = kept.secrets.keys().filter(|name| name.starts_with(prefix));
        Ok(names.cloned().collect())
    }
}
