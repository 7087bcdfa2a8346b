//! Identifiers that nobody has any more, as calls that remove them.

use sync_core::audience::{Holder, IdKind, NOBODY, Person, Removal, SegmentCalls, Sifted, kinds_of, sift};
use sync_core::diff::RowFingerprint;
use sync_core::run::{BatchKind, BatchWriter, NewRow, PreparedRemovals};

use super::prepare::{calls, header};
use crate::run::Run;
use crate::spool::Spool;

/// What is to be removed, given the identifiers so far and those that the run's rows bring.
pub(crate) fn removals(old: Vec<(Holder, bool)>, brought: Vec<Holder>) -> Vec<Removal> {
    let mut found = Vec::new();
    sift(old, brought, |sifted| {
        if let Sifted::Removed(removal) = sifted {
            found.push(removal);
        }
    });
    found
}

/// Writes removals as batches into a spool: the identifiers that one row had go as one person.
pub(crate) fn write(
    run: &Run<'_>,
    mut removals: Vec<Removal>,
    spool: &mut Spool,
) -> anyhow::Result<PreparedRemovals> {
    if removals.is_empty() {
        return Ok(PreparedRemovals::default());
    }
    let identifiers = removals.len() as u64;
    let nobodys = removals.iter().filter(|removal| removal.key == NOBODY).count() as u64;
    removals.sort_unstable_by_key(|removal| (removal.key, removal.id.kind(), removal.id));
    let mut kinds = kinds_of(run.spec);
    kinds.extend(removals.iter().map(|removal| removal.id.kind()));
    // Kinds that the spec maps no more may still be in the audience.
    let kinds: Vec<IdKind> = IdKind::ALL
        .into_iter()
        .filter(|kind| kinds.contains(kind))
        .collect();
    let calls = calls(run, kinds)?;
    let mut out = Out {
        writer: BatchWriter::new(header(run, BatchKind::Removals, calls.delete_head())),
        calls,
        payload: Vec::new(),
        rows: Vec::new(),
        spool,
    };
    for of_key in removals.chunk_by(|one, other| one.key == other.key) {
        for person in persons(of_key) {
            out.write(of_key, &person)?;
        }
    }
    if let Some((bytes, rows)) = out.writer.take() {
        out.spool.keep_removal(&bytes, rows)?;
        out.rows.push(rows);
    }
    Ok(PreparedRemovals {
        rows: out.rows,
        identifiers,
        nobodys,
    })
}

/// The identifiers of one key as persons: the first of each kind together, then the second.
fn persons(of_key: &[Removal]) -> Vec<Person> {
    let mut persons: Vec<Person> = Vec::new();
    // Persons before this one have an identifier of the kind: of what is nobody's there may be millions.
    let mut full = [0_usize; IdKind::ALL.len()];
    for removal in of_key {
        let kind = removal.id.kind();
        let Some(at) = full.get_mut(kind.index()) else {
            continue;
        };
        if *at == persons.len() {
            persons.push(Person::default());
        }
        if let Some(person) = persons.get_mut(*at) {
            person.set(kind, removal.id.hash());
        }
        *at += 1;
    }
    persons
}

struct Out<'s> {
    writer: BatchWriter,
    calls: SegmentCalls,
    payload: Vec<u8>,
    rows: Vec<u32>,
    spool: &'s mut Spool,
}

impl Out<'_> {
    fn write(&mut self, of_key: &[Removal], person: &Person) -> anyhow::Result<()> {
        let Some(first) = of_key.first() else {
            return Ok(());
        };
        self.payload.clear();
        self.calls.write_person(person, &mut self.payload);
        let full = self.writer.push(&NewRow {
            key: first.key,
            fingerprint: RowFingerprint::UNSURE,
            record: 0,
            line: None,
            shown_key: b"null",
            time: 0,
            payload: &self.payload,
        });
        if let Some((bytes, rows)) = full {
            self.spool.keep_removal(&bytes, rows)?;
            self.rows.push(rows);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use sync_core::audience::Identifier;
    use sync_core::diff::KeyDigest;
    use sync_core::identity::Sha256Hex;

    #[test]
    fn identifiers_of_one_row_share_a_person_where_their_kinds_differ() {
        let key = KeyDigest::from_bytes([1; 12]);
        let removal = |kind, text: &str| Removal {
            id: Identifier::new(kind, &Sha256Hex::of(text.as_bytes())),
            key,
        };
        let of_key = [
            removal(IdKind::Email, "a"),
            removal(IdKind::Email, "b"),
            removal(IdKind::Phone, "1"),
        ];
        let persons = persons(&of_key);
        assert_eq!(persons.len(), 2);
        assert_eq!(persons[0].identifiers().count(), 2);
        assert_eq!(persons[1].identifiers().count(), 1);
        let before: BTreeSet<Identifier> = of_key.iter().map(|removal| removal.id).collect();
        let after: BTreeSet<Identifier> = persons.iter().flat_map(Person::identifiers).collect();
        assert_eq!(before, after);
    }
}
