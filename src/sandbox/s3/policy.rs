//! Bucket policies: their form, and whom they let in.

use serde_json::Value;
use trueup_policy::Policy;
use trueup_policy::evaluate::{Context, Principal, Request, evaluate};

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

/// A request of a service, of which conditions can ask these keys.
pub(crate) fn service_request(
    service: &str,
    action: &str,
    resource: String,
    context: &[(&str, &str)],
) -> Request {
    let given = context.iter();
    Request {
        principal: Principal::Service(service.to_owned()),
        action: action.to_owned(),
        resource,
        context: given.fold(Context::complete(), |context, (key, value)| {
            context.with(key, value)
        }),
    }
}

/// Whether the policy of a resource allows a request; what cannot be told allows nothing.
pub(crate) fn lets(policy: &str, request: &Request) -> bool {
    policy
        .parse::<Policy>()
        .is_ok_and(|policy| evaluate(&[&policy], request).is_allowed())
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
}
