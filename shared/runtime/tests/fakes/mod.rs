//! Stand-ins for AWS's wire, so that the real SDK is what is tested.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "each test uses its part of this"
)]

pub mod s3;
pub mod secrets_manager;

use axum::Router;
use runtime::aws::AwsClients;

/// Serves on a free port of this machine as long as the test runs; gives clients that talk to it.
pub async fn serve(router: Router) -> AwsClients {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let credentials = aws_sdk_s3::config::Credentials::new("test", "test", None, None, "test");
    let loader = aws_config::defaults(aws_config::BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(aws_sdk_s3::config::Region::new("eu-west-1"))
        .credentials_provider(credentials);
    AwsClients::with(loader).await
}

/// `%XX` as in paths; a plus stays one.
pub fn decode(text: &str) -> String {
    let (bytes, mut decoded, mut i) = (text.as_bytes(), Vec::new(), 0);
    while let Some(byte) = bytes.get(i) {
        if *byte == b'%' {
            decoded.push(u8::from_str_radix(text.get(i + 1..i + 3).unwrap(), 16).unwrap());
            i += 3;
        } else {
            decoded.push(*byte);
            i += 1;
        }
    }
    String::from_utf8(decoded).unwrap()
}
