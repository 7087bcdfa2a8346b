//! A request comes in: which page it asks for, and what becomes of it.

use runtime::http::{HttpRequest, HttpResponse};
use runtime::logs::with_causes;

use crate::failure::Failure;
use crate::{Context, callback, done, start};

/// Answers a request. `now` is the time in epoch seconds. Never fails: each failure has its page.
///
/// The log says which page was shown, for which destination, and TikTok's return code; never an address or a cookie.
pub async fn handle(ctx: &Context, request: &HttpRequest, now: i64) -> HttpResponse {
    if request.method() != "GET" {
        return Failure::NothingHere.page();
    }
    // Behind a stage or an emulator there is more before it.
    let page = request.path().rsplit_once("/oauth/").map_or("", |(_, page)| page);
    match page {
        "start" => start::start(ctx, request, now)
            .await
            .unwrap_or_else(|failure| told(failure).page()),
        "callback" => callback::callback(ctx, request, now)
            .await
            .unwrap_or_else(|failure| told(failure).elsewhere()),
        "done" => done::done(ctx, request, now).await.unwrap_or_else(Failure::page),
        "failed" => request
            .query("why")
            .and_then(Failure::of_slug)
            .unwrap_or(Failure::NothingHere)
            .page(),
        _ => Failure::NothingHere.page(),
    }
}

fn told(failure: Failure) -> Failure {
    tracing::warn!(failure = failure.slug(), "not connected");
    failure
}

/// Our own storage failed: the log says how, the page does not.
pub(crate) fn unavailable(error: impl std::error::Error + 'static) -> Failure {
    tracing::error!(error = with_causes(&error), "storage failed");
    Failure::Unavailable
}
