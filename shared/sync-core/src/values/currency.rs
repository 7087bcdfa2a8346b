use std::fmt;

use super::ValueError;
use crate::rejection::Code;

/// TikTok's published list (Events API 2.0, `properties.currency`), as a JSON array of codes.
const PUBLISHED: &str = include_str!("../../data/currencies.json");

/// Codes of ISO 4217 beyond TikTok's list: whoever writes one of them means it.
const OTHERS: &str = "AFN ALL AMD AOA AWG AZN BAM BBD BGN BMD BND BSD BTN BWP BYN BZD CDF CUP CVE DJF DOP ERN ETB FJD \
                      FKP GEL GHS GIP GMD GNF GYD HRK HTG IQD IRR JMD JOD KGS KMF KPW KYD LAK LBP LKR LRD LSL LYD MDL \
                      MGA MKD MMK MNT MRU MUR MVR MWK MZN NAD NPR PAB PGK RSD RWF SBD SCR SDG SHP SLE SOS SRD SSP STN \
                      SVC SYP SZL TJS TMT TND TOP TTD TZS UGX UYU UZS VUV WST XAF XCD XOF XPF YER ZMW ZWG ZWL";

/// What people write in the place of a code, in lower case.
const WORDS: &[(&str, &str)] = &[
    ("€", "EUR"),
    ("euro", "EUR"),
    ("euros", "EUR"),
    ("£", "GBP"),
    ("pound", "GBP"),
    ("pounds", "GBP"),
    ("stg", "GBP"),
    ("us$", "USD"),
    ("us dollar", "USD"),
    ("us dollars", "USD"),
    ("a$", "AUD"),
    ("c$", "CAD"),
    ("r$", "BRL"),
    ("hk$", "HKD"),
    ("nt$", "TWD"),
    ("ntd", "TWD"),
    ("s$", "SGD"),
    ("rmb", "CNY"),
    ("cnh", "CNY"),
    ("₹", "INR"),
    ("₩", "KRW"),
    ("₽", "RUB"),
    ("₺", "TRY"),
    ("ytl", "TRY"),
    ("₫", "VND"),
    ("฿", "THB"),
    ("₱", "PHP"),
    ("₪", "ILS"),
    ("nis", "ILS"),
    ("zł", "PLN"),
    ("kč", "CZK"),
    ("rp", "IDR"),
    ("rm", "MYR"),
    ("yen", "JPY"),
];

/// A currency code: three capital letters, as in ISO 4217.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Takes three ASCII letters and raises them. `None` for anything else.
    ///
    /// Whether TikTok takes the currency is the question of [`Currencies::parse`].
    pub fn new(text: &str) -> Option<Self> {
        let letters: [u8; 3] = text.as_bytes().try_into().ok()?;
        letters
            .iter()
            .all(u8::is_ascii_alphabetic)
            .then(|| Self(letters.map(|letter| letter.to_ascii_uppercase())))
    }

    /// The code in capitals.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The currencies that an event may have: TikTok's published list and those that the spec adds.
#[derive(Debug, Clone)]
pub struct Currencies(Vec<Currency>);

impl Default for Currencies {
    fn default() -> Self {
        Self::new(&[])
    }
}

impl Currencies {
    /// TikTok's list and some more.
    pub fn new(extra: &[Currency]) -> Self {
        let published = PUBLISHED.split('"').filter_map(Currency::new);
        let mut codes: Vec<Currency> = published.chain(extra.iter().copied()).collect();
        codes.sort_unstable();
        codes.dedup();
        Self(codes)
    }

    /// All codes, sorted.
    pub fn codes(&self) -> &[Currency] {
        &self.0
    }

    /// A code of the list. Blanks at the ends go, lower case is raised.
    pub fn parse(&self, text: &str) -> Result<Currency, ValueError> {
        let text = text.trim();
        match Currency::new(text) {
            Some(code) if self.0.binary_search(&code).is_ok() => Ok(code),
            code => Err(self.refused(text, code.is_some())),
        }
    }

    /// The sentence for a text that is no code of the list, with the code that was probably meant.
    #[cold]
    fn refused(&self, text: &str, code_shaped: bool) -> ValueError {
        let text = text.to_lowercase();
        let meant = WORDS
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, code)| *code)
            .or_else(|| self.nearest(&text));
        let message = match (meant, text.as_str(), code_shaped) {
            (Some(code), _, false) => {
                format!("A currency is written as its ISO 4217 code of three letters; here probably {code}")
            }
            (Some(code), _, true) => format!(
                "This currency is not on TikTok's list; {code} may be meant, or add the code under `currencies.add` if \
                 TikTok takes it"
            ),
            (None, "$" | "¥" | "kr", _) => {
                "Several currencies share this sign; write the ISO 4217 code of three letters, such as USD or JPY".into()
            }
            (None, _, true) => "This currency is not on TikTok's list; add the code under `currencies.add` if TikTok \
                                takes it, or convert the value"
                .into(),
            (None, _, false) => {
                "A currency is written as its ISO 4217 code of three letters, such as EUR or USD".into()
            }
        };
        ValueError::new(Code::InvalidCurrency, message)
    }

    /// The only code one slip of the finger away, if there is just one.
    fn nearest(&self, lower: &str) -> Option<&str> {
        if OTHERS
            .split_ascii_whitespace()
            .any(|code| code.eq_ignore_ascii_case(lower))
        {
            return None;
        }
        let mut near = self
            .0
            .iter()
            .filter(|code| strsim::damerau_levenshtein(&code.as_str().to_lowercase(), lower) == 1);
        match (near.next(), near.next()) {
            (Some(code), None) => Some(code.as_str()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_list_has_62_codes() {
        let currencies = Currencies::default();
        assert_eq!(currencies.codes().len(), 62);
        assert_eq!(currencies.codes().first().map(Currency::as_str), Some("AED"));
        assert_eq!(currencies.codes().last().map(Currency::as_str), Some("ZAR"));
    }

    #[test]
    fn codes_of_the_list_are_taken_in_any_case() {
        let currencies = Currencies::default();
        for text in ["EUR", "eur", " Eur ", "\u{a0}EUR"] {
            assert_eq!(
                currencies.parse(text).map(|code| code.to_string()),
                Ok("EUR".to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn codes_that_the_spec_adds_are_taken() {
        let extra = Currency::new("bgn").unwrap();
        assert!(Currencies::default().parse("BGN").is_err());
        assert_eq!(Currencies::new(&[extra, extra]).parse("BGN"), Ok(extra));
    }

    #[test]
    fn anything_else_is_refused_with_the_code_that_was_meant() {
        let currencies = Currencies::default();
        for (text, part) in [
            ("€", "probably EUR"),
            ("Euro", "probably EUR"),
            ("EURO", "probably EUR"),
            ("US$", "probably USD"),
            ("UDS", "USD may be meant"),
            ("$", "Several currencies"),
            ("XXX", "`currencies.add`"),
            ("BGN", "list; add the code"),
            ("rsd", "list; add the code"),
            ("EU", "three letters"),
            ("", "three letters"),
            ("978", "three letters"),
            ("EUR USD", "three letters"),
            ("ＥＵＲ", "three letters"),
        ] {
            let error = currencies.parse(text).unwrap_err();
            assert_eq!(error.code, Code::InvalidCurrency);
            assert!(error.message.contains(part), "{text}: {}", error.message);
        }
    }
}
