use proptest::prelude::*;
use rlibphonenumber::PhoneNumberType;

use super::*;

fn read(text: &str, country: &str) -> Result<Phone, IdentityError> {
    phone(text, Country::new(country), PhoneRule::WithPlus, Hashing::Auto)
}

pub(super) fn check(text: &str, country: &str, e164: &str) {
    let expected = Ok(Phone {
        hash: Sha256Hex::of(e164.as_bytes()),
        unassigned: false,
    });
    assert_eq!(read(text, country), expected, "{text:?} in {country:?}");
}

#[test]
fn the_published_vector_comes_out() {
    let known = "9f7ec22d72092cd3c0b58726ed9c2d91b92e51a3f29837508fb2948bb22dd2fd";
    assert_eq!(read("(+1)2133734253", "").unwrap().hash.as_str(), known);
}

#[test]
fn marks_blanks_and_labels_are_removed() {
    for text in [
        "+442071838750",
        "+44 (0)20 7183 8750",
        "+44 ( 0 ) 20 7183 8750",
        "0044 20 7183 8750",
        "011 44 20 7183 8750",
        "(+44) 20-7183-8750",
        "+44.20.7183.8750",
        "tel:+44-20-7183-8750",
        "TEL:+44-20-7183-8750;ext=12",
        "tel:20-7183-8750;phone-context=+44",
        "Tel. +44 20 7183 8750",
        "Phone: +44 20 7183 8750",
        "phone +44 20 7183 8750",
        "p:+442071838750",
        "'+442071838750",
        "\u{FEFF}+44\u{A0}20\u{2009}7183\u{202F}8750\u{200B}",
        "\u{202A}+44 20 7183 8750\u{202C}",
        "\u{200E}+44\t20\u{3000}7183 8750\r\n",
        "+44\u{2010}20\u{2013}7183\u{2212}8750",
        "＋４４２０７１８３８７５０",
        "+٤٤٢٠٧١٨٣٨٧٥٠",
        "++44 20 7183 8750",
        "+0044 20 7183 8750",
        "+44 20 7183 8750 ext. 12",
        "+44 20 7183 8750 x12",
        "+44 20 7183 8750#12",
        "+44 20 7183 8750, ext 12",
        "+44 20 7183 8750 (Extension 12)",
        "+44 20 7183 8750,,12#",
    ] {
        check(text, "", "+442071838750");
    }
}

#[test]
fn national_numbers_belong_to_the_given_country() {
    for (text, country, e164) in [
        ("0170 1234567", "DE", "+491701234567"),
        ("+49 (0)170 1234567", "US", "+491701234567"),
        ("+49 0170 1234567", "", "+491701234567"),
        ("0049 170 1234567", "DE", "+491701234567"),
        ("011 49 170 1234567", "US", "+491701234567"),
        ("491701234567", "DE", "+491701234567"),
        ("(213) 373-4253", "US", "+12133734253"),
        ("1-213-373-4253", "US", "+12133734253"),
        ("1-800-FLOWERS", "US", "+18003569377"),
        ("+1 800 GO FEDEX", "", "+18004633339"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("06 698 1234", "IT", "+39066981234"),
        ("+39 (0)6 698 1234", "", "+39066981234"),
        ("+48 (0)22 123 45 67", "", "+48221234567"),
        ("8 (495) 123-45-67", "RU", "+74951234567"),
        ("8~10 44 20 7183 8750", "RU", "+442071838750"),
        ("+86 138 1234 5678", "US", "+8613812345678"),
        ("010 44 20 7183 8750", "JP", "+442071838750"),
        ("0011 44 20 7183 8750", "AU", "+442071838750"),
        ("0 11 15 2345 6789", "AR", "+5491123456789"),
        ("+56 09 6123 4567", "", "+56961234567"),
        ("+34 0612 345 678", "", "+34612345678"),
        ("+1 0213 373 4253", "", "+12133734253"),
    ] {
        check(text, country, e164);
    }
}

#[test]
fn what_is_no_number_is_refused_with_a_reason() {
    for (text, country, part) in [
        ("", "DE", "empty"),
        ("abc", "DE", "Letters"),
        ("unknown", "US", "Letters"),
        ("0170 1234567 mobil", "DE", "Letters"),
        ("030 1234567 privat", "DE", "Letters"),
        ("O170 1234567", "DE", "Letters"),
        ("0170 12345ab", "DE", "Letters"),
        ("+49 151 ABC45678", "", "Letters"),
        ("213 373 4253 ext", "US", "Letters"),
        ("0170 1234567", "", "identity.default_country"),
        ("2133734253", "", "identity.default_country"),
        ("+999 123456789", "", "calling code"),
        ("0049 170 1234567", "US", "longer"),
        ("020 7183 8750", "US", "longer"),
        ("373-4253", "US", "area code"),
        ("+1 213 373", "", "shorter"),
        ("+1 213 373 42533", "", "longer"),
        ("+1 213 373 4253 / +1 213 373 4254", "", "plus stands inside"),
        ("0000000000", "US", "zeros"),
        ("4.91512E+12", "DE", "exponent"),
        ("4,91512E+12", "DE", "exponent"),
        ("491511234567.0", "DE", "decimal"),
        ("+49 1511234567890123456", "", "longer"),
        ("12345678901234567890123456789012345", "DE", "more digits"),
        ("a@x.de", "DE", "Letters"),
        ("+", "DE", "no digits"),
        ("12", "DE", "area code"),
        ("?170 1234567", "DE", "character"),
    ] {
        let error = read(text, country).expect_err(text);
        assert_eq!(error.code, Code::InvalidPhone);
        assert!(error.message.contains(part), "{text:?}: {}", error.message);
    }
}

#[test]
fn unassigned_numbers_go_with_a_warning() {
    for (text, country, e164) in [
        ("+1 555 555 5555", "", "+15555555555"),
        ("+49 1234", "", "+491234"),
        ("0612345678", "AU", "+61612345678"),
    ] {
        let expected = Ok(Phone {
            hash: Sha256Hex::of(e164.as_bytes()),
            unassigned: true,
        });
        assert_eq!(read(text, country), expected, "{text}");
    }
}

#[test]
fn the_plus_stays_or_goes_by_the_rule() {
    let digits = phone("+491701234567", None, PhoneRule::Digits, Hashing::Auto).unwrap();
    assert_eq!(digits.hash, Sha256Hex::of(b"491701234567"));
}

#[test]
fn hashed_numbers_stay() {
    let digest = Sha256Hex::of(b"+491701234567");
    let expected = Ok(Phone {
        hash: digest,
        unassigned: false,
    });
    let given = digest.as_str().to_uppercase();
    assert_eq!(
        phone(&given, None, PhoneRule::Digits, Hashing::AlreadyHashed),
        expected
    );
    let error = phone("+491701234567", None, PhoneRule::WithPlus, Hashing::AlreadyHashed).unwrap_err();
    assert_eq!(error.code, Code::NotHashed);
    assert_eq!(
        read(Sha256Hex::of(b"").as_str(), "DE").unwrap_err().code,
        Code::InvalidPhone
    );
}

#[test]
fn a_number_without_its_plus_is_not_mistaken_for_a_national_one() {
    check("4915112345678", "DE", "+4915112345678");
    check("436641234567", "AT", "+436641234567");
    check("447911123456", "GB", "+447911123456");
    check("393331234567", "IT", "+393331234567");
    // An area of Germany whose number looks like its calling code, with its trunk zero.
    check("0491 123456", "DE", "+49491123456");
}

/// The examples of every plan and type, in the forms in which the library writes them.
#[test]
fn what_the_library_writes_is_read_again() {
    let types = [
        PhoneNumberType::Mobile,
        PhoneNumberType::FixedLine,
        PhoneNumberType::TollFree,
        PhoneNumberType::UAN,
    ];
    let mut seen = 0;
    for region in PHONE_NUMBER_UTIL.get_supported_regions() {
        for kind in types {
            let Ok(number) = PHONE_NUMBER_UTIL.get_example_number_for_type_and_region(region, kind) else {
                continue;
            };
            let e164 = number.format_as(PhoneNumberFormat::E164);
            check(&number.format_as(PhoneNumberFormat::International), "", &e164);
            check(&number.format_as(PhoneNumberFormat::RFC3966), "", &e164);
            check(
                &number.format_as(PhoneNumberFormat::National),
                region.as_region_str().as_str(),
                &e164,
            );
            seen += 1;
        }
    }
    assert!(seen > 600, "{seen}");
}

/// Found by the law below: read once it was +550000000001, read twice +55000000001.
#[test]
fn a_number_that_is_another_one_when_it_is_read_again_is_refused() {
    let refused = read("900000000001", "BR").unwrap_err();
    assert_eq!(refused.code, Code::InvalidPhone);
    assert_eq!(refused.message, NOT_OF_ITS_COUNTRY);
}

proptest! {
    #[test]
    fn normalising_twice_is_normalising_once(digits in "[1-9][0-9]{6,13}", region in prop::sample::select(vec![
        "DE", "US", "IT", "BR", "AR", "MX", "RU", "JP", "CI",
    ])) {
        let country = Country::new(region);
        let written = PhoneText::read(&digits).unwrap();
        if let (Ok((number, _)), Ok(once)) = (by_plan(&written, country.and_then(Country::region)), read(&digits, region)) {
            let mut buffer = [b'+'; MAX_DIGITS + 1];
            let e164 = write_e164(&number, &mut buffer).unwrap();
            let e164 = std::str::from_utf8(e164).unwrap();
            prop_assert_eq!(read(e164, ""), Ok(once), "{}", e164);
        }
    }

    #[test]
    fn no_text_panics_or_is_repeated(text in "[\\PC0-9+() ]{0,40}") {
        for country in ["", "DE", "US"] {
            if let Err(error) = read(&text, country) {
                let text = text.trim();
                prop_assert!(text.chars().count() < 5 || !error.message.contains(text));
            }
        }
    }
}
