//! The way to TikTok: one call out, one judged answer back.

mod answer;
mod fetch;

pub use answer::Answer;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::RequestBuilder;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::multipart::{Form, Part};

use crate::base::ApiBase;
use crate::endpoint::Asked;
use crate::token::AccessToken;

/// A connection that is not there after this time will not come.
const CONNECT: Duration = Duration::from_secs(5);
/// Idle connections are kept for as many calls at once.
const IDLE_CONNECTIONS: usize = 64;
/// Connections that were idle for longer may be dead.
const IDLE: Duration = Duration::from_secs(30);
const USER_AGENT: &str = concat!("tideline/", env!("CARGO_PKG_VERSION"));

/// How a client is made.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    base: ApiBase,
}

impl ClientConfig {
    /// A client for this address.
    pub fn new(base: ApiBase) -> Self {
        Self { base }
    }
}

/// Sends calls to TikTok and judges the answers. Follows no redirect, and repeats nothing that may have been
/// taken. Cheap to clone; clones share their connections.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: ApiBase,
}

/// No client could be made, such as on a machine without root certificates.
#[derive(Debug, thiserror::Error)]
#[error(
    "no HTTPS client can be made: see that this machine has root certificates (such as the package ca-certificates)"
)]
pub struct ClientError(#[source] reqwest::Error);

impl Client {
    /// Makes a client. It connects with the first call.
    ///
    /// Certificates are checked against those that the machine trusts; proxies are those of the environment.
    /// A stand-in on this machine is reached without TLS and without a proxy.
    pub fn new(config: ClientConfig) -> Result<Self, ClientError> {
        // When the process has chosen a provider already, that one serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(CONNECT)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_CONNECTIONS);
        let builder = if config.base.is_loopback() {
            let here = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
            builder
                .no_proxy()
                .tls_certs_only(std::iter::empty())
                .resolve_to_addrs("localhost", &here.map(|address| SocketAddr::new(address, 0)))
        } else {
            builder.https_only(true)
        };
        Ok(Self {
            http: builder.build().map_err(ClientError)?,
            base: config.base,
        })
    }

    /// Posts a JSON body. Never fails: without a readable answer the verdict is [`crate::Verdict::Retry`].
    /// `timeout` is for the whole call, from the connection to the last byte of the answer.
    pub async fn post_json(
        &self,
        asked: impl Into<Asked>,
        token: Option<&AccessToken>,
        body: Bytes,
        timeout: Duration,
    ) -> Answer {
        let asked = asked.into();
        let json = HeaderValue::from_static("application/json");
        let request = self
            .http
            .post(self.url(asked))
            .header(CONTENT_TYPE, json)
            .body(body.clone());
        answered(request, Some(&body), asked, token, timeout).await
    }

    /// Posts a form with one file (`multipart/form-data`). Else as [`Self::post_json`].
    pub async fn post_file(
        &self,
        asked: impl Into<Asked>,
        token: Option<&AccessToken>,
        fields: &[(&'static str, &str)],
        (name, content): (&str, Bytes),
        timeout: Duration,
    ) -> Answer {
        let asked = asked.into();
        let length = content.len() as u64;
        let part = Part::stream_with_length(content, length).file_name(name.to_owned());
        let form = fields
            .iter()
            .fold(Form::new(), |form, (name, value)| {
                form.text(*name, (*value).to_owned())
            })
            .part("file", part);
        let request = self.http.post(self.url(asked)).multipart(form);
        answered(request, None, asked, token, timeout).await
    }

    /// Gets an answer by names and values in the query, which are escaped here. Lists go as JSON text
    /// (reference, 2.1). Else as [`Self::post_json`].
    pub async fn get_json(
        &self,
        asked: impl Into<Asked>,
        token: Option<&AccessToken>,
        query: &[(&str, &str)],
        timeout: Duration,
    ) -> Answer {
        let asked = asked.into();
        let request = self.http.get(self.url(asked)).query(query);
        answered(request, None, asked, token, timeout).await
    }

    fn url(&self, asked: Asked) -> String {
        format!("{}{}", self.base.as_str(), asked.endpoint.path())
    }
}

async fn answered(
    request: RequestBuilder,
    sent: Option<&[u8]>,
    asked: Asked,
    token: Option<&AccessToken>,
    timeout: Duration,
) -> Answer {
    let begun = Instant::now();
    let request = match token {
        Some(token) => request.header("Access-Token", token.header()),
        None => request,
    };
    match fetch::fetch(request.timeout(timeout)).await {
        Ok(fetched) => Answer::judged(fetched, sent, asked, begun.elapsed()),
        Err(lost) => Answer::lost(&lost, begun.elapsed()),
    }
}
