//! The event sources that TikTok names for a field.

/// A set of event sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sources(u8);

impl Sources {
    /// Websites.
    pub const WEB: Self = Self(1);
    /// Offline event sets.
    pub const OFFLINE: Self = Self(2);
    /// CRM event sets.
    pub const CRM: Self = Self(4);
    /// Apps (no sync type of ours; their fields are still taken, with a warning).
    pub const APP: Self = Self(8);
    /// All of them.
    pub const ALL: Self = Self(15);

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// True when all of `other` is in this set.
    pub const fn holds(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// TikTok's names of the sources in the set, in a fixed order.
    pub fn names(self) -> Vec<&'static str> {
        [
            (Self::WEB, "web"),
            (Self::OFFLINE, "offline"),
            (Self::CRM, "crm"),
            (Self::APP, "app"),
        ]
        .into_iter()
        .filter_map(|(source, name)| self.holds(source).then_some(name))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_names_its_sources() {
        assert_eq!(Sources::WEB.and(Sources::APP).names(), ["web", "app"]);
        assert_eq!(Sources::ALL.names(), ["web", "offline", "crm", "app"]);
        assert!(!Sources::WEB.holds(Sources::CRM));
    }
}
