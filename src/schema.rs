//! The JSON Schema of a baseline, for editors and other programs.

use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::baseline::BUILT_IN;
use crate::controls::Id;
use crate::place::Scope;

/// What a region's name looks like; which regions exist is known from the account alone.
const REGION: &str = "^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)+-[0-9]{1,2}$";

/// The schema of a whole baseline file, in draft 2020-12.
pub fn schema() -> Value {
    // Inline, because `manage` and `regions` are added to each control's own object, which closes its keys.
    let mut generator = SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator();
    let built_in: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
    let mut properties = Map::new();
    properties.insert(
        "extends".to_owned(),
        json!({
            "description": "Baselines that this one builds on, in order; later wins, and this file wins over all. \
                            A built-in name, or a path relative to this file.",
            "type": "array",
            "items": { "type": "string", "examples": built_in },
        }),
    );
    properties.insert("account".to_owned(), account());
    properties.insert(
        "tags".to_owned(),
        json!({
            "description": "Tags on everything that can have some, set when it is made and kept; others' tags stay.",
            "type": "object",
            "additionalProperties": { "type": "string", "maxLength": 256 },
        }),
    );
    let attestations: Map<String, Value> = Id::all()
        .flat_map(|id| id.control().attestations())
        .map(|(name, what)| ((*name).to_owned(), attestation(what)))
        .collect();
    if !attestations.is_empty() {
        properties.insert(
            "attestations".to_owned(),
            json!({
                "description": "What no API shows, vouched for by a person.",
                "type": "object",
                "properties": attestations,
                "additionalProperties": false,
            }),
        );
    }
    let mut overrides = Map::new();
    for id in Id::all() {
        let mut control_schema = control(id, true, &mut generator);
        // The table `[account]` says which account it is, too.
        if let (Some(Value::Object(of_the_account)), Some(own)) = (
            properties
                .get_mut(id.name())
                .and_then(|schema| schema.get_mut("properties"))
                .map(Value::take),
            control_schema
                .get_mut("properties")
                .and_then(Value::as_object_mut),
        ) {
            own.extend(of_the_account);
        }
        properties.insert(id.name().to_owned(), control_schema);
        if id.control().scope() == Scope::EachRegion {
            overrides.insert(id.name().to_owned(), control(id, false, &mut generator));
        }
    }
    properties.insert(
        "region".to_owned(),
        json!({
            "description": "What is different in one region: [region.NAME.CONTROL].",
            "type": "object",
            "propertyNames": { "pattern": REGION },
            "additionalProperties": {
                "type": "object",
                "properties": overrides,
                "additionalProperties": false,
            },
        }),
    );
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "trueup baseline",
        "description": "What an AWS account must look like.",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    })
}

fn attestation(what: &str) -> Value {
    json!({
        "description": what,
        "type": "object",
        "properties": {
            "by": { "description": "Who vouches.", "type": "string" },
            "on": { "description": "The day on which they saw it, without quotes: 2026-11-01." },
            "expires": { "description": "The last day on which it counts." },
            "evidence": { "description": "Where the proof is.", "type": "string" },
        },
        "required": ["by", "on", "expires"],
        "additionalProperties": false,
    })
}

fn account() -> Value {
    json!({
        "description": "Which account the file is for, and where in it.",
        "type": "object",
        "properties": {
            "id": {
                "description": "The account's id. Any other account is refused.",
                "type": "string",
                "pattern": "^[0-9]{12}$",
            },
            "home_region": {
                "description": "Where account-wide things live that need a region.",
                "type": "string",
                "pattern": REGION,
            },
            "regions": one_of_regions(
                "The regions that trueup looks at: those that are enabled, or a list.",
                &["enabled"],
            ),
            "exclude_regions": {
                "description": "Regions that trueup never looks at.",
                "type": "array",
                "items": { "type": "string", "pattern": REGION },
                "uniqueItems": true,
            },
        },
        "additionalProperties": false,
    })
}

/// A control's own schema with the keys that every control has.
fn control(id: Id, whole: bool, generator: &mut SchemaGenerator) -> Value {
    let control = id.control();
    let doc = control.doc();
    let mut schema: Schema = control.schema(generator);
    schema.insert(
        "description".to_owned(),
        format!(
            "{}. {} Off: {}. Cost: {}. {}",
            doc.title, doc.why, doc.off, doc.cost, doc.page
        )
        .into(),
    );
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert(
            "manage".to_owned(),
            json!({
                "description": "enforce (unless written otherwise): show and change what differs. report: only \
                                show it. off: as if the table were not written.",
                "enum": ["enforce", "report", "off"],
            }),
        );
        if whole && control.scope() == Scope::EachRegion {
            properties.insert(
                "regions".to_owned(),
                one_of_regions(
                    "Where, among the account's regions: in all, in the home region, or in those of a list.",
                    &["all", "home"],
                ),
            );
        }
    }
    let mut value = schema.to_value();
    without_null(&mut value);
    in_one_line(&mut value);
    value
}

fn one_of_regions(description: &str, words: &[&str]) -> Value {
    json!({
        "description": description,
        "oneOf": [
            { "enum": words },
            {
                "type": "array",
                "items": { "type": "string", "pattern": REGION },
                "minItems": 1,
                "uniqueItems": true,
            },
        ],
    })
}

/// Takes "or null" out, which an optional field brings along: TOML has no null.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(without_null),
        Value::Object(object) => {
            if let Some(types) = object.get_mut("type")
                && let Value::Array(names) = types
            {
                names.retain(|name| name != "null");
                if let [only] = names.as_slice() {
                    *types = only.clone();
                }
            }
            for key in ["anyOf", "oneOf"] {
                if let Some(Value::Array(choices)) = object.get_mut(key) {
                    choices.retain(|choice| choice.get("type") != Some(&json!("null")));
                }
            }
            if let Some(Value::Array(words)) = object.get_mut("enum") {
                words.retain(|word| !word.is_null());
            }
            object.values_mut().for_each(without_null);
        }
        _ => {}
    }
}

/// Takes the line breaks of the source out of the descriptions: an editor wraps them as it needs.
fn in_one_line(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(in_one_line),
        Value::Object(object) => {
            if let Some(Value::String(text)) = object.get_mut("description") {
                *text = text.replace('\n', " ");
            }
            object.values_mut().for_each(in_one_line);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::load_text;

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
        let names: Vec<&str> = Id::all()
            .map(Id::name)
            .filter(|name| *name != "account")
            .collect();
        let vouched = Id::all().any(|id| !id.control().attestations().is_empty());
        let attestations: &[&str] = if vouched { &["attestations"] } else { &[] };
        let common = &["extends", "account", "tags"];
        let expected = [common, attestations, names.as_slice(), &["region"]].concat();
        assert_eq!(keys(&schema, "/properties"), expected);
        let of_regions: Vec<&str> = Id::all()
            .filter(|id| id.control().scope() == Scope::EachRegion)
            .map(Id::name)
            .collect();
        assert_eq!(
            keys(&schema, "/properties/region/additionalProperties/properties"),
            of_regions
        );
    }

    #[test]
    fn every_object_with_keys_is_closed_and_every_key_is_described() {
        let schema = schema();
        for id in Id::all() {
            let mut table = &schema["properties"][id.name()];
            // A table of named tables is open for names, and each of those tables is closed.
            if table["additionalProperties"].is_object() {
                table = &table["additionalProperties"];
            }
            assert_eq!(table["additionalProperties"], json!(false), "{id}");
            for (key, property) in table["properties"].as_object().unwrap() {
                assert!(property["description"].is_string(), "{id}.{key}");
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
        use crate::controls::guardduty::Feature;
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
            let expected = problems
                .iter()
                .find_map(|problem| problem.expected.clone())
                .unwrap();
            expected
                .split('`')
                .skip(1)
                .step_by(2)
                .map(str::to_owned)
                .collect()
        };
        for table in Id::all().map(Id::name).chain(["account"]) {
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
            schema.pointer("/properties/password_policy/properties/require_symbols/type"),
            Some(&json!("boolean"))
        );
    }
}
