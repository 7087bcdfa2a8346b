//! URL encoding, as S3 uses it for keys: in notifications and listings (`+` is a blank), and in the source of a copy.

/// Decodes a key of a notification or a listing: `%XX`, and `+` for a blank.
///
/// `None` when a `%` is not followed by two hex digits, or the bytes are not UTF-8: guessing would name another object.
pub(crate) fn decode(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => hex(bytes.next()?)? << 4 | hex(bytes.next()?)?,
            other => other,
        });
    }
    String::from_utf8(decoded).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

/// Encodes a path for the `x-amz-copy-source` header: everything but unreserved characters (RFC 3986, 2.3) and `/`.
#[cfg(feature = "aws")]
pub(crate) fn encode_path(path: &str) -> String {
    use std::fmt::Write;

    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a `String` never fails.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_decoded_or_refused() {
        let check =
            |text: &str, expected: Option<&str>| assert_eq!(decode(text).as_deref(), expected, "{text}");
        check("models/day+1%2Ba.csv", Some("models/day 1+a.csv"));
        check("models%2Fweb%2fa.csv", Some("models/web/a.csv"));
        check("%C3%A4.csv", Some("ä.csv"));
        check("100%25", Some("100%"));
        check("", Some(""));
        check("100%", None);
        check("%2", None);
        check("%zz", None);
        check("%+1", None);
        check("%C3.csv", None);
    }

    #[cfg(feature = "aws")]
    #[test]
    fn an_encoded_path_decodes_to_itself() {
        assert_eq!(encode_path("bucket/day 1+ä.csv"), "bucket/day%201%2B%C3%A4.csv");
        for path in ["bucket/a+b c%20&?#=ü😀\n", "~.-_/"] {
            assert_eq!(decode(&encode_path(path)).as_deref(), Some(path));
        }
    }
}
