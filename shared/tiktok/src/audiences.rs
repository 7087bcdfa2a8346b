//! Custom audiences: listed, made, made of files (TikTok API, custom audiences).

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::endpoint::{Asked, Endpoint};
use crate::token::AccessToken;

/// Audiences on one page of a list: the most that TikTok gives.
const PAGE_SIZE: &str = "100";

/// TikTok's way into an audience, as lists tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AudienceKind {
    /// Made by the Segment API: `Partner Audience`.
    Segment,
    /// Made of uploaded files.
    CustomerFile,
    /// Something else: a look-alike, for example.
    Other,
}

/// An audience in a list. What TikTok leaves out is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What kind it is; `None` where the list does not say.
    pub kind: Option<AudienceKind>,
    /// `cover_num`: matched users.
    pub matched: u64,
    /// `is_valid`: computed, not expired, large enough.
    pub valid: bool,
    /// `create_time`, `YYYY-MM-DD HH:MM:SS` in GMT: sorts as text.
    pub created: String,
}

/// A page of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The audiences.
    pub audiences: Vec<Listed>,
    /// How many pages there are.
    pub pages: u64,
}

impl Page {
    /// Reads the `data` of a list. Audiences without an id are left out.
    pub fn read(data: Option<&Value>) -> Self {
        let list = data.and_then(|data| data.get("list")).and_then(Value::as_array);
        let audiences = list.into_iter().flatten().filter_map(listed).collect();
        let paging = data.and_then(|data| data.get("page_info"));
        let pages = paging
            .and_then(|paging| paging.get("total_page"))
            .and_then(Value::as_u64)
            .unwrap_or(1);
        Self { audiences, pages }
    }
}

fn listed(audience: &Value) -> Option<Listed> {
    let text = |name: &str| {
        audience
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let id = match audience.get("audience_id")? {
        Value::String(id) => id.clone(),
        Value::Number(id) => id.to_string(),
        _ => return None,
    };
    let kind = text("audience_type").to_ascii_lowercase();
    Some(Listed {
        id,
        name: text("name"),
        kind: match kind.as_str() {
            "" => None,
            kind if kind.contains("partner") => Some(AudienceKind::Segment),
            kind if kind.contains("customer file") => Some(AudienceKind::CustomerFile),
            _ => Some(AudienceKind::Other),
        },
        matched: audience.get("cover_num").and_then(Value::as_u64).unwrap_or(0),
        valid: audience.get("is_valid").and_then(Value::as_bool).unwrap_or(false),
        created: text("create_time"),
    })
}

/// More pages of a hundred audiences than an account may have (400 audiences, reported by vendors).
pub const MAX_PAGES: u64 = 50;

/// The newest audience of a name and kind, over the pages of a list. One that was made before `after`, in the form of
/// [`Listed::created`], is not meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewestByName<'n> {
    name: &'n str,
    kind: AudienceKind,
    after: String,
    found: Option<Listed>,
}

impl<'n> NewestByName<'n> {
    /// Nothing is found yet.
    pub fn new(name: &'n str, kind: AudienceKind, after: Option<String>) -> Self {
        Self {
            name,
            kind,
            after: after.unwrap_or_default(),
            found: None,
        }
    }

    /// Looks through a page.
    pub fn look(&mut self, page: Page) {
        for listed in page.audiences {
            let kind = listed.kind.is_none_or(|kind| kind == self.kind);
            // Where TikTok does not say when it was made, it may be the one.
            let in_time = listed.created.is_empty() || listed.created >= self.after;
            let newer = self
                .found
                .as_ref()
                .is_none_or(|found| found.created <= listed.created);
            if kind && in_time && newer && listed.name == self.name {
                self.found = Some(listed);
            }
        }
    }

    /// Its id.
    pub fn id(self) -> Option<String> {
        self.found.map(|found| found.id)
    }
}

/// What becomes of a customer-file audience.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The files replace what is in it.
    Replace,
    /// The files add to it.
    Append,
}

impl Client {
    /// Lists an advertiser's audiences by a [`list_query`].
    pub async fn list_audiences(
        &self,
        token: &AccessToken,
        query: &[(&'static str, String)],
        timeout: Duration,
    ) -> Answer {
        let query: Vec<_> = query
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        self.get_json(Endpoint::AudienceList, Some(token), &query, timeout)
            .await
    }

    /// Posts one of the bodies of this module.
    pub async fn post_value(
        &self,
        asked: impl Into<Asked>,
        token: &AccessToken,
        body: &Value,
        timeout: Duration,
    ) -> Answer {
        self.post_json(asked, Some(token), Bytes::from(body.to_string()), timeout)
            .await
    }
}

/// The query that lists one audience of an advertiser, or a page of all (from 1).
pub fn list_query(advertiser: &str, only: Option<&str>, page: u64) -> Vec<(&'static str, String)> {
    let mut query = vec![
        ("advertiser_id", advertiser.to_owned()),
        ("page", page.to_string()),
        ("page_size", PAGE_SIZE.to_owned()),
    ];
    query.extend(only.map(|id| ("custom_audience_ids", json!([id]).to_string())));
    query
}

/// The body that makes an audience of the Segment API. Two may have the same name: TikTok does not look.
pub fn segment_audience(advertiser: &str, name: &str) -> Value {
    json!({"advertiser_id": advertiser, "action": "create", "custom_audience_name": name})
}

/// The fields of a file's upload, beside the file itself: names and values.
pub fn upload_fields<'f>(
    advertiser: &'f str,
    calculate_type: &'f str,
    signature: &'f str,
) -> [(&'static str, &'f str); 3] {
    [
        ("advertiser_id", advertiser),
        ("file_signature", signature),
        ("calculate_type", calculate_type),
    ]
}

/// The body that makes an audience of uploaded files. Without a retention TikTok keeps it for 365 days after its last
/// use.
pub fn create_body(
    advertiser: &str,
    name: &str,
    calculate_type: &str,
    paths: &[&str],
    retention_days: Option<u16>,
    enhancement: bool,
) -> Value {
    let mut body = json!({
        "advertiser_id": advertiser,
        "custom_audience_name": name,
        "calculate_type": calculate_type,
        "file_paths": paths,
        "audience_enhancement": enhancement,
    });
    if let (Some(days), Some(body)) = (retention_days, body.as_object_mut()) {
        body.insert("retention_in_days".to_owned(), json!(days));
    }
    body
}

/// The body that changes an audience of files.
pub fn update_body(
    advertiser: &str,
    audience: &str,
    paths: &[&str],
    change: Change,
    enhancement: bool,
) -> Value {
    json!({
        "advertiser_id": advertiser,
        "custom_audience_id": audience,
        "action": match change {
            Change::Replace => "REPLACE",
            Change::Append => "APPEND",
        },
        "file_paths": paths,
        "audience_enhancement": enhancement,
    })
}

/// The id in the answer of a call that made an audience, of either way.
pub fn made_id(data: Option<&Value>) -> Option<String> {
    let data = data?;
    let id = data
        .get("audience_id")
        .or_else(|| data.get("custom_audience_id"))?;
    match id {
        Value::String(id) if !id.is_empty() => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

/// The path in the answer of an upload.
pub fn file_path(data: Option<&Value>) -> Option<String> {
    let path = data?.get("file_path")?.as_str()?;
    (!path.is_empty()).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_with_what_they_leave_out() {
        let data = json!({
            "list": [
                {"audience_id": "16", "name": "VIP", "audience_type": "Partner Audience", "cover_num": 1200, "is_valid": true, "create_time": "2026-11-25 10:00:00"},
                {"audience_id": 17, "audience_type": "Customer File Audience"},
                {"audience_id": "18", "audience_type": "Lookalike Audience"},
                {"audience_id": "19"},
                {"name": "without an id"},
            ],
            "page_info": {"total_page": 3},
        });
        let page = Page::read(Some(&data));
        assert_eq!(page.pages, 3);
        let kinds: Vec<_> = page.audiences.iter().map(|audience| audience.kind).collect();
        assert_eq!(
            kinds,
            [
                Some(AudienceKind::Segment),
                Some(AudienceKind::CustomerFile),
                Some(AudienceKind::Other),
                None
            ]
        );
        assert_eq!((page.audiences[0].matched, page.audiences[0].valid), (1200, true));
        assert_eq!(page.audiences[1].id, "17");
        assert_eq!(
            Page::read(None),
            Page {
                audiences: vec![],
                pages: 1
            }
        );
    }

    #[test]
    fn of_a_name_the_newest_of_the_kind_counts_that_is_not_from_before() {
        let listed = |id: &str, name: &str, kind: &str, created: &str| json!({"audience_id": id, "name": name, "audience_type": kind, "create_time": created});
        let data = json!({"list": [
            listed("1", "VIP", "Partner Audience", "2026-11-20 00:00:00"),
            listed("2", "VIP", "Partner Audience", "2026-11-25 10:00:00"),
            listed("3", "VIP", "Partner Audience", "2026-11-25 09:00:00"),
            listed("4", "VIP", "Customer File Audience", "2026-11-25 11:00:00"),
            listed("5", "Others", "Partner Audience", "2026-11-25 12:00:00"),
        ]});
        let newest = |after: Option<&str>| {
            let mut newest = NewestByName::new("VIP", AudienceKind::Segment, after.map(str::to_owned));
            newest.look(Page::read(Some(&data)));
            newest.id()
        };
        assert_eq!(newest(None).as_deref(), Some("2"));
        assert_eq!(newest(Some("2026-11-25 10:00:01")), None);
    }

    #[test]
    fn ids_come_from_either_way() {
        assert_eq!(made_id(Some(&json!({"audience_id": "1"}))).as_deref(), Some("1"));
        assert_eq!(
            made_id(Some(&json!({"custom_audience_id": 2}))).as_deref(),
            Some("2")
        );
        assert_eq!(made_id(Some(&json!({"audience_id": ""}))), None);
        assert_eq!(
            file_path(Some(&json!({"file_path": "a/b"}))).as_deref(),
            Some("a/b")
        );
    }
}
