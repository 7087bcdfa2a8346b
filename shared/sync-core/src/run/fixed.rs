//! `state/<sync>/fixed.json`: what the first run of an audience locks, and TikTok's id of the audience.

use serde::{Deserialize, Serialize};

use crate::names::{AdvertiserId, AudienceId, SyncName};
use crate::spec::{Audience, AudienceRef, Mode, Via};

/// Written before the first call for an audience that has to be made, or before its first run; completed with the id
/// before the first person is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fixed {
    /// The advertiser account.
    pub advertiser_id: AdvertiserId,
    /// The way in.
    pub via: FixedVia,
    /// The mode.
    pub mode: Mode,
    /// The audience's name, where the spec gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience_name: Option<String>,
    /// TikTok's id; `None` while the audience is being made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience_id: Option<AudienceId>,
    /// Somebody has begun to make it: whoever comes later looks its name up first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub making: bool,
    /// When the making was begun, epoch seconds, where somebody took it over: an audience from before is not ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    /// How often somebody began or took over the making of it: content, and so the `ETag`, never comes back.
    #[serde(default)]
    pub tries: u32,
    /// The audience that was there before `audience.via` was changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<AudienceId>,
}

/// The way in that was locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FixedVia {
    /// The Segment API.
    Segment,
    /// Files.
    FileUpload,
}

impl FixedVia {
    /// The way of a spec.
    pub fn of(via: &Via) -> Self {
        match via {
            Via::Segment { .. } => Self::Segment,
            Via::FileUpload { .. } => Self::FileUpload,
        }
    }

    /// The word in the spec.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Segment => "segment",
            Self::FileUpload => "file_upload",
        }
    }
}

/// The word of a mode in the spec.
fn word(mode: Mode) -> &'static str {
    match mode {
        Mode::Insert => "insert",
        Mode::Add => "add",
        Mode::Mirror => "mirror",
        Mode::All => "all",
    }
}

/// What a spec asks for, compared with what is locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fit {
    /// Nothing has changed.
    Same,
    /// Way or mode have changed, and a resync allows it: this is to be locked now. Another way needs another audience.
    Changed(Fixed),
    /// It does not go; why, and the way out.
    No(String),
}

impl Fixed {
    /// What the first run of a spec locks.
    pub fn of(audience: &Audience, mode: Mode) -> Self {
        let (audience_name, audience_id) = match &audience.audience {
            AudienceRef::Name(name) => (Some(name.clone()), None),
            AudienceRef::Id(id) => (None, Some(id.clone())),
        };
        Self {
            advertiser_id: audience.advertiser_id.clone(),
            via: FixedVia::of(&audience.via),
            mode,
            audience_name,
            audience_id,
            making: false,
            since: None,
            tries: 0,
            replaces: None,
        }
    }

    /// The same, its audience being made. `since`: when the one who began it wrote so, where it is taken over.
    #[must_use]
    pub fn begun(&self, since: Option<i64>) -> Self {
        Self {
            making: true,
            since: self.since.or(since),
            tries: self.tries.saturating_add(1),
            ..self.clone()
        }
    }

    /// The same, TikTok having said that it made nothing: the next try need not look for it.
    #[must_use]
    pub fn not_begun(&self) -> Self {
        Self {
            making: false,
            since: None,
            tries: self.tries.saturating_add(1),
            ..self.clone()
        }
    }

    /// Before this time, as TikTok writes the times of audiences, ours cannot have been made. A day and an hour are
    /// left for clocks and time zones.
    pub fn made_after(&self) -> Option<String> {
        let since = jiff::Timestamp::from_second(self.since?.saturating_sub(25 * 3_600)).ok()?;
        Some(since.strftime("%Y-%m-%d %H:%M:%S").to_string())
    }

    /// Compares a spec with what is locked. `resynced`: a resync was asked for since the last run.
    pub fn fits(&self, sync: &SyncName, audience: &Audience, mode: Mode, resynced: bool) -> Fit {
        if audience.advertiser_id != self.advertiser_id {
            return Fit::No(format!(
                "audience.advertiser_id is {}, and the first run of this sync locked {}: an advertiser account cannot be changed once a sync has run; set it back, or make a new sync for the other account",
                audience.advertiser_id, self.advertiser_id
            ));
        }
        let (same, asked) = match &audience.audience {
            AudienceRef::Name(name) => (
                self.audience_name.as_ref() == Some(name),
                format!("name is {name:?}"),
            ),
            AudienceRef::Id(id) => (self.audience_id.as_ref() == Some(id), format!("id is {id}")),
        };
        if !same {
            let locked = match (&self.audience_name, &self.audience_id) {
                (Some(name), Some(id)) => format!("the audience {name:?} (id {id})"),
                (Some(name), None) => format!("the name {name:?}"),
                (None, Some(id)) => format!("the audience with the id {id}"),
                (None, None) => "another audience".to_owned(),
            };
            return Fit::No(format!(
                "audience.{asked}, and the first run of this sync locked {locked}: the audience of a sync cannot be changed once it has run; set it back, or make a new sync for the other audience"
            ));
        }
        let via = FixedVia::of(&audience.via);
        if via == self.via && mode == self.mode {
            return Fit::Same;
        }
        if !resynced {
            let (what, now, before) = if via == self.via {
                ("mode", word(mode), word(self.mode))
            } else {
                ("audience.via", via.as_str(), self.via.as_str())
            };
            return Fit::No(format!(
                "{what} is {now}, and earlier runs of this sync used {before}: a change needs a full resync; run `tideline resync {sync}` and export again, or set it back"
            ));
        }
        let mut changed = Self {
            via,
            mode,
            tries: self.tries.saturating_add(1),
            ..self.clone()
        };
        // An audience of one way takes nothing by the other: under a name, another one is made.
        if via != self.via && matches!(audience.audience, AudienceRef::Name(_)) {
            changed.replaces = changed.audience_id.take().or(changed.replaces);
            changed.making = false;
            changed.since = None;
        }
        Fit::Changed(changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn audience(advertiser: &str, name: &str, via: Via) -> Audience {
        Audience {
            advertiser_id: AdvertiserId::new(advertiser).unwrap(),
            audience: AudienceRef::Name(name.to_owned()),
            via,
        }
    }

    const SEGMENT: Via = Via::Segment {
        persons_per_call: 1000,
    };
    const FILES: Via = Via::FileUpload {
        retention_days: None,
        audience_enhancement: false,
        file_header: false,
    };

    fn check(asked: &Audience, mode: Mode, resynced: bool, expected: &str) {
        let mut fixed = Fixed::of(&audience("1", "VIP", SEGMENT), Mode::Add);
        fixed.audience_id = Some(AudienceId::new("16").unwrap());
        let sync = SyncName::new("vip").unwrap();
        let Fit::No(message) = fixed.fits(&sync, asked, mode, resynced) else {
            panic!("it fits");
        };
        assert!(message.contains(expected), "{message}");
    }

    #[test]
    fn advertiser_and_name_stay_even_with_a_resync() {
        for resynced in [false, true] {
            check(
                &audience("2", "VIP", SEGMENT),
                Mode::Add,
                resynced,
                "audience.advertiser_id is 2, and the first run of this sync locked 1: an advertiser account cannot be changed",
            );
            check(
                &audience("1", "Other", SEGMENT),
                Mode::Add,
                resynced,
                "audience.name is \"Other\", and the first run of this sync locked the audience \"VIP\" (id 16)",
            );
        }
    }

    #[test]
    fn an_audience_from_before_is_none_of_ours() {
        let fixed = Fixed::of(&audience("1", "VIP", SEGMENT), Mode::Add);
        let begun = fixed.begun(None);
        assert_eq!((begun.making, begun.made_after()), (true, None));
        let taken = begun.begun(Some(1_795_614_073));
        assert_eq!(taken.made_after().as_deref(), Some("2026-11-24 12:41:13"));
        assert_eq!(taken.begun(Some(1_795_700_000)).made_after(), taken.made_after());
        assert!(!taken.not_begun().making);
    }

    #[test]
    fn mode_and_way_change_with_a_resync_alone() {
        check(
            &audience("1", "VIP", SEGMENT),
            Mode::Mirror,
            false,
            "mode is mirror, and earlier runs of this sync used add: a change needs a full resync; run `tideline resync vip`",
        );
        check(
            &audience("1", "VIP", FILES),
            Mode::All,
            false,
            "audience.via is file_upload, and earlier runs of this sync used segment",
        );
        let mut fixed = Fixed::of(&audience("1", "VIP", SEGMENT), Mode::Add);
        fixed.audience_id = Some(AudienceId::new("16").unwrap());
        let sync = SyncName::new("vip").unwrap();
        let fits = |asked: &Audience, mode| match fixed.fits(&sync, asked, mode, true) {
            Fit::Changed(fixed) => fixed.audience_id,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            fits(&audience("1", "VIP", SEGMENT), Mode::Mirror),
            fixed.audience_id
        );
        assert_eq!(fits(&audience("1", "VIP", FILES), Mode::All), None);
        let Fit::Changed(files) = fixed.fits(&sync, &audience("1", "VIP", FILES), Mode::All, true) else {
            panic!("a resync allows another way");
        };
        assert_eq!(files.replaces, fixed.audience_id);
        let mut by_id = audience("1", "VIP", SEGMENT);
        by_id.audience = AudienceRef::Id(AudienceId::new("16").unwrap());
        assert_eq!(fixed.fits(&sync, &by_id, Mode::Add, false), Fit::Same);
    }
}
