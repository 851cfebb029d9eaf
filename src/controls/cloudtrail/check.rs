//! What is wrong with a table as a whole.

use super::model::Model;
use crate::kms_key;
use crate::log_bucket;
use crate::role_rights::wrong_boundary;
use crate::roles::wrong_name;

/// See [`Control::check`](trueup_core::control::Control::check).
pub(super) fn check(want: &Model) -> Vec<(&'static str, String)> {
    if want.is_absent() {
        return vec![];
    }
    let mut wrong = vec![];
    match &want.name {
        None => wrong.push(("", "does not say which trail; expected name".to_owned())),
        Some(name) if !is_name(name) => wrong.push((
            "name",
            format!(
                "`{name}` is no trail's name; expected 3 to 128 letters, digits, and single . _ - between them"
            ),
        )),
        Some(_) => {}
    }
    if let Some(key) = want.kms_key.as_deref()
        && key != "none"
        && !kms_key::is_key(key)
    {
        wrong.push((
            "kms_key",
            format!(
                "`{key}` is no key's ARN or id; expected one, or \"none\": CloudTrail never tells an alias"
            ),
        ));
    }
    if let Some(days) = want.log_retention_days.and_then(|days| days.value().number)
        && !RETENTIONS.contains(&days)
    {
        let near = RETENTIONS.iter().find(|known| **known > days).unwrap_or(&3653);
        wrong.push((
            "log_retention_days",
            format!("CloudWatch Logs keeps nothing for {days} days; the next it has is {near}"),
        ));
    }
    if want.log_retention_days.is_some() && want.log_group.is_none() {
        wrong.push(("log_retention_days", "stands without log_group".to_owned()));
    }
    if want.kms_events == Some(false) {
        let what = "cannot be false: trueup excludes nothing from a trail; leave the key out";
        wrong.push(("kms_events", what.to_owned()));
    }
    if want.role.is_some() && want.log_group.is_none() {
        wrong.push(("role", "stands without log_group".to_owned()));
    }
    let bucket = want.bucket.as_ref().and_then(log_bucket::wrong_name);
    wrong.extend(bucket.map(|what| ("bucket", what)));
    let role = want.role.as_deref().and_then(|role| wrong_name(role, 64));
    wrong.extend(role.map(|what| ("role", what)));
    if want.permissions_boundary.is_some() && want.log_group.is_none() {
        wrong.push(("permissions_boundary", "stands without log_group".to_owned()));
    }
    let boundary = want.permissions_boundary.as_ref().and_then(wrong_boundary);
    wrong.extend(boundary.map(|what| ("permissions_boundary", what)));
    if let Some(group) = want.log_group.as_deref().filter(|group| !is_group(group)) {
        wrong.push((
            "log_group",
            format!(
                "`{group}` is no log group's name; expected letters, digits and . _ - / #, not aws/ in front"
            ),
        ));
    }
    wrong
}

/// The retentions that CloudWatch Logs has, in days (API reference, `PutRetentionPolicy`).
const RETENTIONS: [i32; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/// What CloudTrail takes as a trail's name (API reference, `CreateTrail`).
fn is_name(name: &str) -> bool {
    let is_mark = |b: u8| b"._-".contains(&b);
    let edges = [name.bytes().next(), name.bytes().last()];
    (3..=128).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || is_mark(b))
        && edges.iter().flatten().all(u8::is_ascii_alphanumeric)
        && !name
            .as_bytes()
            .windows(2)
            .any(|two| two.iter().all(|b| is_mark(*b)))
}

/// What CloudWatch Logs takes as a log group's name (API reference, `CreateLogGroup`).
pub(crate) fn is_group(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/#".contains(c);
    (1..=512).contains(&name.len()) && name.chars().all(plain) && !name.starts_with("aws/")
}
