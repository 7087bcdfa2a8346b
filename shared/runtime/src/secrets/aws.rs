//! Secrets in Secrets Manager.
//!
//! The role needs `secretsmanager:GetSecretValue`, `CreateSecret`, `PutSecretValue`, `DeleteSecret` and `RestoreSecret`
//! on `tideline/<bucket>/*`; `ListSecrets` can only be allowed for all secrets, and shows no values. A stack must not
//! create these secrets: one without a value can be neither read nor made.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::http::HttpResponse;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType};

use super::names;
use super::{SecretText, SecretValue, Secrets, SecretsError};
use crate::store::BoxError;

/// How often a name that is just being deleted is tried again, with pauses that double from 200 ms (13 s in all).
const TRIES: u32 = 7;

/// Keeps secrets in Secrets Manager.
#[derive(Debug, Clone)]
pub struct AwsSecrets(Client);

impl AwsSecrets {
    /// The client is built once, by [`AwsClients`](crate::aws::AwsClients).
    pub fn new(client: Client) -> Self {
        Self(client)
    }

    /// Makes a secret; `None` when it exists, or is scheduled for deletion.
    async fn create(&self, name: &str, value: &SecretText) -> Result<Created, SecretsError> {
        match self
            .0
            .create_secret()
            .name(name)
            .secret_string(value.expose())
            .send()
            .await
        {
            Ok(output) => Ok(Created::Version(output.version_id.unwrap_or_default())),
            Err(error) => match error.code() {
                Some("ResourceExistsException") => Ok(Created::Exists),
                Some("InvalidRequestException") if is_about_deletion(&error) => Ok(Created::Deleting),
                _ => Err(secrets_error(name, error)),
            },
        }
    }

    /// Calls a secret back that a person has scheduled for deletion; `false` when it is really gone, or going.
    async fn restore(&self, name: &str) -> Result<bool, SecretsError> {
        match self.0.restore_secret().secret_id(name).send().await {
            Ok(_) => Ok(true),
            Err(error) if is(&error, &["ResourceNotFoundException", "InvalidRequestException"]) => Ok(false),
            Err(error) => Err(secrets_error(name, error)),
        }
    }
}

enum Created {
    Version(String),
    Exists,
    Deleting,
}

#[async_trait]
impl Secrets for AwsSecrets {
    async fn get(&self, name: &str) -> Result<Option<SecretValue>, SecretsError> {
        names::check(name)?;
        let output = match self.0.get_secret_value().secret_id(name).send().await {
            Ok(output) => output,
            Err(error) if is(&error, &["ResourceNotFoundException"]) || is_about_deletion(&error) => {
                return Ok(None);
            }
            Err(error) => return Err(secrets_error(name, error)),
        };
        match (output.secret_string, output.version_id) {
            (Some(value), Some(version)) => Ok(Some(SecretValue {
                value: SecretText::new(value),
                version,
            })),
            _ => Err(SecretsError::Unreadable {
                name: name.to_owned(),
            }),
        }
    }

    async fn put(&self, name: &str, value: SecretText) -> Result<String, SecretsError> {
        names::check(name)?;
        for tries in 0..TRIES {
            let error = match self
                .0
                .put_secret_value()
                .secret_id(name)
                .secret_string(value.expose())
                .send()
                .await
            {
                Ok(output) => return Ok(output.version_id.unwrap_or_default()),
                Err(error) => error,
            };
            if is_about_deletion(&error) {
                if !self.restore(name).await? {
                    tokio::time::sleep(pause(tries)).await;
                }
                continue;
            }
            if !is(&error, &["ResourceNotFoundException"]) {
                return Err(secrets_error(name, error));
            }
            match self.create(name, &value).await? {
                Created::Version(version) => return Ok(version),
                Created::Exists => {}
                Created::Deleting => {
                    if !self.restore(name).await? {
                        tokio::time::sleep(pause(tries)).await;
                    }
                }
            }
        }
        Err(still_deleting(name))
    }

    /// A secret that a person has scheduled for deletion is called back and counts as existing: a fingerprint key that
    /// changed would make every row a new one.
    async fn put_new(&self, name: &str, value: SecretText) -> Result<bool, SecretsError> {
        names::check(name)?;
        for tries in 0..TRIES {
            match self.create(name, &value).await? {
                Created::Version(_) => return Ok(true),
                Created::Exists => return Ok(false),
                Created::Deleting => {
                    if self.restore(name).await? {
                        return Ok(false);
                    }
                    tokio::time::sleep(pause(tries)).await;
                }
            }
        }
        Err(still_deleting(name))
    }

    async fn delete(&self, name: &str) -> Result<(), SecretsError> {
        names::check(name)?;
        match self
            .0
            .delete_secret()
            .secret_id(name)
            .force_delete_without_recovery(true)
            .send()
            .await
        {
            Ok(_) => Ok(()),
            Err(error) if is(&error, &["ResourceNotFoundException"]) || is_about_deletion(&error) => Ok(()),
            Err(error) => Err(secrets_error(name, error)),
        }
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, SecretsError> {
        let mut found = Vec::new();
        let mut page = None;
        loop {
            let filter = Filter::builder()
                .key(FilterNameStringType::Name)
                .values(prefix)
                .build();
            let request = self
                .0
                .list_secrets()
                .filters(filter)
                .max_results(100)
                .set_next_token(page);
            let output = request
                .send()
                .await
                .map_err(|error| secrets_error(prefix, error))?;
            // The service's filter is coarser: it does not tell capitals from small letters.
            found.extend(
                output
                    .secret_list
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(|secret| {
                        secret
                            .name
                            .filter(|name| secret.deleted_date.is_none() && name.starts_with(prefix))
                    }),
            );
            page = output.next_token;
            if page.is_none() {
                break;
            }
        }
        found.sort_unstable();
        Ok(found)
    }
}

fn is<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>, codes: &[&str]) -> bool {
    error.code().is_some_and(|code| codes.contains(&code))
}

/// `InvalidRequestException` has several meanings, told apart by its text only: "marked for deletion" and "scheduled
/// for deletion" is one of them.
fn is_about_deletion<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    is(error, &["InvalidRequestException"]) && error.message().is_some_and(|text| text.contains("delet"))
}

fn pause(tries: u32) -> Duration {
    Duration::from_millis(200_u64 << tries.min(8))
}

fn still_deleting(name: &str) -> SecretsError {
    let source: BoxError = "a secret of this name is still being deleted".into();
    SecretsError::Transient {
        name: name.to_owned(),
        source,
    }
}

/// Classifies a failed request. Of an answer that the service did not mean as an error nothing is kept: the SDK's error
/// holds its body, and that may be the secret.
fn secrets_error<E>(name: &str, error: SdkError<E, HttpResponse>) -> SecretsError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let name = name.to_owned();
    let status = error.raw_response().map(|response| response.status().as_u16());
    let code = error.code().map(str::to_owned);
    let source: BoxError = match error {
        SdkError::ServiceError(context) => context.into_err().into(),
        SdkError::ResponseError(_) => "an answer that cannot be read".into(),
        other => other.into(),
    };
    match (status, code.as_deref()) {
        (
            _,
            Some(
                "InternalServiceError"
                | "ThrottlingException"
                | "ExpiredTokenException"
                | "RequestExpired"
                | "ServiceUnavailable",
            ),
        )
        | (None | Some(408 | 429 | 500..=599), _) => SecretsError::Transient { name, source },
        (
            _,
            Some(
                "AccessDeniedException"
                | "UnrecognizedClientException"
                | "InvalidSignatureException"
                | "MissingAuthenticationTokenException"
                | "DecryptionFailure"
                | "EncryptionFailure",
            ),
        )
        | (Some(401 | 403), _) => SecretsError::Denied { name, source },
        _ => SecretsError::Rejected { name, source },
    }
}
