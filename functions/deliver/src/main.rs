//! The Lambda function `deliver`: only wiring.

use std::num::NonZeroU32;
use std::sync::Arc;

use deliver::{Context, Settings, Tally, on_message};
use runtime::aws::AwsClients;
use runtime::secrets::AwsSecrets;
use runtime::store::S3Store;
use tiktok::{ApiBase, Client, ClientConfig, Limits, Pace};

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let settings = runtime::settings::Settings::from_env()?;
    runtime::logs::start_in_lambda(settings.log_level);
    let clients = AwsClients::load().await;
    let base = match &settings.api_endpoint {
        Some(endpoint) => ApiBase::loopback(endpoint)?,
        None => ApiBase::production(),
    };
    let limits = match settings.calls_per_second.and_then(NonZeroU32::new) {
        Some(calls) => Limits::default().at_most(calls),
        None => Limits::default(),
    };
    let call_timeout = settings.call_timeout();
    let lease_seconds = settings.quiet_seconds();
    let context = Context {
        store: Arc::new(S3Store::new(clients.s3, &settings.bucket)),
        secrets: Arc::new(AwsSecrets::new(clients.secrets)),
        client: Client::new(ClientConfig::new(base))?,
        pace: Pace::new(limits),
        bucket: settings.bucket,
        settings: Settings {
            call_timeout,
            lease_seconds,
            calls_in_flight: settings.calls_in_flight,
            max_receives: settings.max_receives,
            ..Settings::default()
        },
        tally: Arc::new(Tally::default()),
    };
    runtime::lambda::serve_queue(|message, deadline| on_message(&context, message, deadline)).await
}
