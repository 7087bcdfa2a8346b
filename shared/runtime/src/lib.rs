#![doc = include_str!("../README.md")]

#[cfg(feature = "aws")]
pub mod aws;
pub mod call_log;
pub mod connections;
pub mod deadline;
pub mod envelopes;
pub mod facts;
mod form;
pub mod http;
#[cfg(feature = "aws")]
pub mod lambda;
pub mod logs;
pub mod register;
pub mod secrets;
pub mod settings;
pub mod settle;
pub mod store;
