//! Where all objects lie: an S3 bucket, or a local folder in its place.
//!
//! [`Store`] is the contract; [`LocalStore`] and `S3Store` (feature `aws`) keep it, and [`conformance`] holds both to it.

pub mod conformance;
mod contract;
mod error;
mod key;
mod local;
#[cfg(feature = "aws")]
mod s3;

pub use contract::{ETag, Listed, Object, Put, Stat, Store, Timestamp, Version};
pub use error::{BoxError, Operation, StoreError};
pub use key::{MAX_KEY_BYTES, check_key};
pub use local::LocalStore;
#[cfg(feature = "aws")]
pub use s3::S3Store;
