//! IAM users who sign in with a password alone are named beside the password policy.

use crate::folder::Folder;

/// A user with a console password and without MFA.
pub(crate) const ALICE: &str = r#"
[[call]]
call = "iam:CreateUser"
input = { UserName = "alice" }
[[call]]
call = "iam:CreateLoginProfile"
input = { UserName = "alice", Password = "correct horse battery" }
"#;

/// One with both, and one who has keys only.
const OTHERS: &str = r#"
[[call]]
call = "iam:CreateUser"
input = { UserName = "bob" }
[[call]]
call = "iam:CreateLoginProfile"
input = { UserName = "bob", Password = "correct horse battery" }
[[call]]
call = "iam:CreateVirtualMFADevice"
input = { VirtualMFADeviceName = "bob" }
[[call]]
call = "iam:EnableMFADevice"
input = { UserName = "bob", SerialNumber = "arn:aws:iam::123456789012:mfa/bob", AuthenticationCode1 = "123456", AuthenticationCode2 = "654321" }
[[call]]
call = "iam:CreateUser"
input = { UserName = "deploy" }
[[call]]
call = "iam:CreateAccessKey"
input = { UserName = "deploy" }
"#;

const NEVER: &str = "[password_policy]\nminimum_length = 14\n";
const REMARK: &str = "without MFA, and it never expires: alice;";

#[test]
fn a_password_without_mfa_is_named_until_passwords_expire_and_is_no_difference() {
    let folder = Folder::new();
    folder.world(&format!("{ALICE}{OTHERS}"));
    folder.becomes(NEVER, &["us-east-1 iam:UpdateAccountPasswordPolicy"]);
    folder
        .sandbox(&["plan", "b.toml", "--detailed-exitcode", "--json"])
        .expect(0)
        .says(REMARK);
    folder.becomes(
        &format!("{NEVER}max_age_days = 180\n"),
        &["us-east-1 iam:UpdateAccountPasswordPolicy"],
    );
    folder.forget_exchanges();
    let plan = folder.sandbox(&["plan", "b.toml", "--json"]).expect(0);
    assert!(!plan.stdout.contains("without MFA"), "{}", plan.stdout);
    let asked = folder.exchanges();
    assert!(
        asked
            .iter()
            .all(|exchange| exchange["operation"] != "GetCredentialReport")
    );
}

#[test]
fn users_that_iam_does_not_show_leave_the_policy_managed() {
    let folder = Folder::new();
    folder.world(&format!(
        "{ALICE}[[deny]]\naction = \"iam:GetCredentialReport\"\nby = \"iam\"\n"
    ));
    folder.becomes(NEVER, &["us-east-1 iam:UpdateAccountPasswordPolicy"]);
    folder
        .sandbox(&["plan", "b.toml", "--detailed-exitcode", "--json"])
        .expect(0)
        .says("IAM does not show the users (AccessDenied)");
}

#[test]
fn a_fault_that_is_no_refusal_is_told_as_what_it_is() {
    let folder = Folder::new();
    folder.world(&format!(
        "{ALICE}[[fault]]\ncall = \"iam:GetCredentialReport\"\nkind = \"reset\"\n"
    ));
    folder.write("b.toml", NEVER);
    let plan = folder.sandbox(&["plan", "b.toml", "--json"]).expect(0);
    let plan = plan.says("without MFA is not known: iam:GetCredentialReport");
    assert!(!plan.stdout.contains("are needed"), "{}", plan.stdout);
    folder.apply().expect(0);
    assert_eq!(folder.writes(), ["us-east-1 iam:UpdateAccountPasswordPolicy"]);
}

#[test]
fn two_hundred_users_cost_a_report_and_no_call_each_and_only_the_asked_are_named() {
    let folder = Folder::new();
    let user = |n: u32| {
        format!(
            "[[call]]\ncall = \"iam:CreateUser\"\ninput = {{ UserName = \"u{n}\" }}\n[[call]]\n\
             call = \"iam:CreateLoginProfile\"\ninput = {{ UserName = \"u{n}\", Password = \"correct horse battery\" }}\n"
        )
    };
    folder.world(&(100..300).map(user).collect::<String>());
    folder.write("b.toml", NEVER);
    // A report is written, and then a user gets MFA: who is named has none now.
    folder.sandbox(&["plan", "b.toml"]).expect(0);
    folder.alter(|account| {
        account["iam"]["entities"]["devices"]["arn:aws:iam::123456789012:mfa/u101"] =
            serde_json::json!({ "user": "u101", "enabled": 1_600_000_000 });
    });
    folder.forget_exchanges();
    folder
        .sandbox(&["plan", "b.toml", "--json"])
        .expect(0)
        .says("expires: u100, u102, u103, u104 and 195 more by the credential report");
    let calls = folder.exchanges();
    let of_iam = calls.iter().filter(|call| call["service"] == "iam").count();
    assert!(of_iam <= 16, "{of_iam} calls of IAM");
}

#[test]
fn a_saved_plan_holds_although_another_user_came() {
    let folder = Folder::new();
    folder.world(ALICE);
    folder.write("b.toml", NEVER);
    folder
        .sandbox(&["plan", "b.toml", "--out", "saved.json"])
        .expect(0);
    let saved = folder.read("saved.json");
    assert!(saved.contains(REMARK), "{saved}");
    // Alice has her second factor now, which is nothing that the plan promised.
    folder.alter(|account| {
        account["iam"]["entities"]["devices"]["arn:aws:iam::123456789012:mfa/alice"] =
            serde_json::json!({ "user": "alice", "enabled": 1_600_000_000 });
    });
    folder
        .sandbox(&["apply", "b.toml", "--plan", "saved.json", "--auto-approve"])
        .expect(0);
    assert_eq!(folder.writes(), ["us-east-1 iam:UpdateAccountPasswordPolicy"]);
    // What it promised is still held against the account.
    folder.alter(|account| account["iam"]["password_policy"]["require_symbols"] = true.into());
    folder
        .sandbox(&["apply", "b.toml", "--plan", "saved.json", "--auto-approve"])
        .expect(1)
        .complains("it was `change` and is `in sync`");
}
