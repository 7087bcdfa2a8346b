//! One custom audience.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use crate::audiences::id_kind::{self, Digest};

/// TikTok uses no audience with fewer matched users.
pub(crate) const MIN_IDS: usize = 1000;
const DAY_MS: i64 = 86_400_000;
/// An audience without a retention of its own lives 365 days after its last change or use.
const DEFAULT_RETENTION_DAYS: i64 = 365;
/// An audience is expiring within its last 60 days.
const EXPIRING_DAYS: i64 = 60;

/// Ids by kind.
pub(crate) type Ids = BTreeMap<&'static str, HashSet<Digest>>;

/// How many ids of all kinds there are.
pub(crate) fn count(ids: &Ids) -> usize {
    ids.values().map(HashSet::len).sum()
}

/// How many users the ids stand for: as many as the kind with the most ids has, since a user has one of each at most.
pub(crate) fn users(ids: &Ids) -> usize {
    ids.values().map(HashSet::len).max().unwrap_or(0)
}

/// An audience, as `GET /_sandbox/audiences` lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AudienceRecord {
    /// TikTok's id.
    pub audience_id: String,
    /// The account it belongs to.
    pub advertiser_id: String,
    /// Its name, cut as TikTok cuts it.
    pub name: String,
    /// Whether it is computed, not expired, and holds at least 1,000 ids of all kinds together.
    pub is_valid: bool,
    /// Digests by kind, sorted; kinds without any are left out.
    pub ids: BTreeMap<String, Vec<String>>,
}

#[derive(Debug)]
pub(crate) struct Audience {
    pub(crate) id: String,
    pub(crate) advertiser_id: String,
    pub(crate) name: String,
    pub(crate) origin: AudienceOrigin,
    pub(crate) ids: Ids,
    pub(crate) created_ms: i64,
    /// When it was last changed, or applied to an ad group.
    pub(crate) changed_ms: i64,
    /// When its computation ends.
    pub(crate) ready_ms: i64,
    pub(crate) history: Vec<Change>,
}

#[derive(Debug)]
pub(crate) enum AudienceOrigin {
    Segment,
    CustomerFile(FileTraits),
}

/// What only audiences made of files have.
#[derive(Debug)]
pub(crate) struct FileTraits {
    pub(crate) calculate_type: &'static str,
    pub(crate) sub_type: String,
    pub(crate) enhancement: bool,
    pub(crate) retention_days: Option<i64>,
    /// The UTC day of the latest file.
    pub(crate) upload_day: i64,
}

/// One line of an audience's history.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) action: &'static str,
    pub(crate) detail: String,
    pub(crate) at_ms: i64,
}

impl Audience {
    pub(crate) fn is_processing(&self, now_ms: i64) -> bool {
        now_ms < self.ready_ms
    }

    pub(crate) fn is_valid(&self, now_ms: i64) -> bool {
        !self.is_processing(now_ms) && !self.is_expired(now_ms) && count(&self.ids) >= MIN_IDS
    }

    /// A retention of its own counts from the start and nothing extends it; the other counts from the last change or use.
    pub(crate) fn expires_ms(&self) -> i64 {
        match &self.origin {
            AudienceOrigin::CustomerFile(FileTraits {
                retention_days: Some(days),
                ..
            }) => self.created_ms + days * DAY_MS,
            _ => self.changed_ms + DEFAULT_RETENTION_DAYS * DAY_MS,
        }
    }

    pub(crate) fn is_expired(&self, now_ms: i64) -> bool {
        self.expires_ms() <= now_ms
    }

    pub(crate) fn is_expiring(&self, now_ms: i64) -> bool {
        self.expires_ms() - now_ms < EXPIRING_DAYS * DAY_MS
    }

    /// Writes a change or use into the history; it prolongs the audience's life.
    pub(crate) fn record_change(&mut self, action: &'static str, detail: String, now_ms: i64) {
        self.changed_ms = now_ms;
        self.record_only(action, detail, now_ms);
    }

    /// Writes into the history what does not prolong the audience's life.
    pub(crate) fn record_only(&mut self, action: &'static str, detail: String, now_ms: i64) {
        self.history.push(Change {
            action,
            detail,
            at_ms: now_ms,
        });
    }

    pub(crate) fn record(&self, now_ms: i64) -> AudienceRecord {
        let ids = self
            .ids
            .iter()
            .filter(|(_, digests)| !digests.is_empty())
            .map(|(kind, digests)| {
                let mut texts: Vec<String> =
                    digests.iter().map(|digest| id_kind::hex(kind, digest)).collect();
                texts.sort_unstable();
                ((*kind).to_owned(), texts)
            });
        AudienceRecord {
            audience_id: self.id.clone(),
            advertiser_id: self.advertiser_id.clone(),
            name: self.name.clone(),
            is_valid: self.is_valid(now_ms),
            ids: ids.collect(),
        }
    }
}
