//! What became of a run, in words, as JSON and as an exit code.

use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};
use sync_core::run::{Record, RunStatus};

use crate::audience_result::{self, write_audience, write_changes};
use crate::exit::Exit;
use crate::local::{Phase, RunEnd};
use crate::plural::{counted, thousands};

/// The exit code that a run ends with.
pub(crate) fn exit(end: &RunEnd, phase: Phase) -> Exit {
    match &end.record {
        Some(record) => of_record(record),
        None if phase == Phase::Ingest || waits_as(end) == RunStatus::Postponed => Exit::Done,
        None => Exit::Failed,
    }
}

/// How a run without a record stands.
fn waits_as(end: &RunEnd) -> RunStatus {
    end.waiting
        .as_ref()
        .map_or(RunStatus::Waiting, |waiting| waiting.status)
}

fn of_record(record: &Record) -> Exit {
    let sums = &record.sums;
    if sums.carried_out + sums.lost + sums.not_deleted > 0 || !record.inconsistent.is_empty() {
        return Exit::Failed;
    }
    match record.status {
        RunStatus::Completed | RunStatus::Resynced | RunStatus::Superseded | RunStatus::Postponed => {
            Exit::Done
        }
        RunStatus::CompletedWithErrors => Exit::Rejected,
        RunStatus::Waiting
        | RunStatus::Running
        | RunStatus::Aborted
        | RunStatus::StoppedByGuard
        | RunStatus::Misconfigured
        | RunStatus::NeedsReauthorisation
        | RunStatus::Cancelled => Exit::Failed,
    }
}

/// The run's record, with the file and whether it was done before.
pub(crate) fn as_json(file: &Path, end: &RunEnd) -> Value {
    let mut shown = json!({
        "file": file.display().to_string(),
        "already": end.already,
        "folder": end.folder.display().to_string(),
        "run": end.run,
        "status": waits_as(end),
        "waiting": end.waiting.as_ref().map(|waiting| &waiting.why),
    });
    if let (Some(shown), Some(Ok(Value::Object(record)))) = (
        shown.as_object_mut(),
        end.record.as_ref().map(serde_json::to_value),
    ) {
        shown.extend(record);
        let percent = end.record.as_ref().and_then(audience_result::booster_percent);
        shown.extend(percent.map(|percent| ("booster_percent".to_owned(), percent)));
    }
    shown
}

/// Tells a person what became of a file.
pub(crate) fn write(file: &Path, end: &RunEnd, out: &mut dyn Write) -> io::Result<()> {
    let (file, run) = (file.display(), &end.run);
    let Some(record) = &end.record else {
        let why = end
            .waiting
            .as_ref()
            .map_or("it has not ended", |waiting| waiting.why.as_str());
        return match waits_as(end) {
            RunStatus::Postponed => {
                writeln!(
                    out,
                    "{file}: {} (run {run}): {why}",
                    in_words(RunStatus::Postponed)
                )
            }
            _ => writeln!(out, "{file}: run {run} waits: {why}"),
        };
    };
    if end.already {
        writeln!(
            out,
            "{file}: nothing to do: these very rows were run before, in the run {run}, which ended so:"
        )?;
    }
    writeln!(out, "{file}: {} (run {run})", in_words(record.status))?;
    if let Some(reason) = &record.reason {
        writeln!(out, "  Why: {reason}")?;
    }
    write_audience(record, out)?;
    write_counts(record, out)?;
    if let Some(code) = &record.test_event_code {
        writeln!(
            out,
            "  Test event code {code}: these events went to TikTok's test page only"
        )?;
    }
    for fault in &record.inconsistent {
        writeln!(
            out,
            "  The sums do not add up, which is a fault in Tideline: {fault}"
        )?;
    }
    if record.counts.rejected_total() + record.sums.refused > 0 {
        writeln!(
            out,
            "  Rejected rows: {}",
            end.folder.join("rejected.jsonl").display()
        )?;
    }
    if let Some(next) = left_over(record) {
        writeln!(out, "  {next}: `tideline retry {run}`")?;
    }
    writeln!(out, "  Record: {}", end.folder.join("run.json").display())
}

/// What becomes of rows that did not get through, and how to send them now.
fn left_over(record: &Record) -> Option<&'static str> {
    let (left, refused) = (record.sums.carried_out > 0, record.sums.refused > 0);
    match (left, refused) {
        (true, true) => Some("Rows left over go with the next run. Now, with those that TikTok refused"),
        (true, false) => Some("Rows left over go with the next run. Now"),
        (false, true) => Some("To send again what TikTok refused"),
        (false, false) => None,
    }
}

/// A status for people.
pub(crate) fn in_words(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Completed => "completed",
        RunStatus::CompletedWithErrors => "completed, with rows that were not sent",
        RunStatus::Aborted => "aborted",
        RunStatus::StoppedByGuard => "stopped by a guard",
        RunStatus::Misconfigured => "stopped: the spec does not fit the TikTok account",
        RunStatus::NeedsReauthorisation => "stopped: TikTok has to be connected again",
        RunStatus::Cancelled => "cancelled",
        RunStatus::Superseded => "superseded by a newer export",
        RunStatus::Postponed => "postponed to the next day",
        RunStatus::Resynced => "resync noted",
        RunStatus::Waiting => "waiting",
        RunStatus::Running => "running",
    }
}

/// The sums of the record, each as a line that adds up.
pub(crate) fn write_counts(record: &Record, out: &mut dyn Write) -> io::Result<()> {
    let (counts, sums) = (&record.counts, &record.sums);
    let rows = [
        (counts.unchanged, "unchanged"),
        (counts.changed_not_sent, "changed but not sent"),
        (counts.expired, "expired"),
        (counts.rejected_total(), "rejected"),
        (counts.withheld, "withheld"),
        (counts.to_send, "to send"),
    ];
    if counts.queried == 0 {
        writeln!(out, "  0 rows")?;
    } else {
        writeln!(out, "  {} = {}", counted(counts.queried, "row"), sum(&rows))?;
    }
    let fates = [
        (sums.accepted, "accepted by TikTok"),
        (sums.refused, "refused by TikTok"),
        (sums.carried_out, "carried to the next run"),
        (sums.lost, "lost"),
    ];
    if counts.carried_in > 0 {
        let sent = [(counts.to_send, "to send"), (counts.carried_in, "carried in")];
        writeln!(out, "  {} = {}", sum(&sent), sum(&fates))?;
    } else if counts.to_send > 0 {
        writeln!(out, "  {} to send = {}", thousands(counts.to_send), sum(&fates))?;
    }
    write_changes(record, out)?;
    for (what, codes) in [("Rejected", &counts.rejected), ("Warnings", &counts.warnings)] {
        if !codes.is_empty() {
            let codes: Vec<_> = codes
                .iter()
                .map(|(code, rows)| format!("{code} {}", thousands(*rows)))
                .collect();
            writeln!(out, "  {what}: {}", codes.join(", "))?;
        }
    }
    let answers: Vec<_> = record
        .calls
        .iter()
        .map(|(code, calls)| format!("{} × {code}", thousands(*calls)))
        .collect();
    let calls = counted(record.calls.values().sum(), "API call");
    match answers.as_slice() {
        [] => writeln!(out, "  {calls}"),
        answers => writeln!(out, "  {calls}; answers: {}", answers.join(", ")),
    }
}

/// `3 accepted + 1 refused`, without the zeros.
fn sum(terms: &[(u64, &str)]) -> String {
    let shown: Vec<_> = terms
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{} {what}", thousands(*number)))
        .collect();
    if shown.is_empty() {
        "0".to_owned()
    } else {
        shown.join(" + ")
    }
}
