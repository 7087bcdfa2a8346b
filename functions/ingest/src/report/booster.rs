//! What Match Booster did in a run.

use maud::{Markup, html};
use sync_core::run::Record;

use super::{number, row};

pub(super) fn section(record: &Record) -> Markup {
    let Some(booster) = &record.counts.booster else {
        return html! {};
    };
    let share = |count: Option<&u64>| share(count.copied().unwrap_or(0), booster.rows);
    html! {
        h2 { "Match Booster" }
        table {
            (row("people looked up", booster.rows))
            (row("found in the identity files", booster.found))
            (row("gained at least one identifier", booster.gained))
            (row("values of the files that are none, or too many for one person", booster.left_out))
        }
        table {
            tr class="sum" { th { "identifier" } td { "added" } td { "people with it before" } td { "after" } }
            @for (kind, after) in &booster.after {
                @if *after > 0 {
                    tr {
                        th { (kind) }
                        td { (number(booster.added.get(kind).copied().unwrap_or(0))) }
                        td { (share(booster.before.get(kind))) }
                        td { (share(Some(after))) }
                    }
                }
            }
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a percentage of counts needs no more than 52 bits"
)]
fn share(count: u64, of: u64) -> String {
    let percent = if of == 0 {
        0.0
    } else {
        100.0 * count as f64 / of as f64
    };
    format!("{} ({percent:.1} %)", number(count))
}
