//! Every way in which connecting can end badly: each with its page, a sentence and a next step.

use maud::{Markup, html};
use runtime::http::HttpResponse;

use crate::layout::{Mark, page, redirect};

/// Why a destination was not connected. In none of these cases anything was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The start link is none of ours.
    LinkInvalid,
    /// The start link is too old.
    LinkExpired,
    /// The app's id and secret were never stored, or cannot be read.
    NotSetUp,
    /// The callback came without a state.
    NoState,
    /// The state is none of ours.
    Forged,
    /// The state is too old.
    Expired,
    /// The state was used.
    Replayed,
    /// The state belongs to another browser.
    OtherBrowser,
    /// TikTok sent no code: the person refused or cancelled.
    Refused,
    /// TikTok says that the code was used or is too old (40110).
    CodeDead,
    /// TikTok does not accept the app's id and secret (40101).
    AppRejected,
    /// TikTok did not answer, or had trouble.
    TikTokDown,
    /// TikTok said something else.
    TikTokRefused,
    /// Our own storage failed.
    Unavailable,
    /// There is no such page, or nothing to show on it.
    NothingHere,
}

struct Words {
    slug: &'static str,
    status: u16,
    title: &'static str,
    sentence: &'static str,
    next: &'static str,
}

impl Failure {
    /// Every failure.
    pub const ALL: [Self; 15] = [
        Self::LinkInvalid,
        Self::LinkExpired,
        Self::NotSetUp,
        Self::NoState,
        Self::Forged,
        Self::Expired,
        Self::Replayed,
        Self::OtherBrowser,
        Self::Refused,
        Self::CodeDead,
        Self::AppRejected,
        Self::TikTokDown,
        Self::TikTokRefused,
        Self::Unavailable,
        Self::NothingHere,
    ];

    /// Its name in addresses and logs.
    pub fn slug(self) -> &'static str {
        self.words().slug
    }

    /// The status of its page.
    pub fn status(self) -> u16 {
        self.words().status
    }

    /// The failure of this name.
    pub(crate) fn of_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|failure| failure.slug() == slug)
    }

    /// Its page.
    pub(crate) fn page(self) -> HttpResponse {
        let words = self.words();
        page(words.status, Mark::Stop, words.title, &body(&words))
    }

    /// A redirect to its page: an address that holds a code or a state is left at once.
    pub(crate) fn elsewhere(self) -> HttpResponse {
        redirect(303, format!("failed?why={}", self.slug()))
    }

    fn words(self) -> Words {
        let words = |slug, status, title, sentence, next| Words {
            slug,
            status,
            title,
            sentence,
            next,
        };
        match self {
            Self::LinkInvalid => words(
                "link",
                400,
                "This link is not valid",
                "It was not made by this installation, or a part of it is missing.",
                "Copy the whole link once more, or ask whoever runs Tideline for a new one: tideline connect NAME.",
            ),
            Self::LinkExpired => words(
                "link-expired",
                410,
                "This link has expired",
                "Links that connect TikTok hold for a short time only.",
                "Ask whoever runs Tideline for a new one: tideline connect NAME.",
            ),
            Self::NotSetUp => words(
                "not-set-up",
                503,
                "The TikTok app is not set up yet",
                "Tideline does not know the id and secret of your developer app.",
                "Whoever runs Tideline stores them once with: tideline connect NAME --app-id ID. Then open the link again.",
            ),
            Self::NoState => words(
                "no-state",
                400,
                "This page was opened without its beginning",
                "It is where TikTok sends you back to, and cannot be opened by itself.",
                "Open the link that starts the connection.",
            ),
            Self::Forged => words(
                "state",
                400,
                "This answer does not belong to a request of ours",
                "What came back is not what Tideline sent to TikTok, so nothing was connected.",
                "Open the link that starts the connection again. If somebody sent you the address of this page, tell whoever runs Tideline.",
            ),
            Self::Expired => words(
                "expired",
                410,
                "This took too long",
                "More than an hour passed between the link and TikTok's answer.",
                "Open the link that starts the connection again.",
            ),
            Self::Replayed => words(
                "used",
                409,
                "This answer was used before",
                "Each answer of TikTok connects once, and this one has been used.",
                "If the page said that the authorization was successful, all is well: tideline destinations shows it. Else open the link again.",
            ),
            Self::OtherBrowser => words(
                "browser",
                403,
                "This is not the browser that began",
                "The connection was begun in another browser or profile, or its cookie was blocked or deleted, so nothing was connected.",
                "Open the link in the browser in which you sign in to TikTok, and stay in it to the end.",
            ),
            Self::Refused => words(
                "refused",
                400,
                "TikTok was not connected",
                "TikTok sent no authorization: it was refused or cancelled there.",
                "Open the link again and confirm on TikTok's page. You need the role Admin or Operator on the ad account.",
            ),
            Self::CodeDead => words(
                "code",
                400,
                "TikTok's code is used up",
                "TikTok says that its authorization code was used before, cancelled, or is older than an hour (40110).",
                "Open the link that starts the connection again.",
            ),
            Self::AppRejected => words(
                "app",
                502,
                "TikTok does not accept the app",
                "The app's id and secret do not fit, or TikTok has blocked the app (40101, 40113).",
                "Whoever runs Tideline copies both anew from TikTok's developer portal: tideline connect NAME --app-id ID. Then open the link again.",
            ),
            Self::TikTokDown => words(
                "tiktok",
                502,
                "TikTok did not answer",
                "The connection was confirmed, but TikTok could not be reached to complete it.",
                "Wait a few minutes, then open the link that starts the connection again.",
            ),
            Self::TikTokRefused => words(
                "tiktok-refused",
                502,
                "TikTok refused the connection",
                "TikTok gave a reason that needs a closer look; its code is in the log of the function oauth-callback.",
                "Ask whoever runs Tideline to look there, then open the link again.",
            ),
            Self::Unavailable => words(
                "unavailable",
                503,
                "Something went wrong on our side",
                "Tideline could not reach its own storage.",
                "Open the link again in a few minutes. If it stays so, the log of the function oauth-callback says why.",
            ),
            Self::NothingHere => words(
                "nothing",
                404,
                "There is nothing to see here",
                "This page shows a connection for a few minutes, in the browser that made it.",
                "tideline destinations lists what is connected.",
            ),
        }
    }
}

fn body(words: &Words) -> Markup {
    html! {
        p class="lead" { (words.sentence) }
        h2 { "What to do next" }
        p { (commands(words.next)) }
    }
}

/// A command in a sentence is set as one: it begins with the program's name and ends with the sentence or the line.
fn commands(text: &str) -> Markup {
    let Some(at) = text.find("tideline ") else {
        return html! { (text) };
    };
    let (before, rest) = text.split_at(at);
    let end = rest
        .find(". ")
        .unwrap_or_else(|| rest.trim_end_matches('.').len());
    let (command, after) = rest.split_at(end);
    let (command, after) = match command.split_once(" shows") {
        Some((command, told)) => (command, format!(" shows{told}{after}")),
        None => match command.split_once(" lists") {
            Some((command, told)) => (command, format!(" lists{told}{after}")),
            None => (command, after.to_owned()),
        },
    };
    html! { (before) code { (command) } (after) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_has_a_page_of_its_own_with_a_next_step() {
        let mut seen = std::collections::HashSet::new();
        for failure in Failure::ALL {
            let page = failure.page();
            assert!(page.status >= 400, "{failure:?}");
            assert!(page.body.contains("What to do next"), "{failure:?}");
            assert!(seen.insert(failure.slug()), "{failure:?}");
            assert_eq!(Failure::of_slug(failure.slug()), Some(failure));
            assert_eq!(
                failure.elsewhere().header("location"),
                Some(format!("failed?why={}", failure.slug()).as_str())
            );
        }
        assert_eq!(Failure::of_slug("<script>"), None);
    }

    #[test]
    fn commands_are_set_apart() {
        let shown = |text: &str| commands(text).into_string();
        assert_eq!(
            shown("Ask for one: tideline connect NAME --app-id ID. Then open it."),
            "Ask for one: <code>tideline connect NAME --app-id ID</code>. Then open it."
        );
        assert_eq!(
            shown("tideline destinations lists what is connected."),
            "<code>tideline destinations</code> lists what is connected."
        );
        assert_eq!(shown("Open it."), "Open it.");
    }
}
