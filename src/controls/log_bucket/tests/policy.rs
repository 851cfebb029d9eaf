//! What the bucket's policy has to let in and keep out, in whatever shape.

use super::*;

#[test]
fn a_working_policy_is_in_sync_in_any_shape() {
    const BUCKET: &str = "arn:aws:s3:::logs";
    let service = |name: &str| json!({"Service": format!("{name}.amazonaws.com")});
    let allow = |principal: &Value, action: Value, resource: Value, condition: Value| json!({"Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource, "Condition": condition});
    let (trail, config) = (service("cloudtrail"), service("config"));
    let both = json!({"Service": ["cloudtrail.amazonaws.com", "config.amazonaws.com"]});
    let all = own_statements;
    let tls = || all()[5].clone();
    let changed = |change: &dyn Fn(&mut Vec<Value>)| {
        let mut all = all();
        change(&mut all);
        json!(all)
    };
    for (why, statements) in [
        (
            "other Sids, or none",
            changed(&|all| {
                all.iter_mut()
                    .for_each(|one| drop(one.as_object_mut().unwrap().remove("Sid")));
            }),
        ),
        (
            "lists",
            changed(&|all| {
                for one in all {
                    one["Principal"] = match one["Principal"]["Service"].take() {
                        Value::Null => json!({"AWS": ["*"]}),
                        service => json!({"Service": [service]}),
                    };
                    one["Action"] = json!([one["Action"]]);
                }
            }),
        ),
        (
            "StringLike for StringEquals",
            changed(&|all| {
                for one in all {
                    if let Some(condition) = one["Condition"].as_object_mut().unwrap().remove("StringEquals")
                    {
                        one["Condition"]["StringLike"] = condition;
                    }
                }
            }),
        ),
        (
            "ArnLike for the trail",
            changed(&|all| {
                for one in &mut all[..2] {
                    one["Condition"] =
                        json!({"ArnLike": {"aws:SourceArn": "arn:aws:cloudtrail:*:111122223333:trail/*"}});
                }
            }),
        ),
        (
            "the account for the trail",
            changed(&|all| {
                for one in &mut all[..2] {
                    one["Condition"] = json!({"StringEquals": {"aws:SourceAccount": "111122223333"}});
                }
            }),
        ),
        (
            "no condition at all",
            changed(&|all| {
                for one in &mut all[..5] {
                    one["Condition"] = json!({});
                }
            }),
        ),
        (
            "one statement for the checks of both, and one for the files",
            json!([
                allow(
                    &both,
                    json!(["s3:GetBucketAcl", "s3:ListBucket"]),
                    json!(BUCKET),
                    json!({})
                ),
                allow(
                    &both,
                    json!("s3:PutObject"),
                    json!(format!("{BUCKET}/AWSLogs/111122223333/*")),
                    json!({"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}})
                ),
                tls(),
            ]),
        ),
        (
            "wildcards",
            json!([
                allow(
                    &both,
                    json!(["s3:Get*", "s3:List*", "s3:Put*"]),
                    json!([BUCKET, format!("{BUCKET}/*")]),
                    json!({})
                ),
                tls(),
            ]),
        ),
        (
            "every account of an organization's trail and recorders",
            json!([
                allow(
                    &trail,
                    json!("s3:GetBucketAcl"),
                    json!(BUCKET),
                    json!({"StringEquals": {"aws:SourceAccount": ["999988887777", "111122223333"]}})
                ),
                allow(
                    &trail,
                    json!("s3:PutObject"),
                    json!(format!("{BUCKET}/AWSLogs/*")),
                    json!({})
                ),
                allow(
                    &config,
                    json!(["s3:GetBucketAcl", "s3:ListBucket"]),
                    json!(BUCKET),
                    json!({"StringEqualsIfExists": {"AWS:SourceAccount": "111122223333"}})
                ),
                allow(
                    &config,
                    json!("s3:PutObject"),
                    json!(format!("{BUCKET}/AWSLogs/*/Config/*")),
                    json!({"StringLike": {"s3:x-amz-acl": "bucket-owner-*"}})
                ),
                tls(),
            ]),
        ),
        (
            "TLS in other words",
            changed(&|all| {
                all[5] = json!({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": ["arn:aws:s3:::logs*"],
                            "Condition": {"BoolIfExists": {"aws:SecureTransport": false}}});
            }),
        ),
        (
            "TLS by a Deny of all but what is forbidden anyway",
            changed(&|all| {
                all[5] = json!({"Effect": "Deny", "NotPrincipal": {"Service": "x.amazonaws.com"}, "NotAction": "sns:Publish",
                            "NotResource": "arn:aws:s3:::other", "Condition": {"StringNotEquals": {"aws:SecureTransport": "true"}}});
            }),
        ),
        (
            "TLS 1.2 at least, and no one without TLS but a service",
            changed(&|all| {
                all[5]["Condition"]["Bool"]["aws:PrincipalIsAWSService"] = json!("false");
                all.push(json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": format!("{BUCKET}/*"),
                            "Condition": {"NumericLessThan": {"s3:TlsVersion": 1.2}}}));
            }),
        ),
        (
            "others' statements beside them",
            changed(&|all| {
                all.push(json!({"Sid": "Auditor", "Effect": "Allow", "Principal": {"AWS": "999988887777"}, "Action": "s3:GetObject",
                            "Resource": format!("{BUCKET}/*")}));
                all.push(json!({"Sid": "KeepLogs", "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject*",
                            "Resource": format!("{BUCKET}/*")}));
            }),
        ),
    ] {
        assert_eq!(plan(&example(), &with_policy(statements)), "", "{why}");
    }
}

#[test]
fn a_policy_that_keeps_a_writer_out_or_plain_http_in_is_changed() {
    let told = |change: &dyn Fn(&mut Vec<Value>)| {
        let mut all = own_statements();
        change(&mut all);
        plan(&example(), &with_policy(json!(all)))
    };
    let (trail, config) = (
        "bucket policy: let CloudTrail write [safe]",
        "bucket policy: let Config write [safe]",
    );
    let tls = "bucket policy: ask for TLS [safe]";
    for (at, expected) in [trail, trail, config, config, config, tls]
        .into_iter()
        .enumerate()
    {
        assert_eq!(told(&|all| drop(all.remove(at))), expected, "without {at}");
        let other = match at {
            5 => json!({"StringEquals": {"aws:SecureTransport": "x"}}),
            _ => json!({"StringEquals": {"aws:SourceAccount": "999988887777"}}),
        };
        assert_eq!(
            told(&|all| all[at]["Condition"] = other.clone()),
            expected,
            "another condition of {at}"
        );
        assert_eq!(
            told(&|all| all[at]["Resource"] = json!("arn:aws:s3:::other/*")),
            expected,
            "another resource of {at}"
        );
        let turned = |effect: &str| if effect == "Deny" { "Allow" } else { "Deny" };
        let effect = |all: &mut Vec<Value>| turned(all[at]["Effect"].as_str().unwrap()).to_owned();
        assert_eq!(
            told(&|all| all[at]["Effect"] = json!(effect(all))),
            expected,
            "the other effect of {at}"
        );
    }
    // It does not deny everything, or not to everyone.
    assert_eq!(told(&|all| all[5]["Action"] = json!("s3:GetObject")), tls);
    assert_eq!(
        told(&|all| all[5]["Resource"] = json!("arn:aws:s3:::logs/*")),
        tls
    );
    assert_eq!(
        told(&|all| all[5]["Principal"] = json!({"AWS": "111122223333"})),
        tls
    );
    // The trail writes its digests beside its files.
    assert_eq!(
        told(&|all| all[1]["Resource"] = json!("arn:aws:s3:::logs/AWSLogs/111122223333/CloudTrail/*")),
        trail
    );
    // What CloudTrail does not send.
    assert_eq!(
        told(&|all| all[1]["Condition"] = json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}})),
        trail
    );
}

#[test]
fn a_deny_of_others_is_in_the_way_and_one_that_is_unclear_is_noted() {
    let beside = |action: &str, condition: Value| {
        let mut all = own_statements();
        all.push(
            json!({"Sid": "Perimeter", "Effect": "Deny", "Principal": "*", "Action": action,
                        "Resource": ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"], "Condition": condition}),
        );
        plan(&example(), &with_policy(json!(all)))
    };
    insta::assert_snapshot!(beside("s3:PutObject", json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}})), @"refused for policy: statement Perimeter of the bucket policy denies s3:PutObject to CloudTrail, s3:PutObject to Config, and trueup removes no statement of others; change or remove it");
    insta::assert_snapshot!(beside("s3:Get*", json!({"ArnLike": {"aws:SourceArn": "arn:aws:cloudtrail:*:*:trail/*"}})), @r"
    refused for policy: statement Perimeter of the bucket policy denies s3:GetBucketAcl to CloudTrail, and trueup removes no statement of others; change or remove it
    note: cannot tell whether the bucket policy allows s3:GetBucketAcl to Config (statement Perimeter: cannot tell: the value of aws:sourcearn is unknown)
    ");
    insta::assert_snapshot!(
        beside("s3:PutObject", json!({"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}})),
        @"note: cannot tell whether the bucket policy allows s3:PutObject to CloudTrail, s3:PutObject to Config (statement Perimeter: cannot tell: the value of s3:x-amz-server-side-encryption is unknown)"
    );
    let mut all = own_statements();
    all[5]["Condition"]["StringNotEquals"] = json!({"aws:SourceVpce": "vpce-1"});
    insta::assert_snapshot!(plan(&example(), &with_policy(json!(all))), @"note: cannot tell whether the bucket policy denies every request without TLS (statement TrueupTlsOnly: cannot tell: the value of aws:sourcevpce is unknown)");
}

#[test]
fn deleted_principals_are_left_out_and_a_policy_that_grows_too_long_is_refused() {
    let with = |sid: &str, principal: String| {
        let mut all = own_statements();
        all[5] = json!({"Sid": sid, "Effect": "Allow", "Principal": {"AWS": principal}, "Action": "s3:GetObject",
                        "Resource": "arn:aws:s3:::logs/*"});
        plan(&example(), &with_policy(json!(all)))
    };
    insta::assert_snapshot!(with("Auditor", "AROAEXAMPLEEXAMPLE123".to_owned()), @"bucket policy: ask for TLS, without the deleted principals AROAEXAMPLEEXAMPLE123 (statement Auditor) [safe]");
    let long = format!("arn:aws:iam::999988887777:role/{}", "x".repeat(20_000));
    insta::assert_snapshot!(with("Auditor", long), @"refused for policy: with what it lacks, the bucket policy would have 21695 bytes, and S3 takes 20480; shorten it");
}
