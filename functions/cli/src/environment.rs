//! What the environment of this process says.

use runtime::secrets::SecretText;

/// The variable that holds a token for any destination.
pub(crate) const TOKEN: &str = "TIKTOK_ACCESS_TOKEN";

/// The token given to this command alone; an empty variable counts as none.
#[expect(
    clippy::disallowed_methods,
    reason = "the command line's one look at the environment"
)]
pub(crate) fn token() -> Option<SecretText> {
    let token = std::env::var(TOKEN).ok()?;
    let token = token.trim();
    (!token.is_empty()).then(|| SecretText::new(token))
}
