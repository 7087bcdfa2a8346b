//! The Lambda function `oauth-callback`: only wiring.

use std::sync::Arc;

use oauth_callback::{Context, handle};
use runtime::aws::AwsClients;
use runtime::secrets::AwsSecrets;
use runtime::store::S3Store;
use tiktok::{ApiBase, Client, ClientConfig};

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let settings = runtime::settings::Settings::from_env()?;
    runtime::logs::start_in_lambda(settings.log_level);
    let clients = AwsClients::load().await;
    let base = match &settings.api_endpoint {
        Some(endpoint) => ApiBase::loopback(endpoint)?,
        None => ApiBase::production(),
    };
    let context = Context {
        store: Arc::new(S3Store::new(clients.s3, &settings.bucket)),
        secrets: Arc::new(AwsSecrets::new(clients.secrets)),
        client: Client::new(ClientConfig::new(base.clone()))?,
        base,
        bucket: settings.bucket,
    };
    let context = &context;
    runtime::lambda::serve_http(|request| async move {
        handle(context, &request, jiff::Timestamp::now().as_second()).await
    })
    .await
}
