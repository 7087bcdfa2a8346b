//! Helpers of the tests across the crates.
