//! One call, read from the wire.

use axum::http::{HeaderMap, Method, Uri, header};
use bytes::Bytes;

/// Where TikTok's API begins; paths are written without it in faults and limits.
pub(crate) const API_PREFIX: &str = "/open_api/v1.3";

/// The path without `/open_api/v1.3`.
pub(crate) fn short_path(path: &str) -> &str {
    path.strip_prefix(API_PREFIX)
        .filter(|rest| rest.starts_with('/'))
        .unwrap_or(path)
}

/// A call with its body, before anything was checked. Has no `Debug`: it holds the token.
pub(crate) struct Call {
    pub(crate) method: Method,
    /// The whole path.
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) token: Option<String>,
    pub(crate) content_type: String,
    pub(crate) body: Bytes,
}

impl Call {
    pub(crate) fn new(method: Method, uri: &Uri, headers: &HeaderMap, body: Bytes) -> Self {
        let text = |name: &str| {
            headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
        };
        let query = url::form_urlencoded::parse(uri.query().unwrap_or("").as_bytes());
        Self {
            method,
            path: uri.path().to_owned(),
            query: query.into_owned().collect(),
            token: text("access-token"),
            content_type: text(header::CONTENT_TYPE.as_str()).unwrap_or_default(),
            body,
        }
    }

    pub(crate) fn short_path(&self) -> &str {
        short_path(&self.path)
    }

    /// The first value of a query parameter.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether the content type is this one, whatever parameters follow it.
    pub(crate) fn is_of_type(&self, wanted: &str) -> bool {
        let kind = self.content_type.split(';').next().unwrap_or("");
        kind.trim().eq_ignore_ascii_case(wanted)
    }
}
