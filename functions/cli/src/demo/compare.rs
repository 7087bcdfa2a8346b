//! What the run says, what the sample means, and what the sandbox holds: all three have to agree.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::run::Record;
use tiktok::Endpoint;
use tiktok_sandbox::SandboxState;

use super::Expected;
use crate::preview;

/// The rejected rows of a run by code, with the expired ones under the code `expired`.
pub(crate) fn rejected(record: &Record) -> BTreeMap<String, u64> {
    let mut rejected = record.counts.rejected.clone();
    if record.counts.expired > 0 {
        *rejected.entry("expired".to_owned()).or_default() += record.counts.expired;
    }
    if record.sums.refused > 0 {
        rejected.insert("refused_by_tiktok".to_owned(), record.sums.refused);
    }
    rejected
}

/// Where they disagree, in words. Empty when all is well.
pub(crate) fn differences(record: &Record, expected: &Expected, sandbox: &SandboxState) -> Vec<String> {
    let mut found = record.inconsistent.clone();
    let held = sandbox.events();
    let ids: BTreeSet<&str> = held
        .iter()
        .filter_map(|event| event.event_id.as_deref())
        .collect();
    let accepted = record.sums.accepted;
    if held.len() as u64 != accepted {
        found.push(format!(
            "the run says that {accepted} events were accepted, the sandbox holds {}",
            held.len()
        ));
    }
    if !expected.accepted.iter().map(String::as_str).eq(ids) {
        found.push("the events that the sandbox holds are not those of the sample's good rows".to_owned());
    }
    let again = held.iter().filter(|event| event.received != 1).count();
    if again > 0 {
        found.push(format!("the sandbox received {again} events more than once"));
    }
    let meant: BTreeMap<String, u64> = expected
        .rejected
        .iter()
        .map(|(code, rows)| ((*code).to_owned(), *rows))
        .collect();
    let told = rejected(record);
    if told != meant {
        found.push(format!("the run rejected {told:?}, the sample has {meant:?}"));
    }
    let made = record.calls.values().sum::<u64>();
    let counted = sandbox.calls_to(&preview::path(Endpoint::EventTrack));
    if made != counted {
        found.push(format!(
            "the run says that it made {made} API calls, the sandbox counted {counted}"
        ));
    }
    found
}
