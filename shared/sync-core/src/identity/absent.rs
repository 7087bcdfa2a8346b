use super::hash::NULL_WORDS;

/// Whether the text of an identity column stands for no value: empty, blank, or `null`, `none`, `undefined`, `nan`,
/// `n/a` or `-` in any letter case.
pub fn is_absent(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || (text.len() <= 9 && NULL_WORDS.iter().any(|word| text.eq_ignore_ascii_case(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_and_null_words_are_absent() {
        for text in [
            "",
            " ",
            "\t\u{a0}",
            "null",
            "NULL",
            " None ",
            "undefined",
            "NaN",
            "N/A",
            "-",
        ] {
            assert!(is_absent(text), "{text:?}");
        }
        for text in ["0", "nil", "--", "nullo", "na", "a@b.de"] {
            assert!(!is_absent(text), "{text:?}");
        }
    }
}
