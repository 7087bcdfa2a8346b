//! The path of a mapping's `to`: read, checked against the table, and its older names translated.

use super::sources::Sources;
use super::table::{EventField, FIELDS, ValueKind};
use crate::spec::SyncType;

/// The largest position in a path, such as the 99 of `properties.contents[99].price`.
pub const MAX_POSITION: usize = 99;
/// The longest path that is taken, in bytes.
pub const MAX_PATH_BYTES: usize = 256;
/// The most parts that a path has.
pub const MAX_DEPTH: usize = 8;

/// Older and shorter names of targets. `context.*` is translated by `from_context` before.
pub static ALIASES: &[(&str, &str)] = &[
    ("timestamp", "event_time"),
    ("emails", "user.email"),
    ("phones", "user.phone"),
    ("phone_number", "user.phone"),
    ("phone_numbers", "user.phone"),
    ("user.emails", "user.email"),
    ("user.phones", "user.phone"),
    ("user.phone_number", "user.phone"),
    ("user.phone_numbers", "user.phone"),
];

/// Keys of `properties` that would carry a person's identity in the clear, and where it belongs.
static CLEAR_IDENTITY: &[(&str, &str)] = &[
    ("email", "user.email"),
    ("emails", "user.email"),
    ("email_address", "user.email"),
    ("phone", "user.phone"),
    ("phones", "user.phone"),
    ("phone_number", "user.phone"),
    ("phone_numbers", "user.phone"),
    ("external_id", "user.external_id"),
    ("first_name", "user.first_name"),
    ("last_name", "user.last_name"),
];

/// One part of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A member of an object.
    Key(String),
    /// A position in a list, from 0.
    Position(usize),
}

/// A mapping target: a path that exists, and what it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    path: String,
    steps: Vec<Step>,
    kind: ValueKind,
    field: Option<&'static EventField>,
}

/// A `to` that is no mapping target. The message completes "`to`: …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UnknownTarget {
    /// What was expected, with the nearest target that exists.
    pub message: String,
}

impl Target {
    /// Reads a `to`. Aliases become the path that they stand for; unknown keys below `properties` are taken.
    ///
    /// # Errors
    /// [`UnknownTarget`], with the nearest path that exists.
    pub fn parse(to: &str, kind: SyncType) -> Result<Self, UnknownTarget> {
        let to = to.trim();
        if kind == SyncType::CustomAudience {
            return Err(unknown(
                "expected an identifier of a person: email, phone, gaid or idfa".to_owned(),
            ));
        }
        if to == "event" {
            return Err(unknown(
                "the event's name is set by `event.name`, for example {from: column}".to_owned(),
            ));
        }
        let translated = from_context(to);
        let path = translated.as_deref().unwrap_or(to);
        let path = ALIASES
            .iter()
            .find(|(alias, _)| *alias == path)
            .map_or(path, |(_, path)| path);
        let Some(steps) = steps(path) else {
            return Err(unknown(nearest_message(to)));
        };
        let pattern = pattern(&steps);
        if let Some(field) = FIELDS.iter().find(|field| field.path == pattern) {
            return Ok(Self {
                path: render(&steps),
                steps,
                kind: field.kind,
                field: Some(field),
            });
        }
        // `user.email[0]` adds to the list as `user.email` does; `preferred_price_range[0]` is its lowest price.
        if let Some((Step::Position(position), parent)) = steps.split_last() {
            let whole = pattern.strip_suffix("[]").unwrap_or_default();
            match FIELDS.iter().find(|field| field.path == whole) {
                Some(field) if field.kind.takes_several() => {
                    let steps = parent.to_vec();
                    return Ok(Self {
                        path: render(&steps),
                        steps,
                        kind: field.kind,
                        field: Some(field),
                    });
                }
                Some(field) if field.kind == ValueKind::NumberRange && *position < 2 => {
                    return Ok(Self {
                        path: render(&steps),
                        steps,
                        kind: ValueKind::Number,
                        field: Some(field),
                    });
                }
                Some(field) if field.kind == ValueKind::Contents => {
                    return Err(unknown(format!(
                        "expected a member of the position, for example {whole}[{position}].content_id"
                    )));
                }
                _ => {}
            }
        }
        Self::free(to, steps)
    }

    /// A key that the table does not hold: taken below `properties`, unknown anywhere else.
    fn free(to: &str, steps: Vec<Step>) -> Result<Self, UnknownTarget> {
        let [Step::Key(section), Step::Key(key), ..] = steps.as_slice() else {
            return Err(unknown(nearest_message(to)));
        };
        if section != "properties" {
            return Err(unknown(nearest_message(to)));
        }
        let clear = steps.iter().find_map(|step| match step {
            Step::Key(key) => clear_identity(key),
            Step::Position(_) => None,
        });
        if let Some(home) = clear {
            return Err(unknown(format!(
                "expected {home}: below `properties` it would go out unhashed"
            )));
        }
        // A key below a plain value, such as `properties.currency.code`, has no place to go.
        let known = |path: &str| FIELDS.iter().find(|field| field.path == path);
        for length in 2..steps.len() {
            let parent = pattern(steps.get(..length).unwrap_or_default());
            let takes_keys = |kind| matches!(kind, ValueKind::Object | ValueKind::Contents);
            if known(&parent).is_some_and(|field| !takes_keys(field.kind)) {
                return Err(unknown(format!("expected {parent}, which has no parts")));
            }
        }
        if key == "contents" && !matches!(steps.get(2), Some(Step::Position(_))) {
            return Err(unknown(
                "expected a position, for example properties.contents[0].content_id".to_owned(),
            ));
        }
        Ok(Self {
            path: render(&steps),
            steps,
            kind: ValueKind::Free,
            field: None,
        })
    }

    /// The path, without aliases, for example `properties.contents[0].price`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The parts of the path.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// What it takes.
    pub fn kind(&self) -> ValueKind {
        self.kind
    }

    /// Its line of the table; `None` for a key that TikTok does not list.
    pub fn field(&self) -> Option<&'static EventField> {
        self.field
    }

    /// The event sources that TikTok names for it; all for a key that TikTok does not list.
    pub fn sources(&self) -> Sources {
        self.field.map_or(Sources::ALL, |field| field.sources)
    }

    /// True when several mappings may have this target: each adds to its list.
    pub fn takes_several(&self) -> bool {
        self.kind.takes_several()
    }

    /// True when both cannot be mapped in one spec: they are the same place, or one lies inside of the other.
    /// A mapping inside of `properties`, `properties.contents` and the like adds to the JSON that they hold.
    pub fn conflicts_with(&self, other: &Self) -> bool {
        if self.path == other.path {
            return !self.takes_several();
        }
        let (outer, inner) = if self.steps.len() < other.steps.len() {
            (self, other)
        } else {
            (other, self)
        };
        match outer
            .steps
            .iter()
            .zip(&inner.steps)
            .find(|(one, other)| one != other)
        {
            // A key and a position at the same place: it cannot be both an object and a list.
            Some((one, other)) => matches!(one, Step::Key(_)) != matches!(other, Step::Key(_)),
            None => !matches!(outer.kind, ValueKind::Object | ValueKind::Contents),
        }
    }

    /// The known path that this one was probably meant to be; only for keys that TikTok does not list.
    pub fn probably_meant(&self) -> Option<&'static str> {
        if self.field.is_some() {
            return None;
        }
        let pattern = pattern(&self.steps);
        FIELDS
            .iter()
            .map(|field| (strsim::damerau_levenshtein(field.path, &pattern), field.path))
            .min_by_key(|(distance, _)| *distance)
            .filter(|(distance, path)| *distance <= 2 && path.len() >= "properties.".len() + 5)
            .map(|(_, path)| path)
    }
}

/// The target for a key of `properties` that would carry a person's identity in the clear.
pub(super) fn clear_identity(key: &str) -> Option<&'static str> {
    CLEAR_IDENTITY
        .iter()
        .find(|(clear, _)| clear.eq_ignore_ascii_case(key))
        .map(|(_, home)| *home)
}

fn unknown(message: String) -> UnknownTarget {
    UnknownTarget { message }
}

/// The older endpoints' `context.*` in today's paths.
fn from_context(to: &str) -> Option<String> {
    let rest = to.strip_prefix("context.")?;
    Some(match rest {
        "ad.callback" | "ad.ttclid" => "user.ttclid".to_owned(),
        "ip" | "user_agent" | "locale" => format!("user.{rest}"),
        _ => rest.to_owned(),
    })
}

/// The parts of a path: keys between dots, each followed by any number of `[position]`.
fn steps(path: &str) -> Option<Vec<Step>> {
    if path.len() > MAX_PATH_BYTES || path.chars().any(char::is_control) {
        return None;
    }
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (key, mut positions) = part.find('[').map_or((part, ""), |at| part.split_at(at));
        if key.is_empty() || key.trim() != key || key.contains(']') {
            return None;
        }
        steps.push(Step::Key(key.to_owned()));
        while !positions.is_empty() {
            let (digits, rest) = positions.strip_prefix('[')?.split_once(']')?;
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            steps.push(Step::Position(
                digits.parse().ok().filter(|n| *n <= MAX_POSITION)?,
            ));
            positions = rest;
        }
    }
    (steps.len() <= MAX_DEPTH).then_some(steps)
}

/// The path with `[]` in the place of positions, as the table writes it.
fn pattern(steps: &[Step]) -> String {
    written(steps, |_| "[]".to_owned())
}

fn render(steps: &[Step]) -> String {
    written(steps, |position| format!("[{position}]"))
}

fn written(steps: &[Step], position: impl Fn(usize) -> String) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Key(key) if path.is_empty() => path.push_str(key),
            Step::Key(key) => {
                path.push('.');
                path.push_str(key);
            }
            Step::Position(n) => path.push_str(&position(*n)),
        }
    }
    path
}

/// The nearest path that exists, compared with the whole path and with its last part.
fn nearest_message(to: &str) -> String {
    if to.contains("[]") && steps(&to.replace("[]", "[0]")).is_some() {
        return format!("expected a position, for example {}", to.replace("[]", "[0]"));
    }
    let lower = to.to_lowercase();
    let distance = |name: &str| strsim::damerau_levenshtein(&lower, name);
    let nearest = FIELDS
        .iter()
        .map(|field| {
            let last = field.path.rsplit('.').next().unwrap_or(field.path);
            (distance(field.path).min(distance(last)), field.path)
        })
        .chain(ALIASES.iter().map(|(alias, path)| (distance(alias), *path)))
        .min_by_key(|(distance, _)| *distance);
    match nearest {
        Some((distance, path)) if distance <= (lower.chars().count() / 3).max(2) => {
            format!(
                "expected a field of the event; the nearest is {}",
                path.replace("[]", "[0]")
            )
        }
        _ => "expected a field of the event, for example user.email, page.url or properties.value".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(to: &str) -> Result<Target, UnknownTarget> {
        Target::parse(to, SyncType::WebEvents)
    }

    #[test]
    fn every_line_of_the_table_is_a_target_of_every_event_type() {
        for kind in [SyncType::WebEvents, SyncType::OfflineEvents, SyncType::CrmEvents] {
            for field in FIELDS {
                let path = field.path.replace("[]", "[0]");
                let target = Target::parse(&path, kind).unwrap();
                assert_eq!(target.path(), path);
                assert_eq!(target.kind(), field.kind, "{path}");
                assert_eq!(target.field(), Some(field));
            }
        }
    }

    #[test]
    fn the_table_has_no_path_twice() {
        for (i, field) in FIELDS.iter().enumerate() {
            assert!(
                FIELDS[i + 1..].iter().all(|other| other.path != field.path),
                "{}",
                field.path
            );
        }
    }

    #[test]
    fn aliases_are_todays_paths() {
        for (alias, path) in [
            ("emails", "user.email"),
            ("phones", "user.phone"),
            ("phone_number", "user.phone"),
            ("timestamp", "event_time"),
            ("user.phone_number", "user.phone"),
            ("context.user.email", "user.email"),
            ("context.user.emails", "user.email"),
            ("context.user.phone_number", "user.phone"),
            ("context.user.phone_numbers", "user.phone"),
            ("context.user.external_id", "user.external_id"),
            ("context.user.ttp", "user.ttp"),
            ("context.page.url", "page.url"),
            ("context.page.referrer", "page.referrer"),
            ("context.ip", "user.ip"),
            ("context.user_agent", "user.user_agent"),
            ("context.ad.callback", "user.ttclid"),
            ("user.email[1]", "user.email"),
            ("properties.content_ids[0]", "properties.content_ids"),
        ] {
            assert_eq!(parse(alias).unwrap().path(), path, "{alias}");
        }
    }

    #[test]
    fn unknown_keys_below_properties_pass_and_keep_their_path() {
        for path in [
            "properties.gtm_version",
            "properties.loyalty.tier",
            "properties.contents[3].size",
            "properties.tags[0]",
            "properties.mileage.since",
        ] {
            let target = parse(path).unwrap();
            assert_eq!((target.path(), target.kind()), (path, ValueKind::Free));
        }
    }

    #[test]
    fn an_unknown_path_is_answered_with_the_nearest() {
        for (to, nearest) in [
            ("user.emial", "user.email"),
            ("email", "user.email"),
            ("User.Email", "user.email"),
            ("page.ulr", "page.url"),
            ("evnt_time", "event_time"),
            ("event_tme", "event_time"),
            ("user.ttlcid", "user.ttclid"),
            ("currency", "properties.currency"),
            ("properties.email", "user.email"),
            ("properties.contents[0].Email", "user.email"),
            ("properties.buyer.phone_number", "user.phone"),
            ("properties.contents[].price", "properties.contents[0].price"),
            ("properties.contents[0]", "properties.contents[0].content_id"),
            ("properties.contents.price", "properties.contents[0].content_id"),
            ("properties.currency.code", "properties.currency"),
            ("event", "event.name"),
        ] {
            let message = parse(to).unwrap_err().message;
            assert!(message.contains(nearest), "{to}: {message}");
        }
        for to in [
            "",
            ".",
            "user",
            "user.",
            "a..b",
            "properties.x[",
            "properties.x[1",
            "properties.x[100]",
            "zzzzzzz",
        ] {
            assert!(parse(to).is_err(), "{to}");
        }
    }

    #[test]
    fn a_place_is_mapped_once_unless_it_is_a_list() {
        let conflict = |a: &str, b: &str| {
            let (a, b) = (parse(a).unwrap(), parse(b).unwrap());
            assert_eq!(a.conflicts_with(&b), b.conflicts_with(&a));
            a.conflicts_with(&b)
        };
        assert!(conflict("properties.value", "properties.value"));
        assert!(conflict("timestamp", "event_time"));
        assert!(conflict("properties.size", "properties.size.eu"));
        assert!(conflict(
            "properties.preferred_price_range",
            "properties.preferred_price_range[0]"
        ));
        assert!(conflict("properties.size.eu", "properties.size[0]"));
        assert!(!conflict("user.email", "emails"));
        assert!(!conflict("properties.contents", "properties.contents[0].price"));
        assert!(!conflict("properties", "properties.value"));
        assert!(!conflict("properties.value", "properties.values"));
    }

    #[test]
    fn a_key_that_is_nearly_a_known_one_is_noticed() {
        assert_eq!(
            parse("properties.curency").unwrap().probably_meant(),
            Some("properties.currency")
        );
        assert_eq!(parse("properties.loyalty_tier").unwrap().probably_meant(), None);
        assert_eq!(parse("properties.currency").unwrap().probably_meant(), None);
    }
}
