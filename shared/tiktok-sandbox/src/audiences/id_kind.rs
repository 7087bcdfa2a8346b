//! Kinds of identifiers and their digests.

use crate::{check::is_digest, settings::Settings};

/// A digest's bytes; the last 16 of an MD5 are zero.
pub(crate) type Digest = [u8; 32];

/// `id_schema` of `/segment/mapping/`.
const SEGMENT_KINDS: [&str; 6] = [
    "EMAIL_SHA256",
    "PHONE_SHA256",
    "IDFA_SHA256",
    "AAID_SHA256",
    "IDFA_MD5",
    "AAID_MD5",
];

/// `calculate_type` of a file. `FIRST_*` is the old name of `MAID_*`.
const FILE_KINDS: [&str; 8] = [
    "EMAIL_SHA256",
    "PHONE_SHA256",
    "IDFA_SHA256",
    "IDFA_MD5",
    "GAID_SHA256",
    "GAID_MD5",
    "MAID_SHA256",
    "MAID_MD5",
];

/// A file with a column for each kind.
pub(crate) const MULTIPLE_TYPES: &str = "MULTIPLE_TYPES";

/// The segment kind of this name; lower case is accepted too.
pub(crate) fn segment_kind(name: &str) -> Option<&'static str> {
    SEGMENT_KINDS
        .into_iter()
        .find(|kind| *kind == name || kind.to_ascii_lowercase() == name)
}

/// The one name of a file's `calculate_type`: `FIRST_SHA256` and `MAID_SHA256` are the same.
pub(crate) fn file_kind(name: &str) -> Option<&'static str> {
    match name {
        MULTIPLE_TYPES => Some(MULTIPLE_TYPES),
        "FIRST_SHA256" => Some("MAID_SHA256"),
        "FIRST_MD5" => Some("MAID_MD5"),
        _ => FILE_KINDS.into_iter().find(|kind| *kind == name),
    }
}

/// The kind that a column header names; sources differ in its letter case.
pub(crate) fn column_kind(header: &str) -> Option<&'static str> {
    if header.eq_ignore_ascii_case("MAID") {
        return Some("MAID_SHA256");
    }
    FILE_KINDS
        .into_iter()
        .find(|kind| kind.eq_ignore_ascii_case(header))
}

/// The bytes of a digest of this kind, or nothing when the text is none.
pub(crate) fn digest(kind: &str, text: &str, settings: &Settings) -> Option<Digest> {
    let mut bytes = [0; 32];
    let wanted = bytes.get_mut(..digest_bytes(kind))?;
    if !is_digest(text, wanted.len() * 2, settings) {
        return None;
    }
    const_hex::decode_to_slice(text, wanted).ok()?;
    Some(bytes)
}

/// A digest as it came, in lower case.
pub(crate) fn hex(kind: &str, digest: &Digest) -> String {
    const_hex::encode(digest.get(..digest_bytes(kind)).unwrap_or(digest))
}

fn digest_bytes(kind: &str) -> usize {
    if kind.ends_with("MD5") { 16 } else { 32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_has_its_kinds_length() {
        let settings = Settings::default();
        let md5 = "9e107d9d372bb6826bd81d3542a419d6";
        let bytes = digest("IDFA_MD5", md5, &settings).unwrap();
        assert_eq!(hex("IDFA_MD5", &bytes), md5);
        assert_eq!(digest("EMAIL_SHA256", md5, &settings), None);
        assert_eq!(digest("IDFA_MD5", "ana@example.com", &settings), None);
    }

    #[test]
    fn kinds_have_one_name() {
        assert_eq!(segment_kind("email_sha256"), Some("EMAIL_SHA256"));
        assert_eq!(segment_kind("GAID_SHA256"), None);
        assert_eq!(file_kind("FIRST_MD5"), file_kind("MAID_MD5"));
        assert_eq!(file_kind("AAID_MD5"), None);
        assert_eq!(column_kind("email_SHA256"), Some("EMAIL_SHA256"));
    }
}
