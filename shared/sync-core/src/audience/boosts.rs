//! What identity files have for the rows of an export.
//!
//! The rows that are asked for are noted first; then the identity files are read once, and only what belongs to one of
//! those rows is kept. So memory grows with the rows, and not with the identity files.

use std::collections::HashMap;

use super::{Identifier, IdentityMapper, MAX_ADDED};
use crate::diff::{FingerprintKey, KeyDigest};
use crate::row::Row;

/// What is gathered from identity files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Gather {
    /// Marks alone: whether anything has changed.
    Marks,
    /// Identifiers too.
    #[default]
    Identifiers,
}

/// What the identity files have for one row.
#[derive(Debug, Clone, Copy)]
pub struct Boost<'b> {
    /// The identifiers, each once.
    pub ids: &'b [Identifier],
    /// Changes when the row's part of the identity files changes; 0 without one.
    pub mark: u64,
    /// Whether the files have the row's key.
    pub found: bool,
}

#[derive(Default)]
struct Found {
    ids: Vec<Identifier>,
    mark: u64,
}

/// What the identity files have for the rows that were asked for.
#[derive(Default)]
pub struct Boosts {
    gather: Gather,
    found: HashMap<KeyDigest, Found>,
    /// Values that are no identifiers, and identifiers beyond what one person may gain.
    pub left_out: u64,
}

impl Boosts {
    /// Without any row yet.
    pub fn new(gather: Gather) -> Self {
        Self {
            gather,
            ..Self::default()
        }
    }

    /// Notes that a row with these values in the columns that are joined on is asked for.
    pub fn ask(&mut self, values: &[&str], secret: &FingerprintKey) {
        self.found.entry(digest(secret, values)).or_default();
    }

    /// What the files have for a row with these values in the columns that are joined on.
    pub fn of(&self, values: Option<&[&str]>, secret: &FingerprintKey) -> Boost<'_> {
        let found = values
            .filter(|_| !self.found.is_empty())
            .and_then(|values| self.found.get(&digest(secret, values)));
        match found {
            Some(found) => Boost {
                ids: &found.ids,
                mark: found.mark,
                found: found.mark != 0,
            },
            None => Boost {
                ids: &[],
                mark: 0,
                found: false,
            },
        }
    }

    /// Takes a row of an identity file, if it was asked for.
    pub(super) fn add(&mut self, mapper: &IdentityMapper, row: &Row<'_>, secret: &FingerprintKey) {
        let Some(values) = mapper.join(row) else { return };
        let Some(found) = self.found.get_mut(&digest(secret, &values)) else {
            return;
        };
        let mut hasher = secret.row(&[0; 16]);
        mapper.hash_values(row, &mut |piece| hasher.write(piece));
        // A sum does not depend on the order of rows and files.
        found.mark = found.mark.wrapping_add(hasher.finish_wide() | 1).max(1);
        if self.gather == Gather::Marks {
            return;
        }
        let mut new = Vec::new();
        self.left_out += mapper.identifiers(row, &mut new);
        for id in new {
            if found.ids.contains(&id) {
                continue;
            }
            if found.ids.len() < MAX_ADDED {
                found.ids.push(id);
            } else {
                self.left_out += 1;
            }
        }
        found.ids.sort_unstable();
    }
}

/// What tells join keys apart: each value with its length before it.
fn digest(secret: &FingerprintKey, values: &[&str]) -> KeyDigest {
    let mut bytes = Vec::new();
    for value in values {
        bytes.extend_from_slice(&(value.len() as u64).to_le_bytes());
        bytes.extend_from_slice(value.as_bytes());
    }
    secret.key_digest(&bytes)
}
