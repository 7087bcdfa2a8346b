//! What is written to the log, and how.
//!
//! Fields are opt-in: `#[instrument(skip_all, fields(sync, run))]`, identifiers and counts only. Rows, events, bodies of
//! requests and answers, tokens and e-mail addresses are never fields. Of other crates only warnings and errors are
//! written, at any level: the AWS SDK and the HTTP clients log whole requests when they are asked to.
//!
//! A panic is logged with its place only. Its message may quote what was being worked on.

use std::error::Error;
use std::fmt::Write;
use std::io::{IsTerminal, stderr};

use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

/// The crates whose log is ours, by their names in targets.
const OURS: [&str; 8] = [
    "deliver",
    "ingest",
    "oauth_callback",
    "runtime",
    "sync_core",
    "tideline",
    "tiktok",
    "tiktok_sandbox",
];

/// For a function: one JSON object a line on stdout, which CloudWatch takes as it is.
///
/// Called once, at the start; a second call changes nothing.
pub fn start_in_lambda(level: Level) {
    let lines = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_env_filter(filter(level));
    // Fails only where a log was started before.
    let _ = lines.try_init();
    log_panics_without_message();
}

/// For a person: short lines on stderr, in colour when that is a terminal. Data goes to stdout, beside it.
///
/// Called once, at the start; a second call changes nothing.
pub fn start_at_terminal(level: Level) {
    let lines = tracing_subscriber::fmt()
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal())
        .without_time()
        .with_target(false)
        .with_env_filter(filter(level));
    let _ = lines.try_init();
    log_panics_without_message();
}

/// An error with its causes, as one line: `what failed: why: why that`.
pub fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let shown = error.to_string();
        // Some errors show their cause themselves.
        if !text.ends_with(&shown) {
            // Writing to a `String` never fails.
            let _ = write!(text, ": {shown}");
        }
        cause = error.source();
    }
    text
}

fn filter(level: Level) -> EnvFilter {
    let ours: Vec<String> = OURS.iter().map(|name| format!("{name}={level}")).collect();
    EnvFilter::builder()
        .with_default_directive(LevelFilter::WARN.into())
        .parse_lossy(ours.join(","))
}

fn log_panics_without_message() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a panic ended this piece of work");
    }));
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn other_crates_only_warn() {
        let kept = Kept::default();
        let writer = kept.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_env_filter(filter(Level::TRACE))
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::trace!("ours");
            tracing::info!(target: "aws_smithy_runtime::client", "a request with a body");
            tracing::trace!(target: "hyper_util", "a body");
            tracing::warn!(target: "lambda_runtime", "a warning");
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains("ours") && text.contains("a warning"), "{text}");
    }

    #[test]
    fn an_error_is_shown_with_its_causes() {
        #[derive(Debug, thiserror::Error)]
        #[error("the object could not be read")]
        struct Outer(#[source] io::Error);
        let error = Outer(io::Error::other("the disk is gone"));
        assert_eq!(
            with_causes(&error),
            "the object could not be read: the disk is gone"
        );
    }
}
