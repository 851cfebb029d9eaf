//! The role for AWS Support from the file to the account and back.

use serde_json::{Value, json};

use crate::folder::Folder;
use crate::moto::Moto;

const ROLE: &str = "[support_role]\nrole = \"support\"\n";
const OFF: &str = "[support_role]\nenabled = false\nrole = \"support\"\n";
const TAGS: &str = "[tags]\nmanaged-by = \"trueup\"\n";
const POLICY: &str = "arn:aws:iam::aws:policy/AWSSupportAccess";
const TRUST: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow",
    "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}}"#;

/// A role of the name, made by hand under another case and a path, without the policy and with other people's parts.
const BY_HAND: &str = r#"
[[call]]
call = "iam:CreateRole"
[call.input]
RoleName = "Support"
Path = "/ops/"
Description = "made by hand + kept"
MaxSessionDuration = "43200"
Tags = [{ Key = "team", Value = "ops" }]
AssumeRolePolicyDocument = """
{"Statement": [{"Sid": "us", "Effect": "Allow", "Principal": {"AWS": ["123456789012"]}, "Action": ["sts:AssumeRole"]}],
 "Version": "2012-10-17"}"""

[[call]]
call = "iam:PutRolePolicy"
input = { RoleName = "Support", PolicyName = "theirs", PolicyDocument = """
{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "support:CreateCase", "Resource": "*"}}""" }
"#;

/// A role of another name that has the policy.
const OTHER: &str = r#"
[[call]]
call = "iam:CreateRole"
[call.input]
RoleName = "engineers"
AssumeRolePolicyDocument = """
{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": "999988887777"}, "Action": "sts:AssumeRole"}}"""

[[call]]
call = "iam:AttachRolePolicy"
input = { RoleName = "engineers", PolicyArn = "arn:aws:iam::aws:policy/AWSSupportAccess" }
"#;

/// A role that has the policy and may do nothing.
const SHUT: &str = r#"
[[call]]
call = "iam:CreateRole"
[call.input]
RoleName = "support"
AssumeRolePolicyDocument = """
{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": "999988887777"}, "Action": "sts:AssumeRole"}}"""

[[call]]
call = "iam:AttachRolePolicy"
input = { RoleName = "support", PolicyArn = "arn:aws:iam::aws:policy/AWSSupportAccess" }

[[call]]
call = "iam:AttachRolePolicy"
input = { RoleName = "support", PolicyArn = "arn:aws:iam::aws:policy/ReadOnlyAccess" }

[[call]]
call = "iam:PutRolePolicy"
input = { RoleName = "support", PolicyName = "theirs", PolicyDocument = """
{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "support:*", "Resource": "*"}}""" }
"#;

fn full() -> String {
    format!(
        "{TAGS}{ROLE}role_description = \"Cases + incidents\"\nprincipals = [\"123456789012\", \
         \"arn:aws:iam::999988887777:role/oncall\"]\n"
    )
}

/// Worlds and baselines that need every call of the control.
pub(crate) fn exercise() -> Vec<(&'static str, Vec<String>)> {
    let bounded = format!("{ROLE}permissions_boundary = \"arn:aws:iam::aws:policy/ReadOnlyAccess\"\n");
    vec![
        ("", vec![ROLE.to_owned(), full(), OFF.to_owned()]),
        (SHUT, vec![ROLE.to_owned(), bounded]),
    ]
}

/// What somebody deletes or changes, as boto3's calls, and the steps that bring it back.
fn drift() -> Vec<(Value, &'static [&'static str])> {
    let role = "support";
    vec![
        (
            json!([["detach_role_policy", { "RoleName": role, "PolicyArn": POLICY }]]),
            &["attach AWSSupportAccess to the role support"],
        ),
        (
            json!([["update_assume_role_policy", { "RoleName": role, "PolicyDocument": TRUST }]]),
            &["set who may assume the role support"],
        ),
        (
            json!([["update_role_description", { "RoleName": role, "Description": "other" }]]),
            &["set the description of the role support"],
        ),
        (
            json!([
                ["untag_role", { "RoleName": role, "TagKeys": ["managed-by"] }],
                ["tag_role", { "RoleName": role, "Tags": [{ "Key": "team", "Value": "ops" }] }],
            ]),
            &["tag the role support: managed-by = \"trueup\""],
        ),
        (
            json!([
                ["detach_role_policy", { "RoleName": role, "PolicyArn": POLICY }],
                ["delete_role", { "RoleName": role }],
            ]),
            &[
                "create the role support",
                "attach AWSSupportAccess to the role support",
            ],
        ),
    ]
}

fn look(role: &str) -> Value {
    json!([
        ["get_role", { "RoleName": role }],
        ["list_attached_role_policies", { "RoleName": role }],
        ["list_role_policies", { "RoleName": role }],
    ])
}

#[test]
fn a_new_account_gets_the_role_and_exports_it() {
    let folder = Folder::new();
    let writes = ["us-east-1 iam:CreateRole", "us-east-1 iam:AttachRolePolicy"];
    folder.becomes(&full(), &writes);
    let made = folder.boto3("iam", &look("support"));
    assert_eq!(
        made[0]["Role"]["Tags"],
        json!([{ "Key": "managed-by", "Value": "trueup" }])
    );
    assert_eq!(made[0]["Role"]["Description"], "Cases + incidents");
    assert_eq!(
        made[1]["AttachedPolicies"],
        json!([{ "PolicyName": "AWSSupportAccess", "PolicyArn": POLICY }])
    );
    let export = folder.sandbox(&["export", "--only", "support_role"]).expect(0);
    let export = export
        .says("role = \"support\"")
        .says("principals = [\"123456789012\", \"arn:aws:iam::999988887777:role/oncall\"]")
        .stdout;
    folder.write("b.toml", &export);
    folder.is_true();
}

#[test]
fn an_account_without_the_role_exports_that_and_stays_so() {
    let folder = Folder::new();
    let export = folder.sandbox(&["export", "--only", "support_role"]).expect(0);
    folder.write("b.toml", &export.says("enabled = false").stdout);
    folder.is_true();
}

#[test]
fn a_role_of_the_name_gets_the_policy_and_keeps_the_rest() {
    let folder = Folder::new();
    folder.world(BY_HAND);
    let mut before = folder.boto3("iam", &look("Support"));
    folder.becomes(
        ROLE,
        &[
            "us-east-1 iam:UpdateAssumeRolePolicy",
            "us-east-1 iam:AttachRolePolicy",
        ],
    );
    let mut after = folder.boto3("iam", &look("Support"));
    let condition = after[0]["Role"]["AssumeRolePolicyDocument"]["Statement"][0]
        .as_object_mut()
        .and_then(|statement| statement.remove("Condition"));
    assert_eq!(
        condition,
        Some(json!({ "Bool": { "aws:MultiFactorAuthPresent": "true" } }))
    );
    assert_eq!(before[1].take()["AttachedPolicies"], json!([]));
    assert_eq!(after[1].take()["AttachedPolicies"][0]["PolicyArn"], POLICY);
    assert_eq!(after, before);
    folder.becomes(&format!("{TAGS}{ROLE}"), &["us-east-1 iam:TagRole"]);
    let tags = folder.boto3("iam", &look("Support"))[0]["Role"]["Tags"].to_string();
    assert!(tags.contains("ops") && tags.contains("trueup"), "{tags}");
    // The trust is changed alone, with consent, once the file names who gets in.
    let named = format!("{ROLE}principals = [\"arn:aws:iam::123456789012:user/alice\"]\n");
    folder.write("b.toml", &named).forget_exchanges();
    folder
        .sandbox(&["apply", "b.toml", "--auto-approve"])
        .expect(3)
        .says("--allow support_role");
    assert_eq!(folder.writes(), Vec::<String>::new());
    folder.becomes(&named, &["us-east-1 iam:UpdateAssumeRolePolicy"]);
    let role = folder.boto3("iam", &look("Support"))[0]["Role"].clone();
    assert_eq!(
        (&role["Description"], &role["MaxSessionDuration"]),
        (&json!("made by hand + kept"), &json!(43200))
    );
}

#[test]
fn another_role_that_has_the_policy_is_enough_and_left_alone() {
    let folder = Folder::new();
    folder.world(OTHER);
    let before = folder.boto3("iam", &look("engineers"));
    folder.becomes(&full(), &[]);
    folder.becomes("[support_role]\nenabled = true\n", &[]);
    folder.becomes(OFF, &[]);
    assert_eq!(folder.boto3("iam", &look("engineers")), before);
    folder.write("b.toml", ROLE);
    let plan = folder.sandbox(&["plan", "b.toml", "--json"]).expect(0);
    plan.says("the role engineers has AWSSupportAccess, which is enough");
    let export = folder.sandbox(&["export", "--only", "support_role"]).expect(0);
    folder.write("b.toml", &export.says("role = \"engineers\"").stdout);
    folder.is_true();
    // Without it, a role is made.
    let gone = json!([["detach_role_policy", { "RoleName": "engineers", "PolicyArn": POLICY }]]);
    folder.boto3("iam", &gone);
    folder.becomes(
        ROLE,
        &["us-east-1 iam:CreateRole", "us-east-1 iam:AttachRolePolicy"],
    );
}

#[test]
fn what_somebody_changes_is_all_that_is_changed_back() {
    let folder = Folder::new();
    folder.write("b.toml", &full());
    folder.apply().expect(0);
    for (calls, steps) in drift() {
        folder.boto3("iam", &calls);
        assert_eq!(folder.steps(), steps, "{calls}");
        folder.apply().expect(0);
        folder.is_true();
    }
}

#[test]
fn the_off_switch_needs_consent_and_leaves_what_others_put_there() {
    let folder = Folder::new();
    folder.write("b.toml", ROLE);
    folder.apply().expect(0);
    folder.write("b.toml", OFF).forget_exchanges();
    folder.sandbox(&["apply", "b.toml", "--auto-approve"]).expect(3);
    assert_eq!(folder.writes(), Vec::<String>::new());
    let theirs = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "support:*", "Resource": "*"}}"#;
    let put = json!([["put_role_policy",
        { "RoleName": "support", "PolicyName": "theirs", "PolicyDocument": theirs }]]);
    folder.boto3("iam", &put);
    folder
        .apply()
        .says("the role support has policies or instance profiles of others: theirs");
    assert_eq!(folder.writes(), Vec::<String>::new());
    let deleted = json!([["delete_role_policy", { "RoleName": "support", "PolicyName": "theirs" }]]);
    folder.boto3("iam", &deleted);
    folder.becomes(
        OFF,
        &["us-east-1 iam:DetachRolePolicy", "us-east-1 iam:DeleteRole"],
    );
}

#[test]
fn a_trust_that_shuts_everybody_out_and_a_policy_that_denies_everything_are_drift() {
    let folder = Folder::new();
    folder.write("b.toml", ROLE);
    folder.apply().expect(0);
    folder.alter(|account| {
        let trust = &mut account["iam"]["entities"]["roles"]["support"]["trust"];
        *trust = trust.as_str().unwrap().replace("Allow", "Deny").into();
    });
    folder.becomes(ROLE, &["us-east-1 iam:UpdateAssumeRolePolicy"]);
    folder.world(SHUT);
    folder.write("b.toml", ROLE);
    assert_eq!(
        folder.steps(),
        ["delete the inline policy theirs of the role support"]
    );
    folder.becomes(ROLE, &["us-east-1 iam:DeleteRolePolicy"]);
}

#[test]
fn moto_sees_the_role_come_and_go() {
    let moto = Moto::with_managed_policies();
    moto.folder.write("b.toml", &full());
    moto.apply().expect(0);
    moto.is_true();
    let made = moto.boto3("iam", &look("support"));
    let role = &made[0]["Role"];
    assert_eq!(role["Description"], "Cases + incidents");
    assert_eq!(role["Tags"], json!([{ "Key": "managed-by", "Value": "trueup" }]));
    assert_eq!(
        role["AssumeRolePolicyDocument"]["Statement"],
        json!([
            { "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "AWS": "123456789012" },
              "Condition": { "Bool": { "aws:MultiFactorAuthPresent": "true" } } },
            { "Effect": "Allow", "Action": "sts:AssumeRole",
              "Principal": { "AWS": "arn:aws:iam::999988887777:role/oncall" } },
        ])
    );
    assert_eq!(made[1]["AttachedPolicies"][0]["PolicyArn"], POLICY);
    for (calls, steps) in drift() {
        moto.boto3("iam", &calls);
        assert_eq!(moto.steps(), steps, "{calls}");
        moto.apply().expect(0);
        moto.is_true();
    }
    let export = moto.trueup(&["export", "--only", "support_role"]).expect(0);
    moto.folder
        .write("b.toml", &export.says("role = \"support\"").stdout);
    moto.is_true();
    moto.folder.write("b.toml", OFF);
    moto.apply().expect(0);
    moto.is_true();
    let left = moto.boto3("iam", &json!([["list_roles", {}]]));
    assert_eq!(left[0]["Roles"], json!([]));
}
