//! Match Booster: identity files of the company's own add identifiers to the persons of an audience.

use super::mapper::ValueRules;
use super::{IdKind, Identifier};
use crate::columns::{Column, ColumnFinder, MissingColumns};
use crate::identity::{Country, each_value, is_absent};
use crate::row::{Header, Row};
use crate::source::{CountrySource, Source, hash_values};
use crate::spec::{CountryRule, MappingSource, MatchBooster, SyncSpec};

/// One person gains at most this many identifiers: a join key that thousands of rows share is no person's.
pub const MAX_ADDED: usize = 100;

/// The way from rows of one identity file to identifiers, with the columns looked up.
#[derive(Debug)]
pub struct IdentityMapper {
    on: Vec<Column>,
    add: Vec<(IdKind, Source)>,
    sources: Vec<Source>,
    values: ValueRules,
}

/// The columns of identity files that a spec names, each once: what has to be read of formats that name their columns
/// in each row. The last one may be that of the country, which a file need not have.
pub fn identity_columns(spec: &SyncSpec, booster: &MatchBooster) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let country = match &spec.identity.default_country {
        Some(CountryRule::From(name)) => Some(name),
        Some(CountryRule::Value(_)) | None => None,
    };
    let all = booster
        .on
        .values()
        .chain(booster.add.iter().map(|column| &column.from));
    let all = all.chain(country);
    for name in all {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

impl IdentityMapper {
    /// Looks up the columns of a spec's Match Booster in the header of an identity file. National phone numbers are
    /// those of `identity.default_country`; where that is a column of the export, of the file's own column of that name.
    ///
    /// # Errors
    /// [`MissingColumns`] with all columns that the spec names and the file lacks.
    pub fn new(spec: &SyncSpec, booster: &MatchBooster, header: &Header) -> Result<Self, MissingColumns> {
        let mut finder = ColumnFinder::new(header);
        let on = booster
            .on
            .values()
            .map(|name| finder.find(name, || "match_booster.on".to_owned()))
            .collect();
        let add: Vec<(IdKind, Source)> = booster
            .add
            .iter()
            .map(|column| {
                let source = MappingSource::Column(column.from.clone());
                (
                    column.to.into(),
                    Source::new(&source, "match_booster.add", &mut finder),
                )
            })
            .collect();
        let country = match &spec.identity.default_country {
            Some(CountryRule::From(name)) => header.position(name).map_or(CountrySource::None, |number| {
                CountrySource::Column(Source::Column(Column {
                    number,
                    name: name.clone(),
                }))
            }),
            Some(CountryRule::Value(country)) => CountrySource::Value(Country::clone(country)),
            None => CountrySource::None,
        };
        finder.finish()?;
        let mut sources: Vec<Source> = add.iter().map(|(_, source)| source.clone()).collect();
        sources.extend(country.column().cloned());
        Ok(Self {
            on,
            add,
            sources,
            values: ValueRules::new(spec, country),
        })
    }

    /// The row's values in the columns that are joined on, in the order of the export's columns; `None` when one is
    /// absent.
    pub fn join<'r>(&self, row: &Row<'r>) -> Option<Vec<&'r str>> {
        let value = |column: &Column| {
            let text = row.get(column.number).map(str::trim);
            text.filter(|text| !is_absent(text))
        };
        self.on.iter().map(value).collect()
    }

    /// Gives `f` what the row's identifiers are made of, for a fingerprint.
    pub fn hash_values(&self, row: &Row<'_>, f: &mut impl FnMut(&[u8])) {
        hash_values(&self.sources, row, f);
    }

    /// Appends the row's identifiers; how many of its values are none.
    pub fn identifiers(&self, row: &Row<'_>, out: &mut Vec<Identifier>) -> u64 {
        let mut bad = 0;
        for (kind, source) in &self.add {
            let Some(cell) = source.get(row) else { continue };
            let splits = matches!(kind, IdKind::Email | IdKind::Phone);
            each_value(cell, splits, &mut |value| {
                let forms = value.and_then(|text| self.values.forms(*kind, &text, row, &mut false));
                match forms {
                    Ok(forms) => out.extend(forms.iter().flatten().map(|hash| Identifier::new(*kind, hash))),
                    Err(_) => bad += 1,
                }
            });
        }
        bad
    }
}
