//! The binary `tideline`, as a user calls it.

#[cfg(test)]
mod audience_rules;
#[cfg(test)]
mod audiences;
#[cfg(test)]
mod broken;
#[cfg(test)]
mod connect;
#[cfg(test)]
mod debug;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod init;
#[cfg(test)]
mod numbers;
#[cfg(test)]
mod preview;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod runs;
#[cfg(test)]
mod second_actions;
#[cfg(test)]
mod specs;
#[cfg(test)]
mod support;
#[cfg(test)]
mod upgrade;
