use std::borrow::Cow;

use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::digits::decimal_digit;
use super::hash::already_hashed;
use super::{IdentityError, Sha256Hex};
use crate::rejection::Code;
use crate::spec::{EmailRule, Hashing};

/// The longest part before the `@` and the longest address, in bytes (RFC 5321, 4.5.3.1).
const MAX_LOCAL: usize = 64;
const MAX_ADDRESS: usize = 254;
/// The longest label of a host, in characters.
const MAX_LABEL: usize = 63;

/// The hash of an email address: blanks at the ends go, lower case, Unicode's composed form (NFC).
///
/// Dots and plus tags stay under [`EmailRule::Plain`], the rule of events; the other rules are for audiences. The
/// address is checked by its form alone: exactly one `@`; before it 1 to 64 bytes without blanks, control and
/// invisible characters and without `, ; : < > ( ) [ ] \ "`; behind it a host with at least one dot whose labels are 1
/// to 63 letters of any script, digits and hyphens, no hyphen at the ends; 254 bytes in all. Hosts stay as written.
pub fn email(text: &str, rule: EmailRule, hashing: Hashing) -> Result<Sha256Hex, IdentityError> {
    let text = text.trim();
    if let Some(digest) = already_hashed(text, hashing, Code::InvalidEmail)? {
        return Ok(digest);
    }
    let mut ascii = [0; MAX_ADDRESS];
    if let Some(lower) = ascii.get_mut(..text.len())
        && text.is_ascii()
    {
        lower.copy_from_slice(text.as_bytes());
        lower.make_ascii_lowercase();
        let lower = std::str::from_utf8(lower).unwrap_or_default();
        return hash_normal(lower, rule);
    }
    if text.len() > 4 * MAX_ADDRESS {
        return Err(refused(TOO_LONG));
    }
    let lower = text.to_lowercase();
    let normal: Cow<'_, str> = match is_nfc_quick(lower.chars()) {
        IsNormalized::Yes => lower.into(),
        _ => lower.nfc().collect::<String>().into(),
    };
    hash_normal(&normal, rule)
}

const TOO_LONG: &str = "The email address is longer than 254 bytes, which no address is";

#[cold]
fn refused(message: &'static str) -> IdentityError {
    IdentityError::new(Code::InvalidEmail, message)
}

/// Checks a lower-case address and hashes it in the form that the rule asks for.
fn hash_normal(address: &str, rule: EmailRule) -> Result<Sha256Hex, IdentityError> {
    let Some((local, host)) = address.split_once('@') else {
        return Err(refused("This is no email address: it has no @"));
    };
    if host.contains('@') {
        return Err(refused(
            "This is no email address: it has more than one @; separate addresses with a comma",
        ));
    }
    if address.len() > MAX_ADDRESS {
        return Err(refused(TOO_LONG));
    }
    check_local(local)?;
    check_host(host)?;
    if rule == EmailRule::Plain {
        return Ok(Sha256Hex::of(address.as_bytes()));
    }
    let local = local.split('+').next().unwrap_or(local);
    let mut form = String::with_capacity(address.len());
    form.extend(
        local
            .chars()
            .filter(|c| rule != EmailRule::NoPlusNoDots || *c != '.'),
    );
    if form.is_empty() {
        return Err(refused(
            "Nothing is left of the email address before the @ without its plus tag and dots",
        ));
    }
    form.push('@');
    form.push_str(host);
    Ok(Sha256Hex::of(form.as_bytes()))
}

fn check_local(local: &str) -> Result<(), IdentityError> {
    if local.is_empty() {
        return Err(refused("This is no email address: nothing stands before the @"));
    }
    if local.len() > MAX_LOCAL {
        return Err(refused(
            "The part of the email address before the @ is longer than 64 bytes, which none is",
        ));
    }
    let forbidden = |c: char| {
        matches!(
            c,
            ',' | ';' | ':' | '<' | '>' | '(' | ')' | '[' | ']' | '\\' | '"'
        ) || c.is_whitespace()
            || c.is_control()
            || (!c.is_ascii() && is_invisible(c))
    };
    if local.contains(forbidden) {
        return Err(refused(
            "This is no email address: before the @ stand blanks, invisible characters or one of , ; : < > ( ) [ ] \
             \\ \"; give the address alone, without a name or brackets",
        ));
    }
    Ok(())
}

fn check_host(host: &str) -> Result<(), IdentityError> {
    if !host.contains('.') {
        return Err(refused("The host of the email address has no dot"));
    }
    for label in host.split('.') {
        let in_label = |c: char| {
            c.is_ascii_alphanumeric()
                || c == '-'
                || (!c.is_ascii()
                    && (c.is_alphabetic() || is_combining_mark(c) || decimal_digit(c).is_some()))
        };
        let length = label.chars().count();
        if length == 0 {
            return Err(refused("The host of the email address has a dot too many"));
        }
        if length > MAX_LABEL {
            return Err(refused(
                "A part of the email address's host is longer than 63 characters, which none is",
            ));
        }
        if label.starts_with('-') || label.ends_with('-') || !label.chars().all(in_label) {
            return Err(refused(
                "The host of the email address holds more than letters, digits and hyphens between them",
            ));
        }
    }
    Ok(())
}

/// Characters that show nothing: formats, joiners, direction marks, fillers, variation selectors, tags.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}'
        | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, rule: EmailRule, hashed: &str) {
        assert_eq!(
            email(text, rule, Hashing::Auto),
            Ok(Sha256Hex::of(hashed.as_bytes())),
            "{text:?}"
        );
    }

    #[test]
    fn the_published_vectors_come_out() {
        for (text, known) in [
            (
                " ALICE_abc@gmail.com ",
                "848a771458438fc2ec420560d769fb9b9b86851ee338ec56517baabd79d3bb4f",
            ),
            (
                "janedoe@gmail.com",
                "d6117306485ed0e50afab3ac871e98f81699151f30281527d63ff5f233656c69",
            ),
        ] {
            assert_eq!(
                email(text, EmailRule::Plain, Hashing::Auto).unwrap().as_str(),
                known
            );
        }
    }

    #[test]
    fn addresses_are_trimmed_lowered_and_composed() {
        for (text, hashed) in [
            ("A@X.DE", "a@x.de"),
            ("\u{a0}a@x.de\u{3000}\r\n", "a@x.de"),
            ("ana.b+news@mail.example", "ana.b+news@mail.example"),
            ("JO\u{308}RG@Beispiel.DE", "jörg@beispiel.de"),
            ("info@MÜNCHEN.example", "info@münchen.example"),
            ("用户@例子.广告", "用户@例子.广告"),
            ("a@xn--mnchen-3ya.de", "a@xn--mnchen-3ya.de"),
            ("o'neil!#$%&*/=?^_`{|}~@x.de", "o'neil!#$%&*/=?^_`{|}~@x.de"),
            (".a..b.@x.de", ".a..b.@x.de"),
            ("a@1.2.3.4", "a@1.2.3.4"),
        ] {
            check(text, EmailRule::Plain, hashed);
        }
    }

    #[test]
    fn the_rules_of_audiences_take_tags_and_dots_off() {
        check(
            "Ana.B+news+x@mail.example",
            EmailRule::NoPlus,
            "ana.b@mail.example",
        );
        check(
            "Ana.B+news@mail.example",
            EmailRule::NoPlusNoDots,
            "anab@mail.example",
        );
        for (text, rule) in [
            ("+x@a.de", EmailRule::NoPlus),
            ("..+x@a.de", EmailRule::NoPlusNoDots),
        ] {
            assert_eq!(
                email(text, rule, Hashing::Auto).unwrap_err().code,
                Code::InvalidEmail
            );
        }
    }

    #[test]
    fn the_longest_addresses_are_taken_and_longer_ones_are_not() {
        let local = "a".repeat(64);
        let label = "b".repeat(63);
        check(
            &format!("{local}@{label}.de"),
            EmailRule::Plain,
            &format!("{local}@{label}.de"),
        );
        let host = format!("{label}.{label}.{}", "c".repeat(61));
        check(
            &format!("{local}@{host}"),
            EmailRule::Plain,
            &format!("{local}@{host}"),
        );
        for wrong in [
            format!("{local}a@x.de"),
            format!("a@{label}b.de"),
            format!("{local}@{host}c"),
        ] {
            assert_eq!(
                email(&wrong, EmailRule::Plain, Hashing::Auto).unwrap_err().code,
                Code::InvalidEmail
            );
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "a",
            "@",
            "a@",
            "@x.de",
            "a@x",
            "a@@x.de",
            "a@b@x.de",
            "a b@x.de",
            "a\u{200B}b@x.de",
            "\u{FEFF}a@x.de",
            "a\u{AD}b@x.de",
            "a\tb@x.de",
            "a\u{0}@x.de",
            "a,b@x.de",
            "Anna <a@x.de>",
            "mailto:a@x.de",
            "\"a\"@x.de",
            "(a)@x.de",
            "a@x.de.",
            "a@.x.de",
            "a@x..de",
            "a@-x.de",
            "a@x-.de",
            "a@x_y.de",
            "a@[1.2.3.4]",
            "a@x.de>",
            "a@x y.de",
            "a@x.de\u{200B}",
            "a@x².de",
            "a＠x.de",
            "d41d8cd98f00b204e9800998ecf8427e",
        ] {
            let error = email(text, EmailRule::Plain, Hashing::Auto).expect_err(text);
            assert_eq!(error.code, Code::InvalidEmail, "{text:?}");
        }
    }

    #[test]
    fn hashed_addresses_stay() {
        let digest = Sha256Hex::of(b"a@x.de");
        let given = format!(" {} ", digest.as_str().to_uppercase());
        for hashing in [Hashing::Auto, Hashing::AlreadyHashed] {
            assert_eq!(email(&given, EmailRule::NoPlus, hashing), Ok(digest));
        }
        assert_eq!(
            email("a@x.de", EmailRule::Plain, Hashing::AlreadyHashed)
                .unwrap_err()
                .code,
            Code::NotHashed
        );
        let empty = Sha256Hex::of(b"");
        let error = email(empty.as_str(), EmailRule::Plain, Hashing::AlreadyHashed).unwrap_err();
        assert_eq!(error.code, Code::InvalidEmail);
    }

    proptest! {
        #[test]
        fn normalising_twice_is_normalising_once(text in "[\\PC]{1,20}@[\\w-]{1,12}\\.\\w{2,6}") {
            let lower = text.trim().to_lowercase().nfc().collect::<String>();
            let once = email(&text, EmailRule::Plain, Hashing::Auto);
            prop_assert_eq!(email(&lower, EmailRule::Plain, Hashing::Auto), once);
        }

        #[test]
        fn no_text_panics_or_is_repeated(text in "\\PC{4,40}") {
            for rule in [EmailRule::Plain, EmailRule::NoPlusNoDots] {
                if let Err(error) = email(&text, rule, Hashing::Auto) {
                    prop_assert!(!error.message.contains(text.trim()) || text.trim().len() < 4);
                }
            }
        }
    }
}
