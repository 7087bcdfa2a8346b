//! What tells the rows of an export apart.

use sync_core::key::names_a_person;

use super::event_names::Names;
use super::known::{KEYS, PERSON_KEYS, SURE_KEYS, plain};
use super::look::{Column, Look};
use super::propose::{HALF, Mapping};

/// A primary key.
pub(super) struct Key {
    pub(super) columns: Vec<String>,
    pub(super) sure: bool,
}

/// The column that is called like a key or has no value twice, or else two columns.
pub(super) fn find(look: &Look, mappings: &[Mapping], naming: Option<&Names>) -> Key {
    const MOST: f64 = 0.9;
    let personal = |column: &&Column| {
        mappings
            .iter()
            .any(|mapping| mapping.to.starts_with("user.") && mapping.is_from(column))
            || column.samples.iter().any(|value| names_a_person(value))
    };
    let candidates: Vec<&Column> = look.columns.iter().filter(|column| !personal(column)).collect();
    let called: Vec<&Column> = KEYS
        .iter()
        .filter_map(|key| {
            candidates
                .iter()
                .find(|column| plain(&column.name) == *key)
                .copied()
        })
        .collect();
    let one = |column: &Column, sure| Key {
        columns: vec![column.name.clone()],
        sure,
    };
    // A column that is called so is the key, even when many rows of a short file are bad.
    let least = |column: &Column| {
        if SURE_KEYS.contains(&plain(&column.name).as_str()) {
            HALF
        } else {
            MOST
        }
    };
    if let Some(column) = called
        .iter()
        .find(|column| column.different(look.rows) >= least(column))
    {
        return one(column, true);
    }
    if let Some(column) = candidates
        .iter()
        .find(|column| column.tells_rows_apart(look.rows))
    {
        return one(column, false);
    }
    match (called.first().or(candidates.first()), naming) {
        (Some(column), Some(names)) if column.name != names.column => Key {
            columns: vec![column.name.clone(), names.column.clone()],
            sure: false,
        },
        (Some(column), _) => one(column, false),
        (None, _) => Key {
            columns: look
                .columns
                .iter()
                .take(1)
                .map(|column| column.name.clone())
                .collect(),
            sure: false,
        },
    }
}

/// What tells people apart: a column that is called so, one that has no value twice and is called an id, an identifier
/// of theirs, or another column without a value twice.
pub(super) fn of_people(look: &Look, mappings: &[Mapping]) -> Key {
    /// Some rows of an export may be bad.
    const MOST: f64 = 0.9;
    let identifier = |column: &&Column| mappings.iter().any(|mapping| mapping.is_from(column));
    let own: Vec<&Column> = look.columns.iter().filter(|column| !identifier(column)).collect();
    let called = PERSON_KEYS
        .iter()
        .filter_map(|key| own.iter().find(|column| plain(&column.name) == *key));
    let fits = |column: &&&Column| column.different(look.rows) >= MOST;
    if let Some(column) = called.clone().find(fits) {
        return Key {
            columns: vec![column.name.clone()],
            sure: true,
        };
    }
    let apart = |column: &&Column| column.tells_rows_apart(look.rows);
    let is_id = |column: &&Column| {
        let name = plain(&column.name);
        ["id", "no", "nr", "nummer", "number", "key"]
            .iter()
            .any(|end| name.ends_with(end))
    };
    let alone = own
        .iter()
        .copied()
        .find(|column| apart(column) && is_id(column))
        .or_else(|| look.columns.iter().filter(identifier).find(apart))
        .or_else(|| look.columns.iter().find(apart));
    // Where nothing does: what comes nearest to it, the first of those that are alike.
    let nearest = || {
        let by_different =
            |a: &&Column, b: &&Column| a.different(look.rows).total_cmp(&b.different(look.rows));
        look.columns.iter().rev().max_by(by_different)
    };
    Key {
        columns: alone
            .or_else(nearest)
            .map(|column| column.name.clone())
            .into_iter()
            .collect(),
        sure: false,
    }
}
