//! The policy documents of an administrator's access: what they must say, and whether those that are there say it.
//!
//! A role's trust and a group's policies are judged by what they mean for somebody who signs in, not by how they are
//! written: a Deny of whoever has no MFA, or a limit on the age of an MFA sign-in, demand MFA too (IAM User Guide,
//! "Configuring MFA-protected API access").

use serde_json::{Map, Value};
use trueup_core::env::Env;
use trueup_policy::{Policy, Statement};

use super::model::MfaCondition;

const PRESENT: &str = "aws:MultiFactorAuthPresent";
const AGE: &str = "aws:MultiFactorAuthAge";

/// What a trust policy asks of the account's own users, at its weakest point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// How MFA is demanded, if it is.
    pub(super) mfa: Option<MfaCondition>,
    /// The oldest sign-in with MFA that is accepted, in seconds.
    pub(super) max_age: Option<i32>,
}

/// A trust policy that has to change.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tightened {
    /// The whole document to send.
    pub(super) trust: Policy,
    /// True if somebody who gets in now may not get in any more.
    pub(super) narrows: bool,
}

/// The account whose users are let in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Own<'a> {
    /// The partition, such as `aws`.
    pub(super) partition: &'a str,
    /// The account's id.
    pub(super) account: &'a str,
}

impl<'a> Own<'a> {
    /// This account.
    pub(crate) fn of(env: &'a Env) -> Self {
        Own {
            partition: &env.partition,
            account: &env.account,
        }
    }

    /// The principal that means the account.
    pub(super) fn root(self) -> String {
        format!("arn:{}:iam::{}:root", self.partition, self.account)
    }

    fn is_account(self, principal: &str) -> bool {
        principal == self.account || principal == self.root()
    }

    /// True for the account, each of its users, and everybody.
    fn has(self, principal: &str) -> bool {
        let users = format!("arn:{}:iam::{}:user/", self.partition, self.account);
        principal == "*" || self.is_account(principal) || principal.starts_with(&users)
    }
}

/// The trust that lets the account's own users in.
pub(crate) fn trust(own: Own<'_>, mfa: MfaCondition, max_age: Option<i32>) -> Policy {
    Policy::of([entrance(own, mfa, max_age)])
}

fn entrance(own: Own<'_>, mfa: MfaCondition, max_age: Option<i32>) -> Statement {
    let statement = Statement::allow()
        .principal("AWS", &own.root())
        .action("sts:AssumeRole")
        .condition(mfa.operator(), PRESENT, "true");
    match max_age {
        Some(age) => statement.condition("NumericLessThan", AGE, &age.to_string()),
        None => statement,
    }
}

/// What a trust policy asks of the account's own users; nothing if it does not let the account in.
pub(super) fn asked(trust: &Policy, own: Own<'_>) -> Option<Asked> {
    let document = plain(trust);
    let all = statements(&document);
    let barrier = barrier(&all, own);
    let entrances = || all.iter().filter(|one| lets_in(one, own));
    if !entrances().any(|one| principals(one).iter().any(|who| own.is_account(who))) {
        return None;
    }
    entrances()
        .map(|one| Asked {
            mfa: explicit(one).max(implied(one)).max(barrier),
            max_age: age_of(one),
        })
        .reduce(|a, b| Asked {
            // No condition is weaker than either, and `BoolIfExists` weaker than `Bool`.
            mfa: a.mfa.min(b.mfa),
            max_age: a.max_age.zip(b.max_age).map(|(a, b)| a.max(b)),
        })
}

/// The trust with what is demanded put into each statement that lets the account's own users in, and everything else
/// as it was; nothing if it demands that already. `max_age` is nothing where it is not managed.
pub(super) fn tightened(
    trust: &Policy,
    own: Own<'_>,
    mfa: MfaCondition,
    max_age: Option<Option<i32>>,
) -> Option<Tightened> {
    let mut document = plain(trust);
    let mut all = statements(&document);
    let barrier = barrier(&all, own);
    let (mut met, mut changed, mut narrows) = (false, false, false);
    for one in all.iter_mut().filter(|one| lets_in(one, own)) {
        met |= principals(one).iter().any(|who| own.is_account(who));
        let before = (explicit(one).max(implied(one)).max(barrier), age_of(one));
        if let Some(age) = max_age.filter(|age| *age != before.1) {
            limit_age(one, age);
            changed = true;
            narrows |= age.is_some_and(|age| before.1.is_none_or(|before| age < before));
        }
        if implied(one).max(barrier) < Some(mfa) && explicit(one) != Some(mfa) {
            demand(one, mfa);
            changed = true;
        }
        narrows |= explicit(one).max(implied(one)).max(barrier) > before.0;
    }
    if !met {
        all.push(Value::Object(element(&entrance(own, mfa, max_age.flatten()))));
        changed = true;
    }
    document.insert("Statement".to_owned(), Value::Array(all));
    let trust = Policy::try_from(document).ok().filter(|_| changed)?;
    Some(Tightened { trust, narrows })
}

/// Who else gets in and needs no MFA for it: other accounts, roles, services and identity providers.
pub(crate) fn strangers(trust: &Policy, own: Own<'_>) -> Vec<String> {
    let document = plain(trust);
    let all = statements(&document);
    let barrier = barrier(&all, own);
    let mut found = vec![];
    for one in all.iter().filter(|one| one["Effect"] == "Allow") {
        if let Some(but) = one.get("NotPrincipal") {
            found.push(format!("everybody but {but}"));
        }
        if explicit(one).max(implied(one)).max(barrier).is_none() {
            found.extend(
                principals(one)
                    .into_iter()
                    .filter(|who| who == "*" || !own.has(who)),
            );
        }
        for kind in ["Service", "Federated"] {
            found.extend(list(&one["Principal"][kind]));
        }
    }
    found.sort();
    found.dedup();
    found
}

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
                || (action == "sts:AssumeRole" && conditions(one) == 1 && explicit(one).is_some());
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

fn element(statement: &Statement) -> Map<String, Value> {
    let Ok(Value::Object(element)) = serde_json::to_value(statement) else {
        return Map::new();
    };
    element
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

fn assumes(statement: &Value) -> bool {
    statement.get("NotAction").is_some()
        || list(&statement["Action"])
            .iter()
            .any(|action| fits(&action.to_lowercase(), "sts:assumerole"))
}

fn principals(statement: &Value) -> Vec<String> {
    match &statement["Principal"] {
        Value::Object(kinds) => kinds.get("AWS").map(list).unwrap_or_default(),
        other => list(other),
    }
}

/// True if a statement lets the account's own users assume the role.
fn lets_in(statement: &Value, own: Own<'_>) -> bool {
    statement["Effect"] == "Allow"
        && assumes(statement)
        && principals(statement).iter().any(|principal| own.has(principal))
}

/// What a statement demands of everybody by forbidding what has no MFA.
fn barrier(all: &[Value], own: Own<'_>) -> Option<MfaCondition> {
    all.iter()
        .filter(|one| one["Effect"] == "Deny" && assumes(one))
        .filter(|one| {
            principals(one)
                .iter()
                .any(|who| who == "*" || own.is_account(who))
        })
        .filter(|one| conditions(one) == 1)
        .filter_map(|one| {
            let forbids = |operator| is_only(&values(one, operator, PRESENT), "false");
            if forbids("BoolIfExists") {
                Some(MfaCondition::Bool)
            } else {
                forbids("Bool").then_some(MfaCondition::BoolIfExists)
            }
        })
        .max()
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

/// What a statement demands in so many words.
fn explicit(statement: &Value) -> Option<MfaCondition> {
    [MfaCondition::Bool, MfaCondition::BoolIfExists]
        .into_iter()
        .find(|mfa| is_only(&values(statement, mfa.operator(), PRESENT), "true"))
}

/// What it demands otherwise: an age that is compared is one that exists.
fn implied(statement: &Value) -> Option<MfaCondition> {
    let exists = age_of(statement).is_some() || is_only(&values(statement, "Null", AGE), "false");
    exists.then_some(MfaCondition::Bool)
}

fn age_of(statement: &Value) -> Option<i32> {
    let less = |operator| values(statement, operator, AGE);
    let ages = [less("NumericLessThan"), less("NumericLessThanEquals")].concat();
    ages.iter().filter_map(|age| age.parse().ok()).max()
}

fn without(statement: &mut Value, key: &str) {
    let Some(conditions) = statement.get_mut("Condition").and_then(Value::as_object_mut) else {
        return;
    };
    for keys in conditions.values_mut().filter_map(Value::as_object_mut) {
        keys.retain(|name, _| !name.eq_ignore_ascii_case(key));
    }
    conditions.retain(|_, keys| keys.as_object().is_none_or(|keys| !keys.is_empty()));
}

fn demand(statement: &mut Value, mfa: MfaCondition) {
    without(statement, PRESENT);
    statement["Condition"][mfa.operator()][PRESENT] = Value::from("true");
}

fn limit_age(statement: &mut Value, age: Option<i32>) {
    without(statement, AGE);
    if let Some(age) = age {
        statement["Condition"]["NumericLessThan"][AGE] = Value::from(age.to_string());
    }
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

    fn strict() -> Policy {
        trust(OWN, MfaCondition::Bool, None)
    }

    #[test]
    fn odd_but_equal_forms_ask_the_same_and_stay() {
        let odd = policy(json!({ "Statement": {
            "Sid": "x", "Effect": "Allow", "Principal": { "AWS": ["111122223333"] }, "Action": ["STS:assumerole"],
            "Condition": { "Bool": { "aws:multifactorauthpresent": [true] }, "NumericLessThan": { AGE: 3600 } },
        }}));
        let plain = trust(OWN, MfaCondition::Bool, Some(3600));
        assert_eq!(asked(&odd, OWN), asked(&plain, OWN));
        let asks = Asked {
            mfa: Some(MfaCondition::Bool),
            max_age: Some(3600),
        };
        assert_eq!(asked(&odd, OWN), Some(asks));
        assert_eq!(tightened(&odd, OWN, MfaCondition::Bool, Some(Some(3600))), None);
        assert_eq!(tightened(&odd, OWN, MfaCondition::Bool, None), None);
    }

    #[test]
    fn a_deny_of_whoever_has_no_mfa_demands_it_too() {
        let denying = |operator: &str| {
            policy(json!({ "Version": "2012-10-17", "Statement": [
                { "Effect": "Allow", "Principal": { "AWS": OWN.root() }, "Action": "sts:AssumeRole" },
                { "Effect": "Deny", "Principal": "*", "Action": "sts:*",
                  "Condition": { operator: { PRESENT: "false" } } },
            ]}))
        };
        let strict = denying("BoolIfExists");
        assert_eq!(asked(&strict, OWN).unwrap().mfa, Some(MfaCondition::Bool));
        assert_eq!(tightened(&strict, OWN, MfaCondition::Bool, None), None);
        assert_eq!(tightened(&strict, OWN, MfaCondition::BoolIfExists, None), None);
        let weak = denying("Bool");
        assert_eq!(asked(&weak, OWN).unwrap().mfa, Some(MfaCondition::BoolIfExists));
        assert!(tightened(&weak, OWN, MfaCondition::Bool, None).unwrap().narrows);
    }

    #[test]
    fn only_true_alone_demands_mfa() {
        let either = policy(
            json!({ "Statement": { "Effect": "Allow", "Principal": { "AWS": OWN.root() },
            "Action": "sts:AssumeRole", "Condition": { "Bool": { PRESENT: ["true", "false"] } } } }),
        );
        assert_eq!(asked(&either, OWN).unwrap().mfa, None);
        assert_eq!(
            tightened(&either, OWN, MfaCondition::Bool, None).unwrap().trust,
            {
                let mut strict = plain(&strict());
                strict.remove("Version");
                Policy::try_from(strict).unwrap()
            }
        );
    }

    #[test]
    fn others_keep_their_way_in_and_are_named() {
        let foreign = json!({ "Version": "2012-10-17", "Id": "mine", "Statement": [
            { "Effect": "Allow", "Principal": { "Service": "ec2.amazonaws.com" }, "Action": "sts:AssumeRole" },
            { "Effect": "Allow", "Principal": { "AWS": "999988887777" }, "Action": "sts:AssumeRole",
              "Condition": { "StringEquals": { "sts:ExternalId": "x" } } },
            { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:user/bob" },
              "Action": "sts:AssumeRole", "Condition": { "IpAddress": { "aws:SourceIp": "203.0.113.0/24" } } },
            { "Effect": "Deny", "Principal": { "AWS": "999988887777" }, "Action": "sts:AssumeRole" },
        ]});
        let live = policy(foreign.clone());
        assert_eq!(asked(&live, OWN), None);
        assert_eq!(strangers(&live, OWN), ["999988887777", "ec2.amazonaws.com"]);
        let tight = tightened(&live, OWN, MfaCondition::Bool, None).unwrap();
        assert!(tight.narrows);
        let sent = Value::Object(plain(&tight.trust));
        assert_eq!(sent["Id"], "mine");
        for at in [0, 1, 3] {
            assert_eq!(sent["Statement"][at], foreign["Statement"][at]);
        }
        assert_eq!(
            sent["Statement"][2]["Condition"],
            json!({ "IpAddress": { "aws:SourceIp": "203.0.113.0/24" }, "Bool": { PRESENT: "true" } })
        );
        assert_eq!(
            policy(json!({ "Version": "2012-10-17", "Statement": sent["Statement"][4] })),
            strict()
        );
        assert_eq!(tightened(&tight.trust, OWN, MfaCondition::Bool, None), None);
    }

    #[test]
    fn an_age_that_goes_leaves_the_demand() {
        let aged = policy(
            json!({ "Statement": { "Effect": "Allow", "Principal": { "AWS": "111122223333" },
            "Action": "sts:AssumeRole", "Condition": { "NumericLessThan": { AGE: "3600" } } } }),
        );
        assert_eq!(tightened(&aged, OWN, MfaCondition::Bool, None), None);
        let free = tightened(&aged, OWN, MfaCondition::Bool, Some(None)).unwrap();
        assert!(!free.narrows);
        assert_eq!(
            asked(&free.trust, OWN),
            Some(Asked {
                mfa: Some(MfaCondition::Bool),
                max_age: None
            })
        );
        let younger = tightened(&aged, OWN, MfaCondition::Bool, Some(Some(900))).unwrap();
        assert!(younger.narrows);
        assert!(
            !tightened(&aged, OWN, MfaCondition::Bool, Some(Some(7200)))
                .unwrap()
                .narrows
        );
    }

    #[test]
    fn the_weakest_statement_counts() {
        let two = Policy::of([
            entrance(OWN, MfaCondition::Bool, None),
            entrance(OWN, MfaCondition::BoolIfExists, None),
        ]);
        assert_eq!(asked(&two, OWN).unwrap().mfa, Some(MfaCondition::BoolIfExists));
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
