//! The roles by which rules reach their targets, above all trueup's own that forwards to the home region's bus: what
//! their documents let them do.

use trueup_core::env::Env;
use trueup_policy::evaluate::{Context, Decision, Principal, Request, evaluate_identity};
use trueup_policy::{Policy, Statement};

use super::{FORWARD, POLICY, bus};
use crate::access::{self, May, explained, named};
use crate::role_rights::OtherPolicies;

/// Who may assume the role.
pub(super) fn trusts() -> Statement {
    Statement::allow()
        .principal("Service", "events.amazonaws.com")
        .action("sts:AssumeRole")
}

/// What the role may do.
pub(super) fn lets(bus: &str) -> Policy {
    Policy::of([Statement::allow().action("events:PutEvents").resource(bus)])
}

/// How far a role can forward.
#[derive(Debug, PartialEq)]
pub(super) struct Judged {
    /// EventBridge may assume it.
    pub(super) trusts: bool,
    /// It may put events on the home region's bus.
    pub(super) lets: bool,
    /// Why it cannot, whatever is added to it.
    pub(super) obstacles: Vec<String>,
}

/// Judges a role by its trust, all of its policies and its boundary. What they leave open counts as allowed.
pub(super) fn judge(
    trust: &Policy,
    held: &OtherPolicies,
    boundary: Option<&Policy>,
    role: &str,
    env: &Env,
) -> Judged {
    let mut judged = Judged {
        trusts: !is_assumable(trust, role, env).is_no(),
        lets: !reaches(held, boundary, role, &bus(env)).is_refused(),
        obstacles: vec![],
    };
    if !judged.trusts {
        let mended = trust.merged(&[trusts()]);
        if let May::No(by) = is_assumable(mended.as_ref().unwrap_or(trust), role, env) {
            judged.obstacles.push(format!(
                "the trust of the role {FORWARD} denies EventBridge to assume it ({}), and trueup removes no statement \
                 of others: remove it",
                named(&by)
            ));
        }
    }
    if !judged.lets {
        let mut mended = held.clone();
        mended.inline.insert(POLICY.to_owned(), lets(&bus(env)));
        let decision = reaches(&mended, boundary, role, &bus(env));
        if decision.is_refused() {
            let why = match decision.by.is_empty() {
                true => "its permissions boundary does not allow it".to_owned(),
                false => explained(&decision.by),
            };
            judged.obstacles.push(format!(
                "the role {FORWARD} may not put events on {}, whatever is added to it ({why}): remove what forbids it",
                bus(env)
            ));
        }
    }
    judged
}

/// Whether EventBridge may assume the role.
fn is_assumable(trust: &Policy, role: &str, env: &Env) -> May {
    let context = Context::complete()
        .with("aws:SourceAccount", &env.account)
        .unknown("aws:SourceArn")
        .unknown("aws:SourceOrgID")
        .unknown("aws:SourceOrgPaths");
    let assume = Request {
        principal: Principal::Service("events.amazonaws.com".to_owned()),
        action: "sts:AssumeRole".to_owned(),
        resource: role.to_owned(),
        context,
    };
    access::may(trust, [&assume])
}

/// Why EventBridge cannot reach a target through a role, if it is clear that it cannot.
pub(super) fn fails(
    trust: &Policy,
    held: &OtherPolicies,
    boundary: Option<&Policy>,
    role: &str,
    target: &str,
    env: &Env,
) -> Option<String> {
    if is_assumable(trust, role, env).is_no() {
        return Some("does not let EventBridge assume it".to_owned());
    }
    let action = action(target);
    let is_refused = reaches(held, boundary, role, target).is_refused();
    is_refused.then(|| format!("may not {action} on {target}"))
}

/// What EventBridge does with a target.
fn action(target: &str) -> &'static str {
    match target.split(':').nth(2) {
        Some("sns") => "sns:Publish",
        _ => "events:PutEvents",
    }
}

/// Whether a role of these policies may send to a topic or an event bus.
fn reaches(held: &OtherPolicies, boundary: Option<&Policy>, role: &str, target: &str) -> Decision {
    let send = Request {
        principal: Principal::Session {
            role: role.to_owned(),
            name: None,
        },
        action: action(target).to_owned(),
        resource: target.to_owned(),
        context: Context::partial(),
    };
    let policies: Vec<&Policy> = held.inline.values().chain(held.attached.values()).collect();
    evaluate_identity(&policies, boundary, &send)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::role_rights::OtherPolicies;

    fn policy(statement: Value) -> Policy {
        json!({"Version": "2012-10-17", "Statement": statement})
            .to_string()
            .parse()
            .unwrap()
    }

    fn env() -> Env {
        Env {
            account: "111122223333".to_owned(),
            partition: "aws".to_owned(),
            home: "us-east-1".parse().unwrap(),
            enabled: vec![],
            run: trueup_core::env::Run::default(),
        }
    }

    const ROLE: &str = "arn:aws:iam::111122223333:role/trueup-health-forward";

    fn own(statements: Value) -> OtherPolicies {
        OtherPolicies {
            inline: [("theirs".to_owned(), policy(statements))].into(),
            ..OtherPolicies::default()
        }
    }

    fn allow(action: &str, resource: &str) -> Value {
        json!({"Effect": "Allow", "Action": action, "Resource": resource})
    }

    fn trust(principal: Value, condition: Value) -> Policy {
        policy(
            json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition}),
        )
    }

    fn events() -> Value {
        json!({"Service": ["events.amazonaws.com", "scheduler.amazonaws.com"]})
    }

    fn judged(trust: &Policy, held: &OtherPolicies) -> Judged {
        judge(trust, held, None, ROLE, &env())
    }

    #[test]
    fn a_role_forwards_whatever_the_shape_of_what_allows_it() {
        let may = own(allow("events:*", "*"));
        let trusts = |principal, condition| judged(&trust(principal, condition), &may).trusts;
        assert!(trusts(events(), json!({})));
        assert!(trusts(
            events(),
            json!({"StringEquals": {"aws:SourceAccount": "111122223333"}})
        ));
        assert!(trusts(
            events(),
            json!({"ArnLike": {"aws:SourceArn": "arn:aws:events:*:111122223333:rule/*"}})
        ));
        assert!(!trusts(
            events(),
            json!({"StringEquals": {"aws:SourceAccount": "999988887777"}})
        ));
        assert!(!trusts(json!({"Service": "scheduler.amazonaws.com"}), json!({})));
        let lets = |statements| judged(&trust(events(), json!({})), &own(statements)).lets;
        assert!(lets(allow("events:*", "*")));
        assert!(lets(allow(
            "events:PutEvents",
            "arn:aws:events:us-east-1:111122223333:event-bus/*"
        )));
        assert!(!lets(allow(
            "events:PutEvents",
            "arn:aws:events:eu-west-1:111122223333:event-bus/default"
        )));
        let attached = OtherPolicies {
            attached: [(
                "arn:aws:iam::111122223333:policy/put".to_owned(),
                policy(allow("events:Put*", "*")),
            )]
            .into(),
            ..OtherPolicies::default()
        };
        assert!(judged(&trust(events(), json!({})), &attached).lets);
    }

    #[test]
    fn what_no_statement_can_mend_is_named() {
        let may = own(allow("events:PutEvents", "*"));
        let open = trust(events(), json!({}));
        // What is missing can be added.
        assert_eq!(
            judged(&trust(json!({"Service": "x.amazonaws.com"}), json!({})), &may).obstacles,
            [""; 0]
        );
        assert_eq!(judged(&open, &OtherPolicies::default()).obstacles, [""; 0]);
        let shut = policy(json!([
            {"Effect": "Allow", "Principal": events(), "Action": "sts:AssumeRole"},
            {"Sid": "Shut", "Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"},
        ]));
        let told = judged(&shut, &may);
        assert!(
            !told.trusts && told.obstacles[0].contains("(statement Shut)"),
            "{told:?}"
        );
        let denied = own(json!([
            allow("events:PutEvents", "*"),
            {"Sid": "NoEvents", "Effect": "Deny", "Action": "events:Put*", "Resource": "*"},
        ]));
        let told = judged(&open, &denied);
        assert!(!told.lets && told.obstacles[0].contains("NoEvents"), "{told:?}");
        let told = judge(&open, &may, Some(&policy(allow("s3:*", "*"))), ROLE, &env());
        assert_eq!(
            told.obstacles,
            [
                "the role trueup-health-forward may not put events on arn:aws:events:us-east-1:111122223333:event-bus/default, \
                 whatever is added to it (its permissions boundary does not allow it): remove what forbids it"
            ]
        );
    }

    #[test]
    fn a_role_of_others_is_judged_by_the_target_that_it_is_for() {
        const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:alerts";
        let open = trust(events(), json!({}));
        let told = |trust: &Policy, held: &OtherPolicies, target: &str| {
            fails(trust, held, None, ROLE, target, &env())
        };
        assert_eq!(told(&open, &own(allow("sns:Publish", TOPIC)), TOPIC), None);
        assert_eq!(
            told(&open, &own(allow("events:PutEvents", "*")), TOPIC).unwrap(),
            format!("may not sns:Publish on {TOPIC}")
        );
        assert_eq!(
            told(&open, &own(allow("events:PutEvents", "*")), &bus(&env())),
            None
        );
        let shut = trust(json!({"Service": "scheduler.amazonaws.com"}), json!({}));
        assert_eq!(
            told(&shut, &own(allow("sns:Publish", "*")), TOPIC).unwrap(),
            "does not let EventBridge assume it"
        );
    }
}
