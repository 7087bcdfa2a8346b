//! Persons as calls of the Segment API.

use serde::Deserialize;

use super::{IdKind, Identifier, Person};
use crate::events::json::write_string;
use crate::identity::Sha256Hex;
use crate::names::{AdvertiserId, AudienceId};
use crate::spec::{MappingTarget, SyncSpec};

/// The largest body of a mapping call, in bytes. TikTok publishes none; 10,000 persons with four identifiers each stay
/// below it, the default of 1,000 persons below 1 MB.
pub const MAX_MAPPING_BYTES: usize = 8_000_000;

/// The kinds of identifiers that a sync may send: the mapped ones and those that Match Booster adds, in order.
pub fn kinds_of(spec: &SyncSpec) -> Vec<IdKind> {
    let mapped = spec.mappings.iter().filter_map(|mapping| match &mapping.to {
        MappingTarget::Person(target) => Some(IdKind::from(*target)),
        MappingTarget::Event(_) => None,
    });
    let added = spec
        .match_booster
        .iter()
        .flat_map(|booster| &booster.add)
        .map(|column| IdKind::from(column.to));
    let found: Vec<IdKind> = mapped.chain(added).collect();
    IdKind::ALL
        .into_iter()
        .filter(|kind| found.contains(kind))
        .collect()
}

/// The calls of `/segment/mapping/` for one audience (TikTok API, Segment API).
#[derive(Debug, Clone)]
pub struct SegmentCalls {
    kinds: Vec<IdKind>,
    /// `","audience_ids":["…"]}`
    behind_id: Vec<u8>,
    advertiser: String,
}

impl SegmentCalls {
    /// What comes behind the persons in a body.
    pub const TAIL: &'static str = "]}";
    /// The endpoint below `/open_api/v1.3`.
    pub const ENDPOINT: &'static str = "segment/mapping/";

    /// Calls with a place for each of these kinds.
    pub fn new(advertiser: &AdvertiserId, audience: &AudienceId, kinds: Vec<IdKind>) -> Self {
        let mut behind_id = b"\",\"audience_ids\":[".to_vec();
        write_string(&mut behind_id, audience.as_str());
        behind_id.extend_from_slice(b"]}");
        Self {
            kinds,
            behind_id,
            advertiser: advertiser.as_str().to_owned(),
        }
    }

    /// What comes before the persons in a body that adds them.
    pub fn add_head(&self) -> String {
        self.head("add")
    }

    /// What comes before the persons in a body that removes their identifiers.
    pub fn delete_head(&self) -> String {
        self.head("delete")
    }

    fn head(&self, action: &str) -> String {
        let mut head = b"{\"advertiser_ids\":[".to_vec();
        write_string(&mut head, &self.advertiser);
        head.extend_from_slice(b"],\"action\":\"");
        head.extend_from_slice(action.as_bytes());
        head.extend_from_slice(b"\",\"id_schema\":[");
        for (at, kind) in self.kinds.iter().enumerate() {
            if at > 0 {
                head.push(b',');
            }
            write_string(&mut head, kind.segment_name());
        }
        head.extend_from_slice(b"],\"batch_data\":[");
        String::from_utf8_lossy(&head).into_owned()
    }

    /// Appends a person: one place for each kind of the schema, `{}` where it has none.
    pub fn write_person(&self, person: &Person, out: &mut Vec<u8>) {
        out.push(b'[');
        for (at, kind) in self.kinds.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            match person.get(*kind) {
                None => out.extend_from_slice(b"{}"),
                Some(hash) => {
                    out.extend_from_slice(b"{\"id\":\"");
                    out.extend_from_slice(hash.as_bytes());
                    out.extend_from_slice(&self.behind_id);
                }
            }
        }
        out.push(b']');
    }
}

/// The identifiers of a person that [`SegmentCalls::write_person`] wrote; `empty` is the call's body without persons.
pub fn identifiers_of(empty: &str, person: &str) -> Vec<Identifier> {
    #[derive(Deserialize)]
    struct Schema {
        id_schema: Vec<String>,
    }
    #[derive(Deserialize)]
    struct Place {
        id: Option<String>,
    }
    let schema = serde_json::from_str::<Schema>(empty).map_or_else(|_| Vec::new(), |call| call.id_schema);
    let places: Vec<Place> = serde_json::from_str(person).unwrap_or_default();
    let id = |(name, place): (&String, Place)| {
        let hash = Sha256Hex::from_hex(place.id?.as_str())?;
        Some(Identifier::new(IdKind::of_segment_name(name)?, &hash))
    };
    schema.iter().zip(places).filter_map(id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_the_one_of_the_reference() {
        let advertiser = AdvertiserId::new("7100000000000000001").unwrap();
        let audience = AudienceId::new("160000001").unwrap();
        let calls = SegmentCalls::new(&advertiser, &audience, vec![IdKind::Email, IdKind::Phone]);
        let (alice, jane) = (
            Sha256Hex::of(b"alice_abc@gmail.com"),
            Sha256Hex::of(b"janedoe@gmail.com"),
        );
        let mut person = Person::default();
        person.set(IdKind::Email, alice);
        person.set(IdKind::Phone, Sha256Hex::of(b"+12133734253"));
        let mut other = Person::default();
        other.set(IdKind::Email, jane);
        let mut written = Vec::new();
        calls.write_person(&person, &mut written);
        let empty = format!("{}{}", calls.add_head(), SegmentCalls::TAIL);
        let written = String::from_utf8(written).unwrap();
        assert_eq!(
            identifiers_of(&empty, &written),
            person.identifiers().collect::<Vec<_>>()
        );
        let mut body = calls.add_head().into_bytes();
        calls.write_person(&person, &mut body);
        body.push(b',');
        calls.write_person(&other, &mut body);
        body.extend_from_slice(SegmentCalls::TAIL.as_bytes());
        let expected = r#"{"advertiser_ids":["7100000000000000001"],"action":"add","id_schema":["EMAIL_SHA256","PHONE_SHA256"],"batch_data":[[{"id":"848a771458438fc2ec420560d769fb9b9b86851ee338ec56517baabd79d3bb4f","audience_ids":["160000001"]},{"id":"9f7ec22d72092cd3c0b58726ed9c2d91b92e51a3f29837508fb2948bb22dd2fd","audience_ids":["160000001"]}],[{"id":"d6117306485ed0e50afab3ac871e98f81699151f30281527d63ff5f233656c69","audience_ids":["160000001"]},{}]]}"#;
        assert_eq!(String::from_utf8(body).unwrap(), expected);
        assert!(calls.delete_head().contains(r#""action":"delete""#));
    }
}
