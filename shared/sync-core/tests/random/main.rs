//! A million inputs, made at random from what people and machines write: nothing panics, and no bad value gets out.
//!
//! The same entries stand in `fuzz/`, for a fuzzer that learns from coverage.

#[cfg(test)]
mod inputs;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod values;
