//! What wakes a function: untrusted input with a grammar.
//!
//! ```text
//! SQS event   = { Records: [ message ] }             anything else fails the invocation
//! message     = { messageId?, attributes.ApproximateReceiveCount?, body }
//! body        = notification | test | schedule | wrapped
//! notification= { Records: [ record ] }              S3 to SQS, version 2.x, source aws:s3, ObjectCreated:*
//!             | { source: aws.s3, detail-type: Object Created, detail }   S3 to EventBridge to SQS
//! test        = { Event: s3:TestEvent }              sent once, when the notification is set up
//! schedule    = { task, sync? }                      our own: the input of a schedule
//! wrapped     = { Type: Notification, Message: body as text }             SNS, one level
//! ```
//!
//! What is well-formed but not for us (other versions, other events) is [`Wake::Ignored`] with a reason. What is
//! malformed is an [`EnvelopeError`]: **acknowledged and logged as an error, not retried**, since a malformed body stays
//! malformed, and five receives on the way to the dead-letter queue would only delay the same log line. Nothing is lost:
//! housekeeping lists the bucket and wakes what was missed. The dead-letter queue is for what crashes.

mod asked;
mod batch;
mod error;
mod sqs;
mod wake;

pub use asked::{Asked, asked};
pub use batch::{BatchError, BatchItemFailure, BatchResponse, handle_batch};
pub use error::EnvelopeError;
pub use sqs::{SqsMessage, messages};
pub use wake::{S3Created, Wake, wakes};
