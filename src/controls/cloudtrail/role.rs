//! The role by which CloudTrail writes to CloudWatch Logs.

use std::collections::BTreeMap;

use trueup_core::env::Env;
use trueup_policy::evaluate::{Context, Decision, Principal, Request, evaluate, evaluate_identity};
use trueup_policy::{Policy, Statement};

use super::model::{Delivery, Lets};

/// The service's principal.
const SERVICE: &str = "cloudtrail.amazonaws.com";
/// The name of trueup's policy in the role.
pub(super) const POLICY: &str = "TrueupDeliverToLogGroup";

/// Who may assume it.
pub(super) fn trust() -> Policy {
    Policy::of([Statement::allow()
        .principal("Service", SERVICE)
        .action("sts:AssumeRole")])
}

/// What it may: write to the trail's own streams (CloudTrail user guide, "Role policy document for CloudTrail to use
/// CloudWatch Logs for monitoring").
pub(super) fn policy(delivery: &Delivery, env: &Env) -> Policy {
    let (partition, account) = (&env.partition, &env.account);
    let Delivery { group, region, .. } = delivery;
    Policy::of([Statement::allow()
        .action("logs:CreateLogStream")
        .action("logs:PutLogEvents")
        .resource(&format!(
            "arn:{partition}:logs:{region}:{account}:log-group:{group}:log-stream:{account}_CloudTrail_{region}*"
        ))])
}

/// Whether CloudTrail may assume a role of this trust policy.
pub(super) fn trusts(trust: &Policy, role: &str, trail: &str, env: &Env) -> Lets {
    let answer = assumes(trust, role, trail, env);
    match answer {
        Lets::No => match assumes(&mended(trust), role, trail, env) {
            Lets::Denied(why) => Lets::Denied(why),
            Lets::No => Lets::Denied("a Deny statement of its trust policy applies".to_owned()),
            Lets::Yes | Lets::Unknown(_) => Lets::No,
        },
        other => other,
    }
}

/// The trust policy with CloudTrail let in. What others have in it stays, but for a statement that says nothing except
/// that CloudTrail must not.
pub(super) fn mended(trust: &Policy) -> Policy {
    let against = Statement::deny()
        .principal("Service", SERVICE)
        .action("sts:AssumeRole");
    let rest = match trust.statements().contains(&against) {
        true => Policy::of(trust.statements().iter().filter(|one| **one != against).cloned()),
        false => trust.clone(),
    };
    rest.merged(self::trust().statements()).unwrap_or(rest)
}

fn assumes(trust: &Policy, role: &str, trail: &str, env: &Env) -> Lets {
    // Whether CloudTrail says for which trail it assumes a role is not documented: what depends on it is unknown.
    let told = Context::partial()
        .with("aws:SourceArn", trail)
        .with("aws:SourceAccount", &env.account);
    let untold = Context::partial()
        .absent("aws:SourceArn")
        .absent("aws:SourceAccount");
    let decide = |context| {
        let request = Request {
            principal: Principal::Service(SERVICE.to_owned()),
            action: "sts:AssumeRole".to_owned(),
            resource: role.to_owned(),
            context,
        };
        evaluate(&[trust], &request)
    };
    let decisions = [decide(told), decide(untold)];
    match decisions.iter().find(|one| !one.is_allowed() && !one.is_refused()) {
        _ if decisions.iter().all(Decision::is_allowed) => Lets::Yes,
        _ if decisions.iter().all(Decision::is_refused) => Lets::No,
        Some(unknown) => Lets::Unknown(reasons(unknown)),
        None => Lets::Unknown(
            "whether CloudTrail sends the aws:SourceArn or aws:SourceAccount that its trust policy asks for is not \
             documented"
                .to_owned(),
        ),
    }
}

fn reasons(decision: &Decision) -> String {
    let all: Vec<String> = decision.by.iter().map(ToString::to_string).collect();
    all.join("; ")
}

/// The policies of a role.
#[derive(Clone, Debug, Default)]
pub(super) struct Policies {
    /// The inline ones, by name.
    pub(super) inline: BTreeMap<String, Policy>,
    /// The attached ones.
    pub(super) attached: Vec<Policy>,
    /// The one that limits it.
    pub(super) boundary: Option<Policy>,
}

/// Whether a role of these policies may write the trail's streams in its log group.
pub(super) fn may_deliver(policies: &Policies, role: &str, delivery: &Delivery, env: &Env) -> Lets {
    match writes(policies, role, delivery, env) {
        (Lets::No, _) => {
            let mut mended = policies.clone();
            let own = policy(delivery, env);
            mended.inline.insert(POLICY.to_owned(), own);
            match writes(&mended, role, delivery, env) {
                (Lets::No, why) => Lets::Denied(why),
                _ => Lets::No,
            }
        }
        (other, _) => other,
    }
}

/// The answer, with the reason for a no.
fn writes(policies: &Policies, role: &str, delivery: &Delivery, env: &Env) -> (Lets, String) {
    let (partition, account) = (&env.partition, &env.account);
    let Delivery { group, region, .. } = delivery;
    let group = format!("arn:{partition}:logs:{region}:{account}:log-group:{group}");
    let stream = format!("{group}:log-stream:{account}_CloudTrail_{region}");
    let all: Vec<&Policy> = policies.inline.values().chain(&policies.attached).collect();
    let decide = |action: &str, resource: &str| {
        let request = Request {
            principal: Principal::Session {
                role: role.to_owned(),
                name: None,
            },
            action: action.to_owned(),
            resource: resource.to_owned(),
            context: Context::partial(),
        };
        evaluate_identity(&all, policies.boundary.as_ref(), &request)
    };
    let mut unknown = vec![];
    for action in ["logs:CreateLogStream", "logs:PutLogEvents"] {
        let decision = decide(action, &stream);
        // Policies of users name the group alone where AWS's own example names the stream.
        let by_group =
            || decide(action, &group).is_allowed() || decide(action, &format!("{group}:*")).is_allowed();
        if decision.is_refused() && action == "logs:CreateLogStream" && decision.by.is_empty() && by_group() {
            unknown.push(format!(
                "{action} is allowed on the log group and not on its streams"
            ));
        } else if decision.is_refused() {
            let why = match decision.by.is_empty() {
                true => format!("no policy within its permissions boundary allows {action}"),
                false => reasons(&decision),
            };
            return (Lets::No, why);
        } else if !decision.is_allowed() {
            unknown.push(reasons(&decision));
        }
    }
    match unknown.is_empty() {
        true => (Lets::Yes, String::new()),
        false => (Lets::Unknown(unknown.join("; ")), String::new()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use trueup_core::env::Run;

    use super::*;

    const TRAIL: &str = "arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events";
    const ROLE: &str = "arn:aws:iam::111122223333:role/service-role/CTLogs";

    fn env() -> Env {
        Env {
            account: "111122223333".to_owned(),
            partition: "aws".to_owned(),
            home: "us-east-1".parse().unwrap(),
            enabled: vec![],
            run: Run::default(),
        }
    }

    fn delivery() -> Delivery {
        Delivery {
            group: "ct/logs".to_owned(),
            region: "us-east-1".parse().unwrap(),
            role: "CTLogs".to_owned(),
            path: None,
        }
    }

    fn document(statements: Value) -> Policy {
        let whole = json!({"Version": "2012-10-17", "Statement": statements});
        whole.to_string().parse().unwrap()
    }

    fn trusted(statements: Value) -> Lets {
        trusts(&document(statements), ROLE, TRAIL, &env())
    }

    fn statement(effect: &str, more: Value) -> Value {
        let mut statement = json!({
            "Effect": effect, "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "sts:AssumeRole",
        });
        for (key, value) in more.as_object().unwrap() {
            statement[key] = value.clone();
        }
        statement
    }

    #[test]
    fn a_trust_in_any_shape_that_lets_cloudtrail_in_is_right() {
        assert_eq!(trusts(&trust(), ROLE, TRAIL, &env()), Lets::Yes);
        let several = json!({"Service": ["config.amazonaws.com", "cloudtrail.amazonaws.com"]});
        assert_eq!(
            trusted(json!([statement("Allow", json!({"Principal": several}))])),
            Lets::Yes
        );
        assert_eq!(
            trusted(json!(statement("Allow", json!({"Action": "sts:*"})))),
            Lets::Yes
        );
        // A Deny of others.
        let others = json!({"Principal": {"AWS": "arn:aws:iam::444455556666:root"}, "Sid": "Others"});
        assert_eq!(
            trusted(json!([statement("Deny", others), statement("Allow", json!({}))])),
            Lets::Yes
        );
    }

    #[test]
    fn a_trust_that_is_turned_to_deny_is_mended() {
        let turned = json!([statement("Deny", json!({"Sid": "S"}))]);
        assert_eq!(trusted(turned.clone()), Lets::No);
        assert_eq!(mended(&document(turned)), trust());
        // What others have in it stays.
        let theirs = statement("Allow", json!({"Principal": {"Service": "ec2.amazonaws.com"}}));
        assert_eq!(trusted(json!([theirs])), Lets::No);
        assert_eq!(
            mended(&document(json!([theirs]))),
            document(json!([theirs, statement("Allow", json!({}))]))
        );
        // A condition that CloudTrail does not meet, whatever it sends.
        let foreign = json!({"Condition": {"StringEquals": {"aws:SourceAccount": "444455556666"}}});
        assert_eq!(trusted(json!([statement("Allow", foreign)])), Lets::No);
    }

    #[test]
    fn a_deny_of_more_than_cloudtrail_is_not_taken_away() {
        let everyone = statement("Deny", json!({"Principal": "*", "Sid": "Everyone"}));
        assert_eq!(
            trusted(json!([everyone, statement("Allow", json!({}))])),
            Lets::Denied("a Deny statement of its trust policy applies".to_owned())
        );
    }

    #[test]
    fn what_a_trust_makes_depend_on_keys_that_are_not_documented_cannot_be_told() {
        for key in ["aws:SourceAccount", "aws:SourceArn"] {
            let value = if key == "aws:SourceArn" {
                TRAIL
            } else {
                "111122223333"
            };
            let condition = json!({"Condition": {"StringEquals": {key: value}}});
            let answer = trusted(json!([statement("Allow", condition)]));
            assert!(matches!(answer, Lets::Unknown(_)), "{key}: {answer:?}");
        }
        let organization = json!({"Condition": {"StringEquals": {"aws:SourceOrgID": "o-1"}}});
        let answer = trusted(json!([statement("Allow", organization)]));
        assert!(matches!(answer, Lets::Unknown(_)), "{answer:?}");
    }

    fn rights(policies: &Policies) -> Lets {
        may_deliver(policies, ROLE, &delivery(), &env())
    }

    fn inline(statements: Value) -> Policies {
        Policies {
            inline: BTreeMap::from([("theirs".to_owned(), document(statements))]),
            ..Policies::default()
        }
    }

    fn allow(action: Value, resource: &str) -> Value {
        json!({"Effect": "Allow", "Action": action, "Resource": resource})
    }

    #[test]
    fn rights_in_any_shape_that_let_cloudtrail_write_are_right() {
        let both = json!(["logs:CreateLogStream", "logs:PutLogEvents"]);
        let group = "arn:aws:logs:us-east-1:111122223333:log-group:ct/logs";
        for resource in [
            "*".to_owned(),
            format!("{group}:*"),
            format!("{group}:log-stream:*"),
        ] {
            assert_eq!(
                rights(&inline(json!([allow(both.clone(), &resource)]))),
                Lets::Yes,
                "{resource}"
            );
        }
        let mut own = Policies::default();
        own.inline.insert(POLICY.to_owned(), policy(&delivery(), &env()));
        assert_eq!(rights(&own), Lets::Yes);
        let mut attached = Policies::default();
        attached
            .attached
            .push(document(json!([allow(json!("logs:*"), "*")])));
        assert_eq!(rights(&attached), Lets::Yes);
        // One statement for each action, one of them on the group as a whole.
        let split = json!([
            allow(json!("logs:CreateLogStream"), group),
            allow(json!("logs:PutLogEvents"), &format!("{group}:log-stream:*")),
        ]);
        assert!(matches!(rights(&inline(split)), Lets::Unknown(_)));
    }

    #[test]
    fn rights_that_lack_something_are_mended_unless_something_forbids_it() {
        assert_eq!(rights(&Policies::default()), Lets::No);
        assert_eq!(
            rights(&inline(json!([allow(json!("logs:PutLogEvents"), "*")]))),
            Lets::No
        );
        assert_eq!(
            rights(&inline(json!([allow(
                json!("logs:*"),
                "arn:aws:logs:*:*:log-group:other:*"
            )]))),
            Lets::No
        );
        // Its own statement turned to Deny is replaced.
        let mut turned = Policies::default();
        let own = policy(&delivery(), &env()).to_string().replace("Allow", "Deny");
        turned.inline.insert(POLICY.to_owned(), own.parse().unwrap());
        assert_eq!(rights(&turned), Lets::No);
        let deny = json!({"Sid": "NoLogs", "Effect": "Deny", "Action": "logs:Put*", "Resource": "*"});
        assert_eq!(
            rights(&inline(json!([allow(json!("logs:*"), "*"), deny]))),
            Lets::Denied("statement NoLogs: applies".to_owned())
        );
        let mut limited = inline(json!([allow(json!("logs:*"), "*")]));
        limited.boundary = Some(document(json!([allow(json!("s3:*"), "*")])));
        assert_eq!(
            rights(&limited),
            Lets::Denied("no policy within its permissions boundary allows logs:CreateLogStream".to_owned())
        );
    }
}
