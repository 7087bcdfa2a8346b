//! TikTok's return codes, and what each asks of us.
//!
//! Source: the codes of TikTok's official SDK, with the meanings of the portal's return-code page; the data is
//! in `data/return-codes.json`. A code that is not in the table gets its [`Action`] from the range it lies in,
//! see [`action`].

mod table;

/// One published return code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReturnCode {
    /// The number in the field `code` of an answer.
    pub code: i64,
    /// TikTok's own name for it; empty where none is published.
    pub name: &'static str,
    /// What kind of trouble it speaks of.
    pub class: Class,
    /// Whether the same request may be taken later.
    pub retryable: bool,
    /// One sentence for people.
    pub meaning: &'static str,
}

/// What kind of trouble a code speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Success.
    Ok,
    /// Part of the request was taken.
    Partial,
    /// The parameters.
    Data,
    /// A scope, a role or an allowlist.
    Permission,
    /// Address, version or endpoint.
    Config,
    /// Too many requests.
    RateLimit,
    /// Seen before.
    Duplicate,
    /// Parts of the API that we do not use.
    Unrelated,
    /// The token, the app's credentials or the `auth_code`.
    Auth,
    /// An asynchronous task.
    Task,
    /// Two writes at once.
    Conflict,
    /// An uploaded file.
    File,
    /// The caller's address is banned.
    Blocked,
    /// TikTok's own servers.
    Server,
}

/// What a code asks of us, before the message is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The whole request was taken.
    Accept,
    /// Part of it was taken.
    AcceptPart,
    /// A repeat of what TikTok has: taken when an earlier try had no clear answer, else a fault of set-up.
    AcceptIfRepeated,
    /// Surely not taken: too many calls. Wait, then send again.
    SlowDown,
    /// TikTok's server failed and may have taken it. Send again.
    RetryServerFault,
    /// Surely not taken: something at TikTok is still being worked on. Send again later.
    RetryNotReady,
    /// A code of no known range: nobody can say what became of the request. Send again.
    RetryUnclear,
    /// This content will never be taken: find the row.
    Refuse,
    /// Too many rows in one call: send fewer.
    Split,
    /// The token no longer works.
    StopTokenDead,
    /// The app, or its id and secret, are refused.
    StopAppRejected,
    /// The `auth_code` of the redirect is used or too old.
    StopAuthCodeDead,
    /// The token lacks a scope, or its user a role.
    StopGrantMissing,
    /// The app or advertiser is not on the allowlist of a feature.
    StopNotOnAllowlist,
    /// The set-up is wrong: no row is to blame, and no repeat will help.
    StopMisconfigured,
}

/// All published codes, in ascending order.
pub fn all() -> &'static [ReturnCode] {
    table::TABLE
}

/// A published code, or `None`.
pub fn find(code: i64) -> Option<&'static ReturnCode> {
    all()
        .binary_search_by_key(&code, |row| row.code)
        .ok()
        .and_then(|at| all().get(at))
}

/// What a code asks of us.
///
/// A code that is not published is placed by its range: 400xx, 407xx and 409xx are faults of the content,
/// other 4xxxx faults of permission (401xx) or set-up, 5xxxx and 6xxxx TikTok's own, 7xxxx permission, and
/// everything else is unclear. None of them is ever taken for a success, and none declares a token dead.
pub fn action(code: i64) -> Action {
    match code {
        40011 | 40061 => Action::Split,
        40007 | 40012 | 40063 | 40300 | 40302 => Action::StopMisconfigured,
        40101 | 40108 | 40109 | 40112 | 40113 | 40116 | 70001 => Action::StopAppRejected,
        40110 | 40115 => Action::StopAuthCodeDead,
        40118 => Action::StopNotOnAllowlist,
        _ => match find(code) {
            Some(known) => action_of_class(known),
            None => action_of_range(code),
        },
    }
}

fn action_of_class(known: &ReturnCode) -> Action {
    match known.class {
        Class::Ok => Action::Accept,
        Class::Partial => Action::AcceptPart,
        Class::Duplicate => Action::AcceptIfRepeated,
        Class::RateLimit => Action::SlowDown,
        Class::Server => Action::RetryServerFault,
        Class::Task | Class::Conflict | Class::Unrelated | Class::File if known.retryable => {
            Action::RetryNotReady
        }
        Class::Data | Class::File => Action::Refuse,
        Class::Permission => Action::StopGrantMissing,
        Class::Auth => Action::StopTokenDead,
        Class::Config | Class::Blocked | Class::Unrelated | Class::Task | Class::Conflict => {
            Action::StopMisconfigured
        }
    }
}

fn action_of_range(code: i64) -> Action {
    match code {
        40_000..=40_099 | 40_700..=40_799 | 40_900..=40_999 => Action::Refuse,
        40_100..=40_199 | 70_000..=79_999 => Action::StopGrantMissing,
        40_000..=49_999 => Action::StopMisconfigured,
        50_000..=69_999 => Action::RetryServerFault,
        _ => Action::RetryUnclear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Published {
        code: i64,
        name: Option<String>,
        meaning: String,
        class: String,
        retryable: bool,
    }

    fn published() -> Vec<Published> {
        serde_json::from_str(include_str!("../data/return-codes.json")).unwrap()
    }

    #[test]
    fn table_is_the_published_list() {
        let published = published();
        assert_eq!(published.len(), all().len());
        for (want, have) in published.iter().zip(all()) {
            assert_eq!(want.code, have.code);
            assert_eq!(want.name.as_deref().unwrap_or(""), have.name, "{}", want.code);
            assert_eq!(want.meaning, have.meaning, "{}", want.code);
            assert_eq!(want.retryable, have.retryable, "{}", want.code);
            assert_eq!(
                want.class.replace('_', ""),
                format!("{:?}", have.class).to_lowercase(),
                "{}",
                want.code
            );
        }
    }

    #[test]
    fn codes_ascend_so_that_find_can_halve() {
        assert!(all().is_sorted_by(|a, b| a.code < b.code));
        for row in all() {
            assert_eq!(find(row.code), Some(row));
        }
        assert_eq!(find(51021), None);
    }

    #[test]
    fn exactly_the_codes_published_as_retryable_are_sent_again() {
        for row in all() {
            let again = matches!(
                action(row.code),
                Action::SlowDown | Action::RetryServerFault | Action::RetryNotReady | Action::RetryUnclear
            );
            assert_eq!(again, row.retryable, "{}", row.code);
        }
    }

    #[test]
    fn unknown_codes_are_never_a_success_and_never_end_a_token() {
        for code in (-100..100_000)
            .chain([i64::MIN, i64::MAX])
            .filter(|code| find(*code).is_none())
        {
            let action = action(code);
            assert!(
                !matches!(
                    action,
                    Action::Accept
                        | Action::AcceptPart
                        | Action::AcceptIfRepeated
                        | Action::StopTokenDead
                        | Action::StopAppRejected
                        | Action::StopAuthCodeDead
                ),
                "{code}: {action:?}"
            );
        }
        assert_eq!(action(51021), Action::RetryServerFault);
        assert_eq!(action(40064), Action::Refuse);
        assert_eq!(action(40199), Action::StopGrantMissing);
        assert_eq!(action(40599), Action::StopMisconfigured);
        assert_eq!(action(20002), Action::RetryUnclear);
    }
}
