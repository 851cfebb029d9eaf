//! What keeps a role from doing what its managed policy allows: other policies that deny all of it, and a permissions
//! boundary that the file does not name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trueup_core::env::Env;
use trueup_core::values::Template;
use trueup_policy::evaluate::{Answer, Context, Principal, Request, evaluate_identity};
use trueup_policy::{Policy, Statement};

/// The policies of a role beside the one that it is for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct OtherPolicies {
    /// The inline ones, by name.
    pub(crate) inline: BTreeMap<String, Policy>,
    /// The managed ones that are attached, by ARN.
    pub(crate) attached: BTreeMap<String, Policy>,
}

/// What some policies do to a role.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Denying {
    /// The names of inline policies that deny everything.
    pub(crate) inline: Vec<String>,
    /// The ARNs of managed policies that deny everything.
    pub(crate) attached: Vec<String>,
    /// What may deny everything: the policy, and why that cannot be told.
    pub(crate) unclear: Vec<String>,
}

impl OtherPolicies {
    /// The policies that deny all of these actions to every session of the role.
    pub(crate) fn denying(&self, role: &str, actions: &[&str], env: &Env) -> Denying {
        let mut found = Denying::default();
        for (name, policy) in &self.inline {
            match denies(policy, role, actions, env) {
                Denies::All => found.inline.push(name.clone()),
                Denies::Perhaps(why) => found.unclear.push(format!("{name}, {why}")),
                Denies::No => {}
            }
        }
        for (arn, policy) in &self.attached {
            match denies(policy, role, actions, env) {
                Denies::All => found.attached.push(arn.clone()),
                Denies::Perhaps(why) => found.unclear.push(format!("{arn}, {why}")),
                Denies::No => {}
            }
        }
        found
    }
}

enum Denies {
    No,
    Perhaps(String),
    All,
}

fn denies(policy: &Policy, role: &str, actions: &[&str], env: &Env) -> Denies {
    let all = Policy::of([Statement::allow().action("*").resource("*")]);
    let mut perhaps = None;
    for action in actions {
        let request = Request {
            principal: Principal::Session {
                role: role.to_owned(),
                name: None,
            },
            action: (*action).to_owned(),
            resource: "*".to_owned(),
            context: session(env),
        };
        let decision = evaluate_identity(&[&all, policy], None, &request);
        match decision.answer {
            Answer::Denied => {}
            Answer::Unknown => perhaps = decision.by.first().map(ToString::to_string).or(perhaps),
            Answer::Allowed | Answer::NotAllowed => return Denies::No,
        }
    }
    perhaps.map_or(Denies::All, Denies::Perhaps)
}

/// A session that begins after today: what revokes the older ones does not touch it (IAM User Guide, "Revoke IAM role
/// temporary security credentials"). It carries no MFA.
fn session(env: &Env) -> Context {
    let tomorrow = env.run.today.tomorrow().unwrap_or(env.run.today);
    Context::partial()
        .with("aws:TokenIssueTime", &format!("{tomorrow}T00:00:00Z"))
        .with("aws:SecureTransport", "true")
        .absent("aws:MultiFactorAuthPresent")
        .absent("aws:MultiFactorAuthAge")
}

/// What a role's permissions boundary calls for.
#[derive(Debug, PartialEq)]
pub(crate) enum Boundary<'a> {
    /// It is the file's, or there is none and the file names none.
    Right,
    /// The role has none, and the file names this one.
    Missing(&'a str),
    /// The role has one that the file does not name: it is never taken away.
    Another(String),
}

impl<'a> Boundary<'a> {
    /// Of a role, held against the key `permissions_boundary` of its table.
    pub(crate) fn of(role: &str, live: Option<&str>, wanted: Option<&'a Template>) -> Self {
        match (live, wanted.map(Template::as_str)) {
            (None, Some(wanted)) => Boundary::Missing(wanted),
            (Some(live), wanted) if wanted != Some(live) => Boundary::Another(format!(
                "the role {role} has the permissions boundary {live}, which the file does not name: write \
                 permissions_boundary = \"{live}\", or take it from the role"
            )),
            _ => Boundary::Right,
        }
    }
}

/// What is wrong with a permissions boundary of the file, if something is: IAM takes the ARN of a managed policy.
pub(crate) fn wrong_boundary(wanted: &Template) -> Option<String> {
    let parts: Vec<&str> = wanted.as_str().splitn(6, ':').collect();
    let is_arn = matches!(parts[..], ["arn", partition, "iam", "", _, policy]
        if partition.starts_with("aws") && policy.strip_prefix("policy/").is_some_and(|name| !name.is_empty()));
    (!is_arn).then(|| {
        format!(
            "`{wanted}` is not the ARN of a managed policy; expected a form like \
             \"arn:aws:iam::{{account_id}}:policy/boundary\""
        )
    })
}

/// Why giving a boundary to a role that is in use asks for consent.
pub(crate) const NARROWS: &str = "sessions of the role can no longer do what the boundary does not allow";

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use trueup_core::env::Run;

    use super::*;

    const ROLE: &str = "arn:aws:iam::111122223333:role/administrator";
    const ACTIONS: [&str; 2] = ["ec2:RunInstances", "s3:CreateBucket"];

    fn env() -> Env {
        Env {
            account: "111122223333".to_owned(),
            partition: "aws".to_owned(),
            home: "us-east-1".parse().unwrap(),
            enabled: vec![],
            run: Run {
                today: "2026-11-25".parse().unwrap(),
                ..Run::default()
            },
        }
    }

    fn denying(statement: Value) -> Denying {
        let policy = json!({ "Version": "2012-10-17", "Statement": statement });
        let others = OtherPolicies {
            inline: [("other".to_owned(), policy.to_string().parse().unwrap())].into(),
            ..OtherPolicies::default()
        };
        others.denying(ROLE, &ACTIONS, &env())
    }

    #[test]
    fn a_policy_that_denies_everything_is_found() {
        for statement in [
            json!({ "Effect": "Deny", "Action": "*", "Resource": "*" }),
            json!([{ "Effect": "Allow", "Action": "*", "Resource": "*" },
                { "Effect": "Deny", "NotAction": ["iam:*", "sts:GetSessionToken"], "Resource": "*" }]),
            // A session of a role carries no MFA.
            json!({ "Effect": "Deny", "NotAction": "iam:*", "Resource": "*",
                "Condition": { "BoolIfExists": { "aws:MultiFactorAuthPresent": "false" } } }),
        ] {
            assert_eq!(denying(statement.clone()).inline, ["other"], "{statement}");
        }
    }

    #[test]
    fn a_policy_that_denies_some_or_older_sessions_leaves_the_role_at_work() {
        for statement in [
            json!({ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*" }),
            json!({ "Effect": "Deny", "Action": "s3:*", "Resource": "*" }),
            json!({ "Effect": "Deny", "Action": "*", "Resource": "*",
                "Condition": { "DateLessThan": { "aws:TokenIssueTime": "2026-11-25T14:30:00Z" } } }),
            json!({ "Effect": "Deny", "Action": "*", "Resource": "*",
                "Condition": { "Bool": { "aws:SecureTransport": "false" } } }),
        ] {
            assert_eq!(denying(statement.clone()), Denying::default(), "{statement}");
        }
    }

    #[test]
    fn what_cannot_be_told_is_named() {
        let by_region = denying(
            json!({ "Sid": "Here", "Effect": "Deny", "Action": "*", "Resource": "*",
            "Condition": { "StringNotEquals": { "aws:RequestedRegion": "eu-west-1" } } }),
        );
        assert_eq!(
            by_region.unclear,
            ["other, statement Here: cannot tell: the value of aws:requestedregion is unknown"]
        );
        assert!(by_region.inline.is_empty());
    }

    #[test]
    fn a_boundary_is_the_files_or_another() {
        let (ours, theirs) = (
            "arn:aws:iam::111122223333:policy/ours",
            "arn:aws:iam::111122223333:policy/theirs",
        );
        let wanted = Template::from(ours.to_owned());
        assert_eq!(Boundary::of("r", None, None), Boundary::Right);
        assert_eq!(Boundary::of("r", Some(ours), Some(&wanted)), Boundary::Right);
        assert_eq!(Boundary::of("r", None, Some(&wanted)), Boundary::Missing(ours));
        for wanted in [Some(&wanted), None] {
            assert!(matches!(
                Boundary::of("r", Some(theirs), wanted),
                Boundary::Another(_)
            ));
        }
    }

    #[test]
    fn a_boundary_of_the_file_is_the_arn_of_a_policy() {
        let wrong = |text: &str| wrong_boundary(&Template::from(text.to_owned()));
        assert_eq!(wrong("arn:aws:iam::{account_id}:policy/teams/boundary"), None);
        assert_eq!(wrong("arn:aws:iam::aws:policy/PowerUserAccess"), None);
        for text in [
            "boundary",
            "arn:aws:iam::111122223333:role/x",
            "arn:aws:iam::111122223333:policy/",
        ] {
            assert!(
                wrong(text).is_some_and(|said| said.contains("is not the ARN")),
                "{text}"
            );
        }
    }
}
