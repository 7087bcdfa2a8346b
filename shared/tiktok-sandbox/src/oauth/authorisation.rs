//! `GET /portal/auth`: where the advertiser would sign in and agree.

use axum::http::Method;
use url::Url;

use crate::{call::Call, reply::Answer, settings::Authorize, state::SandboxState};

/// Redirects with `auth_code`, `code` (the same value) and `state`; a broken link gets a page.
///
/// When the advertiser refuses, TikTok's parameters are not known; the sandbox sends `state` alone.
pub(crate) fn authorisation_page(state: &SandboxState, call: &Call) -> Answer {
    if call.method != Method::GET {
        return Answer::text(405, "405 method not allowed");
    }
    let app_id = call.query("app_id").unwrap_or_default();
    let mut memory = state.lock();
    if memory.tokens.secret(app_id).is_none() {
        return problem("The app_id of this link belongs to no app");
    }
    let redirect = call.query("redirect_uri").unwrap_or_default();
    let Some(mut address) = Url::parse(redirect)
        .ok()
        .filter(|url| ["http", "https"].contains(&url.scheme()))
    else {
        return problem("The redirect_uri of this link is no web address");
    };
    let registered = &memory.settings.redirect_urls;
    if !registered.is_empty() && !registered.iter().any(|url| url == redirect) {
        return problem("The redirect_uri of this link is none of the app's redirect URLs");
    }
    let granted = match (memory.settings.authorize, call.query("decision")) {
        (Authorize::Page, None) => return question(call),
        (Authorize::Page, Some(decision)) => decision == "grant",
        (authorize, _) => authorize == Authorize::Grant,
    };
    if let Some(echo) = call.query("state") {
        address.query_pairs_mut().append_pair("state", echo);
    }
    if granted {
        let now_ms = memory.clock.now_ms();
        let code = memory.codes.issue(app_id, now_ms);
        address
            .query_pairs_mut()
            .append_pair("code", &code)
            .append_pair("auth_code", &code);
    }
    Answer::Redirect(address.into())
}

fn question(call: &Call) -> Answer {
    let link = |decision: &str| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&call.query).append_pair("decision", decision);
        // The encoded query holds no character that HTML gives a meaning to but `&`.
        query.finish().replace('&', "&amp;")
    };
    let page = format!(
        "<!doctype html><title>Sandbox authorization</title><h1>Sandbox: authorize this app?</h1>\
         <p><a href=\"?{}\">Confirm</a> <a href=\"?{}\">Cancel</a></p>",
        link("grant"),
        link("refuse"),
    );
    Answer::html(200, page)
}

fn problem(why: &str) -> Answer {
    Answer::html(
        400,
        format!("<!doctype html><title>Sandbox authorization</title><p>{why}.</p>"),
    )
}
