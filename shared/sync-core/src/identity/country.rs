use std::fmt;

use rlibphonenumber::{PHONE_NUMBER_UTIL, Region};

/// A country with a numbering plan, by its ISO 3166-1 code of two letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

impl Country {
    /// Takes the code in any letter case, with blanks at its ends; `UK` is read as `GB`. `None` where there is no
    /// such country or it has no telephone numbers.
    pub fn new(text: &str) -> Option<Self> {
        let letters: [u8; 2] = text.trim().as_bytes().try_into().ok()?;
        let letters = match letters.map(|letter| letter.to_ascii_uppercase()) {
            [b'U', b'K'] => *b"GB",
            letters => letters,
        };
        let country = Self(letters);
        PHONE_NUMBER_UTIL
            .get_country_code_for_region(country.region()?)
            .is_some()
            .then_some(country)
    }

    /// The code in capitals.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    pub(super) fn region(self) -> Option<Region> {
        Region::from_code(self.as_str()).ok()
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_countries_with_a_numbering_plan_are_taken() {
        for (text, code) in [
            ("DE", "DE"),
            ("de", "DE"),
            (" Us ", "US"),
            ("UK", "GB"),
            ("XK", "XK"),
        ] {
            assert_eq!(
                Country::new(text).map(|country| country.to_string()).as_deref(),
                Some(code),
                "{text}"
            );
        }
        for text in ["", "D", "DEU", "ZZ", "Germany", "12", "éé", "001"] {
            assert_eq!(Country::new(text), None, "{text}");
        }
    }
}
