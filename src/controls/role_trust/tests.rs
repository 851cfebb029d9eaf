use serde_json::{Value, json};

use super::document::plain;
use super::*;

const OWN: Own<'_> = Own {
    partition: "aws",
    account: "111122223333",
};
const ROOT: &str = "arn:aws:iam::111122223333:root";
const ALICE: &str = "arn:aws:iam::111122223333:user/alice";
const STRICT: Demand = Demand {
    mfa: MfaCondition::Bool,
    max_age: None,
};

fn policy(statements: Value) -> Policy {
    json!({ "Version": "2012-10-17", "Statement": statements })
        .to_string()
        .parse()
        .unwrap()
}

fn allow(principal: Value, condition: Value) -> Value {
    json!({ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition })
}

fn with_mfa() -> Value {
    json!({ "Bool": { PRESENT: "true" } })
}

fn ours(condition: Value) -> Value {
    allow(json!({ "AWS": ROOT }), condition)
}

fn probe(trust: &Policy) -> Probe<'static> {
    Probe::new(trust, OWN, vec![])
}

fn asked(trust: &Policy) -> Option<Asked> {
    probe(trust).asks(trust)
}

fn rewritten(trust: &Policy, demand: Demand) -> Result<Option<Rewritten>, String> {
    let probe = probe(trust);
    probe.rewritten(trust, demand, |trust| probe.users(trust) != Entry::No)
}

#[track_caller]
fn stays(trust: &Policy) {
    assert_eq!(rewritten(trust, STRICT), Ok(None), "{trust}");
}

/// What is sent, statement by statement, and who is shut out.
#[track_caller]
fn sent(trust: &Policy) -> (Vec<Value>, Vec<String>) {
    let next = rewritten(trust, STRICT).unwrap().unwrap();
    stays(&next.trust);
    let statements = plain(&next.trust)["Statement"].as_array().unwrap().clone();
    (statements, next.out)
}

#[test]
fn a_trust_that_demands_mfa_in_another_way_stays() {
    for statements in [
        json!([ours(with_mfa())]),
        json!({ "Effect": "Allow", "Principal": { "AWS": ["111122223333"] }, "Action": ["STS:assumerole"],
            "Condition": { "Bool": { "aws:multifactorauthpresent": [true] } } }),
        json!([ours(json!({ "NumericLessThan": { AGE: "3600" } }))]),
        json!([ours(json!({ "Null": { AGE: "false" } }))]),
        json!([ours(json!({})), { "Effect": "Deny", "Principal": "*", "Action": "sts:*",
            "Condition": { "BoolIfExists": { PRESENT: "false" } } }]),
        json!([ours(json!({})), { "Effect": "Deny", "Principal": { "AWS": "*" }, "Action": "*",
            "Condition": { "NumericGreaterThanIfExists": { AGE: "3600" }, "BoolIfExists": { PRESENT: "false" } } }, {
            "Effect": "Deny", "Principal": "*", "NotAction": "sts:TagSession",
            "Condition": { "Null": { PRESENT: "true" } } }, { "Effect": "Deny", "Principal": "*",
            "Action": "sts:AssumeRole", "Condition": { "Bool": { PRESENT: "false" } } }]),
        // Named users are users.
        json!([allow(json!({ "AWS": ALICE }), with_mfa())]),
        json!([ours(
            json!({ "Bool": { PRESENT: "true" }, "StringLike": { "aws:username": "ops-*" } })
        )]),
        json!([ours(
            json!({ "Bool": { PRESENT: "true" }, "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::*:user/ops/*" } })
        )]),
        json!([ours(
            json!({ "Bool": { PRESENT: "true" }, "IpAddress": { "aws:SourceIp": ["203.0.113.0/24"] } })
        )]),
        json!([ours(
            json!({ "Bool": { PRESENT: "true" }, "StringEquals": { "sts:RoleSessionName": "${aws:username}" } })
        )]),
        // Statements about other actions, and of other principals.
        json!([ours(with_mfa()), { "Effect": "Allow", "Principal": { "AWS": ROOT }, "Action": "sts:TagSession" }]),
        json!([
            ours(with_mfa()),
            allow(json!({ "Service": "ec2.amazonaws.com" }), json!({}))
        ]),
        json!([ours(with_mfa()), { "Effect": "Deny", "Principal": { "AWS": "444455556666" }, "Action": "sts:AssumeRole" }]),
    ] {
        stays(&policy(statements));
    }
}

#[test]
fn what_is_asked_is_what_the_weakest_way_in_asks() {
    let at = |mfa, max_age| Some(Asked { mfa, max_age });
    let bool = Some(MfaCondition::Bool);
    for (statements, asks) in [
        (json!([ours(with_mfa())]), at(bool, None)),
        (json!([ours(json!({}))]), at(None, None)),
        (
            json!([ours(json!({ "Bool": { PRESENT: ["true", "false"] } }))]),
            at(None, None),
        ),
        (
            json!([ours(json!({ "BoolIfExists": { PRESENT: "true" } }))]),
            at(Some(MfaCondition::BoolIfExists), None),
        ),
        (
            json!([ours(with_mfa()), allow(json!({ "AWS": ALICE }), json!({}))]),
            at(None, None),
        ),
        (
            json!([ours(json!({ "NumericLessThan": { AGE: 3600 } }))]),
            at(bool, Some(3600)),
        ),
        (
            json!([
                ours(json!({ "NumericLessThan": { AGE: "900" } })),
                ours(json!({ "NumericLessThanEquals": { AGE: "3600" } }))
            ]),
            at(bool, Some(3600)),
        ),
        // No user gets in.
        (
            json!([ours(json!({ "StringEquals": { "sts:ExternalId": "x" } }))]),
            None,
        ),
        (
            json!([allow(json!({ "Service": "ec2.amazonaws.com" }), json!({}))]),
            None,
        ),
        (
            json!([{ "Effect": "Deny", "Principal": { "AWS": ROOT }, "Action": "sts:AssumeRole" }]),
            None,
        ),
        (
            json!([ours(with_mfa()), { "Effect": "Deny", "Principal": "*", "Action": "*" }]),
            None,
        ),
    ] {
        let trust = policy(statements);
        assert_eq!(asked(&trust), asks, "{trust}");
    }
}

#[test]
fn a_statement_with_several_principals_is_parted() {
    let pipeline = "arn:aws:iam::111122223333:role/pipeline";
    let mixed = json!({ "Sid": "All", "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": { "AWS": [ROOT, "arn:aws:iam::999988887777:root", pipeline], "Service": "codebuild.amazonaws.com" } });
    let trust = policy(json!([mixed]));
    let (statements, out) = sent(&trust);
    let mut others = mixed.clone();
    others["Principal"]["AWS"] = json!(["arn:aws:iam::999988887777:root", pipeline]);
    assert_eq!(
        statements,
        [
            others,
            json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "AWS": ROOT }, "Condition": with_mfa() })
        ]
    );
    assert_eq!(
        out,
        [
            "users without MFA",
            "the roles of account 111122223333 (a role session carries no MFA)"
        ]
    );
    let next = rewritten(&trust, STRICT).unwrap().unwrap().trust;
    assert_eq!(
        probe(&trust).others(&next),
        [
            "arn:aws:iam::111122223333:role/pipeline",
            "arn:aws:iam::999988887777:root",
            "codebuild.amazonaws.com"
        ]
    );
}

#[test]
fn a_statement_of_everybody_cannot_be_parted_and_names_who_is_shut_out() {
    for principal in [json!("*"), json!({ "AWS": "*" })] {
        let (statements, out) = sent(&policy(json!([allow(principal.clone(), json!({}))])));
        assert_eq!(statements, [allow(principal, with_mfa())]);
        assert_eq!(
            out,
            [
                "users without MFA",
                "the roles of account 111122223333 (a role session carries no MFA)",
                "every other account",
            ]
        );
    }
}

#[test]
fn a_statement_that_no_user_can_meet_is_no_entrance_and_stays() {
    let ci = "arn:aws:iam::111122223333:role/ci-deployer";
    for (condition, named) in [
        (json!({ "ArnLike": { "aws:PrincipalArn": ci } }), vec![ci]),
        (
            json!({ "StringEquals": { "sts:ExternalId": "x" } }),
            vec![
                "the roles of account 111122223333",
                "users of account 111122223333 who send an external ID",
            ],
        ),
        (
            json!({ "StringEquals": { "aws:PrincipalType": "AssumedRole" } }),
            vec!["the roles of account 111122223333"],
        ),
        (
            json!({ "StringLike": { "aws:userid": "AROAEXAMPLEEXAMPLE123:*" } }),
            vec!["the roles of account 111122223333"],
        ),
    ] {
        let trust = policy(json!([ours(condition)]));
        let (statements, out) = sent(&trust);
        assert_eq!(statements[0], plain(&trust)["Statement"][0]);
        assert_eq!(statements[1], built());
        assert_eq!(out, Vec::<String>::new());
        assert_eq!(probe(&trust).others(&trust), named);
    }
}

fn built() -> Value {
    json!({ "Effect": "Allow", "Principal": { "AWS": ROOT }, "Action": "sts:AssumeRole", "Condition": with_mfa() })
}

#[test]
fn what_others_have_stays_as_it_is() {
    let foreign = json!([
        allow(json!({ "Service": "ec2.amazonaws.com" }), json!({})),
        allow(json!({ "AWS": "999988887777" }), json!({ "StringEquals": { "sts:ExternalId": "x" } })),
        allow(json!({ "AWS": "arn:aws:iam::111122223333:user/bob" }), json!({ "IpAddress": { "aws:SourceIp": "203.0.113.0/24" } })),
        { "Sid": "Not", "Effect": "Deny", "Principal": { "AWS": "444455556666" }, "Action": "sts:AssumeRole" },
        allow(json!({ "Federated": "arn:aws:iam::111122223333:saml-provider/corp" }), json!({})),
        allow(json!({ "AWS": "444455556666" }), json!({})),
    ]);
    let trust = policy(foreign.clone());
    let probe = probe(&trust);
    assert_eq!(
        probe.others(&trust),
        [
            "999988887777",
            "arn:aws:iam::111122223333:saml-provider/corp",
            "ec2.amazonaws.com"
        ]
    );
    let (statements, out) = sent(&trust);
    for at in [0, 1, 3, 4, 5] {
        assert_eq!(statements[at], foreign[at]);
    }
    assert_eq!(
        statements[2]["Condition"],
        json!({ "IpAddress": { "aws:SourceIp": "203.0.113.0/24" }, "Bool": { PRESENT: "true" } })
    );
    assert_eq!(out, ["users without MFA"]);
}

#[test]
fn users_whom_the_file_names_have_to_get_in() {
    let bob = policy(json!([allow(
        json!({ "AWS": "arn:aws:iam::111122223333:user/bob" }),
        with_mfa()
    )]));
    stays(&bob);
    let probe = Probe::new(&bob, OWN, vec![Person::of(ALICE)]);
    let next = probe
        .rewritten(&bob, STRICT, |trust| probe.users(trust) != Entry::No)
        .unwrap()
        .unwrap();
    assert_eq!(plain(&next.trust)["Statement"][1], built());
}

#[test]
fn an_entrance_that_was_turned_into_a_deny_is_turned_back() {
    let mut turned = ours(with_mfa());
    turned["Effect"] = json!("Deny");
    let (statements, out) = sent(&policy(json!([turned])));
    assert_eq!(statements, [ours(with_mfa())]);
    assert_eq!(out, Vec::<String>::new());
}

#[test]
fn a_deny_of_somebodys_own_is_left_to_that_one() {
    let lock = json!({ "Sid": "Lock", "Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole" });
    let said = rewritten(&policy(json!([ours(with_mfa()), lock])), STRICT).unwrap_err();
    assert_eq!(
        said,
        "statement Lock of it denies the account's users also with MFA: take it out first"
    );
}

#[test]
fn what_cannot_be_told_is_said_and_changes_nothing() {
    let trust = policy(json!([
        ours(with_mfa()),
        { "Sid": "Org", "Effect": "Allow", "Principal": { "AWS": ROOT }, "Action": "sts:AssumeRole",
            "Condition": { "StringEquals": { "aws:PrincipalOrgID": "o-1" } } },
    ]));
    stays(&trust);
    assert_eq!(
        probe(&trust).unclear(&trust),
        ["statement Org: cannot tell: the value of aws:principalorgid is unknown"]
    );
    let sure = policy(json!([ours(with_mfa())]));
    assert_eq!(probe(&sure).unclear(&sure), Vec::<String>::new());
}

#[test]
fn a_limit_on_the_age_is_lowered_and_never_raised() {
    let aged = |age: &str| policy(json!([ours(json!({ "NumericLessThan": { AGE: age } }))]));
    let demand = |age| Demand {
        max_age: Some(age),
        ..STRICT
    };
    assert_eq!(rewritten(&aged("3600"), demand(3600)), Ok(None));
    assert_eq!(rewritten(&aged("900"), demand(3600)), Ok(None));
    assert_eq!(rewritten(&aged("3600"), STRICT), Ok(None));
    let younger = rewritten(&aged("3600"), demand(900)).unwrap().unwrap();
    assert_eq!(younger.trust, aged("900"));
    assert_eq!(younger.out, ["users whose sign-in with MFA is older"]);
    let limited = rewritten(&policy(json!([ours(with_mfa())])), demand(900))
        .unwrap()
        .unwrap();
    assert_eq!(limited.out, ["users whose sign-in with MFA is older"]);
    assert_eq!(asked(&limited.trust).unwrap().max_age, Some(900));
}

#[test]
fn the_weaker_condition_is_put_only_where_there_is_none() {
    let weak = Demand {
        mfa: MfaCondition::BoolIfExists,
        max_age: None,
    };
    assert_eq!(rewritten(&policy(json!([ours(with_mfa())])), weak), Ok(None));
    let open = policy(json!([ours(json!({}))]));
    let next = rewritten(&open, weak).unwrap().unwrap();
    assert_eq!(next.trust, trust(OWN, weak));
    assert_eq!(next.out, ["users without MFA"]);
    stays(&rewritten(&next.trust, STRICT).unwrap().unwrap().trust);
}

#[test]
fn deleted_principals_are_named_and_left_out_of_what_is_sent() {
    let gone = "AROAEXAMPLEEXAMPLE123";
    let mut old = allow(json!({ "AWS": gone }), json!({}));
    old["Sid"] = json!("Old");
    let both = allow(
        json!({ "AWS": ["AIDAEXAMPLEEXAMPLE123", "999988887777"] }),
        json!({}),
    );
    let trust = policy(json!([old, both, ours(json!({}))]));
    assert_eq!(
        deleted(&trust),
        ["AIDAEXAMPLEEXAMPLE123", "AROAEXAMPLEEXAMPLE123 (statement Old)"]
    );
    let (statements, out) = sent(&trust);
    assert_eq!(
        statements,
        [
            allow(json!({ "AWS": "999988887777" }), json!({})),
            ours(with_mfa())
        ]
    );
    assert_eq!(out[0], "users without MFA");
    assert!(!out.iter().any(|name| name.starts_with('A')), "{out:?}");
    // It lets no one in, which alone does not call for a step.
    stays(&policy(json!([old, ours(with_mfa())])));
    let but = json!({ "Effect": "Allow", "NotPrincipal": { "AWS": gone }, "Action": "sts:TagSession" });
    let said = rewritten(&policy(json!([ours(json!({})), but])), STRICT).unwrap_err();
    assert!(said.contains("deleted principal AROAEXAMPLEEXAMPLE123"), "{said}");
}
