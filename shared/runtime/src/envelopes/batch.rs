//! A batch of messages, each handled on its own.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use serde::Serialize;
use serde_json::Value;

use super::{EnvelopeError, SqsMessage, messages};
use crate::logs::with_causes;
use crate::store::BoxError;

/// What an event source with `ReportBatchItemFailures` takes: the messages that come back. All others are deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchResponse {
    /// The messages that come back.
    pub batch_item_failures: Vec<BatchItemFailure>,
}

/// One message that comes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchItemFailure {
    /// The message's id.
    pub item_identifier: String,
}

/// Why a whole invocation fails, so that all its messages come back.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The event is none of a queue.
    #[error("the invocation cannot be split into messages")]
    NoBatch(#[from] EnvelopeError),
    /// A message failed that cannot be named in the answer.
    #[error("a message without an id failed; all messages of its batch come back")]
    NoMessageId,
}

/// Handles the messages of an SQS event one after the other. A message that fails or panics comes back, and takes no
/// other one with it.
///
/// # Errors
/// [`BatchError`]: the whole batch comes back.
pub async fn handle_batch<F, Fut, E>(event: &Value, handle: F) -> Result<BatchResponse, BatchError>
where
    F: Fn(SqsMessage) -> Fut,
    Fut: Future<Output = Result<(), E>>,
    E: Into<BoxError>,
{
    let mut response = BatchResponse::default();
    let mut nameless = false;
    for message in messages(event)? {
        let (id, receive_count) = (message.message_id.clone(), message.receive_count);
        let work = async { handle(message).await.map_err(Into::into) };
        let shown = id.as_deref().unwrap_or("absent");
        match AssertUnwindSafe(work).catch_unwind().await {
            Ok(Ok(())) => continue,
            Ok(Err(error)) => {
                let error: BoxError = error;
                tracing::error!(
                    message_id = shown,
                    receive_count,
                    error = with_causes(&*error),
                    "a message failed"
                );
            }
            // The hook has logged the place; the message may quote a row.
            Err(_) => tracing::error!(message_id = shown, receive_count, "a message failed by a panic"),
        }
        match id {
            Some(id) => response
                .batch_item_failures
                .push(BatchItemFailure { item_identifier: id }),
            None => nameless = true,
        }
    }
    if nameless {
        Err(BatchError::NoMessageId)
    } else {
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use serde_json::json;

    fn event(messages: &[(Option<&str>, &str)]) -> Value {
        let records: Vec<Value> = messages
            .iter()
            .map(|(id, body)| match id {
                Some(id) => json!({"messageId": id, "body": body}),
                None => json!({"body": body}),
            })
            .collect();
        json!({ "Records": records })
    }

    /// Handles messages by what their body says; gives the answer and the bodies that were handled.
    async fn run(messages: &[(Option<&str>, &str)]) -> (Result<Value, BatchError>, Vec<String>) {
        let seen = Mutex::new(Vec::new());
        let answer = handle_batch(&event(messages), |message| {
            seen.lock().unwrap().push(message.body.clone());
            assert!(message.body != "panic at once", "jane@example.com");
            async move {
                tokio::task::yield_now().await;
                match message.body.as_str() {
                    "fail" => Err("it did not work"),
                    "panic" => panic!("jane@example.com"),
                    _ => Ok(()),
                }
            }
        })
        .await;
        (
            answer.map(|response| serde_json::to_value(response).unwrap()),
            seen.into_inner().unwrap(),
        )
    }

    #[tokio::test]
    async fn only_what_failed_comes_back() {
        let messages = [
            (Some("a"), "ok"),
            (Some("b"), "fail"),
            (Some("c"), "panic"),
            (Some("d"), "panic at once"),
            (Some("e"), "ok"),
        ];
        let (answer, seen) = run(&messages).await;
        let expected = json!({"batchItemFailures": [
            {"itemIdentifier": "b"}, {"itemIdentifier": "c"}, {"itemIdentifier": "d"},
        ]});
        assert_eq!(answer.unwrap(), expected);
        assert_eq!(seen, ["ok", "fail", "panic", "panic at once", "ok"]);
    }

    #[tokio::test]
    async fn a_batch_that_worked_names_nothing() {
        let (answer, _) = run(&[(Some("a"), "ok"), (None, "ok")]).await;
        assert_eq!(answer.unwrap(), json!({"batchItemFailures": []}));
    }

    #[tokio::test]
    async fn a_failure_without_an_id_brings_the_whole_batch_back() {
        for body in ["fail", "panic"] {
            let (answer, seen) = run(&[(Some("a"), "fail"), (None, body), (Some("c"), "ok")]).await;
            assert!(matches!(answer, Err(BatchError::NoMessageId)));
            assert_eq!(seen.len(), 3, "the messages behind it are handled all the same");
        }
    }

    #[tokio::test]
    async fn another_event_fails_the_invocation() {
        let answer = handle_batch(&json!({"detail": {}}), async |_| Ok::<(), BoxError>(())).await;
        assert!(matches!(answer, Err(BatchError::NoBatch(_))));
    }
}
