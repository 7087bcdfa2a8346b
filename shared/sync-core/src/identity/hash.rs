use std::fmt;
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

use super::IdentityError;
use crate::rejection::Code;
use crate::spec::Hashing;

/// A SHA-256 digest as TikTok takes it: 64 lower-case hexadecimal digits.
///
/// `Debug` is masked: a digest of an email address names a person as the address does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256Hex([u8; 64]);

impl Sha256Hex {
    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self::from_digest(&Sha256::digest(bytes).into())
    }

    /// Takes exactly 64 hexadecimal digits and lower-cases them. `None` for anything else.
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits: [u8; 64] = text.as_bytes().try_into().ok()?;
        digits
            .iter()
            .all(u8::is_ascii_hexdigit)
            .then(|| Self(digits.map(|digit| digit.to_ascii_lowercase())))
    }

    /// The hexadecimal digits of a digest.
    pub fn from_digest(digest: &[u8; 32]) -> Self {
        let mut hex = [b'0'; 64];
        // The buffer has the right length, which is the only thing that can go wrong.
        let _ = const_hex::encode_to_slice(digest, &mut hex);
        Self(hex)
    }

    /// The digest's bytes.
    pub fn digest(&self) -> [u8; 32] {
        const_hex::decode_to_array(self.0).unwrap_or_default()
    }

    /// The 64 digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The 64 digits as bytes.
    pub fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Debug for Sha256Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sha256Hex(…)")
    }
}

/// Words that stand for no value in exports. Their hashes name nobody.
pub(super) const NULL_WORDS: [&str; 6] = ["null", "none", "undefined", "nan", "n/a", "-"];

/// Digests of what is no identifier: the empty text, null words, all-zero ids. Sorted.
static PLACEHOLDERS: LazyLock<Vec<Sha256Hex>> = LazyLock::new(|| {
    let zeros = "0".repeat(64);
    let mut texts: Vec<String> = (1..=zeros.len())
        .filter_map(|len| zeros.get(..len))
        .map(str::to_owned)
        .collect();
    for word in NULL_WORDS {
        let capital = word.get(..1).unwrap_or("").to_ascii_uppercase() + word.get(1..).unwrap_or("");
        texts.extend([word.to_owned(), word.to_ascii_uppercase(), capital]);
    }
    let others = [
        "",
        " ",
        "NaN",
        "\\N",
        "+",
        "0.0",
        "00000000-0000-0000-0000-000000000000",
    ];
    texts.extend(others.map(str::to_owned));
    let mut digests: Vec<Sha256Hex> = texts.iter().map(|text| Sha256Hex::of(text.as_bytes())).collect();
    digests.extend(Sha256Hex::from_hex(&zeros));
    digests.sort_unstable();
    digests.dedup();
    digests
});

/// Whether a digest is all zeros or that of a text that names nobody.
pub(super) fn is_placeholder(digest: &Sha256Hex) -> bool {
    PLACEHOLDERS.binary_search(digest).is_ok()
}

/// Takes a value that is hashed already.
///
/// `Ok(None)`: it is not, and may be hashed here. Under [`Hashing::AlreadyHashed`] that is an error. `text` has no
/// blanks at its ends; `code` is for the digest of a text that names nobody.
pub(super) fn already_hashed(
    text: &str,
    hashing: Hashing,
    code: Code,
) -> Result<Option<Sha256Hex>, IdentityError> {
    match (Sha256Hex::from_hex(text), hashing) {
        (Some(digest), _) if is_placeholder(&digest) => Err(IdentityError::new(
            code,
            "This is the SHA-256 of an empty text, of null or of zeros; leave the value empty where there is none",
        )),
        (Some(digest), _) => Ok(Some(digest)),
        (None, Hashing::Auto) => Ok(None),
        (None, Hashing::AlreadyHashed) => Err(IdentityError::new(
            Code::NotHashed,
            "The spec says `hashing: already_hashed`, and this is no SHA-256 of 64 hexadecimal digits; hash the \
             column, or set `hashing: auto`",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_sha_256() {
        let known = "80fba0ae1c48e3978e43e4efc365e14e12ea0c830ba8ba5b9a2dafc7e3f2ab8b";
        assert_eq!(Sha256Hex::of(b"user_123").as_str(), known);
        assert_eq!(
            Sha256Hex::from_hex(&known.to_uppercase()),
            Some(Sha256Hex::of(b"user_123"))
        );
    }

    #[test]
    fn only_64_hexadecimal_digits_are_a_digest() {
        let known = Sha256Hex::of(b"x");
        let text = known.as_str();
        for wrong in [
            text.split_at(1).1,
            &format!("{text}0"),
            &text.replace('1', "g"),
            "",
            &format!(" {}", text.split_at(1).1),
        ] {
            assert_eq!(Sha256Hex::from_hex(wrong), None);
        }
    }

    #[test]
    fn digests_of_nothing_are_known() {
        let empty = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855";
        for text in [
            empty,
            &"0".repeat(64),
            Sha256Hex::of(b"null").as_str(),
            Sha256Hex::of(b"0").as_str(),
        ] {
            let error = already_hashed(text, Hashing::Auto, Code::InvalidEmail).unwrap_err();
            assert_eq!(error.code, Code::InvalidEmail);
        }
    }

    #[test]
    fn debug_shows_no_digit() {
        assert_eq!(format!("{:?}", Sha256Hex::of(b"x")), "Sha256Hex(…)");
    }
}
