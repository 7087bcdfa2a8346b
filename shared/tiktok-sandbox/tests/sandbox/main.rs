//! The sandbox over HTTP, as clients meet it: one file for each part of TikTok's API.

#![allow(
    clippy::needless_pass_by_value,
    reason = "`json!` values read better without a reference"
)]

#[cfg(test)]
mod audience_access;
#[cfg(test)]
mod audience_files;
#[cfg(test)]
mod audience_lists;
#[cfg(test)]
mod bench;
#[cfg(test)]
mod controls;
#[cfg(test)]
mod events;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod oauth;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod segments;
#[cfg(test)]
mod uploads;
#[cfg(test)]
mod wire;
