//! OAuth: the way from TikTok's authorisation page to a token, and its end (reference, 1).
//!
//! TikTok's own words about a refusal are dropped: they may quote the secret or the code. [`Failed`] keeps the return
//! code, whose meaning is published, and the request's id.

mod app;
mod calls;
mod scopes;

pub use app::{App, AppError};
pub use calls::{Account, Failed, Grant, NewToken, Why, accounts, exchange, revoke, user};
pub use scopes::{Ability, can};

use url::Url;

use crate::base::ApiBase;

/// The address of TikTok's authorisation page for this app (reference, 1.1). `state` comes back unchanged.
pub fn authorisation_page(base: &ApiBase, app: &App, redirect_uri: &str, state: &str) -> String {
    let root = base.as_str();
    let origin = root.split_once("/open_api/").map_or(root, |(origin, _)| origin);
    let query = [
        ("app_id", app.id()),
        ("redirect_uri", redirect_uri),
        ("state", state),
    ];
    let page = format!("{origin}/portal/auth");
    // Both bases are addresses that were parsed before.
    Url::parse_with_params(&page, query).map_or(page, String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_beside_the_api_and_its_parameters_are_escaped() {
        let app = App::new("7400000000000000001", "s").unwrap();
        let redirect = "https://x.example/oauth/callback";
        assert_eq!(
            authorisation_page(&ApiBase::production(), &app, redirect, "a&b"),
            "https://business-api.tiktok.com/portal/auth?app_id=7400000000000000001\
             &redirect_uri=https%3A%2F%2Fx.example%2Foauth%2Fcallback&state=a%26b"
        );
        let sandbox = ApiBase::loopback("http://127.0.0.1:8099").unwrap();
        let page = authorisation_page(&sandbox, &app, redirect, "s");
        assert!(page.starts_with("http://127.0.0.1:8099/portal/auth?"), "{page}");
    }
}
