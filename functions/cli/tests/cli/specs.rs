//! `validate`, `schema`, `completions` and wrong usage.

use serde_json::json;

use crate::support::{Folder, web_spec};

#[test]
fn all_errors_of_all_files_come_in_one_pass_with_their_places() {
    let folder = Folder::new();
    folder.write("good.yaml", web_spec(""));
    folder.write(
        "bad.yaml",
        "name: X\ntype: web_event\nmodel: {path: exports, primary_key: []}\n",
    );
    let ran = folder.run(&["validate", "bad.yaml", "good.yaml", "gone.yaml"]);
    assert_eq!(ran.code, 2);
    let expected = "\
bad.yaml:1:1: destination: expected the name of the connection that `tideline connect` made, but the key is missing
bad.yaml:1:1: mappings: expected a list of mappings such as {from: email, to: user.email}, but the key is missing
bad.yaml:1:7: name: expected a name made of lower-case letters, digits and dashes only
bad.yaml:2:7: type: expected one of web_events, offline_events, crm_events, custom_audience; did you mean web_events?
bad.yaml:3:15: model.path: expected a folder of exports, models/<model>/; did you mean models/exports/?
bad.yaml:3:37: model.primary_key: expected at least one column
good.yaml: valid, the sync good
gone.yaml:1:1: expected a file: No such file or directory (os error 2)
";
    assert_eq!(ran.out, expected);
    assert_eq!(ran.err, "");
}

#[test]
fn validate_answers_programs_with_one_object() {
    let folder = Folder::new();
    folder.write("good.yaml", web_spec(""));
    folder.write("bad.yaml", web_spec("hashing: maybe\n"));
    let ran = folder.run(&["validate", "good.yaml", "--output", "json"]);
    let good = json!({"file": "good.yaml", "name": "good", "valid": true, "errors": [], "warnings": []});
    assert_eq!(
        (ran.code, ran.json()),
        (0, json!({"valid": true, "specs": [good]}))
    );
    let ran = folder.run(&["validate", "good.yaml", "bad.yaml", "--output", "json"]);
    let error = json!({
        "file": "bad.yaml", "line": 18, "column": 10, "path": "hashing",
        "message": "expected auto or already_hashed",
    });
    let bad = json!({"file": "bad.yaml", "name": null, "valid": false, "errors": [error], "warnings": []});
    assert_eq!(
        (ran.code, ran.json()),
        (2, json!({"valid": false, "specs": [good, bad]}))
    );
}

#[test]
fn warnings_are_told_and_leave_the_spec_valid() {
    let folder = Folder::new();
    let spec = web_spec("").replace("batch_size: 2", "test_event_code: TEST1");
    folder.write("web.yaml", spec);
    let ran = folder.run(&["validate", "web.yaml"]);
    let expected = "web.yaml:9:20: event.test_event_code: warning: these events go to TikTok's test page only and count for nothing; take the key out to go live\nweb.yaml: valid, the sync web\n";
    assert_eq!((ran.code, ran.out.as_str()), (0, expected));
}

#[test]
fn a_command_with_an_invalid_spec_prints_it_as_validate_does() {
    let folder = Folder::new();
    folder.write("bad.yaml", web_spec("hashing: maybe\n"));
    folder.write("a.csv", "id\n");
    for command in ["preview", "run", "ingest", "deliver"] {
        let ran = folder.run(&[command, "bad.yaml", "a.csv"]);
        let expected = "bad.yaml:18:10: hashing: expected auto or already_hashed\n";
        assert_eq!(
            (ran.code, ran.out.as_str(), ran.err.as_str()),
            (2, "", expected),
            "{command}"
        );
    }
}

#[test]
fn the_schema_is_the_one_of_the_specs() {
    let folder = Folder::new();
    let ran = folder.run(&["schema"]);
    assert_eq!((ran.code, ran.json()), (0, sync_core::spec::json_schema()));
}

#[test]
fn each_shell_gets_a_script_that_knows_the_commands() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = folder.run(&["completions", shell]);
        assert_eq!(ran.code, 0, "{shell}");
        for command in ["validate", "preview", "ignore-guards"] {
            assert!(ran.out.contains(command), "{shell}: {command}");
        }
    }
}

#[test]
fn wrong_usage_ends_with_two() {
    let folder = Folder::new();
    folder.write("web.yaml", web_spec(""));
    folder.write("a.csv", "id\n");
    for (arguments, said) in [
        (&["validate"][..], "required arguments were not provided"),
        (&["no-such-command"], "unrecognized subcommand"),
        (
            &["preview", "web.yaml", "gone.csv"],
            "error: gone.csv: the file cannot be read: No such file or directory",
        ),
        (
            &["preview", "web.yaml", "."],
            "error: .: expected a file, found a folder",
        ),
        (
            &["preview", "web.yaml", "a.csv", "--limit", "0"],
            "invalid value '0'",
        ),
        (
            &["run", "web.yaml", "gone.csv"],
            "error: gone.csv: the file cannot be read",
        ),
        (
            &["run", "web.yaml", "a.csv", "--store", "s3://bucket"],
            "error: --store: expected a folder",
        ),
        (
            &["run", "web.yaml", "a.csv", "--endpoint", "https://tiktok.example"],
            "does not begin with http://",
        ),
        (
            &["run", "web.yaml", "a.csv", "--endpoint", "http://tiktok.example"],
            "not on this machine",
        ),
        (&["demo", "--rows", "0"], "invalid value '0'"),
        (
            &["demo", "--keep", "."],
            "error: --keep: expected a new or empty folder",
        ),
    ] {
        let ran = folder.run(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {ran:?}");
        assert!(ran.err.contains(said), "{arguments:?}: {ran:?}");
        assert_eq!(ran.out, "", "{arguments:?}");
    }
}
