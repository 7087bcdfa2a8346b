//! An S3 bucket.
//!
//! The role needs `s3:GetObject`, `s3:PutObject`, `s3:DeleteObject` and `s3:ListBucket`; without the last, S3 answers
//! 403 instead of 404 for an object that is not there, and every look for a missing fact is an error.

mod clock;
mod failure;
mod store;

pub use store::S3Store;
