//! Who may assume the role: the trust policy of a list of principals, and the list of a trust policy.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use trueup_core::env::Env;
use trueup_policy::evaluate::deleted_principals;
use trueup_policy::{Policy, Statement};

use crate::admin_access::MfaCondition;
use crate::role_trust::{self, Demand, Entry, Own, Probe, Rewritten};

/// What is demanded of users, where the file does not say who gets in.
pub(super) const DEMAND: Demand = Demand {
    mfa: MfaCondition::Bool,
    max_age: None,
};

/// The trust of a new role where the file names nobody: the account's own users, with MFA.
pub(super) fn of_account(env: &Env) -> Policy {
    role_trust::trust(Own::of(env), DEMAND)
}

/// The trust that lets exactly these in. The session of a role carries no MFA (IAM User Guide, "Configuring
/// MFA-protected API access"), so it is asked of accounts and users alone.
pub(super) fn of(principals: &[String]) -> Policy {
    let let_in = |who: Vec<&String>| {
        let statement = Statement::allow().action("sts:AssumeRole");
        who.into_iter()
            .fold(statement, |statement, who| statement.principal("AWS", who))
    };
    let (roles, people): (Vec<&String>, Vec<&String>) =
        principals.iter().partition(|who| who.contains(":role/"));
    let with_mfa = let_in(people.clone()).condition("Bool", "aws:MultiFactorAuthPresent", "true");
    let mut statements = vec![];
    if !people.is_empty() {
        statements.push(with_mfa);
    }
    if !roles.is_empty() {
        statements.push(let_in(roles));
    }
    Policy::of(statements)
}

/// What to send so that exactly these are let in; nothing if they are.
pub(super) fn change(live: &Policy, principals: &[String], own: Own<'_>) -> Option<Rewritten> {
    let probe = Probe::new(live, own, vec![]);
    let trust = of(principals);
    if lets_in_exactly(live, &trust, principals, &probe) {
        return None;
    }
    let wanted = named(&trust);
    let mut out: Vec<String> = named(live).difference(&wanted).cloned().collect();
    if !out.iter().any(|who| who == own.account) {
        out.extend(probe.own_shut_out(live, &trust));
    }
    Some(Rewritten { trust, out })
}

/// Whether a trust lets in those who are wanted as they are wanted, and names no others, in whatever words.
fn lets_in_exactly(live: &Policy, trust: &Policy, principals: &[String], probe: &Probe<'_>) -> bool {
    let enters = |who: &String| {
        let role = who.contains(":role/");
        probe.with_mfa(live, who) != Entry::No && (role || probe.without_mfa(live, who) != Entry::Yes)
    };
    one_by_one(live) == one_by_one(trust) || (named(live) == named(trust) && principals.iter().all(enters))
}

/// The principals that the Allow statements name, except deleted ones.
fn named(trust: &Policy) -> BTreeSet<String> {
    let gone: Vec<String> = deleted_principals(trust).into_iter().map(|(_, id)| id).collect();
    let allows = |one: &&Statement| serde_json::to_value(one).is_ok_and(|one| one["Effect"] == "Allow");
    let all = trust.statements().iter().filter(allows).flat_map(who);
    all.filter(|who| !gone.contains(who)).collect()
}

/// The list that means this trust, if one does.
pub(super) fn principals(trust: &Policy, own: Own<'_>) -> Option<Vec<String>> {
    let all: Vec<String> = named(trust).into_iter().collect();
    let is_one = !all.is_empty() && all.iter().all(|who| may_be_written(who));
    (is_one && change(trust, &all, own).is_none()).then_some(all)
}

/// True for an account's 12 digits and the ARNs of an account, a user and a role.
pub(super) fn may_be_written(who: &str) -> bool {
    let is_account = |id: &str| id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = who.splitn(6, ':').collect();
    match parts[..] {
        [id] => is_account(id),
        ["arn", partition, "iam", "", id, resource] => {
            let is_named = |kind: &str| resource.strip_prefix(kind).is_some_and(|name| !name.is_empty());
            let is_known = resource == "root" || is_named("user/") || is_named("role/");
            partition.starts_with("aws") && is_account(id) && is_known && !who.contains(['*', '?', ' '])
        }
        _ => false,
    }
}

/// The same trust with a statement for each principal. What a policy of the older version means differently is in no
/// trust policy that lets exactly these in.
fn one_by_one(trust: &Policy) -> Policy {
    let mut document: Map<String, Value> = trust.clone().into();
    let statements = match document.remove("Statement") {
        Some(Value::Array(all)) => all,
        other => other.into_iter().collect(),
    };
    let mut single = vec![];
    for statement in statements {
        let several = match &statement["Principal"] {
            Value::Object(kinds) if kinds.len() == 1 => kinds.get("AWS").and_then(Value::as_array).cloned(),
            _ => None,
        };
        match several {
            None => single.push(statement),
            Some(several) => single.extend(several.into_iter().map(|who| {
                let mut one = statement.clone();
                one["Principal"] = json!({ "AWS": who });
                one
            })),
        }
    }
    let whole = json!({ "Version": "2012-10-17", "Statement": single });
    let whole = whole.as_object().cloned().unwrap_or_default();
    Policy::try_from(whole).unwrap_or_else(|_| trust.clone())
}

/// Whom a statement names; an account by its id, however it was written.
fn who(statement: &Statement) -> Vec<String> {
    fn gather(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::String(who) => {
                let account = who
                    .strip_suffix(":root")
                    .and_then(|arn| arn.rsplit(':').next())
                    .map(str::to_owned);
                found.push(account.unwrap_or_else(|| who.clone()));
            }
            Value::Array(all) => all.iter().for_each(|one| gather(one, found)),
            Value::Object(kinds) => kinds.values().for_each(|one| gather(one, found)),
            _ => {}
        }
    }
    let mut found = vec![];
    if let Ok(statement) = serde_json::to_value(statement) {
        gather(&statement["Principal"], &mut found);
    }
    found
}
