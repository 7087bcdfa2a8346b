#![doc = include_str!("../README.md")]

pub mod audience;
pub mod columns;
pub mod csv;
pub mod diff;
pub mod events;
pub mod identity;
pub mod key;
pub mod mapper;
pub mod names;
pub mod rejection;
pub mod row;
pub mod run;
mod source;
pub mod spec;
pub mod values;
