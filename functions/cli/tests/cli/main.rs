//! The binary `tideline`, as a user calls it.

mod broken;
mod demo;
mod init;
mod preview;
mod runs;
mod specs;
mod support;
