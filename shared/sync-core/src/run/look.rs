//! `state/<sync>/audience.json`: what TikTok said of an audience, over time.

use serde::{Deserialize, Serialize};

use crate::audience::MIN_PEOPLE;
use crate::names::AudienceId;

/// Looks beyond these are forgotten, the oldest first.
pub const MAX_LOOKS: usize = 500;

/// Looks at an audience, the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudienceLooks {
    /// The looks.
    pub looks: Vec<AudienceLook>,
}

/// One look at an audience, by `/dmp/custom_audience/list/`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudienceLook {
    /// The audience.
    pub audience_id: AudienceId,
    /// When, epoch seconds.
    pub at: i64,
    /// Whether TikTok has it still.
    pub found: bool,
    /// TikTok's `is_valid`: computed, not expired, and large enough to be used.
    pub valid: bool,
    /// TikTok's `cover_num`: users that it matched.
    pub matched: u64,
    /// People in it by our own books.
    pub sent: u64,
    /// The revision of the sync's state at that time.
    pub rev: u64,
}

impl AudienceLook {
    /// Matched users in percent of the people sent; `None` without any.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a percentage of counts needs no more than 52 bits"
    )]
    pub fn match_percent(&self) -> Option<f64> {
        (self.sent > 0).then(|| 100.0 * self.matched as f64 / self.sent as f64)
    }

    /// What a person should know of it, in a sentence.
    pub fn warning(&self) -> Option<String> {
        if !self.found {
            return Some(format!(
                "TikTok has no audience {} any more: it was deleted in TikTok Ads Manager; make a new sync, or a new audience",
                self.audience_id
            ));
        }
        (self.matched < MIN_PEOPLE).then(|| {
            let state = if self.valid { "" } else { " it is computed, or" };
            format!(
                "TikTok has matched {} users, and uses no audience with fewer than {MIN_PEOPLE}: wait until{state} more people are in it; matching takes 24 to 48 hours after a send",
                self.matched
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_lost_audiences_are_told_of() {
        let mut look = AudienceLook {
            audience_id: AudienceId::new("16").unwrap(),
            at: 0,
            found: true,
            valid: true,
            matched: 1_500,
            sent: 2_000,
            rev: 1,
        };
        assert_eq!((look.warning(), look.match_percent()), (None, Some(75.0)));
        look.matched = 999;
        assert!(look.warning().unwrap().contains("999 users"));
        look.found = false;
        assert!(look.warning().unwrap().contains("no audience 16 any more"));
        look.sent = 0;
        assert_eq!(look.match_percent(), None);
    }
}
