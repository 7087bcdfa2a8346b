//! Objects that the stages of a large run hand on to each other: entries in slices, each slice for one reader.
//!
//! An object is a header of 24 bytes (`TLSLICE1`, a number of the writer's own, the number of slices), the index of
//! each slice's first entry and of the end, all in 8 bytes, and the entries. A reader takes the head and then the
//! bytes of its own slice: no stage reads what is for others.

use std::ops::Range;

use super::{Decision, KeyDigest, RowFingerprint, ScanEntry, SnapshotEntry};

const MAGIC: &[u8; 8] = b"TLSLICE1";
const HEADER: usize = 24;

/// An entry of fixed size.
pub trait Entry: Sized {
    /// Its size in bytes.
    const SIZE: usize;

    /// Appends it.
    fn write(&self, out: &mut Vec<u8>);

    /// Reads it; `None` where the bytes are none that [`Entry::write`] writes.
    fn read(bytes: &[u8]) -> Option<Self>;
}

/// Why bytes are no object of slices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an object that a stage of the run wrote is cut off or not of this version")]
pub struct InvalidSlices;

/// Writes an object, slice by slice.
#[derive(Debug)]
pub struct SlicesWriter {
    starts: Vec<u64>,
    entries: Vec<u8>,
    count: u64,
}

impl Default for SlicesWriter {
    fn default() -> Self {
        Self {
            starts: vec![0],
            entries: Vec::new(),
            count: 0,
        }
    }
}

impl SlicesWriter {
    /// Adds an entry to the current slice.
    pub fn push(&mut self, entry: &impl Entry) {
        entry.write(&mut self.entries);
        self.count += 1;
    }

    /// Ends the current slice.
    pub fn end_slice(&mut self) {
        self.starts.push(self.count);
    }

    /// The object. `number` is for the writer's own use.
    pub fn finish(self, number: u64) -> Vec<u8> {
        let slices = (self.starts.len() as u64).saturating_sub(1);
        let mut out = Vec::with_capacity(HEADER + self.starts.len() * 8 + self.entries.len());
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&number.to_le_bytes());
        out.extend_from_slice(&slices.to_le_bytes());
        for start in &self.starts {
            out.extend_from_slice(&start.to_le_bytes());
        }
        out.extend_from_slice(&self.entries);
        out
    }
}

/// The head of an object: where each slice lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlicesHead {
    /// The writer's own number.
    pub number: u64,
    starts: Vec<u64>,
}

impl SlicesHead {
    /// How many bytes the head of an object with this many slices has.
    pub fn len(slices: u32) -> u64 {
        HEADER as u64 + 8 * (u64::from(slices) + 1)
    }

    /// Reads the head of an object that has this many slices.
    pub fn read(bytes: &[u8], slices: u32) -> Result<Self, InvalidSlices> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(InvalidSlices)?;
        let (numbers, _) = rest.as_chunks::<8>();
        let mut numbers = numbers.iter().map(|bytes| u64::from_le_bytes(*bytes));
        let (number, count) = (
            numbers.next().ok_or(InvalidSlices)?,
            numbers.next().ok_or(InvalidSlices)?,
        );
        let starts: Vec<u64> = numbers.take(slices as usize + 1).collect();
        let whole = count == u64::from(slices) && starts.len() == slices as usize + 1;
        if !whole || !starts.is_sorted() {
            return Err(InvalidSlices);
        }
        Ok(Self { number, starts })
    }

    /// The bytes of a slice of entries.
    pub fn range<E: Entry>(&self, slice: u32) -> Result<Range<u64>, InvalidSlices> {
        let at = |index: usize| self.starts.get(index).copied().ok_or(InvalidSlices);
        let (from, to) = (at(slice as usize)?, at(slice as usize + 1)?);
        let head = Self::len(u32::try_from(self.starts.len().saturating_sub(1)).map_err(|_| InvalidSlices)?);
        let place = |entry: u64| entry.saturating_mul(E::SIZE as u64).saturating_add(head);
        Ok(place(from)..place(to))
    }
}

/// Reads the entries of a slice.
pub fn read_entries<E: Entry>(bytes: &[u8]) -> Result<Vec<E>, InvalidSlices> {
    if !bytes.len().is_multiple_of(E::SIZE) {
        return Err(InvalidSlices);
    }
    bytes
        .chunks_exact(E::SIZE)
        .map(|bytes| E::read(bytes).ok_or(InvalidSlices))
        .collect()
}

/// A row of a part, for the merge of its key's partition: 20 bytes. The part is known by the object.
impl Entry for ScanEntry {
    const SIZE: usize = 20;

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.key.bytes());
        out.extend_from_slice(&self.fingerprint.0.to_le_bytes());
        out.extend_from_slice(&self.row.to_le_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (key, rest) = bytes.split_first_chunk::<12>()?;
        let (fingerprint, row) = rest.split_first_chunk::<4>()?;
        Some(Self {
            key: KeyDigest::from_bytes(*key),
            fingerprint: RowFingerprint(u32::from_le_bytes(*fingerprint)),
            part: 0,
            row: u32::from_le_bytes(row.try_into().ok()?),
        })
    }
}

/// A row of a part that is not simply new, and what happens to it: 5 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotNew {
    /// The row's number in its part, from 0.
    pub row: u32,
    /// What happens to it instead.
    pub decision: Decision,
}

impl Entry for NotNew {
    const SIZE: usize = 5;

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.row.to_le_bytes());
        out.push(match self.decision {
            Decision::Send => 0,
            Decision::Unchanged => 1,
            Decision::ChangedNotSent => 2,
            Decision::Duplicate => 3,
            Decision::Update => 4,
        });
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (row, rest) = bytes.split_first_chunk::<4>()?;
        let decision = match rest {
            [1] => Decision::Unchanged,
            [2] => Decision::ChangedNotSent,
            [3] => Decision::Duplicate,
            [4] => Decision::Update,
            _ => return None,
        };
        Some(Self {
            row: u32::from_le_bytes(*row),
            decision,
        })
    }
}

/// A key that was put into a batch: 18 bytes, as in the snapshot.
impl Entry for SnapshotEntry {
    const SIZE: usize = 18;

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.key.bytes());
        out.extend_from_slice(&self.fingerprint.0.to_le_bytes());
        out.extend_from_slice(&self.day.to_le_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (key, rest) = bytes.split_first_chunk::<12>()?;
        let (fingerprint, day) = rest.split_first_chunk::<4>()?;
        Some(Self {
            key: KeyDigest::from_bytes(*key),
            fingerprint: RowFingerprint(u32::from_le_bytes(*fingerprint)),
            day: u16::from_le_bytes(day.try_into().ok()?),
        })
    }
}

/// A key by itself: 12 bytes.
impl Entry for KeyDigest {
    const SIZE: usize = 12;

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Self::from_bytes(bytes.try_into().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn not_new(row: u32) -> NotNew {
        let decision = match row % 3 {
            0 => Decision::Unchanged,
            1 => Decision::ChangedNotSent,
            _ => Decision::Duplicate,
        };
        NotNew { row, decision }
    }

    proptest! {
        #[test]
        fn each_reader_finds_its_own_slice(slices in proptest::collection::vec(proptest::collection::vec(any::<u32>(), 0..9), 0..7)) {
            let mut writer = SlicesWriter::default();
            for slice in &slices {
                for row in slice {
                    writer.push(&not_new(*row));
                }
                writer.end_slice();
            }
            let object = writer.finish(77);
            let count = u32::try_from(slices.len()).unwrap();
            let head = SlicesHead::read(&object[..usize::try_from(SlicesHead::len(count)).unwrap()], count).unwrap();
            prop_assert_eq!(head.number, 77);
            for (at, slice) in (0..).zip(&slices) {
                let range = head.range::<NotNew>(at).unwrap();
                let bytes = &object[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()];
                let read: Vec<NotNew> = read_entries(bytes).unwrap();
                prop_assert_eq!(read, slice.iter().map(|row| not_new(*row)).collect::<Vec<_>>());
            }
            prop_assert!(head.range::<NotNew>(count).is_err());
            prop_assert!(SlicesHead::read(&object, count + 1).is_err());
        }
    }

    #[test]
    fn damaged_objects_are_errors() {
        assert!(SlicesHead::read(b"", 0).is_err());
        assert!(SlicesHead::read(&[0; 100], 1).is_err());
        assert!(read_entries::<NotNew>(&[0, 0, 0, 0, 0]).is_err());
        assert!(read_entries::<NotNew>(&[0, 0, 0]).is_err());
        assert!(read_entries::<KeyDigest>(&[0; 13]).is_err());
    }
}
