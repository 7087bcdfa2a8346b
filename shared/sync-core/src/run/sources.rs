//! The event sources that a sync's rows were sent to: what the state of an event sync is the state of.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::spec::{EventSource, SyncSpec};

/// An event source, as TikTok's calls name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SentTo {
    /// `web`, `offline` or `crm`.
    pub event_source: String,
    /// The pixel code, or the id of the event set.
    pub event_source_id: String,
}

impl SentTo {
    /// The source of an event block.
    pub fn of(source: &EventSource) -> Self {
        Self {
            event_source: source.as_str().to_owned(),
            event_source_id: source.id().to_owned(),
        }
    }

    /// The sources of a spec's event blocks, ascending, each once. Empty for audiences.
    pub fn all_of(spec: &SyncSpec) -> Vec<Self> {
        let mut all: Vec<Self> = spec.events.iter().map(|block| Self::of(&block.source)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

impl fmt::Display for SentTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.event_source.as_str() {
            "web" => write!(f, "the pixel {}", self.event_source_id),
            source => write!(f, "the {source} event set {}", self.event_source_id),
        }
    }
}

/// Which of today's event blocks takes what each block of an earlier spec had made: the one of the same source, the first
/// one the first. What is left pairs by its place, then one by one where only one of each is left: a pixel code that was
/// corrected. `None`: nobody wants these events any more.
pub fn follow(before: &[SentTo], now: &[SentTo]) -> Vec<Option<usize>> {
    let mut found: Vec<Option<usize>> = Vec::new();
    for source in before {
        let same = (0..now.len()).find(|at| now.get(*at) == Some(source) && !found.contains(&Some(*at)));
        found.push(same);
    }
    let left = |found: &[Option<usize>]| -> (Vec<usize>, Vec<usize>) {
        let old = (0..before.len()).filter(|at| found.get(*at) == Some(&None));
        let new = (0..now.len()).filter(|at| !found.contains(&Some(*at)));
        (old.collect(), new.collect())
    };
    let (old, new) = left(&found);
    for at in old.into_iter().filter(|at| new.contains(at)) {
        if let Some(place) = found.get_mut(at) {
            *place = Some(at);
        }
    }
    if let ([old], [new]) = (left(&found).0.as_slice(), left(&found).1.as_slice())
        && let Some(place) = found.get_mut(*old)
    {
        *place = Some(*new);
    }
    found
}

/// Several sources in a sentence.
pub fn named(sources: &[SentTo]) -> String {
    let names: Vec<String> = sources.iter().map(SentTo::to_string).collect();
    match names.split_last() {
        None => "no event source".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, before)) => format!("{} and {last}", before.join(", ")),
    }
}

/// The sources of a spec, compared with those that the known rows were sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourcesFit {
    /// They are the same ones, or fewer.
    Same,
    /// At least one is the same. These are new: rows that were sent before do not go to them.
    Added(Vec<SentTo>),
    /// None is the same: the known rows were never sent to any of them.
    Other,
}

impl SourcesFit {
    /// Compares a spec's sources with the known ones. The order and the number of blocks do not matter.
    pub fn of(known: &[SentTo], asked: &[SentTo]) -> Self {
        let added: Vec<SentTo> = asked
            .iter()
            .filter(|source| !known.contains(source))
            .cloned()
            .collect();
        if added.is_empty() {
            Self::Same
        } else if added.len() < asked.len() {
            Self::Added(added)
        } else {
            Self::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn web(id: &str) -> SentTo {
        SentTo {
            event_source: "web".into(),
            event_source_id: id.into(),
        }
    }

    #[test]
    fn one_source_in_common_is_enough() {
        let [a, b, c] = ["A", "B", "C"].map(web);
        let fit = |known: &[&SentTo], asked: &[&SentTo]| {
            let owned = |sources: &[&SentTo]| sources.iter().copied().cloned().collect::<Vec<_>>();
            SourcesFit::of(&owned(known), &owned(asked))
        };
        assert_eq!(fit(&[&a], &[&a]), SourcesFit::Same);
        assert_eq!(fit(&[&a, &b], &[&b, &a]), SourcesFit::Same);
        assert_eq!(fit(&[&a, &b], &[&b]), SourcesFit::Same);
        assert_eq!(fit(&[&a], &[&a, &b]), SourcesFit::Added(vec![b.clone()]));
        assert_eq!(fit(&[&a, &b], &[&b, &c]), SourcesFit::Added(vec![c.clone()]));
        assert_eq!(fit(&[&a], &[&b]), SourcesFit::Other);
        assert_eq!(fit(&[&a, &b], &[&c]), SourcesFit::Other);
        // The same id of another kind is another source.
        let offline = SentTo {
            event_source: "offline".into(),
            ..a.clone()
        };
        assert_eq!(fit(&[&a], &[&offline]), SourcesFit::Other);
    }

    #[test]
    fn events_follow_their_source_and_not_its_place() {
        let [a, b, c, d] = ["A", "B", "C", "D"].map(web);
        let check = |before: &[&SentTo], now: &[&SentTo], expected: &[Option<usize>]| {
            let owned = |sources: &[&SentTo]| sources.iter().copied().cloned().collect::<Vec<_>>();
            assert_eq!(
                follow(&owned(before), &owned(now)),
                expected,
                "{before:?} {now:?}"
            );
        };
        check(&[&a, &b], &[&a, &b], &[Some(0), Some(1)]);
        // In another order, with one before them, without the first one.
        check(&[&a, &b], &[&b, &a], &[Some(1), Some(0)]);
        check(&[&a, &b], &[&c, &a, &b], &[Some(1), Some(2)]);
        check(&[&a, &b], &[&b], &[None, Some(0)]);
        check(&[&a, &b], &[&a], &[Some(0), None]);
        // Two blocks of one source keep their order.
        check(&[&a, &a], &[&b, &a, &a], &[Some(1), Some(2)]);
        // A corrected one stands where the wrong one stood, or is the only one that is left.
        check(&[&a], &[&b], &[Some(0)]);
        check(&[&a, &b], &[&c, &b], &[Some(0), Some(1)]);
        check(&[&a, &b], &[&b, &c], &[Some(1), Some(0)]);
        check(&[&a, &b], &[&c, &d], &[Some(0), Some(1)]);
    }

    #[test]
    fn sources_are_named_in_sentences() {
        let set = SentTo {
            event_source: "offline".into(),
            event_source_id: "73".into(),
        };
        assert_eq!(named(&[web("A")]), "the pixel A");
        assert_eq!(
            named(&[web("A"), web("B"), set]),
            "the pixel A, the pixel B and the offline event set 73"
        );
    }
}
