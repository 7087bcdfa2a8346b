//! The four calls of OAuth, and the one that asks who a token belongs to.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::App;
use crate::client::{Answer, Client};
use crate::codes;
use crate::endpoint::Endpoint;
use crate::token::AccessToken;
use crate::verdict::{AuthReason, RetryReason, Verdict};

/// How often a call is made that was surely not taken.
const TRIES: u32 = 2;

/// A token that TikTok has just given. `Debug` shows nothing of it.
#[derive(Clone)]
pub struct NewToken {
    text: String,
    token: AccessToken,
}

impl NewToken {
    /// Takes a token as TikTok gave it, or as a person pasted it. White space around it is dropped.
    ///
    /// # Errors
    /// As of [`AccessToken::new`].
    pub fn new(text: &str) -> Result<Self, crate::TokenError> {
        Ok(Self {
            token: AccessToken::new(text)?,
            text: text.trim().to_owned(),
        })
    }

    /// The text, to be stored as a secret.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// For calls.
    pub fn token(&self) -> &AccessToken {
        &self.token
    }
}

impl fmt::Debug for NewToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewToken(…)")
    }
}

/// What an authorisation code was exchanged for.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The token.
    pub token: NewToken,
    /// The ids of the accounts that it reaches.
    pub advertiser_ids: Vec<String>,
    /// Its numeric scopes.
    pub scopes: Vec<u64>,
}

/// An advertiser account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: String,
    /// Its name, as its owner wrote it.
    pub name: String,
}

/// Why a call did not succeed. Nothing in it can hold a token, a code or a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The authorisation code was used, cancelled, or is older than an hour (40110, 40115).
    CodeDead,
    /// The app's id and secret do not fit, or the app is blocked (40101, 40113).
    AppRejected,
    /// The token is not taken any more.
    TokenDead,
    /// The token lacks a scope or a role.
    GrantMissing,
    /// No answer, throttling, or trouble inside TikTok. The call may have been taken.
    Down,
    /// Anything else, an answer without the fields that it should have among it.
    Other,
}

/// A call that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// Why.
    pub why: Why,
    /// TikTok's return code.
    pub code: Option<i64>,
    /// The id by which TikTok's support finds the call.
    pub request_id: Option<String>,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code, self.why) {
            (Some(0), _) => f.write_str("TikTok's answer lacks what it should hold"),
            (Some(code), _) => {
                write!(f, "TikTok said {code}")?;
                codes::find(code).map_or(Ok(()), |known| {
                    write!(f, ": {}", known.meaning.trim_end_matches('.'))
                })
            }
            (None, _) => f.write_str("TikTok gave no answer"),
        }
    }
}

impl std::error::Error for Failed {}

/// Exchanges an authorisation code, which works once (reference, 1.3). `timeout` is for one try.
pub async fn exchange(client: &Client, app: &App, code: &str, timeout: Duration) -> Result<Grant, Failed> {
    let body = json!({"app_id": app.id(), "secret": app.secret(), "auth_code": code}).to_string();
    let call = Call::Post(body.into());
    let answer = answered(client, Endpoint::AccessToken, &call, timeout).await?;
    let data = answer.data.as_ref();
    let text = data
        .and_then(|data| data.get("access_token"))
        .and_then(Value::as_str);
    let Some(token) = text.and_then(|text| NewToken::new(text).ok()) else {
        return Err(failed(&answer, Why::Other));
    };
    let list = |name| {
        data.and_then(|data| data.get(name))
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    Ok(Grant {
        token,
        advertiser_ids: list("advertiser_ids").filter_map(id).collect(),
        scopes: list("scope").filter_map(scope).collect(),
    })
}

/// The accounts that a token reaches, by name (reference, 1.5). The app must be the token's own.
pub async fn accounts(
    client: &Client,
    app: &App,
    token: &AccessToken,
    timeout: Duration,
) -> Result<Vec<Account>, Failed> {
    let query = [("app_id", app.id()), ("secret", app.secret())];
    let call = Call::Get(token, &query);
    let answer = answered(client, Endpoint::Advertisers, &call, timeout).await?;
    let list = answer.data.as_ref().and_then(|data| data.get("list"));
    let account = |value: &Value| {
        Some(Account {
            id: id(value.get("advertiser_id")?)?,
            name: value
                .get("advertiser_name")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
        })
    };
    match list.and_then(Value::as_array) {
        Some(list) => Ok(list.iter().filter_map(account).collect()),
        None => Err(failed(&answer, Why::Other)),
    }
}

/// Asks whether TikTok takes a token, without any app: for pasted ones.
pub async fn user(client: &Client, token: &AccessToken, timeout: Duration) -> Result<(), Failed> {
    let call = Call::Get(token, &[]);
    answered(client, Endpoint::UserInfo, &call, timeout)
        .await
        .map(|_| ())
}

/// Ends a token (reference, 1.4). A token that is dead already counts as [`Why::TokenDead`].
pub async fn revoke(client: &Client, app: &App, token: &NewToken, timeout: Duration) -> Result<(), Failed> {
    let body =
        json!({"app_id": app.id(), "secret": app.secret(), "access_token": token.expose()}).to_string();
    let call = Call::Post(body.into());
    answered(client, Endpoint::RevokeToken, &call, timeout)
        .await
        .map(|_| ())
}

/// What is sent: a body, without a token; or names and values, with one.
enum Call<'a> {
    Post(Bytes),
    Get(&'a AccessToken, &'a [(&'a str, &'a str)]),
}

async fn answered(
    client: &Client,
    endpoint: Endpoint,
    call: &Call<'_>,
    timeout: Duration,
) -> Result<Answer, Failed> {
    let mut tries = 1;
    loop {
        let answer = match call {
            Call::Post(body) => client.post_json(endpoint, None, body.clone(), timeout).await,
            Call::Get(token, query) => client.get_json(endpoint, Some(token), query, timeout).await,
        };
        let why = match &answer.verdict {
            Verdict::Accepted => return Ok(answer),
            Verdict::Retry {
                why: RetryReason::NotSent | RetryReason::RateLimited,
                ..
            } if tries < TRIES => {
                tries += 1;
                continue;
            }
            Verdict::Retry { .. } => Why::Down,
            Verdict::Unauthorized { why, .. } => match why {
                AuthReason::AuthCodeDead => Why::CodeDead,
                AuthReason::AppRejected => Why::AppRejected,
                AuthReason::TokenDead => Why::TokenDead,
                AuthReason::GrantMissing | AuthReason::SourceDenied => Why::GrantMissing,
                AuthReason::NotOnAllowlist => Why::Other,
            },
            _ => Why::Other,
        };
        return Err(failed(&answer, why));
    }
}

fn failed(answer: &Answer, why: Why) -> Failed {
    Failed {
        why,
        code: answer.code,
        request_id: answer.request_id.clone(),
    }
}

/// An id is text; TikTok's digests of it say so, and a number is taken all the same.
fn id(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn scope(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}
