//! Tags: reading them, and the rules that hold for every service.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::AwsError;
use super::service::Service;

/// One tag of a request.
pub(super) struct Tag<'a> {
    /// Its key, if that is a text.
    pub(super) key: Option<&'a str>,
    /// Its value, if that is a text.
    value: Option<&'a str>,
    /// Whether a tag before it has the same key.
    pub(super) is_repeated: bool,
}

/// What a tag breaks.
pub(super) enum Flaw {
    /// Its key is one of AWS's own.
    Reserved,
    /// Its key.
    Key,
    /// Its value.
    Value,
}

impl Tag<'_> {
    /// What of it breaks the rules that hold for every service.
    pub(super) fn flaw(&self) -> Option<Flaw> {
        let (key, value) = (self.key.unwrap_or_default(), self.value.unwrap_or_default());
        let of = |key, value| Tag {
            key: Some(key),
            value: Some(value),
            is_repeated: false,
        };
        if key.to_ascii_lowercase().starts_with("aws:") {
            Some(Flaw::Reserved)
        } else if of(key, "").wrong().is_some() {
            Some(Flaw::Key)
        } else {
            of("key", value).wrong().map(|_| Flaw::Value)
        }
    }

    /// Whether it has a key and a value.
    pub(super) fn is_whole(&self) -> bool {
        self.key.is_some() && self.value.is_some()
    }

    /// Whether it is whole, of the usual lengths, and not one of AWS's own. Some services check no more than that.
    pub(super) fn is_usual(&self) -> bool {
        let length = |text: &str| text.chars().count();
        self.key
            .is_some_and(|key| (1..=128).contains(&length(key)) && !key.starts_with("aws:"))
            && self.value.is_some_and(|value| length(value) <= 256)
    }

    /// What is wrong with it, if anything is: the rules that hold for every service
    /// (AWS General Reference, "Tagging AWS resources").
    pub(super) fn wrong(&self) -> Option<&'static str> {
        let (key, value) = (self.key.unwrap_or_default(), self.value.unwrap_or_default());
        let plain = |text: &str| {
            text.chars()
                .all(|c| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c))
        };
        if key.is_empty() || key.chars().count() > 128 {
            Some("a key has 1 to 128 characters")
        } else if key.to_ascii_lowercase().starts_with("aws:") {
            Some("keys that start with `aws:` are AWS's own")
        } else if value.chars().count() > 256 {
            Some("a value has at most 256 characters")
        } else if !plain(key) || !plain(value) {
            Some("only letters, digits, spaces and _ . : / = + - @ are allowed")
        } else {
            None
        }
    }
}

impl Service {
    /// The tags in a list of structures of `Key` and `Value`.
    pub(super) fn tags(&self, list: &[Value]) -> Result<BTreeMap<String, String>, AwsError> {
        let pairs = list.iter();
        self.tag_pairs(pairs.map(|tag| (tag["Key"].as_str(), tag["Value"].as_str())))
    }

    /// The tags in a map of keys to values.
    pub(super) fn tag_map(&self, map: &Value) -> Result<BTreeMap<String, String>, AwsError> {
        let pairs = map.as_object().into_iter().flatten();
        self.tag_pairs(pairs.map(|(key, value)| (Some(key.as_str()), value.as_str())))
    }

    /// The tags of some other form.
    pub(super) fn tag_pairs<'a>(
        &self,
        pairs: impl Iterator<Item = (Option<&'a str>, Option<&'a str>)>,
    ) -> Result<BTreeMap<String, String>, AwsError> {
        let mut tags = BTreeMap::new();
        for (key, value) in pairs {
            let name = key.unwrap_or_default();
            let tag = Tag {
                key,
                value,
                is_repeated: tags.contains_key(name),
            };
            if (self.keeps_tag)(&tag)? {
                tags.insert(name.to_owned(), value.unwrap_or_default().to_owned());
            }
        }
        Ok(tags)
    }
}

/// Tags as an answer lists them.
pub(super) fn output(tags: &BTreeMap<String, String>) -> Vec<Value> {
    tags.iter()
        .map(|(key, value)| json!({"Key": key, "Value": value}))
        .collect()
}
