#![doc = include_str!("../README.md")]

mod body;
mod call;
mod check;
mod clock;
mod codes;
mod connection;
mod control;
mod endpoints;
mod events;
mod faults;
mod handler;
mod limits;
mod refusal;
mod reply;
mod server;
mod settings;
mod state;
mod tokens;

pub use events::EventRecord;
pub use server::{Running, Sandbox, SandboxConfig, serve_until_signal};
pub use settings::EventSource;
pub use state::{CallCounts, SandboxState};
pub use tokens::{ADVERTISERS, APP_ID, APP_SECRET, EVENT_SET_ID, PIXEL_CODE, TOKEN};
