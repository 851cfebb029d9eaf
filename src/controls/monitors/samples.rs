//! Events by which a filter is judged, whatever its pattern looks like: those that a monitor has to match, and those of
//! other monitors that it has to leave alone.
//!
//! What has to match is what the monitor's exact pattern names; what its better pattern names beyond is asked for only
//! where the file says so. The form of the events is that of the CloudTrail user guide, "CloudTrail record contents" and
//! "AWS Management Console sign-in events".

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::{Value, json};
use trueup_policy::filter_pattern::{Expr, Op, Pattern};

use super::catalogue::{CATALOGUE, Entry};

/// How far a pattern goes for a monitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// It misses what is asked for, or also matches what only another monitor is for.
    Other,
    /// It matches what is asked for.
    Asked,
    /// It also matches what trueup's own pattern adds.
    Better,
}

/// The events of one monitor.
struct Samples {
    /// What every filter of the monitor matches.
    asked: Vec<Value>,
    /// What a better one matches beside it.
    added: Vec<Value>,
    /// What only other monitors are for.
    unrelated: Vec<Value>,
}

/// In the order of the catalogue.
static SAMPLES: LazyLock<Vec<Samples>> = LazyLock::new(|| {
    let own: Vec<_> = CATALOGUE.iter().map(events).collect();
    let all = CATALOGUE.iter().zip(&own);
    all.clone()
        .map(|(entry, (asked, added))| {
            let known = entry.known();
            let others = all.clone().filter(|(other, _)| other.key != entry.key);
            let unrelated = others
                .flat_map(|(_, (asked, _))| asked)
                .filter(|event| !known.iter().any(|known| known.matches_event(event)));
            Samples {
                asked: asked.clone(),
                added: added.clone(),
                unrelated: unrelated.cloned().collect(),
            }
        })
        .collect()
});

fn samples(entry: &Entry) -> Option<&'static Samples> {
    let at = CATALOGUE.iter().position(|one| one.key == entry.key)?;
    SAMPLES.get(at)
}

/// How far a pattern goes for an entry of the catalogue.
pub(super) fn reach(entry: &Entry, pattern: &str) -> Reach {
    let (Ok(pattern), Some(own)) = (Pattern::parse(pattern), samples(entry)) else {
        return Reach::Other;
    };
    let matches = |event: &Value| pattern.matches_event(event);
    let is_other = !own.asked.iter().all(matches) || own.unrelated.iter().any(matches);
    if is_other || is_narrowed(entry, &pattern, &own.asked) {
        Reach::Other
    } else if own.added.iter().all(matches) {
        Reach::Better
    } else {
        Reach::Asked
    }
}

/// Whether a condition on a field that no known pattern looks at, such as a region, a user or a year, keeps out events that
/// the exact pattern matches. The samples have one value of each field, so they are tried with others too.
fn is_narrowed(entry: &Entry, pattern: &Pattern, asked: &[Value]) -> bool {
    let (Pattern::Json(expr), Ok(exact)) = (pattern, Pattern::parse(entry.exact())) else {
        return false;
    };
    let known: BTreeSet<Vec<String>> = entry.known().iter().flat_map(fields).collect();
    let mut further = terms(expr).into_iter().filter(|term| !known.contains(path(term)));
    further.any(|term| {
        let others = others(term);
        asked.iter().any(|event| {
            let mut events = others.iter().map(|value| with_field(event, path(term), value));
            events.any(|event| exact.matches_event(&event) && !pattern.matches_event(&event))
        })
    })
}

fn fields(pattern: &Pattern) -> Vec<Vec<String>> {
    match pattern {
        Pattern::Json(expr) => terms(expr).into_iter().map(|term| path(term).to_vec()).collect(),
        _ => vec![],
    }
}

/// The comparisons of an expression.
fn terms(expr: &Expr) -> Vec<&Expr> {
    match expr {
        Expr::And(terms_of) | Expr::Or(terms_of) => terms_of.iter().flat_map(terms).collect(),
        term => vec![term],
    }
}

fn path(term: &Expr) -> &[String] {
    match term {
        Expr::And(_) | Expr::Or(_) => &[],
        Expr::Is { path, .. } | Expr::Exists { path, .. } | Expr::Literal { path, .. } => path,
    }
}

/// Values of a field by which a comparison may come out differently; `None` takes the field out.
fn others(term: &Expr) -> Vec<Option<Value>> {
    let mut values = vec![
        None,
        Some(json!("other")),
        Some(json!(true)),
        Some(json!(false)),
        Some(json!(0)),
    ];
    if let Expr::Is { value, .. } = term {
        values.push(Some(json!(value.replace('*', "0"))));
    }
    values
}

/// An event with another value of a field, or without it.
fn with_field(event: &Value, path: &[String], value: &Option<Value>) -> Value {
    let mut event = event.clone();
    let Some((last, before)) = path.split_last() else {
        return event;
    };
    let mut at = &mut event;
    for key in before {
        if !at.is_object() {
            return event;
        }
        at = &mut at[key.as_str()];
        if at.is_null() {
            *at = json!({});
        }
    }
    if let Some(object) = at.as_object_mut() {
        match value {
            Some(value) => object.insert(last.clone(), value.clone()),
            None => object.remove(last),
        };
    }
    event
}

/// The names of the events that only a better pattern matches.
pub(super) fn added(entry: &Entry) -> BTreeSet<&'static str> {
    let added = samples(entry).into_iter().flat_map(|own| &own.added);
    added.filter_map(|event| event["eventName"].as_str()).collect()
}

/// What is asked for, and what is added to it.
fn events(entry: &Entry) -> (Vec<Value>, Vec<Value>) {
    match entry.key {
        "root_usage" => (root(), vec![]),
        "console_sign_in_failures" => (failed_sign_ins(), unusual_failures()),
        "console_sign_in_without_mfa" => (vec![sign_in(&user(), "Success", None)], vec![]),
        "security_tooling_changes" => (
            [
                ("guardduty.amazonaws.com", "DeleteDetector"),
                ("guardduty.amazonaws.com", "UpdateDetector"),
                ("guardduty.amazonaws.com", "DisassociateFromAdministratorAccount"),
                ("securityhub.amazonaws.com", "DisableSecurityHub"),
                ("securityhub.amazonaws.com", "BatchDisableStandards"),
                ("access-analyzer.amazonaws.com", "DeleteAnalyzer"),
            ]
            .map(|(source, name)| call(source, name, &user()))
            .to_vec(),
            vec![],
        ),
        "identity_provider_changes" => (
            [
                "CreateSAMLProvider",
                "UpdateSAMLProvider",
                "DeleteSAMLProvider",
                "CreateOpenIDConnectProvider",
                "DeleteOpenIDConnectProvider",
                "UpdateOpenIDConnectProviderThumbprint",
                "AddClientIDToOpenIDConnectProvider",
                "RemoveClientIDFromOpenIDConnectProvider",
            ]
            .map(|name| call("iam.amazonaws.com", name, &user()))
            .to_vec(),
            vec![],
        ),
        "switch_role_failures" => (vec![failed_switch()], vec![]),
        "kms_disabled_key_use" => (
            vec![disabled_key("KMSInvalidStateException", "pending deletion")],
            vec![disabled_key("DisabledException", "disabled")],
        ),
        "unauthorized_api_calls" => (
            vec![
                refused(
                    "ec2.amazonaws.com",
                    "RunInstances",
                    "Client.UnauthorizedOperation",
                ),
                refused("s3.amazonaws.com", "ListBuckets", "AccessDenied"),
                refused(
                    "lambda.amazonaws.com",
                    "CreateFunction20150331",
                    "AccessDeniedException",
                ),
            ],
            vec![],
        ),
        _ => {
            let asked = names(entry.exact());
            let added = names(entry.better).difference(&asked).cloned().collect();
            let source = source(entry);
            (calls(&source, &asked), calls(&source, &added))
        }
    }
}

/// The names of events that a pattern has.
fn names(pattern: &str) -> BTreeSet<String> {
    equals(pattern, "eventName")
}

/// The service whose events a monitor is for; EC2 for those whose text leaves it out and CloudTrail for its own.
fn source(entry: &Entry) -> String {
    let named = equals(entry.better, "eventSource");
    named.into_iter().next().unwrap_or_else(|| match entry.key {
        "cloudtrail_changes" => "cloudtrail.amazonaws.com".to_owned(),
        _ => "ec2.amazonaws.com".to_owned(),
    })
}

/// The values that a pattern compares a member of events with.
fn equals(pattern: &str, member: &str) -> BTreeSet<String> {
    fn walk(expr: &Expr, member: &str, found: &mut BTreeSet<String>) {
        match expr {
            Expr::And(terms) | Expr::Or(terms) => terms.iter().for_each(|term| walk(term, member, found)),
            Expr::Is {
                path,
                op: Op::Equal,
                value,
            } if path.iter().eq([member]) => {
                found.insert(value.clone());
            }
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    if let Ok(Pattern::Json(expr)) = Pattern::parse(pattern) {
        walk(&expr, member, &mut found);
    }
    found
}

/// Each call by a user and by a role: a filter that leaves out one of them does not do.
fn calls(source: &str, names: &BTreeSet<String>) -> Vec<Value> {
    let by = |who: Value| names.iter().map(move |name| call(source, name, &who));
    by(user()).chain(by(role())).collect()
}

fn user() -> Value {
    json!({
        "type": "IAMUser",
        "principalId": "AIDAEXAMPLE4EXAMPLE",
        "arn": "arn:aws:iam::111122223333:user/alice",
        "accountId": "111122223333",
        "userName": "alice",
    })
}

fn role() -> Value {
    json!({
        "type": "AssumedRole",
        "principalId": "AROAEXAMPLE4EXAMPLE:alice",
        "arn": "arn:aws:sts::111122223333:assumed-role/admin/alice",
        "accountId": "111122223333",
    })
}

fn root_user() -> Value {
    json!({
        "type": "Root",
        "principalId": "111122223333",
        "arn": "arn:aws:iam::111122223333:root",
        "accountId": "111122223333",
    })
}

fn call(source: &str, name: &str, who: &Value) -> Value {
    json!({
        "eventVersion": "1.11",
        "userIdentity": who,
        "eventTime": "2026-11-24T09:41:07Z",
        "eventSource": source,
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": "203.0.113.64",
        "userAgent": "aws-cli/2.31.0",
        "requestParameters": null,
        "responseElements": null,
        "readOnly": false,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": "111122223333",
        "eventCategory": "Management",
    })
}

fn with(mut event: Value, members: Value) -> Value {
    if let (Some(event), Value::Object(members)) = (event.as_object_mut(), members) {
        event.extend(members);
    }
    event
}

fn sign_in(who: &Value, answer: &str, message: Option<&str>) -> Value {
    let event = call("signin.amazonaws.com", "ConsoleLogin", who);
    let event = with(
        event,
        json!({
            "eventType": "AwsConsoleSignIn",
            "responseElements": {"ConsoleLogin": answer},
            "additionalEventData": {"MobileVersion": "No", "MFAUsed": "No"},
        }),
    );
    match message {
        Some(message) => with(event, json!({"errorMessage": message})),
        None => event,
    }
}

fn root() -> Vec<Value> {
    vec![
        call("ec2.amazonaws.com", "DescribeInstances", &root_user()),
        sign_in(&root_user(), "Success", None),
    ]
}

fn failed_sign_ins() -> Vec<Value> {
    let failed = |who| sign_in(&who, "Failure", Some("Failed authentication"));
    vec![failed(user()), failed(root_user())]
}

/// A guessed user name, and a password that IAM Identity Center refuses: CIS's text has neither.
fn unusual_failures() -> Vec<Value> {
    let unknown =
        json!({"type": "IAMUser", "accountId": "111122223333", "userName": "HIDDEN_DUE_TO_SECURITY_REASONS"});
    let center = call(
        "signin.amazonaws.com",
        "CredentialVerification",
        &json!({"type": "Unknown", "userName": "alice", "accountId": "111122223333"}),
    );
    let center = with(
        center,
        json!({
            "eventType": "AwsServiceEvent",
            "additionalEventData": {"CredentialType": "PASSWORD"},
            "serviceEventDetails": {"CredentialVerification": "Failure"},
        }),
    );
    vec![
        sign_in(&unknown, "Failure", Some("No username found in supplied account")),
        center,
    ]
}

fn failed_switch() -> Value {
    let event = call("signin.amazonaws.com", "SwitchRole", &user());
    with(
        event,
        json!({"eventType": "AwsConsoleSignIn", "responseElements": {"SwitchRole": "Failure"}}),
    )
}

fn refused(source: &str, name: &str, code: &str) -> Value {
    with(
        call(source, name, &role()),
        json!({"errorCode": code, "errorMessage": "not authorized"}),
    )
}

fn disabled_key(code: &str, state: &str) -> Value {
    let key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    with(
        call("kms.amazonaws.com", "Decrypt", &role()),
        json!({"errorCode": code, "errorMessage": format!("{key} is {state}.")}),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How far the exact pattern of an entry goes with a further condition on all of it.
    fn with(entry: &Entry, condition: &str) -> Reach {
        let exact = entry.exact();
        let inner = exact.trim().trim_start_matches('{').trim_end_matches('}');
        reach(entry, &format!("{{ ({inner}) {condition} }}"))
    }

    #[test]
    fn a_condition_that_keeps_some_events_out_makes_another_filter_of_it() {
        for entry in CATALOGUE {
            assert!(with(entry, "") > Reach::Other, "{}", entry.key);
            for condition in [
                "&& ($.awsRegion = \"us-east-1\")",
                "&& ($.awsRegion != \"eu-west-1\")",
                "&& ($.eventTime != \"2027*\")",
                "&& ($.userIdentity.arn != \"arn:aws:iam::123456789012:user/mallory\")",
                "&& ($.recipientAccountId = \"111122223333\")",
            ] {
                assert_eq!(with(entry, condition), Reach::Other, "{} {condition}", entry.key);
            }
        }
    }

    #[test]
    fn a_condition_that_keeps_nothing_out_and_one_more_kind_of_event_do_no_harm() {
        let entry = CATALOGUE.iter().find(|entry| entry.key == "vpc_changes").unwrap();
        for condition in [
            "|| ($.eventName = \"CreateFlowLogs\")",
            "|| ($.awsRegion = \"ap-east-2\")",
        ] {
            assert!(with(entry, condition) > Reach::Other, "{condition}");
        }
    }
}
