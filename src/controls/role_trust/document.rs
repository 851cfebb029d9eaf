//! A trust policy as JSON, to look into it and to rewrite single statements.

use serde_json::{Map, Value};
use trueup_policy::{Policy, Statement};

use super::Own;

/// The whole document.
pub(super) fn plain(policy: &Policy) -> Map<String, Value> {
    policy.clone().into()
}

/// Its statements.
pub(super) fn statements(policy: &Policy) -> Vec<Value> {
    match plain(policy).remove("Statement") {
        Some(Value::Array(all)) => all,
        other => other.into_iter().collect(),
    }
}

/// The same document with other statements.
pub(super) fn with_statements(policy: &Policy, statements: Vec<Value>) -> Policy {
    let mut document = plain(policy);
    document.insert("Statement".to_owned(), Value::Array(statements));
    // It has statements, and each is an object: the only two things that are asked of it.
    Policy::try_from(document).unwrap_or_else(|_| policy.clone())
}

/// A statement that was built.
pub(super) fn built(statement: &Statement) -> Value {
    serde_json::to_value(statement).unwrap_or_default()
}

/// A string, a number, a truth value, or a list of them.
pub(super) fn list(value: &Value) -> Vec<String> {
    match value {
        Value::Null => vec![],
        Value::Array(all) => all.iter().flat_map(list).collect(),
        Value::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    }
}

/// The values that a statement compares a condition key with, whatever the operator.
pub(super) fn compared(statement: &Value, key: &str) -> Vec<String> {
    let operators = statement["Condition"].as_object().into_iter().flatten();
    operators
        .flat_map(|(_, keys)| keys.as_object().into_iter().flatten())
        .filter(|(name, _)| name.eq_ignore_ascii_case(key))
        .flat_map(|(_, value)| list(value))
        .collect()
}

/// The names under `AWS`, or the bare `*`.
pub(super) fn principals(statement: &Value) -> Vec<String> {
    match &statement["Principal"] {
        Value::Object(kinds) => kinds.get("AWS").map(list).unwrap_or_default(),
        other => list(other),
    }
}

/// Whether a statement has this effect.
pub(super) fn is(statement: &Value, effect: &str) -> bool {
    statement["Effect"] == effect
}

/// A statement's name, for people.
pub(super) fn named(statement: &Value, at: usize) -> String {
    match statement["Sid"].as_str().filter(|sid| !sid.is_empty()) {
        Some(sid) => format!("statement {sid}"),
        None => format!("statement {} (no Sid)", at + 1),
    }
}

/// Takes a condition key out, whatever its operator.
pub(super) fn forget(statement: &mut Value, key: &str) {
    let Some(conditions) = statement.get_mut("Condition").and_then(Value::as_object_mut) else {
        return;
    };
    for keys in conditions.values_mut().filter_map(Value::as_object_mut) {
        keys.retain(|name, _| !name.eq_ignore_ascii_case(key));
    }
    conditions.retain(|_, keys| keys.as_object().is_none_or(|keys| !keys.is_empty()));
}

/// Parts a statement that lets the account's users and others in: what is left for the others, and what is the users'
/// own. There are no others where it names the users alone, or everybody at once.
pub(super) fn parted(statement: &Value, own: Own<'_>) -> (Option<Value>, Value) {
    let Some(kinds) = statement["Principal"].as_object() else {
        return (None, statement.clone());
    };
    let named = kinds.get("AWS").map(list).unwrap_or_default();
    let (ours, theirs): (Vec<String>, Vec<String>) = named.into_iter().partition(|who| own.has(who));
    if theirs.is_empty() && kinds.len() == 1 {
        return (None, statement.clone());
    }
    let mut others = statement.clone();
    set_principals(&mut others, &theirs);
    let mut users = statement.clone();
    users["Principal"] = Value::Object(Map::new());
    set_principals(&mut users, &ours);
    // The name stays with the part that stays as it is: it is there once.
    if let Some(elements) = users.as_object_mut() {
        elements.remove("Sid");
    }
    (Some(others), users)
}

fn set_principals(statement: &mut Value, names: &[String]) {
    let Some(kinds) = statement["Principal"].as_object_mut() else {
        return;
    };
    match names {
        [] => {
            kinds.remove("AWS");
        }
        [one] => {
            kinds.insert("AWS".to_owned(), one.as_str().into());
        }
        several => {
            kinds.insert("AWS".to_owned(), several.into());
        }
    }
}

/// Takes deleted principals out of a statement; false if it then names no principal, and so decides nothing.
pub(super) fn without_deleted(statement: &mut Value, ids: &[String]) -> bool {
    let names = principals(statement);
    if !names.iter().any(|name| ids.contains(name)) {
        return true;
    }
    let rest: Vec<String> = names.into_iter().filter(|name| !ids.contains(name)).collect();
    set_principals(statement, &rest);
    statement["Principal"]
        .as_object()
        .is_none_or(|kinds| !kinds.is_empty())
}
