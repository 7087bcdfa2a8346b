//! A whole export is judged before the first of its calls.

use std::collections::BTreeSet;

use sync_core::audience::{MAX_FILES, MIN_PEOPLE};
use sync_core::run::{Counts, FixedVia, Judged, PartEnd, Prepared};

use super::{removes, way};
use crate::guards::{too_few, too_many_rejected, too_many_removed};
use crate::run::Run;

/// Whether what was prepared may be sent. `gone` is how many keys the export has no more, `known` how many there were.
pub(crate) fn judge(run: &Run<'_>, parts: &[Prepared], gone: u64, known: u64) -> Judged {
    let mut counts = Counts::default();
    for part in parts {
        counts.add(&part.counts);
    }
    let removed = if removes(run.spec, run.plan) {
        gone + parts.iter().map(|part| part.rejected_known).sum::<u64>()
    } else {
        0
    };
    let guard = |message: Option<String>| message.map(|message| PartEnd::Guard { message });
    let end = parts
        .iter()
        .find_map(|part| part.end.clone())
        .or_else(|| guard(too_few(run.spec, run.plan, counts.queried)))
        .or_else(|| guard(too_many_rejected(run.spec, run.plan, &counts)))
        .or_else(|| guard(too_many_removed(run.spec, run.plan, removed, known)))
        .or_else(|| guard(too_few_people(run, parts)))
        .or_else(|| too_many_files(parts));
    Judged { end, removed }
}

/// TikTok uses no audience with fewer than 1,000 people, and takes no file that would leave fewer.
fn too_few_people(run: &Run<'_>, parts: &[Prepared]) -> Option<String> {
    if way(run.spec) != Some(FixedVia::FileUpload) || run.plan.only_adds() || run.plan.export.is_none() {
        return None;
    }
    let people: BTreeSet<&String> = parts.iter().flat_map(|part| &part.people).collect();
    let people = people.len() as u64;
    (people < MIN_PEOPLE).then(|| {
        format!(
            "the export has {people} different people, and TikTok takes no audience file with fewer than {MIN_PEOPLE}: nothing was sent; export more people, or use via: segment, which fills an audience little by little"
        )
    })
}

fn too_many_files(parts: &[Prepared]) -> Option<PartEnd> {
    let files: usize = parts.iter().map(|part| part.files.len()).sum();
    (files > MAX_FILES).then(|| PartEnd::Broken {
        message: format!(
            "the export makes {files} files, and TikTok takes {MAX_FILES} for one audience: divide it over several audiences, or use via: segment"
        ),
    })
}
