//! What CloudTrail records of things that monitors tell of, and of things like them that they do not: made up, in the
//! form of the CloudTrail user guide, "CloudTrail record contents".

use serde_json::{Value, json};
use trueup_policy::filter_pattern::Pattern;

use super::catalogue::{CATALOGUE, Entry, Monitor, TOOLING};
use super::chain::{Chain, LONGEST, parts};

/// A record of a call by a user, with these members instead.
fn record(source: &str, name: &str, other: &Value) -> String {
    let mut record = json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDAEXAMPLE4EXAMPLE",
            "arn": "arn:aws:iam::111122223333:user/alice",
            "accountId": "111122223333",
            "userName": "alice",
        },
        "eventTime": "2026-11-24T09:41:07Z",
        "eventSource": source,
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": "203.0.113.64",
        "userAgent": "aws-cli/2.31.0 md/awscrt#0.27.6",
        "requestParameters": null,
        "responseElements": null,
        "requestID": "7f0c3f1e-1111-4222-8333-444455556666",
        "eventID": "0d9b6c57-7777-4888-9999-aaaabbbbcccc",
        "readOnly": false,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": "111122223333",
        "eventCategory": "Management",
    });
    for (key, value) in other.as_object().unwrap() {
        record[key] = value.clone();
    }
    record.to_string()
}

fn plain(service: &str, name: &str) -> String {
    record(&format!("{service}.amazonaws.com"), name, &json!({}))
}

fn sign_in(answer: &str, mfa: &str, who: &str, other: Value) -> String {
    let mut members = json!({
        "eventType": "AwsConsoleSignIn",
        "userIdentity": {"type": who, "accountId": "111122223333", "userName": "alice"},
        "responseElements": {"ConsoleLogin": answer},
        "additionalEventData": {
            "LoginTo": "https://console.aws.amazon.com/console/home", "MobileVersion": "No", "MFAUsed": mfa,
        },
    });
    for (key, value) in other.as_object().unwrap() {
        members[key] = value.clone();
    }
    record("signin.amazonaws.com", "ConsoleLogin", &members)
}

fn switch(answer: &str) -> String {
    let members = json!({
        "eventType": "AwsConsoleSignIn",
        "responseElements": {"SwitchRole": answer},
        "additionalEventData": {
            "SwitchFrom": "arn:aws:iam::999988887777:user/alice", "RedirectTo": "https://console.aws.amazon.com/",
        },
    });
    record("signin.amazonaws.com", "SwitchRole", &members)
}

fn root(other: Value) -> String {
    let mut members = json!({
        "userIdentity": {
            "type": "Root", "principalId": "111122223333", "arn": "arn:aws:iam::111122223333:root",
            "accountId": "111122223333", "accessKeyId": "ASIAEXAMPLE",
        },
        "readOnly": true,
    });
    for (key, value) in other.as_object().unwrap() {
        members[key] = value.clone();
    }
    record("ec2.amazonaws.com", "DescribeInstances", &members)
}

fn refused(service: &str, name: &str, code: &str, message: &str, other: Value) -> String {
    let mut members = json!({"errorCode": code, "errorMessage": message});
    for (key, value) in other.as_object().unwrap() {
        members[key] = value.clone();
    }
    record(&format!("{service}.amazonaws.com"), name, &members)
}

/// For each monitor: what it tells of, and what is like that and is none of it.
fn records() -> Vec<(&'static str, Vec<String>, Vec<String>)> {
    let key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let no = json!({});
    vec![
        (
            "root_usage",
            vec![root(no.clone())],
            vec![
                root(json!({"eventType": "AwsServiceEvent"})),
                root(json!({"userIdentity": {"type": "Root", "invokedBy": "support.amazonaws.com"}})),
                plain("ec2", "DescribeInstances"),
            ],
        ),
        (
            "console_sign_in_failures",
            vec![sign_in(
                "Failure",
                "No",
                "IAMUser",
                json!({"errorMessage": "Failed authentication"}),
            )],
            vec![sign_in("Success", "Yes", "IAMUser", no.clone())],
        ),
        (
            "console_sign_in_without_mfa",
            vec![sign_in("Success", "No", "IAMUser", no.clone())],
            vec![
                sign_in("Success", "Yes", "IAMUser", no.clone()),
                // Who comes by SAML or IAM Identity Center has shown its second factor there.
                sign_in("Success", "No", "AssumedRole", no.clone()),
                sign_in("Failure", "No", "IAMUser", no.clone()),
            ],
        ),
        (
            "network_acl_changes",
            vec![
                plain("ec2", "ReplaceNetworkAclEntry"),
                plain("ec2", "DeleteNetworkAcl"),
            ],
            vec![plain("ec2", "DescribeNetworkAcls")],
        ),
        (
            "vpc_changes",
            vec![plain("ec2", "DeleteVpc"), plain("ec2", "CreateDefaultVpc")],
            vec![plain("ec2", "DescribeVpcs"), plain("ec2", "CreateVpcEndpoint")],
        ),
        (
            "network_gateway_changes",
            vec![
                plain("ec2", "AttachInternetGateway"),
                plain("ec2", "CreateNatGateway"),
            ],
            vec![
                plain("ec2", "DescribeInternetGateways"),
                plain("ec2", "CreateVpcEndpoint"),
            ],
        ),
        (
            "security_group_changes",
            vec![
                plain("ec2", "AuthorizeSecurityGroupIngress"),
                plain("ec2", "ModifySecurityGroupRules"),
            ],
            vec![plain("ec2", "DescribeSecurityGroups")],
        ),
        (
            "iam_policy_changes",
            vec![
                plain("iam", "AttachRolePolicy"),
                plain("iam", "SetDefaultPolicyVersion"),
            ],
            vec![
                plain("iam", "GetPolicyVersion"),
                plain("organizations", "ListPolicies"),
            ],
        ),
        (
            "iam_role_changes",
            vec![
                plain("iam", "UpdateAssumeRolePolicy"),
                plain("iam", "CreateServiceLinkedRole"),
            ],
            vec![plain("iam", "GetRole"), plain("sts", "AssumeRole")],
        ),
        (
            "iam_user_creation",
            vec![plain("iam", "CreateUser")],
            vec![plain("iam", "GetUser"), plain("transfer", "CreateUser")],
        ),
        (
            "access_key_creation",
            vec![plain("iam", "CreateAccessKey")],
            vec![plain("iam", "ListAccessKeys")],
        ),
        (
            "cloudtrail_changes",
            vec![
                plain("cloudtrail", "StopLogging"),
                plain("cloudtrail", "DeleteTrail"),
            ],
            vec![
                plain("cloudtrail", "DescribeTrails"),
                plain("cloudtrail", "GetEventDataStore"),
            ],
        ),
        (
            "switch_role_failures",
            vec![switch("Failure")],
            vec![switch("Success")],
        ),
        (
            "s3_bucket_policy_changes",
            vec![
                plain("s3", "PutBucketPolicy"),
                plain("s3", "DeleteBucketPublicAccessBlock"),
            ],
            vec![plain("s3", "GetBucketPolicy"), plain("s3", "CreateBucket")],
        ),
        (
            "kms_key_disabled_or_deletion",
            vec![plain("kms", "ScheduleKeyDeletion"), plain("kms", "DisableKey")],
            vec![
                plain("kms", "CancelKeyDeletion"),
                plain("kms", "DisableKeyRotation"),
            ],
        ),
        (
            "kms_disabled_key_use",
            vec![
                refused(
                    "kms",
                    "Decrypt",
                    "DisabledException",
                    &format!("{key} is disabled."),
                    no.clone(),
                ),
                refused(
                    "kms",
                    "Decrypt",
                    "KMSInvalidStateException",
                    &format!("{key} is pending deletion."),
                    no.clone(),
                ),
            ],
            vec![
                refused("kms", "Decrypt", "InvalidCiphertextException", "", no.clone()),
                plain("kms", "Decrypt"),
            ],
        ),
        (
            "unauthorized_api_calls",
            vec![
                refused(
                    "ec2",
                    "RunInstances",
                    "Client.UnauthorizedOperation",
                    "You are not authorized to perform this operation.",
                    no.clone(),
                ),
                refused("s3", "ListBuckets", "AccessDenied", "Access Denied", no.clone()),
            ],
            vec![
                refused("s3", "HeadBucket", "AccessDenied", "Access Denied", no.clone()),
                refused(
                    "s3",
                    "PutObject",
                    "AccessDenied",
                    "Access Denied",
                    json!({"sourceIPAddress": "delivery.logs.amazonaws.com"}),
                ),
                refused(
                    "ec2",
                    "RunInstances",
                    "Client.InvalidParameterValue",
                    "Invalid",
                    no,
                ),
            ],
        ),
        (
            "config_changes",
            vec![plain("config", "StopConfigurationRecorder")],
            vec![plain("config", "StartConfigurationRecorder")],
        ),
        (
            "route_table_changes",
            vec![plain("ec2", "ReplaceRoute")],
            vec![
                plain("ec2", "DescribeRouteTables"),
                plain("appmesh", "DeleteRoute"),
            ],
        ),
        (
            "organizations_changes",
            vec![plain("organizations", "LeaveOrganization")],
            vec![
                plain("organizations", "DescribeOrganization"),
                plain("ram", "AttachPolicy"),
            ],
        ),
        (
            "security_tooling_changes",
            vec![
                plain("guardduty", "DisassociateFromMasterAccount"),
                plain("securityhub", "DisableImportFindingsForProduct"),
            ],
            vec![
                plain("guardduty", "CreateDetector"),
                plain("securityhub", "BatchEnableStandards"),
                plain("monitoring", "DeleteAlarms"),
            ],
        ),
        (
            "identity_provider_changes",
            vec![
                plain("iam", "UpdateSAMLProvider"),
                plain("iam", "AddClientIDToOpenIDConnectProvider"),
            ],
            vec![
                plain("iam", "GetSAMLProvider"),
                plain("iam", "TagOpenIDConnectProvider"),
                plain("iam", "ListSAMLProviders"),
            ],
        ),
    ]
}

/// The monitors that tell of a record.
fn telling(record: &str) -> Vec<&'static str> {
    let tells = |entry: &&Entry| Pattern::parse(entry.better).unwrap().matches(record);
    CATALOGUE.iter().filter(tells).map(|entry| entry.key).collect()
}

#[test]
fn each_monitor_tells_of_what_it_is_for_and_of_nothing_like_it() {
    let records = records();
    let keys: Vec<&str> = records.iter().map(|(key, ..)| *key).collect();
    let all: Vec<&str> = Monitor::all().map(|monitor| monitor.entry().key).collect();
    assert_eq!(keys, all);
    for (key, hits, misses) in records {
        for hit in hits {
            assert_eq!(telling(&hit), [key], "{hit}");
        }
        for miss in misses {
            assert!(!telling(&miss).contains(&key), "{key}: {miss}");
        }
    }
}

#[test]
fn the_exact_patterns_miss_what_the_better_ones_do_not_and_tell_what_those_leave_out() {
    let exact = |key: &str, record: &str| {
        let entry = Monitor::of(key).unwrap().entry();
        Pattern::parse(entry.exact()).unwrap().matches(record)
    };
    assert!(!exact("vpc_changes", &plain("ec2", "CreateDefaultVpc")));
    assert!(!exact(
        "security_group_changes",
        &plain("ec2", "ModifySecurityGroupRules")
    ));
    assert!(!exact(
        "iam_policy_changes",
        &plain("iam", "SetDefaultPolicyVersion")
    ));
    assert!(!exact(
        "s3_bucket_policy_changes",
        &plain("s3", "PutBucketPublicAccessBlock")
    ));
    let head = refused("s3", "HeadBucket", "AccessDenied", "Access Denied", json!({}));
    assert!(exact("unauthorized_api_calls", &head));
}

/// The filters that the chain of a log group, a topic and two alarms has.
fn chain() -> Vec<Pattern> {
    let chain = Chain {
        group: "/aws/cloudtrail/all",
        topic: "arn:aws:sns:us-east-1:111122223333:alerts",
        alarms: ["RootUsage", "VpcChanges"].into(),
    };
    let parts = parts(Monitor::of(TOOLING).unwrap().entry(), &chain);
    parts
        .iter()
        .map(|part| Pattern::parse(&part.pattern).unwrap())
        .collect()
}

#[test]
fn the_chain_is_watched_by_the_names_in_it() {
    let told = |service: &str, name: &str, parameters: Value| {
        let event = record(
            &format!("{service}.amazonaws.com"),
            name,
            &json!({"requestParameters": parameters}),
        );
        chain().iter().filter(|pattern| pattern.matches(&event)).count()
    };
    let topic = "arn:aws:sns:us-east-1:111122223333:alerts";
    for (group, times) in [("/aws/cloudtrail/all", 1), ("/aws/lambda/x", 0)] {
        assert_eq!(
            told("logs", "DeleteLogGroup", json!({"logGroupName": group})),
            times
        );
        assert_eq!(
            told(
                "logs",
                "PutMetricFilter",
                json!({"logGroupName": group, "filterName": "x"})
            ),
            times
        );
    }
    for (alarm, times) in [("VpcChanges", 1), ("TargetTracking-x", 0)] {
        assert_eq!(
            told("monitoring", "DeleteAlarms", json!({"alarmNames": [alarm]})),
            times
        );
        assert_eq!(
            told(
                "monitoring",
                "DisableAlarmActions",
                json!({"alarmNames": [alarm]})
            ),
            times
        );
        assert_eq!(
            told("monitoring", "PutMetricAlarm", json!({"alarmName": alarm})),
            times
        );
        assert_eq!(
            told("monitoring", "DescribeAlarms", json!({"alarmNames": [alarm]})),
            0
        );
    }
    assert_eq!(told("sns", "DeleteTopic", json!({"topicArn": topic})), 1);
    assert_eq!(
        told("sns", "DeleteTopic", json!({"topicArn": format!("{topic}-2")})),
        0
    );
    let subscription = format!("{topic}:0b1c2d3e-0000-4000-8000-000000000000");
    assert_eq!(
        told("sns", "Unsubscribe", json!({"subscriptionArn": subscription})),
        1
    );
    assert_eq!(
        told("events", "DisableRule", json!({"name": "trueup-health-events"})),
        1
    );
    assert_eq!(
        told(
            "events",
            "RemoveTargets",
            json!({"rule": "trueup-health-forward"})
        ),
        1
    );
    assert_eq!(told("events", "DeleteRule", json!({"name": "nightly"})), 0);
}

#[test]
fn alarms_of_any_number_and_length_fit_into_patterns() {
    let names: Vec<String> = (0..40).map(|n| format!("{n}-{}", "x".repeat(n * 6))).collect();
    let chain = Chain {
        group: "g",
        topic: "t",
        alarms: names.iter().map(String::as_str).collect(),
    };
    let parts = parts(Monitor::of(TOOLING).unwrap().entry(), &chain);
    assert!(
        parts.iter().all(|part| part.pattern.len() <= LONGEST),
        "{parts:?}"
    );
    let all: String = parts.iter().map(|part| part.pattern.as_str()).collect();
    assert!(names.iter().all(|name| all.contains(&format!("= \"{name}\""))));
    let own: std::collections::BTreeSet<&str> = parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(own.len(), parts.len());
}
