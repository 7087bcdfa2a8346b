use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::not_built::NOT_BUILT;
use super::super::read::{self, read_with};
use super::super::report::Report;
use super::super::samples::{BLOCKS, CRM, FILE_UPLOAD, FULL_AUDIENCE, FULL_WEB, OFFLINE, SEGMENT, WEB};
use super::super::scalar::{Plain, plain};
use super::super::yaml::{self, Node};
use super::super::{SpecErrors, SyncSpec};
use super::json::{json_schema, schema_with, visit};

const SAMPLES: [&str; 8] = [
    WEB,
    OFFLINE,
    CRM,
    SEGMENT,
    FILE_UPLOAD,
    FULL_WEB,
    FULL_AUDIENCE,
    BLOCKS,
];

fn built(spec: &Value) -> Result<SyncSpec, SpecErrors> {
    // JSON is YAML.
    let report = Report::new("spec.yaml");
    read_with(&report, "spec.yaml", &spec.to_string(), &[]).ok_or_else(|| report.into_errors())
}

fn as_json(node: &Node) -> Value {
    match &node.value {
        yaml::Value::Quoted(text) => text.as_str().into(),
        yaml::Value::Plain(text) => match plain(text) {
            Plain::Null => Value::Null,
            Plain::Boolean(value) => value.into(),
            Plain::Number => serde_json::from_str(text).unwrap(),
            Plain::Text => text.as_str().into(),
        },
        yaml::Value::List(nodes) => nodes.iter().map(as_json).collect(),
        yaml::Value::Map(entries) => entries
            .iter()
            .map(|(key, node)| (key.name.clone().unwrap(), as_json(node)))
            .collect(),
    }
}

fn sample(text: &str) -> Value {
    as_json(&yaml::parse(text).unwrap())
}

/// The samples' parts as one spec after the other, each property of the schema in one of them.
fn with_every_key() -> Vec<Value> {
    let mut specs: Vec<Value> = SAMPLES.into_iter().map(sample).collect();
    let mut upload = sample(FILE_UPLOAD);
    upload["audience"]["retention_days"] = json!(180);
    upload["audience"]["audience_enhancement"] = json!(true);
    specs.push(upload);
    specs
}

#[test]
fn reader_and_schema_know_the_same_keys() {
    let mut in_schema = BTreeSet::new();
    visit(&mut json_schema(), "", &mut |path, _| {
        in_schema.insert(path.to_owned());
    });
    let (mut taken, mut asked) = (BTreeSet::new(), BTreeSet::new());
    for spec in with_every_key() {
        let report = Report::new("spec.yaml");
        assert!(read_with(&report, "spec.yaml", &spec.to_string(), &[]).is_some());
        let keys = report.keys.into_inner();
        taken.extend(keys.taken);
        asked.extend(keys.asked);
    }
    assert_eq!(taken, asked, "a key that the reader takes and never looks at");
    assert_eq!(in_schema, taken);
    assert!(in_schema.contains("event[].name.map") && in_schema.len() > 60);
}

#[test]
fn the_documented_specs_validate_and_wrong_ones_do_not() {
    let schema = json_schema();
    for spec in with_every_key() {
        validate(&schema, &spec, "").unwrap();
    }
    let web = sample(WEB);
    for (pointer, value) in [
        ("/destination", json!(null)),
        ("/destination", json!("Acme Ltd")),
        ("/type", json!("web_event")),
        ("/zzz", json!(1)),
        ("/event/batch_size", json!(0)),
        ("/event/batch_size", json!(1001)),
        ("/event/batch_size", json!(1.5)),
        ("/event/max_age", json!("28")),
        ("/event/name", json!("Purchase")),
        ("/event/name", json!({"value": "Purchase", "from": "event"})),
        ("/event", json!([])),
        ("/model/path", json!("exports/")),
        ("/model/primary_key", json!([])),
        ("/model/run_on", json!({"marker": [1]})),
        ("/mappings/0/to", json!(1)),
        ("/hashing", json!(false)),
        ("/rejected_file", json!("yes")),
    ] {
        let mut spec = web.clone();
        set(&mut spec, pointer, value);
        assert!(validate(&schema, &spec, "").is_err(), "{pointer}");
        assert!(built(&spec).is_err(), "{pointer}: the reader takes it");
    }
    let mut spec = web;
    spec.as_object_mut().unwrap().remove("type");
    assert!(validate(&schema, &spec, "").is_err());
}

/// The spec that a property belongs to, and where it stands there.
fn home(path: &str) -> Option<(Value, String)> {
    if path.contains("[]") {
        return None;
    }
    let spec = match path {
        "audience.persons_per_call" => sample(SEGMENT),
        _ if path.starts_with("audience.") => sample(FILE_UPLOAD),
        _ => sample(WEB),
    };
    Some((spec, format!("/{}", path.replace('.', "/"))))
}

#[test]
fn defaults_are_the_readers_defaults() {
    let mut checked = 0;
    visit(&mut json_schema(), "", &mut |path, property| {
        let Some(default) = property.get("default") else {
            return;
        };
        let Some((mut spec, pointer)) = home(path) else {
            return;
        };
        let without = built(&spec).unwrap();
        set(&mut spec, &pointer, default.clone());
        assert_eq!(built(&spec).unwrap(), without, "{path}");
        checked += 1;
    });
    assert!(checked >= 20, "{checked}");
}

#[test]
fn ranges_are_the_readers_ranges() {
    let mut checked = 0;
    visit(&mut json_schema(), "", &mut |path, property| {
        let Some((spec, pointer)) = home(path) else { return };
        let takes = |number: &Value| {
            let mut spec = spec.clone();
            set(&mut spec, &pointer, number.clone());
            built(&spec).is_ok()
        };
        let bound = |key: &str| property.get(key).and_then(Value::as_f64);
        let whole = |number: f64| serde_json::from_str::<Value>(&format!("{number:.0}")).unwrap();
        if let Some(least) = bound("minimum") {
            assert!(takes(&whole(least)), "{path}: {least}");
            assert!(!takes(&whole(least - 1.0)), "{path}: {}", least - 1.0);
            checked += 1;
        }
        if let Some(most) = bound("maximum") {
            assert!(takes(&whole(most)), "{path}: {most}");
            assert!(!takes(&whole(most + 1.0)), "{path}: {}", most + 1.0);
            checked += 1;
        }
    });
    assert!(checked >= 12, "{checked}");
}

#[test]
fn words_are_the_readers_words() {
    fn words<T>(choices: &[(&str, T)]) -> BTreeSet<String> {
        choices.iter().map(|(word, _)| (*word).to_owned()).collect()
    }
    fn constants(schema: &Value, found: &mut BTreeSet<String>) {
        if let Some(Value::String(word)) = schema.get("const") {
            found.insert(word.clone());
        }
        for key in ["anyOf", "oneOf"] {
            for option in schema.get(key).and_then(Value::as_array).into_iter().flatten() {
                constants(option, found);
            }
        }
        if let Some(items) = schema.get("items") {
            constants(items, found);
        }
    }
    let schema = json_schema();
    for (pointer, expected) in [
        ("/type", words(read::TYPES)),
        ("/mode", words(read::MODES)),
        ("/model/properties/format", words(read::FORMATS)),
        ("/model/properties/run_on", words(read::RUN_ON)),
        ("/audience/properties/via", words(read::WAYS)),
        ("/hashing", words(read::HASHING)),
        ("/identity/properties/email_rule", words(read::EMAIL_RULES)),
        ("/identity/properties/phone_rule", words(read::PHONE_RULES)),
    ] {
        let mut found = BTreeSet::new();
        constants(
            schema.pointer(&format!("/properties{pointer}")).unwrap(),
            &mut found,
        );
        assert_eq!(found, expected, "{pointer}");
    }
}

#[test]
fn what_is_not_built_is_marked_and_nothing_else() {
    fn marks(schema: &Value) -> usize {
        match schema {
            Value::Object(object) => {
                usize::from(object.contains_key("x-not-built-yet"))
                    + object.values().map(marks).sum::<usize>()
            }
            Value::Array(values) => values.iter().map(marks).sum(),
            _ => 0,
        }
    }
    let schema = json_schema();
    assert_eq!(marks(&schema), NOT_BUILT.len());
    assert_eq!(marks(&schema_with(&[])), 0);
    for part in NOT_BUILT {
        let text = format!("Not built yet: {}.", part.feature);
        assert!(schema.to_string().contains(&text), "{text}");
    }
    assert_eq!(
        schema.pointer("/properties/alerts/x-not-built-yet"),
        Some(&json!(true))
    );
}

fn set(spec: &mut Value, pointer: &str, value: Value) {
    let mut place = spec;
    for key in pointer.split('/').skip(1) {
        place = match place {
            Value::Array(list) => &mut list[key.parse::<usize>().unwrap()],
            Value::Object(object) => object.entry(key).or_insert_with(|| json!({})),
            _ => panic!("{pointer}"),
        };
    }
    *place = value;
}

/// As much of JSON Schema as ours has. A keyword that it does not know fails the test.
fn validate(schema: &Value, value: &Value, path: &str) -> Result<(), String> {
    let wrong = |what: &str| Err(format!("{path}: {what}"));
    let Value::Object(schema) = schema else {
        return Ok(());
    };
    for (keyword, rule) in schema {
        let length = |text: &Value| text.as_array().map(Vec::len);
        match keyword.as_str() {
            "type" => {
                let fits = match rule.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "boolean" => value.is_boolean(),
                    "number" => value.is_number(),
                    "integer" => value.is_i64() || value.is_u64(),
                    other => panic!("type {other}"),
                };
                if !fits {
                    return wrong(&format!("is no {rule}"));
                }
            }
            "const" if rule != value => return wrong("is another word"),
            "enum" if !rule.as_array().unwrap().contains(value) => return wrong("is none of the words"),
            "minimum" if value.as_f64() < rule.as_f64() => return wrong("is too small"),
            "maximum" if value.as_f64() > rule.as_f64() => return wrong("is too large"),
            "minItems" if length(value).is_some_and(|length| length < 1) => return wrong("is empty"),
            "minProperties" if value.as_object().is_some_and(serde_json::Map::is_empty) => {
                return wrong("is empty");
            }
            "pattern" => {
                let text = value.as_str().unwrap_or_default();
                let slug = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
                let below = |folder: &str| text.strip_prefix(folder).is_some_and(|rest| !rest.is_empty());
                let fits = match rule.as_str().unwrap() {
                    "^[0-9]+[dhms]$" => text.ends_with(['d', 'h', 'm', 's']),
                    "^models/[^/]" => below("models/"),
                    "^identities/[^/]" => below("identities/"),
                    "^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$" => text.bytes().all(slug),
                    other => panic!("pattern {other}"),
                };
                if value.is_string() && !fits {
                    return wrong(&format!("does not match {rule}"));
                }
            }
            "required" => {
                for key in rule.as_array().unwrap() {
                    if value
                        .as_object()
                        .is_some_and(|object| !object.contains_key(key.as_str().unwrap()))
                    {
                        return wrong(&format!("lacks {key}"));
                    }
                }
            }
            "properties" => {
                for (key, below) in value.as_object().into_iter().flatten() {
                    if let Some(schema) = rule.get(key) {
                        validate(schema, below, &format!("{path}/{key}"))?;
                    }
                }
            }
            "additionalProperties" => {
                let known = schema.get("properties").and_then(Value::as_object);
                for (key, below) in value.as_object().into_iter().flatten() {
                    if known.is_some_and(|known| known.contains_key(key)) {
                        continue;
                    }
                    if rule == &json!(false) {
                        return wrong(&format!("has {key}"));
                    }
                    validate(rule, below, &format!("{path}/{key}"))?;
                }
            }
            "items" => {
                for (n, below) in value.as_array().into_iter().flatten().enumerate() {
                    validate(rule, below, &format!("{path}/{n}"))?;
                }
            }
            "anyOf" | "oneOf" => {
                let fitting = rule
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter(|rule| validate(rule, value, path).is_ok())
                    .count();
                if fitting == 0 || (keyword == "oneOf" && fitting > 1) {
                    return wrong(&format!("fits {fitting} of {}", rule.as_array().unwrap().len()));
                }
            }
            // Looked at above and found right, or without a say.
            "const" | "enum" | "minimum" | "maximum" | "minItems" | "minProperties" | "$schema" | "title"
            | "description" | "default" | "format" | "x-not-built-yet" => {}
            other => panic!("{path}: the keyword {other} is not checked"),
        }
    }
    Ok(())
}
