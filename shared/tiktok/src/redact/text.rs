//! Rules for text of no known form.

use std::borrow::Cow;
use std::net::Ipv6Addr;
use std::sync::LazyLock;

use regex_lite::Regex;

use super::runs::{replace_runs, then};
use crate::pattern::pattern;

/// Shortest run of letters and digits that counts as a token or a hash.
const TOKEN_CHARS: usize = 32;
/// Fewest digits that count as a phone number.
const PHONE_DIGITS: usize = 7;

/// `secret=...`, `"auth_code": "..."`, `Access-Token: ...`, `Authorization: Bearer ...`, `?code=...`.
static NAMED_SECRET: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?i)((?:[\w-]*(?:secret|token|auth_?code|password|authorization)["'\\]*\s*[:=]|\bcode=)\s*["'\\]*(?:bearer\s+)?)[^\s"'\\&,;}]+"#,
    )
});
static BEARER: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)\b(bearer\s+)[^\s,;]+"));

/// Replaces what looks like a named secret, an email, a token or hash (32 letters and digits or more), an IP
/// address or a phone number (7 digits or more, however they are grouped) by `[secret]`, `[email]`, `[token]`,
/// `[sha256]`, `[ip]` and `[number]`. TikTok's own ids of 19 or 20 digits stay.
pub fn redact_text(text: &str) -> Cow<'_, str> {
    numbers(words(text))
}

/// All rules but the one for numbers.
pub(super) fn words(text: &str) -> Cow<'_, str> {
    then(then(then(secrets(text), emails), tokens), addresses)
}

/// Phone numbers in what the other rules have left.
pub(super) fn numbers(text: Cow<'_, str>) -> Cow<'_, str> {
    then(then(text, dotted_addresses), phones)
}

fn secrets(text: &str) -> Cow<'_, str> {
    let named = if text.contains([':', '=']) {
        NAMED_SECRET.replace_all(text, "${1}[secret]")
    } else {
        Cow::Borrowed(text)
    };
    if named.to_ascii_lowercase().contains("bearer") {
        then(named, |text| BEARER.replace_all(text, "${1}[secret]"))
    } else {
        named
    }
}

fn emails(text: &str) -> Cow<'_, str> {
    let member = |c: char| {
        !c.is_whitespace()
            && !matches!(
                c,
                '"' | '<' | '>' | '(' | ')' | '[' | ']' | '{' | '}' | ',' | ';' | ':'
            )
    };
    let at_sign = |run: &str| {
        run.contains(['@', '\u{FF20}', '\u{FE6B}']) || run.contains("%40") || run.contains("\\u0040")
    };
    replace_runs(text, member, |run| {
        (run.chars().nth(1).is_some() && at_sign(run)).then(|| "[email]".to_owned())
    })
}

fn tokens(text: &str) -> Cow<'_, str> {
    let member = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+' | '=');
    replace_runs(text, member, |run| {
        let field_name = run.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        let id = (19..=20).contains(&run.len()) && run.bytes().all(|b| b.is_ascii_digit());
        if run.len() < TOKEN_CHARS || field_name || id {
            return None;
        }
        let sha256 = run.len() == 64 && run.bytes().all(|b| b.is_ascii_hexdigit());
        Some(if sha256 { "[sha256]" } else { "[token]" }.to_owned())
    })
}

/// IPv6, and everything that is written like it (hardware addresses); a time of day stays.
fn addresses(text: &str) -> Cow<'_, str> {
    let member = |c: char| c.is_ascii_hexdigit() || matches!(c, ':' | '.');
    replace_runs(text, member, |run| {
        let groups = || run.split(':');
        let clock = groups().count() == 3
            && groups()
                .all(|group| (1..=2).contains(&group.len()) && group.bytes().all(|b| b.is_ascii_digit()));
        let written_so = run.bytes().any(|b| b.is_ascii_digit()) || run.parse::<Ipv6Addr>().is_ok();
        (groups().count() >= 3 && !clock && written_so).then(|| "[ip]".to_owned())
    })
}

fn dotted_addresses(text: &str) -> Cow<'_, str> {
    replace_runs(
        text,
        |c| c.is_ascii_digit() || c == '.',
        |run| {
            let groups = run.split('.').filter(|group| !group.is_empty()).count();
            (groups >= 4).then(|| "[ip]".to_owned())
        },
    )
}

fn phones(text: &str) -> Cow<'_, str> {
    let member = |c: char| c.is_numeric() || separates_digits(c);
    replace_runs(text, member, |run| {
        let number = run.trim_matches(separates_digits);
        let digits = number.chars().filter(|c| c.is_numeric()).count();
        let id = (19..=20).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
        if digits < PHONE_DIGITS || id {
            return None;
        }
        let (before, after) = run.split_once(number)?;
        let before = before.trim_end_matches(['+', '\u{FF0B}', '(']);
        Some(format!("{before}[number]{after}"))
    })
}

/// What people put between the digits of a phone number.
fn separates_digits(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '+' | '\u{FF0B}' | '-' | '.' | '(' | ')' | '/' | '%' | '\u{AD}' | '\u{200B}'..='\u{200F}'
                | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{202A}'..='\u{202E}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}'
        )
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, want: &str) {
        assert_eq!(redact_text(text), want);
    }

    #[test]
    fn what_helps_to_find_the_fault_stays() {
        for text in [
            "OK",
            "Access token is incorrect or has been revoked.",
            "Invalid value for data.3.user.email: not a valid string.",
            "Batch.0.properties.contents.0.content_id: Not a valid string",
            "Missing required field(s): advertiser_id.",
            "Advertiser 7100000000000000001 does not exist",
            "Too many requests. Please retry in some time.",
            "404 page not found",
            "the value 100000 at 10:00:00 is above 1.5",
            "user has no permission to operate pixel code C4A1EXAMPLEPIXEL0001",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn values_go() {
        check(
            "email alice_abc+x@gmail.com is not hashed",
            "email [email] is not hashed",
        );
        check("email=alice%40gmail.com&x=1", "[email]");
        check("value \"alice@gmail.com\": bad", "value \"[email]\": bad");
        check(
            "phone +49 (0)151 / 123-456 78 is invalid",
            "phone [number] is invalid",
        );
        check("phone ＋４９１５１１２３４５６７８", "phone [number]");
        check("ip 203.0.113.9:443 and 1.2.3.4", "ip [ip]:443 and [ip]");
        check("ip 2001:db8::1, ::1 and ::ffff:1.2.3.4", "ip [ip], [ip] and [ip]");
        check("token aa11bb22cc33dd44ee55ff6677889900aa11bb22", "token [token]");
        check(
            "hash 848a771458438fc2ec420560d769fb9b9b86851ee338ec56517baabd79d3bb4f.",
            "hash [sha256].",
        );
        check("gaid 5f3a2b18-9c4d-4e7f-b8e2-17d3a1e69b25", "gaid [token]");
        check("secret=s3cr3t&app_id=1", "secret=[secret]&app_id=1");
        check(
            r#"{"auth_code": "abc","x":1}"#,
            r#"{"auth_code": "[secret]","x":1}"#,
        );
        check(r#"{\"app_secret\":\"abc\"}"#, r#"{\"app_secret\":\"[secret]\"}"#);
        check("Access-Token: abc", "Access-Token: [secret]");
        check("Authorization: Bearer abc", "Authorization: Bearer [secret]");
        check(
            "https://x.example/cb?state=s&code=abc",
            "https://x.example/cb?state=s&code=[secret]",
        );
    }

    #[test]
    fn time_grows_with_the_length_alone() {
        for piece in ["@", "1", "a", ":", "1.", "=", "\"", "secret=", " ", "a@b ", "é"] {
            let text = piece.repeat(200_000 / piece.len());
            let began = std::time::Instant::now();
            let _ = redact_text(&text);
            assert!(began.elapsed().as_secs() < 10, "{piece}");
        }
    }

    /// A value that must not come through, in one of the ways people write it.
    fn planted() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-zA-Z0-9!#$%&'*/=?^_`{|}~.+-]{1,20}@[a-z0-9-]{1,12}\\.[a-z]{2,6}",
            "[a-zäöüß]{1,10}@[a-zäöü]{1,12}\\.example",
            "\\+[1-9][0-9]{6,14}",
            "(\\+|00)[1-9][0-9]{1,2}[ ./-]\\([0-9]{2,4}\\) [0-9]{3}[ -][0-9]{2,4}",
            "[0-9a-f]{40}",
            "[0-9a-f]{64}",
            "[0-9A-F]{64}",
            "[A-Za-z0-9_-]{20}[0-9][A-Z][A-Za-z0-9_-]{10,60}",
            any::<u32>().prop_map(|ip| Ipv4Addr::from(ip).to_string()),
            any::<u128>().prop_map(|ip| Ipv6Addr::from(ip | 1).to_string()),
            any::<u32>().prop_map(|ip| Ipv4Addr::from(ip).to_ipv6_mapped().to_string()),
        ]
    }

    proptest! {
        #[test]
        fn no_planted_value_survives(before in "\\PC{0,30}", glue in "[^0-9.]", value in planted(), after in "([^0-9.]\\PC{0,30})?") {
            let out = redact_text(&format!("{before}{glue}{value}{after}")).into_owned();
            prop_assert!(!out.contains(&value), "{out}");
        }

        #[test]
        fn no_named_secret_survives(name in "(app_|client-)?secret|(access|refresh)[_-]token|auth_code|Access-Token|password",
                                    sign in "( ?[:=] ?|\": ?\")", secret in "[a-zA-Z0-9._~/+-]{6,40}") {
            let out = redact_text(&format!("{{\"{name}{sign}{secret}\"}}")).into_owned();
            prop_assert!(!out.contains(&secret), "{out}");
        }

        #[test]
        fn redacting_twice_changes_nothing_more(text in "\\PC{0,200}") {
            let once = redact_text(&text).into_owned();
            prop_assert_eq!(redact_text(&once), once.as_str());
        }
    }
}
