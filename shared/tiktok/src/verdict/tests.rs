use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::codes::all;

fn answer(code: i64, message: &str) -> Vec<u8> {
    json!({"code": code, "message": message, "request_id": "20260801120000ABCDEF0123456789ABCD", "data": {}})
        .to_string()
        .into_bytes()
}

/// A verdict without its cause, so that tables stay short.
fn short(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Partial { rows, .. } => format!("partial {rows:?}"),
        Verdict::Retry { why, .. } => format!("retry {why:?}"),
        Verdict::Refused { row, cause } => match (row, &cause.field) {
            (Some(row), Some(field)) => format!("refused {row} {field}"),
            (Some(row), None) => format!("refused {row}"),
            (None, Some(field)) => format!("refused {field}"),
            (None, None) => "refused".to_owned(),
        },
        Verdict::Unauthorized { why, .. } => format!("unauthorized {why:?}"),
        Verdict::Misconfigured { cause } => {
            cause.field.as_ref().map_or("misconfigured".to_owned(), |field| {
                format!("misconfigured {field}")
            })
        }
        other => other.name().to_owned(),
    }
}

#[track_caller]
fn check(code: i64, message: &str, endpoint: Endpoint, want: &str) {
    let body = answer(code, message);
    for status in [200, 400, 401, 403, 404, 500, 503] {
        let want = if code == 0 && status >= 300 {
            "retry Unclear"
        } else {
            want
        };
        assert_eq!(
            short(&judge(status, &body, endpoint)),
            want,
            "HTTP {status}, {code} {message}"
        );
    }
}

#[test]
fn every_published_code_has_its_verdict() {
    for known in all() {
        let want = match known.code {
            0 => "accepted",
            20001 => "partial []",
            40000 | 40002 | 40062 | 40700 | 40900 | 40905..=40910 | 40914 | 40915 => "refused",
            40011 | 40061 => "split",
            40016 | 40100 | 40132 | 40133 | 61000 => "retry RateLimited",
            40201 | 40202 | 40901..=40903 | 40913 => "retry NotReady",
            50000..=60001 => "retry ServerFault",
            40118 => "unauthorized NotOnAllowlist",
            40001 | 40003 | 40117 | 40119 | 40124 | 40125 | 40130 | 40131 | 40301 => {
                "unauthorized GrantMissing"
            }
            40110 | 40115 => "unauthorized AuthCodeDead",
            40101 | 40108 | 40109 | 40112 | 40113 | 40116 | 70001 => "unauthorized AppRejected",
            40102..=40107 | 40114 | 40120 | 40309 => "unauthorized TokenDead",
            _ => "misconfigured",
        };
        // The codes that name files and materials which we never send are the only others.
        let body = answer(known.code, "text without a name");
        assert_eq!(
            short(&judge(200, &body, Endpoint::EventTrack)),
            want,
            "{} {}",
            known.code,
            known.name
        );
    }
}

#[test]
fn codes_that_stop_a_run_as_misconfigured_are_these() {
    let stop: Vec<i64> = all()
        .iter()
        .map(|known| known.code)
        .filter(|code| {
            matches!(
                judge(200, &answer(*code, ""), Endpoint::EventTrack),
                Verdict::Misconfigured { .. }
            )
        })
        .collect();
    assert_eq!(
        stop,
        [
            40006, 40007, 40008, 40009, 40010, 40012, 40013, 40014, 40050, 40051, 40052, 40053, 40063, 40065,
            40121, 40122, 40126, 40127, 40128, 40129, 40200, 40300, 40302, 40400, 40502, 40904, 40911, 40912,
            40916, 41000, 41001, 41002, 41013
        ]
    );
}

#[test]
fn messages_seen_in_the_field() {
    use Endpoint::{AudienceUpdate, EventTrack, SegmentAudience, SegmentMapping};
    check(0, "OK", EventTrack, "accepted");
    check(
        40002,
        "Invalid value for event_id: not a valid string.",
        EventTrack,
        "refused event_id",
    );
    check(
        40002,
        "Invalid value for event_source_id: not a valid string.",
        EventTrack,
        "misconfigured event_source_id",
    );
    check(
        40002,
        "Invalid value for event_source",
        EventTrack,
        "misconfigured event_source",
    );
    check(
        40002,
        "Missing required field(s): event_source_id, data.",
        EventTrack,
        "misconfigured event_source_id",
    );
    check(
        40002,
        "Invalid value for test_event_code: too long.",
        EventTrack,
        "misconfigured test_event_code",
    );
    check(
        40000,
        "the pixel_code is not known",
        EventTrack,
        "misconfigured pixel_code",
    );
    check(
        40002,
        "Batch.0.properties.contents.0.content_id: Not a valid string",
        EventTrack,
        "refused 0 properties.contents.0.content_id",
    );
    check(
        40002,
        "Invalid value for data.7.user.email: not a valid string.",
        EventTrack,
        "refused 7 user.email",
    );
    check(
        40002,
        "Missing required field(s): data.3.event.",
        EventTrack,
        "refused 3 event",
    );
    check(40000, "Invalid Price Field", EventTrack, "refused price");
    check(
        40002,
        "data[12]: lead_event_source is wrong",
        EventTrack,
        "refused 12",
    );
    check(40062, "", EventTrack, "refused");
    check(40061, "Batch size is invalid", EventTrack, "split");
    check(40063, "partner_name is not valid", EventTrack, "misconfigured");
    check(
        40001,
        "The user must be admin or operator of the advertiser account",
        EventTrack,
        "unauthorized GrantMissing",
    );
    for said in [
        "No permission to operate pixel.",
        "No permission to operate pixel code C4A1: the user must be admin or operator of the advertiser account.",
        "No permission on this event_set",
    ] {
        check(40001, said, EventTrack, "unauthorized SourceDenied");
        check(40001, said, SegmentMapping, "unauthorized GrantMissing");
    }
    check(
        40105,
        "Access token is incorrect or has been revoked.",
        EventTrack,
        "unauthorized TokenDead",
    );
    check(
        40104,
        "Access token is null. Please set the access token in Header `Access-Token`",
        EventTrack,
        "unauthorized TokenDead",
    );
    check(
        40110,
        "Authorization code is expired",
        Endpoint::AccessToken,
        "unauthorized AuthCodeDead",
    );
    check(
        40101,
        "Invalid auth_code",
        Endpoint::AccessToken,
        "unauthorized AppRejected",
    );
    check(
        40002,
        "Missing required field(s): secret.",
        Endpoint::AccessToken,
        "misconfigured secret",
    );
    check(
        40100,
        "Too many requests. Please retry in some time.",
        EventTrack,
        "retry RateLimited",
    );
    check(
        40016,
        "App reaches the QPS limit.",
        EventTrack,
        "retry RateLimited",
    );
    check(51021, "Too many requests", EventTrack, "retry RateLimited");
    check(51021, "internal", EventTrack, "retry ServerFault");
    check(
        40002,
        "Audience is not editable, please check audience status",
        AudienceUpdate,
        "retry NotReady",
    );
    check(
        40002,
        "Invalid value for advertiser_id: no access.",
        SegmentAudience,
        "misconfigured advertiser_id",
    );
    check(
        40002,
        "Invalid value for custom_audience_name: too long.",
        SegmentAudience,
        "refused custom_audience_name",
    );
    check(
        40002,
        "Invalid value for advertiser_ids: not a list.",
        SegmentMapping,
        "misconfigured advertiser_ids",
    );
    check(
        40002,
        "Invalid value for batch_data.4.0.id: not hashed.",
        SegmentMapping,
        "refused 4 0.id",
    );
    check(
        40002,
        "batch_data.4.0.audience_ids: unknown audience",
        SegmentMapping,
        "misconfigured 0.audience_ids",
    );
    check(
        40002,
        "batch_data[4][0].audience_ids[0]: unknown audience",
        SegmentMapping,
        "misconfigured 0.audience_ids.0",
    );
    check(
        40002,
        "audience_ids do not belong to the advertiser",
        SegmentMapping,
        "misconfigured audience_ids",
    );
}

#[test]
fn unknown_codes_stop_refuse_or_are_sent_again_but_never_succeed() {
    let known = |code: &i64| crate::codes::find(*code).is_none();
    for code in (0..80_000)
        .step_by(7)
        .filter(known)
        .chain([-1, i64::MIN, i64::MAX, 20_002, 200])
    {
        let verdict = judge(200, &answer(code, "OK"), Asked::again(Endpoint::EventTrack));
        assert!(
            !matches!(verdict, Verdict::Accepted | Verdict::Partial { .. }),
            "{code}"
        );
        assert_eq!(verdict.cause().unwrap().code, Some(code));
    }
    check(
        40064,
        "data.3.event: not known",
        Endpoint::EventTrack,
        "refused 3 event",
    );
    check(
        40134,
        "rate limit of the pixel",
        Endpoint::EventTrack,
        "retry RateLimited",
    );
    check(
        40134,
        "not allowed",
        Endpoint::EventTrack,
        "unauthorized GrantMissing",
    );
    check(12, "what", Endpoint::EventTrack, "retry Unclear");
    assert_eq!(
        short(&judge(429, &answer(40134, "x"), Endpoint::EventTrack)),
        "retry RateLimited"
    );
}

#[test]
fn a_duplicate_is_taken_only_when_the_same_body_may_have_been() {
    let body = answer(40050, "Duplicated request");
    assert_eq!(
        judge(200, &body, Asked::again(Endpoint::EventTrack)),
        Verdict::Accepted
    );
    assert_eq!(
        short(&judge(200, &body, Asked::first(Endpoint::EventTrack))),
        "misconfigured"
    );
}

#[test]
fn without_a_code_the_status_decides() {
    for body in [
        "",
        "404 page not found",
        "<html>",
        "{",
        "{}",
        "[]",
        "null",
        "0",
        r#"{"code":"0"}"#,
        r#"{"code":0.5}"#,
        r#"{"code":null}"#,
        r#"{"code":0,"code":40002}"#,
        r#"{"code":0} trailing"#,
        r#"{"code":99999999999999999999}"#,
        "\u{1F}\u{8B}gzip",
    ] {
        for (status, want) in [
            (200, "retry Unclear"),
            (204, "retry Unclear"),
            (301, "misconfigured"),
            (302, "misconfigured"),
            (400, "misconfigured"),
            (401, "misconfigured"),
            (403, "misconfigured"),
            (404, "misconfigured"),
            (405, "misconfigured"),
            (408, "retry Unclear"),
            (413, "split"),
            (429, "retry RateLimited"),
            (500, "retry Unclear"),
            (502, "retry Unclear"),
            (503, "retry Unclear"),
            (504, "retry Unclear"),
            (100, "retry Unclear"),
            (600, "retry Unclear"),
        ] {
            assert_eq!(
                short(&judge(status, body.as_bytes(), Endpoint::EventTrack)),
                want,
                "HTTP {status} {body}"
            );
        }
    }
    let verdict = judge(404, b"404 page not found", Endpoint::EventTrack);
    assert_eq!(
        verdict.cause().unwrap().message.as_str(),
        "HTTP 404: 404 page not found"
    );
}

#[test]
fn message_and_data_may_be_of_any_type() {
    for body in [
        r#"{"code":0}"#,
        r#"{"code":0,"message":null,"request_id":7,"data":[1]}"#,
        r#"{"code":0,"message":{"a":1},"data":null,"new":1}"#,
    ] {
        assert_eq!(
            judge(200, body.as_bytes(), Endpoint::EventTrack),
            Verdict::Accepted,
            "{body}"
        );
    }
    let nested = format!(
        r#"{{"code":0,"data":{}{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    assert_eq!(
        short(&judge(200, nested.as_bytes(), Endpoint::EventTrack)),
        "retry Unclear"
    );
}

#[test]
fn details_of_a_partial_success_name_rows() {
    fn check(message: &str, data: &Value, want: &[usize]) {
        let body = json!({"code": 20001, "message": message, "data": data}).to_string();
        match judge(200, body.as_bytes(), Endpoint::EventTrack) {
            Verdict::Partial { rows, .. } => assert_eq!(rows, want),
            other => panic!("{other:?}"),
        }
    }
    check("Partial success", &json!({}), &[]);
    check("data.3.event: bad", &json!(null), &[3]);
    check(
        "",
        &json!({"failed": [{"index": 7, "message": "x"}, {"row": 2}]}),
        &[2, 7],
    );
    check(
        "",
        &json!({"errors": ["data.5.user.email: not hashed", "data.5.event: bad", "data.1.x"]}),
        &[1, 5],
    );
    check(
        "",
        &json!({"failed": [{"index": -1}, {"index": "3"}, {"index": 1.5}]}),
        &[],
    );
}

#[test]
fn messages_are_redacted_and_short() {
    let body = answer(
        40002,
        &format!(
            "data.3.user.email: alice@shop.example is not hashed {}",
            "x ".repeat(9999)
        ),
    );
    let Verdict::Refused { row: Some(3), cause } = judge(200, &body, Endpoint::EventTrack) else {
        panic!("refused")
    };
    assert!(
        cause.message.as_str().contains("[email] is not hashed"),
        "{}",
        cause.message
    );
    assert!(cause.message.as_str().chars().count() <= crate::redact::MAX_REDACTED_CHARS);
    assert_eq!(
        cause.meaning().unwrap().split(';').next(),
        Some("Parameter error")
    );
}

#[test]
fn what_may_have_been_taken_is_told_from_what_surely_was_not() {
    use RetryReason::{NotReady, NotSent, RateLimited, ServerFault, Unclear};
    assert!([ServerFault, Unclear].iter().all(|why| why.may_have_been_taken()));
    assert!(
        ![RateLimited, NotReady, NotSent]
            .iter()
            .any(|why| why.may_have_been_taken())
    );
}

proptest! {
    #[test]
    fn any_bytes_get_a_verdict(status in any::<u16>(), body in prop::collection::vec(any::<u8>(), 0..200)) {
        let verdict = judge(status, &body, Endpoint::EventTrack);
        prop_assert!(verdict != Verdict::Accepted);
    }

    #[test]
    fn any_message_gets_a_verdict_without_its_values(code in 40_000_i64..40_200, text in "\\PC{0,60}", local in "[a-z]{8,20}") {
        let body = answer(code, &format!("{text} {local}@shop.example"));
        let verdict = judge(200, &body, Endpoint::EventTrack);
        let shown = format!("{verdict:?}");
        prop_assert!(!shown.contains(&local) || text.contains(&local));
    }
}
