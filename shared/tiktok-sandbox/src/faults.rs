//! Faults that can be switched on: the answers that a client meets on a bad day.

use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

use crate::{call, codes, reply::Answer};

/// One fault as `POST /_sandbox/faults` takes it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FaultSpec {
    /// The path it hits, with or without `/open_api/v1.3`; absent: every path.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// How many calls it hits; absent: all until it is cleared.
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u64>,
    /// It hits each n-th call only.
    #[serde(skip_serializing_if = "Option::is_none")]
    every: Option<NonZeroU64>,
    /// It hits only calls whose body holds this text.
    #[serde(skip_serializing_if = "Option::is_none")]
    contains: Option<String>,
    /// Answers this return code.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u32>,
    /// The message that goes with `code`.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// Answers this HTTP status with a body that is no JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    http: Option<u16>,
    /// Answers this text in place of the envelope.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    /// Answers so many bytes of filling.
    #[serde(skip_serializing_if = "Option::is_none")]
    body_bytes: Option<usize>,
    /// Resets the connection without storing anything.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    reset: bool,
    /// Waits so many milliseconds first.
    #[serde(skip_serializing_if = "Option::is_none")]
    hang_ms: Option<u64>,
    /// Does the call, then keeps the usual answer back.
    #[serde(skip_serializing_if = "Option::is_none")]
    after_store: Option<AfterStore>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AfterStore {
    /// Never answers.
    Hang,
    /// Resets the connection.
    Reset,
    /// Sends the first half of the answer.
    Truncate,
    /// Sends what `code`, `http`, `body` or `body_bytes` say.
    Answer,
}

/// What a fault does to the call that it hits.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hit {
    pub(crate) wait_ms: u64,
    /// Whether the call is done in spite of the fault.
    pub(crate) store: bool,
    pub(crate) then: Then,
}

#[derive(Debug, Clone, Default)]
pub(crate) enum Then {
    #[default]
    Usual,
    Code(u32, String),
    Http(u16, String),
    Filling(u16, usize),
    Hang,
    Reset,
    Truncate,
}

impl Then {
    /// The answer that this fault sends in place of the usual one.
    pub(crate) fn answer(&self) -> Option<Answer> {
        match self {
            Self::Code(code, message) => Some(Answer::Envelope {
                code: *code,
                message: message.clone(),
                data: serde_json::json!({}),
            }),
            Self::Http(status, body) => Some(Answer::html(*status, body.clone())),
            Self::Filling(status, length) => Some(Answer::text(*status, "x".repeat(*length))),
            Self::Usual | Self::Hang | Self::Reset | Self::Truncate => None,
        }
    }
}

impl FaultSpec {
    fn hit(&self) -> Result<Hit, &'static str> {
        let answers = [
            self.code.is_some(),
            self.http.is_some() || self.body.is_some() || self.body_bytes.is_some(),
            self.reset,
        ];
        let answers = answers.into_iter().filter(|&set| set).count();
        let held_back = self.after_store.is_some_and(|after| after != AfterStore::Answer);
        if answers > 1 || (held_back && answers > 0) || (self.body.is_some() && self.body_bytes.is_some()) {
            return Err("A fault takes one of code, http with body or body_bytes, reset, after_store");
        }
        if answers == 0 && !held_back && self.hang_ms.is_none() {
            return Err("A fault needs one of code, http, body, body_bytes, reset, hang_ms, after_store");
        }
        if self.after_store == Some(AfterStore::Answer) && (answers == 0 || self.reset) {
            return Err("after_store answer needs the answer: code, http, body or body_bytes");
        }
        if self.http.is_some_and(|status| !(200..=599).contains(&status)) {
            return Err("http is a status from 200 to 599");
        }
        let then = match (self.after_store, self.code, self.http) {
            (Some(AfterStore::Hang), ..) => Then::Hang,
            (Some(AfterStore::Reset), ..) => Then::Reset,
            (Some(AfterStore::Truncate), ..) => Then::Truncate,
            (_, Some(code), _) => Then::Code(
                code,
                self.message
                    .clone()
                    .unwrap_or_else(|| codes::message(code).to_owned()),
            ),
            (_, None, http) if http.is_some() || self.body.is_some() || self.body_bytes.is_some() => {
                let status = http.unwrap_or(200);
                match (self.body_bytes, &self.body) {
                    (Some(length), _) => Then::Filling(status, length),
                    (None, Some(body)) => Then::Http(status, body.clone()),
                    (None, None) => Then::Http(status, format!("<html><h1>{status}</h1></html>")),
                }
            }
            _ if self.reset => Then::Reset,
            _ => Then::Usual,
        };
        let store = self.after_store.is_some() || matches!(then, Then::Usual);
        Ok(Hit {
            wait_ms: self.hang_ms.unwrap_or(0),
            store,
            then,
        })
    }
}

#[derive(Debug)]
struct Fault {
    spec: FaultSpec,
    hit: Hit,
    seen: u64,
    hits_left: Option<u64>,
}

/// The faults that are switched on, in order.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    /// Replaces all faults, or tells which one does not make sense; then nothing changes.
    pub(crate) fn set(&mut self, specs: Vec<FaultSpec>) -> Result<(), String> {
        let read = |(position, mut spec): (usize, FaultSpec)| {
            let hit = spec.hit().map_err(|why| format!("Fault {position}: {why}"))?;
            spec.path = spec.path.map(|path| call::short_path(&path).to_owned());
            Ok(Fault {
                hits_left: spec.times,
                hit,
                spec,
                seen: 0,
            })
        };
        self.0 = specs
            .into_iter()
            .enumerate()
            .map(read)
            .collect::<Result<_, String>>()?;
        Ok(())
    }

    pub(crate) fn specs(&self) -> Vec<&FaultSpec> {
        self.0.iter().map(|fault| &fault.spec).collect()
    }

    /// What happens to this call. Every fault counts the calls that it fits; the first one that is due hits.
    pub(crate) fn hit(&mut self, short_path: &str, body: &[u8]) -> Option<Hit> {
        let mut hit = None;
        for fault in &mut self.0 {
            let spec = &fault.spec;
            let fits = spec.path.as_deref().is_none_or(|path| path == short_path)
                && spec
                    .contains
                    .as_ref()
                    .is_none_or(|text| memchr::memmem::find(body, text.as_bytes()).is_some());
            if !fits {
                continue;
            }
            fault.seen += 1;
            let due = spec
                .every
                .is_none_or(|every| fault.seen.is_multiple_of(every.get()));
            if hit.is_none() && due && fault.hits_left != Some(0) {
                fault.hits_left = fault.hits_left.map(|left| left - 1);
                hit = Some(fault.hit.clone());
            }
        }
        hit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(faults: &str, calls: &[(&str, Option<&str>)]) {
        let mut set = Faults::default();
        set.set(serde_json::from_str(faults).unwrap()).unwrap();
        for (number, (body, expected)) in calls.iter().enumerate() {
            let label = set.hit("/event/track/", body.as_bytes()).map(|hit| {
                hit.then
                    .answer()
                    .map_or_else(|| format!("{:?}", hit.then), |answer| answer.label())
            });
            assert_eq!(label.as_deref(), *expected, "call {number}");
        }
    }

    #[test]
    fn times_bounds_the_hits_and_the_next_fault_follows() {
        check(
            r#"[{"path": "/event/track/", "times": 1, "code": 40100}, {"times": 1, "http": 502}]"#,
            &[("", Some("40100")), ("", Some("http_502")), ("", None)],
        );
    }

    #[test]
    fn every_hits_each_nth_call_without_end() {
        check(
            r#"[{"every": 2, "after_store": "reset"}]"#,
            &[("", None), ("", Some("Reset")), ("", None), ("", Some("Reset"))],
        );
    }

    #[test]
    fn contains_hits_one_poisoned_row_and_another_path_none() {
        check(
            r#"[{"path": "/segment/mapping/", "code": 40100}, {"contains": "order-7", "code": 40002}]"#,
            &[("order-6", None), ("order-7", Some("40002"))],
        );
    }

    #[test]
    fn a_fault_without_sense_is_refused() {
        for fault in [
            r#"{"path": "/event/track/"}"#,
            r#"{"code": 40100, "http": 502}"#,
            r#"{"code": 40100, "after_store": "hang"}"#,
            r#"{"after_store": "answer"}"#,
            r#"{"http": 20}"#,
        ] {
            let spec: FaultSpec = serde_json::from_str(fault).unwrap();
            assert!(spec.hit().is_err(), "{fault}");
        }
    }
}
