//! Patterns that are constants of the program.

use regex_lite::Regex;

/// Compiles a constant pattern. Each is used by a test, so that a wrong one cannot leave this machine.
#[expect(
    clippy::expect_used,
    reason = "the patterns are constants, and every one is compiled by a test"
)]
pub(crate) fn pattern(constant: &'static str) -> Regex {
    Regex::new(constant).expect("a constant pattern")
}
