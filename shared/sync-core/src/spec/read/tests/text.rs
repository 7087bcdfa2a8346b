//! Texts that are no spec at all, and hostile ones.

use super::super::super::samples::{BLOCKS, FULL_AUDIENCE, FULL_WEB, WEB};
use super::super::read;
use proptest::prelude::*;

fn check(text: &str, expected: &str) {
    let errors = read("web.yaml", text).unwrap_err();
    assert_eq!(errors.to_string(), expected, "{text}");
}

#[test]
fn what_is_no_yaml_is_said_with_its_place() {
    check(
        "",
        "web.yaml:1:1: expected a sync spec, but the file is empty; `tideline init` writes one to start from",
    );
    check(
        "# only a comment\n",
        "web.yaml:1:1: expected a sync spec, but the file is empty; `tideline init` writes one to start from",
    );
    check(
        "---\n",
        "web.yaml:1:1: expected a sync spec, but the file is empty; `tideline init` writes one to start from",
    );
    check(
        "a spec\n",
        "web.yaml:1:1: expected the keys name, destination, type, mode, model, event, audience, mappings, hashing, identity, currencies, guards, match_booster, alerts, debugger, rejected_file, found text",
    );
    check(
        "- a\n- b\n",
        "web.yaml:1:1: expected the keys name, destination, type, mode, model, event, audience, mappings, hashing, identity, currencies, guards, match_booster, alerts, debugger, rejected_file, found a list",
    );
    check(
        &format!("{WEB}---\n{WEB}"),
        "web.yaml:12:1: expected one document in the file; give each sync a file of its own",
    );
    check(
        "type: [web_events\n",
        "web.yaml:1:1: expected YAML: while parsing a flow sequence, expected ',' or ']'",
    );
    check(
        "type: web_events\n\tmode: insert\n",
        "web.yaml:1:7: expected YAML: while scanning a plain scalar, found a tab; indent with blanks, YAML takes no tabs there",
    );
    check(
        "type: \"web_events\n",
        "web.yaml:1:7: expected YAML: while scanning a quoted scalar, found unexpected end of stream",
    );
    check(
        "type: web_events\n mode: insert\n",
        "web.yaml:2:6: expected YAML: mapping values are not allowed in this context",
    );
    check(
        "type: web\u{0}_events\n",
        "web.yaml:1:10: expected text, found the control character U+0000",
    );
    check(
        "type: web\u{1b}_events\n",
        "web.yaml:1:10: expected text, found the control character U+001B",
    );
    check(
        "type: !type web_events\n",
        "web.yaml:1:7: expected a value without a tag (`!…`)",
    );
    check(
        "model: !m {path: models/a/}\n",
        "web.yaml:1:8: expected a value without a tag (`!…`)",
    );
    check(
        "type: *unknown\n",
        "web.yaml:1:7: expected YAML: while parsing node, found unknown anchor",
    );
    check(
        "model: &m {path: *m}\n",
        "web.yaml:1:18: expected an alias of a value that is complete before it",
    );
    check(
        &"a: 1\n".repeat(60_000),
        "web.yaml:1:1: expected a spec of at most 256 KiB",
    );
    check(
        &format!("model: {}1{}", "[".repeat(20), "]".repeat(20)),
        "web.yaml:1:23: expected at most 16 levels of lists and keys",
    );
    check(
        &format!("model: {}", "[".repeat(100_000)),
        "web.yaml:1:263: expected YAML: recursion limit exceeded",
    );
    check(
        &format!("model: [{}]", "1,".repeat(30_000)),
        "web.yaml:1:40007: expected at most 20000 values in a spec",
    );
}

#[test]
fn aliases_cannot_grow_without_bound() {
    let mut text = "a: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for n in 1..9 {
        let of = format!("*a{},", n - 1).repeat(10);
        text.extend([format!("b{n}: &a{n} [{of}]\n")]);
    }
    check(&text, "web.yaml:5:10: expected at most 20000 values in a spec");
}

#[test]
fn a_byte_order_mark_and_other_line_ends_change_nothing() {
    let plain = read("web.yaml", WEB).unwrap();
    assert_eq!(read("web.yaml", &format!("\u{feff}{WEB}")).unwrap(), plain);
    assert_eq!(read("web.yaml", &WEB.replace('\n', "\r\n")).unwrap(), plain);
    assert_eq!(read("web.yaml", &format!("---\n{WEB}...\n")).unwrap(), plain);
    let json = serde_json::json!({
        "destination": "acme", "type": "web_events", "model": {"path": "models/web/", "primary_key": "id"},
        "event": {"pixel_code": "C4A1EXAMPLEPIXEL0001", "name": {"value": "Purchase"}},
        "mappings": [{"from": "at", "to": "event_time"}, {"from": "email", "to": "user.email"}]
    });
    assert_eq!(read("web.yaml", &json.to_string()).unwrap(), plain);
}

#[test]
fn the_file_names_the_sync() {
    for (file, name) in [
        ("web.yaml", Ok("web")),
        ("specs/a-1.yml", Ok("a-1")),
        ("C:\\specs\\b.yaml", Ok("b")),
        ("syncs/c", Ok("c")),
        (
            "Web Purchases.yaml",
            Err(
                "Web Purchases.yaml:1:1: name: expected a name made of lower-case letters, digits and dashes only; the name of the file is none, so add the key name",
            ),
        ),
        (
            "",
            Err(
                ":1:1: name: expected a name of 1 to 64 lower-case letters, digits and dashes; the name of the file is none, so add the key name",
            ),
        ),
    ] {
        let read = read(file, WEB)
            .map(|read| read.spec.name.as_str().to_owned())
            .map_err(|errors| errors.to_string());
        assert_eq!(read.as_deref().map_err(String::as_str), name);
    }
}

/// Each error stands in the file, and says something.
fn well_placed(text: &str) {
    if let Err(errors) = read("any.yaml", text) {
        assert!(!errors.errors.is_empty());
        let lines = text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).count();
        for error in errors.errors.iter().chain(&errors.warnings) {
            assert!(
                (1..=lines).contains(&error.line),
                "line {} of {lines}: {error}",
                error.line
            );
            assert!(error.column >= 1 && !error.message.is_empty());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_text_gets_an_answer(text in "\\PC*") {
        well_placed(&text);
    }

    #[test]
    fn any_yaml_like_text_gets_an_answer(text in "([a-z_]{1,9}: ?|[-?:,\\[\\]{}&*!|>'\"%@`#~ \t\r\n]|[0-9]{1,3}|<<|---\n|\\.\\.\\.\n|true|null|é|\u{feff}){0,60}") {
        well_placed(&text);
    }

    #[test]
    fn a_damaged_spec_gets_an_answer(
        sample in prop::sample::select(vec![WEB, FULL_WEB, FULL_AUDIENCE, BLOCKS]),
        from in any::<prop::sample::Index>(),
        length in 0usize..40,
        new in prop::sample::select(vec!["", " ", "\n", "\t", ":", "- ", "[", "{", "}", "\"", "null", "-1", "1e9", "é", "&a", "*a", "|", "\n\n  x: 1\n"]),
    ) {
        let chars: Vec<char> = sample.chars().collect();
        let from = from.index(chars.len());
        let until = (from + length).min(chars.len());
        let text: String = chars[..from].iter().copied().chain(new.chars()).chain(chars[until..].iter().copied()).collect();
        well_placed(&text);
    }
}
