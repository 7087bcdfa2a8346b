//! Which column goes where.

use sync_core::events::FIELDS;

use super::StartType;
use super::country::{self, DefaultCountry};
use super::event_names::{self, Names};
use super::hints;
use super::key::{self, Key};
use super::known::{BY_VALUES, KEYS, KNOWN, Known, plain};
use super::look::{Column, Look};
use super::shape::Shape;

/// A column of a known name is taken when at least half of its values look as they should.
pub(super) const HALF: f64 = 0.5;
/// A column of an unknown name is taken when nearly all do.
pub(super) const NEARLY_ALL: f64 = 0.8;

/// A web event needs one of these, or an IP address with its user agent. The page's URL may hold a click id.
const WEB_IDENTIFIERS: [&str; 6] = [
    "user.email",
    "user.phone",
    "user.external_id",
    "user.ttclid",
    "user.ttp",
    "page.url",
];

/// What TikTok finds the people of an audience by.
const PERSON: [&str; 4] = ["user.email", "user.phone", "user.idfa", "user.gaid"];

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

/// One mapping.
pub(super) struct Mapping {
    pub(super) source: Source,
    pub(super) to: &'static str,
    /// What has to be looked at.
    pub(super) check: Option<&'static str>,
}

impl Mapping {
    /// Whether it takes its values from this column.
    pub(super) fn is_from(&self, column: &Column) -> bool {
        matches!(&self.source, Source::Column(name) if *name == column.name)
    }
}

/// Where a value comes from.
pub(super) enum Source {
    Column(String),
    Value(&'static str),
}

/// Proposes a spec. The file has at least one column: a header without any is a broken file.
pub(crate) fn propose(look: &Look, kind: StartType) -> Proposal {
    let mut open = Open {
        look,
        kind,
        claimed: Vec::new(),
        mappings: Vec::new(),
    };
    let names = kind.events().and_then(|_| event_names::find(look));
    open.claimed
        .extend(names.as_ref().map(|names| names.column.clone()));
    open.by_name();
    open.by_hints();
    open.by_values();
    if kind.events().is_some() {
        open.time();
    }
    open.placeholders();
    open.currency();
    let key = match kind {
        StartType::Audience => key::of_people(look, &open.mappings),
        _ => key::find(look, &open.mappings, names.as_ref()),
    };
    let country = country::find(look, &open.mappings);
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

    /// In audiences, where a person may have several of each kind, columns of further names.
    fn by_hints(&mut self) {
        if self.kind != StartType::Audience {
            return;
        }
        let found: Vec<_> = self
            .free()
            .filter_map(|column| Some((&column.name, hints::target(column, &plain(&column.name))?)))
            .collect();
        for (name, (to, check)) in found {
            self.map(name, to, check);
        }
    }

    /// Columns of other names whose values leave no doubt.
    fn by_values(&mut self) {
        for (to, shape) in BY_VALUES {
            if !self.maps(to) && is_for(to, self.kind) {
                let sure = |column: &&Column| shape.share(column).is_some_and(|share| share >= NEARLY_ALL);
                let people = self.kind == StartType::Audience;
                let found = self
                    .free()
                    .filter(|column| !people || hints::is_of_one_person(column))
                    .find(sure);
                if let Some(column) = found {
                    self.map(&column.name, to, None);
                }
            }
        }
    }

    /// Events need a time. Numbers are taken for one only where nothing else is there: ids look like them.
    fn time(&mut self) {
        if self.maps("event_time") {
            return;
        }
        let is_time = |column: &&Column| Shape::Time.share(column).is_some_and(|share| share >= NEARLY_ALL);
        let is_number = |column: &&Column| Shape::Number.share(column).is_some_and(|share| share >= HALF);
        let is_id = |column: &&Column| {
            let name = plain(&column.name);
            name.ends_with("id") || KEYS.contains(&name.as_str())
        };
        let dates = self.free().find(|column| is_time(column) && !is_number(column));
        let numbers = self.free().find(|column| is_time(column) && !is_id(column));
        let found = match (dates, numbers) {
            (Some(column), _) => Some((column, "the only column with times")),
            (None, Some(column)) => Some((column, "its numbers can be Unix times")),
            (None, None) => None,
        };
        if let Some((column, check)) = found {
            self.map(&column.name, "event_time", Some(check));
        }
    }

    /// What the type cannot do without, and no column seems to hold.
    fn placeholders(&mut self) {
        if self.kind.events().is_some() && !self.maps("event_time") {
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
            StartType::Audience => (&PERSON, "user.email"),
        };
        let address = self.kind == StartType::Web && self.maps("user.ip") && self.maps("user.user_agent");
        let known = address || one_of.iter().any(|to| self.maps(to));
        if !known {
            let check = if self.kind == StartType::Audience {
                "no column seems to tell who it is; name the one that does"
            } else {
                "no column seems to tell whose event it is; name the one that does"
            };
            self.placeholder(to, check);
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
    let Some(start) = kind.events() else {
        return PERSON.contains(&to);
    };
    let path = to.replace("[0]", "[]");
    FIELDS
        .iter()
        .any(|field| field.path == path && field.sources.names().contains(&start.source))
}
