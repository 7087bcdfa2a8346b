//! What a token may do, by its scopes (reference, 1.7).

/// Something that Tideline does at TikTok and that a scope allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ability {
    /// Web events: `/event/track/`.
    WebEvents,
    /// Offline events.
    OfflineEvents,
    /// CRM events.
    CrmEvents,
    /// Making and filling audiences.
    Audiences,
}

impl Ability {
    /// Every ability.
    pub const ALL: [Self; 4] = [
        Self::WebEvents,
        Self::OfflineEvents,
        Self::CrmEvents,
        Self::Audiences,
    ];

    /// As a page shows it.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::WebEvents => "Web events",
            Self::OfflineEvents => "Offline events",
            Self::CrmEvents => "CRM events",
            Self::Audiences => "Audiences",
        }
    }

    /// The scopes of which each allows it: its own ones, then the parents that include them.
    const fn scopes(self) -> &'static [u64] {
        match self {
            Self::WebEvents => &[7_224_195_155_857_866_754],
            Self::OfflineEvents => &[
                7_050_363_942_434_127_873,
                7_068_127_621_543_919_617,
                7_043_626_160_646_946_818,
            ],
            Self::CrmEvents => &[7_294_180_478_502_830_081],
            Self::Audiences => &[31, 3],
        }
    }
}

/// Whether these scopes allow it. Nothing is known of a token without any scope, such as a pasted one: `None`.
pub fn can(scopes: &[u64], ability: Ability) -> Option<bool> {
    let has = |scope: &u64| scopes.contains(scope);
    (!scopes.is_empty()).then(|| ability.scopes().iter().any(has))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_includes_its_children_and_no_scope_says_nothing() {
        assert_eq!(can(&[], Ability::WebEvents), None);
        assert_eq!(can(&[3], Ability::Audiences), Some(true));
        assert_eq!(can(&[31], Ability::Audiences), Some(true));
        assert_eq!(can(&[30], Ability::Audiences), Some(false));
        for offline in [7_043_626_160_646_946_818, 7_050_363_942_434_127_873] {
            assert_eq!(can(&[offline], Ability::OfflineEvents), Some(true));
        }
        assert_eq!(
            can(&[7_224_195_155_857_866_754], Ability::OfflineEvents),
            Some(false)
        );
    }
}
