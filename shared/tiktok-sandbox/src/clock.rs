//! The sandbox's clock: real time, shifted or stopped by the settings.

use jiff::Timestamp;

/// Tells the sandbox's time. Starts as real time; can be stopped at a moment and moved forward.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    stopped_at_ms: Option<i64>,
    ahead_ms: i64,
}

impl Clock {
    /// Milliseconds since 1970 by this clock.
    pub(crate) fn now_ms(&self) -> i64 {
        self.stopped_at_ms
            .unwrap_or_else(|| Timestamp::now().as_millisecond())
            .saturating_add(self.ahead_ms)
    }

    /// Stops the clock at this second, or lets it follow real time again.
    pub(crate) fn set(&mut self, seconds: Option<i64>) {
        self.stopped_at_ms = seconds.map(|seconds| seconds.saturating_mul(1000));
        self.ahead_ms = 0;
    }

    /// Moves the clock; a stopped clock stands still again afterwards.
    pub(crate) fn advance(&mut self, seconds: i64) {
        self.ahead_ms = self.ahead_ms.saturating_add(seconds.saturating_mul(1000));
    }
}

/// `YYYY-MM-DD HH:MM:SS` in UTC, as audiences show their times.
pub(crate) fn text(ms: i64) -> String {
    format(ms, "%Y-%m-%d %H:%M:%S")
}

/// The 14 digits that a request id starts with.
pub(crate) fn digits(ms: i64) -> String {
    format(ms, "%Y%m%d%H%M%S")
}

/// The UTC day, counted from 1970.
pub(crate) fn day(ms: i64) -> i64 {
    ms.div_euclid(86_400_000)
}

fn format(ms: i64, pattern: &str) -> String {
    Timestamp::from_millisecond(ms)
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .strftime(pattern)
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_clock_moves_only_when_told() {
        let mut clock = Clock::default();
        clock.set(Some(1_785_585_600));
        clock.advance(60);
        assert_eq!(clock.now_ms(), 1_785_585_660_000);
        assert_eq!(digits(clock.now_ms()), "20260801120100");
        assert_eq!(text(clock.now_ms()), "2026-08-01 12:01:00");
        clock.set(None);
        assert!((clock.now_ms() - Timestamp::now().as_millisecond()).abs() < 5_000);
    }
}
