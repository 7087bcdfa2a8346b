//! Authorisation codes: each lives one hour and works once.

use std::collections::HashMap;

use crate::refusal::Refusal;

/// How long a code can be exchanged.
const LIFETIME_MS: i64 = 3600 * 1000;

/// All codes that the authorisation page gave out. Has no `Debug` that shows them.
#[derive(Default)]
pub(crate) struct AuthCodes(HashMap<String, Issued>);

#[derive(Debug)]
struct Issued {
    app_id: String,
    at_ms: i64,
    used: bool,
}

impl std::fmt::Debug for AuthCodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AuthCodes({} codes)", self.0.len())
    }
}

impl AuthCodes {
    /// A new code for this app.
    pub(crate) fn issue(&mut self, app_id: &str, now_ms: i64) -> String {
        let code = secret_text();
        let issued = Issued {
            app_id: app_id.to_owned(),
            at_ms: now_ms,
            used: false,
        };
        self.0.insert(code.clone(), issued);
        code
    }

    /// Uses a code up: 40101 for one that was never given to this app, 40110 for a used or expired one.
    pub(crate) fn redeem(&mut self, code: &str, app_id: &str, now_ms: i64) -> Result<(), Refusal> {
        let Some(issued) = self.0.get_mut(code).filter(|issued| issued.app_id == app_id) else {
            return Err(Refusal::new(40101, "Invalid auth_code."));
        };
        if issued.used || now_ms - issued.at_ms >= LIFETIME_MS {
            return Err(Refusal::new(40110, crate::codes::message(40110)));
        }
        issued.used = true;
        Ok(())
    }
}

/// 40 hex digits, as codes and tokens look.
pub(crate) fn secret_text() -> String {
    const_hex::encode(rand::random::<[u8; 20]>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code_age_ms: i64, app_id: &str, expected: Result<(), u32>) {
        let mut codes = AuthCodes::default();
        let code = codes.issue("app", 0);
        assert_eq!(
            codes
                .redeem(&code, app_id, code_age_ms)
                .map_err(|refusal| refusal.code),
            expected
        );
    }

    #[test]
    fn a_code_lives_an_hour_and_belongs_to_its_app() {
        check(LIFETIME_MS - 1, "app", Ok(()));
        check(LIFETIME_MS, "app", Err(40110));
        check(0, "other", Err(40101));
    }

    #[test]
    fn a_code_works_once() {
        let mut codes = AuthCodes::default();
        let code = codes.issue("app", 0);
        assert!(codes.redeem(&code, "app", 1).is_ok());
        assert_eq!(codes.redeem(&code, "app", 2).unwrap_err().code, 40110);
    }
}
