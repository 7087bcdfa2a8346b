//! What an audience looks like from outside: who is in it, and what the state knows of it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, ensure};
use serde_json::Value;
use sync_core::audience::{Holders, NOBODY};
use sync_core::diff::{RowFingerprint, Snapshot};
use sync_core::names::RunId;
use sync_core::run::{FixedVia, keys};

use crate::people::{People, name_of};
use crate::world::World;

/// The holder of what nobody has any more.
pub const NO_ROW: &str = "nobody";

impl World {
    /// An export of people lands and is worked on to its end, the quiet time before it included.
    pub async fn people(&mut self, name: &str, people: &People) -> anyhow::Result<RunId> {
        let run = self.land_file(name, people.csv()).await?;
        self.work().await?;
        Ok(run)
    }

    /// How many audiences there are at TikTok.
    pub fn audiences(&self) -> usize {
        self.bench.sandbox.state().audiences().len()
    }

    /// The identifiers that TikTok has, by their short names.
    pub fn members(&self) -> BTreeSet<String> {
        let audiences = self.bench.sandbox.state().audiences();
        let hashes = audiences
            .iter()
            .flat_map(|audience| audience.ids.values())
            .flatten();
        hashes.map(|hash| name_of(hash)).collect()
    }

    /// The primary keys of all digests that batches of added persons name.
    fn keys_by_digest(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let mut found = BTreeMap::new();
        for key in self.store.keys("batches/") {
            let body = self.store.peek(&key).unwrap_or_default();
            for line in String::from_utf8_lossy(&body).lines().skip(1) {
                let row: Value = serde_json::from_str(line)?;
                if let (Some(digest), Some(key)) = (row["k"].as_str(), row["p"].as_str()) {
                    found.insert(digest.to_owned(), key.to_owned());
                }
            }
        }
        Ok(found)
    }

    /// The known keys, each with whether the state is sure of it.
    pub fn known(&self) -> anyhow::Result<BTreeMap<String, bool>> {
        let names = self.keys_by_digest()?;
        let mut found = BTreeMap::new();
        let Some(generation) = self.head().generation else {
            return Ok(found);
        };
        for partition in 0..generation.partitions {
            let key = keys::snapshot(&self.sync, &generation.id, partition);
            let body = self.store.peek(&key).with_context(|| format!("{key} is gone"))?;
            for entry in Snapshot::read(&body)?.iter() {
                let digest = entry.key.hex().as_str().to_owned();
                let name = names.get(&digest).cloned().unwrap_or(digest);
                found.insert(name, entry.fingerprint != RowFingerprint::UNSURE);
            }
        }
        ensure!(
            generation.keys == found.len() as u64,
            "the head tells of {} keys, the snapshot of {}",
            generation.keys,
            found.len()
        );
        Ok(found)
    }

    /// Which identifiers may be at TikTok, each with the keys of the rows that brought it, or [`NO_ROW`].
    pub fn holders(&self) -> anyhow::Result<BTreeMap<String, BTreeSet<String>>> {
        let names = self.keys_by_digest()?;
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let Some(generation) = self.head().generation else {
            return Ok(found);
        };
        if generation.way != Some(FixedVia::Segment) {
            return Ok(found);
        }
        for partition in 0..generation.partitions {
            let key = keys::holders(&self.sync, &generation.id, partition);
            let body = self.store.peek(&key).with_context(|| format!("{key} is gone"))?;
            for holder in Holders::read(&body)?.iter() {
                ensure!(
                    holder.id.partition(generation.partitions) == partition,
                    "in the wrong partition"
                );
                let digest = holder.key.hex().as_str().to_owned();
                let row = if holder.key == NOBODY {
                    NO_ROW.to_owned()
                } else {
                    names.get(&digest).cloned().unwrap_or(digest)
                };
                found
                    .entry(name_of(holder.id.hash().as_str()))
                    .or_default()
                    .insert(row);
            }
        }
        Ok(found)
    }

    /// What has to be true of an audience whenever no run is open: there is one at most, the state knows of all that is
    /// in it, and each row that brought something is known itself. With `sure`, the keys that the state is sure of have
    /// all their identifiers at TikTok; under `add` that is not so of what earlier rows of a key brought.
    pub fn check_audience(&self, sure: bool) -> anyhow::Result<()> {
        ensure!(self.audiences() <= 1, "there are {} audiences", self.audiences());
        let (members, holders, known) = (self.members(), self.holders()?, self.known()?);
        let unheard: Vec<_> = members.iter().filter(|id| !holders.contains_key(*id)).collect();
        ensure!(
            unheard.is_empty(),
            "in the audience, and the state knows nothing of it: {unheard:?}"
        );
        for (id, rows) in &holders {
            ensure!(
                rows.len() == 1 || !rows.contains(NO_ROW),
                "{id} is nobody's, and that of {rows:?}"
            );
            for row in rows.iter().filter(|row| *row != NO_ROW) {
                let is_sure = known.get(row);
                ensure!(
                    is_sure.is_some(),
                    "{id} is held by {row}, a key that nobody knows: it never leaves"
                );
                ensure!(
                    !sure || is_sure != Some(&true) || members.contains(id),
                    "the state is sure of {row}, and TikTok does not have its {id}"
                );
            }
        }
        Ok(())
    }

    /// The audience holds these, and the state tells the same.
    pub fn check_members(&self, expected: &BTreeSet<String>) -> anyhow::Result<()> {
        let members = self.members();
        let missing: Vec<_> = expected.difference(&members).collect();
        let extra: Vec<_> = members.difference(expected).collect();
        ensure!(
            missing.is_empty(),
            "not in the audience: {missing:?}; {:?}",
            self.errors.last()
        );
        ensure!(
            extra.is_empty(),
            "nobody wants {extra:?} in the audience; {:?}",
            self.errors.last()
        );
        Ok(())
    }
}
