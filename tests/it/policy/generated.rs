//! Generated documents and requests: small enough that they often fit each other.

use serde_json::{Map, Value, json};
use trueup_policy::evaluate::{Context, Request};

pub(super) const OWN: &str = "111122223333";
const OTHER: &str = "444455556666";

/// A generated case: what trueup decides, and what the other evaluator is asked.
pub(super) struct Case {
    pub(super) principal: &'static str,
    pub(super) request: Request,
    pub(super) context: Map<String, Value>,
    /// One resource-based document, or an identity-based one and a permissions boundary.
    pub(super) documents: Vec<Value>,
    pub(super) is_identity: bool,
}

/// A source of choices that is the same in every run.
pub(super) struct Choice(pub(super) u64);

impl Choice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    fn percent(&mut self, share: usize) -> bool {
        self.below(100) < share
    }

    fn of<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len())]
    }
}

/// An action with the resource it is about, and whether the documents of that resource name resources.
const TARGETS: &[(&str, &str)] = &[
    ("s3:PutObject", "arn:aws:s3:::logs/AWSLogs/111122223333/ann/x"),
    ("s3:GetBucketAcl", "arn:aws:s3:::logs"),
    ("sns:Publish", "arn:aws:sns:us-east-1:111122223333:ann"),
    ("sts:AssumeRole", "arn:aws:iam::111122223333:role/admin"),
    (
        "kms:Decrypt",
        "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    ),
    (
        "events:PutEvents",
        "arn:aws:events:us-east-1:111122223333:event-bus/default",
    ),
];

const PRINCIPALS: &[&str] = &[
    "arn:aws:iam::111122223333:user/ann",
    "arn:aws:iam::111122223333:user/staff/bob",
    "arn:aws:iam::111122223333:root",
    "arn:aws:sts::111122223333:assumed-role/deploy/ci",
    "arn:aws:iam::444455556666:user/eve",
    "cloudtrail.amazonaws.com",
    "events.amazonaws.com",
    "anonymous",
];

/// A condition key, the operators of its type, and values of it.
type Key = (&'static str, &'static [&'static str], &'static [&'static str]);

const TEXT: &[&str] = &[
    "StringEquals",
    "StringNotEquals",
    "StringLike",
    "StringNotLike",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
];
const ARN: &[&str] = &[
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "StringEquals",
    "StringLike",
    "StringNotLike",
];
const NUMBER: &[&str] = &[
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
];
const DATE: &[&str] = &[
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
];

const SINGLE: &[Key] = &[
    (
        "aws:SourceAccount",
        TEXT,
        &[OWN, OTHER, "1111*", "${aws:PrincipalAccount}"],
    ),
    (
        "aws:SourceArn",
        ARN,
        &[
            "arn:aws:cloudtrail:us-east-1:111122223333:trail/main",
            "arn:aws:cloudtrail:*:111122223333:trail/*",
            "arn:aws:*:main",
            "arn:aws:sns:us-east-1:444455556666:a:b",
            "arn:aws:sns:*:44445555666?:*",
        ],
    ),
    (
        "aws:MultiFactorAuthPresent",
        &["Bool"],
        &["true", "false", "True"],
    ),
    ("aws:SecureTransport", &["Bool"], &["true", "false"]),
    (
        "aws:MultiFactorAuthAge",
        NUMBER,
        &["60", "3600", "3600.0", "86400"],
    ),
    (
        "aws:SourceIp",
        &["IpAddress", "NotIpAddress"],
        &[
            "203.0.113.7",
            "203.0.113.0/24",
            "2001:db8::1",
            "2001:DB8::/32",
            "10.0.0.0/8",
        ],
    ),
    (
        "aws:CurrentTime",
        DATE,
        &[
            "2026-01-01T00:00:00Z",
            "2026-06-30T12:00:00Z",
            "2027-01-01T00:00:00Z",
        ],
    ),
    ("aws:PrincipalOrgID", TEXT, &["o-one", "o-two", "o-*", "O-ONE"]),
    (
        "aws:PrincipalTag/team",
        TEXT,
        &[
            "red",
            "Red",
            "blue",
            "?ed",
            "${aws:username}",
            "${aws:username, 'red'}",
        ],
    ),
    ("aws:SourceVpce", TEXT, &["vpce-1", "vpce-2"]),
    (
        "aws:PrincipalArn",
        ARN,
        &[
            "arn:aws:iam::111122223333:user/ann",
            "arn:aws:iam::111122223333:role/deploy",
            "arn:aws:iam::*:user/*",
        ],
    ),
    ("aws:PrincipalAccount", TEXT, &[OWN, OTHER]),
    ("aws:PrincipalType", TEXT, &["User", "AssumedRole", "Account"]),
    ("aws:username", TEXT, &["ann", "a*", "bob"]),
    ("aws:PrincipalIsAWSService", &["Bool"], &["true", "false"]),
    (
        "aws:PrincipalServiceName",
        TEXT,
        &["cloudtrail.amazonaws.com", "cloud*"],
    ),
];

const SEVERAL: &[Key] = &[
    ("aws:TagKeys", TEXT, &["team", "Team", "cost", "t*"]),
    (
        "aws:PrincipalOrgPaths",
        TEXT,
        &["o-one/r-1/ou-1/", "o-one/r-1/*", "o-two/r-2/"],
    ),
];

impl Case {
    pub(super) fn new(choice: &mut Choice) -> Case {
        let is_identity = choice.percent(20);
        // Trust and key policies have to allow what identity-based policies do; so those are asked alone.
        let targets = if is_identity { &TARGETS[..3] } else { TARGETS };
        let (action, resource) = targets[choice.below(targets.len())];
        let principals = if is_identity { &PRINCIPALS[..2] } else { PRINCIPALS };
        let principal = choice.of(principals);
        let mut context = keys_of(principal);
        let mut known = Context::complete();
        for (key, operators, values) in SINGLE {
            // The keys of the principal follow from it.
            if context.contains_key(*key)
                || key.starts_with("aws:Principal") && !key.contains(['/', 'D'])
                || *key == "aws:username"
            {
                continue;
            }
            let is_plain = |value: &&&str| {
                !value.contains(['$', '*', '?', '/']) || operators == &ARN && !value.contains(['*', '?'])
            };
            let values: Vec<&str> = values.iter().filter(is_plain).copied().collect();
            if !values.is_empty() && choice.percent(60) {
                let value = choice.of(&values);
                context.insert((*key).to_owned(), json!(value));
                known = known.with(key, value);
            }
        }
        for (key, _, values) in SEVERAL {
            let values: Vec<&str> = values
                .iter()
                .filter(|value| !value.contains('*') && choice.percent(40))
                .copied()
                .collect();
            if !values.is_empty() {
                known = values.iter().fold(known, |known, value| known.with(key, value));
                context.insert((*key).to_owned(), json!(values));
            }
        }
        let request = Request {
            principal: principal.parse().unwrap(),
            action: action.to_owned(),
            resource: resource.to_owned(),
            context: known,
        };
        let count = 1 + usize::from(is_identity && choice.percent(50));
        let documents = (0..count)
            .map(|_| document(choice, principal, action, resource, is_identity))
            .collect();
        Case {
            principal,
            request,
            context,
            documents,
            is_identity,
        }
    }
}

/// The keys that AWS sends about a principal. The other evaluator has to be given them.
fn keys_of(principal: &str) -> Map<String, Value> {
    let parts: Vec<&str> = principal.split([':', '/']).collect();
    let (arn, kind) = match parts[..] {
        ["arn", ..] if principal.ends_with(":root") => (principal.to_owned(), "Account"),
        ["arn", _, "sts", _, account, _, role, _] => {
            (format!("arn:aws:iam::{account}:role/{role}"), "AssumedRole")
        }
        ["arn", ..] => (principal.to_owned(), "User"),
        ["anonymous"] => {
            return Map::from_iter([
                ("aws:PrincipalAccount".to_owned(), json!("anonymous")),
                ("aws:PrincipalType".to_owned(), json!("Anonymous")),
            ]);
        }
        _ => {
            return Map::from_iter([
                ("aws:PrincipalIsAWSService".to_owned(), json!("true")),
                ("aws:PrincipalServiceName".to_owned(), json!(principal)),
            ]);
        }
    };
    let mut keys = Map::from_iter([
        ("aws:PrincipalArn".to_owned(), json!(arn)),
        ("aws:PrincipalAccount".to_owned(), json!(parts[4])),
        ("aws:PrincipalType".to_owned(), json!(kind)),
        ("aws:PrincipalIsAWSService".to_owned(), json!("false")),
    ]);
    if kind == "User" {
        keys.insert("aws:username".to_owned(), json!(parts[parts.len() - 1]));
    }
    keys
}

fn document(choice: &mut Choice, principal: &str, action: &str, resource: &str, is_identity: bool) -> Value {
    let is_trust = action == "sts:AssumeRole";
    let statements: Vec<Value> = (0..1 + choice.below(5))
        .map(|number| {
            let effect = if number > 0 && choice.percent(60) {
                "Deny"
            } else {
                "Allow"
            };
            let mut statement = json!({"Sid": format!("S{number}"), "Effect": effect});
            if !is_identity {
                let is_not = effect == "Deny" && !is_trust && choice.percent(15);
                statement[if is_not { "NotPrincipal" } else { "Principal" }] = named(choice, principal);
            }
            let (service, _) = action.split_once(':').unwrap();
            let actions = [
                action,
                "s3:GetObject",
                &action.to_uppercase(),
                &format!("{service}:*"),
                &action.replace("u", "?"),
            ]
            .map(str::to_owned);
            let actions: Vec<&String> = actions.iter().collect();
            let at = if choice.percent(15) && !is_trust {
                "NotAction"
            } else {
                "Action"
            };
            statement[at] = match is_trust {
                true => json!(choice.of(&["sts:AssumeRole", "sts:*", "sts:TagSession", "STS:assumerole"])),
                false => several(choice, |choice| choice.of(&actions).as_str().into()),
            };
            if !is_trust {
                let at = if choice.percent(15) {
                    "NotResource"
                } else {
                    "Resource"
                };
                let (head, _) = resource.rsplit_once([':', '/']).unwrap();
                let resources = [
                    "*",
                    resource,
                    &format!("{head}*"),
                    "arn:aws:s3:::other/*",
                    &resource.replace("ann", "${aws:username}"),
                    &resource.replace("1", "?"),
                    &resource.replace("ann", "a${*}n"),
                ]
                .map(str::to_owned);
                let resources: Vec<&String> = resources.iter().collect();
                statement[at] = several(choice, |choice| choice.of(&resources).as_str().into());
            }
            for _ in 0..choice.below(3) {
                condition(choice, &mut statement, principal);
            }
            statement
        })
        .collect();
    let version = if choice.percent(90) {
        "2012-10-17"
    } else {
        "2008-10-17"
    };
    json!({"Version": version, "Statement": statements})
}

/// One value or, sometimes, two.
fn several(choice: &mut Choice, value: impl Fn(&mut Choice) -> Value) -> Value {
    match choice.percent(25) {
        true => json!([value(choice), value(choice)]),
        false => value(choice),
    }
}

fn named(choice: &mut Choice, principal: &str) -> Value {
    let own = match principal {
        "anonymous" => json!("*"),
        service if service.ends_with(".amazonaws.com") => json!({"Service": service}),
        session if session.contains(":assumed-role/") => {
            json!({"AWS": choice.of(&[session, "arn:aws:iam::111122223333:role/deploy"])})
        }
        arn => json!({"AWS": arn}),
    };
    match choice.below(10) {
        0..4 => own,
        4 => json!("*"),
        5 => json!({"AWS": "*"}),
        6 => json!({"AWS": choice.of(&["111122223333", "arn:aws:iam::111122223333:root"])}),
        7 => json!({"AWS": ["arn:aws:iam::111122223333:user/ann", "arn:aws:iam::111122223333:root"]}),
        8 => {
            json!({"AWS": choice.of(&["arn:aws:iam::444455556666:root", "arn:aws:iam::111122223333:role/other"])})
        }
        _ => json!({"Service": ["events.amazonaws.com", "config.amazonaws.com"]}),
    }
}

fn condition(choice: &mut Choice, statement: &mut Value, principal: &str) {
    let is_several = choice.percent(15);
    let keys = if is_several { SEVERAL } else { SINGLE };
    let (key, operators, values) = keys[choice.below(keys.len())];
    // Which values a service has here, AWS does not document.
    if principal.ends_with(".amazonaws.com")
        && ["aws:PrincipalArn", "aws:PrincipalAccount", "aws:PrincipalType"].contains(&key)
    {
        return;
    }
    let prefix = match (is_several, choice.percent(10)) {
        (true, _) | (false, true) => choice.of(&["ForAllValues:", "ForAnyValue:"]),
        (false, false) => "",
    };
    let operator = format!(
        "{prefix}{}{}",
        choice.of(operators),
        choice.of(&["", "", "IfExists"])
    );
    let wanted = several(choice, |choice| choice.of(values).into());
    if choice.percent(8) {
        statement["Condition"]["Null"][key] = json!(choice.of(&["true", "false"]));
    } else {
        statement["Condition"][operator][key] = wanted;
    }
}
