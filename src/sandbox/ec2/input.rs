//! Reading the parameters of a request.

use serde_json::{Map, Value};

use super::super::{AwsError, Call};
use super::SERVICE;
use super::kind::Kind;
use super::model::Tag;

/// The parameters of one request, under their names on the wire.
pub(super) struct Input<'a> {
    call: &'a Call,
    parameters: Option<&'a Map<String, Value>>,
}

impl<'a> Input<'a> {
    pub(super) fn new(call: &'a Call) -> Self {
        Input {
            call,
            parameters: call.input.as_object(),
        }
    }

    /// Refuses parameters that the sandbox does not simulate. To ignore one would be to answer another
    /// request than the one that was made.
    pub(super) fn only(&self, mut known: impl FnMut(&str) -> bool) -> Result<(), AwsError> {
        let unknown = self
            .parameters
            .into_iter()
            .flat_map(Map::keys)
            .find(|name| !matches!(name.as_str(), "Action" | "Version" | "DryRun") && !known(name));
        match unknown {
            None => Ok(()),
            Some(name) => Err(AwsError::new(
                "NotInSandbox",
                format!(
                    "The sandbox does not know the parameter {name} of {}:{}.",
                    self.call.service, self.call.operation
                ),
            )),
        }
    }

    fn value(&self, name: &str) -> Option<&'a Value> {
        self.parameters?.get(name).filter(|value| !value.is_null())
    }

    /// Whether the parameter is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// A scalar, where it is there.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.value(name)?.as_str()
    }

    /// A scalar that must be there.
    pub(super) fn required(&self, name: &str) -> Result<&'a str, AwsError> {
        self.text(name).ok_or_else(|| SERVICE.missing(name))
    }

    /// An id of the given kind that must be there and have its form.
    pub(super) fn id(&self, name: &str, kind: &Kind) -> Result<&'a str, AwsError> {
        let id = self.required(name)?;
        kind.check(id)?;
        Ok(id)
    }

    /// A switch; it is off where it is not there.
    pub(super) fn flag(&self, name: &str) -> Result<bool, AwsError> {
        let value = self.value(name).unwrap_or(&Value::Null);
        Ok(SERVICE.boolean(value, name)?.unwrap_or_default())
    }

    /// A whole number, where it is there.
    pub(super) fn number(&self, name: &str) -> Result<Option<usize>, AwsError> {
        self.text(name)
            .map(|text| {
                text.parse().map_err(|_| {
                    SERVICE.invalid(format!(
                        "Value ( {text} ) for parameter {name} is invalid. The value must be an integer."
                    ))
                })
            })
            .transpose()
    }

    /// A list of scalars; it is empty where it is not there.
    pub(super) fn list(&self, name: &str) -> Vec<&'a str> {
        texts(self.value(name))
    }

    /// The filters of a `Describe` operation: names with their values.
    pub(super) fn filters(&self) -> Result<Vec<(&'a str, Vec<&'a str>)>, AwsError> {
        self.structures("Filter")
            .map(|filter| {
                let name = filter.get("Name").and_then(Value::as_str);
                let name = name.ok_or_else(|| SERVICE.invalid("The filter 'null' is invalid"))?;
                let values = texts(filter.get("Value"));
                if values.len() > 200 {
                    return Err(AwsError::new(
                        "FilterLimitExceeded",
                        "The maximum number of filter values specified on a single call is 200",
                    ));
                }
                Ok((name, values))
            })
            .collect()
    }

    /// The tags in a list of structures of `Key` and `Value`, for what takes them directly.
    pub(super) fn tags(&self, name: &str) -> Vec<(&'a str, Option<&'a str>)> {
        self.structures(name).filter_map(key_and_value).collect()
    }

    /// The tags that a creation gives to what it creates (`TagSpecification`).
    pub(super) fn creation_tags(&self, kind: &Kind) -> Result<Vec<Tag>, AwsError> {
        let mut tags = Vec::new();
        for specification in self.structures("TagSpecification") {
            let resource_type = specification.get("ResourceType").and_then(Value::as_str);
            if resource_type != Some(kind.resource_type) {
                return Err(SERVICE.invalid(format!(
                    "'{}' is not a valid taggable resource type for this operation.",
                    resource_type.unwrap_or_default()
                )));
            }
            let pairs = specification
                .get("Tag")
                .and_then(Value::as_array)
                .into_iter()
                .flatten();
            for (key, value) in pairs.filter_map(Value::as_object).filter_map(key_and_value) {
                super::tags::put(&mut tags, key, value.unwrap_or_default())?;
            }
        }
        Ok(tags)
    }

    /// A list of structures within a structure; it is empty where it is not there.
    pub(super) fn structures_in(
        &self,
        name: &str,
        member: &str,
    ) -> impl Iterator<Item = &'a Map<String, Value>> {
        let list = self.value(name).and_then(|outer| outer.get(member));
        let list = list.and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_object)
    }

    fn structures(&self, name: &str) -> impl Iterator<Item = &'a Map<String, Value>> {
        let list = self.value(name).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_object)
    }
}

fn key_and_value(tag: &Map<String, Value>) -> Option<(&str, Option<&str>)> {
    Some((
        tag.get("Key")?.as_str()?,
        tag.get("Value").and_then(Value::as_str),
    ))
}

fn texts(list: Option<&Value>) -> Vec<&str> {
    let list = list.and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).collect()
}
