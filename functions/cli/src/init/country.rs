//! The country of phone numbers that do not say theirs.

use sync_core::identity::{Country, phone};
use sync_core::spec::{Hashing, PhoneRule};

use super::known::plain;
use super::look::{Column, Look};
use super::propose::{Mapping, NEARLY_ALL};
use super::shape::{Shape, is_international};

/// The country of national phone numbers.
pub(super) enum DefaultCountry {
    Column(String),
    /// With how many of the national numbers are numbers there.
    Guess {
        code: &'static str,
        fit: usize,
        of: usize,
    },
}

/// The country that national numbers need, if there are any.
pub(super) fn find(look: &Look, mappings: &[Mapping]) -> Option<DefaultCountry> {
    const COUNTRIES: [&str; 24] = [
        "US", "DE", "GB", "FR", "ES", "IT", "NL", "BE", "AT", "CH", "PL", "SE", "DK", "NO", "PT", "IE", "AU",
        "BR", "MX", "JP", "IN", "ID", "TR", "VN",
    ];
    let is_phone = |column: &&Column| {
        mappings
            .iter()
            .any(|mapping| mapping.to == "user.phone" && mapping.is_from(column))
    };
    let phones = look
        .columns
        .iter()
        .filter(is_phone)
        .flat_map(|column| &column.samples);
    let numbers = phones
        .flat_map(|cell| cell.split([',', ';']))
        .map(|number| number.trim_matches(['[', ']', '"', ' ']));
    let national: Vec<&str> = numbers
        .filter(|number| !number.is_empty() && !is_international(number))
        .collect();
    if national.is_empty() {
        return None;
    }
    let is_country = |column: &&Column| {
        plain(&column.name).contains("country")
            && Shape::Country
                .share(column)
                .is_some_and(|share| share >= NEARLY_ALL)
    };
    if let Some(column) = look.columns.iter().find(is_country) {
        return Some(DefaultCountry::Column(column.name.clone()));
    }
    let fit = |code: &str| {
        let country = Country::new(code);
        let fits = |number: &&&str| {
            phone(number, country, PhoneRule::WithPlus, Hashing::Auto).is_ok_and(|phone| !phone.unassigned)
        };
        national.iter().filter(fits).count()
    };
    // The first of those that fit best.
    let best = COUNTRIES
        .iter()
        .map(|code| (*code, fit(code)))
        .rev()
        .max_by_key(|(_, fit)| *fit);
    best.map(|(code, fit)| DefaultCountry::Guess {
        code,
        fit,
        of: national.len(),
    })
}
