//! What became of a run, in words, as JSON and as an exit code.

use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};
use sync_core::run::{Again, Figure, Record, RunStatus};

use crate::audience_result::{self, write_audience, write_changes};
use crate::exit::Exit;
use crate::local::{Phase, RunEnd};
use crate::plural::{counted, thousands};
use crate::way::Way;

/// The exit code that a run ends with.
pub(crate) fn exit(end: &RunEnd, phase: Phase) -> Exit {
    match (&end.record, end.nothing) {
        (Some(_), Some(Again::Held)) => Exit::Done,
        (Some(_), Some(Again::Rejected { .. })) => Exit::Rejected,
        (Some(_), Some(Again::Stopped)) => Exit::Failed,
        (Some(record), _) => of_record(record, end.left_over),
        (None, _) if phase == Phase::Ingest && waits_as(end) == RunStatus::Waiting => Exit::Done,
        (None, _) => Exit::Failed,
    }
}

/// How a run without a record stands.
fn waits_as(end: &RunEnd) -> RunStatus {
    end.waiting
        .as_ref()
        .map_or(RunStatus::Waiting, |waiting| waiting.status)
}

/// The exit code of a run that has ended.
pub(crate) fn of_record(record: &Record, left_over: u64) -> Exit {
    let sums = &record.sums;
    if left_over + sums.lost + sums.not_deleted > 0 || !record.inconsistent.is_empty() {
        return Exit::Failed;
    }
    match record.status {
        RunStatus::Completed | RunStatus::Resynced | RunStatus::Superseded => Exit::Done,
        RunStatus::CompletedWithErrors => Exit::Rejected,
        RunStatus::Waiting
        | RunStatus::Postponed
        | RunStatus::Running
        | RunStatus::Interrupted
        | RunStatus::Incomplete
        | RunStatus::Aborted
        | RunStatus::StoppedByGuard
        | RunStatus::Misconfigured
        | RunStatus::NeedsReauthorisation
        | RunStatus::Cancelled => Exit::Failed,
    }
}

/// The run's record, with the file and whether it was done before.
pub(crate) fn as_json(file: &Path, end: &RunEnd, way: &Way) -> Value {
    let mut shown = json!({
        "file": file.display().to_string(),
        "already": end.nothing.is_some(),
        "folder": end.folder.display().to_string(),
        "run": end.waiting.as_ref().is_none_or(|waiting| waiting.begun).then_some(&end.run),
        "status": waits_as(end),
        "waiting": end.waiting.as_ref().map(|waiting| way.complete(&waiting.why)),
        "left_over": end.left_over,
    });
    let record = end.record.as_ref().map(|record| Record {
        reason: record.reason.as_ref().map(|reason| way.complete(reason)),
        notes: record.notes.iter().map(|note| way.complete(note)).collect(),
        ..record.clone()
    });
    if let (Some(shown), Some(Ok(Value::Object(record)))) =
        (shown.as_object_mut(), record.map(serde_json::to_value))
    {
        shown.extend(record);
        let percent = end.record.as_ref().and_then(audience_result::booster_percent);
        shown.extend(percent.map(|percent| ("booster_percent".to_owned(), percent)));
    }
    shown
}

/// Tells a person what became of a file.
pub(crate) fn write(file: &Path, end: &RunEnd, way: &Way, out: &mut dyn Write) -> io::Result<()> {
    let run = &end.run;
    let Some(record) = &end.record else {
        return write_waiting(file, end, way, out);
    };
    if let Some(why) = end.nothing {
        return writeln!(out, "{}", way.complete(&nothing_to_do(file, record, why)));
    }
    writeln!(out, "{}: {} (run {run})", file.display(), record.status.name())?;
    if let Some(reason) = &record.reason {
        writeln!(out, "  Why: {}", way.complete(reason))?;
    }
    write_audience(record, out)?;
    write_counts(record, end.left_over, out)?;
    if let Some(code) = &record.test_event_code {
        writeln!(
            out,
            "  Test event code {code}: these events went to TikTok's test page only, and leave no mark; without the code in the spec `{}` sends them live",
            way.command("tideline run SPEC FILE")
        )?;
    }
    for note in &record.notes {
        writeln!(out, "  Note: {}", way.complete(note))?;
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
    if let Some(next) = what_next(record, end.left_over) {
        writeln!(out, "  {}", way.complete(&next))?;
    }
    writeln!(out, "  Record: {}", end.folder.join("run.json").display())
}

/// One line for a run that has not ended.
fn write_waiting(file: &Path, end: &RunEnd, way: &Way, out: &mut dyn Write) -> io::Result<()> {
    let (file, status) = (file.display(), waits_as(end).name());
    match &end.waiting {
        Some(waiting) if !waiting.begun => writeln!(out, "{file}: {}", way.complete(&waiting.why)),
        Some(waiting) => writeln!(
            out,
            "{file}: {status} (run {}): {}",
            end.run,
            way.complete(&waiting.why)
        ),
        None => writeln!(out, "{file}: {status} (run {}): it has not ended", end.run),
    }
}

/// One line for a file that is not run again.
fn nothing_to_do(file: &Path, record: &Record, why: Again) -> String {
    let (file, run) = (file.display(), &record.run);
    let rejected = record.counts.rejected_total();
    match why {
        Again::Stopped => format!(
            "Nothing has changed since {file} was run before: {} (run {run}): {}",
            record.status.name(),
            record.reason.as_deref().unwrap_or("no reason is known")
        ),
        Again::Rejected { refused } => {
            let mut what = Vec::new();
            if rejected > 0 {
                what.push(format!(
                    "{} rejected, which `tideline rejected {run}` lists",
                    counted(rejected, "row")
                ));
            }
            if refused > 0 {
                what.push(format!(
                    "{} refused by TikTok, which `tideline retry {}` sends again",
                    counted(refused, "row"),
                    record.sync
                ));
            }
            format!(
                "Nothing to do: neither {file} nor its spec has changed since the run {run}, which had {}",
                what.join(", and ")
            )
        }
        Again::Held | Again::Run => format!(
            "Nothing to do: {file} was run before (run {run}), and TikTok holds every row of it that passes the spec"
        ),
    }
}

/// What becomes of rows that did not get through, and how to send them now.
fn what_next(record: &Record, left_over: u64) -> Option<String> {
    let sync = &record.sync;
    let rows = counted(left_over, "row");
    match record.status {
        // Its reason says so.
        RunStatus::Incomplete => None,
        RunStatus::Misconfigured | RunStatus::NeedsReauthorisation if left_over > 0 => Some(format!(
            "{rows} left over: when that is put right, the next run of the sync sends them, and so does `tideline retry {sync}`"
        )),
        _ if left_over > 0 => Some(format!(
            "{rows} left over: the next run of the sync sends them, and `tideline retry {sync}` now"
        )),
        _ if record.sums.refused > 0 && !record.is_test() => {
            Some(format!("`tideline retry {sync}` sends again what TikTok refused"))
        }
        _ => None,
    }
}

/// The sums of the record, each as a line that adds up.
pub(crate) fn write_counts(record: &Record, left_over: u64, out: &mut dyn Write) -> io::Result<()> {
    let counts = &record.counts;
    let terms = |figures: &[Figure]| {
        let shown: Vec<String> = figures
            .iter()
            .map(|figure| (figure.of(record, left_over), figure.name()))
            .filter(|(number, _)| *number > 0)
            .map(|(number, name)| format!("{} {name}", thousands(number)))
            .collect();
        if shown.is_empty() {
            "0".to_owned()
        } else {
            shown.join(" + ")
        }
    };
    let parts = Figure::BEFORE.get(1..).unwrap_or_default();
    if counts.queried == 0 {
        writeln!(out, "  0 rows")?;
    } else {
        writeln!(out, "  {} = {}", counted(counts.queried, "row"), terms(parts))?;
    }
    if counts.changed_not_sent > 0 {
        writeln!(
            out,
            "  {} of the unchanged rows changed since they were sent: under mode insert they are not sent again",
            thousands(counts.changed_not_sent)
        )?;
    }
    if counts.to_send + counts.carried_in > 0 {
        let sent = terms(&[Figure::ToSend, Figure::CarriedIn]);
        let fates = Figure::AFTER.get(1..).unwrap_or_default();
        writeln!(out, "  {sent} = {}", terms(fates))?;
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
