//! A running sandbox and a client for it.

use reqwest::{Client, RequestBuilder, header};
use serde_json::{Value, json};
use tiktok_sandbox::{EVENT_SET_ID, PIXEL_CODE, Running, Sandbox, SandboxConfig, TOKEN};

pub(crate) const ADVERTISER: &str = tiktok_sandbox::ADVERTISERS[0];
pub(crate) const HASH: &str = "848a771458438fc2ec420560d769fb9b9b86851ee338ec56517baabd79d3bb4f";
/// A moment that tests stop the clock at: 2026-08-01 12:00:00 UTC.
pub(crate) const NOON: i64 = 1_785_585_600;

pub(crate) struct Bench {
    pub(crate) sandbox: Running,
    pub(crate) http: Client,
}

impl Bench {
    pub(crate) async fn start() -> Self {
        // A second test of the same process finds it installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
        let http = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self { sandbox, http }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}/open_api/v1.3{path}", self.sandbox.url())
    }

    pub(crate) fn request(&self, path: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
        self.http
            .post(self.url(path))
            .header("Access-Token", TOKEN)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body)
    }

    /// Calls a POST endpoint; the whole envelope.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        let response = self.request(path, body.to_string()).send().await.unwrap();
        assert_eq!(response.status(), 200);
        response.json().await.unwrap()
    }

    /// Calls a GET endpoint; the whole envelope.
    pub(crate) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Value {
        let request = self
            .http
            .get(self.url(path))
            .query(query)
            .header("Access-Token", TOKEN);
        request.send().await.unwrap().json().await.unwrap()
    }

    pub(crate) async fn code(&self, path: &str, body: &Value) -> u64 {
        self.post(path, body).await["code"].as_u64().unwrap()
    }

    pub(crate) async fn track(&self, body: &Value) -> Value {
        self.post("/event/track/", body).await
    }

    /// Makes a control call; the status and the answer.
    pub(crate) async fn control(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let method = method.parse().unwrap();
        let url = format!("{}{path}", self.sandbox.url());
        let response = self
            .http
            .request(method, url)
            .body(body.to_owned())
            .send()
            .await
            .unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    pub(crate) fn set(&self, settings: Value) {
        self.sandbox.state().change_settings(settings).unwrap();
    }
}

pub(crate) fn web(events: Value) -> Value {
    json!({"event_source": "web", "event_source_id": PIXEL_CODE, "data": events})
}

pub(crate) fn offline(events: Value) -> Value {
    json!({"event_source": "offline", "event_source_id": EVENT_SET_ID, "data": events})
}

/// A valid web event.
pub(crate) fn event(id: &str) -> Value {
    json!({"event": "Purchase", "event_time": NOON, "event_id": id, "user": {"email": HASH}})
}

/// The event with one more value, at a path like `properties/contents/0/price`.
pub(crate) fn event_with(path: &str, value: Value) -> Value {
    let mut whole = event("e1");
    let mut place = &mut whole;
    for key in path.split('/') {
        place = match key.parse::<usize>() {
            Ok(position) => {
                if place.is_null() {
                    *place = json!([]);
                }
                let list = place.as_array_mut().unwrap();
                while list.len() <= position {
                    list.push(Value::Null);
                }
                &mut list[position]
            }
            Err(_) => &mut place[key],
        };
    }
    *place = value;
    whole
}

/// So many digests, all different, from this number on.
pub(crate) fn digests(from: usize, count: usize) -> Vec<String> {
    (from..from + count)
        .map(|number| format!("{number:064x}"))
        .collect()
}
