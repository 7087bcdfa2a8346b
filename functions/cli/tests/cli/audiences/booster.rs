//! Match Booster: identity files of this machine, in previews and in runs.

use serde_json::{Value, json};

use super::{
    ALICE, DEVICE, JANE, PHONE, TOKEN, ask, emails, held, lines, persons, preview, requests, say, spec,
};
use crate::support::{Folder, Stand, sha256};

/// A folder whose spec joins `identities` to the rows of two people, of whom the second has nothing of its own.
fn folder(identities: &str, add: &str) -> Folder {
    let folder = Folder::new();
    let more = format!("match_booster: {{identities: {identities}, on: {{id: customer}}, add: {add}}}");
    folder.write(
        "vip.yaml",
        spec("mirror", &["email"], "name: VIP, via: segment", &more),
    );
    folder.write("a.csv", "id,email\n1,alice_abc@gmail.com\n2,\n");
    folder
}

fn write(folder: &Folder, path: &str, content: &str) {
    std::fs::create_dir_all(folder.path().join(path).parent().unwrap()).unwrap();
    folder.write(path, content);
}

const ADD_ALL: &str = "[{from: mail, to: email}, {from: phone, to: phone}, {from: gaid, to: gaid}]";

#[test]
fn identities_are_joined_in_the_preview_too() {
    let folder = folder("identities/x/", ADD_ALL);
    write(
        &folder,
        "identities/x/people.csv",
        "customer,mail,phone,gaid\n2,JaneDoe@gmail.com,(+1)2133734253,\n3,other@x.example,,\n",
    );
    write(
        &folder,
        "identities/x/more/devices.jsonl",
        "{\"customer\": 1, \"gaid\": \"5F3A2B18-9C4D-4E7F-B8E2-17D3A1E69B25\"}\n{\"customer\": \"2\", \"mail\": [\"alice_abc@gmail.com\"]}\n",
    );
    let ran = preview(&folder);
    let (_, body) = &requests(&ran.json())[1];
    let schema = json!(["EMAIL_SHA256", "PHONE_SHA256", "AAID_SHA256"]);
    assert_eq!(body["id_schema"], schema);
    let mut found = persons(body);
    assert_eq!(found.remove(0), [ALICE, "", DEVICE]);
    // Lists of one kind are in no order that the spec asks for.
    let mut emails: Vec<_> = found.iter().map(|person| person[0].as_str()).collect();
    emails.sort_unstable();
    assert_eq!(emails, [ALICE, JANE]);
    assert_eq!(found[0][1], PHONE);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}

#[test]
fn the_spec_s_folder_comes_first_then_the_present_one_then_the_store() {
    let folder = folder("identities/p.csv", "[{from: mail, to: email}]");
    std::fs::create_dir(folder.path().join("syncs")).unwrap();
    folder.write("syncs/vip.yaml", folder.read("vip.yaml"));
    folder.write("a.csv", "id,email\n2,\n");
    let shown = || {
        let ran = folder.run(&["preview", "syncs/vip.yaml", "a.csv", "--output", "json"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        persons(&requests(&ran.json())[1].1)
    };
    let missing = folder.run(&["preview", "syncs/vip.yaml", "a.csv"]);
    assert_eq!((missing.code, missing.out.as_str()), (1, ""));
    let places = "syncs/identities/p.csv, identities/p.csv, .tideline/identities/p.csv";
    assert!(missing.err.contains(places), "{}", missing.err);
    for (place, mail) in [(".tideline/", "store"), ("", "here"), ("syncs/", "beside")] {
        let mail = format!("{mail}@x.example");
        write(
            &folder,
            &format!("{place}identities/p.csv"),
            &format!("customer,mail\n2,{mail}\n"),
        );
        assert_eq!(shown(), [[sha256(&mail)]], "{place}");
    }
}

#[test]
fn an_identity_file_without_its_columns_is_an_error_that_names_them() {
    let folder = folder("identities/p.csv", "[{from: mail, to: email}]");
    write(&folder, "identities/p.csv", "id,email\n2,x@y.example\n");
    let ran = folder.run(&["preview", "vip.yaml", "a.csv"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.err.contains("match_booster: identities/p.csv: ")
            && ran.err.contains("The identity file lacks columns")
            && ran.err.contains("`mail`")
            && ran.err.contains("`customer`"),
        "{}",
        ran.err
    );
}

#[test]
fn a_damaged_parquet_file_is_told() {
    let folder = folder("identities/p.parquet", "[{from: mail, to: email}]");
    write(&folder, "identities/p.parquet", "PAR1 and nothing that follows");
    let ran = folder.run(&["preview", "vip.yaml", "a.csv"]);
    assert_eq!(ran.code, 1);
    let told = "match_booster: identities/p.parquet: ";
    assert!(
        ran.err.contains(told) && ran.err.contains("Parquet"),
        "{}",
        ran.err
    );
}

#[test]
fn a_run_sends_what_the_preview_shows_and_tells_what_was_gained() {
    let folder = folder("identities/p.csv", ADD_ALL);
    write(
        &folder,
        "identities/p.csv",
        "customer,mail,phone,gaid\n2,JaneDoe@gmail.com,,\n1,,(+1)2133734253,no device\n",
    );
    let stand = Stand::start();
    let shown = requests(&preview(&folder).json());
    let ran = ask(&folder, &stand, &["run", "vip.yaml", "a.csv"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let audience = json!({"EMAIL_SHA256": [ALICE, JANE], "PHONE_SHA256": [PHONE]});
    assert_eq!(json!(held(&stand)), audience);
    let mut sent = persons(&shown[1].1).concat();
    sent.retain(|hash| !hash.is_empty());
    assert_eq!(sent, [ALICE, PHONE, JANE]);
    assert_eq!(
        stand.state().calls_to("/segment/mapping/"),
        shown.len() as u64 - 1
    );
    let booster = &ran.json()["counts"]["booster"];
    assert_eq!(
        (
            &booster["rows"],
            &booster["found"],
            &booster["gained"],
            &booster["left_out"]
        ),
        (&json!(2), &json!(2), &json!(2), &json!(1))
    );
    let percent = json!({"email": {"before": 50.0, "after": 100.0}, "phone": {"before": 0.0, "after": 50.0}});
    assert_eq!(ran.json()["booster_percent"], percent);
    // Said to a person, of the same rows in another folder.
    let other = ["run", "vip.yaml", "a.csv", "--store", "other"];
    let said = say(&folder, &stand, &other);
    for line in [
        "\n  Match Booster: 2 rows looked up, 2 found, 2 gained an identifier\n",
        "\n    email: 50.0 % of the rows before, 100.0 % after; 1 identifier added\n",
        "\n    phone: 0.0 % of the rows before, 50.0 % after; 1 identifier added\n",
        "\n    1 value of the identity files left out: ",
    ] {
        assert!(said.out.contains(line), "{line} in {}", said.out);
    }
    stand.stop();
}

#[test]
fn changed_identities_are_brought_in_and_the_same_export_goes_again() {
    let folder = folder("identities/x/", "[{from: mail, to: email}]");
    write(&folder, "identities/x/1.csv", "customer,mail\n2,one@x.example\n");
    let stand = Stand::start();
    let run = || ask(&folder, &stand, &["run", "vip.yaml", "a.csv"]).json();
    assert_eq!(run()["already"], json!(false));
    assert_eq!(run()["already"], json!(true), "nothing has changed");
    // Another file in the place of the first one: what the first one said is gone.
    std::fs::remove_file(folder.path().join("identities/x/1.csv")).unwrap();
    write(&folder, "identities/x/2.csv", "customer,mail\n2,two@x.example\n");
    let again = run();
    assert_eq!(
        (&again["already"], &again["status"]),
        (&json!(false), &json!("completed"))
    );
    assert_eq!(
        (&again["counts"]["unchanged"], &again["counts"]["changed"]),
        (&json!(1), &json!(1))
    );
    let two = sha256("two@x.example");
    assert_eq!(held(&stand), emails(&[ALICE.to_owned(), two.clone()]));
    assert!(!folder.path().join(".tideline/identities/x/1.csv").exists());
    // Without files beside the spec those of the store count.
    std::fs::remove_dir_all(folder.path().join("identities")).unwrap();
    assert_eq!(run()["already"], json!(true));
    folder.write("a.csv", "id,email\n2,\n");
    assert_eq!(run()["status"], json!("completed"));
    assert_eq!(held(&stand), emails(&[two]));
    stand.stop();
}

#[test]
fn without_identity_files_nothing_is_begun() {
    let folder = folder("identities/p.csv", "[{from: mail, to: email}]");
    let stand = Stand::start();
    let ran = say(&folder, &stand, &["run", "vip.yaml", "a.csv"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    let told = "match_booster: there is no file identities/p.csv; these places were looked at: identities/p.csv, .tideline/identities/p.csv; put the identity file beside the spec";
    assert!(ran.err.contains(told), "{}", ran.err);
    assert_eq!(json!(stand.state().calls()), json!({}));
    write(&folder, "identities/p.csv", "customer,mail\n2,two@x.example\n");
    assert_eq!(say(&folder, &stand, &["run", "vip.yaml", "a.csv"]).code, 0);
    stand.stop();
}

#[test]
fn the_second_half_of_a_run_takes_what_the_first_one_brought_in() {
    let folder = folder("identities/p.csv", "[{from: mail, to: email}]");
    write(&folder, "identities/p.csv", "customer,mail\n2,two@x.example\n");
    let stand = Stand::start();
    let half = ask(&folder, &stand, &["ingest", "vip.yaml", "a.csv"]);
    assert_eq!(half.code, 0, "{half:?}");
    write(&folder, "identities/p.csv", "customer,mail\n2,three@x.example\n");
    let rest = ask(&folder, &stand, &["deliver", "vip.yaml", "a.csv"]);
    assert_eq!(
        (rest.code, &rest.json()["run"]),
        (0, &half.json()["run"]),
        "{rest:?}"
    );
    assert_eq!(held(&stand), emails(&[ALICE.to_owned(), sha256("two@x.example")]));
    let listed: Vec<Value> = lines(&folder.run_with(&["runs", "--output", "json"], TOKEN));
    assert_eq!(listed.len(), 1);
    stand.stop();
}
