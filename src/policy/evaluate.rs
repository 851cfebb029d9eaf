//! What policy documents decide about a request: yes, no, or cannot tell.
//!
//! Resource-based policies (of a bucket, a topic, a key, an event bus, the trust policy of a role) are decided by
//! [`evaluate`], the policies of an identity and its permissions boundary by [`evaluate_identity`]. Both follow the
//! one rule: what is not allowed is denied, and an explicit Deny overrides every Allow. Source: IAM User Guide,
//! "Determining whether a request is allowed or denied within an account".
//!
//! What AWS does not document, and what the request does not say, is [`Answer::Unknown`] with the statement and the
//! reason; it is never guessed.
//!
//! The crate `iam-rs` (0.8.0, the 35th release, MIT) was looked at and not taken: of 324 cases of
//! `tests/policy/decisions.toml` that have a yes or no it decides 42 wrongly and refuses 22 (an account does not stand
//! for its users, nor a role for its sessions; trust policies without Resource, and a Principal of two types), and it
//! cannot say that it cannot tell.

mod condition;
mod pattern;
mod principal;
mod request;
#[cfg(test)]
mod tests;
mod truth;

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

pub use self::principal::deleted_principals;
pub(crate) use self::principal::is_deleted_principal;
pub use self::request::{Context, NotAPrincipal, Principal, Request};
pub use self::truth::Why;

use self::pattern::{Token, Unresolved, fits, pattern};
use self::truth::Truth;
use crate::iam::{Policy, Statement};

/// What the documents say of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A statement allows it, and none denies it.
    Allowed,
    /// A statement denies it explicitly.
    Denied,
    /// No statement allows it: an implicit deny.
    NotAllowed,
    /// Cannot tell.
    Unknown,
}

/// An answer with the statements that decide it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The answer.
    pub answer: Answer,
    /// The statements that allow, deny, or make the answer unknown. If nothing is allowed: the Deny statements of which
    /// cannot be told whether they apply, so that the refusal may be an explicit one.
    pub by: Vec<Reason>,
}

/// A statement that takes part in a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Which of the given documents it is in, counted from 0; a permissions boundary is the last one.
    pub policy: usize,
    /// Which statement of the document it is, counted from 0.
    pub statement: usize,
    /// Its name, if it has one.
    pub sid: Option<String>,
    /// What it does.
    pub why: Why,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.sid {
            Some(sid) => write!(f, "statement {sid}: {}", self.why),
            None => write!(f, "statement {} (no Sid): {}", self.statement + 1, self.why),
        }
    }
}

impl Decision {
    /// Whether the answer is a clear yes.
    pub fn is_allowed(&self) -> bool {
        self.answer == Answer::Allowed
    }

    /// Whether the answer is a clear no, explicit or not.
    pub fn is_refused(&self) -> bool {
        matches!(self.answer, Answer::Denied | Answer::NotAllowed)
    }

    /// Whether the document allows the request only by naming the principal's account, so that the principal needs
    /// an identity-based policy too. Source: IAM User Guide, "AWS JSON policy elements: Principal", section "AWS
    /// account principals".
    pub fn needs_identity_policy(&self) -> bool {
        self.is_allowed() && self.by.iter().all(|reason| reason.why == Why::AppliesToAccount)
    }
}

/// What resource-based policies say of a request, taken alone.
///
/// A caller of another account also needs an identity-based policy, and one of the same account may be allowed by one.
/// A statement without Resource is about the resource that the document belongs to, as in a trust policy. Source: IAM
/// User Guide, "Cross-account policy evaluation logic".
pub fn evaluate(policies: &[&Policy], request: &Request) -> Decision {
    decide(&[policies], Kind::Resource, request)
}

/// What the identity-based policies of a principal say of its request, within its permissions boundary if it has one.
///
/// Source: IAM User Guide, "Permissions boundaries for IAM entities": what both allow is allowed, and a Deny in either
/// one overrides.
pub fn evaluate_identity(policies: &[&Policy], boundary: Option<&Policy>, request: &Request) -> Decision {
    match boundary {
        Some(boundary) => decide(&[policies, &[boundary]], Kind::Identity, request),
        None => decide(&[policies], Kind::Identity, request),
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Resource,
    Identity,
}

/// Every group of documents has to allow the request, and none of them may deny it.
fn decide(groups: &[&[&Policy]], kind: Kind, request: &Request) -> Decision {
    let (mut denied, mut maybe_denied) = (Vec::new(), Vec::new());
    let (mut allowed, mut maybe_allowed) = (Vec::new(), Vec::new());
    let mut all_allow = Truth::Yes;
    let mut policy_number = 0;
    for group in groups {
        let mut allows = Truth::No;
        for policy in *group {
            for (number, statement) in policy.statements().iter().enumerate() {
                let (effect, applies, why) = applies(statement, kind, request, policy.has_variables());
                let reason = |why| Reason {
                    policy: policy_number,
                    statement: number,
                    sid: statement.sid().map(str::to_owned),
                    why,
                };
                if effect != Effect::Deny {
                    allows = Truth::any([allows, applies.clone()]);
                }
                match (effect, applies) {
                    (_, Truth::No) => {}
                    (Effect::Allow, Truth::Yes) => allowed.push(reason(why)),
                    (Effect::Deny, Truth::Yes) => denied.push(reason(why)),
                    (Effect::Allow, Truth::Unknown(why)) => maybe_allowed.push(reason(why)),
                    (Effect::Deny | Effect::Unknown, Truth::Unknown(why)) => maybe_denied.push(reason(why)),
                    (Effect::Unknown, Truth::Yes) => {}
                }
            }
            policy_number += 1;
        }
        all_allow = Truth::all([all_allow, allows]);
    }
    let (answer, by) = match all_allow {
        _ if !denied.is_empty() => (Answer::Denied, denied),
        // No, whatever the undecided Deny statements turn out to say.
        Truth::No => (Answer::NotAllowed, maybe_denied),
        Truth::Yes if maybe_denied.is_empty() => (Answer::Allowed, allowed),
        Truth::Yes => (Answer::Unknown, maybe_denied),
        Truth::Unknown(_) => (Answer::Unknown, [maybe_denied, maybe_allowed].concat()),
    };
    Decision { answer, by }
}

#[derive(Clone, Copy, PartialEq)]
enum Effect {
    Allow,
    Deny,
    Unknown,
}

/// What a statement does, and whether it applies to a request: all its elements have to fit.
fn applies(
    statement: &Statement,
    kind: Kind,
    request: &Request,
    has_variables: bool,
) -> (Effect, Truth, Why) {
    let effect = match statement.element("Effect").and_then(values).as_deref() {
        Some([effect]) if effect == "Allow" => Effect::Allow,
        Some([effect]) if effect == "Deny" => Effect::Deny,
        _ => Effect::Unknown,
    };
    let (principal, why) = principal(statement, kind, request, effect);
    let without_resource = match kind {
        Kind::Resource => Truth::Yes,
        Kind::Identity => Truth::malformed("Resource"),
    };
    let applies = Truth::all([
        principal,
        either(statement, "Action", Truth::malformed("Action"), |actions, _| {
            names_action(actions, request)
        }),
        either(
            statement,
            "Resource",
            without_resource,
            |resources, is_negated| names_resource(resources, kind, request, has_variables, is_negated),
        ),
        match statement.element("Condition") {
            Some(conditions) => condition::are_met(conditions, request, has_variables),
            None => Truth::Yes,
        },
    ]);
    match (effect, applies) {
        (Effect::Unknown, Truth::Yes | Truth::Unknown(_)) => (effect, Truth::malformed("Effect"), why),
        (_, applies) => (effect, applies, why),
    }
}

fn principal(statement: &Statement, kind: Kind, request: &Request, effect: Effect) -> (Truth, Why) {
    let elements = (statement.element("Principal"), statement.element("NotPrincipal"));
    match (kind, elements) {
        // It is the identity that the policy belongs to.
        (Kind::Identity, (None, None)) => (Truth::Yes, Why::Applies),
        (Kind::Resource, (Some(named), None)) => principal::is_named(named, &request.principal),
        (Kind::Resource, (None, Some(named))) => {
            let is_about = principal::is_not_named(named, &request.principal, effect == Effect::Allow);
            (is_about, Why::Applies)
        }
        _ => (Truth::malformed("Principal"), Why::Applies),
    }
}

/// What an element says of the request, or the opposite for its negation: a statement has one of both. Source: IAM User
/// Guide, "IAM JSON policy elements: NotAction" and "IAM JSON policy elements: NotResource".
fn either(statement: &Statement, name: &str, without: Truth, says: impl Fn(&Value, bool) -> Truth) -> Truth {
    match (statement.element(name), statement.element(&format!("Not{name}"))) {
        (Some(element), None) => says(element, false),
        (None, Some(element)) => says(element, true).negated(),
        (None, None) => without,
        (Some(_), Some(_)) => Truth::malformed(name),
    }
}

/// Actions have no case, and no variables. Source: IAM User Guide, "IAM JSON policy elements: Action".
fn names_action(element: &Value, request: &Request) -> Truth {
    let Some(actions) = values(element) else {
        return Truth::malformed("Action");
    };
    let action = request.action.to_lowercase();
    Truth::any(
        actions
            .iter()
            .map(|named| match pattern(&named.to_lowercase(), true, None) {
                Ok(pattern) => Truth::from(fits(&pattern, &action)),
                Err(_) => Truth::No,
            }),
    )
}

/// A wildcard goes beyond the parts of an ARN. Source: IAM User Guide, "IAM JSON policy elements: Resource".
fn names_resource(
    element: &Value,
    kind: Kind,
    request: &Request,
    has_variables: bool,
    is_negated: bool,
) -> Truth {
    let Some(resources) = values(element) else {
        return Truth::malformed("Resource");
    };
    Truth::any(resources.iter().map(|named| {
        match pattern(named, true, has_variables.then_some(request)) {
            Ok(pattern) if kind == Kind::Identity => {
                Truth::from(fits(&completed(pattern), &request.resource))
            }
            Ok(pattern) => Truth::from(fits(&pattern, &request.resource)),
            Err(Unresolved::Unknown(key)) => Truth::Unknown(Why::UnknownKey(key)),
            // What it means where everything else is named, the guide does not say.
            Err(Unresolved::Absent(key)) if is_negated => Truth::Unknown(Why::UnresolvedVariable(key)),
            Err(Unresolved::Absent(_)) => Truth::No,
        }
    }))
}

/// An ARN of an identity-based policy that has fewer than six parts, with `*` for those that it lacks. Source: IAM User
/// Guide, "IAM JSON policy elements: Resource", section "Incomplete ARNs".
fn completed(mut pattern: Vec<Token>) -> Vec<Token> {
    let is_arn = pattern.starts_with(&['a', 'r', 'n', ':'].map(Token::One));
    let parts = pattern.iter().filter(|token| **token == Token::One(':')).count() + 1;
    if is_arn && parts < 6 {
        pattern.extend([Token::One(':'), Token::Any].repeat(6 - parts));
    }
    pattern
}

/// The texts that stand in a document, alone or in a list; scalars are texts. `None` if there is something else.
fn values(value: &Value) -> Option<Vec<String>> {
    let mut found = BTreeSet::new();
    let is_valid = gather(value, &mut found);
    is_valid.then(|| found.into_iter().collect())
}

fn gather(value: &Value, found: &mut BTreeSet<String>) -> bool {
    match value {
        Value::Array(several) => return several.iter().all(|one| gather(one, found)),
        Value::Object(_) => return is_nothing(value),
        Value::String(text) => found.insert(text.clone()),
        scalar => found.insert(scalar.to_string()),
    };
    true
}

/// Whether an element is as good as not there: `"Condition": {}`.
pub(crate) fn is_nothing(value: &Value) -> bool {
    value
        .as_object()
        .is_some_and(|fields| fields.values().all(is_nothing))
}
