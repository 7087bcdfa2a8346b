//! Where a mapped value comes from.

use crate::columns::{Column, ColumnFinder};
use crate::identity::{Country, IdentityError, Phone, is_absent, phone};
use crate::row::Row;
use crate::spec::{CountryRule, Hashing, MappingSource, PhoneRule, SyncSpec};

/// A column of the export, or the same text for each row.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    Column(Column),
    Value(String),
}

impl Source {
    pub(crate) fn new(source: &MappingSource, named_by: &str, finder: &mut ColumnFinder<'_>) -> Self {
        match source {
            MappingSource::Column(name) => {
                Self::Column(finder.find(name, || format!("mappings: {named_by}")))
            }
            MappingSource::Value(text) => Self::Value(text.trim().to_owned()),
        }
    }

    /// The row's value without blanks at its ends; `None` when nothing is left.
    pub(crate) fn get<'r>(&'r self, row: &Row<'r>) -> Option<&'r str> {
        match self {
            Self::Column(column) => row.get(column.number).map(str::trim),
            Self::Value(text) => Some(text.as_str()),
        }
        .filter(|text| !text.is_empty())
    }

    pub(crate) fn column(&self) -> Option<&str> {
        match self {
            Self::Column(column) => Some(&column.name),
            Self::Value(_) => None,
        }
    }
}

/// Where the country of national phone numbers comes from.
#[derive(Debug)]
pub(crate) enum CountrySource {
    None,
    Value(Country),
    Column(Source),
}

impl CountrySource {
    pub(crate) fn new(spec: &SyncSpec, finder: &mut ColumnFinder<'_>) -> Self {
        match &spec.identity.default_country {
            None => Self::None,
            Some(CountryRule::Value(country)) => Self::Value(*country),
            Some(CountryRule::From(column)) => {
                let column = finder.find(column, || "identity.default_country".to_owned());
                Self::Column(Source::Column(column))
            }
        }
    }

    /// The column, where it is one: a part of what a row is made of.
    pub(crate) fn column(&self) -> Option<&Source> {
        match self {
            Self::Column(source) => Some(source),
            Self::None | Self::Value(_) => None,
        }
    }

    /// Reads a phone number of a row.
    pub(crate) fn phone(
        &self,
        text: &str,
        row: &Row<'_>,
        rule: PhoneRule,
        hashing: Hashing,
    ) -> Result<Phone, IdentityError> {
        let (country, unreadable) = self.of(row);
        phone(text, country, rule, hashing)
            .map_err(|error| if unreadable { no_country(&error) } else { error })
    }

    /// The country of the row's national numbers, and whether its column holds something that is no country.
    fn of(&self, row: &Row<'_>) -> (Option<Country>, bool) {
        match self {
            Self::None => (None, false),
            Self::Value(country) => (Some(*country), false),
            Self::Column(source) => match source.get(row).filter(|text| !is_absent(text)) {
                None => (None, false),
                Some(text) => {
                    let country = Country::new(text);
                    (country, country.is_none())
                }
            },
        }
    }
}

#[cold]
fn no_country(error: &IdentityError) -> IdentityError {
    const MESSAGE: &str = "The phone number cannot be read, as the row's country is no ISO 3166 code of two letters; \
                           write it as such a code, or the number with + and its country code";
    IdentityError::new(error.code, MESSAGE)
}

/// Gives `f` the values of these sources, for a row's fingerprint: each with its length before it, so that an absent
/// value differs from every text.
pub(crate) fn hash_values(sources: &[Source], row: &Row<'_>, f: &mut impl FnMut(&[u8])) {
    for source in sources {
        match source.get(row) {
            Some(text) => {
                f(&u64::try_from(text.len()).unwrap_or(u64::MAX - 1).to_le_bytes());
                f(text.as_bytes());
            }
            None => f(&u64::MAX.to_le_bytes()),
        }
    }
}
