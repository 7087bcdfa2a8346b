//! Who holds which identifier: what of an audience may be at TikTok, and for whose sake.
//!
//! The keys of a snapshot tell which rows are known; these entries, beside them and partitioned by the identifiers' own
//! digests, tell which identifiers those rows brought. An entry stands for an identifier that *may* be at TikTok: from
//! the moment that its add may have been sent until its removal was accepted. Only so does an identifier that two rows
//! share stay until the last of them has gone, and an add that timed out never leaves somebody in the audience of whom
//! the state has not heard.

use super::Identifier;
use crate::diff::{Entry, KeyDigest, SnapshotRow, Sorted, SortedWriter};

/// The holder of an identifier that no row has any more, and whose removal was not accepted yet.
pub const NOBODY: KeyDigest = KeyDigest::from_bytes([0; 12]);

/// An identifier and the key of a row that has it: 45 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Holder {
    /// The identifier.
    pub id: Identifier,
    /// The row's key, or [`NOBODY`].
    pub key: KeyDigest,
}

/// An object of holders.
pub type Holders<'a> = Sorted<'a, Holder>;
/// Writes an object of holders.
pub type HoldersWriter = SortedWriter<Holder>;

impl Entry for Holder {
    const SIZE: usize = Identifier::SIZE + 12;

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.id.to_bytes());
        out.extend_from_slice(self.key.bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (id, key) = bytes.split_at_checked(Identifier::SIZE)?;
        Some(Self {
            id: Identifier::from_bytes(id)?,
            key: KeyDigest::from_bytes(key.try_into().ok()?),
        })
    }
}

impl SnapshotRow for Holder {
    const MAGIC: &'static [u8; 8] = b"TLHOLD01";

    fn is_before(&self, other: &Self) -> bool {
        self < other
    }
}

/// An identifier that nobody has any more: 45 bytes as [`Holder`], the key being the first of those that had it.
pub type Removal = Holder;

/// What becomes of the entries of one identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sifted {
    /// It stays, or is new: an entry of the next generation.
    Held(Holder),
    /// Nobody has it any more: it is to be removed from the audience.
    Removed(Removal),
}

/// Compares the identifiers of an audience with those of the rows that are sent, in ascending order of identifiers.
///
/// `old` are the entries so far, each with whether its row is gone or was changed; `new` those of the rows that are
/// sent. Both ascend. An identifier is never both held and removed: what two rows share is removed with the last.
pub fn sift(
    old: impl IntoIterator<Item = (Holder, bool)>,
    new: impl IntoIterator<Item = Holder>,
    mut f: impl FnMut(Sifted),
) {
    let mut old = old.into_iter().peekable();
    let mut new = new.into_iter().peekable();
    let mut held: Vec<KeyDigest> = Vec::new();
    loop {
        let ids = [
            old.peek().map(|(holder, _)| holder.id),
            new.peek().map(|holder| holder.id),
        ];
        let Some(id) = ids.into_iter().flatten().min() else {
            return;
        };
        held.clear();
        let mut first_gone: Option<KeyDigest> = None;
        while let Some((holder, dropped)) = old.next_if(|(holder, _)| holder.id == id) {
            if dropped || holder.key == NOBODY {
                first_gone.get_or_insert(holder.key);
                if first_gone == Some(NOBODY) {
                    first_gone = Some(holder.key);
                }
            } else {
                held.push(holder.key);
            }
        }
        while let Some(holder) = new.next_if(|holder| holder.id == id) {
            held.push(holder.key);
        }
        held.sort_unstable();
        held.dedup();
        if held.is_empty() {
            f(Sifted::Removed(Removal {
                id,
                key: first_gone.unwrap_or(NOBODY),
            }));
        }
        for key in &held {
            f(Sifted::Held(Holder { id, key: *key }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audience::IdKind;
    use crate::identity::Sha256Hex;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn id(n: u8) -> Identifier {
        Identifier::new(IdKind::Email, &Sha256Hex::of(&[n]))
    }

    fn key(n: u8) -> KeyDigest {
        KeyDigest::from_bytes([n; 12])
    }

    fn sifted(
        old: &[(u8, u8)],
        dropped: &[u8],
        new: &[(u8, u8)],
    ) -> (BTreeSet<(Identifier, KeyDigest)>, BTreeSet<Identifier>) {
        let holders = |pairs: &[(u8, u8)]| {
            let mut holders: Vec<Holder> = pairs
                .iter()
                .map(|(i, k)| Holder {
                    id: id(*i),
                    key: key(*k),
                })
                .collect();
            holders.sort_unstable();
            holders.dedup();
            holders
        };
        let is_dropped = |holder: Holder| (holder, dropped.iter().any(|k| key(*k) == holder.key));
        let (mut held, mut removed) = (BTreeSet::new(), BTreeSet::new());
        let mut before = None;
        sift(
            holders(old).into_iter().map(is_dropped),
            holders(new),
            |sifted| match sifted {
                Sifted::Held(holder) => {
                    assert!(before < Some(holder), "entries ascend");
                    before = Some(holder);
                    assert!(held.insert((holder.id, holder.key)));
                }
                Sifted::Removed(removal) => assert!(removed.insert(removal.id)),
            },
        );
        (held, removed)
    }

    #[test]
    fn a_shared_identifier_goes_with_the_last_that_has_it() {
        let (held, removed) = sifted(&[(1, 1), (1, 2), (2, 1)], &[1], &[]);
        assert_eq!(held, BTreeSet::from([(id(1), key(2))]));
        assert_eq!(removed, BTreeSet::from([id(2)]));
    }

    #[test]
    fn an_identifier_that_moves_to_another_row_is_not_removed() {
        let (held, removed) = sifted(&[(1, 1)], &[1], &[(1, 2)]);
        assert_eq!((held.len(), removed.len()), (1, 0));
    }

    #[test]
    fn what_nobody_holds_is_removed_until_that_was_accepted() {
        let (held, removed) = sifted(&[(1, 0)], &[], &[]);
        assert_eq!((held.len(), removed), (0, BTreeSet::from([id(1)])));
        let (held, removed) = sifted(&[(1, 0)], &[], &[(1, 3)]);
        assert_eq!(held, BTreeSet::from([(id(1), key(3))]));
        assert!(removed.is_empty());
    }

    #[test]
    fn entries_come_back_as_they_were_written() {
        let mut writer = HoldersWriter::default();
        let mut holders: Vec<Holder> = (0..9)
            .map(|n| Holder {
                id: id(n / 2),
                key: key(n),
            })
            .collect();
        holders.sort_unstable();
        for holder in &holders {
            writer.push(*holder);
        }
        let bytes = writer.finish();
        let read: Vec<Holder> = Holders::read(&bytes).unwrap().iter().collect();
        assert_eq!(read, holders);
        assert_eq!(bytes.len(), 16 + 9 * 45);
    }

    proptest! {
        #[test]
        fn what_is_held_and_removed_are_the_sets_that_they_should_be(
            old in proptest::collection::vec((0u8..6, 0u8..6), 0..20),
            dropped in proptest::collection::vec(1u8..6, 0..4),
            new in proptest::collection::vec((0u8..6, 1u8..6), 0..10),
        ) {
            let (held, removed) = sifted(&old, &dropped, &new);
            let mut expected: BTreeMap<Identifier, BTreeSet<KeyDigest>> = BTreeMap::new();
            for (i, k) in &old {
                let keys = expected.entry(id(*i)).or_default();
                if *k != 0 && !dropped.contains(k) {
                    keys.insert(key(*k));
                }
            }
            for (i, k) in &new {
                expected.entry(id(*i)).or_default().insert(key(*k));
            }
            let gone: BTreeSet<_> = expected.iter().filter(|(_, keys)| keys.is_empty()).map(|(id, _)| *id).collect();
            let there: BTreeSet<_> = expected.iter().flat_map(|(id, keys)| keys.iter().map(|key| (*id, *key))).collect();
            prop_assert_eq!(removed, gone);
            prop_assert_eq!(held, there);
        }
    }
}
