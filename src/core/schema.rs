//! The JSON Schema of a baseline, for editors and other programs.

use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::baseline::BuiltIn;
use crate::control::{AnyControl, Controls};
use crate::location::Scope;

/// What a region's name looks like; which regions exist is known from the account alone.
const REGION: &str = "^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)+-[0-9]{1,2}$";

/// The schema of a whole baseline file, in draft 2020-12.
pub fn schema(controls: &Controls, built_in: &[BuiltIn]) -> Value {
    // Inline, because `manage` and `regions` are added to each control's own object, which closes its keys.
    let mut generator = SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator();
    let built_in: Vec<&str> = built_in.iter().map(|known| known.name).collect();
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
    let attestations: Map<String, Value> = controls
        .iter()
        .flat_map(|entry| entry.control.attestations())
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
    for entry in controls.iter() {
        let name = entry.name.as_str();
        let mut control_schema = control(entry.control, true, &mut generator);
        // The table `[account]` says which account it is, too.
        if let (Some(Value::Object(of_the_account)), Some(own)) = (
            properties
                .get_mut(name)
                .and_then(|schema| schema.get_mut("properties"))
                .map(Value::take),
            control_schema
                .get_mut("properties")
                .and_then(Value::as_object_mut),
        ) {
            own.extend(of_the_account);
        }
        properties.insert(name.to_owned(), control_schema);
        if entry.control.scope() == Scope::EachRegion {
            overrides.insert(name.to_owned(), control(entry.control, false, &mut generator));
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
fn control(control: &dyn AnyControl, whole: bool, generator: &mut SchemaGenerator) -> Value {
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
