//! What is known of a connection's token.

use serde::{Deserialize, Serialize};
use sync_core::names::{DestinationName, SyncName};
use sync_core::run::keys;

use crate::facts;
use crate::secrets::{SecretText, Secrets, names};
use crate::store::{Store, StoreError};

/// A connection's living token, with the name of its version.
#[derive(Debug, Clone)]
pub struct Living {
    /// The token itself.
    pub access_token: SecretText,
    /// The version of the secret.
    pub version: String,
    /// What TikTok granted; empty where it is not known, such as for a token that was pasted.
    pub scopes: Vec<u64>,
}

/// Where the token of a process comes from: what a person has to do when TikTok refuses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenFrom {
    /// From the destination's connection.
    #[default]
    Connection,
    /// From the environment of this process alone: nobody has connected anything.
    Environment,
}

impl TokenFrom {
    /// What to do when TikTok takes the token no more, to complete a sentence.
    pub fn renew(self) -> &'static str {
        match self {
            Self::Connection => "connect the destination again",
            Self::Environment => "set another token in TIKTOK_ACCESS_TOKEN",
        }
    }

    /// What to do when a permission was missing and has been granted.
    pub fn granted(self) -> &'static str {
        match self {
            Self::Connection => "grant it, then connect again",
            Self::Environment => "grant it, or set the token of a user who has it in TIKTOK_ACCESS_TOKEN",
        }
    }

    /// How rows that were kept are sent when that is done.
    pub fn then(self, sync: &SyncName) -> String {
        match self {
            Self::Connection => "what was not sent is kept, and is sent by itself then".to_owned(),
            Self::Environment => {
                format!("what was not sent is kept, and `tideline retry {sync}` sends it then")
            }
        }
    }
}

/// What a connection's secret holds. Other fields are for people and other functions.
#[derive(Deserialize)]
struct Connection {
    access_token: String,
    /// As text: they are above 2^53.
    #[serde(default)]
    scopes: Vec<String>,
}

/// For whom TikTok takes a token no more, until a person has connected again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refuses {
    /// For every sync of the destination.
    All,
    /// For this one: others may do what they do.
    ThisSync,
}

/// The fact that a version of a token was refused.
#[derive(Serialize)]
struct Dead<'a> {
    message: &'a str,
}

/// The destination's living token; `None` when there is none, or its current version was refused for this sync.
pub async fn living(
    store: &dyn Store,
    secrets: &dyn Secrets,
    bucket: &str,
    destination: &DestinationName,
    sync: &SyncName,
) -> anyhow::Result<Option<Living>> {
    let name = names::destination(bucket, destination.as_str());
    let Some(secret) = secrets.get(&name).await? else {
        return Ok(None);
    };
    if is_refused(store, destination, sync, &secret.version).await? {
        return Ok(None);
    }
    // The error may not quote the secret.
    let connection: Connection = serde_json::from_str(secret.value.expose()).map_err(|error| {
        anyhow::anyhow!(
            "the secret `{name}` is not {{\"access_token\": …}} ({:?})",
            error.classify()
        )
    })?;
    Ok(Some(Living {
        access_token: SecretText::new(connection.access_token),
        version: secret.version,
        scopes: connection
            .scopes
            .iter()
            .filter_map(|scope| scope.parse().ok())
            .collect(),
    }))
}

/// Notes for whom TikTok refuses this version of the token. A new token is a new version: nothing is ever cleared.
pub async fn note_refusal(
    store: &dyn Store,
    (destination, sync): (&DestinationName, &SyncName),
    version: &str,
    refuses: Refuses,
    message: &str,
) -> anyhow::Result<()> {
    let key = match refuses {
        Refuses::All => keys::dead_token(destination, version),
        Refuses::ThisSync => keys::denied_token(destination, sync, version),
    };
    let _ = facts::write(store, &key, &Dead { message }).await?;
    Ok(())
}

/// Whether TikTok refused this version of the token, for every sync or for this one.
pub async fn is_refused(
    store: &dyn Store,
    destination: &DestinationName,
    sync: &SyncName,
    version: &str,
) -> Result<bool, StoreError> {
    let dead = store.stat(&keys::dead_token(destination, version)).await?;
    let denied = store
        .stat(&keys::denied_token(destination, sync, version))
        .await?;
    Ok(dead.is_some() || denied.is_some())
}
