//! The file as a whole.

use super::super::cursor::{Cursor, Keys};
use super::super::issue::{SpecErrors, SpecRead};
use super::super::model::{Mode, SyncSpec, SyncType};
use super::super::not_built::{self, NOT_BUILT, NotBuilt};
use super::super::report::Report;
use super::super::yaml::{self, Position};
use super::{audience, event, mappings, model, rules};
use crate::names::{DestinationName, SyncName};

/// The keys of a spec.
const KEYS: &[&str] = &[
    "name",
    "destination",
    "type",
    "mode",
    "model",
    "event",
    "audience",
    "mappings",
    "hashing",
    "identity",
    "currencies",
    "guards",
    "match_booster",
    "alerts",
    "debugger",
    "rejected_file",
];

/// What a sync may send.
pub(in super::super) const TYPES: &[(&str, SyncType)] = &[
    ("web_events", SyncType::WebEvents),
    ("offline_events", SyncType::OfflineEvents),
    ("crm_events", SyncType::CrmEvents),
    ("custom_audience", SyncType::CustomAudience),
];

/// How a sync may treat rows.
pub(in super::super) const MODES: &[(&str, Mode)] = &[
    ("insert", Mode::Insert),
    ("add", Mode::Add),
    ("mirror", Mode::Mirror),
    ("all", Mode::All),
];

/// Reads a sync spec: YAML text of at most 256 KiB.
///
/// `file_name` is shown in errors as it is given; its stem is the sync's name where the spec has none.
///
/// # Errors
/// [`SpecErrors`]: every error of the file, in its order. A text that is no YAML is one error.
pub fn read(file_name: &str, text: &str) -> Result<SpecRead, SpecErrors> {
    let report = Report::new(file_name);
    match read_with(&report, file_name, text, NOT_BUILT) {
        Some(spec) => Ok(SpecRead {
            spec,
            warnings: report.into_warnings(),
        }),
        None => Err(report.into_errors()),
    }
}

/// [`read`] with another table of what is not built. `None`: the report holds at least one error.
pub(in super::super) fn read_with(
    report: &Report,
    file_name: &str,
    text: &str,
    not_built: &[NotBuilt],
) -> Option<SyncSpec> {
    let tree = match yaml::parse(text) {
        Ok(tree) => tree,
        Err(error) => {
            report.error(error.at, "", error.message);
            return None;
        }
    };
    let root = Cursor::root(report, &tree);
    not_built::refuse(&root, not_built);
    let spec = spec(&root, file_name);
    spec.filter(|_| !report.has_errors())
}

/// Every part is read before the first missing one ends it: all errors come in one pass.
fn spec(root: &Cursor<'_>, file_name: &str) -> Option<SyncSpec> {
    let keys = root.keys(KEYS)?;
    let name = name(&keys, root.report(), file_name);
    let destination = keys
        .need(
            "destination",
            "the name of the connection that `tideline connect` made",
        )
        .and_then(|cursor| checked(&cursor, "the name of a connection", DestinationName::new));
    let kind = keys
        .need(
            "type",
            "one of web_events, offline_events, crm_events, custom_audience",
        )
        .and_then(|cursor| cursor.choice(TYPES));
    let mode = mode(&keys, kind);
    let model = model::read(&keys, mode);
    let events = event::read(&keys, kind);
    let audience = audience::read(&keys, kind, mode);
    let mappings = mappings::read(&keys, kind);
    let hashing = rules::hashing(&keys);
    let identity = rules::identity(&keys, kind);
    let extra_currencies = rules::currencies(&keys);
    let guards = rules::guards(&keys);
    let match_booster = audience::match_booster(&keys, kind);
    let alerts = rules::alerts(&keys);
    let debugger_keep_days = rules::debugger_keep_days(&keys);
    let rejected_file = match keys.get("rejected_file") {
        Some(cursor) => cursor.boolean(),
        None => Some(true),
    };
    if let Some(model) = &model {
        model::check_columns(root.report(), &model.csv);
    }
    Some(SyncSpec {
        name: name?,
        destination: destination?,
        kind: kind?,
        mode: mode?,
        model: model?,
        events: events?,
        audience: audience?,
        mappings: mappings?,
        hashing: hashing?,
        identity: identity?,
        extra_currencies: extra_currencies?,
        guards: guards?,
        match_booster: match_booster?,
        alerts: alerts?,
        debugger_keep_days: debugger_keep_days?,
        rejected_file: rejected_file?,
    })
}

/// A text that a type checks; the type's error completes "expected …".
pub(super) fn checked<'a, T, E: std::fmt::Display>(
    cursor: &Cursor<'a>,
    expected: &str,
    new: impl FnOnce(&'a str) -> Result<T, E>,
) -> Option<T> {
    let text = cursor.text(expected)?;
    match new(text) {
        Ok(value) => Some(value),
        Err(error) => {
            cursor.error(format!("expected {error}"));
            None
        }
    }
}

fn name(keys: &Keys<'_>, report: &Report, file_name: &str) -> Option<SyncName> {
    if let Some(cursor) = keys.get("name") {
        return checked(&cursor, "the name of the sync", SyncName::new);
    }
    let file = file_name.rsplit(['/', '\\']).next().unwrap_or(file_name);
    let stem = file
        .strip_suffix(".yaml")
        .or_else(|| file.strip_suffix(".yml"))
        .unwrap_or(file);
    match SyncName::new(stem) {
        Ok(name) => Some(name),
        Err(error) => {
            let message = format!("expected {error}; the name of the file is none, so add the key name");
            report.error(Position::START, "name", message);
            None
        }
    }
}

fn mode(keys: &Keys<'_>, kind: Option<SyncType>) -> Option<Mode> {
    let events = kind.map(|kind| kind != SyncType::CustomAudience);
    let Some(cursor) = keys.get("mode") else {
        return match events {
            Some(true) => Some(Mode::Insert),
            Some(false) => {
                keys.missing("mode", "one of add, mirror, all");
                None
            }
            None => None,
        };
    };
    let mode = cursor.choice(MODES)?;
    match (events, mode) {
        (Some(true), Mode::Add | Mode::Mirror | Mode::All) => {
            cursor.error("expected insert: events are sent once and never removed");
            None
        }
        (Some(false), Mode::Insert) => {
            cursor.error("expected one of add, mirror, all: insert is for events");
            None
        }
        _ => Some(mode),
    }
}
