//! What a message asks for.

use jiff::Timestamp;
use serde_json::Value;

use super::EnvelopeError;
use crate::form;
use crate::store::ETag;

/// An object was created in a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Created {
    /// The bucket's name.
    pub bucket: String,
    /// The key, decoded.
    pub key: String,
    /// The size in bytes.
    pub size: Option<u64>,
    /// The version's id, in a bucket that keeps versions.
    pub version_id: Option<String>,
    /// The version of the content.
    pub etag: Option<ETag>,
    /// When it happened. For people: it decides nothing.
    pub event_time: Option<Timestamp>,
    /// Orders the events of one key.
    pub sequencer: Option<String>,
}

/// One thing that a message asks for, or not.
#[derive(Debug)]
pub enum Wake {
    /// An object was created.
    Created(S3Created),
    /// A schedule asks for a task.
    Scheduled {
        /// The task's name.
        task: String,
        /// The sync it is about, where it is about one.
        sync: Option<String>,
    },
    /// Well-formed, and not for us. Acknowledged.
    Ignored {
        /// Why, as a sentence.
        reason: String,
    },
    /// One record among others is malformed. Acknowledged, and logged as an error.
    Malformed(EnvelopeError),
}

/// Reads the body of a message.
///
/// # Errors
/// [`EnvelopeError`] when the whole body is malformed: acknowledged, and logged as an error.
pub fn wakes(body: &str) -> Result<Vec<Wake>, EnvelopeError> {
    let value: Value = serde_json::from_str(body)?;
    if value.get("Type").and_then(Value::as_str) == Some("Notification")
        && let Some(message) = value.get("Message").and_then(Value::as_str)
    {
        return of_body(&serde_json::from_str(message)?);
    }
    of_body(&value)
}

fn of_body(body: &Value) -> Result<Vec<Wake>, EnvelopeError> {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    if text("Event") == Some("s3:TestEvent") {
        return Ok(vec![ignored("S3 tests that it may write to this queue")]);
    }
    if let Some(records) = body.get("Records") {
        let records = records
            .as_array()
            .ok_or_else(|| EnvelopeError::unexpected("Records", "a list of S3 records"))?;
        let read = |(i, value)| record(value, &format!("Records[{i}]")).unwrap_or_else(Wake::Malformed);
        return Ok(records.iter().enumerate().map(read).collect());
    }
    if let (Some(source), Some(kind)) = (text("source"), text("detail-type")) {
        return Ok(vec![event_bridge(body, source, kind)?]);
    }
    if let Some(task) = text("task") {
        let sync = body.get("sync").and_then(Value::as_str).map(str::to_owned);
        return Ok(vec![Wake::Scheduled {
            task: task.to_owned(),
            sync,
        }]);
    }
    Err(EnvelopeError::unexpected(
        "",
        "a notification of S3 or the input of a schedule",
    ))
}

fn ignored(reason: impl Into<String>) -> Wake {
    Wake::Ignored {
        reason: reason.into(),
    }
}

/// A record of S3's own notification, version 2.x: minor versions only add fields ("Event message structure").
fn record(record: &Value, place: &str) -> Result<Wake, EnvelopeError> {
    let wanted = |name: &str| {
        let text = record.get(name).and_then(Value::as_str);
        text.ok_or_else(|| EnvelopeError::unexpected(format!("{place}.{name}"), "a text"))
    };
    let source = wanted("eventSource")?;
    if source != "aws:s3" {
        return Ok(ignored(format!("it comes from {}, not from S3", short(source))));
    }
    let version = wanted("eventVersion")?;
    if version.split('.').next() != Some("2") {
        return Ok(ignored(format!(
            "version {} of S3's notifications is not known",
            short(version)
        )));
    }
    let name = wanted("eventName")?;
    if !name
        .strip_prefix("s3:")
        .unwrap_or(name)
        .starts_with("ObjectCreated:")
    {
        return Ok(ignored(format!("{} creates no object", short(name))));
    }
    let part = record.get("s3").unwrap_or(&Value::Null);
    let object = part.get("object").unwrap_or(&Value::Null);
    let bucket = text_at(part, "bucket", "name")
        .ok_or_else(|| EnvelopeError::unexpected(format!("{place}.s3.bucket.name"), "a text"))?;
    let key = object
        .get("key")
        .and_then(Value::as_str)
        .and_then(form::decode)
        .filter(|key| !key.is_empty());
    let key = key.ok_or_else(|| {
        EnvelopeError::unexpected(format!("{place}.s3.object.key"), "a key in URL encoding")
    })?;
    Ok(Wake::Created(S3Created {
        bucket: bucket.to_owned(),
        key,
        size: object.get("size").and_then(Value::as_u64),
        version_id: text_in(object, "versionId"),
        etag: object.get("eTag").and_then(Value::as_str).map(ETag::new),
        event_time: time_in(record, "eventTime"),
        sequencer: text_in(object, "sequencer"),
    }))
}

/// S3's event by way of EventBridge, where keys are not encoded.
fn event_bridge(event: &Value, source: &str, kind: &str) -> Result<Wake, EnvelopeError> {
    if source == "aws.events" || source == "aws.scheduler" {
        return Ok(ignored(
            "a schedule without a task: set its input to {\"task\": ...}",
        ));
    }
    if source != "aws.s3" {
        return Ok(ignored(format!("it comes from {}, not from S3", short(source))));
    }
    if kind != "Object Created" {
        return Ok(ignored(format!("{} creates no object", short(kind))));
    }
    let detail = event.get("detail").unwrap_or(&Value::Null);
    let object = detail.get("object").unwrap_or(&Value::Null);
    let bucket = text_at(detail, "bucket", "name")
        .ok_or_else(|| EnvelopeError::unexpected("detail.bucket.name", "a text"))?;
    let key = text_in(object, "key").filter(|key| !key.is_empty());
    Ok(Wake::Created(S3Created {
        bucket: bucket.to_owned(),
        key: key.ok_or_else(|| EnvelopeError::unexpected("detail.object.key", "a text"))?,
        size: object.get("size").and_then(Value::as_u64),
        version_id: text_in(object, "version-id"),
        etag: object.get("etag").and_then(Value::as_str).map(ETag::new),
        event_time: time_in(event, "time"),
        sequencer: text_in(object, "sequencer"),
    }))
}

fn text_at<'a>(value: &'a Value, outer: &str, inner: &str) -> Option<&'a str> {
    value
        .get(outer)?
        .get(inner)?
        .as_str()
        .filter(|text| !text.is_empty())
}

fn text_in(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn time_in(value: &Value, name: &str) -> Option<Timestamp> {
    value
        .get(name)
        .and_then(Value::as_str)
        .and_then(|time| time.parse().ok())
}

/// What came from outside goes into a log line short and without control characters.
fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(body: &str) -> Wake {
        let mut wakes = wakes(body).unwrap();
        assert_eq!(wakes.len(), 1, "{wakes:?}");
        wakes.remove(0)
    }

    fn created(body: &str) -> S3Created {
        match one(body) {
            Wake::Created(created) => created,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_notification_names_the_object_in_plain_text() {
        let expected = S3Created {
            bucket: "acme-exports".to_owned(),
            key: "models/web-purchases/day 1+ä.csv.gz".to_owned(),
            size: Some(1024),
            version_id: Some("096fKKXTRTtl3on89fVO.nfljtsv6qko".to_owned()),
            etag: Some(ETag::new("d41d8cd98f00b204e9800998ecf8427e")),
            event_time: Some("2026-11-01T10:00:00Z".parse().unwrap()),
            sequencer: Some("0055AED6DCD90281E5".to_owned()),
        };
        assert_eq!(
            created(include_str!("../../fixtures/s3-put-with-encoded-key.json")),
            expected
        );
        assert_eq!(
            created(include_str!("../../fixtures/s3-put-through-sns.json")),
            expected
        );
    }

    #[test]
    fn a_key_in_event_bridge_is_not_encoded() {
        let created = created(include_str!("../../fixtures/s3-created-through-eventbridge.json"));
        assert_eq!(created.key, "models/100%+1 of a.csv");
        assert_eq!(
            (created.size, created.etag),
            (Some(5), Some(ETag::new("b1946ac92492d2347c6235b4d2611184")))
        );
    }

    #[test]
    fn copies_and_multipart_uploads_create_objects_too() {
        for name in [
            "ObjectCreated:Copy",
            "ObjectCreated:CompleteMultipartUpload",
            "s3:ObjectCreated:Post",
        ] {
            let body = include_str!("../../fixtures/s3-put-with-encoded-key.json")
                .replace("ObjectCreated:Put", name);
            assert_eq!(created(&body).bucket, "acme-exports");
        }
    }

    #[test]
    fn a_bucket_without_versions_tells_less() {
        let created = created(include_str!(
            "../../fixtures/s3-put-in-a-bucket-without-versions.json"
        ));
        assert_eq!(
            (created.key.as_str(), created.version_id),
            ("batches/web/r/0-0.jsonl", None)
        );
    }

    #[test]
    fn what_is_not_for_us_is_ignored_with_a_reason() {
        let check = |body: &str, expected: &str| match one(body) {
            Wake::Ignored { reason } => assert!(reason.contains(expected), "{reason}"),
            other => panic!("{other:?}"),
        };
        check(include_str!("../../fixtures/s3-test-event.json"), "S3 tests");
        check(
            include_str!("../../fixtures/s3-object-removed.json"),
            "ObjectRemoved:Delete creates no object",
        );
        check(
            include_str!("../../fixtures/s3-version-three.json"),
            "version 3.0",
        );
        check(
            include_str!("../../fixtures/eventbridge-schedule-without-input.json"),
            "a schedule without a task",
        );
        check(
            r#"{"Records":[{"eventSource":"aws:dynamodb","eventVersion":"1.1"}]}"#,
            "aws:dynamodb",
        );
        check(
            r#"{"source":"aws.s3","detail-type":"Object Deleted","detail":{}}"#,
            "Object Deleted",
        );
        check(r#"{"source":"acme","detail-type":"x"}"#, "acme");
    }

    #[test]
    fn a_schedule_names_its_task() {
        let check = |body: &str, expected: (&str, Option<&str>)| match one(body) {
            Wake::Scheduled { task, sync } => assert_eq!((task.as_str(), sync.as_deref()), expected),
            other => panic!("{other:?}"),
        };
        check(r#"{"task": "housekeeping"}"#, ("housekeeping", None));
        check(
            r#"{"task": "run", "sync": "vip-buyers"}"#,
            ("run", Some("vip-buyers")),
        );
    }

    #[test]
    fn malformed_bodies_are_errors_that_quote_nothing() {
        let bodies = [
            "",
            "{",
            "null",
            "[]",
            "\"jane@example.com\"",
            "{}",
            r#"{"Records": 7}"#,
            r#"{"email": "jane@example.com"}"#,
            r#"{"Type": "Notification", "Message": "jane@example.com"}"#,
            r#"{"source": "aws.s3", "detail-type": "Object Created"}"#,
            r#"{"source": "aws.s3", "detail-type": "Object Created", "detail": {"bucket": {"name": "b"}, "object": {"key": ""}}}"#,
        ];
        for body in bodies {
            let error = wakes(body).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("jane"), "{error:?}");
        }
    }

    #[test]
    fn a_bad_record_does_not_hide_the_good_one_beside_it() {
        let good = include_str!("../../fixtures/s3-put-with-encoded-key.json");
        let good: Value = serde_json::from_str(good).unwrap();
        let good = &good["Records"][0];
        for (place, value) in [
            ("/s3/object/key", Value::from("100%")),
            ("/s3/object/key", Value::from("%C3.csv")),
            ("/s3/object/key", Value::from("")),
            ("/s3/object/key", Value::Null),
            ("/s3/bucket/name", Value::from(7)),
            ("/s3", Value::Null),
            ("/eventName", Value::Null),
            ("/eventVersion", Value::Null),
            ("/eventSource", Value::Null),
        ] {
            let mut bad = good.clone();
            *bad.pointer_mut(place).unwrap() = value;
            let wakes = wakes(&serde_json::json!({"Records": [bad, good]}).to_string()).unwrap();
            assert!(
                matches!(wakes[..], [Wake::Malformed(_), Wake::Created(_)]),
                "{place}: {wakes:?}"
            );
        }
    }

    #[test]
    fn an_empty_list_of_records_asks_for_nothing() {
        assert!(wakes(r#"{"Records": []}"#).unwrap().is_empty());
    }
}
