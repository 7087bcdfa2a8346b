//! A request and an answer of an HTTP API, as events of Lambda (payload format 2.0). Untrusted input with a grammar.
//!
//! On AWS a browser's cookies come in the event's list `cookies`; an emulator leaves them in the header. Both are read.

use std::fmt;

use serde_json::{Map, Value, json};

use crate::form::decode;

/// The longest query, and the longest text of cookies, that is read. Longer ones count as absent.
const MAX_BYTES: usize = 16 * 1024;

/// What a browser asks for. `Debug` shows method and path only: queries and cookies may hold secrets.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct HttpRequest {
    method: String,
    path: String,
    query: Vec<(String, String)>,
    cookies: Vec<(String, String)>,
}

/// An answer. `Debug` shows the status only.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(&'static str, String)>,
    /// Values of `Set-Cookie`.
    pub cookies: Vec<String>,
    /// The body.
    pub body: String,
}

impl HttpRequest {
    /// Makes a request from its parts: `query` without its question mark, cookies as headers and lists hold them
    /// (`a=1; b=2`).
    pub fn new<'a>(
        method: &str,
        path: &str,
        query: &str,
        cookies: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let pair = |text: &str| {
            let (name, value) = text.split_once('=').unwrap_or((text, ""));
            Some((decode(name)?, decode(value)?))
        };
        let cookie = |text: &str| {
            let (name, value) = text.trim().split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        };
        let query = if query.len() > MAX_BYTES { "" } else { query };
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query
                .split('&')
                .filter(|part| !part.is_empty())
                .filter_map(pair)
                .collect(),
            cookies: cookies
                .into_iter()
                .filter(|text| text.len() <= MAX_BYTES)
                .flat_map(|text| text.split(';').filter_map(cookie))
                .collect(),
        }
    }

    /// Reads an event of an HTTP API; `None` when it is none (payload format 2.0).
    pub fn from_event(event: &Value) -> Option<Self> {
        let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
        let method = text("/requestContext/http/method")?;
        let path = text("/rawPath")?;
        let listed = event.get("cookies").and_then(Value::as_array);
        let listed = listed.into_iter().flatten().filter_map(Value::as_str);
        let headers = event.get("headers").and_then(Value::as_object);
        let headers = headers.into_iter().flatten();
        let header = headers
            .filter(|(name, _)| name.eq_ignore_ascii_case("cookie"))
            .filter_map(|(_, value)| value.as_str());
        let query = text("/rawQueryString").unwrap_or_default();
        Some(Self::new(method, path, query, listed.chain(header)))
    }

    /// The method, in capitals as browsers send it.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The path, with its slash at the beginning.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// A parameter's value. One that comes twice counts as absent: which of them counts is not guessed.
    pub fn query(&self, name: &str) -> Option<&str> {
        let mut values = self.query.iter().filter(|(n, _)| n == name);
        let first = values.next()?;
        values.next().is_none().then_some(first.1.as_str())
    }

    /// A cookie's value, the first of this name.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpRequest({} {})", self.method, self.path)
    }
}

impl HttpResponse {
    /// The answer as Lambda hands it to an HTTP API.
    pub fn to_event(&self) -> Value {
        let headers: Map<String, Value> = self
            .headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str())))
            .collect();
        json!({
            "statusCode": self.status,
            "headers": headers,
            "cookies": self.cookies,
            "body": self.body,
            "isBase64Encoded": false,
        })
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpResponse({})", self.status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Value {
        serde_json::from_str(include_str!("../fixtures/http-api-event-with-cookies.json")).unwrap()
    }

    #[test]
    fn an_event_of_aws_holds_its_cookies_in_a_list() {
        let request = HttpRequest::from_event(&event()).unwrap();
        assert_eq!((request.method(), request.path()), ("GET", "/oauth/callback"));
        assert_eq!(request.query("state"), Some("acme.1 é"));
        assert_eq!(request.query("auth_code"), Some("0f1e+2d"));
        assert_eq!(request.cookie("__Host-tideline-0a"), Some("11=22"));
        assert_eq!(request.cookie("other"), Some("x"));
        assert_eq!(request.cookie("absent"), None);
    }

    #[test]
    fn an_event_of_an_emulator_holds_its_cookies_in_the_header() {
        let mut event = event();
        event.as_object_mut().unwrap().remove("cookies");
        event["headers"]["Cookie"] = json!("other=x; __Host-tideline-0a=11=22");
        let request = HttpRequest::from_event(&event).unwrap();
        assert_eq!(request.cookie("__Host-tideline-0a"), Some("11=22"));
        assert_eq!(request.cookie("other"), Some("x"));
    }

    #[test]
    fn other_events_are_none_and_odd_parameters_are_absent() {
        for event in [
            json!({}),
            json!(null),
            json!({"Records": []}),
            json!({"rawPath": "/"}),
        ] {
            assert_eq!(HttpRequest::from_event(&event), None, "{event}");
        }
        let request = HttpRequest::new("GET", "/", "a=1&a=2&b=%zz&c&=d&&e=%00", [";;=;x"]);
        let found: Vec<_> = ["a", "b", "c", "", "e"].map(|name| request.query(name)).into();
        assert_eq!(found, [None, None, Some(""), Some("d"), Some("\0")]);
        let long = format!("a={}", "x".repeat(MAX_BYTES));
        assert_eq!(
            HttpRequest::new("GET", "/", &long, [long.as_str()]).query("a"),
            None
        );
    }

    #[test]
    fn neither_side_shows_what_it_holds() {
        let request = HttpRequest::new("GET", "/oauth/callback", "auth_code=canary", ["c=canary"]);
        let response = HttpResponse {
            status: 303,
            headers: vec![("location", "done".into())],
            cookies: vec!["c=canary".into()],
            body: "canary".into(),
        };
        assert!(!format!("{request:?} {response:?}").contains("canary"));
        assert_eq!(
            response.to_event(),
            json!({"statusCode": 303, "headers": {"location": "done"}, "cookies": ["c=canary"], "body": "canary",
                   "isBase64Encoded": false})
        );
    }
}
