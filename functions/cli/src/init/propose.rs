//! Which column goes where.

use sync_core::events::FIELDS;
use sync_core::identity::{Country, phone};
use sync_core::key::names_a_person;
use sync_core::spec::{Hashing, PhoneRule};

use super::StartType;
use super::event_names::{self, Names};
use super::known::{BY_VALUES, KEYS, KNOWN, Known, SURE_KEYS, plain};
use super::look::{Column, Look};
use super::shape::{Shape, is_international};

/// A column of a known name is taken when at least half of its values look as they should.
const HALF: f64 = 0.5;
/// A column of an unknown name is taken when nearly all do.
const NEARLY_ALL: f64 = 0.8;

/// A web event needs one of these, or an IP address with its user agent. The page's URL may hold a click id.
const WEB_IDENTIFIERS: [&str; 6] = [
    "user.email",
    "user.phone",
    "user.external_id",
    "user.ttclid",
    "user.ttp",
    "page.url",
];

/// What a spec is written from.
pub(crate) struct Proposal {
    pub(super) kind: StartType,
    pub(super) delimiter: Option<u8>,
    pub(super) rows: u64,
    pub(super) key: Key,
    pub(super) names: Option<Names>,
    pub(super) mappings: Vec<Mapping>,
    pub(super) country: Option<DefaultCountry>,
    pub(super) left: Vec<String>,
}

/// What tells rows apart.
pub(super) struct Key {
    pub(super) columns: Vec<String>,
    pub(super) sure: bool,
}

/// One mapping.
pub(super) struct Mapping {
    pub(super) source: Source,
    pub(super) to: &'static str,
    /// What has to be looked at.
    pub(super) check: Option<&'static str>,
}

/// Where a value comes from.
pub(super) enum Source {
    Column(String),
    Value(&'static str),
}

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

/// Proposes a spec. The file has at least one column: a header without any is a broken file.
pub(crate) fn propose(look: &Look, kind: StartType) -> Proposal {
    let mut open = Open {
        look,
        kind,
        claimed: Vec::new(),
        mappings: Vec::new(),
    };
    let names = event_names::find(look);
    open.claimed
        .extend(names.as_ref().map(|names| names.column.clone()));
    open.by_name();
    open.by_values();
    open.time();
    open.placeholders();
    open.currency();
    let key = key(look, &open.mappings, names.as_ref());
    let country = default_country(look, &open.mappings);
    let used = |name: &String| {
        open.claimed.contains(name)
            || key.columns.contains(name)
            || matches!(&country, Some(DefaultCountry::Column(column)) if column == name)
    };
    let left = look
        .columns
        .iter()
        .map(|column| column.name.clone())
        .filter(|name| !used(name))
        .collect();
    Proposal {
        kind,
        delimiter: look.delimiter,
        rows: look.rows,
        key,
        names,
        mappings: open.mappings,
        country,
        left,
    }
}

/// Columns on their way to targets.
struct Open<'a> {
    look: &'a Look,
    kind: StartType,
    claimed: Vec<String>,
    mappings: Vec<Mapping>,
}

impl<'a> Open<'a> {
    fn free(&self) -> impl Iterator<Item = &'a Column> + '_ {
        self.look
            .columns
            .iter()
            .filter(|column| !self.claimed.contains(&column.name))
    }

    fn maps(&self, to: &str) -> bool {
        self.mappings.iter().any(|mapping| mapping.to == to)
    }

    fn map(&mut self, column: &str, to: &'static str, check: Option<&'static str>) {
        self.claimed.push(column.to_owned());
        self.mappings.push(Mapping {
            source: Source::Column(column.to_owned()),
            to,
            check,
        });
    }

    /// Columns whose names are known, unless their values speak against it.
    fn by_name(&mut self) {
        let kind = self.kind;
        for known in KNOWN.iter().filter(|known| is_for(known.to, kind)) {
            if known.to.starts_with("properties.contents[") && self.maps("properties.contents") {
                continue;
            }
            let found: Vec<String> = self.named(known).map(|column| column.name.clone()).collect();
            for name in found.iter().take(if known.several { usize::MAX } else { 1 }) {
                self.map(name, known.to, None);
            }
        }
    }

    fn named(&self, known: &'static Known) -> impl Iterator<Item = &'a Column> + '_ {
        let of_name = |name: &'static &str| self.free().find(|column| plain(&column.name) == *name);
        let fits = |column: &&Column| known.shape.share(column).is_none_or(|share| share >= HALF);
        known.names.iter().filter_map(of_name).filter(fits)
    }

    /// Columns of other names whose values leave no doubt.
    fn by_values(&mut self) {
        for (to, shape) in BY_VALUES {
            if !self.maps(to) && is_for(to, self.kind) {
                let sure = |column: &&Column| shape.share(column).is_some_and(|share| share >= NEARLY_ALL);
                let found = self.free().find(sure);
                if let Some(column) = found {
                    self.map(&column.name, to, None);
                }
            }
        }
    }

    /// A time is needed. Numbers are not taken for one: ids look like them.
    fn time(&mut self) {
        if self.maps("event_time") {
            return;
        }
        let is_time = |column: &&Column| {
            Shape::Time.share(column).is_some_and(|share| share >= NEARLY_ALL)
                && Shape::Number.share(column).is_none_or(|share| share < HALF)
        };
        let found = self.free().find(is_time);
        if let Some(column) = found {
            self.map(&column.name, "event_time", Some("the only column with times"));
        }
    }

    /// What the type cannot do without, and no column seems to hold.
    fn placeholders(&mut self) {
        if !self.maps("event_time") {
            let found = self
                .free()
                .find(|column| Shape::Date.share(column).is_some_and(|share| share >= NEARLY_ALL));
            match found {
                Some(column) => {
                    let check = "these times cannot be read; export them as 2026-11-01T10:00:00Z, or name another column";
                    self.map(&column.name, "event_time", Some(check));
                }
                None => self.placeholder(
                    "event_time",
                    "no column seems to hold the time of the event; name the one that does",
                ),
            }
        }
        let (one_of, to): (&[&str], _) = match self.kind {
            StartType::Web => (&WEB_IDENTIFIERS, "user.email"),
            StartType::Offline => (&["user.email", "user.phone"], "user.email"),
            StartType::Crm => (&["lead.lead_id"], "lead.lead_id"),
        };
        let address = self.kind == StartType::Web && self.maps("user.ip") && self.maps("user.user_agent");
        let known = address || one_of.iter().any(|to| self.maps(to));
        if !known {
            self.placeholder(
                to,
                "no column seems to tell whose event it is; name the one that does",
            );
        }
    }

    fn placeholder(&mut self, to: &'static str, check: &'static str) {
        let column = self
            .free()
            .next()
            .or(self.look.columns.first())
            .map(|column| column.name.clone());
        if let Some(column) = column {
            self.map(&column, to, Some(check));
        }
    }

    fn currency(&mut self) {
        if self.maps("properties.value") && !self.maps("properties.currency") {
            let check = Some("the currency of the values");
            let source = Source::Value("EUR");
            self.mappings.push(Mapping {
                source,
                to: "properties.currency",
                check,
            });
        }
    }
}

/// Whether TikTok has the field for this type of sync.
fn is_for(to: &str, kind: StartType) -> bool {
    let path = to.replace("[0]", "[]");
    FIELDS
        .iter()
        .any(|field| field.path == path && field.sources.names().contains(&kind.source()))
}

fn key(look: &Look, mappings: &[Mapping], naming: Option<&Names>) -> Key {
    const MOST: f64 = 0.9;
    let personal = |column: &&Column| {
        let mapped =
            |mapping: &Mapping| matches!(&mapping.source, Source::Column(name) if *name == column.name);
        mappings
            .iter()
            .any(|mapping| mapping.to.starts_with("user.") && mapped(mapping))
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

/// The country that national numbers need, if there are any.
fn default_country(look: &Look, mappings: &[Mapping]) -> Option<DefaultCountry> {
    const COUNTRIES: [&str; 24] = [
        "US", "DE", "GB", "FR", "ES", "IT", "NL", "BE", "AT", "CH", "PL", "SE", "DK", "NO", "PT", "IE", "AU",
        "BR", "MX", "JP", "IN", "ID", "TR", "VN",
    ];
    let is_phone = |column: &&Column| {
        mappings.iter().any(|mapping| {
            mapping.to == "user.phone"
                && matches!(&mapping.source, Source::Column(name) if *name == column.name)
        })
    };
    let phones = look
        .columns
        .iter()
        .filter(is_phone)
        .flat_map(|column| &column.samples);
    let national: Vec<&str> = phones
        .map(String::as_str)
        .filter(|number| !is_international(number))
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
