//! What is wrong with a table as a whole.

use std::collections::BTreeSet;

use trueup_core::values::{Bound, Never, NumberOr, Template};

use super::model::{Encryption, Model};
use crate::kms_key;

/// See [`Control::check`](trueup_core::control::Control::check).
pub(super) fn check(want: &Model) -> Vec<(&'static str, String)> {
    if want.is_absent() {
        return vec![];
    }
    let mut wrong = vec![];
    match &want.name {
        None => wrong.push(("", "does not say which bucket; expected name".to_owned())),
        Some(name) if !is_name(name.as_str()) => wrong.push((
            "name",
            format!("`{name}` is no bucket's name; expected 3 to 63 lower-case letters, digits, - and ."),
        )),
        Some(_) => {}
    }
    if want.config_prefixes.as_ref().is_some_and(BTreeSet::is_empty) {
        wrong.push((
            "config_prefixes",
            "is empty; expected at least one, \"\" for none, or config = false".to_owned(),
        ));
    }
    if want.kms_key.is_some()
        && matches!(
            want.encryption.as_ref().map(Bound::value),
            None | Some(Encryption::S3)
        )
    {
        wrong.push(("kms_key", "stands without encryption = \"aws:kms\"".to_owned()));
    } else if let Some(key) = want
        .kms_key
        .as_deref()
        .filter(|key| !kms_key::is_key_or_alias(key))
    {
        wrong.push(("kms_key", format!("`{key}` is not a KMS key; expected its ARN")));
    }
    let days = |after: Option<NumberOr<Never>>| after.and_then(|after| after.number);
    match (days(want.archive_after_days), want.archive_class) {
        (Some(_), None) => wrong.push((
            "archive_after_days",
            "stands without archive_class; expected both".to_owned(),
        )),
        (None, Some(_)) => wrong.push((
            "archive_class",
            "stands without a number of days in archive_after_days; expected both".to_owned(),
        )),
        (Some(days), Some(class)) if days < class.least_days() => wrong.push((
            "archive_after_days",
            format!(
                "{days} is too early; expected {} or more for this class",
                class.least_days()
            ),
        )),
        _ => {}
    }
    let expiry = want.expire_after_days.as_ref().map(|bound| *bound.value());
    if let (Some(archive), Some(expire)) = (days(want.archive_after_days), days(expiry))
        && expire <= archive
    {
        wrong.push((
            "expire_after_days",
            format!("{expire} is not later than archive_after_days = {archive}"),
        ));
    }
    wrong
}

/// What is wrong with the name of a bucket that is there already. Old ones may also have capital letters and underscores
/// (S3 user guide, "Bucket naming rules").
pub(crate) fn wrong_name(template: &Template) -> Option<String> {
    let name = example(template.as_str());
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    let is_name = (3..=255).contains(&name.len()) && name.bytes().all(plain);
    (!is_name).then(|| format!("`{template}` is no bucket's name; expected letters, digits, - . and _"))
}

fn example(template: &str) -> String {
    template
        .replace("{account_id}", "111122223333")
        .replace("{home_region}", "us-east-1")
}

/// What S3 takes as a new bucket's name (S3 user guide, "Bucket naming rules").
fn is_name(template: &str) -> bool {
    let name = example(template);
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let edges = [name.bytes().next(), name.bytes().last()];
    (3..=63).contains(&name.len())
        && name.bytes().all(|b| plain(b) || b == b'-' || b == b'.')
        && edges.iter().flatten().all(|&b| plain(b))
        && !name.contains("..")
}
