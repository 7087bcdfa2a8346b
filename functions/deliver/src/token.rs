//! The destination's token, and whether TikTok still takes it.

use anyhow::Context as _;
use runtime::connections::is_refused;
use runtime::facts;
use runtime::secrets::names;
use serde::{Deserialize, Serialize};
use sync_core::names::{DestinationName, SyncName};
use sync_core::run::keys;
use tiktok::AccessToken;

use crate::Context;
use crate::send::Refuses;

/// A token with the name of its version.
pub(crate) struct Token {
    pub(crate) access: AccessToken,
    pub(crate) version: String,
    /// What TikTok granted; empty where it is not known, such as for a token that was pasted.
    pub(crate) scopes: Vec<u64>,
}

/// What a connection's secret holds. Other fields are for people and other functions.
#[derive(Deserialize)]
struct Connection {
    access_token: String,
    /// As text: they are above 2^53.
    #[serde(default)]
    scopes: Vec<String>,
}

/// The fact that a version of a token was refused.
#[derive(Serialize)]
struct Dead<'a> {
    message: &'a str,
}

/// The destination's living token; `None` when there is none, or its current version was refused for this sync.
pub(crate) async fn living(
    ctx: &Context,
    destination: &DestinationName,
    sync: &SyncName,
) -> anyhow::Result<Option<Token>> {
    let name = names::destination(&ctx.bucket, destination.as_str());
    let Some(secret) = ctx.secrets.get(&name).await? else {
        return Ok(None);
    };
    if is_refused(ctx.store.as_ref(), destination, sync, &secret.version).await? {
        return Ok(None);
    }
    // Neither error may quote the secret.
    let connection: Connection = serde_json::from_str(secret.value.expose()).map_err(|error| {
        anyhow::anyhow!(
            "the secret `{name}` is not {{\"access_token\": …}} ({:?})",
            error.classify()
        )
    })?;
    let access = AccessToken::new(&connection.access_token).ok().with_context(|| {
        format!("the token in the secret `{name}` cannot be a header's value: connect again")
    })?;
    Ok(Some(Token {
        access,
        version: secret.version,
        scopes: connection
            .scopes
            .iter()
            .filter_map(|scope| scope.parse().ok())
            .collect(),
    }))
}

/// Notes for whom TikTok refuses this version of the token. A new token is a new version: nothing is ever cleared.
pub(crate) async fn note_refusal(
    ctx: &Context,
    (destination, sync): (&DestinationName, &SyncName),
    version: &str,
    refuses: &Refuses,
    message: &str,
) -> anyhow::Result<()> {
    let key = match refuses {
        Refuses::All => keys::dead_token(destination, version),
        Refuses::ThisSync => keys::denied_token(destination, sync, version),
    };
    let _ = facts::write(ctx.store.as_ref(), &key, &Dead { message }).await?;
    Ok(())
}
