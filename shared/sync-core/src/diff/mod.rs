//! What is new since the last run: keyed fingerprints, the snapshot of what was accepted, and their comparison.

mod entry;
mod fingerprint;
mod merge;
mod slices;
mod snapshot;

pub use entry::{Decision, ScanEntry};
pub use fingerprint::{FingerprintKey, KeyDigest, RowFingerprint};
pub use merge::{MergeSink, merge};
pub use slices::{Entry, InvalidSlices, NotNew, SlicesHead, SlicesWriter, read_entries};
pub use snapshot::{
    InvalidSnapshot, Snapshot, SnapshotEntry, SnapshotRow, SnapshotWriter, Sorted, SortedWriter,
};
