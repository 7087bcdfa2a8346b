//! Custom audiences: rows become persons, persons become mapping calls or files, and identifiers are followed from
//! export to export.
//!
//! A [`PersonMapper`] makes the persons of a row. [`SegmentCalls`] writes them for the Segment API, [`FileLayout`] for
//! file uploads. [`sift`] compares the identifiers of an audience with those that it shall have. Raw identity values
//! end in the mapper: nothing behind it holds one.

mod booster;
mod boosts;
mod file;
mod holders;
mod identifier;
mod identity_lines;
mod identity_reader;
mod mapper;
mod places;
mod segment;

#[cfg(test)]
mod tests;

pub use booster::{IdentityMapper, MAX_ADDED, identity_columns};
pub use boosts::{Boost, Boosts, Gather};
pub use file::{AudienceFile, FileLayout, FileWriter, MAX_FILE_BYTES, MAX_FILES, MIN_PEOPLE, UploadedFile};
pub use holders::{Holder, Holders, HoldersWriter, NOBODY, Removal, Sifted, sift};
pub use identifier::{IdKind, Identifier};
pub use identity_lines::IdentityLines;
pub use identity_reader::{IdentityReader, PARQUET};
pub use mapper::{MappedPersons, Person, PersonMapper};
pub use places::{NotInPlaces, check_places};
pub use segment::{MAX_MAPPING_BYTES, SegmentCalls, identifiers_of, kinds_of};
