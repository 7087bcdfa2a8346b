#![doc = include_str!("../README.md")]

mod callback;
mod connection;
mod context;
mod done;
mod failure;
mod handle;
mod layout;
mod link;
mod signing;
mod start;
mod state;
mod uses;

pub use connection::{Checked, Connection, StoredAccount, app, check, connect_token, read, store};
pub use context::Context;
pub use failure::Failure;
pub use handle::handle;
pub use link::{LinkError, LinkSecret, MAX_MINUTES};
pub use uses::{Use, uses};
