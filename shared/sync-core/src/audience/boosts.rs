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

    /// Whether no row was asked for: then no file has to be read.
    pub fn asks_nothing(&self) -> bool {
        self.found.is_empty()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audience::IdentityReader;
    use crate::spec::{self, SyncSpec};

    const SPEC: &str = "\
destination: acme
type: custom_audience
mode: add
model: {path: models/vip/, primary_key: id}
audience: {advertiser_id: \"7\", name: VIP, via: segment}
mappings: [{from: email, to: email}]
match_booster: {identities: identities/x/, on: {a: id, b: shop}, add: [{from: mail, to: email}]}
";

    fn secret() -> FingerprintKey {
        FingerprintKey::new([7; 16])
    }

    /// What these files have for the row `1` of the shop `x`.
    fn joined(gather: Gather, files: &[(&str, &str)]) -> Boosts {
        let spec: SyncSpec = spec::read("vip.yaml", SPEC).unwrap().spec;
        let (booster, secret) = (spec.match_booster.clone().unwrap(), secret());
        let mut boosts = Boosts::new(gather);
        boosts.ask(&["1", "x"], &secret);
        for (name, text) in files {
            let mut reader = IdentityReader::new(&spec, &booster, name, &secret, &mut boosts);
            reader.read(text.as_bytes(), true).unwrap();
        }
        boosts
    }

    fn boost(boosts: &Boosts) -> Boost<'_> {
        boosts.of(Some(&["1", "x"]), &secret())
    }

    #[test]
    fn all_columns_have_to_be_equal() {
        let text = "id,shop,mail\n1,x,a@x.de\n1,y,b@x.de\n1x,,c@x.de\n,x,d@x.de\n1 , x,a@x.de\n";
        let boosts = joined(Gather::Identifiers, &[("a.csv", text)]);
        assert!(boost(&boosts).found);
        assert_eq!(boost(&boosts).ids.len(), 1, "each identifier once");
        assert!(
            !boosts.of(Some(&["1", "y"]), &secret()).found,
            "it was not asked for"
        );
        assert!(!boosts.of(None, &secret()).found);
    }

    #[test]
    fn marks_tell_changes_and_no_order() {
        let (one, two) = (
            "id,shop,mail\n1,x,a@x.de\n",
            "{\"shop\":\"x\",\"id\":1,\"mail\":\"b@x.de\"}",
        );
        let mark = |files: &[(&str, &str)]| boost(&joined(Gather::Marks, files)).mark;
        let both = mark(&[("1.csv", one), ("2.jsonl", two)]);
        assert_eq!(mark(&[("2.jsonl", two), ("1.csv", one)]), both);
        let all = [
            mark(&[("1.csv", one)]),
            mark(&[("2.jsonl", two)]),
            both,
            mark(&[]),
        ];
        assert_eq!(all[3], 0);
        for (at, one) in all.iter().enumerate() {
            assert!(all[at + 1..].iter().all(|other| other != one));
        }
        let marks = joined(Gather::Marks, &[("1.csv", one)]);
        assert!(boost(&marks).found && boost(&marks).ids.is_empty());
    }

    #[test]
    fn nobody_gains_more_than_the_most_and_what_is_left_out_is_counted() {
        let mails: Vec<String> = (0..MAX_ADDED + 5).map(|n| format!("p{n}@x.de")).collect();
        let row = serde_json::json!({"id": "1", "shop": "x", "mail": mails}).to_string();
        let files = format!("{row}\nno object\n{{\"id\":\"1\",\"shop\":\"x\",\"mail\":\"bad\"}}");
        let boosts = joined(Gather::Identifiers, &[("a.jsonl", &files)]);
        assert_eq!(
            (boost(&boosts).ids.len(), boosts.left_out),
            (MAX_ADDED, 5 + 1 + 1)
        );
    }
}
