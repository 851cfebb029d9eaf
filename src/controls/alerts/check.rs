//! What is wrong with a table as a whole.

use super::model::{Model, Protocol, TopicArn};
use crate::kms_key;

/// See [`Control::check`](trueup_core::control::Control::check).
pub(super) fn check(want: &Model) -> Vec<(&'static str, String)> {
    if want.is_absent() {
        return vec![];
    }
    let mut wrong = vec![];
    match (&want.topic, &want.topic_arn) {
        (None, None) => wrong.push((
            "",
            "does not say which topic; expected topic or topic_arn".to_owned(),
        )),
        (Some(_), Some(_)) => wrong.push((
            "topic_arn",
            "stands beside topic; expected only one of the two".to_owned(),
        )),
        (Some(name), None) if !is_name(name) => wrong.push((
            "topic",
            format!("`{name}` is no topic's name; expected 1 to 256 letters, digits, - and _"),
        )),
        (None, Some(arn)) if TopicArn::parse(arn).is_none() => wrong.push((
            "topic_arn",
            format!(
                "`{arn}` is no topic's ARN; expected one such as arn:aws:sns:us-east-1:111122223333:alerts"
            ),
        )),
        _ => {}
    }
    if let Some(key) = want
        .kms_key
        .as_deref()
        .filter(|key| !kms_key::is_key_or_alias(key))
    {
        wrong.push((
            "kms_key",
            format!("`{key}` is not a KMS key; expected its ARN, its id or an alias such as alias/alerts"),
        ));
    }
    let mut once = |key, protocol: Protocol, endpoints: Vec<&str>| {
        let folded: Vec<String> = endpoints.iter().map(|one| protocol.folded(one)).collect();
        for (at, endpoint) in endpoints.iter().enumerate() {
            if folded[..at].contains(&folded[at]) {
                wrong.push((
                    key,
                    format!("`{endpoint}` is there twice; expected each address once"),
                ));
            }
        }
    };
    once("emails", Protocol::Email, want.endpoints(Protocol::Email));
    once("https", Protocol::Https, want.endpoints(Protocol::Https));
    wrong
}

/// What SNS takes as a topic's name (API reference, `CreateTopic`). First-in-first-out topics take no e-mail
/// subscriptions.
pub(super) fn is_name(name: &str) -> bool {
    (1..=256).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}
