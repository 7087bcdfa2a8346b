//! Answers on the wire: TikTok's envelope, and the few answers that have none.

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
};
use serde_json::{Value, json};

use crate::{clock, refusal::Refusal};

/// What a call is answered with.
#[derive(Debug)]
pub(crate) enum Answer {
    /// HTTP 200 with `code`, `message`, `request_id`, `data`.
    Envelope { code: u32, message: String, data: Value },
    /// Any other status or a body that is no envelope.
    Plain {
        status: u16,
        content_type: &'static str,
        body: String,
    },
    /// 302 to this address.
    Redirect(String),
}

impl Answer {
    pub(crate) fn text(status: u16, body: impl Into<String>) -> Self {
        Self::Plain {
            status,
            content_type: "text/plain; charset=utf-8",
            body: body.into(),
        }
    }

    pub(crate) fn html(status: u16, body: impl Into<String>) -> Self {
        Self::Plain {
            status,
            content_type: "text/html; charset=utf-8",
            body: body.into(),
        }
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::Plain {
            status,
            content_type: "application/json",
            body: body.to_string(),
        }
    }

    /// How the list of calls names this answer: the code, or `http_502`.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Envelope { code, .. } => code.to_string(),
            Self::Plain { status, .. } => format!("http_{status}"),
            Self::Redirect(_) => "http_302".to_owned(),
        }
    }

    /// Status, content type and text, ready to be sent. `request_id` goes into an envelope.
    pub(crate) fn into_parts(self, request_id: &str) -> (u16, &'static str, Vec<u8>, Option<String>) {
        match self {
            Self::Envelope { code, message, data } => {
                let body = json!({"code": code, "message": message, "request_id": request_id, "data": data});
                (200, "application/json", body.to_string().into_bytes(), None)
            }
            Self::Plain {
                status,
                content_type,
                body,
            } => (status, content_type, body.into_bytes(), None),
            Self::Redirect(location) => (302, "text/plain; charset=utf-8", Vec::new(), Some(location)),
        }
    }
}

impl From<Result<Value, Refusal>> for Answer {
    fn from(result: Result<Value, Refusal>) -> Self {
        match result {
            Ok(data) => Self::Envelope {
                code: 0,
                message: "OK".to_owned(),
                data,
            },
            Err(Refusal { code, message }) => Self::Envelope {
                code,
                message,
                data: json!({}),
            },
        }
    }
}

/// 14 digits of time and 20 capital hex digits.
pub(crate) fn request_id(now_ms: i64) -> String {
    clock::digits(now_ms) + &const_hex::encode_upper(rand::random::<[u8; 10]>())
}

/// The response, complete.
pub(crate) fn response(answer: Answer, request_id: &str) -> Response<Body> {
    let (status, content_type, body, location) = answer.into_parts(request_id);
    let mut response = head(status, content_type, request_id, Body::from(body));
    if let Some(location) = location.and_then(|location| HeaderValue::from_str(&location).ok()) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// The response with its length announced in full, of which only the first half is sent.
pub(crate) fn cut_off(answer: Answer, request_id: &str) -> Response<Body> {
    let (status, content_type, mut body, _) = answer.into_parts(request_id);
    let announced = body.len();
    body.truncate(announced / 2);
    let sent = futures::stream::iter([Ok::<_, std::io::Error>(body)]);
    let mut response = head(status, content_type, request_id, Body::from_stream(sent));
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, HeaderValue::from(announced));
    response
}

fn head(status: u16, content_type: &'static str, request_id: &str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert("x-tt-logid", id);
    }
    response
}
