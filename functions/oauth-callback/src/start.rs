//! `GET /oauth/start`: a signed link becomes a redirect to TikTok's page.

use runtime::http::{HttpRequest, HttpResponse};
use tiktok::oauth::authorisation_page;

use crate::Context;
use crate::connection::app;
use crate::failure::Failure;
use crate::handle::unavailable;
use crate::layout::redirect;
use crate::link::LinkSecret;
use crate::state;

pub(crate) async fn start(ctx: &Context, request: &HttpRequest, now: i64) -> Result<HttpResponse, Failure> {
    let secret = LinkSecret::load(ctx.secrets.as_ref(), &ctx.bucket)
        .await
        .map_err(unavailable)?;
    let name = secret.check(request, now)?;
    let app = app(ctx.secrets.as_ref(), &ctx.bucket)
        .await
        .map_err(unavailable)?
        .ok_or(Failure::NotSetUp)?;
    let journey = state::begin(&secret.key, &name, now);
    let page = authorisation_page(&ctx.base, &app, &secret.redirect_uri(), &journey.state);
    tracing::info!(destination = %name, "sent to TikTok");
    let mut answer = redirect(302, page);
    answer.cookies.push(journey.cookie);
    Ok(answer)
}
