//! The clients of AWS, built once at a function's cold start.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

/// A connection that is not there after this time is not coming.
const CONNECT: Duration = Duration::from_secs(3);

/// One attempt of a request, body included: the largest are ranges of some MiB.
const ATTEMPT: Duration = Duration::from_secs(30);

/// Attempts of a request in all; what fails then comes back with its message.
const ATTEMPTS: u32 = 4;

/// The clients that Tideline uses.
#[derive(Debug, Clone)]
pub struct AwsClients {
    /// S3.
    pub s3: aws_sdk_s3::Client,
    /// Secrets Manager.
    pub secrets: aws_sdk_secretsmanager::Client,
}

impl AwsClients {
    /// Builds the clients from the environment as every AWS tool reads it (region, credentials, profile).
    ///
    /// With an endpoint of one's own (`AWS_ENDPOINT_URL`, an emulator) buckets are addressed by path: there is no
    /// sub-domain of theirs.
    pub async fn load() -> Self {
        Self::with(aws_config::defaults(BehaviorVersion::latest())).await
    }

    /// Builds the clients from a configuration of one's own, with our time-outs and attempts.
    pub async fn with(loader: ConfigLoader) -> Self {
        let http = Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(ATTEMPT)
            .build();
        let config = loader
            .http_client(http)
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .load()
            .await;
        let s3 = aws_sdk_s3::config::Builder::from(&config)
            .force_path_style(config.endpoint_url().is_some())
            .build();
        Self {
            s3: aws_sdk_s3::Client::from_conf(s3),
            secrets: aws_sdk_secretsmanager::Client::new(&config),
        }
    }
}
