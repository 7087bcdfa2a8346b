//! Keyed digests of primary keys, and fingerprints of rows.
//!
//! The snapshot tells nobody who is in it: digests are keyed with a secret of the installation, so that they cannot
//! be reversed with a list of addresses, and nobody can aim collisions.

use std::hash::Hasher;

use serde::{Deserialize, Serialize};
use siphasher::sip128::{Hasher128, SipHasher13};
use twox_hash::XxHash3_64;

/// The secret key of an installation's fingerprints: 16 bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct FingerprintKey([u8; 16]);

impl FingerprintKey {
    /// Takes 16 secret bytes.
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Reads the key as the secret holds it: 32 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        const_hex::decode_to_array(text.trim()).ok().map(Self)
    }

    /// The digest of a primary key, given as the bytes that tell rows apart.
    pub fn key_digest(&self, key: &[u8]) -> KeyDigest {
        let mut hasher = SipHasher13::new_with_key(&self.0);
        hasher.write(key);
        KeyDigest::from_u128(hasher.finish128().as_u128())
    }

    /// Begins a row's fingerprint with the mapping's version.
    pub fn row(&self, mapping_version: &[u8; 16]) -> RowHasher {
        let seed = self
            .0
            .first_chunk::<8>()
            .map_or(0, |bytes| u64::from_le_bytes(*bytes));
        let mut hasher = XxHash3_64::with_seed(seed);
        hasher.write(mapping_version);
        RowHasher(hasher)
    }
}

/// The key is a secret.
impl std::fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FingerprintKey(…)")
    }
}

/// A row's fingerprint in the making.
pub struct RowHasher(XxHash3_64);

impl RowHasher {
    /// Adds a piece of the row. Pieces carry their own lengths.
    pub fn write(&mut self, piece: &[u8]) {
        self.0.write(piece);
    }

    /// The fingerprint with what Match Booster adds to the row.
    pub fn finish_with(mut self, added: u64) -> RowFingerprint {
        if added != 0 {
            self.0.write(&added.to_le_bytes());
        }
        self.finish()
    }

    /// All 64 bits, for sums of several rows.
    pub fn finish_wide(self) -> u64 {
        self.0.finish()
    }

    /// The fingerprint. Never 0: 0 stands for "equal to nothing".
    pub fn finish(self) -> RowFingerprint {
        let wide = self.0.finish();
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the high and the low half are folded on purpose"
        )]
        let narrow = (wide ^ (wide >> 32)) as u32;
        RowFingerprint(narrow.max(1))
    }
}

/// The first 96 bits of a key's digest. With a thousand million keys the odds of any two being equal are 6 in 10^12.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyDigest([u8; 12]);

impl KeyDigest {
    /// The top 96 bits of a 128-bit digest.
    pub fn from_u128(digest: u128) -> Self {
        let bytes = digest.to_be_bytes();
        Self(*bytes.first_chunk::<12>().unwrap_or(&[0; 12]))
    }

    /// Its bytes, in the order in which digests are sorted.
    pub fn bytes(&self) -> &[u8; 12] {
        &self.0
    }

    /// A digest from its bytes.
    pub const fn from_bytes(bytes: [u8; 12]) -> Self {
        Self(bytes)
    }

    /// In hexadecimal.
    pub fn hex(&self) -> const_hex::Buffer<12> {
        const_hex::Buffer::new().const_format(&self.0)
    }

    /// Which of `partitions` (a power of two) the key belongs to, by its top bits.
    pub fn partition(&self, partitions: u32) -> u32 {
        let top = u32::from_be_bytes(*self.0.first_chunk::<4>().unwrap_or(&[0; 4]));
        match partitions.trailing_zeros() {
            0 => 0,
            bits => top >> (32 - bits.min(32)),
        }
    }
}

/// Digests are keyed, but a log has no use for them.
impl std::fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyDigest(…)")
    }
}

impl Serialize for KeyDigest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.hex().as_str())
    }
}

impl<'de> Deserialize<'de> for KeyDigest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&str>::deserialize(deserializer)?;
        const_hex::decode_to_array(text)
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}

/// 32 bits of a row's fingerprint: one changed row in 4 thousand million goes unnoticed. 0 equals nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RowFingerprint(pub u32);

impl RowFingerprint {
    /// Equal to nothing, itself included.
    pub const UNSURE: Self = Self(0);

    /// Whether two rows are surely the same.
    pub fn same(self, other: Self) -> bool {
        self.0 != 0 && self.0 == other.0
    }

    /// In hexadecimal.
    pub fn hex(self) -> const_hex::Buffer<4> {
        const_hex::Buffer::new().const_format(&self.0.to_be_bytes())
    }
}

impl Serialize for RowFingerprint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.hex().as_str())
    }
}

impl<'de> Deserialize<'de> for RowFingerprint {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&str>::deserialize(deserializer)?;
        let bytes = const_hex::decode_to_array(text).map_err(serde::de::Error::custom)?;
        Ok(Self(u32::from_be_bytes(bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_depend_on_the_row_the_mapping_and_the_secret() {
        let fingerprint = |secret: u8, version: u8, row: &[u8]| {
            let mut hasher = FingerprintKey::new([secret; 16]).row(&[version; 16]);
            hasher.write(row);
            hasher.finish()
        };
        assert!(fingerprint(1, 1, b"a").same(fingerprint(1, 1, b"a")));
        for other in [
            fingerprint(2, 1, b"a"),
            fingerprint(1, 2, b"a"),
            fingerprint(1, 1, b"b"),
        ] {
            assert!(!fingerprint(1, 1, b"a").same(other));
        }
    }

    #[test]
    fn digests_depend_on_the_secret() {
        let digest = |secret: u8, key: &[u8]| FingerprintKey::new([secret; 16]).key_digest(key);
        assert_eq!(digest(1, b"a"), digest(1, b"a"));
        assert_ne!(digest(1, b"a"), digest(2, b"a"));
        assert_ne!(digest(1, b"a"), digest(1, b"b"));
    }

    #[test]
    fn partitions_follow_the_order_of_digests() {
        for partitions in [1, 2, 8, 256] {
            let mut last = 0;
            for top in (0..=u32::MAX).step_by(1 << 22) {
                let partition = KeyDigest::from_u128(u128::from(top) << 96).partition(partitions);
                assert!(partition >= last && partition < partitions);
                last = partition;
            }
            assert_eq!(last, partitions - 1);
        }
    }

    #[test]
    fn unsure_is_equal_to_nothing() {
        assert!(!RowFingerprint::UNSURE.same(RowFingerprint::UNSURE));
    }
}
