//! The whole of OAuth without a browser: the signed link, TikTok's page, the way back. The handler is the endpoint's own.

use anyhow::{Context as _, ensure};
use oauth_callback::{Connection, LinkSecret, handle};
use runtime::http::{HttpRequest, HttpResponse};
use runtime::secrets::{SecretText, names};
use serde_json::json;
use sync_core::names::DestinationName;
use tiktok::{ApiBase, Client};
use tiktok_sandbox::{APP_ID, APP_SECRET};

/// The address that links and redirects are made from. Nobody listens there: the handler is called.
const ADDRESS: &str = "http://localhost:8098";
/// How long the link holds, in seconds.
const LINK_SECONDS: i64 = 60;

/// Connects a destination of a folder to the sandbox, as a person with a browser would.
pub(crate) async fn connect(
    installation: &ingest::Context,
    (client, base): (Client, ApiBase),
    name: &DestinationName,
) -> anyhow::Result<Connection> {
    let (secrets, bucket) = (installation.secrets.clone(), installation.bucket.clone());
    let app = json!({"app_id": APP_ID, "secret": APP_SECRET}).to_string();
    secrets.put(&names::app(&bucket), SecretText::new(app)).await?;
    secrets
        .put(&names::link_key(&bucket), LinkSecret::fresh(ADDRESS))
        .await?;
    let now = jiff::Timestamp::now().as_second();
    let link = LinkSecret::load(secrets.as_ref(), &bucket)
        .await?
        .link(name, now + LINK_SECONDS);
    let pages = oauth_callback::Context {
        store: installation.store.clone(),
        secrets,
        client,
        base,
        bucket,
    };
    let start = get(&pages, &link, None, now).await?;
    let cookie = start.cookies.first().and_then(|cookie| cookie.split(';').next());
    let tiktoks_page = start
        .header("location")
        .context("the signed link leads nowhere")?;
    let back = redirect(tiktoks_page).await?;
    let done = get(&pages, &back, cookie, now).await?;
    let page = done.header("location").unwrap_or("no page");
    ensure!(page == "done", "the way back from TikTok's page ended at {page}");
    let connection = oauth_callback::read(pages.secrets.as_ref(), &pages.bucket, name).await?;
    Ok(connection.context("nothing was connected")?.0)
}

/// One request to the endpoint.
async fn get(
    pages: &oauth_callback::Context,
    url: &str,
    cookie: Option<&str>,
    now: i64,
) -> anyhow::Result<HttpResponse> {
    let rest = url
        .strip_prefix(ADDRESS)
        .context("a redirect leads to another host")?;
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let asked = HttpRequest::new("GET", path, query, cookie);
    Ok(handle(pages, &asked, now).await)
}

/// Where TikTok's page sends the browser.
async fn redirect(page: &str) -> anyhow::Result<String> {
    let browser = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()?;
    let answer = browser.get(page).send().await.context("opening TikTok's page")?;
    let location = answer
        .headers()
        .get("location")
        .and_then(|value| value.to_str().ok());
    Ok(location.context("TikTok's page sends nobody back")?.to_owned())
}
