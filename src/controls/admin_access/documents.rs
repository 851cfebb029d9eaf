//! The policies of the administrators' group: what they must say, and whether those that are there say it.

use serde_json::{Map, Value};
use trueup_policy::{Policy, Statement};

use super::model::MfaCondition;
use crate::role_trust::Own;

const PRESENT: &str = "aws:MultiFactorAuthPresent";
/// The policy that lets a group switch to a role.
pub(super) fn switch_role(role_arn: &str) -> Policy {
    Policy::of([Statement::allow().action("sts:AssumeRole").resource(role_arn)])
}

/// The policy by which a user manages the own password and the own MFA devices (IAM User Guide, "AWS: Allows
/// MFA-authenticated IAM users to manage their own credentials on the Security credentials page").
pub(super) fn self_service(own: Own<'_>) -> Policy {
    // A user or a device may have a path.
    let on = |statement: Statement, kind: &str| {
        let Own { partition, account } = own;
        statement
            .resource(&format!(
                "arn:{partition}:iam::{account}:{kind}/${{aws:username}}"
            ))
            .resource(&format!(
                "arn:{partition}:iam::{account}:{kind}/*/${{aws:username}}"
            ))
    };
    let to = |sid: &str, actions: &[&str]| {
        let named = Statement::allow().named(sid);
        actions
            .iter()
            .fold(named, |statement, action| statement.action(action))
    };
    Policy::of([
        to(
            "LookAround",
            &[
                "iam:GetAccountPasswordPolicy",
                "iam:GetAccountSummary",
                "iam:ListVirtualMFADevices",
            ],
        )
        .resource("*"),
        on(
            to(
                "OwnPassword",
                &["iam:ChangePassword", "iam:GetLoginProfile", "iam:GetUser"],
            ),
            "user",
        ),
        on(
            to(
                "OwnMfa",
                &[
                    "iam:EnableMFADevice",
                    "iam:GetMFADevice",
                    "iam:ListMFADevices",
                    "iam:ResyncMFADevice",
                ],
            ),
            "user",
        ),
        to("NewMfaDevice", &["iam:CreateVirtualMFADevice"])
            .resource(&format!("arn:{}:iam::{}:mfa/*", own.partition, own.account)),
        on(to("UnusedMfaDevice", &["iam:DeleteVirtualMFADevice"]), "mfa"),
        // A stolen password alone must not be enough to take the second factor away.
        on(to("RemoveOwnMfa", &["iam:DeactivateMFADevice"]), "user").condition("Bool", PRESENT, "true"),
    ])
}

/// What of self-service nobody can do without, as actions with their resources: where policies by other names allow
/// this, nothing is added to them.
pub(super) fn self_service_at_least(own: Own<'_>) -> Vec<(&'static str, String)> {
    let Own { partition, account } = own;
    let user = format!("arn:{partition}:iam::{account}:user/${{aws:username}}");
    let device = format!("arn:{partition}:iam::{account}:mfa/${{aws:username}}");
    vec![
        ("iam:ChangePassword", user.clone()),
        ("iam:ListMFADevices", user.clone()),
        ("iam:EnableMFADevice", user),
        ("iam:CreateVirtualMFADevice", device),
    ]
}

/// True if one of the policies allows an action on a resource without a condition. Assuming a role may be allowed with
/// MFA only, since the role asks for that too.
pub(super) fn allow<'a>(
    policies: impl IntoIterator<Item = &'a Policy>,
    action: &str,
    resource: &str,
) -> bool {
    policies.into_iter().any(|policy| {
        let document = plain(policy);
        statements(&document).iter().any(|one| {
            let free = conditions(one) == 0
                || (action == "sts:AssumeRole" && conditions(one) == 1 && demands_mfa(one));
            one["Effect"] == "Allow" && free && speaks_of(one, action, resource)
        })
    })
}

/// How many keys a statement has conditions on.
fn conditions(statement: &Value) -> usize {
    let operators = statement["Condition"].as_object().into_iter().flatten();
    operators
        .filter_map(|(_, keys)| keys.as_object())
        .map(Map::len)
        .sum()
}

/// True if a policy allows nothing that the other one does not allow, conditions left aside.
pub(super) fn is_within(policy: &Policy, other: &Policy) -> bool {
    let (document, other) = (plain(policy), plain(other));
    let others = statements(&other);
    statements(&document)
        .iter()
        .filter(|one| one["Effect"] == "Allow")
        .all(|one| {
            let (actions, resources) = (list(&one["Action"]), list(&one["Resource"]));
            !actions.is_empty()
                && !resources.is_empty()
                && actions.iter().all(|action| {
                    resources
                        .iter()
                        .all(|resource| others.iter().any(|other| speaks_of(other, action, resource)))
                })
        })
}

fn speaks_of(statement: &Value, action: &str, resource: &str) -> bool {
    list(&statement["Action"])
        .iter()
        .any(|have| fits(&have.to_lowercase(), &action.to_lowercase()))
        && list(&statement["Resource"])
            .iter()
            .any(|have| fits(have, resource))
}

fn plain(policy: &Policy) -> Map<String, Value> {
    policy.clone().into()
}

fn statements(document: &Map<String, Value>) -> Vec<Value> {
    match document.get("Statement") {
        Some(Value::Array(all)) => all.clone(),
        Some(one) => vec![one.clone()],
        None => vec![],
    }
}

/// A string, a number, a truth value, or a list of them.
fn list(value: &Value) -> Vec<String> {
    match value {
        Value::Null => vec![],
        Value::Array(all) => all.iter().flat_map(list).collect(),
        Value::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    }
}

fn values(statement: &Value, operator: &str, key: &str) -> Vec<String> {
    let conditions = statement["Condition"].as_object().into_iter().flatten();
    conditions
        .filter(|(name, _)| name.eq_ignore_ascii_case(operator))
        .flat_map(|(_, keys)| keys.as_object().into_iter().flatten())
        .filter(|(name, _)| name.eq_ignore_ascii_case(key))
        .flat_map(|(_, value)| list(value))
        .collect()
}

/// Values of one key are alternatives: only one word alone says something.
fn is_only(values: &[String], word: &str) -> bool {
    !values.is_empty() && values.iter().all(|value| value.eq_ignore_ascii_case(word))
}

/// Whether a statement demands MFA in so many words.
fn demands_mfa(statement: &Value) -> bool {
    [MfaCondition::Bool, MfaCondition::BoolIfExists]
        .into_iter()
        .any(|mfa| is_only(&values(statement, mfa.operator(), PRESENT), "true"))
}

/// IAM's wildcards: `*` for any text, `?` for one character.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.chars().next() {
        None => text.is_empty(),
        Some('*') => {
            let rest = &pattern[1..];
            fits(rest, text)
                || text
                    .char_indices()
                    .any(|(at, c)| fits(rest, &text[at + c.len_utf8()..]))
        }
        Some(first) => text
            .chars()
            .next()
            .filter(|c| first == '?' || first == *c)
            .is_some_and(|c| fits(&pattern[first.len_utf8()..], &text[c.len_utf8()..])),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OWN: Own<'_> = Own {
        partition: "aws",
        account: "111122223333",
    };

    fn policy(document: Value) -> Policy {
        document.to_string().parse().unwrap()
    }

    #[test]
    fn a_policy_by_another_name_may_allow_enough() {
        let enough = |policy: &Policy| {
            self_service_at_least(OWN)
                .iter()
                .all(|(action, resource)| allow([policy], action, resource))
        };
        // The statements of the IAM User Guide's example, without its Deny.
        let by_the_book = policy(json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": ["iam:ChangePassword", "iam:GetUser"],
              "Resource": "arn:aws:iam::*:user/${aws:username}" },
            { "Effect": "Allow", "Action": ["iam:CreateVirtualMFADevice"], "Resource": "arn:aws:iam::*:mfa/*" },
            { "Effect": "Allow", "Action": ["iam:DeactivateMFADevice", "iam:EnableMFADevice", "iam:GetMFADevice",
              "iam:ListMFADevices", "iam:ResyncMFADevice"], "Resource": "arn:aws:iam::*:user/${aws:username}" },
        ]}));
        assert!(enough(&by_the_book));
        assert!(enough(&self_service(OWN)));
        let all = policy(json!({ "Statement": { "Effect": "Allow", "Action": "iam:*", "Resource": "*" } }));
        assert!(enough(&all));
        assert!(!allow(
            [&all],
            "sts:AssumeRole",
            "arn:aws:iam::111122223333:role/administrator"
        ));
        let conditional = policy(
            json!({ "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*",
            "Condition": { "Bool": { PRESENT: "true" } } } }),
        );
        assert!(!enough(&conditional));
    }

    #[test]
    fn a_policy_that_says_less_is_within_one_that_says_more() {
        let full = self_service(OWN);
        let less = policy(json!({ "Statement": { "Effect": "Allow", "Action": "iam:GetUser",
            "Resource": "arn:aws:iam::111122223333:user/${aws:username}" } }));
        let more = policy(json!({ "Statement": { "Effect": "Allow", "Action": "iam:*", "Resource": "*" } }));
        assert!(is_within(&less, &full));
        assert!(is_within(&full, &full));
        assert!(!is_within(&more, &full));
    }
}
