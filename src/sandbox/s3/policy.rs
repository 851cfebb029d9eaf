//! Bucket policies: their form, and whom they let in.

use serde_json::Value;

use super::AwsError;
use crate::input::one_or_many;

/// Refuses what is no bucket policy.
pub(super) fn check_policy(text: &str, bucket: &str) -> Result<(), AwsError> {
    let malformed = |message: &str| AwsError::new("MalformedPolicy", message);
    let policy: Value = serde_json::from_str(text)
        .ok()
        .filter(Value::is_object)
        .ok_or_else(|| malformed("Policies must be valid JSON and the first byte must be '{'"))?;
    let mut sids = vec![];
    for statement in one_or_many(&policy["Statement"]) {
        if let Some(sid) = statement["Sid"].as_str() {
            if sids.contains(&sid) {
                return Err(malformed(
                    "Statement IDs (SID) in a single policy must be unique.",
                ));
            }
            sids.push(sid);
        }
        let own = format!("arn:aws:s3:::{bucket}");
        let is_own = |resource: &Value| {
            let name = resource.as_str().and_then(|arn| arn.strip_prefix(&own));
            name.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '*']))
        };
        if !one_or_many(&statement["Resource"]).iter().all(is_own) {
            return Err(malformed("Policy has invalid resource"));
        }
        for required in ["Effect", "Principal", "Action", "Resource"] {
            let negated = format!("Not{required}");
            if statement[required].is_null() && statement[&negated].is_null() {
                return Err(malformed(&format!("Missing required field {required}")));
            }
        }
    }
    if policy["Statement"].is_null() {
        return Err(malformed("Missing required field Statement"));
    }
    Ok(())
}

/// What a service wants to do with a bucket.
pub(crate) struct Ask<'a> {
    /// The service's principal, such as `cloudtrail.amazonaws.com`.
    pub(crate) service: &'a str,
    /// The action, such as `s3:PutObject`.
    pub(crate) action: &'a str,
    /// The bucket's ARN, or an object's.
    pub(crate) resource: String,
    /// What conditions can ask for: keys in lower case, and values.
    pub(crate) context: Vec<(&'a str, String)>,
}

/// Whether a policy lets a service do something: a statement allows it, and none forbids it. Where a document has no
/// principals or no resources, being one of an identity or of a role's trust, it is for who has it.
pub(crate) fn lets(policy: &str, ask: &Ask<'_>) -> bool {
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    let meant = |effect: &str| {
        one_or_many(&policy["Statement"])
            .iter()
            .any(|statement| statement["Effect"] == effect && is_meant(statement, ask, effect == "Deny"))
    };
    meant("Allow") && !meant("Deny")
}

fn is_meant(statement: &Value, ask: &Ask<'_>, in_doubt: bool) -> bool {
    let among = |values: &Value, text: &str| {
        one_or_many(values)
            .iter()
            .any(|value| fits(value.as_str().unwrap_or_default(), text))
    };
    let principal = &statement["Principal"];
    let who = principal.is_null()
        || principal == "*"
        || principal["AWS"] == "*"
        || among(&principal["Service"], ask.service);
    let action = |values: &Value| {
        one_or_many(values).iter().any(|value| {
            let pattern = value.as_str().unwrap_or_default().to_lowercase();
            fits(&pattern, &ask.action.to_lowercase())
        })
    };
    who && action(&statement["Action"])
        && (statement["Resource"].is_null() || among(&statement["Resource"], &ask.resource))
        && statement["Condition"]
            .as_object()
            .into_iter()
            .flatten()
            .flat_map(|(operator, keys)| {
                keys.as_object()
                    .into_iter()
                    .flatten()
                    .map(move |key| (operator, key))
            })
            .all(|(operator, (key, values))| holds(operator, key, values, ask).unwrap_or(in_doubt))
}

/// Whether a condition holds; nothing if the sandbox cannot tell.
fn holds(operator: &str, key: &str, values: &Value, ask: &Ask<'_>) -> Option<bool> {
    let has = ask.context.iter().find(|(name, _)| *name == key.to_lowercase());
    let (operator, if_exists) = match operator.strip_suffix("IfExists") {
        Some(operator) => (operator, true),
        None => (operator, false),
    };
    let Some((_, has)) = has else {
        return Some(if_exists || operator.contains("Not"));
    };
    let any = |is: &dyn Fn(&str) -> bool| {
        one_or_many(values).iter().any(|value| match value {
            Value::String(text) => is(text),
            other => is(&other.to_string()),
        })
    };
    match operator {
        "StringEquals" => Some(any(&|text| text == has)),
        "StringNotEquals" => Some(!any(&|text| text == has)),
        "StringLike" | "ArnLike" | "ArnEquals" => Some(any(&|text| fits(text, has))),
        "StringNotLike" | "ArnNotLike" | "ArnNotEquals" => Some(!any(&|text| fits(text, has))),
        "Bool" => Some(any(&|text| text.eq_ignore_ascii_case(has))),
        _ => None,
    }
}

/// Whether a text fits a pattern with `*` and `?`.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((before, rest)) = pattern.split_once('*') else {
        return pattern.len() == text.len() && starts(pattern, text);
    };
    starts(before, text)
        && (before.len()..=text.len()).any(|at| text.get(at..).is_some_and(|text| fits(rest, text)))
}

fn starts(pattern: &str, text: &str) -> bool {
    let mut text = text.chars();
    pattern
        .chars()
        .all(|wanted| text.next().is_some_and(|has| wanted == '?' || wanted == has))
}

/// The conditions that narrow a statement to somebody, if their values are fixed (S3 User Guide, "The meaning of
/// public").
const NARROWING: [&str; 12] = [
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
];

/// Whether a policy lets anybody in.
pub(super) fn is_public(policy: &str) -> bool {
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    one_or_many(&policy["Statement"]).iter().any(|statement| {
        let principal = &statement["Principal"];
        // To let in everybody but somebody is to let in anybody.
        let anybody = !statement["NotPrincipal"].is_null()
            || [principal, &principal["AWS"]]
                .iter()
                .any(|who| one_or_many(who).iter().any(|who| who == "*"));
        statement["Effect"] == "Allow" && anybody && !is_narrowed(&statement["Condition"])
    })
}

fn is_narrowed(condition: &Value) -> bool {
    let fixed = |value: &Value| {
        value
            .as_str()
            .is_some_and(|text| !text.contains(['*', '?', '$']) && !text.ends_with("/0"))
    };
    condition
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(operator, _)| !operator.contains("Not") && !operator.ends_with("IfExists"))
        .flat_map(|(_, keys)| keys.as_object().into_iter().flatten())
        .any(|(key, values)| {
            NARROWING.contains(&key.to_ascii_lowercase().as_str()) && one_or_many(values).iter().all(fixed)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_public_is_what_anybody_may() {
        let with = |principal: &str, condition: &str| {
            is_public(&format!(
                r#"{{"Statement": {{"Effect": "Allow", "Principal": {principal}, "Condition": {condition}}}}}"#
            ))
        };
        assert!(with(r#""*""#, "null"));
        assert!(with(r#"{"AWS": ["arn:aws:iam::1:root", "*"]}"#, "null"));
        assert!(with(r#""*""#, r#"{"Bool": {"aws:SecureTransport": "true"}}"#));
        assert!(with(r#""*""#, r#"{"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}"#));
        assert!(!with(
            r#""*""#,
            r#"{"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}"#
        ));
        assert!(with(
            r#""*""#,
            r#"{"ArnLike": {"aws:SourceArn": "arn:aws:sns:eu-west-1:1:${aws:username}"}}"#
        ));
        assert!(is_public(
            r#"{"Statement": {"Effect": "Allow", "NotPrincipal": {"AWS": "arn:aws:iam::1:root"}}}"#
        ));
        assert!(!with(r#"{"AWS": "arn:aws:iam::1:root"}"#, "null"));
        assert!(!with(r#"{"Service": "cloudtrail.amazonaws.com"}"#, "null"));
    }

    #[test]
    fn a_service_may_what_a_statement_allows_and_none_forbids() {
        let ask = |context: &[(&'static str, &str)]| Ask {
            service: "cloudtrail.amazonaws.com",
            action: "s3:PutObject",
            resource: "arn:aws:s3:::logs/AWSLogs/1/x".to_owned(),
            context: context
                .iter()
                .map(|(key, value)| (*key, (*value).to_owned()))
                .collect(),
        };
        let with = |effect: &str, condition: &str| {
            format!(
                r#"{{"Effect": "{effect}", "Principal": {{"Service": "cloudtrail.amazonaws.com"}}, "Action": "s3:Put*",
                 "Resource": "arn:aws:s3:::logs/AWSLogs/?/*", "Condition": {condition}}}"#
            )
        };
        let policy = |statements: &[String]| format!(r#"{{"Statement": [{}]}}"#, statements.join(","));
        let mine = with("Allow", r#"{"StringEquals": {"AWS:SourceArn": ["a", "b"]}}"#);
        assert!(lets(
            &policy(std::slice::from_ref(&mine)),
            &ask(&[("aws:sourcearn", "b")])
        ));
        assert!(!lets(
            &policy(std::slice::from_ref(&mine)),
            &ask(&[("aws:sourcearn", "c")])
        ));
        assert!(!lets(&policy(std::slice::from_ref(&mine)), &ask(&[])));
        assert!(!lets("", &ask(&[])));
        let unless_safe = with("Deny", r#"{"Bool": {"aws:SecureTransport": false}}"#);
        let both = policy(&[mine, unless_safe]);
        assert!(lets(
            &both,
            &ask(&[("aws:sourcearn", "a"), ("aws:securetransport", "true")])
        ));
        assert!(!lets(
            &both,
            &ask(&[("aws:sourcearn", "a"), ("aws:securetransport", "false")])
        ));
        // What cannot be told allows nothing.
        let odd = policy(&[with("Allow", r#"{"DateLessThan": {"aws:sourcearn": "x"}}"#)]);
        assert!(!lets(&odd, &ask(&[("aws:sourcearn", "x")])));
    }
}
