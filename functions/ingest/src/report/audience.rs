//! The audience of a run: who left it, and how TikTok has it.

use maud::{Markup, html};
use sync_core::run::{AudienceLook, AudienceLooks, Record};

use super::{number, row, time};

/// So many looks are shown, the newest first.
const SHOWN: usize = 10;

pub(super) fn section(record: &Record, looks: &AudienceLooks) -> Markup {
    let Some(audience) = &record.audience else {
        return html! {};
    };
    let (counts, sums) = (&record.counts, &record.sums);
    let of_this = |look: &&AudienceLook| audience.id.as_ref().is_none_or(|id| *id == look.audience_id);
    let seen: Vec<&AudienceLook> = looks.looks.iter().rev().filter(of_this).take(SHOWN).collect();
    html! {
        h2 { "The audience" }
        p class="soft" {
            @if let Some(name) = &audience.name { (name) " · " }
            @if let Some(id) = &audience.id { "audience " (id) " · " }
            "advertiser " (audience.advertiser_id)
        }
        @if counts.removed + counts.to_delete > 0 {
            table {
                (row("people to remove", counts.removed + counts.removed_again))
                (row("people removed", record.people_removed()))
                (row("identifiers removed", sums.deleted))
                (row("identifiers whose removal was not accepted: the next export removes them again", sums.not_deleted))
            }
        }
        @if let Some(warning) = seen.first().and_then(|look| look.warning()) { p class="note" { (warning) } }
        @if !seen.is_empty() {
            h2 { "How TikTok has it" }
            table {
                tr class="sum" { th { "looked at" } td { "people sent" } td { "matched" } td { "match rate" } td { "usable" } }
                @for look in seen {
                    tr {
                        th { (time(look.at)) }
                        td { (number(look.sent)) }
                        td { (number(look.matched)) }
                        td { @match look.match_percent() { Some(percent) => { (format!("{percent:.1} %")) } None => { "–" } } }
                        td { @if look.valid { "yes" } @else { "no" } }
                    }
                }
            }
            p class="soft" { "TikTok matches people within 24 to 48 hours of a send." }
        }
    }
}
