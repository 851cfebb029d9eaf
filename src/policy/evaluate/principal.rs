//! Whether a statement is about a principal: the elements Principal and NotPrincipal.
//!
//! Source: IAM User Guide, "AWS JSON policy elements: Principal" and "AWS JSON policy elements: NotPrincipal".

use serde_json::Value;

use super::request::Principal;
use super::truth::{Truth, Why};
use super::values;
use crate::iam::{Policy, account_of_root};

/// How one value of an element names a principal.
#[derive(Debug, PartialEq)]
enum Hit {
    No,
    Everyone,
    /// The account that it belongs to.
    Account,
    /// The role that it is a session of.
    Role,
    Itself,
    Unknown(Why),
}

/// Whether Principal names the principal, and whether only through its account.
pub(super) fn is_named(element: &Value, principal: &Principal) -> (Truth, Why) {
    let hits = hits(element, principal);
    let exactly = |hit: &Hit| matches!(hit, Hit::Everyone | Hit::Role | Hit::Itself);
    if hits.iter().any(exactly) {
        return (Truth::Yes, Why::Applies);
    }
    if hits.contains(&Hit::Account) {
        // The account stands for its root user.
        let why = match principal {
            Principal::Root { .. } => Why::Applies,
            _ => Why::AppliesToAccount,
        };
        return (Truth::Yes, why);
    }
    (unknown(hits).map_or(Truth::No, Truth::Unknown), Why::Applies)
}

/// Whether the statement is about the principal, because NotPrincipal does not name it.
///
/// AWS may look at the account first, then at the role, then at the session: a principal is excepted for sure where
/// all of them are named.
pub(super) fn is_not_named(element: &Value, principal: &Principal, allows: bool) -> Truth {
    let hits = hits(element, principal);
    let has = |hit: Hit| hits.contains(&hit);
    let excepted = match principal {
        Principal::Root { .. } => has(Hit::Account),
        Principal::User { .. } => has(Hit::Itself) && has(Hit::Account),
        Principal::Session { .. } => has(Hit::Itself) && has(Hit::Role) && has(Hit::Account),
        Principal::Service(_) | Principal::Anonymous => has(Hit::Itself),
    };
    if excepted || has(Hit::Everyone) || (allows && has(Hit::Itself)) {
        return Truth::No;
    }
    if has(Hit::Account) || has(Hit::Role) || has(Hit::Itself) {
        return Truth::Unknown(Why::NotPrincipal);
    }
    unknown(hits).map_or(Truth::Yes, Truth::Unknown)
}

fn unknown(hits: Vec<Hit>) -> Option<Why> {
    hits.into_iter().find_map(|hit| match hit {
        Hit::Unknown(why) => Some(why),
        _ => None,
    })
}

fn hits(element: &Value, principal: &Principal) -> Vec<Hit> {
    let Value::Object(kinds) = element else {
        return hits_of("AWS", element, principal);
    };
    kinds
        .iter()
        .flat_map(|(kind, named)| hits_of(kind, named, principal))
        .collect()
}

fn hits_of(kind: &str, named: &Value, principal: &Principal) -> Vec<Hit> {
    let Some(named) = values(named) else {
        return vec![Hit::Unknown(Why::Malformed("Principal".to_owned()))];
    };
    named
        .iter()
        .map(|name| match kind {
            "AWS" => aws(name, principal),
            "Service" => service(name, principal),
            // Sessions of identity providers send other requests than the principals here.
            "Federated" => Hit::No,
            "CanonicalUser" if principal.account().is_some() => Hit::Unknown(Why::Principal(name.clone())),
            "CanonicalUser" => Hit::No,
            other => Hit::Unknown(Why::Malformed(format!("principal type {other}"))),
        })
        .collect()
}

/// Part of a name cannot be a wildcard, and the id of a deleted principal is that of no other one.
fn aws(name: &str, principal: &Principal) -> Hit {
    if name == "*" {
        return Hit::Everyone;
    }
    let is_account = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    let account = account_of_root(name).or(Some(name).filter(|name| is_account(name)));
    if account.is_some() {
        return if principal.account() == account {
            Hit::Account
        } else {
            Hit::No
        };
    }
    match principal {
        Principal::User { arn } if arn == name => Hit::Itself,
        Principal::Session { role, .. } if role == name => Hit::Role,
        Principal::Session { name: Some(_), .. } if principal.session_arn().as_deref() == Some(name) => {
            Hit::Itself
        }
        Principal::Session { role, name: None } => {
            let session = name.split_once(":sts::").and_then(|(partition, rest)| {
                let (account, session) = rest.split_once(":assumed-role/")?;
                Some(format!(
                    "{partition}:iam::{account}:role/{}",
                    session.split_once('/')?.0
                ))
            });
            match session {
                Some(of) if of == *role => Hit::Unknown(Why::Principal(name.to_owned())),
                _ => Hit::No,
            }
        }
        _ => Hit::No,
    }
}

fn service(name: &str, principal: &Principal) -> Hit {
    let Principal::Service(service) = principal else {
        return Hit::No;
    };
    if service == name {
        Hit::Itself
    } else if name == "*" || without_region(service) == without_region(name) {
        Hit::Unknown(Why::Principal(name.to_owned()))
    } else {
        Hit::No
    }
}

/// A service principal without the Region that it may contain: `logs.eu-west-1.amazonaws.com`.
fn without_region(service: &str) -> Vec<&str> {
    let is_region = |label: &str| label.contains('-') && label.ends_with(|last: char| last.is_ascii_digit());
    service.split('.').filter(|label| !is_region(label)).collect()
}

/// The unique ids of deleted users and roles that a document still names, with the `Sid` of the statement.
///
/// AWS shows the id of a principal that is no longer there in place of its ARN. It matches nothing, and AWS refuses to
/// save it again. Source: IAM User Guide, "AWS JSON policy elements: Principal", section "IAM role principals".
pub fn deleted_principals(policy: &Policy) -> Vec<(Option<&str>, String)> {
    let mut found = Vec::new();
    for statement in policy.statements() {
        for element in ["Principal", "NotPrincipal"] {
            let named = statement
                .element(element)
                .and_then(|kinds| values(kinds.get("AWS")?));
            let ids = named
                .into_iter()
                .flatten()
                .filter(|name| is_deleted_principal(name));
            found.extend(ids.map(|id| (statement.sid(), id)));
        }
    }
    found
}

/// Whether a principal of a document is the unique id of a deleted user or role.
pub(crate) fn is_deleted_principal(name: &str) -> bool {
    (name.starts_with("AROA") || name.starts_with("AIDA"))
        && name.len() >= 16
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
