//! The JSON Schema of a baseline.

use serde_json::{Value, json};

use super::*;
use crate::guardduty::Feature;

fn schema() -> Value {
    trueup_core::schema::schema(&controls(), BUILT_IN)
}

fn keys<'a>(schema: &'a Value, pointer: &str) -> Vec<&'a str> {
    let object = schema.pointer(pointer).and_then(Value::as_object);
    object
        .unwrap_or_else(|| panic!("{pointer}"))
        .keys()
        .map(String::as_str)
        .collect()
}

#[test]
fn every_control_has_its_table_and_only_those_of_regions_an_override() {
    let schema = schema();
    let list = controls();
    let names = list.names().map(Name::as_str);
    let names: Vec<&str> = names.filter(|name| *name != "account").collect();
    let vouched = list.iter().any(|id| !id.control.attestations().is_empty());
    let attestations: &[&str] = if vouched { &["attestations"] } else { &[] };
    let common = &["extends", "account", "tags"];
    let expected = [common, attestations, names.as_slice(), &["region"]].concat();
    assert_eq!(keys(&schema, "/properties"), expected);
    let of_regions: Vec<&str> = list
        .iter()
        .filter(|id| id.control.scope() == Scope::EachRegion)
        .map(|id| id.name.as_str())
        .collect();
    assert_eq!(
        keys(&schema, "/properties/region/additionalProperties/properties"),
        of_regions
    );
}

#[test]
fn every_object_with_keys_is_closed_and_every_key_is_described() {
    let schema = schema();
    for name in controls().names() {
        let mut table = &schema["properties"][name.as_str()];
        // A table of named tables is open for names, and each of those tables is closed.
        if table["additionalProperties"].is_object() {
            table = &table["additionalProperties"];
        }
        assert_eq!(table["additionalProperties"], json!(false), "{name}");
        for (key, property) in table["properties"].as_object().unwrap() {
            assert!(property["description"].is_string(), "{name}.{key}");
        }
    }
}

#[test]
fn it_names_no_null_and_refers_to_nothing_outside() {
    let text = schema().to_string();
    assert!(!text.contains("null"), "{text}");
    assert!(!text.contains("$ref"), "{text}");
    assert!(!text.contains("\\n"), "a description is one line: {text}");
}

#[test]
fn every_feature_of_guardduty_is_a_key_of_its_table() {
    let schema = schema();
    let names: Vec<String> = Feature::ALL
        .iter()
        .map(|feature| {
            serde_json::to_value(feature)
                .unwrap()
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    let features = "/properties/guardduty/properties/features";
    assert_eq!(keys(&schema, &format!("{features}/properties")), names);
    assert_eq!(
        schema.pointer(&format!("{features}/additionalProperties")),
        Some(&json!(false))
    );
}

#[test]
fn what_only_export_writes_is_offered_to_nobody() {
    let text = schema()["properties"]["default_vpc"].to_string();
    assert!(
        text.contains("\"absent\"") && !text.contains("\"incomplete\""),
        "{text}"
    );
}

#[test]
fn it_has_exactly_the_keys_of_the_account_table_and_of_each_control() {
    // What the loader expects where a key is wrong is what the schema must have.
    let schema = schema();
    let accepted = |table: &str| -> Vec<String> {
        let problems = load_text("a.toml", &format!("[{table}]\nxxxxxx = 1\n")).unwrap_err();
        // A table may also speak of another one that is not there.
        let expected = problems
            .iter()
            .filter(|problem| problem.message.contains("xxxxxx"))
            .find_map(|problem| problem.expected.clone())
            .unwrap();
        expected
            .split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    };
    for table in controls().names().map(Name::as_str).chain(["account"]) {
        let of = format!("/properties/{table}");
        // Of a table of named tables, the keys of such a table.
        let (table, of) = match schema.pointer(&of) {
            Some(open) if open["additionalProperties"].is_object() => {
                (format!("{table}.some"), format!("{of}/additionalProperties"))
            }
            _ => (table.to_owned(), of),
        };
        let mut accepted = accepted(&table);
        let mut described = keys(&schema, &format!("{of}/properties"));
        accepted.sort();
        described.sort_unstable();
        assert_eq!(described, accepted, "{table}");
    }
}

#[test]
fn a_word_that_a_key_takes_is_in_it() {
    let schema = schema();
    assert_eq!(
        schema.pointer("/properties/password_policy/properties/manage/enum"),
        Some(&json!(["enforce", "report", "off"]))
    );
    assert_eq!(
        schema.pointer("/properties/password_policy/properties/allow_users_to_change/type"),
        Some(&json!("boolean"))
    );
}

#[test]
fn an_ordered_key_takes_a_plain_value_or_exactly_one() {
    let schema = schema();
    let key = schema
        .pointer("/properties/password_policy/properties/require_symbols")
        .unwrap();
    assert_eq!(
        key["anyOf"][0]["oneOf"],
        json!([
            { "type": "boolean" },
            {
                "type": "object",
                "properties": { "exactly": { "type": "boolean" } },
                "required": ["exactly"],
                "additionalProperties": false
            }
        ])
    );
    assert_eq!(
        key["description"],
        "A password needs a symbol. False does not ask for one, and leaves a policy that does as it is."
    );
}
