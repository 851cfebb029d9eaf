//! What the calls of a world say: members that their operations have, of the types that they have.

use std::sync::LazyLock;

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

/// The trees of inputs, as `tests/python/inputs.py` makes them of AWS's models and says there.
const INPUTS: &str = include_str!("inputs.json");

static TREES: LazyLock<Map<String, Value>> =
    LazyLock::new(|| serde_json::from_str(INPUTS).unwrap_or_default());

/// A mistake and the byte that it starts at.
type Mistake = (usize, String);

/// The first mistake in the calls of a world's text, with its line and column.
pub(super) fn check(text: &str) -> Result<(), String> {
    let Ok(world) = DeTable::parse(text) else {
        return Ok(());
    };
    let events = of_list(world.get_ref().get("event"));
    let calls = of_list(world.get_ref().get("call"));
    let mistake = calls
        .chain(events.flat_map(|event| of_list(event.get("call"))))
        .find_map(|call| of_call(call).err());
    mistake.map_or(Ok(()), |(at, what)| {
        let before = &text[..at.min(text.len())];
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        Err(format!("line {line}, column {column}: {what}"))
    })
}

/// The tables of a list.
fn of_list<'t, 'i>(value: Option<&'t Spanned<DeValue<'i>>>) -> impl Iterator<Item = &'t DeTable<'i>> {
    let items: Option<&DeArray<'i>> = value.and_then(|value| value.get_ref().as_array());
    items
        .into_iter()
        .flat_map(|items| items.iter())
        .filter_map(|item| item.get_ref().as_table())
}

fn of_call(call: &DeTable<'_>) -> Result<(), Mistake> {
    let name = call.get("call").and_then(|name| name.get_ref().as_str());
    match (
        name.and_then(|name| Some((name, TREES.get(name)?))),
        call.get("input"),
    ) {
        (Some((name, tree)), Some(input)) => of_value(name, tree, input),
        _ => Ok(()),
    }
}

fn of_value(path: &str, tree: &Value, value: &Spanned<DeValue<'_>>) -> Result<(), Mistake> {
    let is_another = |expected: &str| {
        let what = format!(
            "`{path}` is of type {}; expected {expected}",
            value.get_ref().type_str()
        );
        Err((value.span().start, what))
    };
    match (tree, value.get_ref()) {
        (Value::String(kind), found) => match (kind.as_str(), found) {
            ("s", DeValue::String(_))
            | ("n", DeValue::Integer(_) | DeValue::Float(_))
            | ("b", DeValue::Boolean(_)) => Ok(()),
            ("s", _) => is_another("a text in quotes"),
            ("n", _) => is_another("a number"),
            ("b", _) => is_another("true or false"),
            _ => Ok(()),
        },
        (Value::Array(item), DeValue::Array(found)) => {
            let tree = item.first().unwrap_or(&Value::Null);
            found
                .iter()
                .enumerate()
                .try_for_each(|(at, found)| of_value(&format!("{path}[{at}]"), tree, found))
        }
        (Value::Array(_), _) => is_another("a list"),
        (Value::Object(members), DeValue::Table(found)) => found.iter().try_for_each(|(key, found)| {
            let name = key.get_ref().as_ref();
            match members.get(name).or_else(|| members.get("*")) {
                Some(tree) => of_value(&format!("{path}.{name}"), tree, found),
                None => {
                    let known: Vec<&str> = members.keys().map(String::as_str).collect();
                    let what = format!("`{path}` has no member `{name}`; expected {}", known.join(", "));
                    Err((key.span().start, what))
                }
            }
        }),
        (Value::Object(_), _) => is_another("a table"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_call_takes_is_told_with_line_and_column() {
        let role = "[[call]]\ncall = \"iam:CreateRole\"\n";
        for (text, said) in [
            (
                format!("{role}input = {{ RoleNam = \"r\" }}"),
                "line 3, column 11: `iam:CreateRole` has no member `RoleNam`; expected Path, RoleName,",
            ),
            (
                format!("{role}[call.input]\nRoleName = \"r\"\nMaxSessionDuration = 3600"),
                "line 5, column 22: `iam:CreateRole.MaxSessionDuration` is of type integer; expected a text in quotes",
            ),
            (
                format!("{role}input = {{ Tags = {{ Key = \"a\" }} }}"),
                "line 3, column 18: `iam:CreateRole.Tags` is of type table; expected a list",
            ),
            (
                format!("{role}input = {{ Tags = [{{ Key = \"a\", Valu = \"b\" }}] }}"),
                "`iam:CreateRole.Tags[0]` has no member `Valu`; expected Key, Value",
            ),
            (
                "[[call]]\ncall = \"guardduty:CreateDetector\"\ninput = { enable = \"true\" }".to_owned(),
                "`guardduty:CreateDetector.enable` is of type string; expected true or false",
            ),
            (
                "[[event]]\nbefore = \"iam:*\"\nregion = \"us-east-1\"\n[[event.call]]\ncall = \"logs:CreateLogGroup\"\n\
                 input = { logGroupName = \"g\", tags = { a = 1 } }"
                    .to_owned(),
                "line 6, column 44: `logs:CreateLogGroup.tags.a` is of type integer; expected a text in quotes",
            ),
        ] {
            let told = check(&text).unwrap_err();
            assert!(told.starts_with(said) || told.contains(said), "{said} in {told}");
        }
        let good = format!("{role}input = {{ RoleName = \"r\", Tags = [{{ Key = \"a\", Value = \"\" }}] }}");
        assert_eq!(check(&good), Ok(()));
    }

    #[test]
    fn every_tree_is_read() {
        assert!(TREES.len() > 150);
    }
}
