//! What a message asks of a function, with everything that is not for it logged and left out.

use super::{S3Created, Wake, wakes};

/// One thing that a function is asked for.
#[derive(Debug)]
pub enum Asked {
    /// An object was created in the function's bucket.
    Created(S3Created),
    /// A schedule asks for this task.
    Scheduled(String),
}

/// Reads the body of a message. What cannot be understood is logged and left out: it would not be understood the next
/// time either. So is what is about another bucket than `bucket`.
pub fn asked(body: &str, bucket: &str) -> Vec<Asked> {
    let wakes = wakes(body).unwrap_or_else(|error| {
        tracing::error!(
            error = error.to_string(),
            "the message is of no known form: dropped"
        );
        Vec::new()
    });
    wakes.into_iter().filter_map(|wake| one(wake, bucket)).collect()
}

fn one(wake: Wake, bucket: &str) -> Option<Asked> {
    match wake {
        Wake::Created(created) if created.bucket == bucket => return Some(Asked::Created(created)),
        Wake::Created(created) => {
            tracing::error!(
                bucket = created.bucket,
                "the message is about another bucket: dropped"
            );
        }
        Wake::Scheduled { task, .. } => return Some(Asked::Scheduled(task)),
        Wake::Ignored { reason } => tracing::info!(reason, "nothing to do"),
        Wake::Malformed(error) => {
            tracing::error!(error = error.to_string(), "a record is malformed: dropped");
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notification(bucket: &str) -> String {
        format!(
            r#"{{"Records": [{{"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
                "s3": {{"bucket": {{"name": "{bucket}"}}, "object": {{"key": "models/a+b.csv"}}}}}}]}}"#
        )
    }

    #[test]
    fn what_is_for_this_bucket_is_asked_and_nothing_else() {
        let found = asked(&notification("mine"), "mine");
        assert!(matches!(found.as_slice(), [Asked::Created(created)] if created.key == "models/a b.csv"));
        assert!(asked(&notification("other"), "mine").is_empty());
        assert!(asked("no json", "mine").is_empty());
        assert!(asked(r#"{"Event": "s3:TestEvent"}"#, "mine").is_empty());
        let scheduled = asked(r#"{"task": "housekeeping"}"#, "mine");
        assert!(matches!(scheduled.as_slice(), [Asked::Scheduled(task)] if task == "housekeeping"));
    }
}
