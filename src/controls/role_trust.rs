//! Who may assume a role: what its trust policy decides, and the smallest document that decides otherwise.
//!
//! A trust is judged by the policy evaluator, never by how it is written: a Deny, a limit on the age of an MFA sign-in
//! and a condition that no user can meet count as much as the usual Allow. It is asked on behalf of the account's users
//! (each one that the document or the file names, and one that neither does), of its roles, and of everybody else whom
//! the document names. What depends on a key whose value is not known beforehand is reported and changes nothing.

use std::collections::BTreeSet;

use trueup_core::change::Changes;
use trueup_core::env::Env;
use trueup_policy::evaluate::deleted_principals;
use trueup_policy::{Policy, Statement};

use crate::admin_access::MfaCondition;

mod callers;
mod document;
mod rewrite;
#[cfg(test)]
mod tests;

pub(crate) use self::callers::{Entry, Person, Probe};
pub(crate) use self::rewrite::{Demand, Rewritten};

const PRESENT: &str = "aws:MultiFactorAuthPresent";
const AGE: &str = "aws:MultiFactorAuthAge";
const ASSUME: &str = "sts:AssumeRole";

/// The account whose users are let in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Own<'a> {
    /// The partition, such as `aws`.
    pub(crate) partition: &'a str,
    /// The account's id.
    pub(crate) account: &'a str,
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
    pub(crate) fn root(self) -> String {
        self.arn("root")
    }

    fn arn(self, resource: &str) -> String {
        format!("arn:{}:iam::{}:{resource}", self.partition, self.account)
    }

    fn is_account(self, principal: &str) -> bool {
        principal == self.account || principal == self.root()
    }

    /// True for the account, each of its users, and every principal at once.
    fn has(self, principal: &str) -> bool {
        principal == "*" || self.is_account(principal) || principal.starts_with(&self.arn("user/"))
    }
}

/// The trust that lets the account's own users in.
pub(crate) fn trust(own: Own<'_>, demand: Demand) -> Policy {
    Policy::of([entrance(own, demand)])
}

fn entrance(own: Own<'_>, demand: Demand) -> Statement {
    let statement = Statement::allow()
        .principal("AWS", &own.root())
        .action(ASSUME)
        .condition(demand.mfa.operator(), PRESENT, "true");
    match demand.max_age {
        Some(age) => statement.condition("NumericLessThan", AGE, &age.to_string()),
        None => statement,
    }
}

/// What a trust asks of the account's own users, at its weakest point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// How MFA is demanded, if it is.
    pub(crate) mfa: Option<MfaCondition>,
    /// The oldest sign-in with MFA that is accepted, in seconds.
    pub(crate) max_age: Option<i32>,
}

/// What sending a rewritten trust means for those who assume the role, for the consent that it needs.
pub(crate) fn consequence(next: &Rewritten, own: Own<'_>) -> String {
    match next.out.as_slice() {
        [] => format!(
            "users of account {} who have signed in with MFA can assume it from then on",
            own.account
        ),
        out => format!("no longer let in: {}", out.join(", ")),
    }
}

/// Notes the deleted principals that a live trust names, and whether they go with the one that will stand.
pub(crate) fn tell_deleted<A>(role: &str, live: &Policy, standing: &Policy, out: &mut Changes<A>) {
    let names = deleted(live);
    if !names.is_empty() {
        let then = match deleted(standing).is_empty() {
            true => "they are left out of the document that is sent",
            false => "IAM takes no document that names them: they have to be left out once it is changed",
        };
        out.notice(format!(
            "the trust of the role {role} names deleted principals, which let no one in: {}; {then}",
            names.join(", ")
        ));
    }
}

/// The deleted principals that a trust still names, each with its statement.
fn deleted(trust: &Policy) -> Vec<String> {
    let ids: BTreeSet<String> = deleted_principals(trust)
        .into_iter()
        .map(|(sid, id)| match sid {
            Some(sid) => format!("{id} (statement {sid})"),
            None => id,
        })
        .collect();
    ids.into_iter().collect()
}
