//! An installation in a folder, a sandbox, and a browser that keeps cookies.

use std::collections::BTreeMap;
use std::sync::Arc;

use oauth_callback::{Connection, Context, LinkSecret, handle};
use runtime::http::{HttpRequest, HttpResponse};
use runtime::secrets::{FileSecrets, SecretText, names};
use runtime::store::LocalStore;
use serde_json::{Value, json};
use sync_core::names::DestinationName;
use tempfile::TempDir;
use tiktok::{ApiBase, Client, ClientConfig};
use tiktok_sandbox::{APP_ID, APP_SECRET, Running, Sandbox, SandboxConfig};

pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const BUCKET: &str = "acme-exports";
pub(crate) const ADDRESS: &str = "https://a1.execute-api.example";

pub(crate) struct Bench {
    pub(crate) ctx: Context,
    pub(crate) sandbox: Running,
    pub(crate) folder: TempDir,
    http: reqwest::Client,
}

impl Bench {
    pub(crate) async fn start() -> Self {
        let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
        let bench = Self::at(&sandbox.url(), sandbox).await;
        bench.put_app(APP_SECRET).await;
        bench
    }

    /// With another address in TikTok's place than the sandbox's.
    pub(crate) async fn at(endpoint: &str, sandbox: Running) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let base = ApiBase::loopback(endpoint).unwrap();
        let ctx = Context {
            store: Arc::new(LocalStore::open(folder.path()).unwrap()),
            secrets: Arc::new(FileSecrets::open(folder.path()).unwrap()),
            client: Client::new(ClientConfig::new(base.clone())).unwrap(),
            base,
            bucket: BUCKET.to_owned(),
        };
        let key = json!({"url": ADDRESS, "key": "canary-link-key-0123456789abcdef0"}).to_string();
        ctx.secrets
            .put(&names::link_key(BUCKET), SecretText::new(key))
            .await
            .unwrap();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            ctx,
            sandbox,
            folder,
            http,
        }
    }

    pub(crate) async fn put_app(&self, secret: &str) {
        let app = json!({"app_id": APP_ID, "secret": secret}).to_string();
        self.ctx
            .secrets
            .put(&names::app(BUCKET), SecretText::new(app))
            .await
            .unwrap();
    }

    pub(crate) fn set(&self, settings: Value) {
        self.sandbox.state().change_settings(settings).unwrap();
    }

    pub(crate) fn fault(&self, fault: &Value) {
        self.sandbox.state().set_faults(json!([fault])).unwrap();
    }

    pub(crate) async fn link(&self, name: &str) -> String {
        let secret = LinkSecret::load(self.ctx.secrets.as_ref(), BUCKET).await.unwrap();
        secret.link(&DestinationName::new(name).unwrap(), NOW + 3_600)
    }

    pub(crate) async fn ask(&self, browser: &mut Browser, address: &str, now: i64) -> HttpResponse {
        let path = address.strip_prefix(ADDRESS).unwrap_or(address);
        let path = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("/oauth/{path}")
        };
        let (path, query) = path.split_once('?').unwrap_or((&path, ""));
        let cookies = browser.header();
        let answer = handle(
            &self.ctx,
            &HttpRequest::new("GET", path, query, [cookies.as_str()]),
            now,
        )
        .await;
        browser.keep(&answer);
        answer
    }

    /// Opens a link and lets TikTok answer: the address that the browser is sent back to.
    pub(crate) async fn authorise(&self, browser: &mut Browser, name: &str) -> String {
        let answer = self.ask(browser, &self.link(name).await, NOW).await;
        assert_eq!(answer.status, 302, "{}", answer.body);
        let page = answer.header("location").unwrap();
        let response = self.http.get(page).send().await.unwrap();
        assert_eq!(response.status(), 302);
        response.headers()["location"].to_str().unwrap().to_owned()
    }

    /// Comes back from TikTok, and follows the redirect: the page and what the first answer was.
    pub(crate) async fn come_back(
        &self,
        browser: &mut Browser,
        address: &str,
    ) -> (HttpResponse, HttpResponse) {
        let first = self.ask(browser, address, NOW + 60).await;
        assert_eq!(first.status, 303);
        let page = self
            .ask(browser, first.header("location").unwrap(), NOW + 61)
            .await;
        (first, page)
    }

    pub(crate) async fn connection(&self, name: &str) -> Option<(Connection, String)> {
        let name = DestinationName::new(name).unwrap();
        oauth_callback::read(self.ctx.secrets.as_ref(), BUCKET, &name)
            .await
            .unwrap()
    }

    /// The keys of all objects.
    pub(crate) async fn keys(&self) -> Vec<String> {
        let listed = self.ctx.store.list("", None, 1_000).await.unwrap();
        listed.into_iter().map(|object| object.key).collect()
    }

    /// The names of all secrets.
    pub(crate) async fn secrets(&self) -> Vec<String> {
        self.ctx.secrets.list("").await.unwrap()
    }
}

/// Cookies by name.
#[derive(Clone, Default)]
pub(crate) struct Browser(pub(crate) BTreeMap<String, String>);

impl Browser {
    fn header(&self) -> String {
        let cookies: Vec<String> = self
            .0
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        cookies.join("; ")
    }

    fn keep(&mut self, answer: &HttpResponse) {
        for cookie in &answer.cookies {
            assert!(cookie.starts_with("__Host-"), "{cookie}");
            for attribute in ["; Path=/;", "; Secure", "; HttpOnly", "; SameSite=Lax"] {
                assert!(cookie.contains(attribute), "{cookie}");
            }
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            self.0.insert(name.to_owned(), value.to_owned());
        }
    }
}

/// The value of a parameter of an address.
pub(crate) fn parameter<'a>(address: &'a str, name: &str) -> &'a str {
    let query = address.split_once('?').unwrap().1;
    let found = query
        .split('&')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    found.unwrap()
}
