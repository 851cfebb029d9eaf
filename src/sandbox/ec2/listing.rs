//! How every `Describe` operation answers: ids, filters and pages over rows that are already in the form of
//! the wire.
//!
//! A filter is a path into the row, so filters never have code of their own.

use serde_json::{Map, Value, json};

use super::input::Input;
use super::kind::Kind;
use super::{Answer, AwsError, SERVICE};

/// What one `Describe` operation takes and how its answer is called.
pub(super) struct Listing {
    pub(super) operation: &'static str,
    /// The member of the answer that holds the rows.
    pub(super) set: &'static str,
    /// Parameters that pick rows by an id: the parameter, the path of the id, what it identifies.
    pub(super) ids: &'static [(&'static str, &'static str, &'static Kind)],
    /// Filters: the name and the path of what it looks at.
    pub(super) filters: &'static [(&'static str, &'static str)],
    pub(super) pages: Pages,
    /// Further parameters, which whoever makes the rows has looked at.
    pub(super) also: &'static [&'static str],
}

/// Whether and how an operation answers in pages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pages {
    /// It does not.
    None,
    /// It does, with at least five rows and at most these.
    UpTo(usize),
    /// The same, but ids and pages exclude each other.
    UpToWithoutIds(usize),
}

/// The fewest rows that a page may be asked to have.
const SMALLEST_PAGE: usize = 5;

impl Listing {
    /// Answers a request from all rows that there are.
    pub(super) fn answer(&self, input: &Input<'_>, rows: Vec<Value>) -> Answer {
        input.only(|name| self.knows(name))?;
        let (start, size) = self.page(input)?;
        let filters = input.filters()?;
        for (name, _) in &filters {
            self.check_filter(name)?;
        }
        let rows = self.pick(input, rows)?;
        let mut rows: Vec<Value> = rows
            .into_iter()
            .filter(|row| {
                filters
                    .iter()
                    .all(|(name, values)| self.matches(row, name, values))
            })
            .skip(start)
            .collect();
        let mut answer = Map::new();
        if let Some(size) = size.filter(|size| rows.len() > *size) {
            rows.truncate(size);
            answer.insert("nextToken".to_owned(), json!(self.token(start + size)));
        }
        answer.insert(self.set.to_owned(), Value::Array(rows));
        Ok(Value::Object(answer))
    }

    fn knows(&self, name: &str) -> bool {
        match name {
            "Filter" => true,
            "MaxResults" | "NextToken" => self.pages != Pages::None,
            name => self.also.contains(&name) || self.ids.iter().any(|(parameter, ..)| *parameter == name),
        }
    }

    /// The rows with the ids that were asked for; every one of them must exist.
    fn pick(&self, input: &Input<'_>, mut rows: Vec<Value>) -> Result<Vec<Value>, AwsError> {
        for (parameter, path, kind) in self.ids {
            let wanted = input.list(parameter);
            for id in &wanted {
                kind.check(id)?;
                if !rows
                    .iter()
                    .any(|row| leaves(row, path).iter().any(|leaf| leaf == id))
                {
                    return Err(kind.not_found(id));
                }
            }
            if !wanted.is_empty() {
                rows.retain(|row| {
                    leaves(row, path)
                        .iter()
                        .any(|leaf| wanted.contains(&leaf.as_str()))
                });
            }
        }
        Ok(rows)
    }

    fn check_filter(&self, name: &str) -> Result<(), AwsError> {
        let taggable =
            self.operation == "DescribeTags" || self.filters.iter().any(|(known, _)| *known == "tag-key");
        let tagged = taggable && name.starts_with("tag:");
        let known = tagged || self.filters.iter().any(|(known, _)| *known == name);
        if known {
            Ok(())
        } else {
            Err(SERVICE.invalid(format!("The filter '{name}' is invalid")))
        }
    }

    fn matches(&self, row: &Value, name: &str, values: &[&str]) -> bool {
        let found = match name.strip_prefix("tag:") {
            Some(key) => tag_values(row, key),
            None => {
                let path = self.filters.iter().find(|(known, _)| *known == name);
                path.map(|(_, path)| leaves(row, path)).unwrap_or_default()
            }
        };
        found
            .iter()
            .any(|leaf| values.iter().any(|pattern| fits(pattern, leaf)))
    }

    /// The first row and the number of rows that are asked for.
    fn page(&self, input: &Input<'_>) -> Result<(usize, Option<usize>), AwsError> {
        let (Pages::UpTo(most) | Pages::UpToWithoutIds(most)) = self.pages else {
            return Ok((0, None));
        };
        let size = input.number("MaxResults")?;
        if let Some(size) = size {
            let expecting = match size {
                _ if size < SMALLEST_PAGE => format!("greater than or equal to {SMALLEST_PAGE}"),
                _ if size > most => format!("smaller than or equal to {most}"),
                _ => String::new(),
            };
            if !expecting.is_empty() {
                return Err(SERVICE.invalid(format!(
                    "Value ( {size} ) for parameter maxResults is invalid. Expecting a value {expecting}."
                )));
            }
        }
        let with_ids = self.ids.iter().find(|(parameter, ..)| input.has(parameter));
        if let (Pages::UpToWithoutIds(_), Some(_), Some((parameter, ..))) = (self.pages, size, with_ids) {
            return Err(AwsError::new(
                "InvalidParameterCombination",
                format!("The parameter {parameter} cannot be used with the parameter maxResults"),
            ));
        }
        let start = match input.text("NextToken") {
            None => 0,
            Some(token) => self.start(token)?,
        };
        Ok((start, size))
    }

    /// A token says where the next page starts, and of what. It is opaque to clients, as EC2's is.
    fn token(&self, start: usize) -> String {
        let text = format!("{}:{start}", self.operation);
        text.bytes().map(|byte| format!("{byte:02x}")).collect()
    }

    fn start(&self, token: &str) -> Result<usize, AwsError> {
        let bytes: Option<Vec<u8>> = token
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
            .collect();
        bytes
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .and_then(|text| {
                let (operation, start) = text.split_once(':')?;
                (operation == self.operation).then(|| start.parse().ok())?
            })
            .ok_or_else(|| AwsError::new("InvalidNextToken", format!("The token '{token}' is invalid.")))
    }
}

/// Every scalar at a path, as text. A path goes through all elements of a list.
fn leaves(value: &Value, path: &str) -> Vec<String> {
    match value {
        Value::Array(elements) => elements
            .iter()
            .flat_map(|element| leaves(element, path))
            .collect(),
        Value::Object(members) => {
            let (name, rest) = path.split_once('/').unwrap_or((path, ""));
            members
                .get(name)
                .map(|member| leaves(member, rest))
                .unwrap_or_default()
        }
        _ if !path.is_empty() => Vec::new(),
        Value::String(text) => vec![text.clone()],
        Value::Bool(_) | Value::Number(_) => vec![value.to_string()],
        Value::Null => Vec::new(),
    }
}

fn tag_values(row: &Value, key: &str) -> Vec<String> {
    let tags = row
        .get("tagSet")
        .or_else(|| row.pointer("/instancesSet/0/tagSet"));
    let tags = tags.and_then(Value::as_array).map(Vec::as_slice);
    // `DescribeTags` lists the tags themselves.
    tags.unwrap_or(std::slice::from_ref(row))
        .iter()
        .filter(|tag| tag.get("key").and_then(Value::as_str) == Some(key))
        .flat_map(|tag| leaves(tag, "value"))
        .collect()
}

/// Whether a text fits a filter's value: `*` stands for any characters, `?` for one, and `\` takes their
/// meaning away (EC2 User Guide, "Filtering").
fn fits(pattern: &str, text: &str) -> bool {
    fn fits(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            (['*', rest @ ..], _) => fits(rest, text) || (!text.is_empty() && fits(pattern, &text[1..])),
            (['?', rest @ ..], [_, tail @ ..]) => fits(rest, tail),
            (['\\', escaped, rest @ ..], [first, tail @ ..]) => escaped == first && fits(rest, tail),
            ([literal, rest @ ..], [first, tail @ ..]) => literal == first && fits(rest, tail),
            _ => false,
        }
    }
    let chars = |text: &str| text.chars().collect::<Vec<_>>();
    fits(&chars(pattern), &chars(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_as_ec2s_do() {
        for (pattern, text) in [
            ("running", "running"),
            ("*", ""),
            ("vpc-*", "vpc-0abc"),
            ("*-1?", "us-east-1a"),
            (r"a\*b", "a*b"),
            ("a*b*c", "a--b--b-c"),
        ] {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("running", "Running"),
            ("run", "running"),
            ("?", ""),
            (r"a\*b", "axb"),
            ("a*b", "a-c"),
        ] {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn a_path_goes_through_lists() {
        let row = json!({
            "a": [{"b": "x"}, {"b": true}, {"c": 1}],
            "n": 5,
        });
        assert_eq!(leaves(&row, "a/b"), ["x", "true"]);
        assert_eq!(leaves(&row, "n"), ["5"]);
        assert!(leaves(&row, "n/m").is_empty());
        assert!(leaves(&row, "missing").is_empty());
    }
}
