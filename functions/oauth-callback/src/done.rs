//! `GET /oauth/done`: what was connected, at an address without a code.

use maud::{Markup, html};
use runtime::http::{HttpRequest, HttpResponse};
use runtime::secrets::names;
use sync_core::names::DestinationName;
use tiktok::oauth::Ability;

use crate::connection::{Connection, read};
use crate::failure::Failure;
use crate::handle::unavailable;
use crate::layout::{Mark, page};
use crate::link::LinkSecret;
use crate::signing::{Purpose, SigningKey};
use crate::state::set_cookie;
use crate::uses::{Use, uses};
use crate::{Context, StoredAccount};

/// How long the page can be opened again, in seconds.
const LIFETIME: i64 = 900;

const COOKIE: &str = "__Host-tideline-done";

/// Accounts that are listed one by one.
const SHOWN: usize = 25;

/// A cookie that lets this browser see what it connected.
pub(crate) fn cookie(key: &SigningKey, name: &DestinationName, now: i64) -> String {
    let until = (now + LIFETIME).to_string();
    let signature = key.sign(Purpose::Done, &[name.as_str(), &until]);
    set_cookie(COOKIE, &format!("{name}.{until}.{signature}"), LIFETIME)
}

pub(crate) async fn done(ctx: &Context, request: &HttpRequest, now: i64) -> Result<HttpResponse, Failure> {
    let secret = LinkSecret::load(ctx.secrets.as_ref(), &ctx.bucket)
        .await
        .map_err(unavailable)?;
    let name = allowed(&secret.key, request, now).ok_or(Failure::NothingHere)?;
    let (connection, _) = read(ctx.secrets.as_ref(), &ctx.bucket, &name)
        .await
        .map_err(unavailable)?
        .ok_or(Failure::NothingHere)?;
    let uses = uses(ctx.store.as_ref(), &name).await.map_err(unavailable)?;
    let body = body(&ctx.bucket, &name, &connection, &uses);
    Ok(page(200, Mark::Done, "Authorization successful", &body))
}

fn allowed(key: &SigningKey, request: &HttpRequest, now: i64) -> Option<DestinationName> {
    let parts: Vec<&str> = request.cookie(COOKIE)?.split('.').collect();
    let &[name, until, signature] = parts.as_slice() else {
        return None;
    };
    let holds = key.verify(Purpose::Done, &[name, until], signature) && until.parse::<i64>().ok()? > now;
    holds.then(|| DestinationName::new(name).ok())?
}

fn body(bucket: &str, name: &DestinationName, connection: &Connection, uses: &[Use]) -> Markup {
    let secret = names::destination(bucket, name.as_str());
    html! {
        p class="lead" { "TikTok is connected as the destination " b { (name) } "." }
        (warnings(connection, uses))
        (accounts(connection))
        (abilities(connection))
        h2 { "What was stored" }
        p {
            "The token, these accounts and the scopes, in "
            @if bucket == names::LOCAL {
                "the folder's secret " code { (secret) } "."
            } @else {
                "AWS Secrets Manager as " code { (secret) } ". An earlier token stays there as the version before."
            }
        }
        h2 { "What to do next" }
        (next(name, connection, uses))
    }
}

fn warnings(connection: &Connection, uses: &[Use]) -> Markup {
    let lacking: Vec<(&Use, &str)> = uses
        .iter()
        .filter_map(|each| Some((each, each.advertiser.as_ref()?.as_str())))
        .filter(|(_, advertiser)| connection.reaches(advertiser) == Some(false))
        .collect();
    html! {
        @for (each, advertiser) in lacking {
            p class="note" {
                "The sync " b { (each.sync) } " uses the account " (advertiser)
                ", which is not among those that you authorized. Open the link again and choose it too, or correct the sync."
            }
        }
        @if connection.accounts.is_empty() {
            p class="note" {
                "TikTok named no ad account. Pixels may work all the same; for audiences, open the link again as a user with the role Admin or Operator."
            }
        }
    }
}

fn accounts(connection: &Connection) -> Markup {
    let all = connection.accounts.len() + connection.more_accounts;
    html! {
        @if all > 0 {
            h2 { @if all == 1 { "The account found" } @else { "The " (all) " accounts found" } }
            ul {
                @for StoredAccount { id, name } in connection.accounts.iter().take(SHOWN) {
                    li { @if !name.is_empty() { (name) " " } span { (id) } }
                }
            }
            @if all > SHOWN { p class="soft" { "and " (all - SHOWN) " more: tideline destinations lists them" } }
        }
    }
}

fn abilities(connection: &Connection) -> Markup {
    let of = |granted: bool| {
        let words: Vec<&str> = Ability::ALL
            .into_iter()
            .filter(|ability| connection.can(*ability) == Some(granted))
            .map(Ability::in_words)
            .collect();
        words.join(", ")
    };
    let (granted, missing) = (of(true), of(false));
    html! {
        @if !granted.is_empty() { h2 { "What it may send" } p { (granted) } }
        @if !missing.is_empty() {
            p class="soft" {
                "Not granted: " (missing) ". If you need them, add the scope to the app in TikTok's developer portal, then connect again."
            }
        }
    }
}

fn next(name: &DestinationName, connection: &Connection, uses: &[Use]) -> Markup {
    let first = connection.accounts.first();
    html! {
        @if uses.is_empty() {
            p { "Name the destination in your sync specs:" }
            pre { code {
                "destination: " (name) "\n"
                "type: web_events\n"
                "event:\n"
                "  pixel_code: YOUR-PIXEL-CODE"
            } }
            @if let Some(account) = first {
                p { "For an audience, name one of the accounts too:" }
                pre { code {
                    "destination: " (name) "\n"
                    "type: custom_audience\n"
                    "audience:\n"
                    "  advertiser_id: \"" (account.id) "\""
                } }
            }
            p { "You can close this window." }
        } @else {
            p {
                "Nothing: " (names_of(uses)) " " @if uses.len() == 1 { "sends" } @else { "send" }
                " through this destination, and what waited goes now by itself. You can close this window."
            }
        }
    }
}

fn names_of(uses: &[Use]) -> String {
    let names: Vec<&str> = uses.iter().map(|each| each.sync.as_str()).collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => format!("the sync {one}"),
        [first @ .., last] => format!("the syncs {} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_core::names::{AdvertiserId, SyncName};

    fn connection(accounts: &[(&str, &str)]) -> Connection {
        let accounts: Vec<_> = accounts
            .iter()
            .map(|(id, name)| serde_json::json!({"id": id, "name": name}))
            .collect();
        let json = serde_json::json!({"access_token": "canary-token", "accounts": accounts, "app_id": "74",
            "scopes": ["7224195155857866754"], "connected_at": "2026-11-23T00:00:00Z"});
        serde_json::from_value(json).unwrap()
    }

    fn shown(connection: &Connection, uses: &[Use]) -> String {
        let name = DestinationName::new("acme").unwrap();
        body("bucket", &name, connection, uses).into_string()
    }

    fn usage(sync: &str, advertiser: Option<&str>) -> Use {
        Use {
            sync: SyncName::new(sync).unwrap(),
            advertiser: advertiser.map(|id| AdvertiserId::new(id).unwrap()),
        }
    }

    #[test]
    fn the_page_names_destination_accounts_secret_and_spec_lines_and_not_the_token() {
        let page = shown(&connection(&[("71", "Acme <EU>"), ("72", "")]), &[]);
        for part in [
            "<b>acme</b>",
            "Acme &lt;EU&gt;",
            "<span>72</span>",
            "The 2 accounts found",
            "tideline/bucket/destinations/acme",
            "destination: acme",
            "advertiser_id: &quot;71&quot;",
            "Web events",
            "Not granted: Offline events, CRM events, Audiences",
        ] {
            assert!(page.contains(part), "{part} is missing in {page}");
        }
        assert!(!page.contains("canary") && !page.contains("<EU>"));
    }

    #[test]
    fn a_sync_whose_account_was_not_authorised_is_named() {
        let uses = [
            usage("vips", Some("79")),
            usage("buyers", Some("71")),
            usage("web", None),
        ];
        let page = shown(&connection(&[("71", "Acme")]), &uses);
        assert_eq!(page.matches("class=\"note\"").count(), 1, "{page}");
        assert!(page.contains("<b>vips</b> uses the account 79"), "{page}");
        assert!(page.contains("the syncs vips, buyers and web send"), "{page}");
        assert!(!page.contains("YOUR-PIXEL-CODE"));
    }

    #[test]
    fn no_account_and_very_many_are_told() {
        assert!(shown(&connection(&[]), &[]).contains("TikTok named no ad account"));
        let many: Vec<(String, String)> = (0..40)
            .map(|n| (format!("{n}"), format!("Account {n}")))
            .collect();
        let many: Vec<(&str, &str)> = many.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        let page = shown(&connection(&many), &[]);
        assert!(
            page.contains("The 40 accounts found") && page.contains("and 15 more"),
            "{page}"
        );
    }

    #[test]
    fn the_page_is_for_the_browser_that_connected_and_for_a_while() {
        let key = SigningKey::new(&"k".repeat(32)).unwrap();
        let name = DestinationName::new("acme").unwrap();
        let cookie = cookie(&key, &name, 1_000);
        let cookie = cookie.split(';').next().unwrap();
        let ask = |cookie: &str, now| allowed(&key, &HttpRequest::new("GET", "/", "", [cookie]), now);
        assert_eq!(ask(cookie, 1_899), Some(name));
        assert_eq!(ask(cookie, 1_900), None);
        assert_eq!(ask(&cookie.replace("acme", "acne"), 1_000), None);
        assert_eq!(ask("", 1_000), None);
    }
}
