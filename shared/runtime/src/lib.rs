#![doc = include_str!("../README.md")]

#[cfg(feature = "aws")]
pub mod aws;
pub mod deadline;
pub mod envelopes;
mod form;
#[cfg(feature = "aws")]
pub mod lambda;
pub mod logs;
pub mod secrets;
pub mod settings;
pub mod store;
