use super::hash::{already_hashed, is_placeholder};
use super::{IdentityError, Sha256Hex};
use crate::rejection::Code;
use crate::spec::Hashing;

/// The hash of a first name, last name or postal code: all white space goes, lower case.
pub fn name_or_zip(text: &str, hashing: Hashing) -> Result<Sha256Hex, IdentityError> {
    if let Some(digest) = already_hashed(text.trim(), hashing, Code::InvalidValue)? {
        return Ok(digest);
    }
    let bare: String = text.split_whitespace().collect();
    if bare.is_empty() {
        return Err(IdentityError::new(Code::InvalidValue, "The value is empty"));
    }
    let digest = Sha256Hex::of(bare.to_lowercase().as_bytes());
    if is_placeholder(&digest) {
        return Err(IdentityError::new(
            Code::InvalidValue,
            "The value stands for nothing, such as zeros; leave it empty where there is none",
        ));
    }
    Ok(digest)
}

/// Appends a city, state or country as TikTok takes it: lower case, only `a` to `z` and digits, not hashed.
///
/// Appends nothing where no such letter is in the text; the value is then absent.
pub fn place(text: &str, out: &mut String) {
    out.extend(
        text.chars()
            .flat_map(char::to_lowercase)
            .filter(char::is_ascii_alphanumeric),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(text: &str) -> String {
        let mut out = String::new();
        place(text, &mut out);
        out
    }

    #[test]
    fn names_lose_white_space_and_capitals() {
        for (text, hashed) in [
            (" Anna  Maria ", "annamaria"),
            ("MÜLLER", "müller"),
            ("SW1A 1AA", "sw1a1aa"),
            ("10115", "10115"),
        ] {
            assert_eq!(
                name_or_zip(text, Hashing::Auto),
                Ok(Sha256Hex::of(hashed.as_bytes())),
                "{text}"
            );
        }
        assert_eq!(
            name_or_zip("Anna", Hashing::AlreadyHashed).unwrap_err().code,
            Code::NotHashed
        );
        for text in [" ", "00000", "+"] {
            assert!(name_or_zip(text, Hashing::Auto).is_err(), "{text}");
        }
    }

    #[test]
    fn places_are_ascii_letters_and_digits() {
        for (text, expected) in [
            ("New York", "newyork"),
            ("St. Gallen-9", "stgallen9"),
            ("PH", "ph"),
            ("東京", ""),
        ] {
            assert_eq!(placed(text), expected);
            assert_eq!(placed(&placed(text)), expected);
        }
    }
}
