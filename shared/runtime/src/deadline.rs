//! How long this invocation may still work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// The moment at which Lambda ends the invocation. The wall clock is read once, when it is made.
#[derive(Debug, Clone)]
pub struct Deadline {
    end: Option<Instant>,
    /// Somebody asked this process to end: no time is left.
    asked: Option<Arc<AtomicBool>>,
}

impl Deadline {
    /// From the deadline in a Lambda context, in milliseconds since 1970. One that has passed leaves no time.
    pub fn from_epoch_ms(milliseconds: u64) -> Self {
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Self::after(Duration::from_millis(milliseconds).saturating_sub(now))
    }

    /// This long from now.
    pub fn after(time: Duration) -> Self {
        Self {
            end: Instant::now().checked_add(time),
            asked: None,
        }
    }

    /// For work that nobody ends, as at a terminal.
    pub fn never() -> Self {
        Self {
            end: None,
            asked: None,
        }
    }

    /// For work at a terminal that a person may end: from then on no time is left.
    pub fn until_asked(asked: Arc<AtomicBool>) -> Self {
        Self {
            end: None,
            asked: Some(asked),
        }
    }

    /// Whether somebody asked this process to end.
    pub fn is_asked(&self) -> bool {
        self.asked
            .as_ref()
            .is_some_and(|asked| asked.load(Ordering::Relaxed))
    }

    /// The time that is left; [`Duration::MAX`] where there is no end.
    pub fn remaining(&self) -> Duration {
        if self.is_asked() {
            return Duration::ZERO;
        }
        match self.end {
            Some(end) => end.saturating_duration_since(Instant::now()),
            None => Duration::MAX,
        }
    }

    /// Whether work that takes this long at most is done in time.
    pub fn allows(&self, time: Duration) -> bool {
        self.remaining() >= time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now_ms() -> u64 {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        u64::try_from(now.as_millis()).unwrap()
    }

    #[test]
    fn counts_down_to_the_moment_of_the_context() {
        let deadline = Deadline::from_epoch_ms(now_ms() + 60_000);
        assert!(
            deadline.remaining() > Duration::from_secs(58) && deadline.remaining() <= Duration::from_mins(1)
        );
        assert!(deadline.allows(Duration::from_secs(50)));
        assert!(!deadline.allows(Duration::from_secs(61)));
    }

    #[test]
    fn a_deadline_that_has_passed_leaves_no_time() {
        for deadline in [
            Deadline::from_epoch_ms(0),
            Deadline::from_epoch_ms(now_ms() - 1),
            Deadline::after(Duration::ZERO),
        ] {
            assert_eq!(deadline.remaining(), Duration::ZERO);
            assert!(!deadline.allows(Duration::from_nanos(1)));
        }
    }

    #[test]
    fn no_time_is_left_when_a_person_asks_for_the_end() {
        let asked = Arc::new(AtomicBool::new(false));
        let deadline = Deadline::until_asked(asked.clone());
        assert!(deadline.allows(Duration::MAX));
        asked.store(true, Ordering::Relaxed);
        assert_eq!(deadline.remaining(), Duration::ZERO);
    }

    #[test]
    fn without_an_end_everything_is_in_time() {
        for deadline in [Deadline::never(), Deadline::after(Duration::MAX)] {
            assert!(deadline.allows(Duration::MAX));
        }
        assert!(Deadline::from_epoch_ms(u64::MAX).allows(Duration::from_secs(1 << 40)));
    }
}
