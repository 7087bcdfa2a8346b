//! `audience` and `match_booster`: custom audiences and what is joined to them.

use super::super::cursor::{Cursor, Keys};
use super::super::model::{Audience, AudienceRef, BoosterColumn, MatchBooster, Mode, SyncType, Via};
use super::file::checked;
use super::mappings::person_target;
use crate::names::{AdvertiserId, AudienceId};

/// TikTok's ways into an audience.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Way {
    Segment,
    FileUpload,
}

pub(in super::super) const WAYS: &[(&str, Way)] =
    &[("segment", Way::Segment), ("file_upload", Way::FileUpload)];

/// TikTok takes this many in one mapping call (TikTok API, `/segment/mapping/`).
pub(in super::super) const MAX_PERSONS_PER_CALL: u16 = 10_000;
pub(in super::super) const DEFAULT_PERSONS_PER_CALL: u16 = 1_000;

/// The audience of an audience sync. The outer `None`: it has errors.
#[expect(
    clippy::option_option,
    reason = "no audience is as valid as one; errors are in the report"
)]
pub(super) fn read(keys: &Keys<'_>, kind: Option<SyncType>, mode: Option<Mode>) -> Option<Option<Audience>> {
    match (kind, keys.get("audience")) {
        (Some(SyncType::CustomAudience), None) => {
            keys.missing("audience", "the audience: advertiser_id, name or id, and via");
            None
        }
        (Some(SyncType::CustomAudience) | None, Some(cursor)) => read_audience(&cursor, mode).map(Some),
        (Some(_), Some(cursor)) => {
            cursor.error_at_key("expected no audience in a sync of events; it has the key event");
            None
        }
        (Some(_), None) => Some(None),
        (None, None) => None,
    }
}

fn read_audience(cursor: &Cursor<'_>, mode: Option<Mode>) -> Option<Audience> {
    let keys = cursor.keys(&[
        "advertiser_id",
        "name",
        "id",
        "via",
        "persons_per_call",
        "retention_days",
        "audience_enhancement",
        "file_header",
    ])?;
    let advertiser_id = keys
        .need("advertiser_id", "the id of the advertiser account, in quotes")
        .and_then(|cursor| checked(&cursor, "the id of the advertiser account", AdvertiserId::new));
    let way = keys.need("via", "segment or file_upload").and_then(|cursor| {
        let way = cursor.choice(WAYS)?;
        let message = match (way, mode) {
            (Way::Segment, Some(Mode::All)) => {
                "expected file_upload: mode all replaces the audience by files"
            }
            (Way::FileUpload, Some(Mode::Add)) => "expected segment: mode add goes by single calls",
            (Way::FileUpload, Some(Mode::Mirror)) => "expected segment: mode mirror goes by single calls",
            _ => return Some(way),
        };
        cursor.error(message);
        None
    });
    let audience = audience_ref(&keys, way);
    let via = via(&keys, way);
    Some(Audience {
        advertiser_id: advertiser_id?,
        audience: audience?,
        via: via?,
    })
}

fn audience_ref(keys: &Keys<'_>, way: Option<Way>) -> Option<AudienceRef> {
    match (keys.get("name"), keys.get("id")) {
        (Some(name), None) => audience_name(&name, way).map(AudienceRef::Name),
        (None, Some(id)) => checked(&id, "the id of the audience", AudienceId::new).map(AudienceRef::Id),
        (Some(_), Some(_)) => {
            keys.error(
                "expected either name, for an audience to make, or id, for an existing one, found both",
            );
            None
        }
        (None, None) => {
            keys.none_of(
                &["name", "id"],
                "expected name, for an audience to make, or id, for an existing one",
            );
            None
        }
    }
}

/// TikTok cuts names of over 70 characters in the Segment API, and refuses those of over 128 for files.
fn audience_name(cursor: &Cursor<'_>, way: Option<Way>) -> Option<String> {
    let most = if way == Some(Way::FileUpload) { 128 } else { 70 };
    let name = cursor.text("the name of the audience")?;
    let valid = !name.is_empty() && name.trim() == name && !name.chars().any(char::is_control);
    if !valid || name.chars().count() > most {
        cursor.error(format!(
            "expected a name of 1 to {most} characters, without blanks at its ends"
        ));
        return None;
    }
    Some(name.to_owned())
}

fn via(keys: &Keys<'_>, way: Option<Way>) -> Option<Via> {
    let persons = keys.get("persons_per_call");
    let retention = keys.get("retention_days");
    let enhancement = keys.get("audience_enhancement");
    let header = keys.get("file_header");
    let persons_per_call = match &persons {
        Some(cursor) => cursor
            .whole(1, MAX_PERSONS_PER_CALL.into())
            .and_then(|persons| u16::try_from(persons).ok()),
        None => Some(DEFAULT_PERSONS_PER_CALL),
    };
    let retention_days = match &retention {
        Some(cursor) => cursor
            .whole(1, 365)
            .and_then(|days| u16::try_from(days).ok())
            .map(Some),
        None => Some(None),
    };
    let flag = |cursor: &Option<Cursor<'_>>| cursor.as_ref().map_or(Some(false), Cursor::boolean);
    let audience_enhancement = flag(&enhancement);
    let file_header = flag(&header);
    match way? {
        Way::Segment => {
            for cursor in [retention, enhancement, header].iter().flatten() {
                cursor.error_at_key("expected no such key with via: segment; it is for file_upload");
            }
            Some(Via::Segment {
                persons_per_call: persons_per_call?,
            })
        }
        Way::FileUpload => {
            if let Some(cursor) = persons {
                cursor.error_at_key("expected no such key with via: file_upload; it is for segment");
            }
            Some(Via::FileUpload {
                retention_days: retention_days?,
                audience_enhancement: audience_enhancement?,
                file_header: file_header?,
            })
        }
    }
}

/// Where the bucket holds identity files.
const IDENTITIES: &str = "identities/";

/// Match Booster. The outer `None`: it has errors.
#[expect(
    clippy::option_option,
    reason = "no Match Booster is as valid as one; errors are in the report"
)]
pub(super) fn match_booster(keys: &Keys<'_>, kind: Option<SyncType>) -> Option<Option<MatchBooster>> {
    let Some(cursor) = keys.get("match_booster") else {
        return Some(None);
    };
    if kind.is_some_and(|kind| kind != SyncType::CustomAudience) {
        cursor.error_at_key(
            "expected no Match Booster in a sync of events; it adds identifiers to custom audiences",
        );
        return None;
    }
    let keys = cursor.keys(&["identities", "on", "add"])?;
    let expected = "a file or folder under identities/ in the bucket";
    let identities = keys.need("identities", expected).and_then(|cursor| {
        let path = cursor.text(expected)?;
        let inside = path.strip_prefix(IDENTITIES).unwrap_or_default();
        let folders = inside.strip_suffix('/').unwrap_or(inside);
        let nameless = folders.split('/').any(|folder| matches!(folder, "" | "." | ".."));
        if nameless || path.chars().any(char::is_control) {
            cursor.error(format!("expected {expected}, such as identities/customers.csv"));
            return None;
        }
        Some(path.to_owned())
    });
    let on = keys
        .need("on", "a column of the export and its column of the identities")
        .and_then(|cursor| {
            let pairs = cursor.entries("columns of the export with their columns of the identities")?;
            if pairs.is_empty() {
                cursor.error("expected at least one column to join on");
            }
            let pairs: Vec<_> = pairs
                .into_iter()
                .map(|(column, cursor)| {
                    cursor.names_column(column, cursor.key_at());
                    Some((column.to_owned(), cursor.foreign_column()?))
                })
                .collect();
            pairs.into_iter().collect::<Option<_>>()
        });
    let add = keys
        .need("add", "a list such as [{from: phone2, to: phone}]")
        .and_then(|cursor| {
            let columns = cursor.list("a list such as [{from: phone2, to: phone}]")?;
            if columns.is_empty() {
                cursor.error("expected at least one identifier to add");
            }
            let columns: Vec<_> = columns.iter().map(booster_column).collect();
            columns.into_iter().collect::<Option<Vec<_>>>()
        });
    Some(Some(MatchBooster {
        identities: identities?,
        on: on?,
        add: add?,
    }))
}

fn booster_column(cursor: &Cursor<'_>) -> Option<BoosterColumn> {
    let keys = cursor.keys(&["from", "to"])?;
    let from = keys
        .need("from", "a column of the identities")
        .and_then(|cursor| cursor.foreign_column());
    let to = keys
        .need("to", "email, phone, gaid or idfa")
        .and_then(|cursor| person_target(&cursor));
    Some(BoosterColumn { from: from?, to: to? })
}
