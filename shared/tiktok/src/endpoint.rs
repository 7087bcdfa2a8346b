//! The endpoints that we call, and what about each of them the judging needs to know.

/// An endpoint of the TikTok Business API v1.3 that answers with TikTok's JSON envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `POST /event/track/`: 1 to 1,000 events (Events API 2.0).
    EventTrack,
    /// `POST /segment/audience/`: creates or deletes an audience of the Segment API.
    SegmentAudience,
    /// `POST /segment/mapping/`: adds persons to audiences or removes them.
    SegmentMapping,
    /// `POST /dmp/custom_audience/file/upload/`: a file of hashes, as a form.
    AudienceUpload,
    /// `GET /dmp/custom_audience/list/`: an advertiser's audiences. It has no body.
    AudienceList,
    /// `POST /dmp/custom_audience/create/`: an audience from uploaded files.
    AudienceCreate,
    /// `POST /dmp/custom_audience/update/`: replaces, appends to or removes from an audience.
    AudienceUpdate,
    /// `POST /oauth2/access_token/`: exchanges an `auth_code`.
    AccessToken,
    /// `POST /oauth2/revoke_token/`.
    RevokeToken,
    /// `GET /oauth2/advertiser/get/`: the accounts that a token reaches. It has no body.
    Advertisers,
    /// `GET /user/info/`: the person behind a token. It asks for no app, and so serves pasted tokens.
    UserInfo,
}

impl Endpoint {
    /// Every endpoint.
    pub const ALL: [Self; 11] = [
        Self::EventTrack,
        Self::SegmentAudience,
        Self::SegmentMapping,
        Self::AudienceUpload,
        Self::AudienceList,
        Self::AudienceCreate,
        Self::AudienceUpdate,
        Self::AccessToken,
        Self::RevokeToken,
        Self::Advertisers,
        Self::UserInfo,
    ];

    /// The path below `/open_api/v1.3`. Each ends in a slash: TikTok answers 404 without.
    pub const fn path(self) -> &'static str {
        match self {
            Self::EventTrack => "/event/track/",
            Self::SegmentAudience => "/segment/audience/",
            Self::SegmentMapping => "/segment/mapping/",
            Self::AudienceUpload => "/dmp/custom_audience/file/upload/",
            Self::AudienceList => "/dmp/custom_audience/list/",
            Self::AudienceCreate => "/dmp/custom_audience/create/",
            Self::AudienceUpdate => "/dmp/custom_audience/update/",
            Self::AccessToken => "/oauth2/access_token/",
            Self::RevokeToken => "/oauth2/revoke_token/",
            Self::Advertisers => "/oauth2/advertiser/get/",
            Self::UserInfo => "/user/info/",
        }
    }

    /// The HTTP method.
    pub const fn method(self) -> &'static str {
        match self {
            Self::AudienceList | Self::Advertisers | Self::UserInfo => "GET",
            Self::EventTrack
            | Self::SegmentAudience
            | Self::SegmentMapping
            | Self::AudienceUpload
            | Self::AudienceCreate
            | Self::AudienceUpdate
            | Self::AccessToken
            | Self::RevokeToken => "POST",
        }
    }

    /// The fields that stand beside the rows: a fault in one of them is no row's fault.
    pub(crate) const fn top_level(self) -> &'static [&'static str] {
        match self {
            Self::EventTrack => &[
                "event_source_id",
                "event_source",
                "event_set_id",
                "pixel_code",
                "test_event_code",
                "partner_name",
            ],
            // `audience_ids` stands in each person, but with the same value in all of them.
            Self::SegmentMapping => &[
                "advertiser_ids",
                "advertiser_id",
                "id_schema",
                "audience_ids",
                "action",
            ],
            Self::SegmentAudience
            | Self::AudienceUpload
            | Self::AudienceList
            | Self::AudienceCreate
            | Self::AudienceUpdate => &["advertiser_id"],
            Self::AccessToken | Self::RevokeToken | Self::Advertisers => &["app_id", "secret"],
            Self::UserInfo => &[],
        }
    }
}

/// What was asked, as far as the meaning of the answer depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Where it was sent.
    pub endpoint: Endpoint,
    /// The very same body was sent before without a clear answer.
    pub repeated: bool,
}

impl Asked {
    /// A body that was not sent before, or was surely not taken.
    pub const fn first(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            repeated: false,
        }
    }

    /// A body whose earlier try may have been taken.
    pub const fn again(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            repeated: true,
        }
    }
}

impl From<Endpoint> for Asked {
    fn from(endpoint: Endpoint) -> Self {
        Self::first(endpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_starts_and_ends_with_a_slash() {
        for endpoint in Endpoint::ALL {
            assert!(
                endpoint.path().starts_with('/') && endpoint.path().ends_with('/'),
                "{endpoint:?}"
            );
        }
    }
}
