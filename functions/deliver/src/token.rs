//! The destination's token as TikTok's client takes it.

use anyhow::Context as _;
use runtime::connections;
use sync_core::names::{DestinationName, SyncName};
use tiktok::AccessToken;

use crate::Context;

/// A token with the name of its version.
pub(crate) struct Token {
    pub(crate) access: AccessToken,
    pub(crate) version: String,
    /// What TikTok granted; empty where it is not known, such as for a token that was pasted.
    pub(crate) scopes: Vec<u64>,
}

/// The destination's living token; `None` when there is none, or its current version was refused for this sync.
pub(crate) async fn living(
    ctx: &Context,
    destination: &DestinationName,
    sync: &SyncName,
) -> anyhow::Result<Option<Token>> {
    let (store, secrets) = (ctx.store.as_ref(), ctx.secrets.as_ref());
    let living = connections::living(store, secrets, &ctx.bucket, destination, sync).await?;
    living
        .map(|living| {
            let access = AccessToken::new(living.access_token.expose()).ok();
            Ok(Token {
                access: access.with_context(|| {
                    format!(
                        "the token of the destination {destination} cannot be a header's value: connect again"
                    )
                })?,
                version: living.version,
                scopes: living.scopes,
            })
        })
        .transpose()
}
