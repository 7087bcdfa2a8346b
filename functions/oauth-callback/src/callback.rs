//! `GET /oauth/callback`: TikTok sends the browser back with a code, which becomes a token.

use bytes::Bytes;
use runtime::http::{HttpRequest, HttpResponse};
use runtime::logs::with_causes;
use runtime::store::Put;
use sync_core::names::DestinationName;
use sync_core::run::keys;
use tiktok::oauth::{self, Account, App, Failed, Grant, Why};

use crate::Context;
use crate::connection::{Connection, app, store};
use crate::context::CALL_TIMEOUT;
use crate::done;
use crate::failure::Failure;
use crate::handle::unavailable;
use crate::layout::redirect;
use crate::link::LinkSecret;
use crate::state;

pub(crate) async fn callback(
    ctx: &Context,
    request: &HttpRequest,
    now: i64,
) -> Result<HttpResponse, Failure> {
    let secret = LinkSecret::load(ctx.secrets.as_ref(), &ctx.bucket)
        .await
        .map_err(unavailable)?;
    let returned = state::check(&secret.key, request, now)?;
    // Without a code the state stays good: whoever cancelled may go back and confirm.
    let code = ["auth_code", "code"]
        .into_iter()
        .find_map(|name| request.query(name).filter(|code| !code.is_empty()))
        .ok_or(Failure::Refused)?;
    let app = app(ctx.secrets.as_ref(), &ctx.bucket)
        .await
        .map_err(unavailable)?
        .ok_or(Failure::NotSetUp)?;
    use_up(ctx, &returned.used()).await?;
    let name = &returned.name;
    let grant = oauth::exchange(&ctx.client, &app, code, CALL_TIMEOUT)
        .await
        .map_err(|failed| refused(name, &failed))?;
    let accounts = named(ctx, &app, &grant, name).await;
    let connection = Connection::of_grant(&app, &grant, accounts, now);
    store(ctx.secrets.as_ref(), &ctx.bucket, name, &connection)
        .await
        .map_err(unavailable)?;
    wake(ctx, name).await;
    tracing::info!(destination = %name, accounts = connection.accounts.len(), "connected");
    let mut answer = redirect(303, "done".to_owned());
    answer.cookies.push(done::cookie(&secret.key, name, now));
    Ok(answer)
}

/// A state is used once: of several that come with it, one goes on. It is used up before anything is asked of TikTok.
async fn use_up(ctx: &Context, key: &str) -> Result<(), Failure> {
    match ctx.store.put_new(key, Bytes::from_static(b"{}")).await {
        Ok(Put::Written) => Ok(()),
        Ok(Put::Refused) => Err(Failure::Replayed),
        Err(error) => Err(unavailable(error)),
    }
}

/// The accounts with their names. The token is there already: without an answer the ids have to do.
async fn named(ctx: &Context, app: &App, grant: &Grant, name: &DestinationName) -> Vec<Account> {
    match oauth::accounts(&ctx.client, app, grant.token.token(), CALL_TIMEOUT).await {
        Ok(accounts) => accounts,
        Err(failed) => {
            tracing::warn!(destination = %name, error = %failed, "the names of the accounts are not known");
            let account = |id: &String| Account {
                id: id.clone(),
                name: String::new(),
            };
            grant.advertiser_ids.iter().map(account).collect()
        }
    }
}

/// The destination's syncs go on. When this is lost, housekeeping does it.
async fn wake(ctx: &Context, name: &DestinationName) {
    if let Err(error) = ctx.store.put(&keys::wake(name), Bytes::from_static(b"{}")).await {
        tracing::warn!(destination = %name, error = with_causes(&error), "its syncs go on with the next housekeeping");
    }
}

fn refused(name: &DestinationName, failed: &Failed) -> Failure {
    tracing::warn!(destination = %name, code = failed.code, request_id = failed.request_id, "the exchange failed");
    match failed.why {
        Why::CodeDead => Failure::CodeDead,
        Why::AppRejected => Failure::AppRejected,
        Why::Down => Failure::TikTokDown,
        Why::TokenDead | Why::GrantMissing | Why::Other => Failure::TikTokRefused,
    }
}
