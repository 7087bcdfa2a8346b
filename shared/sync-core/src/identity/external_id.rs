use super::hash::{already_hashed, is_placeholder};
use super::{IdentityError, Sha256Hex, is_absent};
use crate::rejection::Code;
use crate::spec::Hashing;

/// The hash of a customer's id. Blanks at its ends go; letter case and all else stay (TikTok hashes the id as it is).
///
/// An id that is all zeros (`0`, `000`, the zero UUID) names nobody and is refused.
pub fn external_id(text: &str, hashing: Hashing) -> Result<Sha256Hex, IdentityError> {
    let text = text.trim();
    if let Some(digest) = already_hashed(text, hashing, Code::InvalidExternalId)? {
        return Ok(digest);
    }
    if is_absent(text) {
        return Err(IdentityError::new(Code::InvalidExternalId, "The id is empty"));
    }
    if is_all_zero(text) {
        return Err(IdentityError::new(
            Code::InvalidExternalId,
            "An id of zeros names nobody; leave the value empty where there is no id",
        ));
    }
    let digest = Sha256Hex::of(text.as_bytes());
    if is_placeholder(&digest) {
        return Err(IdentityError::new(
            Code::InvalidExternalId,
            "The id stands for nothing; leave the value empty where there is no id",
        ));
    }
    Ok(digest)
}

/// Whether an id consists of zeros and the marks of UUIDs and decimals.
pub(super) fn is_all_zero(text: &str) -> bool {
    text.contains('0')
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0' | b'-' | b'.' | b'{' | b'}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_trimmed_and_nothing_else() {
        for (text, hashed) in [
            ("user_123", "user_123"),
            ("  user_123\t", "user_123"),
            ("User 1", "User 1"),
        ] {
            assert_eq!(
                external_id(text, Hashing::Auto),
                Ok(Sha256Hex::of(hashed.as_bytes())),
                "{text}"
            );
        }
    }

    #[test]
    fn ids_of_zeros_are_refused() {
        for text in [
            "0",
            "000",
            "00000000-0000-0000-0000-000000000000",
            "0.0",
            "",
            "null",
            &"0".repeat(64),
        ] {
            assert_eq!(
                external_id(text, Hashing::Auto).unwrap_err().code,
                Code::InvalidExternalId,
                "{text}"
            );
        }
        for text in ["00a", "100", "0-1"] {
            assert!(external_id(text, Hashing::Auto).is_ok(), "{text}");
        }
    }

    #[test]
    fn hashed_ids_stay_and_others_are_refused_where_the_spec_says_so() {
        let digest = Sha256Hex::of(b"x");
        assert_eq!(
            external_id(&digest.as_str().to_uppercase(), Hashing::AlreadyHashed),
            Ok(digest)
        );
        assert_eq!(
            external_id("x", Hashing::AlreadyHashed).unwrap_err().code,
            Code::NotHashed
        );
    }
}
