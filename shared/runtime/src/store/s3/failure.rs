//! From the SDK's errors to the store's: the one place where it is decided what trying again can heal.

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use crate::store::{BoxError, Operation, StoreError};

/// The status of the answer, if one came.
pub(super) fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// Whether S3 says that there is no such object (and not: no such bucket).
pub(super) fn is_absent<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    status(error) == Some(404) && error.code() != Some("NoSuchBucket")
}

/// Classifies a failed request.
pub(super) fn store_error<E>(operation: Operation, key: &str, error: SdkError<E, HttpResponse>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let kind = match &error {
        SdkError::ConstructionFailure(_) => Kind::Rejected,
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) => Kind::Transient,
        _ => kind(status(&error), error.code()),
    };
    let (key, source): (_, BoxError) = (key.to_owned(), error.into());
    match kind {
        Kind::Transient => StoreError::Transient {
            operation,
            key,
            source,
        },
        Kind::Denied => StoreError::Denied {
            operation,
            key,
            source,
        },
        Kind::Rejected => StoreError::Rejected {
            operation,
            key,
            source,
        },
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Transient,
    Denied,
    Rejected,
}

fn kind(status: Option<u16>, code: Option<&str>) -> Kind {
    match (status, code) {
        // Credentials and clocks are renewed: S3 answers these with 400 and 403.
        (
            _,
            Some(
                "ExpiredToken"
                | "RequestTimeout"
                | "RequestTimeTooSkewed"
                | "SlowDown"
                | "InternalError"
                | "ServiceUnavailable"
                | "OperationAborted",
            ),
        ) => Kind::Transient,
        (Some(401 | 403), _) => Kind::Denied,
        // 409: two conditional writes met, more often than was tried again.
        (Some(408 | 409 | 425 | 429 | 500..=599), _) => Kind::Transient,
        (Some(300..=499), _) => Kind::Rejected,
        // An answer that cannot be read, or a failure without one.
        _ => Kind::Transient,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_by_itself_is_tried_again() {
        let check = |status, code, expected| assert_eq!(kind(status, code), expected, "{status:?} {code:?}");
        check(Some(503), Some("SlowDown"), Kind::Transient);
        check(Some(500), None, Kind::Transient);
        check(Some(429), None, Kind::Transient);
        check(Some(409), Some("ConditionalRequestConflict"), Kind::Transient);
        check(Some(400), Some("ExpiredToken"), Kind::Transient);
        check(Some(403), Some("RequestTimeTooSkewed"), Kind::Transient);
        check(None, None, Kind::Transient);
        check(Some(403), Some("AccessDenied"), Kind::Denied);
        check(Some(403), None, Kind::Denied);
        check(Some(404), Some("NoSuchBucket"), Kind::Rejected);
        check(Some(400), Some("EntityTooLarge"), Kind::Rejected);
        check(Some(301), Some("PermanentRedirect"), Kind::Rejected);
    }
}
