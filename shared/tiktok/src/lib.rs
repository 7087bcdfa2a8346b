#![doc = include_str!("../README.md")]

pub mod audiences;
mod backoff;
mod base;
mod client;
pub mod codes;
mod endpoint;
pub mod isolate;
mod message;
pub mod oauth;
mod pace;
mod pattern;
pub mod redact;
mod shown;
mod token;
mod verdict;

pub use backoff::backoff;
pub use base::{ApiBase, BaseError};
pub use client::{Answer, Client, ClientConfig, ClientError};
pub use endpoint::{Asked, Endpoint};
pub use isolate::{Budget, IndexTrust, Isolation};
pub use pace::{Limits, Pace, TooLate};
pub use redact::Redacted;
pub use shown::ShownRequest;
pub use token::{AccessToken, TokenError};
pub use verdict::{AuthReason, Cause, RetryReason, Verdict, judge};
