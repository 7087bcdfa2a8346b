//! One identifier of a person, hashed.

use std::fmt;

use crate::identity::Sha256Hex;
use crate::spec::PersonTarget;

/// Which kind of identifier, in the order in which kinds stand in calls and files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdKind {
    /// Email address.
    Email,
    /// Phone number.
    Phone,
    /// Apple's advertising id.
    Idfa,
    /// Google's advertising id.
    Gaid,
}

impl IdKind {
    /// Every kind, in order.
    pub const ALL: [Self; 4] = [Self::Email, Self::Phone, Self::Idfa, Self::Gaid];

    /// The name in `id_schema` of `/segment/mapping/`, where Google's id is called AAID.
    pub const fn segment_name(self) -> &'static str {
        match self {
            Self::Email => "EMAIL_SHA256",
            Self::Phone => "PHONE_SHA256",
            Self::Idfa => "IDFA_SHA256",
            Self::Gaid => "AAID_SHA256",
        }
    }

    /// The name in `calculate_type` of files.
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Email => "EMAIL_SHA256",
            Self::Phone => "PHONE_SHA256",
            Self::Idfa => "IDFA_SHA256",
            Self::Gaid => "GAID_SHA256",
        }
    }

    /// The name in mappings and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Idfa => "idfa",
            Self::Gaid => "gaid",
        }
    }

    /// The kind of this name in `id_schema`.
    pub fn of_segment_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.segment_name() == name)
    }

    /// Its place among [`Self::ALL`].
    pub const fn index(self) -> usize {
        match self {
            Self::Email => 0,
            Self::Phone => 1,
            Self::Idfa => 2,
            Self::Gaid => 3,
        }
    }
}

impl From<PersonTarget> for IdKind {
    fn from(target: PersonTarget) -> Self {
        match target {
            PersonTarget::Email => Self::Email,
            PersonTarget::Phone => Self::Phone,
            PersonTarget::Idfa => Self::Idfa,
            PersonTarget::Gaid => Self::Gaid,
        }
    }
}

/// An identifier of a person: its kind and the 32 bytes of its SHA-256. Ordered by the digest, so that partitions by
/// its top bits are ranges.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identifier {
    digest: [u8; 32],
    kind: IdKind,
}

impl Identifier {
    /// The size of [`Self::to_bytes`].
    pub const SIZE: usize = 33;

    /// An identifier of this kind.
    pub fn new(kind: IdKind, hash: &Sha256Hex) -> Self {
        Self {
            digest: hash.digest(),
            kind,
        }
    }

    /// Its kind.
    pub fn kind(&self) -> IdKind {
        self.kind
    }

    /// Its hash, as TikTok takes it.
    pub fn hash(&self) -> Sha256Hex {
        Sha256Hex::from_digest(&self.digest)
    }

    /// Digest, then kind: the order of bytes is that of identifiers.
    pub fn to_bytes(self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        let (digest, kind) = bytes.split_at_mut(32);
        digest.copy_from_slice(&self.digest);
        kind.copy_from_slice(&[u8::try_from(self.kind.index()).unwrap_or_default()]);
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (digest, kind) = bytes.split_first_chunk::<32>()?;
        let [kind] = kind else { return None };
        Some(Self {
            digest: *digest,
            kind: *IdKind::ALL.get(usize::from(*kind))?,
        })
    }

    /// Which of `partitions` (a power of two) it belongs to, by the digest's top bits.
    pub fn partition(&self, partitions: u32) -> u32 {
        let top = u32::from_be_bytes(*self.digest.first_chunk::<4>().unwrap_or(&[0; 4]));
        match partitions.trailing_zeros() {
            0 => 0,
            bits => top >> (32 - bits.min(32)),
        }
    }
}

/// A digest names a person.
impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identifier").field(&self.kind).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_keep_the_order_and_come_back() {
        let mut ids: Vec<Identifier> = ["a", "b", "c"]
            .iter()
            .flat_map(|text| IdKind::ALL.map(|kind| Identifier::new(kind, &Sha256Hex::of(text.as_bytes()))))
            .collect();
        ids.sort_unstable();
        let bytes: Vec<_> = ids.iter().map(|id| id.to_bytes()).collect();
        assert!(bytes.is_sorted());
        for (id, bytes) in ids.iter().zip(&bytes) {
            assert_eq!(Identifier::from_bytes(bytes), Some(*id));
            assert_eq!(Identifier::new(id.kind(), &id.hash()), *id);
        }
        assert_eq!(Identifier::from_bytes(&[0; 32]), None);
        assert_eq!(Identifier::from_bytes(&[9; 33]), None);
    }

    #[test]
    fn debug_shows_the_kind_alone() {
        let id = Identifier::new(IdKind::Phone, &Sha256Hex::of(b"x"));
        assert_eq!(format!("{id:?}"), "Identifier(Phone)");
    }
}
