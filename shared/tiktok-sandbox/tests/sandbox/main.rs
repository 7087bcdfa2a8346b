//! The sandbox over HTTP, as clients meet it: one file for each part of TikTok's API.

mod audience_files;
mod bench;
mod controls;
mod events;
mod faults;
mod oauth;
mod readme;
mod segments;
mod wire;
