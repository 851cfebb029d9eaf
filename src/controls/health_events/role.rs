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
    /// What its documents leave open, if anything.
    pub(super) unclear: Option<String>,
}

/// The documents that decide what a role can be used for.
pub(super) struct Documents {
    pub(super) trust: Policy,
    pub(super) held: OtherPolicies,
    pub(super) boundary: Option<Policy>,
}

/// Judges a role by its trust, all of its policies and its boundary. What they leave open counts as allowed, and is named.
pub(super) fn judge(documents: &Documents, role: &str, rules: &[String], env: &Env) -> Judged {
    let Documents { trust, held, .. } = documents;
    let boundary = documents.boundary.as_ref();
    let (assumable, sends) = (
        is_assumable(trust, role, rules, env),
        May::of([reaches(held, boundary, role, &bus(env))]),
    );
    let mut judged = Judged {
        trusts: !assumable.is_no(),
        lets: !sends.is_no(),
        obstacles: vec![],
        unclear: unclear(&assumable, &sends),
    };
    if !judged.trusts {
        let mended = trust.merged(&[trusts()]);
        if let May::No(by) = is_assumable(mended.as_ref().unwrap_or(trust), role, rules, env) {
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

/// Whether EventBridge may assume the role for each of these rules, given by ARN. One for which it may not decides.
fn is_assumable(trust: &Policy, role: &str, rules: &[String], env: &Env) -> May {
    let context = Context::complete()
        .with("aws:SourceAccount", &env.account)
        .unknown("aws:SourceOrgID")
        .unknown("aws:SourceOrgPaths");
    let request = |context: Context| Request {
        principal: Principal::Service("events.amazonaws.com".to_owned()),
        action: "sts:AssumeRole".to_owned(),
        resource: role.to_owned(),
        context,
    };
    let mut requests: Vec<Request> = rules
        .iter()
        .map(|rule| request(context.clone().with("aws:SourceArn", rule)))
        .collect();
    if requests.is_empty() {
        requests.push(request(context.unknown("aws:SourceArn")));
    }
    access::may(trust, &requests)
}

/// How far a role of others can be used.
#[derive(Debug, Default, PartialEq)]
pub(super) struct OfOthers {
    /// Why EventBridge cannot reach the target through it, if that is clear.
    pub(super) fails: Option<String>,
    /// Why it cannot be told, if it cannot.
    pub(super) unclear: Option<String>,
}

/// Whether a rule, given by its ARN, can reach a target through a role.
pub(super) fn of_others(
    documents: &Documents,
    (role, target): (&str, &str),
    rule: &str,
    env: &Env,
) -> OfOthers {
    let Documents {
        trust,
        held,
        boundary,
    } = documents;
    let boundary = boundary.as_ref();
    let assumable = is_assumable(trust, role, &[rule.to_owned()], env);
    let sends = May::of([reaches(held, boundary, role, target)]);
    let fails = match (assumable.is_no(), sends.is_no()) {
        (true, _) => Some("does not let EventBridge assume it".to_owned()),
        (false, true) => Some(format!("may not {} on {target}", action(target))),
        (false, false) => None,
    };
    OfOthers {
        unclear: unclear(&assumable, &sends).filter(|_| fails.is_none()),
        fails,
    }
}

/// What the trust or the policies of a role leave open.
fn unclear(assumable: &May, sends: &May) -> Option<String> {
    let of = |may: &May, document: &str| match may {
        May::CannotTell(by) => Some(format!("{document}: {}", explained(by))),
        May::Yes | May::No(_) => None,
    };
    let parts = [of(assumable, "its trust policy"), of(sends, "its policies")];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("; "))
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

    const RULE: &str = "arn:aws:events:eu-west-1:111122223333:rule/trueup-health-forward";

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

    fn documents(trust: &Policy, held: &OtherPolicies, boundary: Option<Policy>) -> Documents {
        Documents {
            trust: trust.clone(),
            held: held.clone(),
            boundary,
        }
    }

    fn judged(trust: &Policy, held: &OtherPolicies) -> Judged {
        judge(&documents(trust, held, None), ROLE, &[RULE.to_owned()], &env())
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
        let limited = documents(&open, &may, Some(policy(allow("s3:*", "*"))));
        let told = judge(&limited, ROLE, &[], &env());
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
            of_others(&documents(trust, held, None), (ROLE, target), RULE, &env()).fails
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

    #[test]
    fn a_trust_is_held_against_the_rules_that_use_the_role() {
        let may = own(allow("events:PutEvents", "*"));
        let told = |rules: &[&str], pattern: &str| {
            let trust = trust(events(), json!({"ArnLike": {"aws:SourceArn": pattern}}));
            let rules: Vec<String> = rules.iter().map(|rule| (*rule).to_owned()).collect();
            let judged = judge(&documents(&trust, &may, None), ROLE, &rules, &env());
            (judged.trusts, judged.unclear.is_some())
        };
        let other = "arn:aws:events:us-west-2:111122223333:rule/theirs";
        assert_eq!(
            told(&[RULE, other], "arn:aws:events:*:111122223333:rule/*"),
            (true, false)
        );
        assert_eq!(told(&[RULE], other), (false, false));
        assert_eq!(told(&[RULE, other], other), (false, false));
        assert_eq!(told(&[], other), (true, true));
    }

    #[test]
    fn what_the_documents_of_a_role_leave_open_is_named_with_its_statement() {
        let open = trust(events(), json!({}));
        let of_an_organization = policy(json!({
            "Sid": "Ours", "Effect": "Allow", "Principal": events(), "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceOrgID": "o-1234567890"}},
        }));
        let tagged = own(json!({
            "Sid": "Tagged", "Effect": "Allow", "Action": "events:PutEvents", "Resource": "*",
            "Condition": {"StringEquals": {"aws:ResourceTag/team": "security"}},
        }));
        let may = own(allow("events:PutEvents", "*"));
        assert_eq!(judged(&open, &may).unclear, None);
        let told = judged(&of_an_organization, &tagged);
        assert!(told.trusts && told.lets, "{told:?}");
        let why = told.unclear.unwrap();
        assert!(
            why.contains("its trust policy: statement Ours")
                && why.contains("its policies: statement Tagged"),
            "{why}"
        );
        let others = |trust: &Policy, held: &OtherPolicies| {
            of_others(&documents(trust, held, None), (ROLE, &bus(&env())), RULE, &env())
        };
        assert!(others(&open, &tagged).unclear.unwrap().contains("Tagged"));
        // A clear no decides.
        let shut = trust(json!({"Service": "scheduler.amazonaws.com"}), json!({}));
        let told = others(&shut, &tagged);
        assert!(told.fails.is_some() && told.unclear.is_none(), "{told:?}");
    }
}
