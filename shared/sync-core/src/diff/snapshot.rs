//! The snapshot: the keys that TikTok accepted, sorted, in immutable objects.
//!
//! An object is a header of 16 bytes (its kind, the number of entries) and entries of equal size. Those of keys have 18
//! bytes: 12 of the key's digest, 4 of the row's fingerprint, 2 of the day (since 1970) on which the key was last
//! accepted. Entries of equal size can be read from anywhere, so that a partition is merged as a stream. Packing them
//! further was measured to save a quarter of the space at most, and compression nothing.

use std::marker::PhantomData;

use super::{Entry, KeyDigest, RowFingerprint};

const HEADER: usize = 16;

/// An entry of a snapshot's objects.
pub trait SnapshotRow: Entry {
    /// The first bytes of an object of such entries.
    const MAGIC: &'static [u8; 8];

    /// Whether this entry comes before another one: entries are strictly ascending.
    fn is_before(&self, other: &Self) -> bool;
}

/// The keys of a snapshot.
pub type Snapshot<'a> = Sorted<'a, SnapshotEntry>;
/// Writes an object of keys.
pub type SnapshotWriter = SortedWriter<SnapshotEntry>;

/// One key that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotEntry {
    /// The primary key's digest.
    pub key: KeyDigest,
    /// The fingerprint of the row that was accepted.
    pub fingerprint: RowFingerprint,
    /// The day of acceptance, counted from 1970-01-01.
    pub day: u16,
}

/// Why bytes are no snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSnapshot {
    /// Not one of ours, or of an unknown format.
    #[error("the snapshot object has no header of this version")]
    Header,
    /// Shorter or longer than its header says.
    #[error("the snapshot object is cut off")]
    Length,
    /// Keys are not ascending.
    #[error("the snapshot object is not sorted")]
    Order,
}

impl SnapshotRow for SnapshotEntry {
    const MAGIC: &'static [u8; 8] = b"TLSNAP01";

    fn is_before(&self, other: &Self) -> bool {
        self.key < other.key
    }
}

/// A snapshot object that was read.
pub struct Sorted<'a, E> {
    entries: &'a [u8],
    of: PhantomData<E>,
}

/// Entries may name people.
impl<E> std::fmt::Debug for Sorted<'_, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sorted").finish_non_exhaustive()
    }
}

impl<E> Clone for Sorted<'_, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Sorted<'_, E> {}

impl<'a, E: SnapshotRow> Sorted<'a, E> {
    /// An object without entries.
    pub const EMPTY: Sorted<'static, E> = Sorted {
        entries: &[],
        of: PhantomData,
    };

    /// How many entries an object of this size holds.
    pub fn keys_in(bytes: u64) -> u64 {
        bytes.saturating_sub(HEADER as u64) / E::SIZE as u64
    }

    /// Checks header, length and order.
    pub fn read(bytes: &'a [u8]) -> Result<Self, InvalidSnapshot> {
        let (header, entries) = bytes.split_at_checked(HEADER).ok_or(InvalidSnapshot::Header)?;
        let count = header.strip_prefix(E::MAGIC).ok_or(InvalidSnapshot::Header)?;
        let count = u64::from_le_bytes(count.try_into().map_err(|_| InvalidSnapshot::Header)?);
        if entries.len() as u64 != count.saturating_mul(E::SIZE as u64) {
            return Err(InvalidSnapshot::Length);
        }
        let snapshot = Self {
            entries,
            of: PhantomData,
        };
        let mut before: Option<E> = None;
        for entry in snapshot.iter() {
            if before.is_some_and(|before| !before.is_before(&entry)) {
                return Err(InvalidSnapshot::Order);
            }
            before = Some(entry);
        }
        Ok(snapshot)
    }

    /// The entries, ascending.
    pub fn iter(&self) -> impl Iterator<Item = E> + use<'a, E> {
        self.entries.chunks_exact(E::SIZE).filter_map(E::read)
    }

    /// How many entries it holds.
    pub fn len(&self) -> usize {
        self.entries.len() / E::SIZE
    }

    /// True without entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Writes a snapshot object.
pub struct SortedWriter<E> {
    bytes: Vec<u8>,
    of: PhantomData<E>,
}

/// Entries may name people.
impl<E> std::fmt::Debug for SortedWriter<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SortedWriter").finish_non_exhaustive()
    }
}

impl<E> Default for SortedWriter<E> {
    fn default() -> Self {
        Self {
            bytes: vec![0; HEADER],
            of: PhantomData,
        }
    }
}

impl<E: SnapshotRow> SortedWriter<E> {
    /// Adds an entry; they come in ascending order.
    #[expect(clippy::needless_pass_by_value, reason = "an entry is a few bytes")]
    pub fn push(&mut self, entry: E) {
        entry.write(&mut self.bytes);
    }

    /// How many entries were added.
    pub fn len(&self) -> usize {
        self.bytes.len().saturating_sub(HEADER) / E::SIZE
    }

    /// True before the first entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The object.
    pub fn finish(mut self) -> Vec<u8> {
        let count = self.len() as u64;
        if let Some(header) = self.bytes.first_chunk_mut::<HEADER>() {
            let (magic, number) = header.split_at_mut(8);
            magic.copy_from_slice(E::MAGIC);
            number.copy_from_slice(&count.to_le_bytes());
        }
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(keys: &[u32]) -> Vec<u8> {
        let mut writer = SnapshotWriter::default();
        for key in keys {
            writer.push(SnapshotEntry {
                key: KeyDigest::from_u128(u128::from(*key) << 96),
                fingerprint: RowFingerprint(*key + 1),
                day: 20_000,
            });
        }
        writer.finish()
    }

    #[test]
    fn entries_come_back_as_they_were_written() {
        let bytes = object(&[1, 5, 9]);
        let read: Vec<_> = Snapshot::read(&bytes)
            .unwrap()
            .iter()
            .map(|e| (e.fingerprint.0, e.day))
            .collect();
        assert_eq!(read, [(2, 20_000), (6, 20_000), (10, 20_000)]);
        assert_eq!(Snapshot::read(&object(&[])).unwrap().len(), 0);
    }

    #[test]
    fn a_damaged_object_is_an_error_and_never_empty() {
        let good = object(&[1, 5, 9]);
        assert_eq!(Snapshot::read(&[]).unwrap_err(), InvalidSnapshot::Header);
        assert_eq!(
            Snapshot::read(&good[..good.len() - 1]).unwrap_err(),
            InvalidSnapshot::Length
        );
        assert_eq!(
            Snapshot::read(&[good.clone(), vec![0]].concat()).unwrap_err(),
            InvalidSnapshot::Length
        );
        assert_eq!(
            Snapshot::read(&[b"TLSNAP99", &good[8..]].concat()).unwrap_err(),
            InvalidSnapshot::Header
        );
        assert_eq!(
            Snapshot::read(&object(&[5, 1])).unwrap_err(),
            InvalidSnapshot::Order
        );
        assert_eq!(
            Snapshot::read(&object(&[5, 5])).unwrap_err(),
            InvalidSnapshot::Order
        );
    }
}
