//! The record of a run: its status and its sums.

use runtime::register::HeadRead;
use sync_core::names::SyncName;
use sync_core::run::{
    Head, OpenRun, PartEnd, PendingRequest, Plan, Record, RecordAudience, RunKind, RunStatus, Stop,
    StopStatus,
};
use sync_core::spec::{AudienceRef, SyncSpec};

use crate::ending::Ending;
use crate::{Context, audience, housekeeping};

/// A record without rows.
pub(crate) fn bare_record(sync: &SyncName, open: &OpenRun, read: &HeadRead, status: RunStatus) -> Record {
    Record {
        started: read.last_modified.as_second(),
        finished: read.now.as_second(),
        rev: read.head.rev,
        ..Record::bare(open.id.clone(), sync.clone(), open.kind, status)
    }
}

/// How a run ended, by what its parts and outcomes say. `kept` completes "the rows are kept and …".
pub(crate) fn status(ending: &Ending, stop: Option<&Stop>, kept: &str) -> (RunStatus, Option<String>) {
    let sums = ending.sums();
    let left_over = !ending.carried.is_empty();
    let failed = ending.counts.rejected_total() + sums.refused + sums.lost + sums.not_deleted > 0;
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
        (None, None) if left_over => {
            let why = ending.carried_why.as_deref();
            let why = why.unwrap_or("some rows were not sent");
            (
                RunStatus::Incomplete,
                Some(format!("{why}; the rows are kept and {kept}")),
            )
        }
        (None, None) if failed => (RunStatus::CompletedWithErrors, ending.refused_why.clone()),
        (None, None) => (RunStatus::Completed, None),
    }
}

/// What becomes of rows that a run left over, to complete "the rows are kept and …".
pub(crate) fn kept(
    ctx: &Context,
    sync: &SyncName,
    open: &OpenRun,
    head: &Head,
    is_test: bool,
    ending: &Ending,
) -> String {
    if is_test {
        return "not sent by themselves: a test run leaves none over, run the export again".to_owned();
    }
    // The day's upload is used up.
    let when = if ending.upload_day.is_some() {
        "after midnight UTC".to_owned()
    } else {
        let tries = match open.kind {
            RunKind::Retry => head.retries.saturating_add(1),
            _ => 0,
        };
        format!("after {} minutes", housekeeping::retry_seconds(tries) / 60)
    };
    let by_itself = if ctx.settings.exports_land {
        format!("by the schedule, {when}")
    } else {
        format!("by the next run of the sync, or by `tideline housekeeping`, {when}")
    };
    format!("are sent again {by_itself}; `tideline retry {sync}` asks for it now")
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
    let is_test = spec.is_some_and(SyncSpec::is_test);
    Record {
        reason,
        export,
        started: plan.now,
        counts: ending.counts.clone(),
        sums,
        calls: ending.calls.clone(),
        // Of a test nothing is left over: the rows go with the next test of the export.
        carried: if is_test {
            Vec::new()
        } else {
            ending.carried.clone()
        },
        retried: plan.retries().cloned().collect(),
        refused: if is_test {
            Vec::new()
        } else {
            ending.refused.clone()
        },
        inconsistent,
        test_event_code: spec
            .and_then(|spec| spec.events.iter().find_map(|block| block.test_event_code.clone())),
        notes: plan.notes.clone(),
        ..bare_record(sync, open, read, status)
    }
}

/// The audience that a run worked on, as the first run locked it, and what a person should know of it.
pub(crate) async fn with_audience(
    ctx: &Context,
    plan: &Plan,
    spec: Option<&SyncSpec>,
    mut record: Record,
) -> anyhow::Result<Record> {
    let Some(audience) = spec.and_then(|spec| spec.audience.as_ref()) else {
        return Ok(record);
    };
    let planned = plan.audience.as_ref();
    // A run that sent nothing made none.
    let replaces = planned
        .filter(|_| !record.sent_nothing())
        .and_then(|planned| planned.replaces.clone());
    let shown = match audience::locked(ctx, &record.sync).await? {
        Some(locked) => RecordAudience {
            advertiser_id: locked.advertiser_id,
            // A run that began before a change of the way worked on the audience that it planned with.
            id: planned
                .and_then(|planned| planned.id.clone())
                .or(locked.audience_id),
            name: locked.audience_name,
            replaces,
        },
        None => RecordAudience {
            advertiser_id: audience.advertiser_id.clone(),
            id: None,
            name: match &audience.audience {
                AudienceRef::Name(name) => Some(name.clone()),
                AudienceRef::Id(_) => None,
            },
            replaces,
        },
    };
    if let (Some(new), Some(old)) = (&shown.id, &shown.replaces) {
        record.notes.push(format!(
            "audience.via was changed, and so another audience was made, with the id {new}; the one before, with the id {old}, stays as it is, and campaigns still point at it: choose the new one in them"
        ));
    }
    record.audience = Some(shown);
    Ok(record)
}
