//! Identifiers: what counts, what is left out, what refuses a row.

use super::*;
use crate::identity::Country;
use crate::spec::CountryRule;

const ALL: &[(&str, &str)] = &[
    ("email", "user.email"),
    ("email2", "user.email"),
    ("phone", "user.phone"),
    ("ext", "user.external_id"),
    ("ttclid", "user.ttclid"),
    ("ttp", "user.ttp"),
    ("ip", "user.ip"),
    ("ua", "user.user_agent"),
    ("url", "page.url"),
];

#[test]
fn tiktoks_own_samples_hash_as_published() {
    let user = json!({
        "email": ["848a771458438fc2ec420560d769fb9b9b86851ee338ec56517baabd79d3bb4f"],
        "phone": ["9f7ec22d72092cd3c0b58726ed9c2d91b92e51a3f29837508fb2948bb22dd2fd"],
        "external_id": ["80fba0ae1c48e3978e43e4efc365e14e12ea0c830ba8ba5b9a2dafc7e3f2ab8b"],
    });
    let row = [
        ("email", " ALICE_abc@gmail.com "),
        ("phone", "(+1)2133734253"),
        ("ext", "user_123"),
    ];
    sends(&web(ALL), &row, json!({ "user": user }), &[]);
}

#[test]
fn lists_of_several_columns_are_one_list_without_repetition() {
    let row = [
        ("email", r#"["a@x.de", "B@x.de ", "a@x.de", null]"#),
        ("email2", "b@x.de; c@x.de"),
        ("ext", r#"[17, "a,b", "17"]"#),
    ];
    let user = json!({
        "email": ["sha256:a@x.de", "sha256:b@x.de", "sha256:c@x.de"],
        "external_id": ["sha256:17", "sha256:a,b"],
    });
    sends(&web(ALL), &row, json!({ "user": user }), &[]);
    sends(
        &web(ALL),
        &[("ext", "a,b;c")],
        json!({"user": {"external_id": ["sha256:a,b;c"]}}),
        &[],
    );
}

#[test]
fn hashed_values_are_taken_as_they_are() {
    let hash = sha256("a@x.de");
    let upper = hash.to_uppercase();
    sends(
        &web(ALL),
        &[("email", &upper)],
        json!({"user": {"email": [hash]}}),
        &[],
    );
    sends(
        &web(ALL),
        &[("ext", &upper)],
        json!({"user": {"external_id": [hash]}}),
        &[],
    );
    let mut spec = web(ALL);
    spec.hashing = Hashing::AlreadyHashed;
    sends(
        &spec,
        &[("email", &upper)],
        json!({"user": {"email": [hash]}}),
        &[],
    );
    refuses(&spec, &[("email", "a@x.de")], "user.email not_hashed");
    sends(
        &spec,
        &[("email", "a@x.de"), ("ttp", "t")],
        json!({"user": {"ttp": "t"}}),
        &["user.email not_hashed"],
    );
    refuses(&web(ALL), &[("email", &sha256(""))], "user.email invalid_email");
}

#[test]
fn a_web_row_needs_one_identifier() {
    for row in [
        &[("email", "a@x.de")][..],
        &[("phone", "+4930123456")],
        &[("ext", "17")],
        &[("ttclid", "x")],
        &[("ttp", "x")],
        &[("ip", "203.0.113.9"), ("ua", "Mozilla")],
        &[("url", "https://x.de/?ttclid=abc")],
    ] {
        assert_eq!(map(&web(ALL), row).end(), "sent", "{row:?}");
    }
    for row in [
        &[][..],
        &[("ip", "203.0.113.9")],
        &[("ua", "Mozilla")],
        &[("ip", "10.0.0.1"), ("ua", "Mozilla")],
        &[
            ("email", "null"),
            ("phone", "-"),
            ("ext", "N/A"),
            ("ttclid", "undefined"),
            ("ttp", "none"),
        ],
        &[("email", "[]")],
        &[("email", r#"[null, ""]"#)],
    ] {
        refuses(&web(ALL), row, "row no_identifier");
    }
    let devices = web(&[
        ("idfa", "user.idfa"),
        ("name", "user.first_name"),
        ("city", "user.city"),
    ]);
    let row = [
        ("idfa", "5F3A2B18-9C4D-4E7F-B8E2-17D3A1E69B25"),
        ("name", "Jane"),
        ("city", "Rome"),
    ];
    refuses(&devices, &row, "row no_identifier");
}

#[test]
fn an_offline_row_needs_an_email_or_a_phone() {
    let spec = offline(ALL);
    sends(
        &spec,
        &[("email", "a@x.de")],
        json!({"user": {"email": ["sha256:a@x.de"]}}),
        &[],
    );
    sends(
        &spec,
        &[("phone", "+49 30 123456")],
        json!({"user": {"phone": ["sha256:+4930123456"]}}),
        &[],
    );
    refuses(
        &spec,
        &[("ext", "17"), ("ttclid", "x"), ("ip", "203.0.113.9"), ("ua", "M")],
        "row no_identifier",
    );
    refuses(&spec, &[("ext", "0")], "row no_identifier");
    refuses(
        &spec,
        &[("email", "x"), ("ext", "17")],
        "user.email invalid_email",
    );
    sends(
        &spec,
        &[("phone", "12"), ("email", "a@x.de")],
        json!({"user": {"email": ["sha256:a@x.de"]}}),
        &["user.phone invalid_phone"],
    );
    // Only the address is needed: no page, so no ttclid of it.
    sends(
        &spec,
        &[("email", "a@x.de"), ("url", "https://x.de/?ttclid=abc")],
        json!({"user": {"email": ["sha256:a@x.de"]}, "page": {"url": "https://x.de/?ttclid=abc"}}),
        &["page.url unusual_field"],
    );
}

#[test]
fn a_bad_identifier_among_good_ones_is_a_warning_and_alone_refuses_its_field() {
    for (row, reason) in [
        (&[("email", "jane")][..], "user.email invalid_email"),
        (&[("phone", "123")], "user.phone invalid_phone"),
        (&[("phone", "030 1234567")], "user.phone invalid_phone"),
        (&[("ext", "000")], "user.external_id invalid_external_id"),
        (&[("email", "jane"), ("phone", "123")], "user.email invalid_email"),
        (&[("email", r#"["jane", "joe"]"#)], "user.email invalid_email"),
        (&[("email", "[jane")], "user.email invalid_json"),
        (
            &[("email", "jane"), ("ip", "203.0.113.9")],
            "user.email invalid_email",
        ),
    ] {
        refuses(&web(ALL), row, reason);
    }
    for (row, user, warnings) in [
        (
            &[("email", "jane,a@x.de")][..],
            json!({"email": ["sha256:a@x.de"]}),
            &["user.email invalid_email"][..],
        ),
        (
            &[("email", "jane"), ("phone", "1"), ("ext", "17")],
            json!({"external_id": ["sha256:17"]}),
            &["user.email invalid_email", "user.phone invalid_phone"],
        ),
        (
            &[("email", "jane"), ("ttclid", "x")],
            json!({"ttclid": "x"}),
            &["user.email invalid_email"],
        ),
        (
            &[("ext", "0"), ("ip", "203.0.113.9"), ("ua", "M")],
            json!({"ip": "203.0.113.9", "user_agent": "M"}),
            &["user.external_id invalid_external_id"],
        ),
        (
            &[("ip", "192.168.1.1"), ("ttp", "t")],
            json!({"ttp": "t"}),
            &["user.ip invalid_ip"],
        ),
    ] {
        sends(&web(ALL), row, json!({ "user": user }), warnings);
    }
}

#[test]
fn the_country_of_national_numbers_is_a_constant_or_a_column() {
    let mut spec = web(&[("phone", "user.phone")]);
    let phone = |number: &str| json!({"user": {"phone": [format!("sha256:{number}")]}});
    spec.identity.default_country = Some(CountryRule::Value(Country::new("DE").unwrap()));
    sends(&spec, &[("phone", "030 1234567")], phone("+49301234567"), &[]);
    sends(
        &spec,
        &[("phone", "0049 (0)30 1234567")],
        phone("+49301234567"),
        &[],
    );
    spec.identity.default_country = Some(CountryRule::From("land".to_owned()));
    sends(
        &spec,
        &[("phone", "2133734253"), ("land", "us")],
        phone("+12133734253"),
        &[],
    );
    sends(
        &spec,
        &[("phone", "+12133734253"), ("land", "Elbonia")],
        phone("+12133734253"),
        &[],
    );
    let Fate::Rejected(problem) = map(&spec, &[("phone", "030 1234567"), ("land", "Elbonia")]).fate else {
        panic!()
    };
    assert!(problem.message.contains("ISO 3166"), "{}", problem.message);
    refuses(&spec, &[("phone", "030 1234567")], "user.phone invalid_phone");
}

#[test]
fn ttclid_comes_from_the_page_when_no_column_gives_it() {
    let url = "https://x.de/?a=1&ttclid=page";
    let page = json!({ "url": url });
    let spec = web(ALL);
    sends(
        &spec,
        &[("url", url)],
        json!({"user": {"ttclid": "page"}, "page": page}),
        &[],
    );
    sends(
        &spec,
        &[("url", url), ("ttclid", "column")],
        json!({"user": {"ttclid": "column"}, "page": page}),
        &[],
    );
    sends(
        &spec,
        &[("url", url), ("ttclid", "null")],
        json!({"user": {"ttclid": "page"}, "page": page}),
        &[],
    );
}

#[test]
fn names_are_hashed_and_places_are_not() {
    let spec = web(&[
        ("first", "user.first_name"),
        ("last", "user.last_name"),
        ("zip", "user.zip_code"),
        ("city", "user.city"),
        ("state", "user.state"),
        ("country", "user.country"),
        ("locale", "user.locale"),
        ("=x", "user.ttclid"),
    ]);
    let row = [
        ("first", " Mary Jane "),
        ("last", "DOE"),
        ("zip", "SW1A 1AA"),
        ("city", "New York"),
        ("state", "N.Y."),
        ("country", "PH"),
        ("locale", "en-US"),
    ];
    let user = json!({
        "first_name": "sha256:maryjane", "last_name": "sha256:doe", "zip_code": "sha256:sw1a1aa",
        "city": "newyork", "state": "ny", "country": "ph", "locale": "en-US", "ttclid": "x",
    });
    sends(&spec, &row, json!({ "user": user }), &[]);
    sends(
        &spec,
        &[("first", "n/a"), ("city", "-")],
        json!({"user": {"ttclid": "x"}}),
        &[],
    );
}

#[test]
fn device_ids_go_in_their_case_and_zeros_do_not_go() {
    let spec = web(&[
        ("idfa", "user.idfa"),
        ("gaid", "user.gaid"),
        ("idfv", "user.idfv"),
        ("att", "user.att_status"),
        ("=x", "user.ttclid"),
    ]);
    let (lower, upper) = (
        "5f3a2b18-9c4d-4e7f-b8e2-17d3a1e69b25",
        "5F3A2B18-9C4D-4E7F-B8E2-17D3A1E69B25",
    );
    sends(
        &spec,
        &[
            ("idfa", lower),
            ("gaid", upper),
            ("idfv", lower),
            ("att", "authorized"),
        ],
        json!({"user": {"idfa": upper, "gaid": lower, "idfv": lower, "att_status": "AUTHORIZED", "ttclid": "x"}}),
        &[
            "user.idfa unusual_field",
            "user.gaid unusual_field",
            "user.idfv unusual_field",
            "user.att_status unusual_field",
        ],
    );
    sends(
        &spec,
        &[
            ("idfa", "00000000-0000-0000-0000-000000000000"),
            ("gaid", "device 7"),
            ("att", "maybe"),
        ],
        json!({"user": {"gaid": "sha256:device 7", "ttclid": "x"}}),
        &[
            "user.idfa invalid_device_id",
            "user.gaid invalid_device_id",
            "user.gaid unusual_field",
            "user.att_status invalid_value",
        ],
    );
}

#[test]
fn an_unassigned_number_goes_with_a_warning() {
    sends(
        &web(ALL),
        &[("phone", "+1 555 555 5555")],
        json!({"user": {"phone": ["sha256:+15555555555"]}}),
        &["user.phone unassigned_phone"],
    );
}

#[test]
fn a_crm_row_needs_its_lead() {
    let spec = spec(
        SyncType::CrmEvents,
        &[
            ("email", "user.email"),
            ("lead", "lead.lead_id"),
            ("ext", "user.external_id"),
        ],
    );
    sends(&spec, &[("lead", "73")], json!({"lead": {"lead_id": "73"}}), &[]);
    sends(
        &spec,
        &[("lead", "73"), ("email", "x")],
        json!({"lead": {"lead_id": "73"}}),
        &["user.email invalid_email"],
    );
    refuses(&spec, &[("email", "a@x.de")], "lead.lead_id missing_field");
}
