//! A row becomes the persons of an audience.
//!
//! The lists of a row pair by position: the first email address with the first phone number, the second with the
//! second; what is left over goes alone. Each form of a rule list makes a further person.

use super::{IdKind, Identifier};
use crate::columns::{Column, ColumnFinder, MissingColumns};
use crate::identity::{IdentityError, Sha256Hex, device_hash, each_place, email, is_absent};
use crate::key::{KeyColumns, PrimaryKey};
use crate::rejection::{Code, Problem};
use crate::row::{Header, Row};
use crate::source::{CountrySource, Source, hash_values};
use crate::spec::{EmailRule, Hashing, MappingSource, MappingTarget, PhoneRule, SyncSpec};

/// As many forms as a rule list can name.
const MAX_FORMS: usize = 3;

/// The forms of one value: the first is there when the value is.
pub(super) type Forms = [Option<Sha256Hex>; MAX_FORMS];

/// One person: at most one identifier of each kind, as the Segment API takes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Person {
    ids: [Option<Sha256Hex>; IdKind::ALL.len()],
}

impl Person {
    /// The identifier of a kind.
    pub fn get(&self, kind: IdKind) -> Option<&Sha256Hex> {
        self.ids.get(kind.index())?.as_ref()
    }

    /// Sets the identifier of a kind.
    pub fn set(&mut self, kind: IdKind, hash: Sha256Hex) {
        if let Some(place) = self.ids.get_mut(kind.index()) {
            *place = Some(hash);
        }
    }

    /// True without any identifier.
    pub fn is_empty(&self) -> bool {
        self.ids.iter().all(Option::is_none)
    }

    /// Its identifiers.
    pub fn identifiers(&self) -> impl Iterator<Item = Identifier> + '_ {
        let id = |kind| self.get(kind).map(|hash| Identifier::new(kind, hash));
        IdKind::ALL.into_iter().filter_map(id)
    }
}

/// What a row became. One is used for row after row, so that its buffers are made once.
#[derive(Default)]
pub struct MappedPersons {
    /// The persons, each once. Empty unless the row is sent.
    pub persons: Vec<Person>,
    /// What is odd about a row that is sent.
    pub warnings: Vec<Problem>,
    /// The kinds of identifiers that the row has by itself, without Match Booster.
    pub own: Vec<IdKind>,
    /// The kinds of the identifiers that Match Booster added: one entry each.
    pub gained: Vec<IdKind>,
    lists: [Vec<Forms>; IdKind::ALL.len()],
    bad: Vec<Problem>,
}

impl MappedPersons {
    fn clear(&mut self) {
        self.persons.clear();
        self.warnings.clear();
        self.own.clear();
        self.gained.clear();
        self.bad.clear();
        self.lists.iter_mut().for_each(Vec::clear);
    }

    /// Pairs the lists by position. Equal persons of the row are one.
    fn pair(&mut self) {
        let longest = self.lists.iter().map(Vec::len).max().unwrap_or(0);
        for place in 0..longest {
            for form in 0..MAX_FORMS {
                let mut person = Person::default();
                for (kind, list) in IdKind::ALL.into_iter().zip(&self.lists) {
                    if let Some(Some(hash)) = list.get(place).and_then(|forms| forms.get(form)) {
                        person.set(kind, *hash);
                    }
                }
                if !person.is_empty() && !self.persons.contains(&person) {
                    self.persons.push(person);
                }
            }
        }
    }
}

/// The way from rows of one export to persons, with the columns looked up.
#[derive(Debug)]
pub struct PersonMapper {
    key: KeyColumns,
    /// In the order of the mappings.
    fields: Vec<(IdKind, Source)>,
    values: ValueRules,
    /// What a row's fingerprint is made of.
    fingerprint: Vec<Source>,
    /// The columns that Match Booster joins on; empty without one.
    join: Vec<Column>,
}

/// How identity values are read: the same for exports and for identity files.
#[derive(Debug)]
pub(super) struct ValueRules {
    hashing: Hashing,
    email_rules: Vec<EmailRule>,
    phone_rules: Vec<PhoneRule>,
    country: CountrySource,
}

impl PersonMapper {
    /// Looks up the columns of a spec in the header of an export.
    ///
    /// # Errors
    /// [`MissingColumns`] with all columns that the spec names and the export lacks.
    pub fn new(spec: &SyncSpec, header: &Header) -> Result<Self, MissingColumns> {
        let mut finder = ColumnFinder::new(header);
        let targets: Vec<(IdKind, &MappingSource)> = spec
            .mappings
            .iter()
            .filter_map(|mapping| match &mapping.to {
                MappingTarget::Person(target) => Some(((*target).into(), &mapping.source)),
                MappingTarget::Event(_) => None,
            })
            .collect();
        let identities: Vec<&str> = targets
            .iter()
            .filter_map(|(_, source)| match source {
                MappingSource::Column(name) => Some(name.as_str()),
                MappingSource::Value(_) => None,
            })
            .collect();
        let key = KeyColumns::new(&spec.model.primary_key, &identities, &mut finder);
        let fields: Vec<(IdKind, Source)> = targets
            .iter()
            .map(|(kind, source)| (*kind, Source::new(source, kind.as_str(), &mut finder)))
            .collect();
        let values = ValueRules::new(spec, CountrySource::new(spec, &mut finder));
        let own = fields.iter().map(|(_, source)| source);
        let fingerprint = own
            .filter(|source| source.column().is_some())
            .chain(values.country.column())
            .cloned()
            .collect();
        let on = spec.match_booster.iter().flat_map(|booster| booster.on.keys());
        let join = on
            .map(|column| finder.find(column, || "match_booster.on".to_owned()))
            .collect();
        finder.finish()?;
        Ok(Self {
            key,
            fields,
            values,
            fingerprint,
            join,
        })
    }

    /// Reads a row's primary key into `key`, whose buffer is used again.
    ///
    /// # Errors
    /// As [`KeyColumns::read`].
    pub fn key(&self, row: &Row<'_>, key: &mut PrimaryKey) -> Result<(), Problem> {
        self.key.read(row, key)
    }

    /// Gives `f` what the row's persons are made of, for a fingerprint.
    pub fn hash_mapped_values(&self, row: &Row<'_>, f: &mut impl FnMut(&[u8])) {
        hash_values(&self.fingerprint, row, f);
    }

    /// The row's values in the columns that Match Booster joins on, in the order of the spec's columns; `None` when
    /// one is absent, or there is no Match Booster.
    pub fn join<'r>(&self, row: &Row<'r>) -> Option<Vec<&'r str>> {
        let value = |column: &Column| {
            let text = row.get(column.number).map(str::trim);
            text.filter(|text| !is_absent(text))
        };
        (!self.join.is_empty())
            .then(|| self.join.iter().map(value).collect())
            .flatten()
    }

    /// Makes the persons of a row, in `out`. `added` are the identifiers that Match Booster has for it: they go behind
    /// the row's own.
    ///
    /// # Errors
    /// [`Code::NoIdentifier`], or, where a bad value is all that the row has, what is wrong with that one.
    pub fn map(&self, row: &Row<'_>, added: &[Identifier], out: &mut MappedPersons) -> Result<(), Problem> {
        out.clear();
        for (kind, source) in &self.fields {
            if let Some(cell) = source.get(row) {
                self.cell(*kind, cell, source, row, out);
            }
        }
        for kind in IdKind::ALL {
            let has = |list: &Vec<Forms>| list.iter().any(|forms| forms.iter().any(Option::is_some));
            if out.lists.get(kind.index()).is_some_and(has) {
                out.own.push(kind);
            }
        }
        for id in added {
            if let Some(list) = out.lists.get_mut(id.kind().index()) {
                let forms = [Some(id.hash()), None, None];
                if !list.iter().any(|known| known.contains(&forms[0])) {
                    list.push(forms);
                    out.gained.push(id.kind());
                }
            }
        }
        out.pair();
        if out.persons.is_empty() {
            out.warnings.clear();
            return Err(if out.bad.is_empty() {
                let kinds: Vec<&str> = kinds(&self.fields).map(IdKind::as_str).collect();
                let message = format!(
                    "The row has no identifier; a person of an audience needs one of the mapped ones ({})",
                    kinds.join(", ")
                );
                Problem::row(Code::NoIdentifier, message)
            } else {
                out.bad.swap_remove(0)
            });
        }
        out.warnings.append(&mut out.bad);
        Ok(())
    }

    /// Adds a cell's values to the list of their kind. A list keeps the places of its values, though one holds nothing
    /// that can be sent; a single value takes a place only when it can.
    fn cell(&self, kind: IdKind, cell: &str, source: &Source, row: &Row<'_>, out: &mut MappedPersons) {
        let MappedPersons {
            lists, bad, warnings, ..
        } = out;
        let Some(list) = lists.get_mut(kind.index()) else {
            return;
        };
        let before = list.len();
        let problem = |error: IdentityError| {
            Problem::field(error.code, kind.as_str(), error.message).in_column(source.column())
        };
        let splits = matches!(kind, IdKind::Email | IdKind::Phone);
        let mut unassigned = false;
        each_place(cell, splits, &mut |place| {
            let forms = match place {
                Ok(None) => Ok(Forms::default()),
                Ok(Some(text)) => self.values.forms(kind, &text, row, &mut unassigned),
                Err(error) => Err(error),
            };
            list.push(forms.unwrap_or_else(|error| {
                bad.push(problem(error));
                Forms::default()
            }));
        });
        if list.len() == before + 1 && list.last() == Some(&Forms::default()) {
            list.pop();
        }
        if unassigned {
            const MESSAGE: &str = "The numbering plan assigns this number to nobody; it is sent all the same";
            warnings.push(problem(IdentityError::new(Code::UnassignedPhone, MESSAGE)));
        }
    }
}

/// The mapped kinds, each once, in order.
fn kinds(fields: &[(IdKind, Source)]) -> impl Iterator<Item = IdKind> + '_ {
    IdKind::ALL
        .into_iter()
        .filter(|kind| fields.iter().any(|(mapped, _)| mapped == kind))
}

impl ValueRules {
    pub(super) fn new(spec: &SyncSpec, country: CountrySource) -> Self {
        Self {
            hashing: spec.hashing,
            email_rules: spec.identity.email_rules.clone(),
            phone_rules: spec.identity.phone_rules.clone(),
            country,
        }
    }

    /// The hashes of one value, one for each form that is different from those before it. A form that the value does
    /// not have is left out; it is an error, the first one's, when there is none.
    pub(super) fn forms(
        &self,
        kind: IdKind,
        text: &str,
        row: &Row<'_>,
        unassigned: &mut bool,
    ) -> Result<Forms, IdentityError> {
        let mut forms = Forms::default();
        match kind {
            IdKind::Email => collect(&self.email_rules, &mut forms, |rule| {
                email(text, rule, self.hashing)
            })?,
            IdKind::Phone => collect(&self.phone_rules, &mut forms, |rule| {
                let phone = self.country.phone(text, row, rule, self.hashing)?;
                *unassigned |= phone.unassigned;
                Ok(phone.hash)
            })?,
            IdKind::Idfa | IdKind::Gaid => forms[0] = Some(device_hash(text, self.hashing)?),
        }
        Ok(forms)
    }
}

fn collect<R: Copy>(
    rules: &[R],
    forms: &mut Forms,
    mut hash: impl FnMut(R) -> Result<Sha256Hex, IdentityError>,
) -> Result<(), IdentityError> {
    let mut found = 0;
    let mut wrong = None;
    for rule in rules {
        let value = match hash(*rule) {
            Ok(value) => value,
            Err(error) => {
                wrong.get_or_insert(error);
                continue;
            }
        };
        if forms.contains(&Some(value)) {
            continue;
        }
        if let Some(form) = forms.get_mut(found) {
            *form = Some(value);
            found += 1;
        }
    }
    wrong.filter(|_| found == 0).map_or(Ok(()), Err)
}
