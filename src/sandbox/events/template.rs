//! Input transformers: what EventBridge takes as one.
//!
//! Source: EventBridge user guide, "Amazon EventBridge input transformation"; API reference, `InputTransformer`.

use serde_json::Value;

use crate::input::Input;

/// The variables that a template has without a path.
const PREDEFINED: [&str; 6] = [
    "aws.events.rule-arn",
    "aws.events.rule-name",
    "aws.events.event.ingestion-time",
    "aws.events.event",
    "aws.events.event.json",
    "aws.events.event.detail",
];

/// What is wrong with a transformer, if there is one.
pub(super) fn wrong(transformer: &Value) -> Option<String> {
    if transformer.is_null() {
        return None;
    }
    let paths = transformer["InputPathsMap"].as_object();
    let empty = serde_json::Map::new();
    let paths = paths.unwrap_or(&empty);
    if paths.len() > 100 {
        return Some("InputPathsMap has more than 100 entries".to_owned());
    }
    for (key, path) in paths {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if key.is_empty() || !key.chars().all(plain) || key.to_ascii_lowercase().starts_with("aws.") {
            return Some(format!("InputPathsMap has the key \"{key}\""));
        }
        let path = path.as_str().unwrap_or_default();
        if !path.starts_with('$') || path.len() > 256 {
            return Some(format!("InputPathsMap has the path \"{path}\""));
        }
    }
    let template = transformer.text("InputTemplate");
    if template.is_empty() || template.chars().count() > 8192 {
        return Some("InputTemplate must have 1 to 8192 characters".to_owned());
    }
    match resolved(template, &|name| {
        paths.contains_key(name) || PREDEFINED.contains(&name)
    }) {
        Err(name) => Some(format!("placeholder <{name}> is not in InputPathsMap")),
        Ok(filled) if is_json(&filled) => None,
        Ok(_) => Some("[Source: (String); it is neither JSON nor quoted strings]".to_owned()),
    }
}

/// The template with something harmless in each variable's place: a number, which may stand within a string and
/// outside of one.
fn resolved(template: &str, is_known: &dyn Fn(&str) -> bool) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('<') {
        filled.push_str(before);
        if before.ends_with('\\') {
            // `\<` is the character itself.
            filled.pop();
            filled.push('.');
            rest = after;
            continue;
        }
        let Some((name, behind)) = after.split_once('>') else {
            return Err(after.to_owned());
        };
        if !is_known(name) {
            return Err(name.to_owned());
        }
        filled.push('0');
        rest = behind;
    }
    filled.push_str(rest);
    Ok(filled.replace("\\>", "."))
}

/// One JSON value, or several strings on lines of their own.
fn is_json(text: &str) -> bool {
    if serde_json::from_str::<Value>(text).is_ok() {
        return true;
    }
    let mut lines = text.lines().filter(|line| !line.trim().is_empty()).peekable();
    lines.peek().is_some() && lines.all(|line| serde_json::from_str::<String>(line.trim()).is_ok())
}
