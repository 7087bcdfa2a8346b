//! A function that is woken by a queue, or by a browser through an HTTP API.

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;

use crate::deadline::Deadline;
use crate::envelopes::{SqsMessage, handle_batch};
use crate::http::{HttpRequest, HttpResponse};
use crate::store::BoxError;

/// Serves the messages of a queue until Lambda ends the process: each message on its own, what failed is reported by id
/// (`ReportBatchItemFailures` must be set on the event source).
///
/// # Errors
/// Lambda's Runtime API cannot be reached.
pub async fn serve_queue<F, Fut, E>(handle: F) -> Result<(), lambda_runtime::Error>
where
    F: Fn(SqsMessage, Deadline) -> Fut,
    Fut: Future<Output = Result<(), E>>,
    E: Into<BoxError>,
{
    let handle = &handle;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        let deadline = Deadline::from_epoch_ms(event.context.deadline);
        handle_batch(&event.payload, |message| handle(message, deadline.clone()))
            .await
            .map_err(BoxError::from)
    }))
    .await
}

/// Serves an HTTP API until Lambda ends the process.
///
/// # Errors
/// Lambda's Runtime API cannot be reached.
pub async fn serve_http<F, Fut>(handle: F) -> Result<(), lambda_runtime::Error>
where
    F: Fn(HttpRequest) -> Fut,
    Fut: Future<Output = HttpResponse>,
{
    let handle = &handle;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        let request = HttpRequest::from_event(&event.payload)
            .ok_or("the event is none of an HTTP API (payload format 2.0)")?;
        Ok::<_, BoxError>(handle(request).await.to_event())
    }))
    .await
}
