//! The smallest change to a trust that makes it demand what is wanted.

use serde_json::Value;
use trueup_policy::Policy;
use trueup_policy::evaluate::deleted_principals;

use super::callers::{Entry, Probe, SignIn};
use super::document::{built, forget, is, named, parted, statements, with_statements, without_deleted};
use super::{AGE, PRESENT, entrance};
use crate::admin_access::MfaCondition;

/// What is demanded of the account's users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Demand {
    /// How MFA is demanded.
    pub(crate) mfa: MfaCondition,
    /// The oldest sign-in with MFA that is accepted, in seconds, if there is a limit.
    pub(crate) max_age: Option<i32>,
}

/// A trust that is to be sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rewritten {
    /// The whole document.
    pub(crate) trust: Policy,
    /// Who gets in now and will not any more.
    pub(crate) out: Vec<String>,
}

impl Probe<'_> {
    /// The trust with what is demanded put into each statement that lets the account's users in without it, an entrance
    /// for them where they have to get in and do not, and everything else as it was. Nothing if it is as demanded
    /// already; the reason if no rewriting helps. `is_enough` says of a trust whether those get in who have to.
    pub(crate) fn rewritten(
        &self,
        trust: &Policy,
        demand: Demand,
        is_enough: impl Fn(&Policy) -> bool,
    ) -> Result<Option<Rewritten>, String> {
        if self.meets(trust, demand) && is_enough(trust) {
            return Ok(None);
        }
        let mut next = self.demanding(&living(trust)?, demand);
        if !is_enough(&next) {
            next = self.undenied(&next)?;
        }
        if !is_enough(&next) {
            let mut all = statements(&next);
            all.push(built(&entrance(self.own(), demand)));
            next = with_statements(&next, all);
        }
        if !self.meets(&next, demand) || !is_enough(&next) {
            return Err(
                "no statement can be changed so that the account's users get in with MFA and not without; \
                        rewrite it by hand"
                    .to_owned(),
            );
        }
        let out = self.shut_out(trust, &next);
        Ok(Some(Rewritten { trust: next, out }))
    }

    fn meets(&self, trust: &Policy, demand: Demand) -> bool {
        self.mfa(trust) >= Some(demand.mfa)
            && demand.max_age.is_none_or(|age| !self.is_older_let_in(trust, age))
    }

    /// The same trust with each statement that lets users in below what is demanded parted and tightened.
    fn demanding(&self, trust: &Policy, demand: Demand) -> Policy {
        let all = statements(trust);
        let denials: Vec<Value> = all.iter().filter(|one| is(one, "Deny")).cloned().collect();
        let mut next = vec![];
        for one in all {
            // What it lets in by itself: others may let in whom it shuts out, and are looked at in their turn.
            let alone = with_statements(trust, [denials.clone(), vec![one.clone()]].concat());
            let (lacks_mfa, lacks_age) = (
                self.mfa(&alone) < Some(demand.mfa),
                demand.max_age.filter(|age| self.is_older_let_in(&alone, *age)),
            );
            if !is(&one, "Allow") || !(lacks_mfa || lacks_age.is_some()) {
                next.push(one);
                continue;
            }
            let (others, mut users) = parted(&one, self.own());
            next.extend(others);
            if lacks_mfa {
                forget(&mut users, PRESENT);
                users["Condition"][demand.mfa.operator()][PRESENT] = "true".into();
            }
            if let Some(age) = lacks_age {
                forget(&mut users, AGE);
                users["Condition"]["NumericLessThan"][AGE] = age.to_string().into();
            }
            next.push(users);
        }
        with_statements(trust, next)
    }

    /// The same trust without what denies users although they have signed in with MFA. A Deny of those alone is the
    /// entrance turned round, and is turned back; any other one was put there on purpose.
    fn undenied(&self, trust: &Policy) -> Result<Policy, String> {
        let mut all = statements(trust);
        let everybody = built(
            &trueup_policy::Statement::allow()
                .principal("AWS", "*")
                .action(super::ASSUME),
        );
        for (at, one) in all.iter_mut().enumerate().filter(|(_, one)| is(one, "Deny")) {
            let under = with_statements(trust, vec![everybody.clone(), one.clone()]);
            if self.users(&under) != Entry::No {
                continue;
            }
            let is_about_mfa = self.anybody(&under, SignIn::AccessKey) != Entry::No
                || self.anybody(&under, SignIn::Password) != Entry::No;
            if !is_about_mfa {
                return Err(format!(
                    "{} of it denies the account's users also with MFA: take it out first",
                    named(one, at)
                ));
            }
            one["Effect"] = "Allow".into();
        }
        Ok(with_statements(trust, all))
    }
}

/// The trust without deleted principals: IAM takes no document that names one.
fn living(trust: &Policy) -> Result<Policy, String> {
    let ids: Vec<String> = deleted_principals(trust).into_iter().map(|(_, id)| id).collect();
    let mut all = statements(trust);
    for (at, one) in all.iter().enumerate() {
        let but = super::document::list(&one["NotPrincipal"]["AWS"]);
        if let Some(id) = but.iter().find(|name| ids.contains(name)) {
            return Err(format!(
                "{} of it names the deleted principal {id} in NotPrincipal, with which IAM takes no document: take it \
                 out first",
                named(one, at)
            ));
        }
    }
    all.retain_mut(|one| without_deleted(one, &ids));
    Ok(with_statements(trust, all))
}
