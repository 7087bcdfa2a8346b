//! Every way it can go wrong: its own page, and nothing stored.

use oauth_callback::{Failure, handle};
use runtime::http::HttpRequest;
use runtime::secrets::names;
use serde_json::json;

use crate::bench::{BUCKET, Bench, Browser, NOW, parameter};

/// Comes back and expects this failure's page, and no destination, wake-up or used state beyond `used`.
async fn check(bench: &Bench, browser: &mut Browser, address: &str, failure: Failure, used: usize) {
    let (first, page) = bench.come_back(browser, address).await;
    let slug = format!("failed?why={}", failure.slug());
    assert_eq!(first.header("location"), Some(slug.as_str()), "{address}");
    assert_eq!(page.status, failure.status());
    assert!(page.body.contains("What to do next"));
    stored(bench, used).await;
}

async fn stored(bench: &Bench, used: usize) {
    let keys = bench.keys().await;
    assert!(keys.iter().all(|key| key.starts_with("oauth/used/")), "{keys:?}");
    assert_eq!(keys.len(), used, "{keys:?}");
    let secrets = bench.secrets().await;
    let destinations = names::destinations(BUCKET);
    assert!(
        !secrets.iter().any(|name| name.starts_with(&destinations)),
        "{secrets:?}"
    );
}

#[tokio::test]
async fn only_a_link_of_ours_begins() {
    let bench = Bench::start().await;
    let link = bench.link("acme").await;
    let mut browser = Browser::default();
    for (address, now, failure) in [
        ("start".to_owned(), NOW, Failure::LinkInvalid),
        (link.replace("acme", "acne"), NOW, Failure::LinkInvalid),
        (
            link.get(..link.len() - 1).unwrap().to_owned(),
            NOW,
            Failure::LinkInvalid,
        ),
        (link.clone(), NOW + 3_600, Failure::LinkExpired),
        (link.clone(), NOW - 90_000, Failure::LinkInvalid),
    ] {
        let page = bench.ask(&mut browser, &address, now).await;
        assert_eq!(
            (page.status, page.cookies.len()),
            (failure.status(), 0),
            "{address}"
        );
        assert_eq!(page.header("location"), None);
    }
    stored(&bench, 0).await;
    assert!(browser.0.is_empty());
}

#[tokio::test]
async fn without_an_app_or_a_key_nothing_begins() {
    let bench = Bench::start().await;
    let link = bench.link("acme").await;
    let mut browser = Browser::default();
    bench.ctx.secrets.delete(&names::app(BUCKET)).await.unwrap();
    assert_eq!(
        bench.ask(&mut browser, &link, NOW).await.status,
        Failure::NotSetUp.status()
    );
    bench.ctx.secrets.delete(&names::link_key(BUCKET)).await.unwrap();
    assert_eq!(
        bench.ask(&mut browser, &link, NOW).await.status,
        Failure::Unavailable.status()
    );
    stored(&bench, 0).await;
}

#[tokio::test]
async fn a_missing_and_a_forged_state_connect_nothing() {
    let bench = Bench::start().await;
    let mut browser = Browser::default();
    let back = bench.authorise(&mut browser, "acme").await;
    let (state, code) = (parameter(&back, "state"), parameter(&back, "auth_code"));
    check(&bench, &mut browser, "callback", Failure::NoState, 0).await;
    let codes = format!("callback?auth_code={code}");
    check(&bench, &mut browser, &codes, Failure::NoState, 0).await;
    for forged in [
        String::new(),
        "x".to_owned(),
        state.replace("acme", "acne"),
        state.get(..state.len() - 1).unwrap().to_owned(),
        format!("{state}0"),
        state.to_ascii_uppercase(),
    ] {
        let address = format!("callback?state={forged}&auth_code={code}");
        check(&bench, &mut browser, &address, Failure::Forged, 0).await;
    }
    let twice = format!("callback?state={state}&state={state}&auth_code={code}");
    check(&bench, &mut browser, &twice, Failure::NoState, 0).await;
    assert_eq!(bench.sandbox.state().calls_to("/oauth2/access_token/"), 0);
}

#[tokio::test]
async fn a_state_of_another_destination_or_browser_connects_nothing() {
    let bench = Bench::start().await;
    let (mut mine, mut other) = (Browser::default(), Browser::default());
    let back = bench.authorise(&mut mine, "acme").await;
    let theirs = bench.authorise(&mut other, "acme").await;
    // An attacker lets a victim's browser come back with the attacker's code and state.
    check(&bench, &mut mine, &theirs, Failure::OtherBrowser, 0).await;
    check(&bench, &mut Browser::default(), &back, Failure::OtherBrowser, 0).await;
    // Two states of one browser, their cookies swapped.
    let mut both = mine.clone();
    let again = bench.authorise(&mut both, "acme").await;
    let values: Vec<String> = both.0.values().rev().cloned().collect();
    for (kept, value) in both.0.values_mut().zip(values) {
        *kept = value;
    }
    check(&bench, &mut both, &again, Failure::OtherBrowser, 0).await;
    assert_eq!(bench.sandbox.state().calls_to("/oauth2/access_token/"), 0);
    // None of that has hurt the one who began.
    let (_, page) = bench.come_back(&mut mine, &back).await;
    assert_eq!(page.status, 200);
}

#[tokio::test]
async fn a_state_lives_an_hour() {
    let bench = Bench::start().await;
    let mut browser = Browser::default();
    let back = bench.authorise(&mut browser, "acme").await;
    let answer = bench.ask(&mut browser, &back, NOW + 3_600).await;
    assert_eq!(answer.header("location"), Some("failed?why=expired"));
    stored(&bench, 0).await;
}

#[tokio::test]
async fn a_state_is_used_once_also_when_it_comes_twice_at_the_same_time() {
    let bench = Bench::start().await;
    let mut browser = Browser::default();
    let back = bench.authorise(&mut browser, "acme").await;
    let (mut one, mut two) = (browser.clone(), browser.clone());
    let (a, b) = tokio::join!(
        bench.ask(&mut one, &back, NOW + 60),
        bench.ask(&mut two, &back, NOW + 60)
    );
    let mut ends = [a.header("location").unwrap(), b.header("location").unwrap()];
    ends.sort_unstable();
    assert_eq!(ends, ["done", "failed?why=used"]);
    let later = bench.ask(&mut browser, &back, NOW + 70).await;
    assert_eq!(later.header("location"), Some("failed?why=used"));
    assert_eq!(bench.sandbox.state().calls_to("/oauth2/access_token/"), 1);
}

#[tokio::test]
async fn who_cancels_may_go_back_and_confirm() {
    let bench = Bench::start().await;
    bench.set(json!({"authorize": "refuse"}));
    let mut browser = Browser::default();
    let back = bench.authorise(&mut browser, "acme").await;
    check(&bench, &mut browser, &back, Failure::Refused, 0).await;
    let empty = format!("{back}&auth_code=&code=");
    check(&bench, &mut browser, &empty, Failure::Refused, 0).await;
    bench.set(json!({"authorize": "grant"}));
    let code = bench.authorise(&mut Browser::default(), "acme").await;
    let confirmed = format!("{back}&auth_code={}", parameter(&code, "auth_code"));
    let (_, page) = bench.come_back(&mut browser, &confirmed).await;
    assert_eq!(page.status, 200);
}

#[tokio::test]
async fn a_used_or_old_code_a_wrong_secret_and_a_silent_tiktok_have_their_pages() {
    for (fault, failure) in [
        (json!({"code": 40110}), Failure::CodeDead),
        (json!({"code": 40115}), Failure::CodeDead),
        (json!({"code": 40101}), Failure::AppRejected),
        (json!({"code": 40113}), Failure::AppRejected),
        (json!({"code": 50000}), Failure::TikTokDown),
        (json!({"code": 40100}), Failure::TikTokDown),
        (json!({"http": 502}), Failure::TikTokDown),
        (json!({"reset": true}), Failure::TikTokDown),
        (
            json!({"body": "{\"code\":0,\"data\":{}}"}),
            Failure::TikTokRefused,
        ),
        (json!({"code": 40002}), Failure::TikTokRefused),
    ] {
        let bench = Bench::start().await;
        let mut browser = Browser::default();
        let back = bench.authorise(&mut browser, "acme").await;
        let mut whole = fault.clone();
        whole["path"] = json!("/oauth2/access_token/");
        bench.fault(&whole);
        check(&bench, &mut browser, &back, failure, 1).await;
    }
}

#[tokio::test]
async fn the_sandbox_itself_refuses_wrong_secrets_and_used_codes() {
    let bench = Bench::start().await;
    let mut browser = Browser::default();
    let back = bench.authorise(&mut browser, "acme").await;
    bench.put_app("another-secret").await;
    check(&bench, &mut browser, &back, Failure::AppRejected, 1).await;
    bench.put_app(tiktok_sandbox::APP_SECRET).await;
    let (mut one, mut two) = (Browser::default(), Browser::default());
    let first = bench.authorise(&mut one, "first").await;
    let second = bench.authorise(&mut two, "second").await;
    assert_eq!(bench.come_back(&mut one, &first).await.1.status, 200);
    let stolen = second.replace(parameter(&second, "auth_code"), parameter(&first, "auth_code"));
    let (_, page) = bench.come_back(&mut two, &stolen).await;
    assert_eq!(page.status, Failure::CodeDead.status());
    assert!(page.body.contains("40110"));
    assert!(bench.connection("second").await.is_none());
}

#[tokio::test]
async fn other_pages_and_methods_show_nothing() {
    let bench = Bench::start().await;
    let mut browser = Browser::default();
    for address in [
        "/",
        "/oauth/",
        "/oauth/other",
        "/favicon.ico",
        "failed",
        "failed?why=%3Cb%3E",
    ] {
        assert_eq!(
            bench.ask(&mut browser, address, NOW).await.status,
            404,
            "{address}"
        );
    }
    let link = bench.link("acme").await;
    let query = link.split_once('?').unwrap().1;
    let post = HttpRequest::new("POST", "/oauth/start", query, []);
    assert_eq!(handle(&bench.ctx, &post, NOW).await.status, 404);
    let staged = HttpRequest::new("GET", "/prod/oauth/start", query, []);
    assert_eq!(handle(&bench.ctx, &staged, NOW).await.status, 302);
}
