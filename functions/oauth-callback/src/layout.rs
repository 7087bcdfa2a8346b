//! What all pages share: the frame, its style, and the headers that keep it to itself.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use runtime::http::HttpResponse;

const STYLE: &str = include_str!("page.css");

/// The mark beside the title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// It worked.
    Done,
    /// It did not.
    Stop,
}

/// A page. It loads nothing, runs nothing, is framed by nobody, kept by nobody, and tells no other site its address.
pub(crate) fn page(status: u16, mark: Mark, title: &str, body: &Markup) -> HttpResponse {
    let nonce = const_hex::encode(rand::random::<[u8; 16]>());
    let html = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width,initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) " · Tideline" }
                style nonce=(nonce) { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    (sign(mark))
                    h1 { (title) }
                    (body)
                }
                footer { "Tideline" }
            }
        }
    };
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HttpResponse {
        status,
        headers: headers([
            ("content-type", "text/html; charset=utf-8".to_owned()),
            ("content-security-policy", policy),
        ]),
        cookies: Vec::new(),
        body: html.into_string(),
    }
}

/// A redirect, whose address is not told to where it leads.
pub(crate) fn redirect(status: u16, location: String) -> HttpResponse {
    let policy = "default-src 'none'; frame-ancestors 'none'".to_owned();
    HttpResponse {
        status,
        headers: headers([("location", location), ("content-security-policy", policy)]),
        cookies: Vec::new(),
        body: String::new(),
    }
}

fn headers<const N: usize>(own: [(&'static str, String); N]) -> Vec<(&'static str, String)> {
    let common = [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
        ("x-robots-tag", "noindex"),
        ("cross-origin-opener-policy", "same-origin"),
        ("strict-transport-security", "max-age=31536000"),
    ];
    let common = common.map(|(name, value)| (name, value.to_owned()));
    own.into_iter().chain(common).collect()
}

fn sign(mark: Mark) -> Markup {
    let (class, path) = match mark {
        Mark::Done => ("sign done", "M14 25l7 7 14-15"),
        Mark::Stop => ("sign stop", "M24 14v13M24 33v1"),
    };
    html! {
        svg class=(class) viewBox="0 0 48 48" aria-hidden="true" {
            circle cx="24" cy="24" r="22" {}
            path d=(path) {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_keeps_to_itself() {
        let page = page(200, Mark::Done, "<b>", &html! { p { "x" } });
        let header = |name: &str| page.header(name).unwrap();
        let policy = header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; style-src 'nonce-"),
            "{policy}"
        );
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        let nonce = policy.split("nonce-").nth(1).unwrap().split('\'').next().unwrap();
        assert!(page.body.contains(&format!("<style nonce=\"{nonce}\">")));
        assert_eq!(
            [
                header("referrer-policy"),
                header("cache-control"),
                header("x-frame-options")
            ],
            ["no-referrer", "no-store", "DENY"]
        );
        assert!(!page.body.contains("<b>") && !page.body.contains("<script"));
        for outside in ["http://", "https://", "url(", "@import", "src="] {
            assert!(!page.body.contains(outside), "{outside}");
        }
    }

    #[test]
    fn a_redirect_tells_nobody_where_it_comes_from() {
        let redirect = redirect(303, "done".to_owned());
        assert_eq!(redirect.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(redirect.header("cache-control"), Some("no-store"));
        assert_eq!(redirect.body, "");
    }
}
