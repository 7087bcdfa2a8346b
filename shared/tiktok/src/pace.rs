//! How fast calls may go.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::endpoint::Endpoint;

/// How many calls may go to each endpoint in a second. TikTok counts per app and endpoint; the defaults are the
/// lowest of its levels ("Basic", reference 2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    at_most: Option<NonZeroU32>,
}

impl Limits {
    /// Lowers every limit to this many calls per second, such as where several processes share an app.
    #[must_use]
    pub fn at_most(self, per_second: NonZeroU32) -> Self {
        let lower = self.at_most.map_or(per_second, |old| old.min(per_second));
        Self { at_most: Some(lower) }
    }

    /// Calls per second that may go to an endpoint.
    pub fn per_second(self, endpoint: Endpoint) -> NonZeroU32 {
        const APP: NonZeroU32 = NonZeroU32::new(10).unwrap();
        const EVENTS: NonZeroU32 = NonZeroU32::new(1_000).unwrap();
        const SEGMENTS: NonZeroU32 = NonZeroU32::new(10_000).unwrap();
        let tiktoks = match endpoint {
            Endpoint::EventTrack => EVENTS,
            Endpoint::SegmentAudience | Endpoint::SegmentMapping => SEGMENTS,
            Endpoint::AudienceUpload
            | Endpoint::AudienceList
            | Endpoint::AudienceCreate
            | Endpoint::AudienceUpdate
            | Endpoint::AccessToken
            | Endpoint::RevokeToken
            | Endpoint::Advertisers
            | Endpoint::UserInfo => APP,
        };
        self.at_most.map_or(tiktoks, |at_most| at_most.min(tiktoks))
    }
}

/// Holds calls back so that each endpoint gets no more than its limit in any second. One for the process.
#[derive(Debug)]
pub struct Pace {
    gates: Vec<(Endpoint, DefaultDirectRateLimiter)>,
    clock: DefaultClock,
}

/// The turn of a call comes too late for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the pace that TikTok allows leaves no time for a further call")]
pub struct TooLate;

impl Pace {
    /// A pace that has let nothing through yet.
    pub fn new(limits: Limits) -> Self {
        let gate = |endpoint| (endpoint, RateLimiter::direct(quota(limits.per_second(endpoint))));
        Self {
            gates: Endpoint::ALL.into_iter().map(gate).collect(),
            clock: DefaultClock::default(),
        }
    }

    /// Waits until a call may go to the endpoint. Gives up at once when its turn would come after `by`; then
    /// nothing counts as sent.
    pub async fn until_ready(&self, endpoint: Endpoint, by: Instant) -> Result<(), TooLate> {
        let Some((_, gate)) = self.gates.iter().find(|(of, _)| *of == endpoint) else {
            return Ok(());
        };
        loop {
            let left = by.checked_duration_since(Instant::now()).ok_or(TooLate)?;
            let Err(not_yet) = gate.check() else {
                return Ok(());
            };
            let wait = not_yet.wait_time_from(self.clock.now());
            if wait > left {
                return Err(TooLate);
            }
            tokio::time::sleep(wait).await;
        }
    }
}

/// At most `per_second` calls in any second, of which a twentieth may go at once. (A whole second's worth at
/// once, followed by a steady flow, would be two seconds' worth in the first one.)
fn quota(per_second: NonZeroU32) -> Quota {
    let limit = per_second.get();
    let at_once = (limit / 20).max(1);
    let steady = limit - at_once + 1;
    let apart = Duration::from_nanos(1_000_000_000_u64.div_ceil(u64::from(steady)));
    let at_once = NonZeroU32::new(at_once).unwrap_or(NonZeroU32::MIN);
    Quota::with_period(apart).map_or_else(
        || Quota::per_second(NonZeroU32::MIN),
        |quota| quota.allow_burst(at_once),
    )
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    #[test]
    fn no_second_sees_more_calls_than_the_limit_nor_many_fewer() {
        for limit in [1, 2, 9, 10, 19, 20, 999, 1_000, 10_000] {
            let clock = FakeRelativeClock::default();
            let gate = RateLimiter::direct_with_clock(quota(NonZeroU32::new(limit).unwrap()), clock.clone());
            let step = Duration::from_micros(20);
            let steps = 50_000;
            let mut sent = Vec::new();
            for at in 0..3 * steps {
                while gate.check().is_ok() {
                    sent.push(at);
                }
                clock.advance(step);
            }
            let most = sent.iter().map(|from| {
                sent.partition_point(|at| *at < from + steps) - sent.partition_point(|at| at < from)
            });
            let most = most.max().unwrap();
            let total = f64::from(u32::try_from(sent.len()).unwrap()) / 3.0;
            assert!(most <= limit as usize, "{limit}: {most}");
            assert!(total >= f64::from(limit) * 0.94, "{limit}: {total}");
        }
    }

    #[test]
    fn limits_are_tiktoks_and_can_only_be_lowered() {
        let of = |limits: Limits, endpoint| limits.per_second(endpoint).get();
        let limits = Limits::default();
        assert_eq!(of(limits, Endpoint::EventTrack), 1_000);
        assert_eq!(of(limits, Endpoint::SegmentMapping), 10_000);
        assert_eq!(of(limits, Endpoint::AudienceUpdate), 10);
        let limits = limits.at_most(NonZeroU32::new(50).unwrap());
        assert_eq!(of(limits, Endpoint::EventTrack), 50);
        assert_eq!(of(limits, Endpoint::AudienceUpdate), 10);
        let limits = limits.at_most(NonZeroU32::new(5_000).unwrap());
        assert_eq!(of(limits, Endpoint::SegmentMapping), 50);
    }

    #[tokio::test]
    async fn a_turn_that_comes_too_late_is_given_up_at_once() {
        let pace = Pace::new(Limits::default().at_most(NonZeroU32::MIN));
        let soon = || Instant::now() + Duration::from_millis(100);
        assert_eq!(pace.until_ready(Endpoint::EventTrack, soon()).await, Ok(()));
        assert_eq!(pace.until_ready(Endpoint::EventTrack, soon()).await, Err(TooLate));
        assert_eq!(pace.until_ready(Endpoint::SegmentMapping, soon()).await, Ok(()));
    }

    #[tokio::test]
    async fn a_turn_in_time_is_waited_for() {
        let pace = Pace::new(Limits::default().at_most(NonZeroU32::new(20).unwrap()));
        let by = Instant::now() + Duration::from_mins(1);
        let begun = Instant::now();
        for _ in 0..4 {
            assert_eq!(pace.until_ready(Endpoint::EventTrack, by).await, Ok(()));
        }
        assert!(begun.elapsed() >= Duration::from_millis(140));
    }

    #[tokio::test]
    async fn nothing_goes_when_the_time_is_over() {
        let pace = Pace::new(Limits::default());
        let over = Instant::now();
        tokio::time::sleep(Duration::from_millis(2)).await;
        assert_eq!(pace.until_ready(Endpoint::EventTrack, over).await, Err(TooLate));
    }
}
