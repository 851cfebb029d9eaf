//! The changes: which leaves an account has, and what each of them becomes.

use serde_json::{Value, json};
use trueup::sandbox::Account;

use super::{Add, Listed, Lists};

/// An account of which one leaf differs from the healthy one.
pub(super) struct Leaf {
    /// The kind of resource that the leaf is of.
    pub(super) kind: String,
    /// Its place in the resource, without positions in arrays.
    pub(super) member: String,
    /// What happened to it.
    pub(super) change: String,
    path: Vec<String>,
    /// The entry of `add` or `unstored` that it comes from.
    pub(super) added: Option<String>,
    /// What is done there; a second edit is for where the first makes no account.
    edits: Vec<Edit>,
}

impl Leaf {
    pub(super) fn path(&self) -> String {
        self.path.join("/")
    }

    /// The account with the change in it, if it makes one, and another one. Made when it is looked at: all of them at
    /// once fill the memory.
    pub(super) fn account(&self, healthy: &Value, same: &Account) -> Option<Account> {
        self.edits.iter().find_map(|edit| {
            let moved = moved(healthy, &self.path, edit)?;
            let account: Account = serde_json::from_value(moved).ok()?;
            let mut seen = account.clone();
            seen.iam.root_user.report.clone_from(&same.iam.root_user.report);
            (seen != *same).then_some(account)
        })
    }

    pub(super) fn named(&self) -> String {
        format!(
            "{}: {} ({}) at {}",
            self.kind,
            self.member,
            self.change,
            self.path()
        )
    }
}

/// What becomes of a place in the document.
pub(super) enum Edit {
    Set(Value),
    Remove,
}

/// All leaves of an account. Some of them may turn out to make no account.
pub(super) fn leaves(account: &Value, lists: &Lists) -> Vec<Leaf> {
    let mut found = Found {
        lists,
        whole: account,
        leaves: vec![],
    };
    found.walk(&mut vec![], account);
    for add in lists.add.iter().chain(&lists.unstored) {
        found.add(add);
    }
    found.leaves
}

struct Found<'a> {
    lists: &'a Lists,
    whole: &'a Value,
    leaves: Vec<Leaf>,
}

impl Found<'_> {
    fn walk(&mut self, path: &mut Vec<String>, value: &Value) {
        if self.lists.simulator.iter().any(|own| matches(&own.at, path)) {
            return;
        }
        for (change, edit) in self.edits(path, value) {
            self.leaf(path, &change, vec![edit]);
        }
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    path.push(key.clone());
                    if self.may_be_gone(path) {
                        self.leaf(path, "remove", vec![Edit::Remove, Edit::Set(Value::Null)]);
                    }
                    self.walk(path, value);
                    path.pop();
                }
            }
            Value::Array(elements) => {
                for (at, value) in elements.iter().enumerate() {
                    path.push(at.to_string());
                    self.leaf(path, "drop", vec![Edit::Remove]);
                    self.walk(path, value);
                    path.pop();
                }
            }
            _ => {}
        }
    }

    /// Whether AWS may answer without it.
    fn may_be_gone(&self, path: &[String]) -> bool {
        let is_in = |list: &[String]| list.iter().any(|pattern| matches(pattern, path));
        let is_simulator = self.lists.simulator.iter().any(|own| matches(&own.at, path));
        !is_simulator && (!is_in(&self.lists.always) || is_in(&self.lists.optional))
    }

    /// What a scalar becomes.
    fn edits(&self, path: &[String], value: &Value) -> Vec<(String, Edit)> {
        let set = |change: &str, value: Value| (change.to_owned(), Edit::Set(value));
        let is_period = path.last().is_some_and(|name| name == "Period");
        match value {
            Value::Bool(flag) => vec![set("flip", (!flag).into())],
            Value::Number(_) if is_period => vec![set("a day", 86_400.into())],
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(number), _) if number <= self.least(path) => vec![set("more", (number + 1).into())],
                (Some(number), _) => vec![set("more", (number + 1).into()), set("less", (number - 1).into())],
                (None, Some(number)) => vec![
                    set("more", (number + 1.0).into()),
                    set("less", (number - 1.0).into()),
                ],
                (None, None) => vec![],
            },
            Value::String(text) => self
                .texts(path, text)
                .into_iter()
                .map(|(change, text)| set(&change, text.into()))
                .collect(),
            _ => vec![],
        }
    }

    fn least(&self, path: &[String]) -> i64 {
        let least = self.lists.least.iter().find(|least| matches(&least.at, path));
        least.map_or(0, |least| least.value)
    }

    fn texts(&self, path: &[String], text: &str) -> Vec<(String, String)> {
        let one = |change: &str, text: String| vec![(change.to_owned(), text)];
        if let Some(known) = self.lists.enums.iter().find(|known| matches(&known.at, path)) {
            let others = known.values.iter().filter(|value| *value != text);
            return others
                .map(|value| (format!("to {value}"), value.clone()))
                .collect();
        }
        if let Ok(number) = text.parse::<f64>() {
            let mut edits = one("more", (number + 1.0).to_string());
            edits.extend(one("less", (number - 1.0).to_string()));
            return edits;
        }
        if let Ok(Value::Object(document)) = serde_json::from_str(text) {
            let document = Value::Object(document);
            return match document["Statement"].as_array() {
                Some(statements) => documents(&document, statements),
                None => one("other", another(&document).to_string()),
            };
        }
        // A metric filter's pattern: what it compares with first is another value.
        if let Some((start, (_, rest))) = text
            .strip_prefix('{')
            .and_then(|rest| rest.split_once('"'))
            .and_then(|(start, rest)| Some((start, rest.split_once('"')?)))
        {
            return one("other", format!("{{{start}\"Other\"{rest}"));
        }
        if text.contains('@') {
            return one("other", format!("other-{text}"));
        }
        one("other", format!("{text}-other"))
    }

    fn leaf(&mut self, path: &[String], change: &str, edits: Vec<Edit>) -> &mut Leaf {
        let (kind, member) = self.kind(path);
        self.leaves.push(Leaf {
            kind,
            member,
            change: change.to_owned(),
            path: path.to_vec(),
            added: None,
            edits,
        });
        let last = self.leaves.len() - 1;
        &mut self.leaves[last]
    }

    /// The kind that a path belongs to, and the rest of the path.
    fn kind(&self, path: &[String]) -> (String, String) {
        let fits = |kind: &&super::Kind| {
            let parts = kind.at.split('/').count();
            parts <= path.len() && matches(&kind.at, &path[..parts])
        };
        let kinds = self.lists.kind.iter().filter(fits);
        match kinds.max_by_key(|kind| kind.at.split('/').count()) {
            None => ("account".to_owned(), path.join(".")),
            Some(kind) => {
                let rest = path[kind.at.split('/').count()..].iter();
                let rest = rest.filter(|part| part.parse::<usize>().is_err());
                let member = rest.cloned().collect::<Vec<_>>().join(".");
                let itself = || "itself".to_owned();
                (
                    kind.name.clone(),
                    if member.is_empty() { itself() } else { member },
                )
            }
        }
    }

    /// Puts a value everywhere where the path leads and nothing is.
    fn add(&mut self, add: &Add) {
        let parts: Vec<&str> = add.at.split('/').collect();
        for place in places(self.whole, &parts) {
            let there = place
                .iter()
                .try_fold(self.whole, |value, part| child(value, part))
                .cloned()
                .unwrap_or(Value::Null);
            let is_empty = there.is_null()
                || there.as_object().is_some_and(serde_json::Map::is_empty)
                || there == json!("");
            let value = match there {
                Value::Array(mut elements) => {
                    elements.push(add.value.clone());
                    Value::Array(elements)
                }
                _ if is_empty || add.instead => add.value.clone(),
                _ => continue,
            };
            self.leaf(&place, "add", vec![Edit::Set(value)]).added = Some(add.at.clone());
        }
    }
}

/// A document of another effect, one for each statement that is turned or dropped, and one with a Deny beside.
fn documents(document: &Value, statements: &[Value]) -> Vec<(String, String)> {
    let mut edits = vec![];
    for (at, statement) in statements.iter().enumerate() {
        let named = match statement["Sid"].as_str() {
            Some(sid) => format!("statement {sid}"),
            None => format!("statement {at}"),
        };
        let mut turned = document.clone();
        turned["Statement"][at]["Effect"] = match statement["Effect"] == "Allow" {
            true => "Deny".into(),
            false => "Allow".into(),
        };
        edits.push((format!("turn {named}"), turned.to_string()));
        let mut rest = statements.to_vec();
        rest.remove(at);
        let mut dropped = document.clone();
        dropped["Statement"] = rest.into();
        edits.push((format!("drop {named}"), dropped.to_string()));
    }
    let mut deny = json!({ "Sid": "Other", "Effect": "Deny", "Action": "*" });
    let first = &statements[0];
    if !first["Principal"].is_null() {
        deny["Principal"] = "*".into();
        // The service's own actions alone: a resource's policy takes no others.
        deny["Action"] = match first["Action"].as_str().and_then(|action| action.split_once(':')) {
            Some((service, _)) => format!("{service}:*").into(),
            None => statements[0]["Action"].clone(),
        };
    }
    if !first["Resource"].is_null() {
        deny["Resource"] = "*".into();
        if let Some(bucket) = first["Resource"]
            .as_str()
            .filter(|_| !first["Principal"].is_null())
        {
            deny["Resource"] = match bucket.contains(":s3:") {
                true => json!([bucket, format!("{bucket}/*")]),
                false => bucket.into(),
            };
        }
    }
    let mut beside = document.clone();
    if let Some(list) = beside["Statement"].as_array_mut() {
        list.push(deny);
    }
    edits.push(("deny beside".to_owned(), beside.to_string()));
    edits
}

/// A document whose first text is another one.
fn another(document: &Value) -> Value {
    fn turn(value: &mut Value) -> bool {
        match value {
            Value::String(text) => {
                text.push_str(".other");
                true
            }
            Value::Array(elements) => elements.iter_mut().any(turn),
            Value::Object(map) => map.values_mut().any(turn),
            _ => false,
        }
    }
    let mut other = document.clone();
    turn(&mut other);
    other
}

pub(crate) fn child<'a>(value: &'a Value, part: &str) -> Option<&'a Value> {
    match value {
        Value::Array(elements) => elements.get(part.parse::<usize>().ok()?),
        _ => value.get(part),
    }
}

/// The paths in a document that a pattern leads to; its last part need not be there.
pub(crate) fn places(whole: &Value, parts: &[&str]) -> Vec<Vec<String>> {
    let Some((part, rest)) = parts.split_first() else {
        return vec![vec![]];
    };
    let names: Vec<String> = match (*part, whole) {
        ("*", Value::Object(map)) => map.keys().cloned().collect(),
        ("*", Value::Array(elements)) => (0..elements.len()).map(|at| at.to_string()).collect(),
        ("*", _) => vec![],
        (part, _) => vec![part.to_owned()],
    };
    let mut found = vec![];
    for name in names {
        let below = match child(whole, &name) {
            Some(value) => places(value, rest),
            None if rest.is_empty() => vec![vec![]],
            None => vec![],
        };
        found.extend(below.into_iter().map(|path| [vec![name.clone()], path].concat()));
    }
    found
}

/// The document with a change in it, if it can be made there.
fn moved(healthy: &Value, path: &[String], edit: &Edit) -> Option<Value> {
    let mut whole = healthy.clone();
    if !edited(&mut whole, path, edit) {
        return None;
    }
    // The root user is seen through a report, which is kept for hours.
    if path.starts_with(&["iam".to_owned(), "root_user".to_owned()]) {
        whole["iam"]["root_user"]["report"] = Value::Null;
    }
    Some(whole)
}

fn edited(whole: &mut Value, path: &[String], edit: &Edit) -> bool {
    let Some((last, above)) = path.split_last() else {
        return false;
    };
    let mut value = whole;
    for part in above {
        let next = match value {
            Value::Array(elements) => part.parse::<usize>().ok().and_then(|at| elements.get_mut(at)),
            other => other.get_mut(part),
        };
        match next {
            Some(next) => value = next,
            None => return false,
        }
    }
    match (value, edit) {
        (Value::Object(map), Edit::Set(new)) => {
            map.insert(last.clone(), new.clone());
            true
        }
        (Value::Object(map), Edit::Remove) => map.shift_remove(last).is_some(),
        (Value::Array(elements), edit) => match (last.parse::<usize>().ok(), edit) {
            (Some(at), Edit::Set(new)) if at < elements.len() => {
                elements[at] = new.clone();
                true
            }
            (Some(at), Edit::Remove) if at < elements.len() => {
                elements.remove(at);
                true
            }
            _ => false,
        },
        _ => false,
    }
}

/// Whether a path is one of a pattern.
fn matches(pattern: &str, path: &[String]) -> bool {
    let parts: Vec<&str> = pattern.split('/').collect();
    parts.len() == path.len()
        && parts
            .iter()
            .zip(path)
            .all(|(part, name)| *part == "*" || part == name)
}

/// The file without some of the entries of `open`, which are a line each.
pub(super) fn without<'a>(text: &str, gone: impl Iterator<Item = &'a Listed> + Clone) -> String {
    let (before, open) = text.split_once("\nopen = [\n").unwrap_or((text, ""));
    let is_gone = |line: &&str| {
        let entry = toml::from_str::<Line>(&format!("entry = {}", line.trim().trim_end_matches(',')));
        let Ok(Line { entry }) = entry else { return false };
        gone.clone().any(|gone| {
            gone.kind == entry.kind && gone.member == entry.member && gone.changes == entry.changes
        })
    };
    let kept: Vec<&str> = open.lines().filter(|line| !is_gone(line)).collect();
    format!("{before}\nopen = [\n{}\n", kept.join("\n"))
}

#[derive(serde::Deserialize)]
struct Line {
    entry: Listed,
}
