//! From the types to the schema that editors read.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::super::not_built::{NOT_BUILT, NotBuilt};
use super::file::Spec;

/// The JSON Schema (draft 7, which editors know best) of a sync spec. Parts whose feature is not built yet have
/// `"x-not-built-yet": true` and say so in their description.
pub fn json_schema() -> Value {
    schema_with(NOT_BUILT)
}

pub(super) fn schema_with(not_built: &[NotBuilt]) -> Value {
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings
        .into_generator()
        .into_root_schema_for::<Spec>()
        .to_value();
    without_null(&mut schema);
    visit(&mut schema, "", &mut |path, property| {
        for part in not_built.iter().filter(|part| part.path == path) {
            match part.value {
                None => mark(property, part),
                Some(value) => mark_value(property, part, value),
            }
        }
    });
    schema
}

/// An absent key is absent: the reader takes no `null`, so the schema offers none.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|kind| kind != "null");
                if let [kind] = types.as_slice() {
                    let kind = kind.clone();
                    object.insert("type".to_owned(), kind);
                }
            }
            if let Some(Value::Array(options)) = object.get_mut("enum") {
                options.retain(|option| !option.is_null());
            }
            for key in ["anyOf", "oneOf"] {
                let Some(Value::Array(options)) = object.get_mut(key) else {
                    continue;
                };
                options.retain(|option| option.get("type").is_none_or(|kind| kind != "null"));
                if let [Value::Object(only)] = options.as_slice() {
                    let only = only.clone();
                    object.remove(key);
                    for (key, value) in only {
                        object.entry(key).or_insert(value);
                    }
                }
            }
            object.values_mut().for_each(without_null);
        }
        Value::Array(values) => values.iter_mut().for_each(without_null),
        _ => {}
    }
}

/// Calls for each property with its path, `[]` for the elements of a list.
pub(super) fn visit(schema: &mut Value, path: &str, property: &mut dyn FnMut(&str, &mut Value)) {
    let Value::Object(object) = schema else { return };
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        for (key, below) in properties {
            let path = if path.is_empty() {
                key.clone()
            } else {
                format!("{path}.{key}")
            };
            property(&path, below);
            visit(below, &path, property);
        }
    }
    if let Some(items) = object.get_mut("items") {
        visit(items, &format!("{path}[]"), property);
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(Value::Array(options)) = object.get_mut(key) {
            for option in options {
                visit(option, path, property);
            }
        }
    }
}

fn mark(schema: &mut Value, part: &NotBuilt) {
    let Value::Object(object) = schema else { return };
    object.insert("x-not-built-yet".to_owned(), true.into());
    let text = object
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let text = format!("{text} Not built yet: {}.", part.feature);
    object.insert("description".to_owned(), text.trim_start().into());
}

fn mark_value(schema: &mut Value, part: &NotBuilt, value: &str) {
    let is_boolean = schema.get("type").is_some_and(|kind| kind == "boolean");
    if is_boolean || schema.get("const").is_some_and(|constant| constant == value) {
        return mark(schema, part);
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(Value::Array(options)) = schema.get_mut(key) {
            for option in options {
                mark_value(option, part, value);
            }
        }
    }
}
