//! Where tokens and keys lie: Secrets Manager, or a local folder in its place.
//!
//! [`Secrets`] is the contract; [`FileSecrets`] and `AwsSecrets` (feature `aws`) keep it, and [`conformance`] holds
//! both to it. Values are [`SecretText`] from the moment they are read.

#[cfg(feature = "aws")]
mod aws;
pub mod conformance;
mod contract;
mod error;
mod file;
pub mod names;
mod text;

#[cfg(feature = "aws")]
pub use aws::AwsSecrets;
pub use contract::{SecretValue, Secrets};
pub use error::SecretsError;
pub use file::FileSecrets;
pub use text::SecretText;
