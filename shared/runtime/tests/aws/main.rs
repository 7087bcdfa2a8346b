//! The real SDK against stand-ins for AWS's wire.

#[cfg(test)]
mod aws_secrets;
#[cfg(test)]
mod fake_s3;
#[cfg(test)]
mod fake_secrets_manager;
#[cfg(test)]
mod s3_store;
#[cfg(test)]
mod wire;
