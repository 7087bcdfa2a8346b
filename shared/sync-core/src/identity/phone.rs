use rlibphonenumber::{
    NumberLengthType, PHONE_NUMBER_UTIL, ParseError, PhoneNumber, PhoneNumberFormat, Region, ValidationError,
};

use super::hash::already_hashed;
use super::phone_text::{LETTERS, PhoneText};
use super::{Country, IdentityError, Sha256Hex};
use crate::rejection::Code;
use crate::spec::{Hashing, PhoneRule};

/// The longest international number, in digits (ITU-T E.164).
const MAX_DIGITS: usize = 15;

/// A phone number, hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phone {
    /// The hash of the number in E.164.
    pub hash: Sha256Hex,
    /// The length is right and no numbering plan assigns the number to anybody: a warning is due.
    pub unassigned: bool,
}

/// The hash of a phone number in E.164, by the numbering plans of Google's libphonenumber.
///
/// `country` is where national numbers belong. `00` and `011` stand for `+` where that country dials so, or where none
/// is given. Marks, blanks of all kinds, `tel:`, labels (`Tel.`, `p:`) and extensions are removed, digits of every
/// script are read, trunk zeros go as the plan says, in brackets too (`+44 (0)20 7183 8750`).
///
/// Letters are read as the digits on their keys in numbers of North America that end in a word (`1-800-FLOWERS`),
/// where the length is fixed, so that a remark cannot become part of a number; elsewhere they are refused. Refused,
/// never cut or guessed: national numbers without a country, lengths and country calling codes that do not exist,
/// numbers without their area code, zeros, numbers that are others when they are read again, what a spreadsheet made of a number (`4.91512E+12`, `4915112345678.0`), and
/// more than 15 digits.
pub fn phone(
    text: &str,
    country: Option<Country>,
    rule: PhoneRule,
    hashing: Hashing,
) -> Result<Phone, IdentityError> {
    let text = text.trim();
    if let Some(hash) = already_hashed(text, hashing, Code::InvalidPhone)? {
        return Ok(Phone {
            hash,
            unassigned: false,
        });
    }
    let written = PhoneText::read(text).map_err(refused)?;
    let (number, assigned) = by_plan(&written, country.and_then(Country::region)).map_err(refused)?;
    let mut buffer = [b'+'; MAX_DIGITS + 1];
    let e164 = write_e164(&number, &mut buffer)
        .ok_or_else(|| refused("The phone number has more than 15 digits"))?;
    if !assigned && !is_read_back(e164, &number) {
        return Err(refused(NOT_OF_ITS_COUNTRY));
    }
    let hashed = match rule {
        PhoneRule::WithPlus => e164,
        PhoneRule::Digits => e164.get(1..).unwrap_or(e164),
    };
    Ok(Phone {
        hash: Sha256Hex::of(hashed),
        unassigned: !assigned,
    })
}

#[cold]
fn refused(message: &'static str) -> IdentityError {
    IdentityError::new(Code::InvalidPhone, message)
}

/// Whether a number that nobody has is the same number when its E.164 form is read.
///
/// The Brazilian `900000000001` is not: `90` is a prefix there, and `+550000000001` loses a zero each time that it is
/// read, so that two systems would hash two numbers.
fn is_read_back(e164: &[u8], number: &PhoneNumber) -> bool {
    let read = std::str::from_utf8(e164).ok().map(PhoneText::read);
    let Some(Ok(written)) = read else {
        return false;
    };
    by_plan(&written, None).is_ok_and(|(read, assigned)| !assigned && read == *number)
}

/// The number, and whether its plan assigns it.
fn by_plan(written: &PhoneText, region: Option<Region>) -> Result<(PhoneNumber, bool), &'static str> {
    // No calling code begins with a zero: behind a plus, and where no country says otherwise, these dial out.
    let dials_out = if written.plus || region.is_none() {
        ["00", "011"]
            .into_iter()
            .find(|prefix| written.digits().starts_with(prefix))
    } else {
        None
    };
    let international;
    let written = match dials_out {
        Some(prefix) => {
            international = written.without_prefix(prefix.len());
            &international
        }
        None => written,
    };
    let first = match region {
        Some(region) if !written.plus && is_without_plus(written, region) => {
            parse(&written.without_prefix(0), None)
        }
        _ => parse(written, region),
    };
    if first.as_ref().is_ok_and(|(_, assigned)| *assigned) {
        return first;
    }
    match without_foreign_zero(written, region) {
        Some(number) => Ok((number, true)),
        None => first,
    }
}

/// The number without a zero that its plan does not have, if it is assigned so.
///
/// In countries without trunk zeros one in brackets or behind the calling code is a habit from elsewhere:
/// `+1 (0)213 373 4253`, `+34 0612 345 678`. In front of a national number it is none: the British `020 7183 8750`
/// among American numbers must not become one of Maine.
fn without_foreign_zero(written: &PhoneText, region: Option<Region>) -> Option<PhoneNumber> {
    let assigned = |written: &PhoneText| parse(written, region).ok().filter(|(_, assigned)| *assigned);
    if let Some((number, _)) = written
        .trunk_zero
        .and_then(|zero| assigned(&written.without_digit(zero)))
    {
        return Some(number);
    }
    if !written.plus {
        return None;
    }
    // A calling code has one to three digits.
    (1..4).find_map(|zero: usize| {
        let digits = written.digits().as_bytes();
        if digits.get(zero) != Some(&b'0') || digits.get(zero + 1) == Some(&b'0') {
            return None;
        }
        let (number, _) = assigned(&written.without_digit(zero))?;
        (itoa::Buffer::new().format(number.country_code).len() == zero).then_some(number)
    })
}

/// Whether a number that seems national is an international one without its plus.
///
/// It begins with the calling code of its own country and is assigned when read so, and that country writes such
/// numbers with a trunk zero, which is not there. libphonenumber would read the German `4915112345678` as a number of
/// the area 0491.
fn is_without_plus(written: &PhoneText, region: Region) -> bool {
    let code = PHONE_NUMBER_UTIL.get_country_code_for_region(region).unwrap_or(0);
    if !written.digits().starts_with(itoa::Buffer::new().format(code)) {
        return false;
    }
    let Ok((number, true)) = parse(&written.without_prefix(0), None) else {
        return false;
    };
    let national = number.format_as(PhoneNumberFormat::National);
    let digits = national.bytes().filter(u8::is_ascii_digit).count();
    digits > number.get_national_significant_number().len()
}

fn parse(written: &PhoneText, region: Option<Region>) -> Result<(PhoneNumber, bool), &'static str> {
    match parse_digits(written, region) {
        Ok((number, assigned)) if !written.letters || (assigned && number.country_code == 1) => {
            Ok((number, assigned))
        }
        _ if written.letters => Err(LETTERS),
        result => result,
    }
}

fn parse_digits(written: &PhoneText, region: Option<Region>) -> Result<(PhoneNumber, bool), &'static str> {
    let text = if written.plus {
        written.international()
    } else {
        written.digits()
    };
    let number = PHONE_NUMBER_UTIL.parse(text, region).map_err(|error| match error {
        ParseError::InvalidCountryCode if region.is_none() && !written.plus => {
            "The number is national and no country is given; set `identity.default_country`, or write the number with \
             + and the country calling code"
        }
        ParseError::InvalidCountryCode => NO_SUCH_CODE,
        ParseError::TooShortAfterIdd | ParseError::TooShortNsn => TOO_SHORT,
        ParseError::TooLongNsn => TOO_LONG,
        ParseError::NotANumber(_) => "This is no phone number",
    })?;
    if number.national_number == 0 {
        return Err("A phone number of zeros belongs to nobody; leave the value empty where there is none");
    }
    if PHONE_NUMBER_UTIL.is_valid_number(&number) {
        return Ok((number, true));
    }
    match PHONE_NUMBER_UTIL.is_possible_number_with_reason(&number) {
        Ok(NumberLengthType::IsPossible) => Ok((number, false)),
        Ok(NumberLengthType::IsPossibleLocalOnly) => {
            Err("The phone number lacks its area code; write it in full")
        }
        Err(ValidationError::TooShort) => Err(TOO_SHORT),
        Err(ValidationError::TooLong) => Err(TOO_LONG),
        Err(ValidationError::InvalidLength) => {
            Err("The phone number has a length that no number of its country has")
        }
        Err(ValidationError::InvalidCountryCode) => Err(NO_SUCH_CODE),
    }
}

const NOT_OF_ITS_COUNTRY: &str = "The phone number has zeros or prefixes that no number of its country has";
const NO_SUCH_CODE: &str = "The number begins with a country calling code that does not exist";
const TOO_SHORT: &str = "The phone number is shorter than any number of its country";
const TOO_LONG: &str = "The phone number is longer than any number of its country; separate numbers with a comma, and \
                        write foreign numbers with + and the country calling code";

/// Writes `+`, the calling code and the number, zeros that belong to it included. `None`: more than 15 digits.
fn write_e164<'b>(number: &PhoneNumber, buffer: &'b mut [u8; MAX_DIGITS + 1]) -> Option<&'b [u8]> {
    let mut code = itoa::Buffer::new();
    let mut national = itoa::Buffer::new();
    let zeros = if number.italian_leading_zero.unwrap_or(false) {
        number.number_of_leading_zeros.unwrap_or(1)
    } else {
        0
    };
    let digits = code
        .format(number.country_code)
        .bytes()
        .chain(std::iter::repeat_n(b'0', usize::try_from(zeros).ok()?))
        .chain(national.format(number.national_number).bytes());
    let mut len = 1;
    for digit in digits {
        *buffer.get_mut(len)? = digit;
        len += 1;
    }
    buffer.get(..len)
}

#[cfg(test)]
mod countries;
#[cfg(test)]
mod tests;
