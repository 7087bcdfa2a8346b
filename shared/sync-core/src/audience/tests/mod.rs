//! Rows as persons: what is sent for whom.

use super::{IdKind, Identifier, MappedPersons, Person, PersonMapper};
use crate::identity::Sha256Hex;
use crate::rejection::{Code, Problem};
use crate::row::{Header, Position, Row};
use crate::spec::{self, SyncSpec};

mod laws;

const COLUMNS: [&str; 6] = ["id", "email", "email2", "phone", "gaid", "idfa"];

fn spec(rules: &str) -> SyncSpec {
    let text = format!(
        "destination: acme\ntype: custom_audience\nmode: add\nmodel: {{path: models/vip/, primary_key: id}}\n\
         audience: {{advertiser_id: \"7100000000000000001\", name: VIP, via: segment}}\nmappings:\n\
         \x20 - {{from: email, to: email}}\n  - {{from: email2, to: email}}\n  - {{from: phone, to: phone}}\n\
         \x20 - {{from: gaid, to: gaid}}\n  - {{from: idfa, to: idfa}}\n{rules}\n"
    );
    match spec::read("vip.yaml", &text) {
        Ok(read) => read.spec,
        Err(errors) => panic!("{errors}\n{text}"),
    }
}

/// Maps a row of `email, email2, phone, gaid, idfa`.
fn mapped(rules: &str, fields: [&str; 5], added: &[Identifier]) -> Result<MappedPersons, Problem> {
    let spec = spec(rules);
    let header = Header::new(COLUMNS.map(str::to_owned).to_vec());
    let mapper = PersonMapper::new(&spec, &header).unwrap();
    let mut row = vec![Some("1")];
    row.extend(fields.map(Some));
    let position = Position {
        record: 1,
        line: Some(2),
    };
    let mut out = MappedPersons::default();
    mapper
        .map(&Row::new(position, &row), added, &mut out)
        .map(|()| out)
}

/// A person as `kind:text`, the text being what was hashed.
fn person(ids: &[(IdKind, &str)]) -> Person {
    let mut person = Person::default();
    for (kind, text) in ids {
        person.set(*kind, Sha256Hex::of(text.as_bytes()));
    }
    person
}

fn check(rules: &str, fields: [&str; 5], expected: &[&[(IdKind, &str)]]) {
    let expected: Vec<Person> = expected.iter().map(|ids| person(ids)).collect();
    let found = mapped(rules, fields, &[]).unwrap_or_else(|problem| panic!("{problem:?}"));
    assert_eq!(found.persons, expected, "{fields:?} {rules}");
}

fn refused(fields: [&str; 5]) -> (Code, Option<String>) {
    let problem = mapped("", fields, &[]).err().expect("it is refused");
    (problem.code, problem.field.map(std::borrow::Cow::into_owned))
}

use IdKind::{Email, Gaid, Idfa, Phone};

#[test]
fn one_row_is_one_person_with_a_place_for_each_kind() {
    check(
        "",
        [
            " ALICE_abc@gmail.com ",
            "",
            "(+1)2133734253",
            "5F3A2B18-9C4D-4E7F-B8E2-17D3A1E69B25",
            "",
        ],
        &[&[
            (Email, "alice_abc@gmail.com"),
            (Phone, "+12133734253"),
            (Gaid, "5f3a2b18-9c4d-4e7f-b8e2-17d3a1e69b25"),
        ]],
    );
    check(
        "",
        ["", "", "", "", "5F3A2B18-9C4D-4E7F-B8E2-17D3A1E69B25"],
        &[&[(Idfa, "5f3a2b18-9c4d-4e7f-b8e2-17d3a1e69b25")]],
    );
}

#[test]
fn lists_pair_by_position_and_what_is_left_over_goes_alone() {
    check(
        "",
        [
            r#"["a@x.de","b@x.de","c@x.de"]"#,
            "",
            r#"["+491511234567","+491511234568"]"#,
            "",
            "",
        ],
        &[
            &[(Email, "a@x.de"), (Phone, "+491511234567")],
            &[(Email, "b@x.de"), (Phone, "+491511234568")],
            &[(Email, "c@x.de")],
        ],
    );
    // A list keeps its places, though one holds nothing.
    check(
        "",
        [
            r#"["a@x.de",null,"c@x.de"]"#,
            "",
            "+491511234567,+491511234568,+491511234569",
            "",
            "",
        ],
        &[
            &[(Email, "a@x.de"), (Phone, "+491511234567")],
            &[(Phone, "+491511234568")],
            &[(Email, "c@x.de"), (Phone, "+491511234569")],
        ],
    );
}

#[test]
fn a_second_column_of_a_kind_adds_to_its_list_and_an_empty_one_takes_no_place() {
    check(
        "",
        ["a@x.de", "b@x.de", "+491511234567", "", ""],
        &[
            &[(Email, "a@x.de"), (Phone, "+491511234567")],
            &[(Email, "b@x.de")],
        ],
    );
    check(
        "",
        ["n/a", "b@x.de", "+491511234567", "", ""],
        &[&[(Email, "b@x.de"), (Phone, "+491511234567")]],
    );
}

#[test]
fn equal_persons_of_a_row_are_one() {
    check("", ["a@x.de,A@x.de", "", "", "", ""], &[&[(Email, "a@x.de")]]);
}

#[test]
fn each_form_of_a_rule_list_makes_a_further_person() {
    let both = "identity: {email_rule: [plain, no_plus, no_plus_no_dots], phone_rule: [with_plus, digits]}";
    check(
        both,
        ["ana.b+news@mail.example", "", "+491511234567", "", ""],
        &[
            &[(Email, "ana.b+news@mail.example"), (Phone, "+491511234567")],
            &[(Email, "ana.b@mail.example"), (Phone, "491511234567")],
            &[(Email, "anab@mail.example")],
        ],
    );
    // A form that is the same as one before it goes once.
    check(
        both,
        ["ana@mail.example", "", "", "", ""],
        &[&[(Email, "ana@mail.example")]],
    );
    // A form that an address does not have keeps none of the others back, whatever their order.
    for rules in ["[no_plus, plain]", "[plain, no_plus]"] {
        let rules = format!("identity: {{email_rule: {rules}}}");
        check(
            &rules,
            ["+news@mail.example", "", "", "", ""],
            &[&[(Email, "+news@mail.example")]],
        );
    }
    check(
        "identity: {email_rule: no_plus_no_dots, phone_rule: digits}",
        ["ana.b+news@mail.example", "", "+491511234567", "", ""],
        &[&[(Email, "anab@mail.example"), (Phone, "491511234567")]],
    );
}

#[test]
fn hashes_that_are_given_stay_as_they_are() {
    let hash = Sha256Hex::of(b"a@x.de");
    let found = mapped(
        "identity: {email_rule: [plain, no_plus]}",
        [&hash.as_str().to_uppercase(), "", "", "", ""],
        &[],
    );
    assert_eq!(found.unwrap().persons, [person(&[(Email, "a@x.de")])]);
}

#[test]
fn a_person_without_any_identifier_is_refused() {
    assert_eq!(refused(["", "null", " ", "n/a", ""]), (Code::NoIdentifier, None));
    assert_eq!(refused(["[]", "", "", "", ""]), (Code::NoIdentifier, None));
}

#[test]
fn the_only_identifier_being_bad_refuses_the_row_for_it() {
    assert_eq!(
        refused(["a(at)x.de", "", "", "", ""]),
        (Code::InvalidEmail, Some("email".into()))
    );
    assert_eq!(
        refused(["", "", "12", "", ""]),
        (Code::InvalidPhone, Some("phone".into()))
    );
    assert_eq!(
        refused(["", "", "", "00000000-0000-0000-0000-000000000000", ""]),
        (Code::InvalidDeviceId, Some("gaid".into()))
    );
}

#[test]
fn one_bad_identifier_among_good_ones_is_a_warning() {
    let found = mapped("", ["a(at)x.de", "", "+4915112345678", "", ""], &[]).unwrap();
    assert_eq!(found.persons, [person(&[(Phone, "+4915112345678")])]);
    let warning = found.warnings.first().unwrap();
    assert_eq!(
        (warning.code, warning.field.as_deref(), warning.column.as_deref()),
        (Code::InvalidEmail, Some("email"), Some("email"))
    );
    assert!(!warning.message.contains("a(at)x.de"));
}

#[test]
fn what_match_booster_adds_fills_free_places_and_then_goes_alone() {
    let id = |kind, text: &str| Identifier::new(kind, &Sha256Hex::of(text.as_bytes()));
    let added = [id(Phone, "+1"), id(Email, "a@x.de"), id(Email, "z@x.de")];
    let found = mapped("", ["a@x.de", "", "", "", ""], &added).unwrap();
    assert_eq!(found.own, [Email]);
    let expected = [
        person(&[(Email, "a@x.de"), (Phone, "+1")]),
        person(&[(Email, "z@x.de")]),
    ];
    assert_eq!(found.persons, expected);
    // A row without an identifier of its own may gain one.
    let found = mapped("", ["", "", "", "", ""], &added[..1]).unwrap();
    assert_eq!((found.persons.len(), found.own.len()), (1, 0));
}
