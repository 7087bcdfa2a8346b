#![doc = include_str!("../README.md")]

mod context;
mod deliver;
mod progress;
mod send;
mod token;

pub use context::{Context, Handled, Settings};
pub use deliver::deliver;
