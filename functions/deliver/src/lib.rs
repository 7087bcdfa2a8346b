#![doc = include_str!("../README.md")]

mod context;
mod deliver;
mod isolate;
mod message;
mod progress;
mod send;
mod token;
mod twins;
mod upload;

pub use context::{Context, Handled, Settings, Tally};
pub use deliver::deliver;
pub use message::on_message;
