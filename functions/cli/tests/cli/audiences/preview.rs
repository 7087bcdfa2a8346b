//! `preview`, value by value.

use serde_json::{Value, json};

use super::{ADVERTISER, ALICE, DEVICE, JANE, PHONE, counts, persons, preview, requests, rows, spec};
use crate::support::{Folder, sha256};

fn folder(spec: String, csv: &str) -> Folder {
    let folder = Folder::new();
    folder.write("vip.yaml", spec);
    folder.write("a.csv", csv);
    folder
}

#[test]
fn an_audience_by_name_is_made_and_then_filled() {
    let folder = folder(
        spec(
            "mirror",
            &["email", "phone"],
            "name: VIP buyers, via: segment",
            "",
        ),
        "id,email,phone\n1, ALICE_abc@gmail.com ,(+1)2133734253\n2,JaneDoe@gmail.com,12\n3,no address,\n1,x@y.example,\n4,,\n",
    );
    let ran = preview(&folder);
    let place = |hash: &str| json!({"id": hash, "audience_ids": ["NEW"]});
    let expected = json!({
        "requests": [
            {"method": "POST", "path": "/open_api/v1.3/segment/audience/", "body":
                {"advertiser_id": ADVERTISER, "action": "create", "custom_audience_name": "VIP buyers"}},
            {"method": "POST", "path": "/open_api/v1.3/segment/mapping/", "body":
                {"advertiser_ids": [ADVERTISER], "action": "add", "id_schema": ["EMAIL_SHA256", "PHONE_SHA256"],
                 "batch_data": [[place(ALICE), place(PHONE)], [place(JANE), {}]]}},
        ],
        "rejected": [
            {"record": 3, "line": 4, "primary_key": "3", "field": "email", "column": "email", "code": "invalid_email",
             "message": "This is no email address: it has no @"},
            {"record": 4, "line": 5, "primary_key": "1", "field": null, "column": null, "code": "duplicate_primary_key",
             "message": "an earlier row of this export has the same primary key; the first one counts"},
            {"record": 5, "line": 6, "primary_key": "4", "field": null, "column": null, "code": "no_identifier",
             "message": "The row has no identifier; a person of an audience needs one of the mapped ones (email, phone)"},
        ],
        "warnings": [
            {"record": 2, "line": 3, "primary_key": "2", "field": "phone", "column": "phone", "code": "invalid_phone",
             "message": ran.json()["warnings"][0]["message"]},
        ],
        "counts": counts(2, 3),
    });
    assert_eq!(ran.json(), expected);
    assert_eq!((ran.code, ran.err.as_str()), (3, ""));
}

#[test]
fn places_follow_the_id_types_whatever_the_order_of_the_mappings() {
    let folder = folder(
        spec(
            "add",
            &["gaid", "idfa", "phone", "email"],
            "id: \"160000001\", via: segment",
            "",
        ),
        "id,gaid,idfa,phone,email\n1,5F3A2B18-9C4D-4E7F-B8E2-17D3A1E69B25,,,\n2,,5F3A2B18-9C4D-4E7F-B8E2-17D3A1E69B25,,\n3,,,,alice_abc@gmail.com\n4,,,+12133734253,\n",
    );
    let ran = preview(&folder);
    let requests = requests(&ran.json());
    assert_eq!(
        (ran.code, requests.len()),
        (0, 1),
        "an audience by id is not made: {requests:?}"
    );
    let (path, body) = &requests[0];
    assert_eq!(path, "/segment/mapping/");
    let schema = json!(["EMAIL_SHA256", "PHONE_SHA256", "IDFA_SHA256", "AAID_SHA256"]);
    assert_eq!(body["id_schema"], schema);
    let expected = [
        ["", "", "", DEVICE],
        ["", "", DEVICE, ""],
        [ALICE, "", "", ""],
        ["", PHONE, "", ""],
    ];
    assert_eq!(persons(body), expected);
    assert_eq!(body["batch_data"][0][3]["audience_ids"], json!(["160000001"]));
}

#[test]
fn lists_pair_by_position_and_what_is_left_over_goes_alone() {
    let folder = folder(
        spec("add", &["email", "phone"], "name: VIP, via: segment", ""),
        "id,email,phone\n1,\"[\"\"alice_abc@gmail.com\"\", null, \"\"janedoe@gmail.com\"\"]\",\"[\"\"+49301234567\"\", \"\"+12133734253\"\"]\"\n",
    );
    let first = sha256("+49301234567");
    let expected = [[ALICE, &first], ["", PHONE], [JANE, ""]];
    assert_eq!(persons(&requests(&preview(&folder).json())[1].1), expected);
}

#[test]
fn each_form_of_a_rule_is_a_further_person() {
    let csv = "id,email,phone\n1,Jane.Doe+News@Gmail.com,(+1)2133734253\n2,alice_abc@gmail.com,\n";
    let of = |rules: &str| {
        let spec = spec("add", &["email", "phone"], "name: VIP, via: segment", rules);
        persons(&requests(&preview(&folder(spec, csv)).json())[1].1)
    };
    let (plain, no_plus) = (sha256("jane.doe+news@gmail.com"), sha256("jane.doe@gmail.com"));
    let digits = sha256("12133734253");
    // A form that equals an earlier one does not go again.
    let alice = [ALICE, ""];
    assert_eq!(of(""), [[&plain, PHONE], alice]);
    let one = "identity: {email_rule: no_plus_no_dots, phone_rule: digits}";
    assert_eq!(of(one), [[JANE, &digits], alice]);
    let all = "identity: {email_rule: [plain, no_plus, no_plus_no_dots], phone_rule: [with_plus, digits]}";
    assert_eq!(of(all), [[&plain, PHONE], [&no_plus, &digits], [JANE, ""], alice]);
}

#[test]
fn calls_are_cut_by_persons_and_equal_persons_go_once_a_call() {
    let folder = folder(
        spec(
            "add",
            &["email"],
            "name: VIP, via: segment, persons_per_call: 3",
            "",
        ),
        "id,email\n1,alice_abc@gmail.com\n2,alice_abc@gmail.com\n3,janedoe@gmail.com\n4,alice_abc@gmail.com\n",
    );
    let shown = preview(&folder).json();
    let calls: Vec<_> = requests(&shown)
        .iter()
        .skip(1)
        .map(|(_, body)| persons(body))
        .collect();
    // The twin counts where calls are cut, and is not sent.
    assert_eq!(calls, [vec![[ALICE], [JANE]], vec![[ALICE]]]);
    assert_eq!(shown["counts"], counts(4, 0));
}

#[test]
fn calls_end_where_the_batch_files_of_a_run_end() {
    let folder = folder(
        spec(
            "add",
            &["email"],
            "name: VIP, via: segment, persons_per_call: 9000",
            "",
        ),
        &rows(0..20_002),
    );
    let sizes: Vec<usize> = requests(&preview(&folder).json())
        .iter()
        .skip(1)
        .map(|(_, body)| persons(body).len())
        .collect();
    assert_eq!(sizes, [9_000, 9_000, 2_000, 2]);
}

fn file(name: &str, md5: &str, sha256: &str, bytes: u64) -> Value {
    json!({"name": name, "md5": md5, "sha256": sha256, "bytes": bytes, "lines": 2})
}

// Digests of the files below, made with md5sum and sha256sum.
const ONE_MD5: &str = "591bd60595c188ad04fdf05635a579ef";
const ONE_SHA: &str = "9fd697d7863534a26a7bdd9ec4f0782cb7e9af671322dcc13ad411894940b80b";
const TWO_MD5: &str = "a1814e3ebfba979f52454db70905b799";
const TWO_SHA: &str = "024e86a0fd22f69e574e46da8fd59ed5437d06da1dbabb2c34e00ce3ce3ff5f7";

#[test]
fn a_file_of_one_id_type_is_uploaded_and_makes_the_audience() {
    let audience = "name: VIP buyers, via: file_upload, retention_days: 180, audience_enhancement: true";
    let folder = folder(
        spec("all", &["email"], audience, ""),
        "id,email\n1, ALICE_abc@gmail.com \n2,janedoe@gmail.com\n3,\n",
    );
    let ran = preview(&folder);
    let expected = [
        (
            "/dmp/custom_audience/file/upload/".to_owned(),
            json!({"advertiser_id": ADVERTISER, "calculate_type": "EMAIL_SHA256", "file_signature": ONE_MD5,
                   "file_name": "vip-RUN-0-0.csv", "file": file("vip-RUN-0-0.csv", ONE_MD5, ONE_SHA, 130)}),
        ),
        (
            "/dmp/custom_audience/create/".to_owned(),
            json!({"advertiser_id": ADVERTISER, "custom_audience_name": "VIP buyers", "calculate_type": "EMAIL_SHA256",
                   "file_paths": ["PATH-1"], "audience_enhancement": true, "retention_in_days": 180}),
        ),
    ];
    assert_eq!(requests(&ran.json()), expected);
    assert_eq!((ran.code, &ran.json()["counts"]), (3, &counts(2, 1)));
}

#[test]
fn a_file_of_several_id_types_replaces_what_is_in_an_audience() {
    let folder = folder(
        spec("all", &["gaid", "email"], "id: \"7\", via: file_upload", ""),
        "id,email,gaid\n1,alice_abc@gmail.com,5F3A2B18-9C4D-4E7F-B8E2-17D3A1E69B25\n2,janedoe@gmail.com,\n",
    );
    let ran = preview(&folder);
    let expected = [
        (
            "/dmp/custom_audience/file/upload/".to_owned(),
            json!({"advertiser_id": ADVERTISER, "calculate_type": "MULTIPLE_TYPES", "file_signature": TWO_MD5,
                   "file_name": "vip-RUN-0-0.csv", "file": file("vip-RUN-0-0.csv", TWO_MD5, TWO_SHA, 221)}),
        ),
        (
            "/dmp/custom_audience/update/".to_owned(),
            json!({"advertiser_id": ADVERTISER, "custom_audience_id": "7", "action": "REPLACE",
                   "file_paths": ["PATH-1"], "audience_enhancement": false}),
        ),
    ];
    assert_eq!(requests(&ran.json()), expected);
    assert_eq!(ran.code, 0);
}

#[test]
fn without_a_person_no_file_is_uploaded() {
    let folder = folder(
        spec("all", &["email"], "name: VIP, via: file_upload", ""),
        "id,email\n1,\n",
    );
    let ran = preview(&folder);
    assert_eq!((ran.code, requests(&ran.json()).len()), (3, 0), "{ran:?}");
}

#[test]
fn people_see_the_calls_and_a_sum_and_no_raw_identity() {
    let folder = folder(
        spec("add", &["email"], "name: VIP, via: segment", ""),
        "id,email\n1,alice_abc@gmail.com\n2,bad\n",
    );
    let ran = folder.run(&["preview", "vip.yaml", "a.csv"]);
    let start = "POST /open_api/v1.3/segment/audience/\n{\n  \"advertiser_id\": \"7100000000000000001\",\n";
    assert!(ran.out.contains(start), "{}", ran.out);
    assert!(
        ran.out.contains("\n\nPOST /open_api/v1.3/segment/mapping/\n{\n"),
        "{}",
        ran.out
    );
    let sum = "2 rows = 1 passes + 1 rejected; 2 API calls\n  Rejected: invalid_email 1\n";
    assert!(ran.out.starts_with(sum), "{}", ran.out);
    assert!(!ran.out.contains("alice"), "{}", ran.out);
    assert_eq!(ran.code, 3);
}

#[test]
fn a_limit_ends_the_look() {
    let folder = folder(
        spec("add", &["email"], "name: VIP, via: segment", ""),
        "id,email\n1,alice_abc@gmail.com\n2,janedoe@gmail.com\n",
    );
    let ran = folder.run(&["preview", "vip.yaml", "a.csv", "--limit", "1", "--output", "json"]);
    assert_eq!(persons(&requests(&ran.json())[1].1), [[ALICE]]);
    assert_eq!(ran.json()["counts"], counts(1, 0));
}
