//! Laws that hold for every row.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::mapped;
use crate::audience::Identifier;

fn cell() -> impl Strategy<Value = String> {
    let value = prop_oneof!["[a-c]{1,2}(\\+[a-b])?@x\\.de", "\\+49151[0-9]{7}", "bad|null||12",];
    proptest::collection::vec(value, 0..4).prop_map(|values| serde_json::to_string(&values).unwrap())
}

proptest! {
    #[test]
    fn no_identifier_is_lost_or_invented_by_pairing(emails in cell(), phones in cell()) {
        let alone = |fields: [&str; 5]| -> BTreeSet<Identifier> {
            let found = mapped("", fields, &[]).map(|found| found.persons).unwrap_or_default();
            found.iter().flat_map(|person| person.identifiers().collect::<Vec<_>>()).collect()
        };
        let together = alone([&emails, "", &phones, "", ""]);
        let mut apart = alone([&emails, "", "", "", ""]);
        apart.extend(alone(["", "", &phones, "", ""]));
        prop_assert_eq!(together, apart);
    }

    #[test]
    fn persons_are_never_empty_and_never_double(emails in cell(), phones in cell()) {
        if let Ok(found) = mapped("identity: {email_rule: [plain, no_plus]}", [&emails, "", &phones, "", ""], &[]) {
            prop_assert!(found.persons.iter().all(|person| !person.is_empty()));
            for (at, person) in found.persons.iter().enumerate() {
                prop_assert!(!found.persons[..at].contains(person));
            }
        }
    }
}
