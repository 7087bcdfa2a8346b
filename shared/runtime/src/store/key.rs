//! Which texts name an object.

use super::error::StoreError;

/// The longest key that S3 takes, in bytes of UTF-8.
pub const MAX_KEY_BYTES: usize = 1024;

/// The longest part of a key between slashes, in bytes: the limit of common file systems.
const MAX_SEGMENT_BYTES: usize = 255;

/// Checks a key by the rules that hold in a local folder as in S3: a relative path of non-empty segments that does
/// not leave its root.
///
/// The local store refuses every other key. S3 has objects with stranger keys (`folder/`, `a//b`), which other people
/// made: `S3Store` reads those too, but nothing of ours is ever written under such a key.
///
/// # Errors
/// [`StoreError::InvalidKey`], with what a valid key looks like.
pub fn check_key(key: &str) -> Result<(), StoreError> {
    match problem(key) {
        None => Ok(()),
        Some(expected) => Err(StoreError::InvalidKey {
            key: key.chars().take(200).collect(),
            expected,
        }),
    }
}

fn problem(key: &str) -> Option<&'static str> {
    if key.is_empty() || key.len() > MAX_KEY_BYTES {
        return Some("1 to 1,024 bytes");
    }
    if key.bytes().any(|b| b == 0 || b == b'\\') {
        return Some("a text without NUL and backslash");
    }
    if key.starts_with('/') {
        return Some("a relative path");
    }
    if key.split('/').any(str::is_empty) {
        return Some("a path without empty segments");
    }
    if key.split('/').any(|segment| segment == "." || segment == "..") {
        return Some("a path without the segments `.` and `..`");
    }
    if key.split('/').any(|segment| segment.len() > MAX_SEGMENT_BYTES) {
        return Some("segments of at most 255 bytes");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_inside_their_root() {
        let long = "a".repeat(MAX_KEY_BYTES + 1);
        let segment = format!("a/{}", "b".repeat(MAX_SEGMENT_BYTES + 1));
        let refused = [
            "",
            "/",
            "/etc/passwd",
            "..",
            "../a",
            "a/../b",
            "a/..",
            ".",
            "./a",
            "a/./b",
            "a//b",
            "a/",
            "a\0b",
            "a\\b",
            "..\\a",
            &long,
            &segment,
        ];
        for key in refused {
            assert!(
                matches!(check_key(key), Err(StoreError::InvalidKey { .. })),
                "{key:?} was taken"
            );
        }
        let longest = format!("{}/{}", "a".repeat(255), "b".repeat(255));
        for key in [
            "a",
            "a/b.json",
            "models/day 1+ä.csv",
            "a/...",
            "a/..b",
            "a/.hidden",
            "ünï/😀",
            &longest,
        ] {
            assert!(check_key(key).is_ok(), "{key:?} was refused");
        }
    }
}
