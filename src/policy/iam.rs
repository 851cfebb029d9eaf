//! IAM policy documents: compared by what they mean, merged by the names of their statements.
//!
//! AWS gives documents back in other words than they were sent in: one value for a list of one, other orders, an
//! account's root ARN for its id, percent-encoding. Nothing here compares bytes. What belongs to others in a document
//! stays as it is: [`Policy::merged`] adds and replaces only the statements that it is given.
//!
//! Source: IAM User Guide, "Grammar of the IAM JSON policy language" and "IAM JSON policy elements".

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::evaluate::{is_deleted_principal, is_nothing};

/// A text that is no policy document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is no policy document: {0}")]
pub struct NotAPolicy(String);

/// A policy document. Equal to another one if both mean the same.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>", into = "Map<String, Value>")]
pub struct Policy {
    /// `Version`, `Id` and whatever else stands beside the statements, as it was read.
    head: Map<String, Value>,
    statements: Vec<Statement>,
}

/// One statement of a document. Equal to another one if both mean the same, whatever they are called.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Statement(Map<String, Value>);

impl Policy {
    /// A document of the present version with these statements.
    pub fn of(statements: impl IntoIterator<Item = Statement>) -> Self {
        Policy {
            head: Map::from_iter([("Version".to_owned(), json!("2012-10-17"))]),
            statements: statements.into_iter().collect(),
        }
    }

    /// Reads a document as IAM sends it: percent-encoded after RFC 3986, where a plus sign is a plus sign.
    pub fn from_encoded(text: &str) -> Result<Self, NotAPolicy> {
        percent_encoding::percent_decode_str(text)
            .decode_utf8()
            .map_err(|error| NotAPolicy(error.to_string()))?
            .parse()
    }

    /// The statements, in order.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// Those of the wanted statements that the document does not have: neither under their name, with their meaning,
    /// nor, where the name is free, under another one.
    pub fn lacking<'a>(&self, wanted: &'a [Statement]) -> Vec<&'a Statement> {
        let lacks = |want: &&Statement| {
            let mut named = self.named(want.sid()).peekable();
            match named.peek() {
                None => !self.statements.contains(want),
                Some(_) => named.any(|live| live != *want),
            }
        };
        wanted.iter().filter(lacks).collect()
    }

    /// The document with the wanted statements in it, if it lacks some. A statement of the same name is replaced where
    /// it stands; all others stay as they are.
    pub fn merged(&self, wanted: &[Statement]) -> Option<Policy> {
        let lacking = self.lacking(wanted);
        if lacking.is_empty() {
            return None;
        }
        let mut merged = self.clone();
        for want in lacking {
            let is_it = |live: &Statement| live.sid().is_some() && live.sid() == want.sid();
            let at = merged.statements.iter().position(is_it);
            merged.statements.retain(|live| !is_it(live));
            let at = at.unwrap_or(merged.statements.len());
            merged.statements.insert(at, want.clone());
        }
        Some(merged)
    }

    /// The document without the statements of these names, if it has some of them. What is left may be empty.
    pub fn without(&self, sids: &[&str]) -> Option<Policy> {
        let is_gone = |live: &Statement| live.sid().is_some_and(|sid| sids.contains(&sid));
        self.statements.iter().any(is_gone).then(|| {
            let mut rest = self.clone();
            rest.statements.retain(|live| !is_gone(live));
            rest
        })
    }

    /// The document without its statements that allow: with these it only denies.
    pub fn without_allows(&self) -> Policy {
        let mut rest = self.clone();
        let allows = |one: &Statement| one.element("Effect").is_some_and(|effect| effect == "Allow");
        rest.statements.retain(|one| !allows(one));
        rest
    }

    /// The document without the principals that are [deleted](crate::evaluate::deleted_principals): with them AWS
    /// refuses to save it. They match nothing, so it means the same. A statement about no other principal goes too.
    pub fn without_deleted_principals(&self) -> Policy {
        let mut rest = self.clone();
        rest.statements.retain_mut(Statement::forget_deleted_principals);
        rest
    }

    fn named<'a>(&'a self, sid: Option<&'a str>) -> impl Iterator<Item = &'a Statement> {
        self.statements
            .iter()
            .filter(move |live| sid.is_some() && live.sid() == sid)
    }

    /// Whether the document can contain policy variables. Source: IAM User Guide, "IAM JSON policy elements: Version".
    pub(crate) fn has_variables(&self) -> bool {
        self.version() == "2012-10-17"
    }

    /// Without a version, the first one holds.
    fn version(&self) -> &str {
        self.head
            .get("Version")
            .and_then(Value::as_str)
            .unwrap_or("2008-10-17")
    }
}

impl PartialEq for Policy {
    /// Names, order, and statements that stand there twice mean nothing.
    fn eq(&self, other: &Self) -> bool {
        let meaning =
            |policy: &Policy| -> BTreeSet<Facts> { policy.statements.iter().map(Statement::facts).collect() };
        self.version() == other.version() && meaning(self) == meaning(other)
    }
}

impl Eq for Policy {}

impl TryFrom<Map<String, Value>> for Policy {
    type Error = NotAPolicy;

    fn try_from(mut head: Map<String, Value>) -> Result<Self, NotAPolicy> {
        let statements = match head.remove("Statement") {
            None => return Err(NotAPolicy("it has no Statement".to_owned())),
            Some(Value::Array(several)) => several,
            Some(one) => vec![one],
        };
        let statements = statements
            .into_iter()
            .map(|statement| match statement {
                Value::Object(elements) => Ok(Statement(elements)),
                other => Err(NotAPolicy(format!("{other} is no statement"))),
            })
            .collect::<Result<_, _>>()?;
        Ok(Policy { head, statements })
    }
}

impl From<Policy> for Map<String, Value> {
    fn from(policy: Policy) -> Self {
        let mut whole = policy.head;
        let statements = policy
            .statements
            .into_iter()
            .map(|one| Value::Object(one.0))
            .collect();
        whole.insert("Statement".to_owned(), Value::Array(statements));
        whole
    }
}

impl FromStr for Policy {
    type Err = NotAPolicy;

    fn from_str(text: &str) -> Result<Self, NotAPolicy> {
        serde_json::from_str::<Map<String, Value>>(text)
            .map_err(|error| NotAPolicy(error.to_string()))?
            .try_into()
    }
}

impl fmt::Display for Policy {
    /// The document as it is sent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Value::Object(self.clone().into()).fmt(f)
    }
}

impl Statement {
    /// A statement that allows something, to be filled in.
    pub fn allow() -> Self {
        Statement(Map::from_iter([("Effect".to_owned(), json!("Allow"))]))
    }

    /// A statement that forbids something, to be filled in.
    pub fn deny() -> Self {
        Statement(Map::from_iter([("Effect".to_owned(), json!("Deny"))]))
    }

    /// With a name, by which it is found again.
    #[must_use]
    pub fn named(mut self, sid: &str) -> Self {
        self.0.insert("Sid".to_owned(), json!(sid));
        self
    }

    /// With one more principal of a kind: `AWS`, `Service`, `Federated`.
    #[must_use]
    pub fn principal(mut self, kind: &str, who: &str) -> Self {
        push(&mut object(&mut self.0, "Principal")[kind], who);
        self
    }

    /// With one more action.
    #[must_use]
    pub fn action(mut self, action: &str) -> Self {
        push(self.0.entry("Action").or_insert(Value::Null), action);
        self
    }

    /// With one more resource.
    #[must_use]
    pub fn resource(mut self, arn: &str) -> Self {
        push(self.0.entry("Resource").or_insert(Value::Null), arn);
        self
    }

    /// With one more condition, or one more value of a condition that is there.
    #[must_use]
    pub fn condition(mut self, operator: &str, key: &str, value: &str) -> Self {
        push(&mut object(&mut self.0, "Condition")[operator][key], value);
        self
    }

    /// Its name.
    pub fn sid(&self) -> Option<&str> {
        self.0.get("Sid")?.as_str().filter(|sid| !sid.is_empty())
    }

    /// The ARNs that it is about.
    pub fn resources(&self) -> Vec<&str> {
        match self.0.get("Resource") {
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            one => one.and_then(Value::as_str).into_iter().collect(),
        }
    }

    /// One of its elements, unless it says nothing, such as `"Condition": {}`.
    pub(crate) fn element(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|element| !is_nothing(element))
    }

    /// Leaves out the deleted principals; false if the statement is about nothing without them.
    fn forget_deleted_principals(&mut self) -> bool {
        let forget = |fields: &mut Map<String, Value>, element: &str| {
            let kinds = fields.get_mut(element).and_then(Value::as_object_mut)?;
            let named = kinds.get_mut("AWS")?;
            let is_deleted = |one: &Value| one.as_str().is_some_and(is_deleted_principal);
            let is_empty = match named {
                Value::Array(several) if several.iter().any(is_deleted) => {
                    several.retain(|one| !is_deleted(one));
                    several.is_empty()
                }
                one => is_deleted(one),
            };
            if is_empty {
                kinds.remove("AWS");
            }
            Some(is_empty && kinds.is_empty())
        };
        if forget(&mut self.0, "NotPrincipal") == Some(true) {
            // All but none.
            self.0.remove("NotPrincipal");
            self.0.insert("Principal".to_owned(), json!("*"));
        }
        forget(&mut self.0, "Principal") != Some(true)
    }

    /// What it says, one fact a value, in a form that all ways to say the same share.
    fn facts(&self) -> Facts {
        let mut facts = Facts::new();
        for (element, value) in self.0.iter().filter(|(element, _)| *element != "Sid") {
            let anybody = json!({ "AWS": value });
            let value = match element.as_str() {
                "Principal" | "NotPrincipal" if !value.is_object() => &anybody,
                _ => value,
            };
            gather(&mut vec![element.clone()], value, &mut facts);
        }
        facts
    }
}

impl PartialEq for Statement {
    fn eq(&self, other: &Self) -> bool {
        self.facts() == other.facts()
    }
}

impl Eq for Statement {}

/// Each value of a statement with the way to it, such as `Condition`, `Bool`, `aws:multifactorauthpresent`, `true`.
/// A list without values is the way alone: it grants or forbids something else than what is not there.
type Facts = BTreeSet<Vec<String>>;

fn gather(path: &mut Vec<String>, value: &Value, facts: &mut Facts) {
    match value {
        // Nothing said, which is as good as not there: `"Condition": {}`.
        Value::Object(fields) => {
            for (key, value) in fields {
                // The names of condition keys have no case.
                let is_condition_key = path.len() == 2 && path[0] == "Condition";
                path.push(if is_condition_key {
                    key.to_lowercase()
                } else {
                    key.clone()
                });
                gather(path, value, facts);
                path.pop();
            }
        }
        Value::Array(values) if values.is_empty() => {
            facts.insert(path.clone());
        }
        Value::Array(values) => {
            for value in values {
                gather(path, value, facts);
            }
        }
        // `true` and `"true"`, 3600 and `"3600"` are the same.
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            facts.insert([path.as_slice(), &[value.to_string()]].concat());
        }
        Value::String(text) => {
            let path_words: Vec<&str> = path.iter().map(String::as_str).collect();
            let text = match path_words[..] {
                ["Action" | "NotAction"] => text.to_lowercase(),
                ["Principal" | "NotPrincipal", "AWS"] => account_of_root(text).unwrap_or(text).to_owned(),
                ["Condition", operator, _] if operator.trim_end_matches("IfExists").ends_with("Bool") => {
                    text.to_lowercase()
                }
                _ => text.clone(),
            };
            facts.insert([path.as_slice(), &[text]].concat());
        }
    }
}

/// The id of the account whose root ARN this is: both mean the account.
pub(crate) fn account_of_root(arn: &str) -> Option<&str> {
    let (_partition, rest) = arn.strip_prefix("arn:")?.split_once(':')?;
    let account = rest.strip_prefix("iam::")?.strip_suffix(":root")?;
    (account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())).then_some(account)
}

/// What is under a key, if that is an object; otherwise an empty one in its place.
fn object<'a>(fields: &'a mut Map<String, Value>, key: &str) -> &'a mut Value {
    let slot = fields.entry(key).or_insert(Value::Null);
    if !slot.is_object() {
        *slot = json!({});
    }
    slot
}

/// One more value: one is written alone, several as a list.
fn push(slot: &mut Value, value: &str) {
    match slot {
        Value::Null => *slot = json!(value),
        Value::Array(values) => values.push(json!(value)),
        one => *one = json!([one.take(), value]),
    }
}

#[cfg(test)]
mod tests;
