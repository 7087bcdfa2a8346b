#![doc = include_str!("../README.md")]

pub mod codes;
mod endpoint;
mod message;
mod pattern;
pub mod redact;
mod verdict;

pub use endpoint::{Asked, Endpoint};
pub use redact::Redacted;
pub use verdict::{AuthReason, Cause, RetryReason, Verdict, judge};
