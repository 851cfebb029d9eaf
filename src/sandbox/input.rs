//! Reading requests: one reader for all services, which refuses in the words of each.

use std::str::FromStr;

use serde_json::Value;

use super::AwsError;
use super::service::Service;
use super::wire::Protocol;

/// Reads members of a request, or of a part of one. A member that is absent or of another type reads as an empty one.
pub(super) trait Input {
    /// A text.
    fn text(&self, member: &str) -> &str;
    /// A list.
    fn list(&self, member: &str) -> &[Value];
    /// The texts of a list.
    fn texts(&self, member: &str) -> Vec<&str>;
}

impl Input for Value {
    fn text(&self, member: &str) -> &str {
        self[member].as_str().unwrap_or_default()
    }

    fn list(&self, member: &str) -> &[Value] {
        self[member].as_array().map_or(&[], Vec::as_slice)
    }

    fn texts(&self, member: &str) -> Vec<&str> {
        self.list(member).iter().filter_map(Value::as_str).collect()
    }
}

/// The items of what XML and policies write without a list if there is only one.
pub(super) fn one_or_many(value: &Value) -> &[Value] {
    match value {
        Value::Null => &[],
        Value::Array(items) => items,
        one => std::slice::from_ref(one),
    }
}

/// The texts among them.
pub(super) fn one_or_many_texts(value: &Value) -> Vec<&str> {
    one_or_many(value).iter().filter_map(Value::as_str).collect()
}

/// The name of a member as AWS's sentences about it write it.
pub(super) fn lower_first(name: &str) -> String {
    let mut chars = name.chars();
    let first = chars.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(chars).collect()
}

/// AWS's commonest sentence about a member that a request lacks.
pub(super) fn null_at(member: &str) -> String {
    format!(
        "1 validation error detected: Value null at '{}' failed to satisfy constraint: Member must not be null",
        lower_first(member)
    )
}

impl Service {
    /// The refusal of a request that breaks the API's description.
    pub(super) fn invalid(&self, message: impl Into<String>) -> AwsError {
        AwsError::new(self.invalid_code, message)
    }

    /// The refusal of a request that lacks a member.
    pub(super) fn missing(&self, member: &str) -> AwsError {
        (self.missing)(self, member)
    }

    /// A text that must be there.
    pub(super) fn required<'a>(&self, input: &'a Value, member: &str) -> Result<&'a str, AwsError> {
        input[member].as_str().ok_or_else(|| self.missing(member))
    }

    /// A boolean, where it is there; `name` is what a refusal calls it.
    pub(super) fn boolean(&self, value: &Value, name: &str) -> Result<Option<bool>, AwsError> {
        if self.has_texts_only() {
            return self.parsed(value, name);
        }
        match value {
            Value::Null => Ok(None),
            Value::Bool(value) => Ok(Some(*value)),
            other => Err((self.malformed)(name, other)),
        }
    }

    /// What is read from a text, where that is there; `name` is what a refusal calls it.
    pub(super) fn parsed<T: FromStr>(&self, value: &Value, name: &str) -> Result<Option<T>, AwsError> {
        let parsed = value.as_str().map(str::parse);
        parsed.transpose().map_err(|_| (self.malformed)(name, value))
    }

    /// Whether its protocol knows no other scalars than texts.
    fn has_texts_only(&self) -> bool {
        matches!(
            self.protocols[0],
            Protocol::Query(_) | Protocol::Ec2Query(_) | Protocol::RestXml(_)
        )
    }
}
