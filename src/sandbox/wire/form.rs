//! Forms: `Filter.1.Name=is-default` is a tree, written flat.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{AwsError, Parts};

/// Reads operation and input from the form of a query protocol.
pub(super) fn decode(parts: &Parts<'_>) -> Result<(String, Value), AwsError> {
    let mut fields: Vec<(String, String)> = form_urlencoded::parse(&parts.body).into_owned().collect();
    fields.extend(parts.query.iter().cloned());
    let mut operation = None;
    let mut root = Node::Branch(BTreeMap::new());
    for (key, value) in fields {
        match key.as_str() {
            "Action" => operation = Some(value),
            "Version" => {}
            _ => root.insert(key.split('.'), value).ok_or_else(|| {
                AwsError::new("MalformedQueryString", format!("The key {key} is malformed."))
            })?,
        }
    }
    match operation {
        Some(operation) => Ok((operation, root.into_value())),
        None => Err(AwsError::new(
            "MissingAction",
            "The request must contain the parameter Action",
        )),
    }
}

/// A tree under construction.
enum Node {
    Leaf(String),
    Branch(BTreeMap<Key, Node>),
}

/// One step of a key. Numbers sort as numbers, so that item 10 comes behind item 9.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Index(u32),
    Name(String),
}

impl Node {
    /// Nothing where a leaf is already in the way.
    fn insert<'a>(&mut self, mut path: impl Iterator<Item = &'a str>, value: String) -> Option<()> {
        let Node::Branch(children) = self else {
            return None;
        };
        let step = path.next()?;
        let key = step
            .parse()
            .map_or_else(|_| Key::Name(step.to_owned()), Key::Index);
        let mut path = path.peekable();
        if path.peek().is_none() {
            return children.insert(key, Node::Leaf(value)).is_none().then_some(());
        }
        // A boxed iterator, or the recursion would have a type without end.
        let rest: Box<dyn Iterator<Item = &str>> = Box::new(path);
        children
            .entry(key)
            .or_insert_with(|| Node::Branch(BTreeMap::new()))
            .insert(rest, value)
    }

    fn into_value(self) -> Value {
        let children = match self {
            Node::Leaf(text) => return Value::String(text),
            Node::Branch(children) => children,
        };
        if !children.is_empty() && children.keys().all(|key| matches!(key, Key::Index(_))) {
            return children.into_values().map(Node::into_value).collect();
        }
        let mut object: Map<String, Value> = children
            .into_iter()
            .map(|(key, node)| {
                let name = match key {
                    Key::Index(index) => index.to_string(),
                    Key::Name(name) => name,
                };
                (name, node.into_value())
            })
            .collect();
        // awsQuery writes lists as `Tags.member.1`: the list is meant, not a structure with one member.
        if object.len() == 1
            && let Some(list @ Value::Array(_)) = object.get_mut("member")
        {
            return list.take();
        }
        Value::Object(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tree(form: &str) -> Result<(String, Value), AwsError> {
        let request = http::Request::builder()
            .method("POST")
            .uri("http://localhost/")
            .body(form.as_bytes().to_vec())
            .unwrap();
        decode(&Parts::of(&request).unwrap())
    }

    #[test]
    fn numbered_keys_are_lists_in_the_order_of_their_numbers() {
        let (operation, input) =
            tree("Action=DescribeVpcs&Version=2016-11-15&Filter.1.Name=is-default&Filter.1.Value.1=true&Filter.10.Name=z&Filter.2.Name=y")
                .unwrap();
        assert_eq!(operation, "DescribeVpcs");
        assert_eq!(
            input,
            json!({"Filter": [{"Name": "is-default", "Value": ["true"]}, {"Name": "y"}, {"Name": "z"}]})
        );
    }

    #[test]
    fn member_lists_are_lists() {
        let (_, input) = tree("Action=X&Tags.member.1.Key=a%20b&Tags.member.1.Value=c%2Bd&Name=n").unwrap();
        assert_eq!(
            input,
            json!({"Tags": [{"Key": "a b", "Value": "c+d"}], "Name": "n"})
        );
    }

    #[test]
    fn what_is_no_tree_is_refused() {
        assert_eq!(
            tree("Action=X&A=1&A.B=2").unwrap_err().code,
            "MalformedQueryString"
        );
        assert_eq!(tree("A=1").unwrap_err().code, "MissingAction");
    }
}
