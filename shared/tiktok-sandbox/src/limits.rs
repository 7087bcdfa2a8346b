//! Rate limits: calls per second, counted in whole seconds of real time.

use std::{collections::HashMap, time::Instant};

use serde::{Deserialize, Serialize};

/// What `POST /_sandbox/limits` sets; it replaces the limits before it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    /// Calls per second of one path: `/event/track/`.
    per_second: HashMap<String, u32>,
    /// Calls per second of each path that `per_second` does not name.
    #[serde(skip_serializing_if = "Option::is_none")]
    each: Option<u32>,
    /// Calls per second of all paths together.
    #[serde(skip_serializing_if = "Option::is_none")]
    all: Option<u32>,
}

impl Limits {
    /// The same limits with every path in its short form.
    pub(crate) fn normalised(mut self) -> Self {
        self.per_second = self
            .per_second
            .into_iter()
            .map(|(path, limit)| (crate::call::short_path(&path).to_owned(), limit))
            .collect();
        self
    }
}

/// Counts calls against the limits.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    pub(crate) limits: Limits,
    started: Instant,
    second: u64,
    calls: HashMap<String, u32>,
    total: u32,
}

impl Default for RateLimiter {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            started: Instant::now(),
            second: 0,
            calls: HashMap::new(),
            total: 0,
        }
    }
}

impl RateLimiter {
    /// Whether this call is within the limits; a refused call does not count.
    pub(crate) fn admit(&mut self, path: &str) -> bool {
        self.admit_at(path, self.started.elapsed().as_secs())
    }

    fn admit_at(&mut self, path: &str, second: u64) -> bool {
        if second != self.second {
            self.second = second;
            self.calls.clear();
            self.total = 0;
        }
        let limit = self.limits.per_second.get(path).copied().or(self.limits.each);
        let made = self.calls.get(path).copied().unwrap_or(0);
        if limit.is_some_and(|limit| made >= limit) || self.limits.all.is_some_and(|all| self.total >= all) {
            return false;
        }
        if limit.is_some() {
            self.calls.insert(path.to_owned(), made + 1);
        }
        self.total = self.total.saturating_add(1);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(limits: &str, calls: &[(&str, u64, bool)]) {
        let limits: Limits = serde_json::from_str(limits).unwrap();
        let mut limiter = RateLimiter {
            limits: limits.normalised(),
            ..RateLimiter::default()
        };
        for (path, second, expected) in calls {
            assert_eq!(
                limiter.admit_at(path, *second),
                *expected,
                "{path} in second {second}"
            );
        }
    }

    #[test]
    fn a_path_has_its_own_limit_and_the_next_second_is_free_again() {
        check(
            r#"{"per_second": {"/open_api/v1.3/event/track/": 1}}"#,
            &[
                ("/event/track/", 0, true),
                ("/event/track/", 0, false),
                ("/user/info/", 0, true),
                ("/event/track/", 1, true),
            ],
        );
    }

    #[test]
    fn each_is_for_every_path_apart_and_all_for_all_together() {
        check(
            r#"{"each": 1}"#,
            &[("/a/", 0, true), ("/b/", 0, true), ("/a/", 0, false)],
        );
        check(
            r#"{"all": 2}"#,
            &[
                ("/a/", 0, true),
                ("/b/", 0, true),
                ("/c/", 0, false),
                ("/c/", 1, true),
            ],
        );
    }
}
