//! The rules around the rows: hashing, identity, currencies, guards, alerts, the debugger.

use std::time::Duration;

use super::super::cursor::{Cursor, Keys};
use super::super::duration::duration;
use super::super::model::{
    Alerts, CountryRule, EmailRule, Guards, Hashing, IdentityRules, MAX_KEEP_DAYS, PhoneRule, SyncType,
};
use crate::identity::Country;
use crate::values::Currency;

pub(in super::super) const HASHING: &[(&str, Hashing)] = &[
    ("auto", Hashing::Auto),
    ("already_hashed", Hashing::AlreadyHashed),
];

pub(in super::super) const EMAIL_RULES: &[(&str, EmailRule)] = &[
    ("plain", EmailRule::Plain),
    ("no_plus", EmailRule::NoPlus),
    ("no_plus_no_dots", EmailRule::NoPlusNoDots),
];

pub(in super::super) const PHONE_RULES: &[(&str, PhoneRule)] =
    &[("with_plus", PhoneRule::WithPlus), ("digits", PhoneRule::Digits)];

pub(in super::super) const DEFAULT_KEEP_DAYS: u16 = 7;
pub(in super::super) const DEFAULT_GUARDS: Guards = Guards {
    min_rows: 1,
    max_removed_percent: 20.0,
    max_rejected_percent: 50.0,
};

/// `hashing`.
pub(super) fn hashing(keys: &Keys<'_>) -> Option<Hashing> {
    match keys.get("hashing") {
        Some(cursor) => cursor.choice(HASHING),
        None => Some(Hashing::Auto),
    }
}

/// `identity`.
pub(super) fn identity(keys: &Keys<'_>, kind: Option<SyncType>) -> Option<IdentityRules> {
    let Some(cursor) = keys.get("identity") else {
        return Some(IdentityRules {
            default_country: None,
            email_rules: vec![EmailRule::Plain],
            phone_rules: vec![PhoneRule::WithPlus],
        });
    };
    let keys = cursor.keys(&["default_country", "email_rule", "phone_rule"])?;
    let default_country = match keys.get("default_country") {
        Some(cursor) => country(&cursor).map(Some),
        None => Some(None),
    };
    let email_rules = forms(&keys, "email_rule", EMAIL_RULES, kind);
    let phone_rules = forms(&keys, "phone_rule", PHONE_RULES, kind);
    Some(IdentityRules {
        default_country: default_country?,
        email_rules: email_rules?,
        phone_rules: phone_rules?,
    })
}

/// One form or a list of them. The first of the table is the default, and the only one for events.
fn forms<T: Copy + PartialEq>(
    keys: &Keys<'_>,
    key: &'static str,
    table: &[(&str, T)],
    kind: Option<SyncType>,
) -> Option<Vec<T>> {
    let (plain, default) = *table.first()?;
    let Some(cursor) = keys.get(key) else {
        return Some(vec![default]);
    };
    let cursors = cursor.one_or_list();
    if cursors.is_empty() {
        cursor.error("expected at least one form");
        return None;
    }
    let events = kind.is_some_and(|kind| kind != SyncType::CustomAudience);
    let mut forms = Vec::new();
    let mut complete = true;
    for cursor in cursors {
        match cursor.choice(table) {
            Some(form) if events && form != default => {
                cursor.error(format!(
                    "expected {plain}: events are always {plain}, other forms are for audiences"
                ));
                complete = false;
            }
            Some(form) if forms.contains(&form) => {
                cursor.error("expected each form once");
                complete = false;
            }
            Some(form) => forms.push(form),
            None => complete = false,
        }
    }
    complete.then_some(forms)
}

fn country(cursor: &Cursor<'_>) -> Option<CountryRule> {
    if cursor.is_map() {
        let from = cursor
            .keys(&["from"])?
            .need("from", "the column that holds the country")?;
        return from.column().map(CountryRule::From);
    }
    let expected = "a country by its two letters (ISO 3166-1), such as DE, or {from: column}";
    let text = cursor.text(expected)?;
    let country = Country::new(text);
    if country.is_none() {
        cursor.error(format!("expected {expected}"));
    }
    country.map(CountryRule::Value)
}

/// `currencies`: the codes that are taken beyond TikTok's list.
pub(super) fn currencies(keys: &Keys<'_>) -> Option<Vec<Currency>> {
    let Some(cursor) = keys.get("currencies") else {
        return Some(Vec::new());
    };
    let keys = cursor.keys(&["add"])?;
    let Some(cursor) = keys.get("add") else {
        return Some(Vec::new());
    };
    let mut currencies = Vec::new();
    let mut complete = true;
    for cursor in cursor.list("a list of currency codes, such as [RSD]")? {
        let expected = "a currency code of three letters, such as RSD";
        match cursor.text(expected).map(Currency::new) {
            Some(Some(currency)) if currencies.contains(&currency) => {}
            Some(Some(currency)) => currencies.push(currency),
            Some(None) => {
                cursor.error(format!("expected {expected}"));
                complete = false;
            }
            None => complete = false,
        }
    }
    complete.then_some(currencies)
}

/// `guards`.
pub(super) fn guards(keys: &Keys<'_>) -> Option<Guards> {
    let Some(cursor) = keys.get("guards") else {
        return Some(DEFAULT_GUARDS);
    };
    let keys = cursor.keys(&["min_rows", "max_removed_percent", "max_rejected_percent"])?;
    let min_rows = match keys.get("min_rows") {
        Some(cursor) => cursor.whole(0, u64::MAX),
        None => Some(DEFAULT_GUARDS.min_rows),
    };
    let max_removed_percent = match keys.get("max_removed_percent") {
        Some(cursor) => cursor.percent(),
        None => Some(DEFAULT_GUARDS.max_removed_percent),
    };
    let max_rejected_percent = match keys.get("max_rejected_percent") {
        Some(cursor) => cursor.percent(),
        None => Some(DEFAULT_GUARDS.max_rejected_percent),
    };
    Some(Guards {
        min_rows: min_rows?,
        max_removed_percent: max_removed_percent?,
        max_rejected_percent: max_rejected_percent?,
    })
}

/// `alerts`.
pub(super) fn alerts(keys: &Keys<'_>) -> Option<Alerts> {
    let Some(cursor) = keys.get("alerts") else {
        return Some(Alerts::default());
    };
    let keys = cursor.keys(&["rejected_percent", "no_export_for"])?;
    let rejected_percent = match keys.get("rejected_percent") {
        Some(cursor) => cursor.percent().map(Some),
        None => Some(None),
    };
    let no_export_for = match keys.get("no_export_for") {
        // Below a quarter of an hour the alert would come between any two exports; above a year, never.
        Some(cursor) => duration(&cursor, Duration::from_mins(15), Duration::from_hours(365 * 24)).map(Some),
        None => Some(None),
    };
    Some(Alerts {
        rejected_percent: rejected_percent?,
        no_export_for: no_export_for?,
    })
}

/// `debugger`: the days for which it keeps calls.
pub(super) fn debugger_keep_days(keys: &Keys<'_>) -> Option<u16> {
    let Some(cursor) = keys.get("debugger") else {
        return Some(DEFAULT_KEEP_DAYS);
    };
    match cursor.keys(&["keep_days"])?.get("keep_days") {
        Some(cursor) => cursor
            .whole(1, u64::from(MAX_KEEP_DAYS))
            .and_then(|days| u16::try_from(days).ok()),
        None => Some(DEFAULT_KEEP_DAYS),
    }
}
