//! Event names: TikTok's standard names, the ones that it reserves, and custom ones (Events API 2.0, `event`).

use std::borrow::Cow;

use super::ValueError;
use crate::rejection::Code;

/// The names that web, offline and CRM events take: the current ones and the older ones that TikTok still takes.
pub const STANDARD: [&str; 22] = [
    "AddPaymentInfo",
    "AddToCart",
    "AddToWishlist",
    "ApplicationApproval",
    "ClickButton",
    "CompletePayment",
    "CompleteRegistration",
    "Contact",
    "CustomizeProduct",
    "Download",
    "FindLocation",
    "InitiateCheckout",
    "Lead",
    "PlaceAnOrder",
    "Purchase",
    "Schedule",
    "Search",
    "StartTrial",
    "SubmitApplication",
    "SubmitForm",
    "Subscribe",
    "ViewContent",
];

/// Names that TikTok has renamed (May 2025), with their new names. The older ones go on working.
pub const RENAMED: [(&str, &str); 2] = [("CompletePayment", "Purchase"), ("SubmitForm", "Lead")];

/// Names that TikTok supports until 2027 only.
pub const DEPRECATED: [&str; 2] = ["ClickButton", "PlaceAnOrder"];

/// Names of app events: no other source takes them.
pub const APP_ONLY: [&str; 19] = [
    "AchieveLevel",
    "Checkout",
    "CompleteTutorial",
    "CreateGroup",
    "CreateRole",
    "GenerateLead",
    "InAppADClick",
    "InAppADImpr",
    "InstallApp",
    "JoinGroup",
    "LaunchAPP",
    "LoanApplication",
    "LoanApproval",
    "LoanDisbursal",
    "Login",
    "Rate",
    "Registration",
    "SpendCredits",
    "UnlockAchievement",
];

/// Names that TikTok maps to standard ones by itself, so that they are no custom names. The second name is the
/// standard one to write instead; `None` where TikTok's is sent by the pixel alone.
pub const RESERVED: [(&str, Option<&str>); 14] = [
    ("AddBilling", Some("AddPaymentInfo")),
    ("Browse", None),
    ("Checkout", Some("InitiateCheckout")),
    ("ClickForm", Some("SubmitForm")),
    ("ClickInDownloadPage", Some("ClickButton")),
    ("ClickToDownload", Some("Download")),
    ("Consult", Some("Contact")),
    ("ConsultByPhone", Some("Contact")),
    ("PageView", None),
    ("Registration", Some("CompleteRegistration")),
    ("StartCheckout", Some("InitiateCheckout")),
    ("ViewConsultationPage", Some("ViewContent")),
    ("ViewDownloadPage", Some("ViewContent")),
    ("ViewForm", Some("ViewContent")),
];

/// The longest custom name, in characters.
pub const MAX_CUSTOM: usize = 50;

/// The event sources, as far as they differ in the names that they take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Events of a website.
    Web,
    /// Offline events: standard names only.
    Offline,
    /// Events of a CRM.
    Crm,
}

/// A name that may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedName<'a> {
    /// The name to send.
    pub name: Cow<'a, str>,
    /// What the user should know about it.
    pub warning: Option<ValueError>,
}

/// Checks an event name. Blanks at its ends go; letter case counts.
///
/// `allow_custom` lets web and CRM events have names beyond TikTok's own: a letter, then letters, digits, `_` and
/// `-`, 50 characters at most, none of TikTok's own names. `modern` sends renamed events under their new names.
pub fn check(
    name: &str,
    source: Source,
    allow_custom: bool,
    modern: bool,
) -> Result<CheckedName<'_>, ValueError> {
    let name = name.trim();
    if name.is_empty() {
        return Err(ValueError::new(
            Code::MissingEventName,
            "The event has no name; fill the column, or map it",
        ));
    }
    if let Ok(at) = STANDARD.binary_search(&name) {
        return Ok(standard(STANDARD.get(at).copied().unwrap_or(""), modern));
    }
    let custom = allow_custom && source != Source::Offline;
    if custom && custom_shape(name) && !taken(name) {
        return Ok(CheckedName {
            name: Cow::Borrowed(name),
            warning: None,
        });
    }
    Err(ValueError::new(
        Code::InvalidEventName,
        explain(name, source, allow_custom),
    ))
}

fn standard(name: &'static str, modern: bool) -> CheckedName<'static> {
    let renamed = RENAMED.iter().find(|(old, _)| modern && *old == name);
    let warning = DEPRECATED.contains(&name).then(|| {
        ValueError::new(
            Code::DeprecatedEventName,
            format!("TikTok takes {name} until 2027 only; choose another standard event"),
        )
    });
    CheckedName {
        name: Cow::Borrowed(renamed.map_or(name, |(_, new)| new)),
        warning,
    }
}

/// Whether a custom name may not be this one: it is TikTok's, or a standard name in the wrong letter case.
fn taken(name: &str) -> bool {
    STANDARD
        .iter()
        .any(|standard| standard.eq_ignore_ascii_case(name))
        || APP_ONLY.contains(&name)
        || RESERVED.iter().any(|(reserved, _)| *reserved == name)
}

fn custom_shape(name: &str) -> bool {
    name.len() <= MAX_CUSTOM
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

#[cold]
fn explain(name: &str, source: Source, allow_custom: bool) -> String {
    if let Some(right) = STANDARD
        .iter()
        .find(|standard| standard.eq_ignore_ascii_case(name))
    {
        return format!("The letter case of event names counts; write {right}");
    }
    if let Some((reserved, instead)) = RESERVED.iter().find(|(reserved, _)| *reserved == name) {
        return match instead {
            Some(instead) => format!("TikTok reserves {reserved}; write {instead}"),
            None => format!(
                "TikTok reserves {reserved}, which only its pixel sends; choose another standard event"
            ),
        };
    }
    if let Some(app) = APP_ONLY.iter().find(|app| **app == name) {
        let nearest = nearest(app);
        return format!("{app} is a name of app events only; the nearest standard event is {nearest}");
    }
    let nearest = nearest(name);
    if allow_custom && source == Source::Offline {
        return format!("Offline events take standard names only; the nearest one is {nearest}");
    }
    if allow_custom {
        return format!(
            "A custom event name is a letter and then letters, digits, _ and -, {MAX_CUSTOM} characters at most; the \
             nearest standard name is {nearest}"
        );
    }
    format!(
        "TikTok has no standard event of this name; the nearest one is {nearest}. Write that, or translate your names \
         with `event.name.map`"
    )
}

/// The standard name that is most like a text.
pub fn nearest(name: &str) -> &'static str {
    let key: String = name
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .take(80)
        .collect();
    let score = |standard: &str| strsim::jaro_winkler(&standard.to_ascii_lowercase(), &key);
    STANDARD
        .into_iter()
        .filter(|standard| !DEPRECATED.contains(standard))
        .max_by(|left, right| score(left).total_cmp(&score(right)))
        .unwrap_or("Purchase")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(name: &str, source: Source, custom: bool, modern: bool) -> Result<String, String> {
        check(name, source, custom, modern)
            .map(|checked| checked.name.into_owned())
            .map_err(|error| error.message.into_owned())
    }

    #[test]
    fn every_standard_name_goes_as_given_for_every_source() {
        for name in STANDARD {
            for source in [Source::Web, Source::Offline, Source::Crm] {
                assert_eq!(sent(name, source, false, false).as_deref(), Ok(name));
            }
        }
        assert_eq!(
            sent(" Purchase ", Source::Web, false, false).as_deref(),
            Ok("Purchase")
        );
        assert!(STANDARD.is_sorted());
    }

    #[test]
    fn modern_names_replace_the_renamed_ones() {
        assert_eq!(
            sent("CompletePayment", Source::Web, false, true).as_deref(),
            Ok("Purchase")
        );
        assert_eq!(
            sent("SubmitForm", Source::Offline, false, true).as_deref(),
            Ok("Lead")
        );
        assert_eq!(
            sent("ViewContent", Source::Web, false, true).as_deref(),
            Ok("ViewContent")
        );
    }

    #[test]
    fn names_that_end_in_2027_warn() {
        for name in STANDARD {
            let warning = check(name, Source::Web, false, true)
                .unwrap()
                .warning
                .map(|warning| warning.code);
            let expected = DEPRECATED.contains(&name).then_some(Code::DeprecatedEventName);
            assert_eq!(warning, expected, "{name}");
        }
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_right_one() {
        for (name, part) in [
            ("purchase", "write Purchase"),
            ("VIEWCONTENT", "write ViewContent"),
            ("Purchse", "the nearest one is Purchase"),
            ("add_to_cart", "the nearest one is AddToCart"),
            ("Add To Cart", "the nearest one is AddToCart"),
            ("StartCheckout", "write InitiateCheckout"),
            ("Browse", "only its pixel"),
            ("Login", "app events only"),
            ("CompletePayments", "CompletePayment"),
        ] {
            let message = sent(name, Source::Web, false, false).expect_err(name);
            assert!(message.contains(part), "{name}: {message}");
        }
        assert_eq!(
            check("  ", Source::Web, true, false).unwrap_err().code,
            Code::MissingEventName
        );
    }

    #[test]
    fn custom_names_follow_tiktoks_rules() {
        let longest = format!("a{}", "b".repeat(49));
        for name in ["order_completed", "Refund", "a", "A-1", &longest] {
            assert_eq!(sent(name, Source::Web, true, false).as_deref(), Ok(name));
            assert!(
                sent(name, Source::Web, false, false).is_err(),
                "{name} without leave"
            );
            assert!(
                sent(name, Source::Offline, true, false).is_err(),
                "{name} offline"
            );
        }
        let too_long = format!("{longest}c");
        for name in [
            "1st", "_x", "a b", "größe", "a.b", &too_long, "purchase", "Checkout", "Browse", "Login",
        ] {
            assert!(sent(name, Source::Web, true, false).is_err(), "{name}");
        }
    }
}
