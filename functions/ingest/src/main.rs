//! The Lambda function `ingest`: only wiring.

use std::sync::Arc;

use ingest::{Context, Settings, on_message};
use runtime::aws::AwsClients;
use runtime::secrets::AwsSecrets;
use runtime::store::S3Store;
use tiktok::{ApiBase, Client, ClientConfig};

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let settings = runtime::settings::Settings::from_env()?;
    runtime::logs::start_in_lambda(settings.log_level);
    let clients = AwsClients::load().await;
    let limits = Settings {
        quiet_seconds: settings.quiet_seconds(),
        call_timeout: settings.call_timeout(),
        ..Settings::default()
    };
    let store = Arc::new(S3Store::new(clients.s3, &settings.bucket));
    let secrets = Arc::new(AwsSecrets::new(clients.secrets));
    let base = match &settings.api_endpoint {
        Some(endpoint) => ApiBase::loopback(endpoint)?,
        None => ApiBase::production(),
    };
    let client = Client::new(ClientConfig::new(base))?;
    let context = Context::new(store, secrets, settings.bucket, limits).with_client(client);
    runtime::lambda::serve_queue(|message, _deadline| on_message(&context, message)).await
}
