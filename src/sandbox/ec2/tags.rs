//! Tags: `CreateTags`, `DeleteTags` and the rows of `DescribeTags`.

use serde_json::{Value, json};

use super::input::{Input, missing};
use super::model::{Ec2, Resource, Tag, each_resource};
use super::{Answer, AwsError, Cx, done};

/// How many tags a resource may have (EC2 User Guide, "Tag restrictions").
const MOST_TAGS: usize = 50;

/// Sets one tag, with the checks that EC2 makes.
pub(super) fn put(tags: &mut Vec<Tag>, key: &str, value: &str) -> Result<(), AwsError> {
    let refuse = |message: String| Err(AwsError::new("InvalidParameterValue", message));
    if key.to_ascii_lowercase().starts_with("aws:") {
        return refuse(format!(
            "Tag keys starting with 'aws:' are reserved for internal use: {key}"
        ));
    }
    if key.is_empty() || key.chars().count() > 128 {
        return refuse("Tag key must be between 1 and 128 characters long.".to_owned());
    }
    if value.chars().count() > 256 {
        return refuse("Tag value exceeds the maximum length of 256 characters".to_owned());
    }
    if tags.len() >= MOST_TAGS && !tags.iter().any(|tag| tag.key == key) {
        return Err(AwsError::new(
            "TagLimitExceeded",
            "The maximum number of Tags for a resource has been reached.",
        ));
    }
    put_unchecked(tags, key, value);
    Ok(())
}

/// Sets one tag, as AWS itself may.
pub(super) fn put_unchecked(tags: &mut Vec<Tag>, key: &str, value: &str) {
    match tags.iter_mut().find(|tag| tag.key == key) {
        Some(tag) => value.clone_into(&mut tag.value),
        None => tags.push(Tag {
            key: key.to_owned(),
            value: value.to_owned(),
        }),
    }
}

/// Changes the tags of the named resources: of all of them, or, where one does not exist, of none.
fn change(
    ec2: &mut Ec2,
    ids: &[&str],
    mut change: impl FnMut(&mut Vec<Tag>) -> Result<(), AwsError>,
) -> Result<(), AwsError> {
    let mut changed = ec2.clone();
    for id in ids {
        let tags = tags_of(&mut changed, id);
        change(tags.ok_or_else(|| AwsError::new("InvalidID", format!("The ID '{id}' is not valid")))?)?;
    }
    *ec2 = changed;
    Ok(())
}

fn tags_of<'a>(ec2: &'a mut Ec2, id: &str) -> Option<&'a mut Vec<Tag>> {
    each_resource!(&mut, ec2, list => {
        if let Some(position) = list.iter().position(|resource| resource.id() == id) {
            return Some(list[position].tags_mut());
        }
    });
    None
}

/// `CreateTags`.
pub(super) fn create_tags(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let tags = input.tags("Tag");
    if tags.is_empty() {
        return Err(missing("Tag"));
    }
    change(cx.ec2, &input.list("ResourceId"), |existing| {
        tags.iter()
            .try_for_each(|(key, value)| put(existing, key, value.unwrap_or_default()))
    })?;
    done()
}

/// `DeleteTags`: without tags it removes all; a tag with a value goes only where it has that value.
pub(super) fn delete_tags(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let tags = input.tags("Tag");
    change(cx.ec2, &input.list("ResourceId"), |existing| {
        existing.retain(|tag| {
            let named = tags
                .iter()
                .any(|(key, value)| *key == tag.key && value.is_none_or(|value| value == tag.value));
            let all = tags.is_empty() && !tag.key.starts_with("aws:");
            !named && !all
        });
        Ok(())
    })?;
    done()
}

/// The rows of `DescribeTags`.
pub(super) fn rows(ec2: &Ec2) -> Vec<Value> {
    fn collect<R: Resource>(list: &[R], rows: &mut Vec<Value>) {
        for resource in list {
            for tag in resource.tags() {
                rows.push(json!({
                    "resourceId": resource.id(),
                    "resourceType": R::KIND.resource_type,
                    "key": tag.key,
                    "value": tag.value,
                }));
            }
        }
    }
    let mut rows = Vec::new();
    each_resource!(&, ec2, list => collect(list, &mut rows));
    rows
}
