//! The one loop under all the rules: find the longest runs of certain characters and replace some of them.

use std::borrow::Cow;

/// Cuts `text` into the longest runs of characters for which `member` holds and puts what `judge` returns in
/// the place of a run; `None` keeps it. Linear in the length of the text.
pub(super) fn replace_runs(
    text: &str,
    member: impl Fn(char) -> bool,
    judge: impl Fn(&str) -> Option<String>,
) -> Cow<'_, str> {
    let mut out: Option<String> = None;
    let mut copied = 0;
    let mut rest = text;
    let mut at = 0;
    while let Some(start) = rest.find(&member) {
        let tail = rest.get(start..).unwrap_or_default();
        let length = tail.find(|c| !member(c)).unwrap_or(tail.len());
        let (begin, end) = (at + start, at + start + length);
        if let Some(new) = judge(text.get(begin..end).unwrap_or_default()) {
            let out = out.get_or_insert_with(|| String::with_capacity(text.len()));
            out.push_str(text.get(copied..begin).unwrap_or_default());
            out.push_str(&new);
            copied = end;
        }
        at = end;
        rest = text.get(end..).unwrap_or_default();
    }
    match out {
        Some(mut out) => {
            out.push_str(text.get(copied..).unwrap_or_default());
            Cow::Owned(out)
        }
        None => Cow::Borrowed(text),
    }
}

/// Chains rules without copying where none of them finds anything.
pub(super) fn then(text: Cow<'_, str>, rule: impl Fn(&str) -> Cow<'_, str>) -> Cow<'_, str> {
    let changed = match rule(&text) {
        Cow::Owned(new) => Some(new),
        Cow::Borrowed(_) => None,
    };
    changed.map_or(text, Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_replaced_where_they_stand() {
        let judge = |run: &str| (run.len() > 1).then(|| format!("<{}>", run.len()));
        let check = |text: &str, want: &str| {
            assert_eq!(replace_runs(text, |c| c.is_ascii_digit(), judge), want);
        };
        check("", "");
        check("abc", "abc");
        check("12", "<2>");
        check("a1b22c333", "a1b<2>c<3>");
        check("ä22ö", "ä<2>ö");
    }
}
