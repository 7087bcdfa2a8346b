//! The whole dance: our pages, a browser, and the sandbox as TikTok.

mod bench;
mod canaries;
mod failures;
mod success;
