//! How long to wait before a call is sent again.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(20);

/// The time to wait after try number `attempt`, counted from 0: evenly spread between nothing and 0.5 s, 1 s,
/// 2 s, …, at most 20 s ("full jitter", so that callers who failed together do not come back together).
///
/// Pure: the same seed gives the same share of the time. Callers draw a seed for each wait.
pub fn backoff(attempt: u32, seed: u64) -> Duration {
    let longest = FIRST.saturating_mul(1 << attempt.min(6)).min(LONGEST);
    let share = u128::from(mixed(seed));
    let nanoseconds = (longest.as_nanos() * share) >> 64;
    u64::try_from(nanoseconds).map_or(longest, Duration::from_nanos)
}

/// Spreads seeds that are close to each other (the last step of `SplitMix64`).
const fn mixed(seed: u64) -> u64 {
    let seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let seed = (seed ^ (seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let seed = (seed ^ (seed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    seed ^ (seed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_fill_a_range_that_doubles_up_to_twenty_seconds() {
        for (attempt, seconds) in [
            (0, 0.5),
            (1, 1.0),
            (2, 2.0),
            (5, 16.0),
            (6, 20.0),
            (31, 20.0),
            (u32::MAX, 20.0),
        ] {
            let waits: Vec<f64> = (0..1_000)
                .map(|seed| backoff(attempt, seed).as_secs_f64())
                .collect();
            let share = |part: f64| waits.iter().filter(|wait| **wait < seconds * part).count();
            assert_eq!(share(1.0), 1_000, "{attempt}");
            assert!((200..300).contains(&share(0.25)), "{attempt}: {}", share(0.25));
            assert!((700..800).contains(&share(0.75)), "{attempt}: {}", share(0.75));
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_wait() {
        assert_eq!(backoff(3, 7), backoff(3, 7));
        assert_ne!(backoff(3, 7), backoff(3, 8));
        assert_eq!(backoff(3, 7) / 2, backoff(2, 7));
    }
}
