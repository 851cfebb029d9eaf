use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;

/// Documents, requests and decisions, each with the source that decides.
#[derive(Deserialize)]
struct Cases {
    documents: BTreeMap<String, String>,
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    documents: Vec<String>,
    /// Evaluated as identity-based policies.
    #[serde(default)]
    identity: bool,
    boundary: Option<String>,
    principal: String,
    action: String,
    #[serde(default = "no_resource")]
    resource: String,
    #[serde(default)]
    context: BTreeMap<String, Given>,
    #[serde(default)]
    unknown: Vec<String>,
    decision: String,
    source: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Given {
    One(String),
    Several(Vec<String>),
}

fn no_resource() -> String {
    "*".to_owned()
}

fn request(principal: &str, action: &str, resource: &str, context: Context) -> Request {
    Request {
        principal: principal.parse().unwrap(),
        action: action.to_owned(),
        resource: resource.to_owned(),
        context,
    }
}

fn decided(case: &Case, documents: &BTreeMap<String, Policy>) -> Decision {
    let mut context = Context::complete();
    for (key, given) in &case.context {
        let values = match given {
            Given::One(value) => std::slice::from_ref(value),
            Given::Several(values) => values,
        };
        context = values
            .iter()
            .fold(context.absent(key), |context, value| context.with(key, value));
    }
    for key in &case.unknown {
        context = context.unknown(key);
    }
    let request = request(&case.principal, &case.action, &case.resource, context);
    let policies: Vec<&Policy> = case.documents.iter().map(|name| &documents[name]).collect();
    match case.identity {
        true => evaluate_identity(
            &policies,
            case.boundary.as_ref().map(|name| &documents[name]),
            &request,
        ),
        false => evaluate(&policies, &request),
    }
}

#[test]
fn the_published_decisions_are_made() {
    let cases: Cases = toml::from_str(include_str!("../../../tests/policy/decisions.toml")).unwrap();
    let documents: BTreeMap<String, Policy> = cases
        .documents
        .iter()
        .map(|(name, text)| {
            (
                name.clone(),
                text.parse().unwrap_or_else(|error| panic!("{name} {error}")),
            )
        })
        .collect();
    assert!(cases.case.len() >= 120, "{} cases", cases.case.len());
    let mut wrong = String::new();
    for case in &cases.case {
        assert!(!case.source.is_empty(), "{} has no source", case.name);
        let decision = decided(case, &documents);
        let answer = match decision.answer {
            Answer::Allowed if decision.needs_identity_policy() => "allowed for account",
            Answer::Allowed => "allowed",
            Answer::Denied => "denied",
            Answer::NotAllowed => "not allowed",
            Answer::Unknown => "unknown",
        };
        if answer != case.decision {
            let by: Vec<String> = decision.by.iter().map(Reason::to_string).collect();
            wrong += &format!("{}: {answer} by {by:?}, expected {}\n", case.name, case.decision);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_decision_names_its_statements() {
    let policy: Policy = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Others", "Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "sns:*", "Resource": "*"},
        {"Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": "*",
         "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}},
        {"Sid": "Account", "Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sns:*", "Resource": "*"},
    ]})
    .to_string()
    .parse()
    .unwrap();
    let told = |context: Context| {
        let user = request("arn:aws:iam::111122223333:user/ann", "sns:Publish", "*", context);
        let decision = evaluate(&[&policy], &user);
        (
            decision.answer,
            decision.by.iter().map(Reason::to_string).collect::<Vec<_>>(),
        )
    };
    assert_eq!(
        told(Context::partial()),
        (
            Answer::Unknown,
            vec!["statement 2 (no Sid): cannot tell: the value of aws:principalorgid is unknown".to_owned()]
        )
    );
    assert_eq!(
        told(Context::complete().with("AWS:PrincipalOrgId", "o-1")),
        (
            Answer::Allowed,
            vec!["statement Account: applies to the principal's account".to_owned()]
        )
    );
    assert_eq!(told(Context::complete()).0, Answer::Denied);
    let service = request("events.amazonaws.com", "sns:Subscribe", "*", Context::complete());
    let decision = evaluate(&[&policy], &service);
    assert!(decision.is_refused() && !decision.needs_identity_policy());
}

#[test]
fn deleted_principals_are_found() {
    let policy: Policy = json!({"Statement": {"Sid": "Old", "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": ["AROAJQABLZS4A3QDU576Q", "arn:aws:iam::111122223333:role/AROA"]}}})
    .to_string()
    .parse()
    .unwrap();
    assert_eq!(
        deleted_principals(&policy),
        [(Some("Old"), "AROAJQABLZS4A3QDU576Q".to_owned())]
    );
}

#[test]
fn principals_are_read() {
    for text in [
        "",
        "*",
        "ann",
        "arn:aws:s3:::bucket",
        "arn:aws:iam::1:root",
        "arn:aws:sts::111122223333:assumed-role/x",
    ] {
        assert!(text.parse::<Principal>().is_err(), "{text}");
    }
    let session: Principal = "arn:aws-cn:sts::111122223333:assumed-role/r/ann".parse().unwrap();
    assert_eq!(session.account(), Some("111122223333"));
    assert_eq!(
        session.session_arn().as_deref(),
        Some("arn:aws-cn:sts::111122223333:assumed-role/r/ann")
    );
}

/// Any JSON, with the words of the policy language in it more often than by chance.
fn any_json() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "Statement",
        "Effect",
        "Allow",
        "Deny",
        "Principal",
        "NotPrincipal",
        "AWS",
        "Service",
        "Action",
        "NotAction",
        "*",
        "Resource",
        "NotResource",
        "Condition",
        "StringEquals",
        "ForAllValues:StringNotLike",
        "NumericLessThanIfExists",
        "DateEquals",
        "IpAddress",
        "ArnLike",
        "Null",
        "Bool",
        "${aws:username",
        "${a,'",
        "${*}",
        "aws:username",
        "k",
        "true",
        "arn:aws:iam::111122223333:root",
        "AROA",
        "::::::",
        "9999999999999999999",
        "-0",
        "1e9",
        "2020-01-01",
        "::/0",
        "é",
    ]);
    let leaf = prop_oneof![
        words.clone().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(6, 60, 5, move |inner| {
        let key = prop_oneof![4 => words.clone().prop_map(str::to_owned), 1 => ".{0,6}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Statements that decide the requests below in every way, and each again in other words.
fn statements() -> impl Strategy<Value = (Value, Value)> {
    let one = |texts: &'static [&'static str]| prop::sample::select(texts);
    let conditions = prop_oneof![
        Just(json!({})),
        (
            one(&[
                "Bool",
                "BoolIfExists",
                "StringNotEquals",
                "Null",
                "ForAllValues:StringLike",
                "NumericEquals"
            ]),
            one(&["k", "aws:PrincipalArn", "unknown", "none"]),
            one(&["true", "false", "x*", "3"]),
        )
            .prop_map(|(operator, key, value)| json!({operator: {key: value}})),
    ];
    (
        one(&["Allow", "Deny"]),
        one(&["Principal", "NotPrincipal"]),
        one(&["*", "111122223333", "arn:aws:iam::111122223333:user/ann", "444455556666"]),
        one(&["Action", "NotAction"]),
        one(&["s3:Get*", "S3:GetObject", "s3:Put*", "*"]),
        one(&["Resource", "NotResource"]),
        one(&["*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/${aws:username}", "arn:aws:s3:::c"]),
        conditions,
    )
        .prop_map(|(effect, who, principal, does, action, on, resource, conditions)| {
            let one = json!({"Effect": effect, who: {"AWS": principal}, does: action, on: resource, "Condition": conditions});
            let principal = principal.replace("111122223333", "arn:aws-cn:iam::111122223333:root");
            let principal = if principal.ends_with(":root") { principal } else { one[who]["AWS"].as_str().unwrap().to_owned() };
            let conditions: Value = conditions.to_string().replace("aws:PrincipalArn", "AWS:PRINCIPALARN").parse().unwrap();
            let mut other = json!({"Sid": "x", "Condition": conditions, on: [resource, resource], does: [action.to_lowercase()],
                who: {"AWS": [principal]}, "Effect": [effect]});
            if principal == "*" {
                other[who] = json!("*");
            }
            (one, other)
        })
}

fn document(statements: &[Value]) -> Policy {
    json!({"Version": "2012-10-17", "Statement": statements})
        .to_string()
        .parse()
        .unwrap()
}

fn requests() -> Vec<Request> {
    let context = || Context::complete().unknown("unknown").with("k", "true");
    [
        "arn:aws:iam::111122223333:user/ann",
        "arn:aws:iam::111122223333:user/bob",
        "arn:aws:sts::111122223333:assumed-role/r/ann",
        "cloudtrail.amazonaws.com",
        "anonymous",
    ]
    .map(|principal| request(principal, "s3:GetObject", "arn:aws:s3:::b/ann", context()))
    .into()
}

proptest! {
    #[test]
    fn no_document_makes_it_panic(value in any_json(), other in any_json()) {
        let whole = json!({"Version": "2012-10-17", "Statement": [value, {"Effect": "Allow", "Principal": "*", "Action": "*",
            "Condition": other.clone()}, other]});
        for text in [whole.to_string(), whole["Statement"][0].to_string()] {
            let Ok(policy) = text.parse::<Policy>() else { continue };
            for request in requests() {
                evaluate(&[&policy], &request);
                evaluate_identity(&[&policy], Some(&policy), &request);
            }
            deleted_principals(&policy);
        }
    }

    #[test]
    fn a_deny_more_never_allows(list in prop::collection::vec(statements(), 0..5), more in statements()) {
        let list: Vec<Value> = list.into_iter().map(|(one, _)| one).collect();
        let mut deny = more.0;
        deny["Effect"] = json!("Deny");
        let longer = document(&[list.clone(), vec![deny]].concat());
        let policy = document(&list);
        for request in requests() {
            let (before, after) = (evaluate(&[&policy], &request), evaluate(&[&longer], &request));
            prop_assert!(after.answer != Answer::Allowed || before.answer == Answer::Allowed);
            prop_assert!(before.answer != Answer::Denied || after.answer == Answer::Denied);
        }
    }

    #[test]
    fn equal_documents_decide_equally(list in prop::collection::vec(statements(), 0..5), turn in 0_usize..5) {
        let (mut list, mut other): (Vec<Value>, Vec<Value>) = list.into_iter().unzip();
        let policy = document(&list);
        let turn = turn.min(other.len());
        other.rotate_left(turn);
        other.reverse();
        let reworded = document(&other);
        prop_assert_eq!(&policy, &reworded);
        list.reverse();
        let reversed = document(&list);
        for request in requests() {
            let answer = evaluate(&[&policy], &request).answer;
            prop_assert_eq!(answer, evaluate(&[&reworded], &request).answer);
            prop_assert_eq!(answer, evaluate(&[&reversed], &request).answer);
        }
    }
}
