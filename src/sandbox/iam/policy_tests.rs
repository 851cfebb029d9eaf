//! How strict it is with managed policies, pages, quotas, devices and keys, and what the report says of users.

use aws_smithy_types::base64;
use serde_json::{Value, json};

use crate::{Account, Answer, Call, World};

const ALLOW: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}}"#;
const TRUST: &str =
    r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}}"#;
const POLICY: &str = "arn:aws:iam::123456789012:policy/ops/reader";
const BILLING: &str = "arn:aws:iam::aws:policy/job-function/Billing";

fn ask(account: &mut Account, operation: &str, input: Value) -> Answer {
    let call = Call {
        service: "iam",
        region: "us-east-1".into(),
        operation: operation.into(),
        input,
        now: 1_800_000_000,
    };
    super::handle(account, &call)
}

#[track_caller]
fn done(account: &mut Account, operation: &str, input: Value) -> Value {
    ask(account, operation, input).unwrap()
}

#[track_caller]
fn refused(account: &mut Account, operation: &str, input: Value, code: &str) {
    let error = ask(account, operation, input.clone()).unwrap_err();
    assert_eq!(error.code, code, "{operation} {input}: {}", error.message);
}

fn new() -> Account {
    Account::new(&World::default())
}

fn with_policy() -> Account {
    let mut account = new();
    let policy =
        json!({ "PolicyName": "reader", "Path": "/ops/", "Description": "reads", "PolicyDocument": ALLOW });
    let made = done(&mut account, "CreatePolicy", policy);
    assert_eq!(made["Policy"]["Arn"], POLICY);
    account
}

fn user(account: &mut Account, name: &str) {
    done(account, "CreateUser", json!({ "UserName": name }));
}

#[test]
fn a_policy_has_five_versions_and_one_of_them_holds() {
    let mut account = with_policy();
    let of = json!({ "PolicyArn": POLICY });
    let other = json!({ "PolicyArn": POLICY, "PolicyDocument": ALLOW });
    for _ in 0..3 {
        done(&mut account, "CreatePolicyVersion", other.clone());
    }
    let chosen = json!({ "PolicyArn": POLICY, "PolicyDocument": ALLOW, "SetAsDefault": "true" });
    let made = done(&mut account, "CreatePolicyVersion", chosen);
    assert_eq!(made["PolicyVersion"]["VersionId"], "v5");
    refused(
        &mut account,
        "CreatePolicyVersion",
        other.clone(),
        "LimitExceeded",
    );
    let version = |id: &str| json!({ "PolicyArn": POLICY, "VersionId": id });
    refused(
        &mut account,
        "DeletePolicyVersion",
        version("v5"),
        "DeleteConflict",
    );
    refused(&mut account, "DeletePolicyVersion", version("v9"), "NoSuchEntity");
    done(&mut account, "SetDefaultPolicyVersion", version("v2"));
    done(&mut account, "DeletePolicyVersion", version("v5"));
    // A number is not used twice.
    let made = done(&mut account, "CreatePolicyVersion", other);
    assert_eq!(made["PolicyVersion"]["VersionId"], "v6");
    let listed = done(&mut account, "ListPolicyVersions", of.clone());
    let listed = listed["Versions"].as_array().unwrap();
    let told: Vec<(&str, bool)> = listed
        .iter()
        .map(|one| {
            (
                one["VersionId"].as_str().unwrap(),
                one["IsDefaultVersion"] == true,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("v6", false),
            ("v4", false),
            ("v3", false),
            ("v2", true),
            ("v1", false)
        ]
    );
    let policy = done(&mut account, "GetPolicy", of.clone());
    assert_eq!(policy["Policy"]["DefaultVersionId"], "v2");
    assert_eq!(policy["Policy"]["Description"], "reads");
    let read = done(&mut account, "GetPolicyVersion", version("v2"));
    assert!(
        read["PolicyVersion"]["Document"]
            .as_str()
            .unwrap()
            .starts_with("%7B%22Version%22")
    );
    refused(&mut account, "DeletePolicy", of, "DeleteConflict");
}

#[test]
fn a_policy_goes_once_nothing_has_it() {
    let mut account = with_policy();
    let of = json!({ "PolicyArn": POLICY });
    user(&mut account, "u");
    done(
        &mut account,
        "AttachUserPolicy",
        json!({ "UserName": "u", "PolicyArn": POLICY }),
    );
    let policy = done(&mut account, "GetPolicy", of.clone());
    assert_eq!(policy["Policy"]["AttachmentCount"], 1);
    let holders = done(&mut account, "ListEntitiesForPolicy", of.clone());
    assert_eq!(holders["PolicyUsers"][0]["UserName"], "u");
    refused(&mut account, "DeletePolicy", of.clone(), "DeleteConflict");
    refused(
        &mut account,
        "DeleteUser",
        json!({ "UserName": "u" }),
        "DeleteConflict",
    );
    done(
        &mut account,
        "DetachUserPolicy",
        json!({ "UserName": "u", "PolicyArn": POLICY }),
    );
    done(&mut account, "DeletePolicy", of.clone());
    refused(&mut account, "GetPolicy", of, "NoSuchEntity");
}

#[test]
fn names_documents_and_policies_of_aws_are_guarded() {
    let mut account = with_policy();
    for (name, document, code) in [
        ("READER", ALLOW, "EntityAlreadyExists"),
        ("a b", ALLOW, "ValidationError"),
        ("x", TRUST, "MalformedPolicyDocument"),
    ] {
        let policy = json!({ "PolicyName": name, "PolicyDocument": document });
        refused(&mut account, "CreatePolicy", policy, code);
    }
    let long = ALLOW.replace("s3:Get*", &"s".repeat(6200));
    let policy = json!({ "PolicyName": "long", "PolicyDocument": long });
    refused(&mut account, "CreatePolicy", policy, "LimitExceeded");
    let billing = done(&mut account, "GetPolicy", json!({ "PolicyArn": BILLING }));
    assert_eq!(billing["Policy"]["Path"], "/job-function/");
    for name in ["ReadOnlyAccess", "SecurityAudit"] {
        let arn = format!("arn:aws:iam::aws:policy/{name}");
        let read = json!({ "PolicyArn": arn, "VersionId": "v1" });
        done(&mut account, "GetPolicyVersion", read);
        refused(
            &mut account,
            "DeletePolicy",
            json!({ "PolicyArn": arn }),
            "AccessDenied",
        );
    }
    let mut names = |scope: &str, attached: &str| {
        let listed = done(
            &mut account,
            "ListPolicies",
            json!({ "Scope": scope, "OnlyAttached": attached }),
        );
        listed["Policies"].as_array().unwrap().len()
    };
    assert_eq!(
        (
            names("Local", "false"),
            names("AWS", "false"),
            names("All", "false")
        ),
        (1, 6, 7)
    );
    assert_eq!(names("All", "true"), 0);
    refused(
        &mut account,
        "ListPolicies",
        json!({ "Scope": "all" }),
        "ValidationError",
    );
}

#[test]
fn a_list_comes_in_pages() {
    let mut account = new();
    for name in ["a", "b", "c", "d", "e"] {
        user(&mut account, name);
    }
    let mut asked = json!({ "MaxItems": "2" });
    let mut names = vec![];
    loop {
        let page = done(&mut account, "ListUsers", asked.clone());
        let users = page["Users"].as_array().unwrap();
        names.push(
            users
                .iter()
                .map(|user| user["UserName"].as_str().unwrap())
                .collect::<String>(),
        );
        if page["IsTruncated"] == false {
            assert!(page.get("Marker").is_none());
            break;
        }
        asked["Marker"] = page["Marker"].clone();
    }
    assert_eq!(names, ["ab", "cd", "e"]);
    for wrong in [
        json!({ "MaxItems": "0" }),
        json!({ "MaxItems": "1001" }),
        json!({ "Marker": "x" }),
        json!({ "Marker": base64::encode("from 9") }),
    ] {
        refused(&mut account, "ListUsers", wrong, "ValidationError");
    }
    assert_eq!(
        done(&mut account, "ListUsers", json!({ "PathPrefix": "/x/" }))["Users"],
        json!([])
    );
    // What is listed as three lists is paged as one.
    done(&mut account, "CreateGroup", json!({ "GroupName": "g" }));
    done(
        &mut account,
        "AttachGroupPolicy",
        json!({ "GroupName": "g", "PolicyArn": BILLING }),
    );
    done(
        &mut account,
        "AttachUserPolicy",
        json!({ "UserName": "a", "PolicyArn": BILLING }),
    );
    let asked = json!({ "PolicyArn": BILLING, "MaxItems": "1" });
    let first = done(&mut account, "ListEntitiesForPolicy", asked);
    assert_eq!(first["PolicyGroups"][0]["GroupName"], "g");
    assert_eq!(
        (&first["PolicyUsers"], &first["IsTruncated"]),
        (&json!([]), &json!(true))
    );
}

#[test]
fn quotas_are_kept() {
    let mut account = new();
    user(&mut account, "u");
    for number in 0..11 {
        done(
            &mut account,
            "CreateGroup",
            json!({ "GroupName": format!("g{number}") }),
        );
        let policy = json!({ "PolicyName": format!("p{number}"), "PolicyDocument": ALLOW });
        done(&mut account, "CreatePolicy", policy);
    }
    let join = |number: usize| json!({ "UserName": "u", "GroupName": format!("g{number}") });
    let attach = |number: usize| json!({ "UserName": "u", "PolicyArn": format!("arn:aws:iam::123456789012:policy/p{number}") });
    for number in 0..10 {
        done(&mut account, "AddUserToGroup", join(number));
        done(&mut account, "AttachUserPolicy", attach(number));
    }
    refused(&mut account, "AddUserToGroup", join(10), "LimitExceeded");
    refused(&mut account, "AttachUserPolicy", attach(10), "LimitExceeded");
    done(&mut account, "AddUserToGroup", join(3));
    done(&mut account, "AttachUserPolicy", attach(3));
    let groups = done(&mut account, "ListGroupsForUser", json!({ "UserName": "u" }));
    assert_eq!(groups["Groups"].as_array().unwrap().len(), 10);
    refused(
        &mut account,
        "ListGroupsForUser",
        json!({ "UserName": "x" }),
        "NoSuchEntity",
    );

    let inline = |length: usize| json!({ "UserName": "u", "PolicyName": "i", "PolicyDocument": ALLOW.replace("s3:Get*", &"s".repeat(length)) });
    refused(&mut account, "PutUserPolicy", inline(2000), "LimitExceeded");
    done(&mut account, "PutUserPolicy", inline(1500));
    // It takes its own place.
    done(&mut account, "PutUserPolicy", inline(1600));
    let trust = TRUST.replace("123456789012", &"1".repeat(2048));
    let role = json!({ "RoleName": "r", "AssumeRolePolicyDocument": trust });
    refused(&mut account, "CreateRole", role, "LimitExceeded");
}

#[test]
fn a_device_is_made_enabled_deactivated_and_deleted_in_that_order() {
    let mut account = new();
    user(&mut account, "u");
    user(&mut account, "v");
    let serial = "arn:aws:iam::123456789012:mfa/phone";
    let named = json!({ "VirtualMFADeviceName": "phone" });
    done(&mut account, "CreateVirtualMFADevice", named.clone());
    refused(
        &mut account,
        "CreateVirtualMFADevice",
        named,
        "EntityAlreadyExists",
    );
    let of = |user: &str| json!({ "UserName": user, "SerialNumber": serial });
    let enable = |user: &str, codes: [&str; 2]| {
        json!({ "UserName": user, "SerialNumber": serial, "AuthenticationCode1": codes[0],
            "AuthenticationCode2": codes[1] })
    };
    refused(
        &mut account,
        "EnableMFADevice",
        enable("u", ["12345", "234567"]),
        "ValidationError",
    );
    refused(
        &mut account,
        "EnableMFADevice",
        enable("u", ["123456", "123456"]),
        "InvalidAuthenticationCode",
    );
    refused(&mut account, "DeactivateMFADevice", of("u"), "NoSuchEntity");
    let listed = |account: &mut Account, status: &str| {
        let devices = done(
            account,
            "ListVirtualMFADevices",
            json!({ "AssignmentStatus": status }),
        );
        devices["VirtualMFADevices"].clone()
    };
    assert_eq!(
        listed(&mut account, "Unassigned"),
        json!([{ "SerialNumber": serial }])
    );
    done(&mut account, "EnableMFADevice", enable("u", ["123456", "234567"]));
    refused(
        &mut account,
        "EnableMFADevice",
        enable("v", ["123456", "234567"]),
        "EntityAlreadyExists",
    );
    let assigned = listed(&mut account, "Assigned");
    assert_eq!(assigned[0]["User"]["UserName"], "u");
    assert_eq!(assigned[0]["EnableDate"], "2027-01-15T08:00:00Z");
    refused(
        &mut account,
        "DeleteUser",
        json!({ "UserName": "u" }),
        "DeleteConflict",
    );
    refused(&mut account, "DeleteVirtualMFADevice", of("u"), "DeleteConflict");
    refused(&mut account, "DeactivateMFADevice", of("v"), "NoSuchEntity");
    done(&mut account, "DeactivateMFADevice", of("u"));
    done(&mut account, "DeleteVirtualMFADevice", of("u"));
    refused(&mut account, "DeleteVirtualMFADevice", of("u"), "NoSuchEntity");
    done(&mut account, "DeleteUser", json!({ "UserName": "u" }));
}

#[test]
fn keys_and_passwords_go_as_they_came() {
    let mut account = new();
    user(&mut account, "u");
    let of = json!({ "UserName": "u" });
    let made = done(&mut account, "CreateAccessKey", of.clone());
    let id = made["AccessKey"]["AccessKeyId"].as_str().unwrap().to_owned();
    let used = done(&mut account, "GetAccessKeyLastUsed", json!({ "AccessKeyId": id }));
    assert_eq!(
        used,
        json!({ "UserName": "u", "AccessKeyLastUsed": { "ServiceName": "N/A", "Region": "N/A" } })
    );
    let key = |status: &str| json!({ "UserName": "u", "AccessKeyId": id, "Status": status });
    refused(&mut account, "UpdateAccessKey", key("Off"), "ValidationError");
    done(&mut account, "UpdateAccessKey", key("Inactive"));
    let listed = done(&mut account, "ListAccessKeys", of.clone());
    assert_eq!(listed["AccessKeyMetadata"][0]["Status"], "Inactive");
    done(&mut account, "DeleteAccessKey", key(""));
    refused(&mut account, "DeleteAccessKey", key(""), "NoSuchEntity");
    refused(
        &mut account,
        "GetAccessKeyLastUsed",
        json!({ "AccessKeyId": id }),
        "NoSuchEntity",
    );
    refused(&mut account, "DeleteLoginProfile", of.clone(), "NoSuchEntity");
    done(&mut account, "CreateLoginProfile", of.clone());
    done(&mut account, "DeleteLoginProfile", of.clone());
    refused(&mut account, "GetLoginProfile", of, "NoSuchEntity");
}

#[test]
fn a_role_is_described_alone_and_tags_are_listed() {
    let mut account = new();
    let role = json!({ "RoleName": "r", "AssumeRolePolicyDocument": TRUST, "MaxSessionDuration": "7200",
        "Tags": [{ "Key": "a", "Value": "1" }] });
    done(&mut account, "CreateRole", role);
    let described = json!({ "RoleName": "r", "Description": "new" });
    let answer = done(&mut account, "UpdateRoleDescription", described);
    assert_eq!(
        (
            &answer["Role"]["Description"],
            &answer["Role"]["MaxSessionDuration"]
        ),
        (&json!("new"), &json!(7200))
    );
    let tags = done(&mut account, "ListRoleTags", json!({ "RoleName": "r" }));
    assert_eq!(tags["Tags"], json!([{ "Key": "a", "Value": "1" }]));
    refused(
        &mut account,
        "ListUserTags",
        json!({ "UserName": "u" }),
        "NoSuchEntity",
    );
}

#[test]
fn the_report_has_a_line_for_each_user_and_the_summary_counts_them() {
    let mut account = new();
    for name in ["alice", "bob"] {
        user(&mut account, name);
    }
    let alice = json!({ "UserName": "alice" });
    done(&mut account, "CreateLoginProfile", alice.clone());
    done(&mut account, "CreateAccessKey", alice);
    done(
        &mut account,
        "CreateVirtualMFADevice",
        json!({ "VirtualMFADeviceName": "phone" }),
    );
    done(
        &mut account,
        "EnableMFADevice",
        json!({ "UserName": "alice", "SerialNumber": "arn:aws:iam::123456789012:mfa/phone",
            "AuthenticationCode1": "123456", "AuthenticationCode2": "234567" }),
    );
    done(
        &mut account,
        "UpdateAccountPasswordPolicy",
        json!({ "MaxPasswordAge": "90" }),
    );
    done(&mut account, "GenerateCredentialReport", json!({}));
    refused(&mut account, "GetCredentialReport", json!({}), "ReportInProgress");
    let report = done(&mut account, "GetCredentialReport", json!({}));
    let csv = base64::decode(report["Content"].as_str().unwrap()).unwrap();
    let csv = String::from_utf8(csv).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    let columns = |line: &str| line.split(',').count();
    assert!(
        lines.iter().all(|line| columns(line) == columns(lines[0])),
        "{csv}"
    );
    let now = "2027-01-15T08:00:00+00:00";
    assert!(lines[1].starts_with("<root_account>,"));
    assert_eq!(
        lines[2],
        format!(
            "alice,arn:aws:iam::123456789012:user/alice,{now},true,no_information,{now},2027-04-15T08:00:00+00:00,true,\
             true,{now},N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A"
        )
    );
    assert_eq!(
        lines[3],
        format!(
            "bob,arn:aws:iam::123456789012:user/bob,{now},false,N/A,N/A,N/A,false,false,N/A,N/A,N/A,N/A,false,N/A,N/A,\
             N/A,N/A,false,N/A,false,N/A"
        )
    );
    let summary = done(&mut account, "GetAccountSummary", json!({}));
    let entries = summary["SummaryMap"].as_array().unwrap();
    let value = |key: &str| entries.iter().find(|entry| entry["key"] == key).unwrap()["value"].clone();
    for (key, expected) in [
        ("Users", 2),
        ("MFADevices", 1),
        ("MFADevicesInUse", 1),
        ("UsersQuota", 5000),
        ("VersionsPerPolicyQuota", 5),
        ("GlobalEndpointTokenVersion", 1),
    ] {
        assert_eq!(value(key), expected, "{key}");
    }
}
