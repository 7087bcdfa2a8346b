//! `report.html`: the record of a run as a page that a person can read. Derived: it may be written again.

mod audience;
mod booster;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use sync_core::run::{AudienceLooks, Figure, Record, RunStatus};

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#5b6470;--line:#d9dee4;--page:#fff;--good:#1a7f4b;--bad:#b42318;--wait:#9a6700}\
@media(prefers-color-scheme:dark){:root{--ink:#e8ebef;--soft:#9aa4b0;--line:#333b45;--page:#14181d;--good:#4cc38a;--bad:#ff8b7e;--wait:#e2b340}}\
body{margin:0 auto;padding:2.5rem 1.25rem;max-width:46rem;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page)}\
h1{font-size:1.6rem;margin:0 0 .25rem}h2{font-size:1.05rem;margin:2rem 0 .5rem}p{margin:.25rem 0}\
.soft{color:var(--soft);overflow-wrap:anywhere}.good{color:var(--good)}.bad{color:var(--bad)}.wait{color:var(--wait)}\
table{width:100%;border-collapse:collapse}td,th{padding:.4rem 0;border-bottom:1px solid var(--line);text-align:left;font-weight:400}\
td{text-align:right;font-variant-numeric:tabular-nums}tr.sum td,tr.sum th{font-weight:600}\
.note{border-left:3px solid var(--wait);padding:.5rem .9rem;margin:1rem 0}";

/// The page of a run. `left_over`: how many of its rows wait still to be sent again.
pub(crate) fn page(record: &Record, left_over: u64, looks: &AudienceLooks) -> String {
    let name = record.status.name();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width,initial-scale=1";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { (record.sync) " · " (name) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (record.sync) }
                p class=(class(record.status)) { (name) }
                p class="soft" { (record.status.meaning()) }
                @if let Some(reason) = &record.reason { p class="note" { (reason) } }
                @if let Some(code) = &record.test_event_code {
                    p class="note" { "All events went under the test event code " (code) ": they count for nothing but TikTok's test page, and leave no mark on the state of the sync." }
                }
                @for note in &record.notes { p class="note" { (note) } }
                @for fault in &record.inconsistent { p class="note bad" { "A fault in Tideline: " (fault) } }
                p class="soft" {
                    "Run " (record.run) " · " (time(record.started)) " to " (time(record.finished))
                    @if let Some(export) = &record.export { br; (export) }
                }
                (before(record))
                (after(record, left_over))
                (left_out(record))
                (audience::section(record, looks))
                (booster::section(record))
                (calls(record))
            }
        }
    }
    .into_string()
}

fn before(record: &Record) -> Markup {
    let counts = &record.counts;
    html! {
        h2 { "Rows of the export" }
        table {
            @for figure in Figure::BEFORE.into_iter().filter(|figure| *figure != Figure::Queried) {
                (row(figure.name(), figure.of(record, 0)))
            }
            tr class="sum" { th { (Figure::Queried.name()) } td { (number(counts.queried)) } }
        }
        @if counts.changed_not_sent > 0 {
            p class="soft" { (number(counts.changed_not_sent)) " of the unchanged rows have changed since they were sent; under mode insert they are not sent again." }
        }
        @if counts.changed > 0 {
            p class="soft" { (number(counts.changed)) " of the rows to send were known: they changed, or TikTok may not have them." }
        }
        @if !counts.rejected.is_empty() {
            h2 { "Rejected rows" }
            table { @for (code, count) in &counts.rejected { (row(&code.replace('_', " "), *count)) } }
            p class="soft" { "rejected.jsonl, beside this page, names each row, its field and what is wrong." }
        }
        @if !counts.warnings.is_empty() {
            h2 { "Warnings" }
            table { @for (code, count) in &counts.warnings { (row(&code.replace('_', " "), *count)) } }
        }
    }
}

fn after(record: &Record, left_over: u64) -> Markup {
    html! {
        h2 { "What TikTok said" }
        table {
            @for figure in Figure::AFTER.into_iter().filter(|figure| *figure != Figure::CarriedIn) {
                (row(figure.name(), figure.of(record, left_over)))
            }
            @for figure in [Figure::ToSend, Figure::CarriedIn] {
                @let rows = figure.of(record, left_over);
                @if rows > 0 { tr class="sum" { th { (figure.name()) } td { (number(rows)) } } }
            }
        }
    }
}

/// Rows that earlier runs left over and that were not sent this time, and those that TikTok may have twice.
fn left_out(record: &Record) -> Markup {
    let counts = &record.counts;
    let rows = [
        ("gave way to a newer row", counts.carried_superseded),
        ("became too old", counts.carried_expired),
        ("had been accepted after all", counts.carried_done),
        (
            "belong to an event that the spec has no more",
            counts.carried_dropped,
        ),
    ];
    html! {
        @if rows.iter().any(|(_, count)| *count > 0) {
            h2 { "Rows left over from earlier runs that were not sent" }
            table { @for (name, count) in rows { (row(name, count)) } }
        }
        @if counts.resent_after_window > 0 {
            p class="note" {
                (number(counts.resent_after_window))
                " rows were first tried more than 47 hours ago without a clear answer, and went again: TikTok forgets an event_id after 48 hours, so it may count them twice."
            }
        }
    }
}

fn calls(record: &Record) -> Markup {
    html! {
        @if !record.calls.is_empty() {
            h2 { "API calls by TikTok's return code" }
            table { @for (code, count) in &record.calls { (row(&code.replace('_', " "), *count)) } }
        }
    }
}

fn row(name: &str, count: u64) -> Markup {
    html! { @if count > 0 { tr { th { (name) } td { (number(count)) } } } }
}

/// `1234567` as `1,234,567`.
fn number(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn time(epoch_seconds: i64) -> String {
    runtime::store::Timestamp::from_second(epoch_seconds)
        .map_or_else(|_| epoch_seconds.to_string(), |time| time.to_string())
}

/// The colour of a status.
fn class(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Completed | RunStatus::Resynced => "good",
        RunStatus::Aborted
        | RunStatus::StoppedByGuard
        | RunStatus::Misconfigured
        | RunStatus::NeedsReauthorisation => "bad",
        RunStatus::Waiting
        | RunStatus::Postponed
        | RunStatus::Running
        | RunStatus::Interrupted
        | RunStatus::CompletedWithErrors
        | RunStatus::Incomplete
        | RunStatus::Cancelled
        | RunStatus::Superseded => "wait",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_core::names::{RunId, SyncName};
    use sync_core::run::{Counts, RunKind, Sums};

    fn record() -> Record {
        let (run, sync) = (RunId::new("0a").unwrap(), SyncName::new("web").unwrap());
        Record {
            reason: Some("<script>alert(1)</script>".into()),
            export: Some("models/web/a&b.csv".into()),
            started: 1_790_000_000,
            finished: 1_790_000_060,
            counts: Counts {
                queried: 1_234_567,
                to_send: 1_234_560,
                rejected: [("invalid_email".to_owned(), 7)].into(),
                ..Counts::default()
            },
            sums: Sums {
                accepted: 1_234_000,
                carried_out: 560,
                ..Sums::default()
            },
            calls: [("0".to_owned(), 1235)].into(),
            ..Record::bare(run, sync, RunKind::Export, RunStatus::Incomplete)
        }
    }

    #[test]
    fn a_page_shows_status_sums_and_reasons() {
        let shown = page(&record(), 560, &AudienceLooks::default());
        for part in [
            ">incomplete<",
            "1,234,567",
            "invalid email",
            "<th>accepted</th><td>1,234,000</td>",
            "<th>left over</th><td>560</td>",
            "<th>to send</th><td>1,234,560</td>",
            "1,235",
            "2026-09-21T",
        ] {
            assert!(shown.contains(part), "{part} is missing in {shown}");
        }
        // When a later run has taken them in, nothing is left over any more.
        let later = page(&record(), 0, &AudienceLooks::default());
        assert!(later.contains("<th>unanswered</th><td>560</td>") && !later.contains("left over</th>"));
    }

    #[test]
    fn nothing_of_an_export_or_an_answer_becomes_markup() {
        let page = page(&record(), 560, &AudienceLooks::default());
        assert!(!page.contains("<script>"));
        assert!(page.contains("a&amp;b.csv"));
    }
}
