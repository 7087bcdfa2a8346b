//! The names of Tideline's secrets. All begin with `tideline/<bucket>/`, which is also what policies are written for.

use super::SecretsError;

/// Stands for the bucket's name where the store is a local folder.
pub const LOCAL: &str = "local";

/// The longest name that Secrets Manager takes, in characters.
const MAX_NAME: usize = 512;

/// TikTok's developer app: its id and secret.
pub fn app(bucket: &str) -> String {
    format!("tideline/{bucket}/app")
}

/// The key that signs the links which start OAuth.
pub fn link_key(bucket: &str) -> String {
    format!("tideline/{bucket}/link-key")
}

/// The key of the fingerprints that the diff compares.
pub fn fingerprint_key(bucket: &str) -> String {
    format!("tideline/{bucket}/fingerprint-key")
}

/// The connection of a destination: its token and what belongs to it.
pub fn destination(bucket: &str, name: &str) -> String {
    format!("{}{name}", destinations(bucket))
}

/// What the names of all connections begin with.
pub fn destinations(bucket: &str) -> String {
    format!("tideline/{bucket}/destinations/")
}

/// Checks a name: up to 512 letters, digits and `/_+=.@-` (Secrets Manager, `CreateSecret`), as a path without empty
/// segments, `.` and `..`.
pub(super) fn check(name: &str) -> Result<(), SecretsError> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"/_+=.@-".contains(&b);
    let path = name.split('/').all(|segment| !matches!(segment, "" | "." | ".."));
    if name.len() > MAX_NAME || !name.bytes().all(allowed) || !path {
        return Err(SecretsError::InvalidName {
            name: name.chars().take(100).collect(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_paths_of_plain_characters() {
        for name in [
            "",
            "/",
            "a//b",
            "../app",
            "a/../b",
            "a b",
            "a\\b",
            "ä",
            &"a".repeat(513),
        ] {
            assert!(check(name).is_err(), "{name:?} was taken");
        }
        for name in [
            app("b.u-cket"),
            link_key(LOCAL),
            fingerprint_key("b"),
            destination("b", "acme"),
        ] {
            assert!(check(&name).is_ok(), "{name:?} was refused");
        }
        assert_eq!(destination("b", "acme"), "tideline/b/destinations/acme");
    }
}
