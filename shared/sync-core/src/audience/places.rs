//! The last look at a mapping call before it is sent.

use serde::Deserialize;
use serde_json::value::RawValue;

/// A person of a mapping call does not fit its `id_schema`: TikTok would take ids for ids of another type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a person has {found:?} places, and id_schema names {wanted} id types: a fault in Tideline; nothing was sent"
)]
pub struct NotInPlaces {
    /// Places of the person; `None`: it cannot be read.
    pub found: Option<usize>,
    /// Id types that `id_schema` names.
    pub wanted: usize,
}

/// Checks that each person has one place for each id type, `{}` where it has none (TikTok API, `/segment/mapping/`).
/// `empty` is the call's body without persons.
///
/// # Errors
/// [`NotInPlaces`] for the first person that has not.
pub fn check_places<'p>(empty: &str, persons: impl Iterator<Item = &'p RawValue>) -> Result<(), NotInPlaces> {
    #[derive(Deserialize)]
    struct Schema {
        #[serde(default)]
        id_schema: Vec<String>,
    }
    let wanted = serde_json::from_str::<Schema>(empty).map_or(0, |call| call.id_schema.len());
    for person in persons {
        let found = serde_json::from_str::<Vec<&RawValue>>(person.get())
            .map(|places| places.len())
            .ok();
        if found != Some(wanted) || wanted == 0 {
            return Err(NotInPlaces { found, wanted });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(empty: &str, persons: &[&str]) -> Result<(), NotInPlaces> {
        let persons: Vec<&RawValue> = persons
            .iter()
            .map(|person| serde_json::from_str(person).unwrap())
            .collect();
        check_places(empty, persons.into_iter())
    }

    #[test]
    fn each_person_has_a_place_for_each_type() {
        let two = r#"{"id_schema":["EMAIL_SHA256","PHONE_SHA256"],"batch_data":[]}"#;
        assert_eq!(check(two, &["[{},{\"id\":\"x\"}]", "[{},{}]"]), Ok(()));
        let wrong = |found| Err(NotInPlaces { found, wanted: 2 });
        assert_eq!(check(two, &["[{},{}]", "[{}]"]), wrong(Some(1)));
        assert_eq!(check(two, &["[{},{},{}]"]), wrong(Some(3)));
        assert_eq!(check(two, &["{}"]), wrong(None));
        assert!(check("{}", &["[]"]).is_err());
    }
}
