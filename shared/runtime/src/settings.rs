//! What the environment sets, read once at a function's cold start.
//!
//! | Variable | What | Default |
//! |---|---|---|
//! | `TIDELINE_BUCKET` | the bucket | required |
//! | `TIDELINE_API_ENDPOINT` | an address in the place of TikTok's, for the sandbox: `https`, or `http` on this machine | TikTok |
//! | `TIDELINE_DELIVER_TIMEOUT_SECONDS` | the time-out of `deliver` in seconds, 1 to 900: the quiet time between runs depends on it | 900 |
//! | `TIDELINE_CALLS_IN_FLIGHT` | calls to TikTok at once in one process, 1 to 64 | 16 |
//! | `TIDELINE_CALLS_PER_SECOND` | calls to TikTok a second in one process, 1 to 1,000 | what TikTok allows for the endpoint |
//! | `TIDELINE_MAX_RECEIVES` | the queues' `maxReceiveCount`, 1 to 1,000: the last receive writes what it could not do | 5 |
//! | `TIDELINE_LOG` | `error`, `warn`, `info`, `debug` or `trace` | `info` |

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use tracing::Level;

/// How long the call of a function or process that died may be under way, where nothing else keeps two of them apart. In
/// a deployed installation leases and the quiet time are longer; on one machine the next process comes at once.
pub const LATE_CALL: Duration = Duration::from_secs(5);

/// The settings of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The bucket that holds everything.
    pub bucket: String,
    /// An address in the place of TikTok's, without a slash at its end.
    pub api_endpoint: Option<String>,
    /// The time-out of the function `deliver`.
    pub deliver_timeout: Duration,
    /// Calls to TikTok at once in one process.
    pub calls_in_flight: usize,
    /// Calls to TikTok a second in one process; `None`: what TikTok allows for the endpoint.
    pub calls_per_second: Option<u32>,
    /// How often a message is received before it goes to the dead-letter queue.
    pub max_receives: u32,
    /// What is logged of our own code.
    pub log_level: Level,
}

/// What is wrong with one variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingProblem {
    /// The variable.
    pub variable: &'static str,
    /// What was expected, to complete "expected …".
    pub expected: String,
}

/// All that is wrong with the environment, in one pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct SettingsError(pub Vec<SettingProblem>);

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the environment of this function cannot be used; set")?;
        for (i, problem) in self.0.iter().enumerate() {
            write!(
                f,
                "{} {} to {}",
                if i == 0 { "" } else { ";" },
                problem.variable,
                problem.expected
            )?;
        }
        Ok(())
    }
}

/// TikTok answers within seconds, or not at all.
const LONGEST_CALL: Duration = Duration::from_secs(30);

/// TikTok applies a call within this time of its client giving up.
const SETTLING_SECONDS: i64 = 60;

impl Settings {
    /// Seconds after which a `deliver` that had begun is surely dead, and its last call applied.
    pub fn quiet_seconds(&self) -> i64 {
        i64::try_from(self.deliver_timeout.as_secs())
            .unwrap_or(i64::MAX)
            .saturating_add(SETTLING_SECONDS)
    }

    /// The longest a call may take: so that several fit into one invocation of `deliver`.
    pub fn call_timeout(&self) -> Duration {
        LONGEST_CALL.min(self.deliver_timeout / 4)
    }

    /// Reads the environment of this process.
    ///
    /// # Errors
    /// [`SettingsError`] with all that is wrong.
    pub fn from_env() -> Result<Self, SettingsError> {
        Self::parse(environment)
    }

    /// Reads the settings from anything that knows variables.
    ///
    /// # Errors
    /// [`SettingsError`] with all that is wrong.
    pub fn parse(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut reading = Reading {
            lookup,
            problems: Vec::new(),
        };
        let settings = Self {
            bucket: reading.bucket(),
            api_endpoint: reading.endpoint(),
            deliver_timeout: Duration::from_secs(
                reading
                    .number("TIDELINE_DELIVER_TIMEOUT_SECONDS", 1, 900)
                    .unwrap_or(900),
            ),
            calls_in_flight: reading.number("TIDELINE_CALLS_IN_FLIGHT", 1, 64).unwrap_or(16),
            calls_per_second: reading.number("TIDELINE_CALLS_PER_SECOND", 1, 1000),
            max_receives: reading.number("TIDELINE_MAX_RECEIVES", 1, 1000).unwrap_or(5),
            log_level: reading.log_level(),
        };
        if reading.problems.is_empty() {
            Ok(settings)
        } else {
            Err(SettingsError(reading.problems))
        }
    }
}

struct Reading<L> {
    lookup: L,
    problems: Vec<SettingProblem>,
}

impl<L: Fn(&str) -> Option<String>> Reading<L> {
    /// An empty variable counts as none: templates set those.
    fn value(&self, variable: &str) -> Option<String> {
        (self.lookup)(variable)
            .map(|value| value.trim().to_owned())
            .filter(|value| !value.is_empty())
    }

    fn problem(&mut self, variable: &'static str, expected: impl Into<String>) {
        self.problems.push(SettingProblem {
            variable,
            expected: expected.into(),
        });
    }

    fn bucket(&mut self) -> String {
        let bucket = self.value("TIDELINE_BUCKET").unwrap_or_default();
        let valid = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
        if !(3..=63).contains(&bucket.len()) || !bucket.bytes().all(valid) {
            self.problem("TIDELINE_BUCKET", "the name of the bucket that holds the exports");
        }
        bucket
    }

    fn endpoint(&mut self) -> Option<String> {
        const VARIABLE: &str = "TIDELINE_API_ENDPOINT";
        let endpoint = self.value(VARIABLE)?;
        let endpoint = endpoint.trim_end_matches('/');
        if !is_allowed(endpoint) {
            self.problem(
                VARIABLE,
                "an address that begins with https://, or with http:// and this machine's name",
            );
        }
        Some(endpoint.to_owned())
    }

    fn number<N: FromStr + PartialOrd + Copy + fmt::Display>(
        &mut self,
        variable: &'static str,
        least: N,
        most: N,
    ) -> Option<N> {
        let text = self.value(variable)?;
        match text.parse::<N>() {
            Ok(number) if number >= least && number <= most => Some(number),
            _ => {
                self.problem(variable, format!("a whole number from {least} to {most}"));
                None
            }
        }
    }

    fn log_level(&mut self) -> Level {
        const VARIABLE: &str = "TIDELINE_LOG";
        match self
            .value(VARIABLE)
            .map(|level| level.to_ascii_lowercase())
            .as_deref()
        {
            None | Some("info") => Level::INFO,
            Some("error") => Level::ERROR,
            Some("warn") => Level::WARN,
            Some("debug") => Level::DEBUG,
            Some("trace") => Level::TRACE,
            Some(_) => {
                self.problem(VARIABLE, "error, warn, info, debug or trace");
                Level::INFO
            }
        }
    }
}

/// Tokens go to this address: without TLS only inside this machine.
fn is_allowed(endpoint: &str) -> bool {
    let authority = |rest: &str| rest.split(['/', '?', '#']).next().unwrap_or_default().to_owned();
    if let Some(rest) = endpoint.strip_prefix("https://") {
        let authority = authority(rest);
        return !authority.is_empty() && !authority.contains('@');
    }
    let Some(rest) = endpoint.strip_prefix("http://") else {
        return false;
    };
    let authority = authority(rest);
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority.as_str(), None),
    };
    matches!(host, "127.0.0.1" | "localhost" | "[::1]") && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the environment"
)]
fn environment(variable: &str) -> Option<String> {
    std::env::var_os(variable).map(|value| value.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let find = |name: &str| {
            variables
                .iter()
                .find(|(n, _)| *n == name)
                .map(|(_, v)| (*v).to_owned())
        };
        Settings::parse(find)
    }

    #[test]
    fn a_bucket_is_enough() {
        let settings = parse(&[("TIDELINE_BUCKET", "acme-exports"), ("TIDELINE_API_ENDPOINT", "")]).unwrap();
        let expected = Settings {
            bucket: "acme-exports".to_owned(),
            api_endpoint: None,
            deliver_timeout: Duration::from_mins(15),
            calls_in_flight: 16,
            calls_per_second: None,
            max_receives: 5,
            log_level: Level::INFO,
        };
        assert_eq!(settings, expected);
    }

    #[test]
    fn every_variable_is_taken() {
        let settings = parse(&[
            ("TIDELINE_BUCKET", "b.b"),
            ("TIDELINE_API_ENDPOINT", "http://127.0.0.1:8099/"),
            ("TIDELINE_DELIVER_TIMEOUT_SECONDS", "60"),
            ("TIDELINE_CALLS_IN_FLIGHT", "64"),
            ("TIDELINE_CALLS_PER_SECOND", "10"),
            ("TIDELINE_MAX_RECEIVES", "3"),
            ("TIDELINE_LOG", "DEBUG"),
        ]);
        let expected = Settings {
            bucket: "b.b".to_owned(),
            api_endpoint: Some("http://127.0.0.1:8099".to_owned()),
            deliver_timeout: Duration::from_mins(1),
            calls_in_flight: 64,
            calls_per_second: Some(10),
            max_receives: 3,
            log_level: Level::DEBUG,
        };
        assert_eq!(settings, Ok(expected));
    }

    #[test]
    fn all_errors_come_at_once() {
        let error = parse(&[
            ("TIDELINE_API_ENDPOINT", "http://tiktok.example"),
            ("TIDELINE_DELIVER_TIMEOUT_SECONDS", "901"),
            ("TIDELINE_CALLS_IN_FLIGHT", "65"),
            ("TIDELINE_CALLS_PER_SECOND", "-1"),
            ("TIDELINE_MAX_RECEIVES", "many"),
            ("TIDELINE_LOG", "loud"),
        ])
        .unwrap_err();
        let variables: Vec<_> = error.0.iter().map(|problem| problem.variable).collect();
        let expected = [
            "TIDELINE_BUCKET",
            "TIDELINE_API_ENDPOINT",
            "TIDELINE_DELIVER_TIMEOUT_SECONDS",
            "TIDELINE_CALLS_IN_FLIGHT",
            "TIDELINE_CALLS_PER_SECOND",
            "TIDELINE_MAX_RECEIVES",
            "TIDELINE_LOG",
        ];
        assert_eq!(variables, expected);
        assert!(
            error
                .to_string()
                .contains("TIDELINE_CALLS_IN_FLIGHT to a whole number from 1 to 64"),
            "{error}"
        );
    }

    #[test]
    fn tokens_leave_the_machine_by_tls_only() {
        let check = |endpoint: &str, allowed: bool| assert_eq!(is_allowed(endpoint), allowed, "{endpoint}");
        check("https://business-api.tiktok.com", true);
        check("http://127.0.0.1:8099", true);
        check("http://localhost", true);
        check("http://[::1]:80", true);
        check("http://[::1]", true);
        check("http://example.com", false);
        check("http://127.0.0.1.example.com", false);
        check("http://127.0.0.1@example.com", false);
        check("http://127.0.0.1:80@example.com", false);
        check("http://localhost:80:90", false);
        check("https://", false);
        check("https://a@b", false);
        check("ftp://127.0.0.1", false);
        check("127.0.0.1:80", false);
    }
}
