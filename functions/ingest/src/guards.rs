//! The guards that look at an export before any of it is sent.

use sync_core::run::{Counts, Plan};
use sync_core::spec::SyncSpec;

/// `guards.min_rows`: what to say of an export with fewer rows.
pub(crate) fn too_few(spec: &SyncSpec, plan: &Plan, queried: u64) -> Option<String> {
    let judged = plan.export.is_some() && !plan.ignore_guards;
    judged.then(|| fewer(spec, queried)).flatten()
}

/// The same, before there is a plan.
pub(crate) fn fewer(spec: &SyncSpec, queried: u64) -> Option<String> {
    let least = spec.guards.min_rows;
    (queried < least).then(|| {
        format!(
            "the export has {queried} rows, guards.min_rows asks for {least}: nothing was sent; export again, lower the guard, or let it through with --ignore-guards"
        )
    })
}

/// `guards.max_rejected_percent`: what to say of a part with more rejected rows (of audiences: of the
/// whole export). Expired rows are left out.
pub(crate) fn too_many_rejected(spec: &SyncSpec, plan: &Plan, counts: &Counts) -> Option<String> {
    let judged = counts.queried.saturating_sub(counts.expired);
    let rejected = counts.rejected_total();
    let most = spec.guards.max_rejected_percent;
    let percent = percent(rejected, judged);
    let part = if plan.cut.is_some() && spec.audience.is_none() {
        " of one part"
    } else {
        ""
    };
    (!plan.ignore_guards && percent > most).then(|| {
        format!(
            "{rejected} of {judged} rows{part} ({percent:.1} %) were rejected, guards.max_rejected_percent allows {most} %: none of them was sent; look at the rejected rows, raise the guard, or let it through with --ignore-guards"
        )
    })
}

/// `guards.max_removed_percent`: what to say of an export that would take more people out of an audience.
pub(crate) fn too_many_removed(spec: &SyncSpec, plan: &Plan, removed: u64, known: u64) -> Option<String> {
    let most = spec.guards.max_removed_percent;
    let percent = percent(removed, known);
    (!plan.ignore_guards && percent > most).then(|| {
        format!(
            "the export would remove {removed} of {known} people ({percent:.1} %) from the audience, guards.max_removed_percent allows {most} %: nothing was sent; look whether the export is whole, raise the guard, or let it through with --ignore-guards"
        )
    })
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a percentage of row counts needs no more than 52 bits"
)]
fn percent(part: u64, of: u64) -> f64 {
    if of == 0 {
        0.0
    } else {
        100.0 * part as f64 / of as f64
    }
}
