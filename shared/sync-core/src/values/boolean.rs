use super::ValueError;
use crate::rejection::Code;

/// A truth value: `true`/`false`, `1`/`0`, `yes`/`no`, `t`/`f`, `y`/`n`, in any letter case.
pub fn boolean(text: &str) -> Result<bool, ValueError> {
    const YES: [&str; 5] = ["true", "1", "yes", "t", "y"];
    const NO: [&str; 5] = ["false", "0", "no", "f", "n"];
    let text = text.trim();
    let is = |word: &&str| text.eq_ignore_ascii_case(word);
    if YES.iter().any(is) {
        Ok(true)
    } else if NO.iter().any(is) {
        Ok(false)
    } else {
        Err(ValueError::new(
            Code::InvalidValue,
            "This field is true or false; write true, false, 1, 0, yes or no",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_for_true_and_false_is_read_in_any_case() {
        for text in ["true", "TRUE", " True ", "1", "yes", "Y", "t"] {
            assert_eq!(boolean(text), Ok(true), "{text}");
        }
        for text in ["false", "False", "0", "NO", "n", "F"] {
            assert_eq!(boolean(text), Ok(false), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "2", "on", "maybe", "truee", "1.0"] {
            assert_eq!(boolean(text).unwrap_err().code, Code::InvalidValue, "{text}");
        }
    }
}
