//! The `Date` header of an answer: the only clock that may be compared with a last-modified time.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use jiff::Timestamp;

use crate::store::BoxError;

/// Put on a request, it keeps the `Date` of the last answer.
#[derive(Debug, Clone, Default)]
pub(super) struct DateHeader(Arc<Mutex<Option<Timestamp>>>);

impl DateHeader {
    /// The date; `None` when no answer came, or one without a readable `Date`.
    pub(super) fn date(&self) -> Option<Timestamp> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for DateHeader {
    fn name(&self) -> &'static str {
        "DateHeader"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date").and_then(parse);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = date;
        Ok(())
    }
}

/// RFC 9110's date (`Sun, 22 Nov 2026 10:00:00 GMT`), which is one of RFC 2822.
fn parse(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text)
        .ok()
        .map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_date_of_an_answer() {
        let check = |text: &str, expected: Option<i64>| {
            assert_eq!(parse(text).map(Timestamp::as_second), expected, "{text}");
        };
        check("Sun, 22 Nov 2026 10:00:00 GMT", Some(1_795_341_600));
        check("Thu, 01 Jan 1970 00:00:00 GMT", Some(0));
        check("yesterday", None);
        check("", None);
    }
}
