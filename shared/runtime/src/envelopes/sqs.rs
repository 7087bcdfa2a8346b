//! The event of an SQS queue.

use serde_json::Value;

use super::EnvelopeError;

/// One message of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqsMessage {
    /// The id that a failure is reported by. SQS always sends one; where it is absent it is not invented.
    pub message_id: Option<String>,
    /// How often the message was received, this time included; 1 where it is not told.
    pub receive_count: u32,
    /// The body, for [`wakes`](super::wakes).
    pub body: String,
}

/// The messages of an SQS event.
///
/// # Errors
/// [`EnvelopeError::Unexpected`] when it is no such event, or a record has no body. Nothing can be acknowledged by
/// itself then, so the whole invocation fails.
pub fn messages(event: &Value) -> Result<Vec<SqsMessage>, EnvelopeError> {
    let records = event.get("Records").and_then(Value::as_array);
    let records = records.ok_or_else(|| EnvelopeError::unexpected("Records", "the list of an SQS event"))?;
    let messages = records.iter().enumerate().map(|(i, record)| {
        let body = record.get("body").and_then(Value::as_str);
        let body = body.ok_or_else(|| EnvelopeError::unexpected(format!("Records[{i}].body"), "a text"))?;
        let id = record
            .get("messageId")
            .and_then(Value::as_str)
            .filter(|id| !id.is_empty());
        let count = record
            .pointer("/attributes/ApproximateReceiveCount")
            .and_then(Value::as_str);
        Ok(SqsMessage {
            message_id: id.map(str::to_owned),
            receive_count: count.and_then(|count| count.parse().ok()).unwrap_or(1),
            body: body.to_owned(),
        })
    });
    messages.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_the_messages_of_an_event() {
        let event =
            serde_json::from_str(include_str!("../../fixtures/sqs-event-of-two-messages.json")).unwrap();
        let messages = messages(&event).unwrap();
        assert_eq!(messages.len(), 2);
        assert_eq!(
            messages[0].message_id.as_deref(),
            Some("059f36b4-87a3-44ab-83d2-661975830a7d")
        );
        assert_eq!((messages[0].receive_count, messages[1].receive_count), (1, 4));
        assert_eq!(super::super::wakes(&messages[0].body).unwrap().len(), 1);
    }

    #[test]
    fn an_absent_id_stays_absent() {
        for record in [
            json!({"body": "x"}),
            json!({"body": "x", "messageId": ""}),
            json!({"body": "x", "messageId": 7}),
        ] {
            let messages = messages(&json!({"Records": [record]})).unwrap();
            assert_eq!(
                messages,
                [SqsMessage {
                    message_id: None,
                    receive_count: 1,
                    body: "x".to_owned()
                }]
            );
        }
    }

    #[test]
    fn other_events_are_refused() {
        for event in [
            json!(null),
            json!({}),
            json!({"Records": {}}),
            json!({"Records": [{"messageId": "a"}]}),
            json!([]),
        ] {
            assert!(messages(&event).is_err(), "{event} was taken");
        }
        assert_eq!(messages(&json!({"Records": []})).unwrap(), []);
    }
}
