//! What the secret of a destination holds.

use std::fmt;
use std::time::Duration;

use runtime::secrets::{SecretText, Secrets, SecretsError, names};
use serde::{Deserialize, Serialize};
use sync_core::names::DestinationName;
use tiktok::Client;
use tiktok::oauth::{self, Ability, Account, App, Failed, Grant, NewToken, Why};

/// A secret holds 65,536 bytes at most (Secrets Manager, `PutSecretValue`); accounts may fill this much of it.
const MAX_ACCOUNT_BYTES: usize = 48 * 1024;

/// The longest name of an account that is kept, in characters.
const MAX_NAME: usize = 100;

/// A destination: its token, and what was known when it was connected. `Debug` shows nothing of the token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    access_token: String,
    /// The accounts that the token reaches; for a pasted token none are known.
    #[serde(default)]
    pub accounts: Vec<StoredAccount>,
    /// How many accounts there are beyond those, where there are very many.
    #[serde(default)]
    pub more_accounts: usize,
    /// Numeric scopes, as text (they are above 2^53); empty where they are not known.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// When it was connected, ISO 8601; empty in a secret that a person wrote.
    #[serde(default)]
    pub connected_at: String,
    /// The app that the token belongs to; none for a pasted token.
    #[serde(default)]
    pub app_id: Option<String>,
}

/// An advertiser account of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredAccount {
    /// Its id.
    pub id: String,
    /// Its name; empty where TikTok did not tell it.
    pub name: String,
}

/// The secret of the developer app.
#[derive(Serialize, Deserialize)]
struct KeptApp {
    app_id: String,
    secret: String,
}

impl Connection {
    /// What a code was exchanged for. `now` is the time in epoch seconds.
    pub(crate) fn of_grant(app: &App, grant: &Grant, accounts: Vec<Account>, now: i64) -> Self {
        let (accounts, more_accounts) = fitting(accounts);
        Self {
            access_token: grant.token.expose().to_owned(),
            accounts,
            more_accounts,
            scopes: grant.scopes.iter().map(ToString::to_string).collect(),
            connected_at: time(now),
            app_id: Some(app.id().to_owned()),
        }
    }

    /// A pasted token, and the accounts that the check found.
    fn of_token(token: &NewToken, checked: Checked, app: Option<&App>, now: i64) -> Self {
        let (accounts, app_id) = match checked {
            Checked::Accounts(accounts) => (accounts, app.map(|app| app.id().to_owned())),
            Checked::Taken => (Vec::new(), None),
        };
        let (accounts, more_accounts) = fitting(accounts);
        Self {
            access_token: token.expose().to_owned(),
            accounts,
            more_accounts,
            scopes: Vec::new(),
            connected_at: time(now),
            app_id,
        }
    }

    /// The token, for calls; `None` when the secret holds none that can be used.
    pub fn token(&self) -> Option<NewToken> {
        NewToken::new(&self.access_token).ok()
    }

    /// Whether its scopes allow something; `None` where they are not known.
    pub fn can(&self, ability: Ability) -> Option<bool> {
        let scopes: Vec<u64> = self
            .scopes
            .iter()
            .filter_map(|scope| scope.parse().ok())
            .collect();
        oauth::can(&scopes, ability)
    }

    /// Whether it reaches an account; `None` where not all accounts are known.
    pub fn reaches(&self, advertiser: &str) -> Option<bool> {
        let known = self.accounts.iter().any(|account| account.id == advertiser);
        let all = self.more_accounts == 0 && self.app_id.is_some();
        if known { Some(true) } else { all.then_some(false) }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("accounts", &self.accounts)
            .field("scopes", &self.scopes)
            .field("connected_at", &self.connected_at)
            .finish_non_exhaustive()
    }
}

/// The developer app; `None` when none was stored.
///
/// # Errors
/// The secret cannot be asked for, or does not hold `{"app_id": …, "secret": …}`.
pub async fn app(secrets: &dyn Secrets, bucket: &str) -> Result<Option<App>, SecretsError> {
    let name = names::app(bucket);
    let Some(secret) = secrets.get(&name).await? else {
        return Ok(None);
    };
    // Neither error may quote the secret.
    let kept: Option<KeptApp> = serde_json::from_str(secret.value.expose()).ok();
    let app = kept.and_then(|kept| App::new(&kept.app_id, &kept.secret).ok());
    app.map(Some).ok_or(SecretsError::Unreadable { name })
}

/// The connection of a destination with the name of its version; `None` when it is not connected.
///
/// # Errors
/// The secret cannot be asked for, or holds something else.
pub async fn read(
    secrets: &dyn Secrets,
    bucket: &str,
    name: &DestinationName,
) -> Result<Option<(Connection, String)>, SecretsError> {
    let secret_name = names::destination(bucket, name.as_str());
    let Some(secret) = secrets.get(&secret_name).await? else {
        return Ok(None);
    };
    match serde_json::from_str(secret.value.expose()) {
        Ok(connection) => Ok(Some((connection, secret.version))),
        Err(_) => Err(SecretsError::Unreadable { name: secret_name }),
    }
}

/// Stores a connection as a new version; the one before stays for a rollback.
///
/// # Errors
/// The secret cannot be written.
pub async fn store(
    secrets: &dyn Secrets,
    bucket: &str,
    name: &DestinationName,
    connection: &Connection,
) -> Result<String, SecretsError> {
    let secret_name = names::destination(bucket, name.as_str());
    let Ok(text) = serde_json::to_string(connection) else {
        return Err(SecretsError::Unreadable { name: secret_name });
    };
    secrets.put(&secret_name, SecretText::new(text)).await
}

/// What TikTok said of a token that it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checked {
    /// It reaches these accounts.
    Accounts(Vec<Account>),
    /// TikTok takes it; which accounts it reaches is not known, since it belongs to another app, or to none.
    Taken,
}

/// Asks TikTok whether it takes a token. A token of the app is asked for its accounts; another one for its user.
///
/// # Errors
/// [`Failed`]: the token is dead, or TikTok gave no clear answer.
pub async fn check(
    client: &Client,
    app: Option<&App>,
    token: &NewToken,
    timeout: Duration,
) -> Result<Checked, Failed> {
    if let Some(app) = app {
        match oauth::accounts(client, app, token.token(), timeout).await {
            Ok(accounts) => return Ok(Checked::Accounts(accounts)),
            Err(failed) if matches!(failed.why, Why::AppRejected | Why::GrantMissing | Why::Other) => {}
            Err(failed) => return Err(failed),
        }
    }
    match oauth::user(client, token.token(), timeout).await {
        // A token that was made for events alone may not ask who it belongs to. It is a token all the same.
        Ok(()) => Ok(Checked::Taken),
        Err(failed) if failed.why == Why::GrantMissing => Ok(Checked::Taken),
        Err(failed) => Err(failed),
    }
}

/// Stores a pasted token that TikTok has been asked about. `now` is the time in epoch seconds.
///
/// # Errors
/// The secret cannot be written.
pub async fn connect_token(
    secrets: &dyn Secrets,
    bucket: &str,
    name: &DestinationName,
    token: &NewToken,
    checked: Checked,
    app: Option<&App>,
    now: i64,
) -> Result<Connection, SecretsError> {
    let connection = Connection::of_token(token, checked, app, now);
    store(secrets, bucket, name, &connection).await?;
    Ok(connection)
}

/// As many accounts as a secret holds, and how many are left out.
fn fitting(accounts: Vec<Account>) -> (Vec<StoredAccount>, usize) {
    let all = accounts.len();
    let mut bytes = 0;
    let kept: Vec<StoredAccount> = accounts
        .into_iter()
        .map(|account| StoredAccount {
            name: account.name.chars().take(MAX_NAME).collect(),
            id: account.id,
        })
        .take_while(|account| {
            // A character may become six of JSON.
            bytes += account.id.len() + 6 * account.name.chars().count().max(account.name.len() / 4) + 32;
            bytes <= MAX_ACCOUNT_BYTES
        })
        .collect();
    let more = all - kept.len();
    (kept, more)
}

fn time(now: i64) -> String {
    jiff::Timestamp::from_second(now).map_or_else(|_| String::new(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(id: usize) -> Account {
        Account {
            id: format!("{id:019}"),
            name: "Sühne \"1\" ".repeat(30),
        }
    }

    #[test]
    fn a_secret_never_grows_beyond_what_may_be_stored() {
        let (kept, more) = fitting((0..5_000).map(account).collect());
        assert_eq!(kept.len() + more, 5_000);
        assert!(kept.len() > 50 && more > 0);
        assert!(serde_json::to_string(&kept).unwrap().len() <= MAX_ACCOUNT_BYTES);
        assert_eq!(kept[0].name.chars().count(), MAX_NAME);
        assert_eq!(fitting(vec![account(1)]).1, 0);
    }

    #[test]
    fn a_secret_that_a_person_wrote_is_a_connection_and_shows_no_token() {
        let connection: Connection = serde_json::from_str(r#"{"access_token":"canary-token"}"#).unwrap();
        assert!(!format!("{connection:?}").contains("canary"));
        assert_eq!(connection.token().unwrap().expose(), "canary-token");
        assert_eq!(connection.can(Ability::OfflineEvents), None);
        assert_eq!(connection.reaches("1"), None);
    }
}
