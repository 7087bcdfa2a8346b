//! The record of a run: its status and its sums.

use std::collections::BTreeMap;

use runtime::register::HeadRead;
use sync_core::names::SyncName;
use sync_core::run::{
    Counts, OpenRun, PartEnd, PendingRequest, Plan, Record, RecordAudience, RunStatus, Stop, StopStatus, Sums,
};
use sync_core::spec::{AudienceRef, SyncSpec};

use crate::ending::Ending;

/// A record without rows.
pub(crate) fn bare_record(sync: &SyncName, open: &OpenRun, read: &HeadRead, status: RunStatus) -> Record {
    Record {
        run: open.id.clone(),
        sync: sync.clone(),
        kind: open.kind,
        status,
        reason: None,
        export: None,
        started: read.last_modified.as_second(),
        finished: read.now.as_second(),
        counts: Counts::default(),
        sums: Sums::default(),
        calls: BTreeMap::new(),
        carried: Vec::new(),
        refused: Vec::new(),
        inconsistent: Vec::new(),
        test_event_code: None,
        audience: None,
        rev: read.head.rev,
    }
}

/// How a run ended, by what its parts and outcomes say.
pub(crate) fn status(ending: &Ending, stop: Option<&Stop>) -> (RunStatus, Option<String>) {
    let sums = ending.sums();
    let failed =
        ending.counts.rejected_total() + sums.refused + sums.carried_out + sums.lost + sums.not_deleted > 0;
    match (&ending.end, stop) {
        (Some(PartEnd::Broken { message }), _) => (RunStatus::Aborted, Some(message.clone())),
        (Some(PartEnd::Unfit { message }), _) => (RunStatus::Misconfigured, Some(message.clone())),
        (Some(PartEnd::Guard { message }), _) => (RunStatus::StoppedByGuard, Some(message.clone())),
        (None, Some(stop)) => {
            let status = match stop.status {
                StopStatus::Misconfigured => RunStatus::Misconfigured,
                StopStatus::NeedsReauthorisation => RunStatus::NeedsReauthorisation,
            };
            (status, Some(stop.message.clone()))
        }
        (None, None) if failed => (RunStatus::CompletedWithErrors, ending.carried_why.clone()),
        (None, None) => (RunStatus::Completed, None),
    }
}

/// The record of a run with rows.
pub(crate) fn record(
    sync: &SyncName,
    open: &OpenRun,
    read: &HeadRead,
    plan: &Plan,
    spec: Option<&SyncSpec>,
    ending: &Ending,
    (status, reason): (RunStatus, Option<String>),
) -> Record {
    let sums = ending.sums();
    let export = match &plan.export {
        Some(PendingRequest::Export { key, .. }) => Some(key.clone()),
        _ => None,
    };
    let inconsistent = Record::check(&ending.counts, &sums);
    for fault in &inconsistent {
        tracing::error!(sync = %sync, run = %open.id, fault, "the sums of the run do not add up: a fault in Tideline");
    }
    Record {
        reason,
        export,
        started: plan.now,
        counts: ending.counts.clone(),
        sums,
        calls: ending.calls.clone(),
        carried: ending.carried.clone(),
        refused: ending.refused.clone(),
        inconsistent,
        test_event_code: spec
            .and_then(|spec| spec.events.iter().find_map(|block| block.test_event_code.clone())),
        audience: spec.and_then(|spec| audience(spec, plan)),
        ..bare_record(sync, open, read, status)
    }
}

fn audience(spec: &SyncSpec, plan: &Plan) -> Option<RecordAudience> {
    let audience = spec.audience.as_ref()?;
    Some(RecordAudience {
        advertiser_id: audience.advertiser_id.clone(),
        id: plan.audience.as_ref().and_then(|audience| audience.id.clone()),
        name: match &audience.audience {
            AudienceRef::Name(name) => Some(name.clone()),
            AudienceRef::Id(_) => None,
        },
    })
}
