//! Administrators from the file to the account and back.

use serde_json::{Value, json};

use crate::folder::{Folder, STATE};

mod moto;

const FULL: &str = r#"[tags]
managed-by = "trueup"

[admin_access]
group = "administrators"
users = ["alice", "bob"]
role = "administrator"
role_description = "Administrators of this account"
mfa_max_age_seconds = 3600
max_session_seconds = 7200
"#;

/// What somebody deletes, as boto3's calls, and the steps that bring it back.
fn deletions() -> Vec<(Value, &'static [&'static str])> {
    let (group, role) = ("administrators", "administrator");
    vec![
        (
            json!([["detach_role_policy", { "RoleName": role,
                "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess" }]]),
            &["attach AdministratorAccess to the role administrator"],
        ),
        (
            json!([["delete_group_policy", { "GroupName": group, "PolicyName": "trueup-switch-role" }]]),
            &["let the group administrators switch to the role"],
        ),
        (
            json!([["delete_group_policy", { "GroupName": group, "PolicyName": "trueup-self-service" }]]),
            &["let members of administrators manage their own password and MFA"],
        ),
        (
            json!([["remove_user_from_group", { "GroupName": group, "UserName": "alice" }]]),
            &["add alice to the group administrators"],
        ),
        (
            json!([
                ["remove_user_from_group", { "GroupName": group, "UserName": "bob" }],
                ["delete_user", { "UserName": "bob" }],
            ]),
            &[
                "create the user bob, without password and keys",
                "add bob to the group administrators",
            ],
        ),
        (
            json!([["untag_role", { "RoleName": role, "TagKeys": ["managed-by"] }]]),
            &["tag the role administrator: managed-by = \"trueup\""],
        ),
        (
            json!([["untag_user", { "UserName": "alice", "TagKeys": ["managed-by"] }]]),
            &["tag the user alice: managed-by = \"trueup\""],
        ),
        (
            json!([["update_role", { "RoleName": role, "Description": "Administrators of this account" }]]),
            // What is left out of that call is reset.
            &["set description and session length of the role administrator"],
        ),
        (
            json!([
                ["detach_role_policy", { "RoleName": role,
                    "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess" }],
                ["delete_role", { "RoleName": role }],
            ]),
            &[
                "create the role administrator",
                "attach AdministratorAccess to the role administrator",
            ],
        ),
    ]
}

impl Folder {
    /// The calls of IAM alone, in no order: users and the role are made side by side.
    #[track_caller]
    fn administrators_become(&self, baseline: &str, writes: &[&str]) {
        self.write("b.toml", baseline).forget_exchanges();
        self.apply().expect(0);
        let mut written = self.writes();
        written.sort();
        let writes: Vec<String> = writes
            .iter()
            .map(|call| format!("us-east-1 iam:{call}"))
            .collect();
        assert_eq!(written, writes);
        self.is_true();
    }

    #[track_caller]
    fn plans_administrators(&self, steps: &[&str]) {
        assert_eq!(self.steps(), steps);
    }

    /// What a plan says, in one line: its lines are wrapped.
    fn plan_in_a_line(&self) -> String {
        let plan = self.sandbox(&["plan", "b.toml"]).expect(0).stdout;
        plan.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The account as another caller sees it.
    fn called_by(&self, arn: &str) {
        self.alter(|account| account["caller"]["arn"] = arn.into());
    }
}

const NEW: [&str; 9] = [
    "AddUserToGroup",
    "AddUserToGroup",
    "AttachRolePolicy",
    "CreateGroup",
    "CreateRole",
    "CreateUser",
    "CreateUser",
    "PutGroupPolicy",
    "PutGroupPolicy",
];

/// What somebody made by hand: the same things in other cases, with paths, other settings and other people's parts.
const BY_HAND: &str = r#"
[[call]]
call = "iam:CreateRole"
[call.input]
RoleName = "administrator"
Path = "/ops/"
Description = "made by hand + kept"
MaxSessionDuration = "43200"
Tags = [{ Key = "team", Value = "ops" }]
AssumeRolePolicyDocument = """
{"Statement": [
  {"Sid": "us", "Effect": "Allow", "Principal": {"AWS": ["123456789012"]}, "Action": ["sts:AssumeRole"]},
  {"Sid": "ec2", "Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
 "Version": "2012-10-17"}"""

[[call]]
call = "iam:PutRolePolicy"
input = { RoleName = "administrator", PolicyName = "theirs", PolicyDocument = """
{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}}""" }

[[call]]
call = "iam:CreateGroup"
input = { GroupName = "Administrators", Path = "/people/" }

[[call]]
call = "iam:AttachGroupPolicy"
input = { GroupName = "Administrators", PolicyArn = "arn:aws:iam::aws:policy/IAMUserChangePassword" }

[[call]]
call = "iam:CreateUser"
input = { UserName = "Alice", Path = "/people/", Tags = [{ Key = "team", Value = "ops" }] }

[[call]]
call = "iam:AddUserToGroup"
input = { GroupName = "Administrators", UserName = "Alice" }
"#;

const ADOPTED: &str = r#"[admin_access]
group = "administrators"
users = ["alice"]
role = "administrator"
"#;

const TAGS: &str = "[tags]\nmanaged-by = \"trueup\"\n";
const OFF: &str = "[admin_access]\nenabled = false\ngroup = \"administrators\"\nrole = \"administrator\"\n";

/// A role of the name with AdministratorAccess and this trust.
fn trusting(statements: &Value) -> String {
    let trust = json!({ "Version": "2012-10-17", "Statement": statements });
    format!(
        "[[call]]\ncall = \"iam:CreateRole\"\ninput = {{ RoleName = \"administrator\", AssumeRolePolicyDocument = \
         '{trust}' }}\n[[call]]\ncall = \"iam:AttachRolePolicy\"\ninput = {{ RoleName = \"administrator\", PolicyArn = \
         \"arn:aws:iam::aws:policy/AdministratorAccess\" }}\n"
    )
}

/// An entrance of the account, with a condition.
fn entrance(condition: &Value) -> Value {
    json!({ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::123456789012:root" }, "Action": "sts:AssumeRole",
        "Condition": condition })
}

fn with_mfa() -> Value {
    json!({ "Bool": { "aws:MultiFactorAuthPresent": "true" } })
}

/// A role that can be assumed and may do nothing.
fn shut() -> String {
    let all = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}"#;
    format!(
        "{}[[call]]\ncall = \"iam:PutRolePolicy\"\ninput = {{ RoleName = \"administrator\", PolicyName = \
         \"quarantine\", PolicyDocument = '{all}' }}\n[[call]]\ncall = \"iam:CreatePolicy\"\ninput = {{ PolicyName = \
         \"deny\", PolicyDocument = '{all}' }}\n[[call]]\ncall = \"iam:AttachRolePolicy\"\ninput = {{ RoleName = \
         \"administrator\", PolicyArn = \"arn:aws:iam::123456789012:policy/deny\" }}\n",
        trusting(&json!([entrance(&with_mfa())]))
    )
}

static SHUT: std::sync::OnceLock<String> = std::sync::OnceLock::new();
const ROLE: &str = "[admin_access]\nrole = \"administrator\"\n";
const BOUNDARY: &str = "permissions_boundary = \"arn:aws:iam::aws:policy/ReadOnlyAccess\"\n";

/// Worlds and baselines that need every call of the control.
pub(crate) fn exercise() -> Vec<(&'static str, Vec<String>)> {
    let few = ADOPTED.replace("[\"alice\"]", "[]");
    vec![
        (
            "",
            vec![
                ADOPTED.to_owned(),
                format!("{TAGS}{ADOPTED}max_session_seconds = 7200\nmfa_max_age_seconds = 3600\n"),
                few,
                OFF.to_owned(),
            ],
        ),
        (BY_HAND, vec![ADOPTED.to_owned()]),
        (
            SHUT.get_or_init(shut).as_str(),
            vec![ROLE.to_owned(), format!("{ROLE}{BOUNDARY}")],
        ),
    ]
}

#[test]
fn a_new_account_gets_its_administrators_and_exports_them() {
    let folder = Folder::new();
    folder.administrators_become(FULL, &NEW);
    let plan = folder.plan_in_a_line();
    for said in [
        "give alice a first console password",
        "alice has no MFA device",
        "bob has no MFA device",
        "https://signin.aws.amazon.com/switchrole?roleName=administrator&account=123456789012",
    ] {
        assert!(plan.contains(said), "no `{said}` in {plan}");
    }
    folder
        .sandbox(&["plan", "b.toml", "--fail-on", "needs-person"])
        .expect(4);
    let export = folder.sandbox(&["export", "--only", "admin_access"]).expect(0);
    let export = export
        .says("group = \"administrators\"")
        .says("users = [\"alice\", \"bob\"]")
        .says("mfa_max_age_seconds = 3600")
        .stdout;
    folder.write("b.toml", &export);
    folder.is_true();
}

#[test]
fn an_account_without_administrators_exports_that_and_stays_so() {
    let folder = Folder::new();
    let export = folder.sandbox(&["export", "--only", "admin_access"]).expect(0);
    folder.write("b.toml", &export.says("enabled = false").stdout);
    folder.is_true();
}

#[test]
fn what_somebody_made_by_hand_is_adopted_and_keeps_the_rest() {
    let folder = Folder::new();
    folder.world(BY_HAND);
    let look = json!([
        ["get_role", { "RoleName": "administrator" }],
        ["get_role_policy", { "RoleName": "administrator", "PolicyName": "theirs" }],
        ["get_group", { "GroupName": "Administrators" }],
        ["list_attached_group_policies", { "GroupName": "Administrators" }],
        ["get_user", { "UserName": "Alice" }],
        ["list_attached_role_policies", { "RoleName": "administrator" }],
    ]);
    let mut before = folder.boto3("iam", &look);
    folder.administrators_become(
        ADOPTED,
        &[
            "AttachRolePolicy",
            "PutGroupPolicy",
            "PutGroupPolicy",
            "UpdateAssumeRolePolicy",
        ],
    );
    let mut after = folder.boto3("iam", &look);
    assert_eq!(
        after[5].take()["AttachedPolicies"][0]["PolicyName"],
        "AdministratorAccess"
    );
    assert_eq!(before[5].take()["AttachedPolicies"], json!([]));
    let trust = after[0]["Role"]["AssumeRolePolicyDocument"].take();
    let had = before[0]["Role"]["AssumeRolePolicyDocument"].take();
    assert_eq!(after, before);
    // Of the trust, too, only the demand is new.
    let mut ours = trust["Statement"][0].clone();
    assert_eq!(
        ours["Condition"].take(),
        json!({ "Bool": { "aws:MultiFactorAuthPresent": "true" } })
    );
    ours.as_object_mut().unwrap().remove("Condition");
    assert_eq!(ours, had["Statement"][0]);
    assert_eq!(trust["Statement"][1], had["Statement"][1]);

    let plan = folder.plan_in_a_line();
    for said in [
        "roleName=ops/administrator",
        "lets others in without MFA, which stays as it is: ec2.amazonaws.com",
    ] {
        assert!(plan.contains(said), "no `{said}` in {plan}");
    }
    // A description that is written is changed alone: the session stays as long as it was.
    folder.administrators_become(&format!("{ADOPTED}role_description = \"new\"\n"), &["UpdateRole"]);
    let role = folder.boto3("iam", &look)[0]["Role"].clone();
    assert_eq!(
        (&role["Description"], &role["MaxSessionDuration"]),
        (&json!("new"), &json!(43200))
    );
    folder.administrators_become(&format!("{TAGS}{ADOPTED}"), &["TagRole", "TagUser"]);
    let now = folder.boto3("iam", &look);
    for tags in [&now[0]["Role"]["Tags"], &now[4]["User"]["Tags"]] {
        let tags = tags.to_string();
        assert!(tags.contains("ops") && tags.contains("trueup"), "{tags}");
    }
}

#[test]
fn what_is_said_in_other_words_needs_nothing() {
    let folder = Folder::new();
    folder.world(
        r#"
[[call]]
call = "iam:CreateRole"
[call.input]
RoleName = "administrator"
AssumeRolePolicyDocument = """
{"Version": "2012-10-17", "Statement": {"Action": ["STS:AssumeRole"], "Effect": "Allow",
 "Condition": {"NumericLessThan": {"AWS:MultiFactorAuthAge": [3600]}, "Bool": {"aws:multifactorauthpresent": true}},
 "Principal": {"AWS": ["123456789012"]}}}"""

[[call]]
call = "iam:AttachRolePolicy"
input = { RoleName = "administrator", PolicyArn = "arn:aws:iam::aws:policy/AdministratorAccess" }

[[call]]
call = "iam:CreateGroup"
input = { GroupName = "ADMINISTRATORS" }

[[call]]
call = "iam:PutGroupPolicy"
input = { GroupName = "ADMINISTRATORS", PolicyName = "trueup-switch-role", PolicyDocument = """
{"Statement": {"Resource": ["arn:aws:iam::123456789012:role/administrator"], "Action": ["sts:assumerole"],
 "Effect": "Allow", "Sid": "a"}, "Version": "2012-10-17"}""" }

[[call]]
call = "iam:PutGroupPolicy"
input = { GroupName = "ADMINISTRATORS", PolicyName = "credentials", PolicyDocument = """
{"Version": "2012-10-17", "Statement": [
 {"Effect": "Allow", "Action": "iam:*MFADevice*", "Resource": ["arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:mfa/*"]},
 {"Effect": "Allow", "Action": "iam:ChangePassword", "Resource": "arn:aws:iam::*:user/${aws:username}"}]}""" }

[[call]]
call = "iam:CreateUser"
input = { UserName = "Bob" }

[[call]]
call = "iam:CreateUser"
input = { UserName = "ALICE" }

[[call]]
call = "iam:AddUserToGroup"
input = { GroupName = "ADMINISTRATORS", UserName = "Bob" }

[[call]]
call = "iam:AddUserToGroup"
input = { GroupName = "ADMINISTRATORS", UserName = "ALICE" }
"#,
    );
    folder.administrators_become(
        "[admin_access]\ngroup = \"administrators\"\nusers = [\"alice\", \"bob\"]\nrole = \"administrator\"\n\
         mfa_max_age_seconds = 3600\nmax_session_seconds = 3600\nrole_description = \"\"\n",
        &[],
    );
    let export = folder.sandbox(&["export", "--only", "admin_access"]).expect(0);
    folder.write("b.toml", &export.says("group = \"ADMINISTRATORS\"").stdout);
    folder.is_true();
}

#[test]
fn what_somebody_deletes_is_all_that_comes_back() {
    let folder = Folder::new();
    folder.administrators_become(FULL, &NEW);
    for (calls, steps) in deletions() {
        folder.boto3("iam", &calls);
        folder.plans_administrators(steps);
        folder.apply().expect(0);
        folder.is_true();
    }
}

#[test]
fn a_user_who_is_taken_out_of_the_file_leaves_the_group_with_consent() {
    let folder = Folder::new();
    folder.administrators_become(FULL, &NEW);
    let without_bob = FULL.replace("[\"alice\", \"bob\"]", "[\"alice\"]");
    folder.write("b.toml", &without_bob).forget_exchanges();
    folder.plans_administrators(&["remove bob from the group administrators"]);
    folder
        .sandbox(&["apply", "b.toml", "--auto-approve"])
        .expect(3)
        .says("--allow admin_access");
    assert_eq!(folder.writes(), Vec::<String>::new());
    folder.administrators_become(&without_bob, &["RemoveUserFromGroup"]);
    let users = folder.boto3("iam", &json!([["get_user", { "UserName": "bob" }]]));
    assert_eq!(users[0]["User"]["UserName"], "bob");
}

#[test]
fn the_one_who_runs_it_is_not_shut_out_without_a_word_of_the_file() {
    let folder = Folder::new();
    folder.administrators_become(FULL, &NEW);
    let without_bob = FULL.replace("[\"alice\", \"bob\"]", "[\"alice\"]");
    folder.called_by("arn:aws:iam::123456789012:user/bob");
    folder.write("b.toml", &without_bob).forget_exchanges();
    folder.apply().expect(0);
    assert_eq!(folder.writes(), Vec::<String>::new());
    let plan = folder.plan_in_a_line();
    assert!(plan.contains("caller_may_lose_access = true"), "{plan}");
    folder.write("b.toml", &format!("{without_bob}caller_may_lose_access = true\n"));
    folder.apply().expect(0);
    assert_eq!(folder.writes(), ["us-east-1 iam:RemoveUserFromGroup"]);

    // The role goes, too, only by another hand.
    folder.called_by("arn:aws:sts::123456789012:assumed-role/administrator/alice");
    folder.write("b.toml", OFF).forget_exchanges();
    folder.apply().expect(0);
    let writes = folder.writes();
    assert!(
        !writes.contains(&"us-east-1 iam:DeleteRole".to_owned()),
        "{writes:?}"
    );
    folder.called_by("arn:aws:iam::123456789012:root");
    folder.apply().expect(0);
    assert!(folder.writes().contains(&"us-east-1 iam:DeleteRole".to_owned()));
    folder.is_true();
}

#[test]
fn the_off_switch_needs_consent_and_leaves_the_users_and_what_others_put_there() {
    let folder = Folder::new();
    folder.administrators_become(FULL, &NEW);
    folder.write("b.toml", OFF).forget_exchanges();
    folder.sandbox(&["apply", "b.toml", "--auto-approve"]).expect(3);
    assert_eq!(folder.writes(), Vec::<String>::new());
    let attached = json!([["attach_group_policy", { "GroupName": "administrators",
        "PolicyArn": "arn:aws:iam::aws:policy/IAMUserChangePassword" }]]);
    folder.boto3("iam", &attached);
    folder
        .apply()
        .says("the group administrators has policies of others: IAMUserChangePassword");
    assert_eq!(folder.writes(), Vec::<String>::new());
    let detached = attached.to_string().replace("attach_group", "detach_group");
    folder.boto3("iam", &serde_json::from_str(&detached).unwrap());
    folder.administrators_become(
        OFF,
        &[
            "DeleteGroup",
            "DeleteGroupPolicy",
            "DeleteGroupPolicy",
            "DeleteRole",
            "DetachRolePolicy",
            "RemoveUserFromGroup",
            "RemoveUserFromGroup",
        ],
    );
    let users = folder.boto3("iam", &json!([["list_users", {}]]));
    assert_eq!(users[0]["Users"].as_array().map(Vec::len), Some(2));
}

/// What makes a user complete: a password, a device that is enrolled with two codes, and an access key.
fn completed(user: &str, account_arn: &str) -> Value {
    json!([
        ["create_login_profile", { "UserName": user, "Password": "Correct-horse-9-battery!", "PasswordResetRequired": true }],
        ["create_virtual_mfa_device", { "VirtualMFADeviceName": user }],
        ["enable_mfa_device", { "UserName": user, "SerialNumber": format!("{account_arn}:mfa/{user}"),
            "AuthenticationCode1": "123456", "AuthenticationCode2": "234567" }],
        ["create_access_key", { "UserName": user }],
    ])
}

#[test]
fn what_a_user_still_lacks_is_told_until_it_is_there() {
    let folder = Folder::new();
    let aged = format!("{ADOPTED}access_key_max_age_days = 90\n");
    folder.write("b.toml", &aged);
    folder.apply().expect(0);
    let mut complete = completed("alice", "arn:aws:iam::123456789012");
    let rest = complete.as_array_mut().unwrap().split_off(1);
    folder.boto3("iam", &complete);
    let plan = folder.plan_in_a_line();
    assert!(
        plan.contains("alice has a console password but no MFA device"),
        "{plan}"
    );
    assert!(!plan.contains("first console password"), "{plan}");
    let made = folder.boto3("iam", &Value::Array(rest));
    let key = &made[2]["AccessKey"]["AccessKeyId"];
    folder
        .sandbox(&["plan", "b.toml", "--fail-on", "needs-person"])
        .expect(0);

    // The same key, made long ago.
    folder.alter(|account| {
        let keys = &mut account["iam"]["entities"]["users"]["alice"]["keys"];
        keys[key.as_str().unwrap()]["created"] = json!(1_600_000_000);
    });
    let plan = folder.plan_in_a_line();
    let said = format!(
        "replace or delete the access key {} of alice",
        key.as_str().unwrap()
    );
    assert!(plan.contains(&said), "{plan}");
    let off =
        json!([["update_access_key", { "UserName": "alice", "AccessKeyId": key, "Status": "Inactive" }]]);
    folder.boto3("iam", &off);
    folder
        .sandbox(&["plan", "b.toml", "--fail-on", "needs-person"])
        .expect(0);
}

/// IAM Identity Center's role for a permission set, as it makes one.
fn identity_center() -> Value {
    let role = "AWSReservedSSO_AdministratorAccess_0123456789abcdef";
    let trust = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow",
        "Principal": {"Federated": "arn:aws:iam::123456789012:saml-provider/AWSSSO_0123456789abcdef_DO_NOT_DELETE"},
        "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession"]}}"#;
    json!([
        ["create_role", { "RoleName": role, "Path": "/aws-reserved/sso.amazonaws.com/eu-west-1/",
            "AssumeRolePolicyDocument": trust }],
        ["attach_role_policy", { "RoleName": role,
            "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess" }],
    ])
}

#[test]
fn identity_center_is_enough_where_the_file_says_so() {
    let folder = Folder::new();
    let content = format!("{ADOPTED}satisfied_by = \"identity_center\"\n");
    let alone = "[admin_access]\nsatisfied_by = \"identity_center\"\n";
    folder.write("b.toml", alone);
    let plan = folder.plan_in_a_line();
    assert!(plan.contains("assign a permission set"), "{plan}");
    folder.boto3("iam", &identity_center());
    for baseline in [alone, &content] {
        folder.administrators_become(baseline, &[]);
    }
    // Where the file does not say so, the table is made true, and Identity Center is mentioned.
    folder.write("b.toml", ADOPTED);
    let plan = folder.plan_in_a_line();
    assert!(
        plan.contains("IAM Identity Center has made administrators here already"),
        "{plan}"
    );
    let export = folder.sandbox(&["export", "--only", "admin_access"]).expect(0);
    folder.write(
        "b.toml",
        &export.says("satisfied_by = \"identity_center\"").stdout,
    );
    folder.is_true();
}

#[test]
fn a_role_that_a_stack_made_is_left_to_it_unless_enforced() {
    let folder = Folder::new();
    folder.world(BY_HAND);
    let state = folder.read(STATE);
    let tag = "\"aws:cloudformation:stack-name\"";
    folder.write(STATE, &state.replace("\"team\"", tag));
    folder.write("b.toml", ADOPTED);
    folder
        .apply()
        .says("managed elsewhere")
        .says("the CloudFormation stack ops, which made the role");
    assert_eq!(folder.writes(), Vec::<String>::new());
    folder.write("b.toml", &format!("{ADOPTED}manage = \"enforce\"\n"));
    folder.apply().expect(0);
    assert!(
        folder
            .writes()
            .contains(&"us-east-1 iam:AttachRolePolicy".to_owned())
    );
}

/// The statements of the role's trust as they are now.
fn trust_of(folder: &Folder) -> Value {
    let role = folder.boto3("iam", &json!([["get_role", { "RoleName": "administrator" }]]));
    role[0]["Role"]["AssumeRolePolicyDocument"]["Statement"].clone()
}

/// Lets a caller assume the role, as STS sees it: it fails where the trust does not let them.
#[track_caller]
fn assumes(folder: &Folder, caller: &str, more: &Value) {
    folder.called_by(caller);
    let mut call =
        json!({ "RoleArn": "arn:aws:iam::123456789012:role/administrator", "RoleSessionName": "session" });
    call.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    folder.boto3("sts", &json!([["assume_role", call]]));
    folder.called_by("arn:aws:sts::123456789012:assumed-role/sandbox/trueup");
}

fn alice_with_mfa(folder: &Folder) {
    let code = json!({ "SerialNumber": "arn:aws:iam::123456789012:mfa/alice", "TokenCode": "123456" });
    assumes(folder, "arn:aws:iam::123456789012:user/alice", &code);
}

#[test]
fn others_in_the_users_statement_keep_their_way_in() {
    let folder = Folder::new();
    let pipeline = "arn:aws:iam::123456789012:role/pipeline";
    folder.world(&trusting(
        &json!([{ "Sid": "All", "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {
        "AWS": ["arn:aws:iam::123456789012:root", "arn:aws:iam::999988887777:root", pipeline],
        "Service": "codebuild.amazonaws.com" } }]),
    ));
    folder.write("b.toml", ROLE);
    let plan = folder.plan_in_a_line();
    for said in [
        "no longer let in: users without MFA, the roles of account 123456789012 (a role session carries no MFA)",
        "lets others in without MFA, which stays as it is: arn:aws:iam::123456789012:role/pipeline, \
         arn:aws:iam::999988887777:root, codebuild.amazonaws.com",
    ] {
        assert!(plan.contains(said), "no `{said}` in {plan}");
    }
    folder.sandbox(&["apply", "b.toml", "--auto-approve"]).expect(3);
    folder.administrators_become(ROLE, &["UpdateAssumeRolePolicy"]);
    let trust = trust_of(&folder);
    assert_eq!(
        trust[0]["Principal"],
        json!({ "AWS": ["arn:aws:iam::999988887777:root", pipeline], "Service": "codebuild.amazonaws.com" })
    );
    assert_eq!(
        (&trust[0]["Condition"], &trust[0]["Sid"]),
        (&Value::Null, &json!("All"))
    );
    assert_eq!(trust[1], entrance(&with_mfa()));
    alice_with_mfa(&folder);
    assumes(
        &folder,
        "arn:aws:sts::123456789012:assumed-role/pipeline/1",
        &json!({}),
    );
}

#[test]
fn an_entrance_for_one_role_stays_and_the_administrators_get_their_own() {
    let folder = Folder::new();
    let ci =
        entrance(&json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::123456789012:role/ci-deployer" } }));
    folder.world(&trusting(&json!([ci])));
    let with_alice = ADOPTED.replace("[admin_access]", "[admin_access]\nmfa_condition = \"Bool\"");
    folder.write("b.toml", &with_alice);
    let plan = folder.plan_in_a_line();
    for said in [
        "users of account 123456789012 who have signed in with MFA can assume it from then on",
        "lets others in without MFA, which stays as it is: arn:aws:iam::123456789012:role/ci-deployer",
    ] {
        assert!(plan.contains(said), "no `{said}` in {plan}");
    }
    folder.apply().expect(0);
    folder.is_true();
    assert_eq!(trust_of(&folder), json!([ci, entrance(&with_mfa())]));
    alice_with_mfa(&folder);
    assumes(
        &folder,
        "arn:aws:sts::123456789012:assumed-role/ci-deployer/1",
        &json!({}),
    );
}

#[test]
fn a_deleted_principal_is_named_and_left_out_of_what_is_sent() {
    let folder = Folder::new();
    let gone = json!({ "Sid": "Old", "Effect": "Allow", "Principal": { "AWS": "AROAEXAMPLEEXAMPLE123" }, "Action": "sts:AssumeRole" });
    let open = json!({ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::123456789012:root" }, "Action": "sts:AssumeRole" });
    folder.world(&trusting(&json!([gone, open])));
    folder.write("b.toml", ROLE);
    let plan = folder.plan_in_a_line();
    let said = "names deleted principals, which let no one in: AROAEXAMPLEEXAMPLE123 (statement Old)";
    assert!(plan.contains(said), "{plan}");
    folder.administrators_become(ROLE, &["UpdateAssumeRolePolicy"]);
    assert_eq!(trust_of(&folder), json!([entrance(&with_mfa())]));
}

#[test]
fn a_refusal_that_names_a_deleted_principal_is_not_waited_for() {
    let folder = Folder::new();
    folder.world(&format!(
        "{}[[fault]]\ncall = \"iam:UpdateAssumeRolePolicy\"\nkind = \"error\"\ncode = \"MalformedPolicyDocument\"\n\
         message = 'Invalid principal in policy: \"AWS\":\"AROAEXAMPLEEXAMPLE123\"'\n",
        trusting(&json!([entrance(&json!({}))]))
    ));
    folder.write("b.toml", ROLE);
    folder.apply().expect(3).says("AROAEXAMPLEEXAMPLE123");
    assert_eq!(folder.writes(), ["us-east-1 iam:UpdateAssumeRolePolicy"]);
}

#[test]
fn a_trust_that_was_turned_into_a_deny_is_drift() {
    let folder = Folder::new();
    folder.write("b.toml", ROLE);
    folder.apply().expect(0);
    folder.is_true();
    folder.alter(|account| {
        let trust = &mut account["iam"]["entities"]["roles"]["administrator"]["trust"];
        *trust = trust.as_str().unwrap().replace("Allow", "Deny").into();
    });
    folder.plans_administrators(&["set who may assume the role administrator, with MFA (Bool)"]);
    folder.apply().expect(0);
    folder.is_true();
    alice_with_mfa(&folder);
}

#[test]
fn what_is_made_for_a_role_waits_for_it() {
    let folder = Folder::new();
    folder.world("[[deny]]\naction = \"iam:CreateRole\"\nby = \"scp\"\n");
    folder.write("b.toml", ADOPTED);
    let ended = folder.apply().expect(3).says("Denied by the organization");
    assert!(!ended.stdout.contains("The account is true"), "{}", ended.stdout);
    assert_eq!(folder.writes(), ["us-east-1 iam:CreateRole"]);
}

#[test]
fn a_description_that_iam_does_not_take_is_refused_with_its_character() {
    let folder = Folder::new();
    for table in [ROLE, "[support_role]\nrole = \"support\"\n"] {
        for (text, character) in [
            ("管理者", "`管` (U+7BA1)"),
            ("admin – only with MFA", "`–` (U+2013)"),
        ] {
            folder.write("b.toml", &format!("{table}role_description = \"{text}\"\n"));
            folder
                .run(&["validate", "b.toml"])
                .expect(1)
                .complains("IAM does not take the character")
                .complains(character);
        }
    }
}

#[test]
fn what_denies_the_role_everything_goes_with_consent_and_the_rest_stays() {
    let folder = Folder::new();
    folder.world(&shut());
    folder.write("b.toml", ROLE);
    folder.plans_administrators(&[
        "detach arn:aws:iam::123456789012:policy/deny from the role administrator",
        "delete the inline policy quarantine of the role administrator",
    ]);
    folder.sandbox(&["apply", "b.toml", "--auto-approve"]).expect(3);
    assert_eq!(folder.writes(), Vec::<String>::new());
    folder.administrators_become(ROLE, &["DeleteRolePolicy", "DetachRolePolicy"]);
    // Sessions that were there before are revoked so: new ones are none of them.
    let revoked = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*",
        "Condition": {"DateLessThan": {"aws:TokenIssueTime": "2026-01-01T00:00:00Z"}}}}"#;
    let put = json!([["put_role_policy",
        { "RoleName": "administrator", "PolicyName": "AWSRevokeOlderSessions", "PolicyDocument": revoked }]]);
    folder.boto3("iam", &put);
    folder.is_true();
}

#[test]
fn a_boundary_comes_with_the_role_is_put_where_it_is_missing_and_is_never_taken_away() {
    let folder = Folder::new();
    let bounded = format!("{ROLE}{BOUNDARY}");
    folder.administrators_become(&bounded, &["AttachRolePolicy", "CreateRole"]);
    let boundary = || folder.account()["iam"]["entities"]["roles"]["administrator"]["boundary"].clone();
    assert_eq!(boundary(), "arn:aws:iam::aws:policy/ReadOnlyAccess");
    let export = folder.sandbox(&["export", "--only", "admin_access"]).expect(0);
    folder.write("b.toml", &export.says(BOUNDARY.trim()).stdout);
    folder.is_true();
    // It belongs to someone else and is in the way, so nothing is written.
    folder.write("b.toml", ROLE).forget_exchanges();
    folder
        .sandbox(&["plan", "b.toml", "--detailed-exitcode"])
        .expect(2)
        .says("which the file does not name");
    folder.apply().expect(3);
    assert_eq!(folder.writes(), Vec::<String>::new());
    let off = json!([["delete_role_permissions_boundary", { "RoleName": "administrator" }]]);
    folder.boto3("iam", &off);
    folder.administrators_become(&bounded, &["PutRolePermissionsBoundary"]);
}

#[test]
fn an_empty_group_needs_an_administrator() {
    let folder = Folder::new();
    folder.write(
        "b.toml",
        "[admin_access]\ngroup = \"administrators\"\nrole = \"administrator\"\n",
    );
    folder.apply().expect(0);
    let plan = folder.plan_in_a_line();
    assert!(plan.contains("name at least one administrator"), "{plan}");
    folder
        .sandbox(&["plan", "b.toml", "--fail-on", "needs-person"])
        .expect(4);
    folder.boto3(
        "iam",
        &json!([["create_user", { "UserName": "alice" }],
            ["add_user_to_group", { "GroupName": "administrators", "UserName": "alice" }]]),
    );
    folder.is_true();
}
